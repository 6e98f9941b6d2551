/* Vectorscan behind regex.h; without it every expression is an error when the rules are compiled. */
#include <config.h>

#include "policy/regex.h"

#include <stdlib.h>
#include <string.h>

#ifdef HAVE_VECTORSCAN
#include <hs.h>

/* Names are in lower case already, patterns need not be. One report for each pattern is enough, and a
 * pattern that matches the empty text (.*) is allowed: it matches every name. */
#define FLAGS (HS_FLAG_CASELESS | HS_FLAG_SINGLEMATCH | HS_FLAG_ALLOWEMPTY)

struct regex_set {
	hs_database_t *database;
};

/* struct regex_scratch is the library's: there is nothing to add to it. */
static hs_scratch_t *inner(const struct regex_scratch *scratch)
{
	return (hs_scratch_t *)(uintptr_t)scratch;
}

static void tell(const struct config_pattern *pattern, const char *file, struct diag *diag,
                 const char *message)
{
	size_t length = strlen(message);
	while (length && (message[length - 1] == '.' || message[length - 1] == '\n'))
		length--;
	diag_error(diag, file, pattern->pos.line, pattern->pos.column,
	           "the regular expression `%s` can not be used: %.*s", pattern->text, (int)length,
	           message);
}

/* Which of them are wrong? Asked only when compiling them together has failed. */
static void tell_each(const struct config_pattern *patterns, size_t count, const char *file,
                      struct diag *diag)
{
	for (size_t i = 0; i < count; i++) {
		hs_database_t *database = NULL;
		hs_compile_error_t *error = NULL;
		if (patterns[i].kind != PATTERN_REGEX)
			continue;
		if (hs_compile(patterns[i].regex, FLAGS, HS_MODE_BLOCK, NULL, &database, &error) !=
		    HS_SUCCESS)
			tell(&patterns[i], file, diag, error->message);
		hs_free_compile_error(error);
		hs_free_database(database);
	}
}

static int compile(const struct config_pattern *patterns, size_t count, const char *file,
                   struct diag *diag, struct regex_set *set)
{
	const char **texts = calloc(count, sizeof *texts);
	unsigned *flags = calloc(count, sizeof *flags), *ids = calloc(count, sizeof *ids);
	hs_compile_error_t *error = NULL;
	int result = PF_ENOMEM;
	unsigned regexes = 0;
	if (!texts || !flags || !ids)
		goto cleanup;
	const struct config_pattern *first = NULL;
	for (size_t i = 0; i < count; i++) {
		if (patterns[i].kind != PATTERN_REGEX)
			continue;
		texts[regexes] = patterns[i].regex;
		flags[regexes] = FLAGS;
		ids[regexes++] = (unsigned)i;
		first = first ? first : &patterns[i];
	}
	if (hs_compile_multi(texts, flags, ids, regexes, HS_MODE_BLOCK, NULL, &set->database, &error) ==
	    HS_SUCCESS) {
		result = PF_OK;
		goto cleanup;
	}
	size_t errors = diag->errors;
	tell_each(patterns, count, file, diag);
	if (diag->errors == errors) /* each alone is right: it is about all of them, or the machine */
		tell(first, file, diag, error->message);
	result = PF_EINVAL;
cleanup:
	hs_free_compile_error(error);
	free(texts);
	free(flags);
	free(ids);
	return result;
}

void regex_set_free(struct regex_set **set)
{
	if (!*set)
		return;
	hs_free_database((*set)->database);
	free(*set);
	*set = NULL;
}

int regex_scratch_prepare(struct regex_scratch **scratch, const struct regex_set *set)
{
	hs_scratch_t *grown = inner(*scratch);
	if (!set)
		return PF_OK;
	if (hs_alloc_scratch(set->database, &grown) != HS_SUCCESS)
		return PF_ENOMEM;
	*scratch = (struct regex_scratch *)grown;
	return PF_OK;
}

struct regex_scratch *regex_scratch_copy(const struct regex_scratch *scratch)
{
	hs_scratch_t *copy = NULL;
	if (hs_clone_scratch(inner(scratch), &copy) != HS_SUCCESS)
		return NULL;
	return (struct regex_scratch *)copy;
}

void regex_scratch_free(struct regex_scratch **scratch)
{
	if (*scratch)
		hs_free_scratch(inner(*scratch));
	*scratch = NULL;
}

/* Takes the lowest, so that the evidence is the same each time; vectorscan reports by where a match ends. */
static int take_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
                      void *data)
{
	int *lowest = data;
	(void)from;
	(void)to;
	(void)flags;
	if (*lowest < 0 || (int)id < *lowest)
		*lowest = (int)id;
	return 0;
}

int regex_set_match(const struct regex_set *set, struct regex_scratch *scratch, const char *text,
                    size_t length)
{
	int lowest = -1;
	if (!set || !scratch)
		return -1;
	if (hs_scan(set->database, text, (unsigned)length, 0, inner(scratch), take_match, &lowest) !=
	    HS_SUCCESS)
		return -1;
	return lowest;
}

#else

struct regex_set {
	char unused;
};

static int compile(const struct config_pattern *patterns, size_t count, const char *file,
                   struct diag *diag, struct regex_set *set)
{
	(void)set;
	for (size_t i = 0; i < count; i++)
		if (patterns[i].kind == PATTERN_REGEX)
			diag_error(diag, file, patterns[i].pos.line, patterns[i].pos.column,
			           "the regular expression `%s` can not be used: this build has no regular "
			           "expressions (configure found no vectorscan)",
			           patterns[i].text);
	return PF_EINVAL;
}

void regex_set_free(struct regex_set **set)
{
	free(*set);
	*set = NULL;
}

int regex_scratch_prepare(struct regex_scratch **scratch, const struct regex_set *set)
{
	(void)scratch;
	(void)set;
	return PF_OK;
}

struct regex_scratch *regex_scratch_copy(const struct regex_scratch *scratch)
{
	(void)scratch;
	return NULL;
}

void regex_scratch_free(struct regex_scratch **scratch)
{
	*scratch = NULL;
}

int regex_set_match(const struct regex_set *set, struct regex_scratch *scratch, const char *text,
                    size_t length)
{
	(void)set;
	(void)scratch;
	(void)text;
	(void)length;
	return -1;
}

#endif

int regex_set_new(const struct config_pattern *patterns, size_t count, const char *file,
                  struct diag *diag, struct regex_set **out)
{
	bool any = false;
	*out = NULL;
	for (size_t i = 0; i < count; i++)
		any |= patterns[i].kind == PATTERN_REGEX;
	if (!any)
		return PF_OK;
	struct regex_set *set = calloc(1, sizeof *set);
	if (!set)
		return PF_ENOMEM;
	int error = compile(patterns, count, file, diag, set);
	if (error != PF_OK)
		regex_set_free(&set);
	*out = set;
	return error;
}
