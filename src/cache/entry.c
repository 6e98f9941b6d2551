/* Entries of the cache: how an answer and what is kept of its facts lie in one block, and how long both live. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "cache/cache.h"
#include "cache/sources.h"

void cache_key_from_query(struct cache_key *key, const struct dns_query *query)
{
	key->space = 0;
	key->type = query->type;
	key->class = query->class;
	key->dnssec_ok = query->edns.dnssec_ok;
	key->cd = query->cd;
	dns_name_copy(&key->name, &query->name);
}

struct cache_ask cache_ask_of(struct hash_key seed, const struct cache_key *key)
{
	struct cache_ask ask = {
		.space = key->space,
		.name_hash = hash_bytes(seed, key->name.wire, key->name.length),
		.name = &key->name,
		.type = key->type,
		.class = key->class,
		.dnssec_ok = key->dnssec_ok,
		.cd = key->cd,
	};
	ask.hash = cache_ask_hash(&ask);
	return ask;
}

bool cache_key_equal(const struct cache_key *a, const struct cache_key *b)
{
	return a->space == b->space && a->type == b->type && a->class == b->class &&
	       a->dnssec_ok == b->dnssec_ok && a->cd == b->cd && dns_name_equal(&a->name, &b->name);
}

uint64_t cache_ask_hash(const struct cache_ask *ask)
{
	uint64_t rest = (uint64_t)ask->type | (uint64_t)ask->class << 16 |
	                (uint64_t)ask->dnssec_ok << 32 | (uint64_t)ask->cd << 33;
	uint64_t hash = ask->name_hash ^ (rest ^ ask->space) * 0x9e3779b97f4a7c15u;
	return (hash ^ hash >> 32) * 0xff51afd7ed558ccdu;
}

uint64_t cache_key_hash(struct hash_key seed, const struct cache_key *key)
{
	return cache_ask_of(seed, key).hash;
}

/* ---- the layout -------------------------------------------------------------------------- */

/* `rcode`, and above it what was validated. */
#define RCODE_MASK 0x0f
#define DNSSEC_SHIFT 4

struct glue {
	uint16_t server_bytes;
	uint8_t address_count;
} __attribute__((packed));

static inline size_t ttls_at(size_t view_count)
{
	return view_count == 1 ? CACHE_ENTRY_HEAD
	                       : CACHE_ENTRY_VIEWS + (view_count - 1) * sizeof(struct cache_view);
}

static inline size_t message_at(size_t view_count, size_t ttl_count)
{
	return ttls_at(view_count) + ttl_count * sizeof(uint16_t) + view_count - 1;
}

/* ---- reading ----------------------------------------------------------------------------- */

uint64_t cache_entry_space(const struct cache_entry *entry)
{
	uint64_t space = 0;
	if (entry->traits & TRAIT_SPACE)
		memcpy(&space, cache_entry_message(entry) + entry->length, sizeof space);
	return space;
}

void cache_entry_key(const struct cache_entry *entry, struct cache_key *key)
{
	const uint8_t *wire = cache_entry_message(entry);
	int length = dns_name_from_wire(wire, entry->length, DNS_HEADER_BYTES, false, &key->name);
	assert(length > 0);
	key->space = cache_entry_space(entry);
	key->type = dns_read16(wire + DNS_HEADER_BYTES + length);
	key->class = dns_read16(wire + DNS_HEADER_BYTES + length + 2);
	key->dnssec_ok = entry->traits & TRAIT_DNSSEC_OK;
	key->cd = entry->traits & TRAIT_CD;
}

/* What few have: an EDE and name servers go to `answer`, if there is one. Returns where the text stands that has no number. */
static const uint8_t *read_rest(const struct cache_entry *entry, struct answer *answer)
{
	struct answer none;
	const uint8_t *at = cache_entry_message(entry) + entry->length;
	if (!answer)
		answer = &none;
	if (entry->traits & TRAIT_SPACE)
		at += sizeof(uint64_t);
	if (entry->traits & TRAIT_EDE) {
		memcpy(&answer->ede, at, sizeof answer->ede);
		at += sizeof answer->ede;
	}
	if (entry->traits & TRAIT_GLUE) {
		struct glue glue;
		memcpy(&glue, at, sizeof glue);
		at += sizeof glue;
		answer->server_bytes = glue.server_bytes;
		answer->server_address_count = glue.address_count;
		answer->servers = (uint8_t *)at;
		at += glue.server_bytes;
		answer->server_addresses = (struct addr *)at;
		at += glue.address_count * sizeof(struct addr);
	}
	return at;
}

