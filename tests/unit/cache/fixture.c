/* Keys, answers and entries for the tests of the cache. */
#include "unit/cache/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define START_US 5000000 /* not zero, so that a forgotten clock shows */

int rcu_begin(void **state)
{
	(void)state;
	rcu_register_thread();
	return 0;
}

int rcu_end(void **state)
{
	(void)state;
	rcu_barrier();
	rcu_unregister_thread();
	return 0;
}

struct now at_s(int64_t seconds)
{
	return (struct now){.mono_us = START_US + seconds * 1000000, .wall_us = 1};
}

struct cache_key key_of(const char *name, uint16_t type)
{
	struct cache_key key = {.type = type, .class = DNS_CLASS_IN};
	assert_int_equal(dns_name_from_text(name, &key.name), PF_OK);
	return key;
}

struct cache_key key_number(unsigned number)
{
	char name[32];
	snprintf(name, sizeof name, "n%06u.example", number);
	return key_of(name, DNS_TYPE_A);
}

struct answer *blank_answer(const struct cache_key *key, uint32_t ttl, uint16_t wire_bytes)
{
	struct answer *answer = calloc(1, sizeof *answer + wire_bytes);
	assert_non_null(answer);
	assert_true(wire_bytes >= DNS_HEADER_BYTES + key->name.length + 4);
	answer->ttl = ttl;
	answer->ede = DNS_EDE_NONE;
	answer->length = wire_bytes;
	answer->wire = (uint8_t *)(answer + 1);
	uint8_t *question = answer->wire + DNS_HEADER_BYTES;
	memcpy(question, key->name.wire, key->name.length);
	dns_write16(question + key->name.length, key->type);
	dns_write16(question + key->name.length + 2, key->class);
	return answer;
}

struct cache_facts facts_make(uint64_t journal_id)
{
	struct cache_facts facts = {.epoch = (uint32_t)journal_id, .view_count = VIEW_COUNT};
	for (size_t i = 0; i < VIEW_COUNT; i++)
		facts.views[i] = (struct facts_digest){.journal_id = journal_id + i,
		                                       .standing = (uint8_t)(journal_id % 6),
		                                       .confidence = (uint8_t)i,
		                                       .inside = i == 1};
	return facts;
}

bool facts_are(const struct cache_entry *entry, uint64_t journal_id)
{
	const struct cache_facts facts = facts_make(journal_id);
	bool same = entry->epoch == facts.epoch;
	for (size_t i = 0; i < VIEW_COUNT; i++) {
		const struct facts_digest found = cache_entry_facts(entry, i), *digest = &facts.views[i];
		same = same && found.journal_id == digest->journal_id &&
		       found.standing == digest->standing && found.confidence == digest->confidence &&
		       found.inside == digest->inside;
	}
	return same;
}

struct cache_entry *entry_make(struct cache *cache, const struct cache_key *key,
                               struct answer *answer, struct now now)
{
	const struct cache_facts facts = facts_make(1);
	struct cache_entry *entry = cache_entry_new(cache, key, answer, &facts, "192.0.2.53:53", now);
	assert_non_null(entry);
	answer_free(&answer);
	return entry;
}

void put(struct cache *cache, const struct cache_key *key, uint32_t ttl, uint16_t wire_bytes,
         struct now now)
{
	struct cache_entry *entry = entry_make(cache, key, blank_answer(key, ttl, wire_bytes), now);
	cache_insert(cache, entry, now);
	cache_entry_unref(entry);
}

unsigned wire_bytes_of(struct cache *cache, const struct cache_key *key, struct now now)
{
	rcu_read_lock();
	const struct cache_entry *entry = cache_lookup(cache, key, now);
	unsigned bytes = entry ? entry->length : 0;
	rcu_read_unlock();
	return bytes;
}

bool has(struct cache *cache, const struct cache_key *key, struct now now)
{
	return wire_bytes_of(cache, key, now) > 0;
}
