/* Who matches which expression: the sieve, vectorscan, or nobody better than one after the other. */
#include <config.h>

#include "match/regex.h"

#include <stdlib.h>
#include <string.h>

#include "match/sieve.h"
#include "match/vectorscan.h"

struct regex_set {
	struct sieve *sieve;
	uint32_t *places; /* of the sieve's expressions, by its numbers */
	size_t loose_count;
	uint32_t *loose; /* numbers of the sieve that are run over each text */
	struct bases *bases;
};

struct regex_scratch {
	struct sieve_marks marks;
	size_t mark_count;
	void *bases; /* vectorscan's own */
};

/* ---- making a set -------------------------------------------------------------------------- */

/* All that is needed only until the set is made. */
struct making {
	const char *const *texts;
	size_t count;
	const struct regex_teller *teller;
	const struct regex_keep *keep;
	struct regex_set *set;
	struct expression *expression;
	struct bases_text *rest; /* for vectorscan */
	size_t rest_count;
};

bool regex_built_in(void)
{
#ifdef HAVE_VECTORSCAN
	return true;
#else
	return false;
#endif
}

static void leave(struct making *making, size_t place)
{
	making->rest[making->rest_count++] = (struct bases_text){making->texts[place], (uint32_t)place};
}

static int sift(struct making *making)
{
	struct sieve *sieve = making->set->sieve;
	for (size_t i = 0; i < making->count; i++) {
		if (!making->texts[i])
			continue;
		int error = PF_EFULL;
		if (expression_read(making->expression, making->texts[i]))
			error = sieve_add(sieve, making->expression);
		if (error == PF_OK)
			making->set->places[sieve_count(sieve) - 1] = (uint32_t)i;
		else if (error == PF_EFULL)
			leave(making, i);
		else
			return error;
	}
	return sieve_seal(sieve);
}

/* What found no place in the sieve. PF_OK or PF_EINVAL. */
static int settle_loose(struct making *making)
{
	struct regex_set *set = making->set;
	int result = PF_OK;
	for (size_t i = 0; i < sieve_count(set->sieve); i++) {
		if (!sieve_is_loose(set->sieve, i))
			continue;
		if (regex_built_in()) {
			leave(making, set->places[i]);
		} else if (set->loose_count < REGEX_LOOSE_MAX) {
			set->loose[set->loose_count++] = (uint32_t)i;
		} else {
			making->teller->tell(making->teller->data, set->places[i],
			                     "too many expressions have no text of their own that a name must "
			                     "hold, for a build without vectorscan");
			result = PF_EINVAL;
		}
	}
	return result;
}

static int make(struct making *making)
{
	struct regex_set *set = making->set;
	making->expression = malloc(sizeof *making->expression);
	making->rest = calloc(making->count, sizeof *making->rest);
	set->places = calloc(making->count, sizeof *set->places);
	set->loose = calloc(REGEX_LOOSE_MAX, sizeof *set->loose);
	set->sieve = sieve_new();
	if (!making->expression || !making->rest || !set->places || !set->loose || !set->sieve)
		return PF_ENOMEM;
	int error = sift(making);
	if (error != PF_OK)
		return error;
	error = settle_loose(making);
	int other =
		bases_new(making->rest, making->rest_count, making->teller, making->keep, &set->bases);
	return other != PF_OK ? other : error;
}

int regex_set_new(const char *const *texts, size_t count, const struct regex_teller *teller,
                  const struct regex_keep *keep, struct regex_set **out)
{
	bool any = false;
	*out = NULL;
	for (size_t i = 0; i < count; i++)
		any |= texts[i] != NULL;
	if (!any)
		return PF_OK;
	struct making making = {.texts = texts, .count = count, .teller = teller, .keep = keep};
	making.set = calloc(1, sizeof *making.set);
	if (!making.set)
		return PF_ENOMEM;
	int error = make(&making);
	free(making.expression);
	free(making.rest);
	if (error != PF_OK)
		regex_set_free(&making.set);
	*out = making.set;
	return error;
}

void regex_set_free(struct regex_set **out)
{
	struct regex_set *set = *out;
	if (!set)
		return;
	sieve_free(&set->sieve);
	bases_free(&set->bases);
	free(set->places);
	free(set->loose);
	free(set);
	*out = NULL;
}

size_t regex_set_bytes(const struct regex_set *set)
{
	return set ? sizeof *set + sieve_bytes(set->sieve) + bases_bytes(set->bases) : 0;
}

