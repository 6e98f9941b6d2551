/* Answers by question, shared by all workers: looked up under RCU without writing anything
 * that another core reads; inserted under one of several locks. It keeps the upstream's
 * answer and its geo facts, never a verdict. Bounded in bytes; when full, what was not asked
 * for lately goes first (CLOCK). */
#ifndef PF_CACHE_CACHE_H
#define PF_CACHE_CACHE_H

#include <stdalign.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/rcu.h"
#include "dns/answer.h"
#include "value/facts.h"

#define CACHE_BYTES_DEFAULT (64u << 20)
#define CACHE_UPSTREAM_TEXT_MAX 96
#define CACHE_SHARD_COUNT 16 /* each has a lock for those who insert and its part of the budget */

/* What was asked, by the request and never by what the answer says (CVE-2025-40778). DO and CD
 * are part of it: the answers differ. */
struct cache_key {
	uint64_t space; /* who was asked: what one group of upstreams says is no answer of another's */
	/* Before the name, behind whose length anything may stand: they are compared as one word. */
	uint16_t type, class;
	bool dnssec_ok, cd;
	struct dns_name name;
};

/* The same to look up: the name is borrowed, and hashed already, by the cache's seed. */
struct cache_ask {
	uint64_t space, name_hash;
	uint64_t hash; /* of all of it: cache_ask_hash */
	const struct dns_name *name;
	uint16_t type, class;
	bool dnssec_ok, cd;
};
struct cache_ask cache_ask_of(struct hash_key seed, const struct cache_key *key);

/* In space 0. */
void cache_key_from_query(struct cache_key *key, const struct dns_query *query);
bool cache_key_equal(const struct cache_key *a, const struct cache_key *b);
uint64_t cache_key_hash(struct hash_key seed, const struct cache_key *key);

/* The facts of an answer for one home. */
struct facts_view {
	uint64_t
		journal_id; /* names this answer with these facts in the journal; the caller's, never 0 */
	/* Which rules the answer can meet, as the policy notes it down for itself (policy_answer.kept). */
	atomic_uint_least64_t rules;
	struct answer_facts facts; /* flexible, last */
};

/* Facts that can be replaced while others read them: a view for each home. */
struct facts_box {
	struct rcu_head rcu;
	uint32_t view_count; /* at most 32 */
	uint32_t view_bytes; /* of one view, so the distance of two */
	atomic_uint
		journalled; /* bit i: the content of the answer with view i has been written; if not, the next record
	                           must carry it along */
	alignas(struct facts_view) char views[];
};

static inline struct facts_view *facts_box_view(struct facts_box *box, size_t home)
{
	return (struct facts_view *)(box->views + home * box->view_bytes);
}

/* An answer with its facts. Reference-counted: one for the cache while it is in there, one for each
 * waiter that it is handed to; freed through RCU, so a reader under rcu_read_lock needs none. Threads
 * that let go of references, insert or replace facts are registered with RCU, like those that read. */
struct cache_entry {
	uint64_t space; /* with the name, all that a cache_key says: cache_entry_key */
	uint16_t type, class;
	bool dnssec_ok, cd;
	uint8_t name_length, name_labels;
	struct answer *answer;         /* owned; immutable */
	struct facts_box *facts;       /* owned; read with rcu_dereference */
	int64_t stored_us, expires_us; /* monotonic */
	/* The upstreams have failed to renew it: until then it is served as it is, and they are not asked (RFC 8767, 5). */
	atomic_int_least64_t recheck_us;
	/* cache.c's own */
	struct cache_entry *next; /* in its bucket; RCU */
	union {
		struct {
			struct cache_entry *ring_next, *ring_prev; /* in its shard's clock */
		};
		struct rcu_head rcu; /* when nobody has it any more */
	};
	uint64_t hash;
	uint32_t bytes;
	atomic_uint references;
	atomic_bool used; /* looked up since the clock's hand came by */
	uint8_t tail[];   /* the name in wire form, then who gave the answer, as a text */
};

/* Who gave the answer: part of the evidence. */
static inline const char *cache_entry_upstream(const struct cache_entry *entry)
{
	return (const char *)entry->tail + entry->name_length;
}

void cache_entry_key(const struct cache_entry *entry, struct cache_key *key);
bool cache_entry_is(const struct cache_entry *entry, const struct cache_ask *ask);

struct cache;

/* `bytes_max` of entries in all. NULL without memory. */
struct cache *cache_new(size_t bytes_max, struct hash_key seed);
/* No reader may be left. The memory of entries is free after rcu_barrier(). */
void cache_free(struct cache **cache);

/* Makes an entry with one reference, the caller's. Takes ownership of `answer` and `facts` (from
 * facts_box_new) on success and on failure (NULL: no memory, both are freed). Lifetime is the answer's ttl. Of `upstream`
 * CACHE_UPSTREAM_TEXT_MAX bytes at most are kept. */
struct cache_entry *cache_entry_new(const struct cache_key *key, struct answer *answer,
                                    struct facts_box *facts, const char *upstream, struct now now);
/* False: its last reference has gone meanwhile and it will be freed after this read section; to be
 * treated as a miss. */
PF_MUST_CHECK bool cache_entry_ref(struct cache_entry *entry);
void cache_entry_unref(struct cache_entry *entry); /* NULL is allowed */

/* Zeroed, with room for `address_count` addresses in each view; NULL without memory. */
struct facts_box *facts_box_new(size_t view_count, size_t address_count);

/* Replaces the facts of an entry (a geo database or a home changed) by others of the same answer; takes ownership. Any
 * thread. */
void cache_entry_replace_facts(struct cache_entry *entry, struct facts_box *facts);

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

/* Calls `see` with each entry that is still good, but stops when it says so. The entries are borrowed for the call. In a
 * thread that may read for long: what is freed meanwhile waits for it now and then. */
void cache_each(struct cache *cache, struct now now,
                bool (*see)(void *data, const struct cache_entry *entry), void *data);

struct cache_stats {
	uint64_t entries, bytes, bytes_max, inserted, evicted;
};
void cache_stats(struct cache *cache, struct cache_stats *stats);

#endif
