/* Private to match/: many expressions over one text, each looked at only where the text holds a piece that it can not do without.
 *
 * Each expression is entered under a window (six bytes, or three when it has no more) of each of its needles (expression.h), the
 * one that the fewest others have. A look-up goes over the windows of the text, and runs the automatons of those expressions
 * whose window and whole needle are there: mostly none, so that the cost is that of the text, whatever the number of
 * expressions; and making ready ten thousand takes some ten milliseconds. At most SIEVE_SHARERS_MAX expressions share a window,
 * so that no text has more than eight candidates for each of its bytes, with one run each. */
#ifndef PF_MATCH_SIEVE_H
#define PF_MATCH_SIEVE_H

#include "base/error.h"
#include "match/expression.h"

#define SIEVE_SHARERS_MAX 4
#define SIEVE_NEEDLE_BYTES_MIN 3

/* Filled, sealed, and from then on only read. */
struct sieve;

struct sieve *sieve_new(void);
void sieve_free(struct sieve **sieve);

/* PF_OK, PF_EFULL or PF_ENOMEM. Expressions are numbered as they are added, from 0. */
PF_MUST_CHECK int sieve_add(struct sieve *sieve, const struct expression *expression);
/* PF_OK; PF_ENOMEM: then it can only be freed. Afterwards sieve_is_loose tells of the expressions that found no window: they are
 * in no look-up and have to be run (sieve_run) or matched otherwise. */
PF_MUST_CHECK int sieve_seal(struct sieve *sieve);
bool sieve_is_loose(const struct sieve *sieve, size_t number);

size_t sieve_count(const struct sieve *sieve);
size_t sieve_bytes(const struct sieve *sieve);

/* Which expressions were run already, so that each is once. */
struct sieve_marks {
	uint32_t round;   /* of this text */
	uint32_t *rounds; /* sieve_count() of them */
};

/* A text with TEXT_BEGIN before and TEXT_END behind it, and SIEVE_PADDING bytes behind that which can be read. */
#define SIEVE_PADDING 8
/* Hands each expression that matches to `take`, each once. */
void sieve_scan(const struct sieve *sieve, const struct sieve_marks *marks, const char *text,
                size_t length, void (*take)(void *data, size_t number), void *data);
/* Does this one match? */
bool sieve_run(const struct sieve *sieve, size_t number, const char *text, size_t length);

#endif