size_t regex_set_pieces(const struct regex_set *set)
{
	return set ? bases_count(set->bases) : 0;
}

size_t regex_set_compiled(const struct regex_set *set)
{
	return set ? bases_compiled(set->bases) : 0;
}

int regex_set_piece(const struct regex_set *set, size_t number, struct regex_piece *piece)
{
	return bases_serialise(set->bases, number, piece);
}

const struct bases *regex_set_bases(const struct regex_set *set)
{
	return set->bases;
}

bool regex_readable(const char *text)
{
	struct expression expression;
	return expression_read(&expression, text) || bases_readable(text);
}

/* ---- scratches ----------------------------------------------------------------------------- */

static int expect_marks(struct regex_scratch *scratch, size_t count)
{
	if (count <= scratch->mark_count)
		return PF_OK;
	uint32_t *rounds = realloc(scratch->marks.rounds, count * sizeof *rounds);
	if (!rounds)
		return PF_ENOMEM;
	memset(rounds, 0, count * sizeof *rounds);
	scratch->marks.rounds = rounds;
	scratch->marks.round = 0;
	scratch->mark_count = count;
	return PF_OK;
}

int regex_scratch_prepare(struct regex_scratch **scratch, const struct regex_set *set)
{
	if (!set)
		return PF_OK;
	if (!*scratch && !(*scratch = calloc(1, sizeof **scratch)))
		return PF_ENOMEM;
	int error = expect_marks(*scratch, sieve_count(set->sieve));
	return error == PF_OK ? bases_scratch_prepare(&(*scratch)->bases, set->bases) : error;
}

struct regex_scratch *regex_scratch_copy(const struct regex_scratch *scratch)
{
	struct regex_scratch *copy = calloc(1, sizeof *copy);
	if (!copy || expect_marks(copy, scratch->mark_count) != PF_OK ||
	    bases_scratch_copy(scratch->bases, &copy->bases) != PF_OK)
		regex_scratch_free(&copy);
	return copy;
}

void regex_scratch_free(struct regex_scratch **out)
{
	struct regex_scratch *scratch = *out;
	if (!scratch)
		return;
	bases_scratch_free(scratch->bases);
	free(scratch->marks.rounds);
	free(scratch);
	*out = NULL;
}

/* ---- matching ------------------------------------------------------------------------------ */

/* Takes the lowest, so that the evidence is the same each time. */
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
	const struct regex_set *set;
	void (*take)(void *data, size_t place);
	void *data;
};

static void take_number(void *data, size_t number)
{
	const struct taker *taker = data;
	taker->take(taker->data, taker->set->places[number]);
}

/* Two sets may share the scratch: each scan is a round of its own. */
static void next_round(struct regex_scratch *scratch)
{
	if (++scratch->marks.round)
		return;
	memset(scratch->marks.rounds, 0, scratch->mark_count * sizeof *scratch->marks.rounds);
	scratch->marks.round = 1;
}

static uint8_t in_lower_case(char c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : (uint8_t)c;
}

static void scan_sieve(const struct regex_set *set, struct regex_scratch *scratch, const char *text,
                       size_t length, struct taker *taker)
{
	char framed[1 + REGEX_TEXT_MAX + 1 + SIEVE_PADDING];
	size_t at = 0;
	framed[at++] = TEXT_BEGIN;
	for (size_t i = 0; i < length; i++)
		framed[at++] = text[i] > 0 && text[i] <= TEXT_END ? 0 : (char)in_lower_case(text[i]);
	framed[at++] = TEXT_END;
	memset(framed + at, 0, SIEVE_PADDING);
	next_round(scratch);
	sieve_scan(set->sieve, &scratch->marks, framed, at, take_number, taker);
	for (size_t i = 0; i < set->loose_count; i++)
		if (sieve_run(set->sieve, set->loose[i], framed, at))
			take_number(taker, set->loose[i]);
}

void regex_set_scan(const struct regex_set *set, struct regex_scratch *scratch, const char *text,
                    size_t length, void (*take)(void *data, size_t place), void *data)
{
	struct taker taker = {set, take, data};
	if (!set || !scratch || length > REGEX_TEXT_MAX)
		return;
	if (sieve_count(set->sieve))
		scan_sieve(set, scratch, text, length, &taker);
	bases_scan(set->bases, scratch->bases, text, length, take, data);
}
