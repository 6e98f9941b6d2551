/* The words of the actions. */
#include "value/verdict.h"

#include <string.h>

static const char *const action_words[] = {"allow", "flag", "sinkhole"};

const char *action_word(enum action action)
{
	return action_words[action];
}

int action_parse(const char *word)
{
	for (size_t i = 0; i < PF_COUNT(action_words); i++)
		if (!strcmp(action_words[i], word))
			return (int)i;
	return PF_EINVAL;
}
