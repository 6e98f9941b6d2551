/* Which rules of a long program can match at all? Rules that ask for names written out, or for lists, are found by what
 * a query has; the others are always looked at. What is found is then checked as ever, in order: an index can only
 * leave out rules that can not match. */
#ifndef PF_POLICY_DISPATCH_H
#define PF_POLICY_DISPATCH_H

#include "base/hash.h"
#include "policy/rule.h"

#define DISPATCH_WORDS_MAX (CONFIG_RULES_MAX / 64)
#define DISPATCH_RULES_MIN 3 /* shorter programs are walked as fast without */

struct dispatch;

/* Over `count` rules, each known by its place. The caller's; NULL without memory. */
struct dispatch *dispatch_new(const struct rule *const *rules, size_t count);
void dispatch_free(struct dispatch **dispatch);

/* Fills the first words with the places (bit n: the rule n) and returns how many words these are. */
size_t dispatch_find(const struct dispatch *dispatch, const struct dns_name *name,
                     const struct list_set *lists, uint64_t places[DISPATCH_WORDS_MAX]);

#endif
