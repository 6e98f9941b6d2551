/* The databases of vectorscan.h. */
#include <config.h>

#include "match/vectorscan.h"

#ifdef HAVE_VECTORSCAN
#include <hs.h>
#include <stdlib.h>
#include <string.h>

/* Names are in lower case already, patterns need not be. One report for each pattern is enough, and a
 * pattern that matches the empty text (.*) is allowed: it matches every name. */
#define FLAGS (HS_FLAG_CASELESS | HS_FLAG_SINGLEMATCH | HS_FLAG_ALLOWEMPTY)

/* So many are compiled together. The time that this takes grows with nearly the square of their number (300 wildcards 0.4 s,
 * 1,000 1.8 s, 10,000 minutes), while each database more costs a look-up some 300 ns. */
#define TOGETHER_MAX 5000

/* One that is compiled; the sets of several loads share it. It numbers its expressions from 0. */
struct base {
	unsigned references; /* atomic: the last may be let go of by another thread */
	uint64_t digest[2];  /* of its expressions */
	hs_database_t *database;
};

struct bases {
	size_t count, compiled;
	struct part {
		struct base *base;
		uint32_t *places; /* by the number that the base has given */
	} * parts;
};

/* Some expressions on their way into a base. */
struct batch {
	unsigned count;
	const char *texts[TOGETHER_MAX];
	unsigned flags[TOGETHER_MAX], numbers[TOGETHER_MAX];
	const struct bases_text *from;
};

/* ---- compiling ----------------------------------------------------------------------------- */

static void base_free(struct base *base)
{
	if (!base || __atomic_sub_fetch(&base->references, 1, __ATOMIC_ACQ_REL))
		return;
	hs_free_database(base->database);
	free(base);
}

static struct base *base_over(hs_database_t *database, const uint64_t digest[2])
{
	struct base *base = malloc(sizeof *base);
	if (base)
		*base = (struct base){1, {digest[0], digest[1]}, database};
	else
		hs_free_database(database);
	return base;
}

/* Which of them are wrong? Asked only when compiling them together has failed. Returns how many. */
static size_t tell_each(const struct batch *batch, const struct regex_teller *teller)
{
	size_t told = 0;
	for (unsigned i = 0; i < batch->count; i++) {
		hs_database_t *database = NULL;
		hs_compile_error_t *error = NULL;
		if (hs_compile(batch->texts[i], FLAGS, HS_MODE_BLOCK, NULL, &database, &error) !=
		    HS_SUCCESS) {
			teller->tell(teller->data, batch->from[i].place, error->message);
			told++;
		}
		hs_free_compile_error(error);
		hs_free_database(database);
	}
	return told;
}

static int compile(const struct batch *batch, const uint64_t digest[2],
                   const struct regex_teller *teller, struct base **out)
{
	hs_compile_error_t *error = NULL;
	hs_database_t *database = NULL;
	int result = PF_OK;
	if (hs_compile_multi(batch->texts, batch->flags, batch->numbers, batch->count, HS_MODE_BLOCK,
	                     NULL, &database, &error) == HS_SUCCESS) {
		*out = base_over(database, digest);
		result = *out ? PF_OK : PF_ENOMEM;
	} else {
		/* When each alone is right it is about all of them, or the machine. */
		if (!tell_each(batch, teller))
			teller->tell(teller->data, batch->from[0].place, error->message);
		result = PF_EINVAL;
	}
	hs_free_compile_error(error);
	return result;
}

/* ---- what is kept -------------------------------------------------------------------------- */

static int digest_of(const struct batch *batch, struct hash_key key, uint64_t digest[2])
{
	const unsigned flags = FLAGS;
	struct hash_stream *stream = hash_stream_new(key);
	if (!stream)
		return PF_ENOMEM;
	hash_stream_add(stream, &flags, sizeof flags);
	for (unsigned i = 0; i < batch->count; i++)
		hash_stream_add(stream, batch->texts[i], strlen(batch->texts[i]) + 1);
	hash_stream_digest(stream, digest);
	hash_stream_free(&stream);
	return PF_OK;
}

