/* Vectorscan behind regex.h; without it every expression is told as one that can not be used. */
#include <config.h>

#include "match/regex.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef HAVE_VECTORSCAN
#include <hs.h>

/* Names are in lower case already, patterns need not be. One report for each pattern is enough, and a
 * pattern that matches the empty text (.*) is allowed: it matches every name. */
#define FLAGS (HS_FLAG_CASELESS | HS_FLAG_SINGLEMATCH | HS_FLAG_ALLOWEMPTY)

/* So many are compiled together. The time that this takes grows with nearly the square of their number (300 wildcards 0.4 s,
 * 1,000 1.8 s, 10,000 minutes), while each database more costs a look-up some 300 ns. */
#define TOGETHER_MAX 5000

struct regex_set {
	size_t count;
	hs_database_t **databases;
};

/* struct regex_scratch is the library's: there is nothing to add to it. */
static hs_scratch_t *inner(const struct regex_scratch *scratch)
{
	return (hs_scratch_t *)(uintptr_t)scratch;
}

/* Expressions with their places. */
struct batch {
	unsigned count;
	const char *texts[TOGETHER_MAX];
	unsigned flags[TOGETHER_MAX], places[TOGETHER_MAX];
};

/* Which of them are wrong? Asked only when compiling them together has failed. Returns how many. */
static size_t tell_each(const struct batch *batch, const struct regex_teller *teller)
{
	size_t told = 0;
	for (unsigned i = 0; i < batch->count; i++) {
		hs_database_t *database = NULL;
		hs_compile_error_t *error = NULL;
		if (hs_compile(batch->texts[i], FLAGS, HS_MODE_BLOCK, NULL, &database, &error) !=
		    HS_SUCCESS) {
			teller->tell(teller->data, batch->places[i], error->message);
			told++;
		}
		hs_free_compile_error(error);
		hs_free_database(database);
	}
	return told;
}

static int compile_batch(const struct batch *batch, const struct regex_teller *teller,
                         struct regex_set *set)
{
	hs_compile_error_t *error = NULL;
	int result = PF_OK;
	if (hs_compile_multi(batch->texts, batch->flags, batch->places, batch->count, HS_MODE_BLOCK,
	                     NULL, &set->databases[set->count], &error) == HS_SUCCESS) {
		set->count++;
	} else {
		/* When each alone is right it is about all of them, or the machine. */
		if (!tell_each(batch, teller))
			teller->tell(teller->data, batch->places[0], error->message);
		result = PF_EINVAL;
	}
	hs_free_compile_error(error);
	return result;
}

static int compile(const char *const *texts, size_t count, const struct regex_teller *teller,
                   struct regex_set *set)
{
	struct batch *batch = malloc(sizeof *batch);
	int result = PF_OK;
	set->databases = calloc(count / TOGETHER_MAX + 1, sizeof(hs_database_t *));
	if (!batch || !set->databases) {
		free(batch);
		return PF_ENOMEM;
	}
	batch->count = 0;
	for (size_t i = 0; i < count; i++) {
		if (texts[i]) {
			batch->texts[batch->count] = texts[i];
			batch->flags[batch->count] = FLAGS;
			batch->places[batch->count++] = (unsigned)i;
		}
		if (batch->count != TOGETHER_MAX && (i + 1 < count || !batch->count))
			continue;
		/* The others are tried all the same, so that all that are wrong are told. */
		int error = compile_batch(batch, teller, set);
		result = result == PF_OK ? error : result;
		batch->count = 0;
	}
	free(batch);
	return result;
}

bool regex_built_in(void)
{
	return true;
}

bool regex_readable(const char *text)
{
	hs_expr_info_t *info = NULL;
	hs_compile_error_t *error = NULL;
	bool good = hs_expression_info(text, FLAGS, &info, &error) == HS_SUCCESS;
	hs_free_compile_error(error);
	free(info);
	return good;
}

void regex_set_free(struct regex_set **set)
{
	if (!*set)
		return;
	for (size_t i = 0; i < (*set)->count; i++)
		hs_free_database((*set)->databases[i]);
	free((*set)->databases);
	free(*set);
	*set = NULL;
}

size_t regex_set_bytes(const struct regex_set *set)
{
	size_t sum = 0, bytes;
	for (size_t i = 0; set && i < set->count; i++)
		if (hs_database_size(set->databases[i], &bytes) == HS_SUCCESS)
			sum += bytes;
	return sum;
}

int regex_scratch_prepare(struct regex_scratch **scratch, const struct regex_set *set)
{
	hs_scratch_t *grown = inner(*scratch);
	if (!set)
		return PF_OK;
	int result = PF_OK;
	for (size_t i = 0; i < set->count && result == PF_OK; i++)
		if (hs_alloc_scratch(set->databases[i], &grown) != HS_SUCCESS)
			result = PF_ENOMEM;
	*scratch = (struct regex_scratch *)grown;
	return result;
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
static void take_lowest(void *data, size_t place)
{
	int *lowest = data;
	if (*lowest < 0 || (int)place < *lowest)
		*lowest = (int)place;
}

int regex_set_match(const struct regex_set *set, struct regex_scratch *scratch, const char *text,
                    size_t length)
{
	int lowest = -1;
	regex_set_scan(set, scratch, text, length, take_lowest, &lowest);
	return lowest;
}

struct taker {
	void (*take)(void *data, size_t place);
	void *data;
};

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
                    void *data)
{
	const struct taker *taker = data;
	(void)from;
	(void)to;
	(void)flags;
	taker->take(taker->data, id);
	return 0;
}

void regex_set_scan(const struct regex_set *set, struct regex_scratch *scratch, const char *text,
                    size_t length, void (*take)(void *data, size_t place), void *data)
{
	struct taker taker = {take, data};
	for (size_t i = 0; set && scratch && i < set->count; i++)
		(void)hs_scan(set->databases[i], text, (unsigned)length, 0, inner(scratch), on_match,
		              &taker);
}

#else

struct regex_set {
	char unused;
};

static int compile(const char *const *texts, size_t count, const struct regex_teller *teller,
                   struct regex_set *set)
{
	(void)set;
	for (size_t i = 0; i < count; i++)
		if (texts[i])
			teller->tell(teller->data, i,
			             "this build has no regular expressions (configure found no vectorscan)");
	return PF_EINVAL;
}

bool regex_built_in(void)
{
	return false;
}

bool regex_readable(const char *text)
{
	(void)text;
	return false;
}

void regex_set_free(struct regex_set **set)
{
	free(*set);
	*set = NULL;
}

size_t regex_set_bytes(const struct regex_set *set)
{
	(void)set;
	return 0;
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

void regex_set_scan(const struct regex_set *set, struct regex_scratch *scratch, const char *text,
                    size_t length, void (*take)(void *data, size_t place), void *data)
{
	(void)set;
	(void)scratch;
	(void)text;
	(void)length;
	(void)take;
	(void)data;
}

#endif

int regex_set_new(const char *const *texts, size_t count, const struct regex_teller *teller,
                  struct regex_set **out)
{
	bool any = false;
	*out = NULL;
	for (size_t i = 0; i < count; i++)
		any |= texts[i] != NULL;
	if (!any)
		return PF_OK;
	struct regex_set *set = calloc(1, sizeof *set);
	if (!set)
		return PF_ENOMEM;
	int error = compile(texts, count, teller, set);
	if (error != PF_OK)
		regex_set_free(&set);
	*out = set;
	return error;
}
