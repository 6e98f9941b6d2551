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
#define CACHE_SOURCES_MAX \
	256                      /* texts that are kept once; what more there is stands in each entry */
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

#define CACHE_VIEWS_MAX 8 /* homes that an answer can be judged for */

/* What is kept of the facts of an answer for one home. All else follows from its addresses and the databases. */
struct facts_digest {
	uint64_t
		journal_id;   /* names this answer with these facts in the journal; the caller's, never 0 */
	uint8_t standing; /* enum standing, of the whole answer */
	uint8_t confidence; /* enum confidence */
	bool inside;        /* one of the addresses at least leads into the house */
};

struct cache_facts {
	uint32_t epoch; /* of the geo databases and `home` that judged it */
	size_t view_count;
	struct facts_digest views[CACHE_VIEWS_MAX]; /* one for each home */
};

struct cache_view {
	uint64_t journal_id;
	/* Which rules the answer can meet, as the policy notes it down for itself (policy_answer.kept). */
	atomic_uint_least64_t rules;
};

/* An answer with what is kept of its facts: one block, as small as it can be, since there are hundreds of thousands.
 *
 *   head | views of other homes | places of TTLs | verdicts of other homes | the message | what few have
 *
 * The message has the name that was asked, in lower case behind its header, so that is the key; names and addresses that the answer leads to are read out
 * of it (dns/unfold.h). Few have: a space other than 0, an EDE, name servers and their addresses, a text that the cache has no number for.
 *
 * Immutable but for what is atomic. Reference-counted: one for the cache while it is in there, one for each
 * waiter that it is handed to; freed through RCU, so a reader under rcu_read_lock needs none. Threads
 * that let go of references or insert are registered with RCU, like those that read. */
struct cache_entry {
	/* cache.c's own */
	struct cache_entry *next; /* in its bucket; RCU */
	union {
		struct {
			struct cache_entry *ring_next, *ring_prev; /* in its shard's clock */
		};
		struct rcu_head rcu; /* when nobody has it any more */
	};
	uint64_t hash;
	/* Of all; read by the functions below. */
	struct cache_view view; /* of home 0 */
	atomic_uint references;
	uint32_t stored_high;  /* monotonic, in 16 microseconds, over 2^16 */
	atomic_uint recheck_s; /* monotonic, or 0 */
	uint32_t epoch;
	uint32_t ttl;
	uint16_t stored_low; /* the rest of it */
	uint16_t length;     /* of the message */
	uint16_t ttl_count, address_count;
	uint16_t source; /* who gave it, a number of the cache, or CACHE_SOURCE_NONE */
	uint8_t hop_count, view_count;
	uint8_t traits; /* bits: what was asked for, what the answer is, what stands behind it */
	uint8_t rcode;
	atomic_bool used;     /* looked up since the clock's hand came by */
	atomic_uchar verdict; /* of home 0: bits of the digest, and whether the journal has it */
	uint8_t tail[];
};

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
/* False: its last reference has gone meanwhile and it will be freed after this read section; to be
 * treated as a miss. */
PF_MUST_CHECK bool cache_entry_ref(struct cache_entry *entry);
void cache_entry_unref(struct cache_entry *entry); /* NULL is allowed */

/* ---- what an entry says ------------------------------------------------------------------ */

void cache_entry_key(const struct cache_entry *entry, struct cache_key *key);
bool cache_entry_is(const struct cache_entry *entry, const struct cache_ask *ask);

/* What it takes of memory: the allocator rounds up, and has a word of its own before each block. */
size_t cache_entry_bytes(const struct cache_entry *entry);

/* The answer, as long as the entry is there: of its hops and addresses only how many there are (answer_unfold). */
void cache_entry_answer(const struct cache_entry *entry, struct answer *answer);

/* Who gave the answer: part of the evidence. Good as long as the cache and the entry are. */
const char *cache_entry_upstream(const struct cache *cache, const struct cache_entry *entry);

static inline int64_t cache_entry_stored_us(const struct cache_entry *entry)
{
	return (int64_t)((uint64_t)entry->stored_high << 32 | (uint64_t)entry->stored_low << 16) >> 12;
}

static inline int64_t cache_entry_expires_us(const struct cache_entry *entry)
{
	return cache_entry_stored_us(entry) + (int64_t)entry->ttl * 1000000;
}

static inline uint32_t cache_entry_age_s(const struct cache_entry *entry, struct now now)
{
	int64_t age_us = now.mono_us - cache_entry_stored_us(entry);
	return age_us > 0 ? (uint32_t)(age_us / 1000000) : 0;
}

/* The upstreams have failed to renew it: until then it is served as it is, and they are not asked (RFC 8767, 5). */
void cache_entry_recheck(struct cache_entry *entry, int64_t mono_us);
bool cache_entry_rests(const struct cache_entry *entry, struct now now);

struct facts_digest cache_entry_facts(const struct cache_entry *entry, size_t home);
atomic_uint_least64_t *cache_entry_rules(struct cache_entry *entry, size_t home);

/* The content of the answer with these facts has been written; if not, the next record must carry it along. */
bool cache_entry_is_journalled(const struct cache_entry *entry, size_t home);
void cache_entry_set_journalled(struct cache_entry *entry, size_t home);

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
 * until the end of this section of RCU in each case. Any thread. */
void cache_replace(struct cache *cache, struct cache_entry *old, struct cache_entry *entry,
                   struct now now);

/* Calls `see` with each entry that is still good, but stops when it says so. The entries are borrowed for the call. In a
 * thread that may read for long: what is freed meanwhile waits for it now and then. */
void cache_each(struct cache *cache, struct now now,
                bool (*see)(void *data, const struct cache_entry *entry), void *data);

struct cache_stats {
	uint64_t entries, bytes, bytes_max, inserted, evicted;
};
void cache_stats(struct cache *cache, struct cache_stats *stats);

#endif