static bool same(const uint64_t a[2], const uint64_t b[2])
{
	return a[0] == b[0] && a[1] == b[1];
}

/* NULL when it is not there, or was made by another version or for another processor. */
static struct base *find_kept(const struct regex_keep *keep, const uint64_t digest[2])
{
	const struct bases *previous = keep->previous ? regex_set_bases(keep->previous) : NULL;
	for (size_t i = 0; previous && i < previous->count; i++)
		if (same(previous->parts[i].base->digest, digest)) {
			__atomic_add_fetch(&previous->parts[i].base->references, 1, __ATOMIC_RELAXED);
			return previous->parts[i].base;
		}
	for (size_t i = 0; i < keep->count; i++) {
		hs_database_t *database = NULL;
		const struct regex_piece *piece = &keep->pieces[i];
		if (same(piece->digest, digest) &&
		    hs_deserialize_database(piece->bytes, piece->length, &database) == HS_SUCCESS)
			return base_over(database, digest);
	}
	return NULL;
}

static int take_batch(struct bases *bases, const struct batch *batch,
                      const struct regex_teller *teller, const struct regex_keep *keep)
{
	uint64_t digest[2] = {0, 0};
	struct part *part = &bases->parts[bases->count];
	int error = digest_of(batch, keep->key, digest);
	if (error != PF_OK)
		return error;
	part->base = find_kept(keep, digest);
	if (!part->base) {
		error = compile(batch, digest, teller, &part->base);
		if (error != PF_OK)
			return error;
		bases->compiled++;
	}
	bases->count++;
	part->places = malloc(batch->count * sizeof *part->places);
	if (!part->places)
		return PF_ENOMEM;
	for (unsigned i = 0; i < batch->count; i++)
		part->places[i] = batch->from[i].place;
	return PF_OK;
}

static int take_all(struct bases *bases, const struct bases_text *texts, size_t count,
                    const struct regex_teller *teller, const struct regex_keep *keep)
{
	struct batch *batch = malloc(sizeof *batch);
	int result = PF_OK;
	bases->parts = calloc(count / TOGETHER_MAX + 1, sizeof *bases->parts);
	if (!batch || !bases->parts)
		result = PF_ENOMEM;
	for (size_t at = 0; at < count && result != PF_ENOMEM; at += batch->count) {
		batch->from = texts + at;
		batch->count = (unsigned)(count - at < TOGETHER_MAX ? count - at : TOGETHER_MAX);
		for (unsigned i = 0; i < batch->count; i++) {
			batch->texts[i] = texts[at + i].text;
			batch->flags[i] = FLAGS;
			batch->numbers[i] = i;
		}
		/* The others are tried all the same, so that all that are wrong are told. */
		int error = take_batch(bases, batch, teller, keep);
		result = error != PF_OK ? error : result;
	}
	free(batch);
	return result;
}

int bases_new(const struct bases_text *texts, size_t count, const struct regex_teller *teller,
              const struct regex_keep *keep, struct bases **out)
{
	static const struct regex_keep nothing;
	*out = NULL;
	if (!count)
		return PF_OK;
	struct bases *bases = calloc(1, sizeof *bases);
	if (!bases)
		return PF_ENOMEM;
	int error = take_all(bases, texts, count, teller, keep ? keep : &nothing);
	if (error != PF_OK)
		bases_free(&bases);
	*out = bases;
	return error;
}

void bases_free(struct bases **out)
{
	struct bases *bases = *out;
	if (!bases)
		return;
	for (size_t i = 0; i < bases->count; i++) {
		base_free(bases->parts[i].base);
		free(bases->parts[i].places);
	}
	free(bases->parts);
	free(bases);
	*out = NULL;
}

size_t bases_bytes(const struct bases *bases)
{
	size_t sum = 0, bytes;
	for (size_t i = 0; bases && i < bases->count; i++)
		if (hs_database_size(bases->parts[i].base->database, &bytes) == HS_SUCCESS)
			sum += bytes;
	return sum;
}

