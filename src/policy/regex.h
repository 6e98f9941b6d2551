/* Regular expressions over names, many at once and in linear time (vectorscan): no pattern that an owner
 * pastes from a list can hold up a worker. The only file that knows the library. */
#ifndef PF_POLICY_REGEX_H
#define PF_POLICY_REGEX_H

#include <stddef.h>

#include "base/diag.h"
#include "config/config.h"

/* Immutable; shared by all workers. NULL stands for a set without expressions. */
struct regex_set;

/* Compiles the regexes among `patterns`; each is known by its place there. All that are wrong are told at
 * their positions in `file`. A pattern may stand anywhere in the name, unless it says ^ or $; letter case
 * does not count. PF_OK (and `*out` owned by the caller, NULL when there are none); PF_EINVAL; PF_ENOMEM. */
PF_MUST_CHECK int regex_set_new(const struct config_pattern *patterns, size_t count,
                                const char *file, struct diag *diag, struct regex_set **out);
void regex_set_free(struct regex_set **set);

/* What a thread needs to match; it grows with each set that it is made ready for. */
struct regex_scratch;
/* PF_OK or PF_ENOMEM, which leaves `*scratch` as it was. `*scratch` begins as NULL. */
PF_MUST_CHECK int regex_scratch_prepare(struct regex_scratch **scratch,
                                        const struct regex_set *set);
/* A copy for another thread; NULL without memory. */
struct regex_scratch *regex_scratch_copy(const struct regex_scratch *scratch);
void regex_scratch_free(struct regex_scratch **scratch);

/* The first of the patterns (its place) that matches, or -1. Without a scratch nothing matches. */
int regex_set_match(const struct regex_set *set, struct regex_scratch *scratch, const char *text,
                    size_t length);

#endif
