/* An answer as the cache keeps it, and what it says: what the cache is asked for, how an entry is laid out, and how it is read. */
#ifndef PF_CACHE_ENTRY_H
#define PF_CACHE_ENTRY_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "dns/answer.h"
#include "value/facts.h"

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
 *    0 view of home 0        journal's id, rules that it can meet                        16
 *   16 references, when it was stored, whether it rests, epoch, TTL                      20
 *   36 lengths and counts    stored (rest), message, where it is, addresses, source, CNAMEs …   12
 *   48 marks                 traits, rcode and DNSSEC, the clock's, verdict of home 0     4
 *   52 views of other homes  (from 56) 16 bytes for each; none in most houses
 *      places of TTLs        2 bytes for each record
 *      verdicts of other homes  1 byte for each
 *      the message           header, question, records
 *      what few have
 *
 * The message has the name that was asked, in lower case behind its header, so that is the key; names and addresses that the answer leads to are read out
 * of it (dns/unfold.h). Few have: a space other than 0, an EDE, name servers and their addresses, a text that the cache has no number for.
 *
 * Immutable but for what is atomic. Reference-counted: one for the cache while it is in there and until all have gone who may have looked it up there (RCU),
 * so a reader under rcu_read_lock needs none; one for each waiter that it is handed to. Threads that insert are registered
 * with RCU, like those that read. */
struct cache_entry {
	struct cache_view view; /* of home 0 */
	atomic_uint references;
	uint32_t stored_high;  /* monotonic, in 16 microseconds, over 2^16 */
	atomic_uint recheck_s; /* monotonic, or 0 */
	uint32_t epoch;
	uint32_t ttl;
	uint16_t stored_low; /* the rest of it */
	uint16_t length;     /* of the message */
	uint16_t message;    /* where it begins */
	uint16_t address_count;
	uint16_t source; /* who gave it, a number of the cache, or CACHE_SOURCE_NONE */
	uint8_t hop_count, view_count;
	uint8_t traits; /* bits: what was asked for, what the answer is, what stands behind it */
	uint8_t rcode;
	atomic_uchar
		mark; /* the cache's: whether it was looked up since the hand of its clock came by */
	atomic_uchar verdict; /* of home 0: bits of the digest, and whether the journal has it */
	uint8_t tail[];
};

enum cache_trait {
	TRAIT_DNSSEC_OK = 1, /* asked with DO */
	TRAIT_CD = 2,        /* asked with CD */
	TRAIT_AD = 4,
	/* What stands behind the message, in this order. */
	TRAIT_SPACE = 8, /* uint64_t */
	TRAIT_EDE = 16,  /* int16_t */
	TRAIT_GLUE = 32, /* name servers and their addresses */
};
#define TRAITS_ASKED (TRAIT_DNSSEC_OK | TRAIT_CD)

/* A verdict byte. */
#define VERDICT_STANDING 0x07
#define VERDICT_CONFIDENCE_SHIFT 3
#define VERDICT_CONFIDENCE 0x03
#define VERDICT_INSIDE 0x20
#define VERDICT_JOURNALLED 0x40

#define CACHE_ENTRY_HEAD offsetof(struct cache_entry, tail)
#define CACHE_ENTRY_VIEWS \
	((CACHE_ENTRY_HEAD + alignof(struct cache_view) - 1) & ~(alignof(struct cache_view) - 1))

static inline uint8_t *cache_entry_message(const struct cache_entry *entry)
{
	return (uint8_t *)entry + entry->message;
}

static inline struct cache_view *cache_entry_view(const struct cache_entry *entry, size_t home)
{
	struct cache_view *others = (struct cache_view *)((char *)entry + CACHE_ENTRY_VIEWS);
	return home ? &others[home - 1] : (struct cache_view *)&entry->view;
}

static inline atomic_uchar *cache_entry_verdict(const struct cache_entry *entry, size_t home)
{
	atomic_uchar *end = (atomic_uchar *)cache_entry_message(entry);
	return home ? end - entry->view_count + home : (atomic_uchar *)&entry->verdict;
}

void cache_entry_key(const struct cache_entry *entry, struct cache_key *key);
uint64_t cache_entry_space(const struct cache_entry *entry);

/* A name in wire form is no beginning of another one. */
static inline bool cache_entry_is(const struct cache_entry *entry, const struct cache_ask *ask)
{
	const uint8_t *question = cache_entry_message(entry) + DNS_HEADER_BYTES;
	size_t length = ask->name->length;
	return (entry->traits & TRAITS_ASKED) == (ask->dnssec_ok | ask->cd << 1) &&
	       length + DNS_HEADER_BYTES + 4 <= entry->length &&
	       !memcmp(ask->name->wire, question, length) &&
	       dns_read32(question + length) == ((uint32_t)ask->type << 16 | ask->class) &&
	       (entry->traits & TRAIT_SPACE ? cache_entry_space(entry) : 0) == ask->space;
}

/* What it takes of memory: the allocator rounds up, and has a word of its own before each block. */
size_t cache_entry_bytes(const struct cache_entry *entry);

/* The answer, as long as the entry is there: of its hops and addresses only how many there are (answer_unfold). */
void cache_entry_answer(const struct cache_entry *entry, struct answer *answer);

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

static inline struct facts_digest cache_entry_facts(const struct cache_entry *entry, size_t home)
{
	unsigned verdict = atomic_load_explicit(cache_entry_verdict(entry, home), memory_order_relaxed);
	return (struct facts_digest){
		.journal_id = cache_entry_view(entry, home)->journal_id,
		.standing = verdict & VERDICT_STANDING,
		.confidence = verdict >> VERDICT_CONFIDENCE_SHIFT & VERDICT_CONFIDENCE,
		.inside = verdict & VERDICT_INSIDE,
	};
}

static inline atomic_uint_least64_t *cache_entry_rules(struct cache_entry *entry, size_t home)
{
	return &cache_entry_view(entry, home)->rules;
}

/* The content of the answer with these facts has been written; if not, the next record must carry it along. */
static inline bool cache_entry_is_journalled(const struct cache_entry *entry, size_t home)
{
	return atomic_load_explicit(cache_entry_verdict(entry, home), memory_order_acquire) &
	       VERDICT_JOURNALLED;
}

static inline void cache_entry_set_journalled(struct cache_entry *entry, size_t home)
{
	atomic_fetch_or_explicit(cache_entry_verdict(entry, home), VERDICT_JOURNALLED,
	                         memory_order_release);
}

#endif
