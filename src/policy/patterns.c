/* The patterns of patterns.h. A rule has few, and they are compared one by one: who has thousands of names
 * makes a list of them. */
#include "policy/patterns.h"

#include <stdlib.h>
#include <string.h>

/* Where wrong expressions are told. */
struct origin {
	const struct config_pattern *patterns;
	const char *file;
	struct diag *diag;
};

static void tell(void *data, size_t place, const char *message)
{
	const struct origin *origin = data;
	const struct config_pattern *pattern = &origin->patterns[place];
	size_t length = strlen(message);
	while (length && (message[length - 1] == '.' || message[length - 1] == '\n'))
		length--;
	diag_error(origin->diag, origin->file, pattern->pos.line, pattern->pos.column,
	           "the regular expression `%s` can not be used: %.*s", pattern->text, (int)length,
	           message);
}

static int compile(struct patterns *patterns, const struct config_pattern *from, size_t count,
                   const char *file, struct diag *diag)
{
	struct origin origin = {from, file, diag};
	const struct regex_teller teller = {tell, &origin};
	const char **texts = calloc(count, sizeof *texts);
	if (!texts)
		return PF_ENOMEM;
	for (size_t i = 0; i < count; i++)
		texts[i] = from[i].kind == PATTERN_REGEX ? from[i].regex : NULL;
	int error = regex_set_new(texts, count, &teller, NULL, &patterns->regexes);
	free(texts);
	return error;
}

int patterns_init(struct patterns *patterns, const struct config_pattern *from, size_t count,
                  const char *file, struct diag *diag)
{
	memset(patterns, 0, sizeof *patterns);
	if (!count)
		return PF_OK;
	int error = PF_ENOMEM;
	patterns->list = calloc(count, sizeof *patterns->list);
	if (!patterns->list)
		return PF_ENOMEM;
	patterns->count = count;
	for (size_t i = 0; i < count; i++) {
		struct pattern *pattern = &patterns->list[i];
		pattern->kind = from[i].kind;
		pattern->text = strdup(from[i].text);
		if (!pattern->text)
			goto failed;
		if (pattern->kind != PATTERN_REGEX)
			pattern->name = from[i].name;
	}
	error = compile(patterns, from, count, file, diag);
	if (error == PF_OK)
		return PF_OK;
failed:
	patterns_deinit(patterns);
	return error;
}

void patterns_deinit(struct patterns *patterns)
{
	for (size_t i = 0; i < patterns->count; i++)
		free(patterns->list[i].text);
	free(patterns->list);
	regex_set_free(&patterns->regexes);
	memset(patterns, 0, sizeof *patterns);
}

void subject_init(struct subject *subject, const struct dns_name *name)
{
	subject->name = name;
	subject->length = 0;
}

static bool pattern_matches(const struct pattern *pattern, const struct dns_name *name)
{
	switch (pattern->kind) {
	case PATTERN_EXACT: return dns_name_equal(name, &pattern->name);
	case PATTERN_BELOW:
		return name->labels > pattern->name.labels && dns_name_is_under(name, &pattern->name);
	default: return false;
	}
}

const char *patterns_match(const struct patterns *patterns, struct regex_scratch *scratch,
                           struct subject *subject)
{
	for (size_t i = 0; i < patterns->count; i++)
		if (pattern_matches(&patterns->list[i], subject->name))
			return patterns->list[i].text;
	if (!patterns->regexes)
		return NULL;
	if (!subject->length)
		subject->length = dns_name_to_text(subject->name, subject->text);
	int found = regex_set_match(patterns->regexes, scratch, subject->text, subject->length);
	return found < 0 ? NULL : patterns->list[found].text;
}
