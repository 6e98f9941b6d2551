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

struct answer *answer_make(uint32_t ttl, uint16_t wire_bytes)
{
	struct answer *answer = calloc(1, sizeof *answer + wire_bytes);
	assert_non_null(answer);
	answer->ttl = ttl;
	answer->length = wire_bytes;
	answer->wire = (uint8_t *)(answer + 1);
	return answer;
}

struct facts_box *facts_make(uint64_t journal_id)
{
	struct facts_box *box = facts_box_new(2, ADDRESS_COUNT);
	assert_non_null(box);
	for (size_t i = 0; i < 2; i++) {
		struct facts_view *view = facts_box_view(box, i);
		view->journal_id = journal_id + i;
		view->facts.address_count = ADDRESS_COUNT;
		view->facts.addresses[ADDRESS_COUNT - 1].asn = (uint32_t)(journal_id + i);
	}
	return box;
}

void put(struct cache *cache, const struct cache_key *key, uint32_t ttl, uint16_t wire_bytes,
         struct now now)
{
	struct cache_entry *entry =
		cache_entry_new(key, answer_make(ttl, wire_bytes), facts_make(1), "192.0.2.53:53", now);
	assert_non_null(entry);
	cache_insert(cache, entry, now);
	cache_entry_unref(entry);
}

unsigned wire_bytes_of(struct cache *cache, const struct cache_key *key, struct now now)
{
	rcu_read_lock();
	const struct cache_entry *entry = cache_lookup(cache, key, now);
	unsigned bytes = entry ? entry->answer->length : 0;
	rcu_read_unlock();
	return bytes;
}

bool has(struct cache *cache, const struct cache_key *key, struct now now)
{
	return wire_bytes_of(cache, key, now) > 0;
}
