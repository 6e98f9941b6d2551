/* Regular expressions over names, many at once and in linear time (vectorscan): no pattern that an owner
 * pastes from a list can hold up a worker. The only file that knows the library.
 *
 * An expression may match anywhere in the name, unless it says ^ or $; letter case does not count. */
#ifndef PF_MATCH_REGEX_H
#define PF_MATCH_REGEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Immutable; shared by all workers. NULL stands for a set without expressions. */
struct regex_set;

/* Who is told of an expression (its place) that can not be used, and why: "Unmatched parentheses". */
struct regex_teller {
	void (*tell)(void *data, size_t place, const char *message);
	void *data;
};

/* Was this built with regular expressions? Without them each is told as one that can not be used. */
bool regex_built_in(void);

/* Compiles the texts; NULL ones are left out, and each is known by its place. All that are wrong are told.
 * PF_OK (and `*out` owned by the caller, NULL when there are none); PF_EINVAL; PF_ENOMEM. */
PF_MUST_CHECK int regex_set_new(const char *const *texts, size_t count,
                                const struct regex_teller *teller, struct regex_set **out);
void regex_set_free(struct regex_set **set);
size_t regex_set_bytes(const struct regex_set *set);

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

#endif
