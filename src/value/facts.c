/* The words of standing and confidence. */
#include "value/facts.h"

#include <string.h>

static const char *const standing_words[] = {"",         "unknown",  "home",
                                             "overseas", "disputed", "indeterminate"};
static const char *const confidence_words[] = {"", "low", "medium", "high"};

static int find(const char *const *words, size_t count, const char *word)
{
	for (size_t i = 1; i < count; i++)
		if (!strcmp(words[i], word))
			return (int)i;
	return PF_EINVAL;
}

const char *standing_word(enum standing standing)
{
	return standing_words[standing];
}

const char *confidence_word(enum confidence confidence)
{
	return confidence_words[confidence];
}

int standing_parse(const char *word)
{
	return find(standing_words, PF_COUNT(standing_words), word);
}

int confidence_parse(const char *word)
{
	return find(confidence_words, PF_COUNT(confidence_words), word);
}