/* As malloc rounds, which has a word of its own before each block. Not as it happens to: when what is left would be too small for a block of its
 * own it is given along, which malloc_usable_size knows, and then two entries of the same answer would not take the same. */
size_t cache_entry_bytes(const struct cache_entry *entry)
{
	const uint8_t *end = read_rest(entry, NULL);
	if (entry->source == CACHE_SOURCE_NONE)
		end += strlen((const char *)end) + 1;
	size_t bytes = (size_t)(end - (const uint8_t *)entry) + sizeof(size_t);
	return (bytes + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
}

void cache_entry_answer(const struct cache_entry *entry, struct answer *answer)
{
	const size_t ttls = ttls_at(entry->view_count);
	*answer = (struct answer){
		.rcode = entry->rcode & RCODE_MASK,
		.ttl = entry->ttl,
		.ad = entry->traits & TRAIT_AD,
		.dnssec = entry->rcode >> DNSSEC_SHIFT,
		.ede = DNS_EDE_NONE,
		.length = entry->length,
		.wire = cache_entry_message(entry),
		.ttl_count =
			(uint16_t)((entry->message + 1u - entry->view_count - ttls) / sizeof(uint16_t)),
		.ttl_offsets = (uint16_t *)((char *)entry + ttls),
		.address_count = entry->address_count,
		.hop_count = entry->hop_count,
	};
	if (entry->traits & (TRAIT_EDE | TRAIT_GLUE))
		read_rest(entry, answer);
}

const char *cache_entry_upstream(const struct cache *cache, const struct cache_entry *entry)
{
	return entry->source == CACHE_SOURCE_NONE ? (const char *)read_rest(entry, NULL)
	                                          : cache_source(cache, entry->source);
}

void cache_entry_recheck(struct cache_entry *entry, int64_t mono_us)
{
	atomic_store_explicit(&entry->recheck_s, (unsigned)(mono_us / 1000000), memory_order_relaxed);
}

bool cache_entry_rests(const struct cache_entry *entry, struct now now)
{
	return atomic_load_explicit(&entry->recheck_s, memory_order_relaxed) * 1000000LL > now.mono_us;
}

/* ---- making ------------------------------------------------------------------------------ */

static size_t whole_bytes(const struct cache_entry *entry, const struct answer *answer,
                          const char *text)
{
	size_t bytes = entry->message + answer->length;
	if (entry->traits & TRAIT_SPACE)
		bytes += sizeof(uint64_t);
	if (entry->traits & TRAIT_EDE)
		bytes += sizeof answer->ede;
	if (entry->traits & TRAIT_GLUE)
		bytes += sizeof(struct glue) + answer->server_bytes +
		         answer->server_address_count * sizeof *answer->server_addresses;
	if (entry->source == CACHE_SOURCE_NONE)
		bytes += strlen(text) + 1;
	return bytes;
}

static void put(uint8_t **at, const void *bytes, size_t length)
{
	if (length)
		memcpy(*at, bytes, length);
	*at += length;
}

static void put_rest(struct cache_entry *entry, uint64_t space, const struct answer *answer,
                     const char *text)
{
	const struct glue glue = {answer->server_bytes, answer->server_address_count};
	uint8_t *at = cache_entry_message(entry) + entry->length;
	if (entry->traits & TRAIT_SPACE)
		put(&at, &space, sizeof space);
	if (entry->traits & TRAIT_EDE)
		put(&at, &answer->ede, sizeof answer->ede);
	if (entry->traits & TRAIT_GLUE) {
		put(&at, &glue, sizeof glue);
		put(&at, answer->servers, answer->server_bytes);
		put(&at, answer->server_addresses,
		    answer->server_address_count * sizeof *answer->server_addresses);
	}
	if (entry->source == CACHE_SOURCE_NONE)
		put(&at, text, strlen(text) + 1);
}

static void put_facts(struct cache_entry *entry, const struct cache_facts *facts)
{
	for (size_t i = 0; i < facts->view_count; i++) {
		const struct facts_digest *digest = &facts->views[i];
		cache_entry_view(entry, i)->journal_id = digest->journal_id;
		atomic_init(&cache_entry_view(entry, i)->rules, 0);
		unsigned verdict = digest->standing |
		                   (unsigned)digest->confidence << VERDICT_CONFIDENCE_SHIFT |
		                   (digest->inside ? VERDICT_INSIDE : 0);
		atomic_init(cache_entry_verdict(entry, i), (unsigned char)verdict);
	}
}

static struct cache_entry head_of(const struct cache_key *key, const struct answer *answer,
                                  const struct cache_facts *facts, int64_t mono_us)
{
	bool glue = answer->server_bytes || answer->server_address_count;
	return (struct cache_entry){
		.stored_high = (uint32_t)(mono_us >> 20),
		.stored_low = (uint16_t)(mono_us >> 4),
		.epoch = facts->epoch,
		.ttl = answer->ttl,
		.length = answer->length,
		.message = (uint16_t)message_at(facts->view_count, answer->ttl_count),
		.address_count = answer->address_count,
		.hop_count = answer->hop_count,
		.view_count = (uint8_t)facts->view_count,
		.traits =
			(uint8_t)((key->dnssec_ok ? TRAIT_DNSSEC_OK : 0) | (key->cd ? TRAIT_CD : 0) |
	                  (answer->ad ? TRAIT_AD : 0) | (key->space ? TRAIT_SPACE : 0) |
	                  (answer->ede != DNS_EDE_NONE ? TRAIT_EDE : 0) | (glue ? TRAIT_GLUE : 0)),
		.rcode = (uint8_t)(answer->rcode | answer->dnssec << DNSSEC_SHIFT),
	};
}

struct cache_entry *cache_entry_new(struct cache *cache, const struct cache_key *key,
                                    const struct answer *answer, const struct cache_facts *facts,
                                    const char *upstream, struct now now)
{
	char text[CACHE_UPSTREAM_TEXT_MAX];
	size_t length = strnlen(upstream, sizeof text - 1);
	memcpy(text, upstream, length);
	text[length] = '\0';
	assert(facts->view_count >= 1 && facts->view_count <= CACHE_VIEWS_MAX);
	struct cache_entry head = head_of(key, answer, facts, now.mono_us);
	head.source = sources_number(cache_sources(cache), text);
	struct cache_entry *entry = malloc(whole_bytes(&head, answer, text));
	if (!entry)
		return NULL;
	memcpy(entry, &head, CACHE_ENTRY_HEAD);
	atomic_init(&entry->references, 1);
	uint8_t *ttls = (uint8_t *)entry + ttls_at(entry->view_count);
	put(&ttls, answer->ttl_offsets, answer->ttl_count * sizeof *answer->ttl_offsets);
	put_facts(entry, facts);
	memcpy(cache_entry_message(entry), answer->wire, answer->length);
	put_rest(entry, key->space, answer, text);
	return entry;
}

struct cache_entry *cache_entry_judged(struct cache *cache, const struct cache_entry *entry,
                                       const struct cache_facts *facts)
{
	struct cache_key key;
	struct answer answer;
	const struct now then = {.mono_us = cache_entry_stored_us(entry)};
	cache_entry_key(entry, &key);
	cache_entry_answer(entry, &answer);
	struct cache_entry *judged =
		cache_entry_new(cache, &key, &answer, facts, cache_entry_upstream(cache, entry), then);
	if (judged)
		atomic_init(&judged->recheck_s,
		            atomic_load_explicit(&entry->recheck_s, memory_order_relaxed));
	return judged;
}

/* ---- its life ---------------------------------------------------------------------------- */

void cache_entry_ref(struct cache_entry *entry)
{
	atomic_fetch_add_explicit(&entry->references, 1, memory_order_relaxed);
}

void cache_entry_unref(struct cache_entry *entry)
{
	if (entry && atomic_fetch_sub_explicit(&entry->references, 1, memory_order_acq_rel) == 1)
		free(entry);
}
