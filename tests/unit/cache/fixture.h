/* What the tests of the cache share: keys, answers and entries without a packet. */
#ifndef TESTS_CACHE_FIXTURE_H
#define TESTS_CACHE_FIXTURE_H

#include "cache/cache.h"

#define VIEW_COUNT 2 /* homes that every entry is judged for */

/* Set-up and teardown of a group: the main thread reads under RCU. When the teardown is over, all that was
 * let go of is freed, so that leaks show. */
int rcu_begin(void **state);
int rcu_end(void **state);

/* The fake clock: microseconds of `seconds` after its beginning. */
struct now at_s(int64_t seconds);

struct cache_key key_of(const char *name, uint16_t type);
/* "n<number>.example" with six digits, so that all entries take as much; A. */
struct cache_key key_number(unsigned number);

/* An answer of `wire_bytes` with nothing but the question in it, laid out as dns/answer.c does it: one block. */
struct answer *blank_answer(const struct cache_key *key, uint32_t ttl, uint16_t wire_bytes);
struct cache_facts facts_make(uint64_t journal_id);
bool facts_are(const struct cache_entry *entry, uint64_t journal_id);

/* An entry of an answer, which is freed, with the facts 1. */
struct cache_entry *entry_make(struct cache *cache, const struct cache_key *key,
                               struct answer *answer, struct now now);

/* Makes an entry, puts it in and gives up the own reference. */
void put(struct cache *cache, const struct cache_key *key, uint32_t ttl, uint16_t wire_bytes,
         struct now now);
/* Is there a live answer? */
bool has(struct cache *cache, const struct cache_key *key, struct now now);
/* The length of the answer's wire, by which tests tell answers apart; 0: a miss. */
unsigned wire_bytes_of(struct cache *cache, const struct cache_key *key, struct now now);

#endif
