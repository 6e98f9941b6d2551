/* Entries of the cache: an answer, its facts, and how long both live. */
#include <stdlib.h>
#include <string.h>

#include "cache/cache.h"

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

bool cache_entry_is(const struct cache_entry *entry, const struct cache_ask *ask)
{
	return ask->space == entry->space && ask->type == entry->type && ask->class == entry->class &&
	       ask->dnssec_ok == entry->dnssec_ok && ask->cd == entry->cd &&
	       ask->name->length == entry->name_length &&
	       !memcmp(ask->name->wire, entry->tail, entry->name_length);
}

void cache_entry_key(const struct cache_entry *entry, struct cache_key *key)
{
	key->space = entry->space;
	key->type = entry->type;
	key->class = entry->class;
	key->dnssec_ok = entry->dnssec_ok;
	key->cd = entry->cd;
	key->name.length = entry->name_length;
	key->name.labels = entry->name_labels;
	memcpy(key->name.wire, entry->tail, entry->name_length);
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

struct facts_box *facts_box_new(size_t view_count, size_t address_count)
{
	size_t bytes = sizeof(struct facts_view) + address_count * sizeof(struct address_facts);
	bytes = (bytes + alignof(struct facts_view) - 1) & ~(alignof(struct facts_view) - 1);
	struct facts_box *box = calloc(1, sizeof *box + view_count * bytes);
	if (!box)
		return NULL;
	box->view_count = (uint32_t)view_count;
	box->view_bytes = (uint32_t)bytes;
	return box;
}

static void free_box(struct rcu_head *head)
{
	free((char *)head - offsetof(struct facts_box, rcu));
}

static size_t box_bytes(const struct facts_box *box)
{
	return sizeof *box + (size_t)box->view_count * box->view_bytes;
}

struct cache_entry *cache_entry_new(const struct cache_key *key, struct answer *answer,
                                    struct facts_box *facts, const char *upstream, struct now now)
{
	size_t text = strnlen(upstream, CACHE_UPSTREAM_TEXT_MAX - 1);
	size_t own = sizeof(struct cache_entry) + key->name.length + text + 1;
	struct cache_entry *entry = calloc(1, own);
	if (!entry) {
		answer_free(&answer);
		free(facts);
		return NULL;
	}
	*entry = (struct cache_entry){
		.space = key->space,
		.type = key->type,
		.class = key->class,
		.dnssec_ok = key->dnssec_ok,
		.cd = key->cd,
		.name_length = key->name.length,
		.name_labels = key->name.labels,
		.answer = answer,
		.facts = facts,
		.stored_us = now.mono_us,
		.expires_us = now.mono_us + (int64_t)answer->ttl * 1000000,
		.bytes = (uint32_t)(own + answer_bytes(answer) + box_bytes(facts)),
	};
	memcpy(entry->tail, key->name.wire, key->name.length);
	memcpy(entry->tail + key->name.length, upstream, text);
	entry->tail[key->name.length + text] = '\0';
	atomic_init(&entry->references, 1);
	return entry;
}

bool cache_entry_ref(struct cache_entry *entry)
{
	unsigned count = atomic_load_explicit(&entry->references, memory_order_relaxed);
	while (count)
		if (atomic_compare_exchange_weak_explicit(&entry->references, &count, count + 1,
		                                          memory_order_acquire, memory_order_relaxed))
			return true;
	return false;
}

static void free_entry(struct rcu_head *head)
{
	struct cache_entry *entry =
		(struct cache_entry *)((char *)head - offsetof(struct cache_entry, rcu));
	answer_free(&entry->answer);
	free(entry->facts);
	free(entry);
}

void cache_entry_unref(struct cache_entry *entry)
{
	if (entry && atomic_fetch_sub_explicit(&entry->references, 1, memory_order_acq_rel) == 1)
		call_rcu(&entry->rcu, free_entry);
}

void cache_entry_replace_facts(struct cache_entry *entry, struct facts_box *facts)
{
	struct facts_box *old = rcu_xchg_pointer(&entry->facts, facts);
	call_rcu(&old->rcu, free_box);
}