bool bases_readable(const char *text)
{
	hs_expr_info_t *info = NULL;
	hs_compile_error_t *error = NULL;
	bool good = hs_expression_info(text, FLAGS, &info, &error) == HS_SUCCESS;
	hs_free_compile_error(error);
	free(info);
	return good;
}

size_t bases_count(const struct bases *bases)
{
	return bases ? bases->count : 0;
}

size_t bases_compiled(const struct bases *bases)
{
	return bases ? bases->compiled : 0;
}

int bases_serialise(const struct bases *bases, size_t i, struct regex_piece *piece)
{
	char *bytes = NULL;
	const struct base *base = bases->parts[i].base;
	memcpy(piece->digest, base->digest, sizeof piece->digest);
	if (hs_serialize_database(base->database, &bytes, &piece->length) != HS_SUCCESS)
		return PF_ENOMEM;
	piece->bytes = bytes;
	return PF_OK;
}

/* ---- matching ------------------------------------------------------------------------------ */

int bases_scratch_prepare(void **scratch, const struct bases *bases)
{
	hs_scratch_t *grown = *scratch;
	int result = PF_OK;
	for (size_t i = 0; bases && i < bases->count && result == PF_OK; i++)
		if (hs_alloc_scratch(bases->parts[i].base->database, &grown) != HS_SUCCESS)
			result = PF_ENOMEM;
	*scratch = grown;
	return result;
}

int bases_scratch_copy(void *scratch, void **copy)
{
	hs_scratch_t *made = NULL;
	int error = scratch && hs_clone_scratch(scratch, &made) != HS_SUCCESS ? PF_ENOMEM : PF_OK;
	*copy = made;
	return error;
}

void bases_scratch_free(void *scratch)
{
	hs_free_scratch(scratch);
}

struct taker {
	const uint32_t *places;
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
	taker->take(taker->data, taker->places[id]);
	return 0;
}

void bases_scan(const struct bases *bases, void *scratch, const char *text, size_t length,
                void (*take)(void *data, size_t place), void *data)
{
	for (size_t i = 0; bases && i < bases->count; i++) {
		struct taker taker = {bases->parts[i].places, take, data};
		(void)hs_scan(bases->parts[i].base->database, text, (unsigned)length, 0, scratch, on_match,
		              &taker);
	}
}

#else

int bases_new(const struct bases_text *texts, size_t count, const struct regex_teller *teller,
              const struct regex_keep *keep, struct bases **out)
{
	(void)keep;
	*out = NULL;
	for (size_t i = 0; i < count; i++)
		teller->tell(
			teller->data, texts[i].place,
			"it is wrong, or says more than bytes, classes, groups, repetitions, ^ and $, which is "
			"what this build, without vectorscan, reads");
	return count ? PF_EINVAL : PF_OK;
}

void bases_free(struct bases **bases)
{
	*bases = NULL;
}

size_t bases_bytes(const struct bases *bases)
{
	(void)bases;
	return 0;
}

bool bases_readable(const char *text)
{
	(void)text;
	return false;
}

size_t bases_count(const struct bases *bases)
{
	(void)bases;
	return 0;
}

size_t bases_compiled(const struct bases *bases)
{
	(void)bases;
	return 0;
}

int bases_serialise(const struct bases *bases, size_t i, struct regex_piece *piece)
{
	(void)bases;
	(void)i;
	(void)piece;
	return PF_ENOMEM;
}

int bases_scratch_prepare(void **scratch, const struct bases *bases)
{
	(void)scratch;
	(void)bases;
	return PF_OK;
}

int bases_scratch_copy(void *scratch, void **copy)
{
	(void)scratch;
	*copy = NULL;
	return PF_OK;
}

void bases_scratch_free(void *scratch)
{
	(void)scratch;
}

void bases_scan(const struct bases *bases, void *scratch, const char *text, size_t length,
                void (*take)(void *data, size_t place), void *data)
{
	(void)bases;
	(void)scratch;
	(void)text;
	(void)length;
	(void)take;
	(void)data;
}

#endif
