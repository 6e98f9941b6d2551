/* Regular expressions over names, many at once and in linear time: no pattern that an owner pastes from a list can hold up a
 * worker.
 *
 * Most expressions of lists say some text that a name must hold ("(^|\.)ads\.example$", "ads*.example"): they stand in a sieve of our
 * own (sieve.h), which is made ready in no time. What is left ("^[a-z]{10,14}$", and whatever says more than expression.h reads) is
 * for vectorscan, whose databases take long to compile and can be kept. A build without it runs those that it can read one by
 * one, of which it takes REGEX_LOOSE_MAX, and tells the others as ones that it can not use.
 *
 * An expression may match anywhere in the name, unless it says ^ or $; letter case does not count. */
#ifndef PF_MATCH_REGEX_H
#define PF_MATCH_REGEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/hash.h"

/* Bytes of a text: the longest name takes 1,021. In a longer one nothing matches. */
#define REGEX_TEXT_MAX 1024

/* Expressions that only a look at each name can tell, in a build without vectorscan: each takes up to a microsecond a name. */
#define REGEX_LOOSE_MAX 256

/* Immutable; shared by all workers. NULL stands for a set without expressions. */
struct regex_set;

/* Who is told of an expression (its place) that can not be used, and why: "Unmatched parentheses". */
struct regex_teller {
	void (*tell)(void *data, size_t place, const char *message);
	void *data;
};

/* A compiled database as bytes; the digest is that of its expressions. */
struct regex_piece {
	uint64_t digest[2];
	const void *bytes;
	size_t length;
};

/* What need not be compiled again. All digests are made with the key. */
struct regex_keep {
	struct hash_key key;
	const struct regex_set *previous; /* or NULL: its databases are shared */
	size_t count;
	const struct regex_piece *pieces; /* such as regex_set_piece made */
};

/* Is vectorscan built in? Without it some expressions are told as ones that can not be used. */
bool regex_built_in(void);

/* Compiles the texts; NULL ones are left out, and each is known by its place. All that are wrong are told. `keep` may be NULL.
 * PF_OK (and `*out` owned by the caller, NULL when there are none); PF_EINVAL; PF_ENOMEM. */
PF_MUST_CHECK int regex_set_new(const char *const *texts, size_t count,
                                const struct regex_teller *teller, const struct regex_keep *keep,
                                struct regex_set **out);
void regex_set_free(struct regex_set **set);
size_t regex_set_bytes(const struct regex_set *set);

/* Databases of the set, and how many of them had to be compiled. */
size_t regex_set_pieces(const struct regex_set *set);
size_t regex_set_compiled(const struct regex_set *set);
/* One of them; `piece->bytes` is the caller's, to be freed. PF_OK or PF_ENOMEM. */
PF_MUST_CHECK int regex_set_piece(const struct regex_set *set, size_t number,
                                  struct regex_piece *piece);

/* Can it be used, alone? Reads it without compiling it: cheap enough for each line of a list. A few that pass
 * are still found wrong by regex_set_new. */
bool regex_readable(const char *text);

/* What a thread needs to match; it grows with each set that it is made ready for. */
struct regex_scratch;
/* PF_OK, or PF_ENOMEM: then it is ready for the sets before only. `*scratch` begins as NULL. */
PF_MUST_CHECK int regex_scratch_prepare(struct regex_scratch **scratch,
                                        const struct regex_set *set);
/* A copy for another thread; NULL without memory. */
struct regex_scratch *regex_scratch_copy(const struct regex_scratch *scratch);
void regex_scratch_free(struct regex_scratch **scratch);

/* The first of the expressions (its place) that matches, or -1. Without a scratch nothing matches. */
int regex_set_match(const struct regex_set *set, struct regex_scratch *scratch, const char *text,
                    size_t length);

/* Hands each expression that matches to `take`, in no order, each once. */
void regex_set_scan(const struct regex_set *set, struct regex_scratch *scratch, const char *text,
                    size_t length, void (*take)(void *data, size_t place), void *data);

/* For match/ alone: NULL when there are none. */
struct bases;
const struct bases *regex_set_bases(const struct regex_set *set);

#endif
