/* Answers by question, shared by all workers: looked up under RCU without writing anything
 * that another core reads; inserted under one of several locks. It keeps the upstream's
 * answer and its geo facts, never a verdict. Bounded in bytes; when full, what was not asked
 * for lately goes first (CLOCK). */
#ifndef PF_CACHE_CACHE_H
#define PF_CACHE_CACHE_H

#include "base/rcu.h"
#include "cache/entry.h"

#define CACHE_BYTES_DEFAULT (64u << 20)
#define CACHE_UPSTREAM_TEXT_MAX 96
#define CACHE_SOURCES_MAX \
	256                      /* texts that are kept once; what more there is stands in each entry */
#define CACHE_SHARD_COUNT 16 /* each has a lock for those who insert and its part of the budget */

struct cache;

/* `bytes_max` of entries in all. NULL without memory. */
struct cache *cache_new(size_t bytes_max, struct hash_key seed);
/* No reader may be left. The memory of entries is free after rcu_barrier(). */
void cache_free(struct cache **cache);

/* Makes an entry with one reference, the caller's, of an answer to the question of `key`, which is also the one in its message. Lifetime is the answer's ttl. Of `upstream`
 * CACHE_UPSTREAM_TEXT_MAX bytes at most are kept. NULL: no memory. */
struct cache_entry *cache_entry_new(struct cache *cache, const struct cache_key *key,
                                    const struct answer *answer, const struct cache_facts *facts,
                                    const char *upstream, struct now now);
/* The same answer, of the same age, with other facts. */
struct cache_entry *cache_entry_judged(struct cache *cache, const struct cache_entry *entry,
                                       const struct cache_facts *facts);
/* Who gave the answer: part of the evidence. Good as long as the cache and the entry are. */
const char *cache_entry_upstream(const struct cache *cache, const struct cache_entry *entry);

/* One more: of who has one already, or under rcu_read_lock has looked it up. */
void cache_entry_ref(struct cache_entry *entry);
/* The last one frees it at once: nobody can find it any more. NULL is allowed. */
void cache_entry_unref(struct cache_entry *entry);

/* ---- the cache --------------------------------------------------------------------------- */

/* The live entry for this question or NULL. Under rcu_read_lock; the pointer is good until the unlock
 * unless cache_entry_ref is called. */
struct cache_entry *cache_lookup(struct cache *cache, const struct cache_key *key, struct now now);
struct cache_entry *cache_find(struct cache *cache, const struct cache_ask *ask, struct now now);
uint64_t cache_ask_hash(const struct cache_ask *ask); /* as cache_key_hash */

/* These are going to be looked up: what that will read is fetched from memory, for all at once. Under rcu_read_lock. */
#define CACHE_EXPECT_MAX 8
void cache_expect(struct cache *cache, const uint64_t hashes[], size_t count);

/* The same though it has expired, by less than cache_keep_stale allows. */
struct cache_entry *cache_lookup_stale(struct cache *cache, const struct cache_key *key,
                                       struct now now);
struct cache_entry *cache_find_stale(struct cache *cache, const struct cache_ask *ask,
                                     struct now now);

/* How long answers past their time are still of use; 0 at first. Any thread. */
void cache_keep_stale(struct cache *cache, int64_t stale_us);

/* Puts an entry in, in place of an older one with the same key; takes a reference of its own. An entry
 * whose ttl is 0 or that is over an eighth of its shard's part of the budget is left out, and the
 * older one goes all the same: it is no longer what the upstream says. Any thread. */
void cache_insert(struct cache *cache, struct cache_entry *entry, struct now now);

/* Puts an entry in the place of `old`, if that is still in there, and takes the caller's reference over: the entry is good
 * until the end of this section of RCU in each case. False: no memory, and it is gone. Any thread. */
PF_MUST_CHECK bool cache_replace(struct cache *cache, struct cache_entry *old,
                                 struct cache_entry *entry, struct now now);

/* Calls `see` with each entry that is still good, but stops when it says so. The entries are borrowed for the call. In a
 * thread that may read for long: what is freed meanwhile waits for it now and then. */
void cache_each(struct cache *cache, struct now now,
                bool (*see)(void *data, const struct cache_entry *entry), void *data);

struct cache_stats {
	uint64_t entries, bytes, bytes_max, inserted, evicted;
	uint64_t table_bytes; /* of `bytes`: not of the entries */
};
void cache_stats(struct cache *cache, struct cache_stats *stats);

#endif
