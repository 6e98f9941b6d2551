/* Unit tests of src/cache with a fake clock: what is found and what is not, how long, what goes when it is
 * full, and who owns what. Leaks and uses after free are for the sanitizers and valgrind to see. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cache/slots.h"
#include "unit/cache/fixture.h"

#define WIRE 100 /* bytes of an answer where they do not matter */

static const struct hash_key seed = {0x706f727461666c74};

static struct cache_key key_of_one_shard(unsigned *number);

/* What `count` entries with a wire of WIRE bytes in one shard take, with their table. */
static size_t shard_bytes(size_t count)
{
	struct cache *cache = cache_new(1 << 20, seed);
	struct cache_stats stats;
	unsigned number = 0;
	for (size_t i = 0; i < count; i++) {
		struct cache_key key = key_of_one_shard(&number);
		put(cache, &key, 60, WIRE, at_s(0));
	}
	cache_stats(cache, &stats);
	assert_int_equal(stats.entries, count);
	cache_free(&cache);
	return stats.bytes;
}

/* A cache in which each shard has room for exactly `count` such entries. */
static struct cache *cache_for(size_t count)
{
	struct cache *cache = cache_new(shard_bytes(count) * CACHE_SHARD_COUNT, seed);
	assert_non_null(cache);
	return cache;
}

static bool is_of(const struct cache_entry *entry, const struct cache_key *key)
{
	struct cache_key kept;
	cache_entry_key(entry, &kept);
	return cache_key_equal(&kept, key);
}

/* The next key at or after `*number` that falls into the first shard, so that order can be seen. */
static struct cache_key key_of_one_shard(unsigned *number)
{
	struct cache_key key = key_number(*number);
	while (cache_key_hash(seed, &key) % CACHE_SHARD_COUNT)
		key = key_number(++*number);
	++*number;
	return key;
}

/* ---- looking up -------------------------------------------------------------------------- */

static void hit_and_miss(void **state)
{
	(void)state;
	struct cache *cache = cache_new(1 << 20, seed);
	struct cache_key key = key_of("a.example", DNS_TYPE_A), other = key_of("b.example", DNS_TYPE_A);
	assert_false(has(cache, &key, at_s(0)));
	put(cache, &key, 60, WIRE, at_s(0));
	assert_int_equal(wire_bytes_of(cache, &key, at_s(0)), WIRE);
	assert_false(has(cache, &other, at_s(0)));
	rcu_read_lock();
	const struct cache_entry *entry = cache_lookup(cache, &key, at_s(1));
	assert_non_null(entry);
	assert_string_equal(cache_entry_upstream(cache, entry), "192.0.2.53:53");
	assert_int_equal(cache_entry_stored_us(entry), at_s(0).mono_us);
	assert_int_equal(cache_entry_expires_us(entry), at_s(60).mono_us);
	assert_true(is_of(entry, &key));
	assert_false(cache_entry_is_journalled(entry, 0));
	rcu_read_unlock();
	cache_free(&cache);
	assert_null(cache);
	cache_free(&cache); /* allowed */
}

static void every_part_of_the_key_counts(void **state)
{
	(void)state;
	struct cache *cache = cache_new(1 << 20, seed);
	struct cache_key keys[6];
	for (size_t i = 0; i < PF_COUNT(keys); i++)
		keys[i] = key_of("a.example", DNS_TYPE_A);
	keys[1].type = DNS_TYPE_AAAA;
	keys[2].class = 3;
	keys[3].dnssec_ok = true;
	keys[4].cd = true;
	keys[5] = key_of("aa.example", DNS_TYPE_A);
	for (size_t i = 0; i < PF_COUNT(keys); i++) {
		for (size_t j = 0; j < PF_COUNT(keys); j++) {
			assert_int_equal(cache_key_equal(&keys[i], &keys[j]), i == j);
			assert_int_equal(cache_key_hash(seed, &keys[i]) == cache_key_hash(seed, &keys[j]),
			                 i == j);
		}
		assert_false(has(cache, &keys[i], at_s(0)));
		put(cache, &keys[i], 60, (uint16_t)(WIRE + i), at_s(0));
	}
	for (size_t i = 0; i < PF_COUNT(keys); i++)
		assert_int_equal(wire_bytes_of(cache, &keys[i], at_s(0)), WIRE + i);
	cache_free(&cache);
}

static void key_is_the_question_that_was_asked(void **state)
{
	(void)state;
	struct dns_query query = {.type = DNS_TYPE_AAAA, .class = DNS_CLASS_IN, .cd = true, .rd = true};
	struct cache_key key, wanted = key_of("a.example", DNS_TYPE_AAAA);
	query.name = wanted.name;
	query.edns.present = true;
	query.edns.dnssec_ok = true;
	cache_key_from_query(&key, &query);
	assert_false(cache_key_equal(&key, &wanted));
	wanted.cd = wanted.dnssec_ok = true;
	assert_true(cache_key_equal(&key, &wanted));
}

static void hash_depends_on_the_seed(void **state)
{
	(void)state;
	struct cache_key key = key_number(1);
	assert_true(cache_key_hash((struct hash_key){1}, &key) !=
	            cache_key_hash((struct hash_key){2}, &key));
}

static void lives_for_its_ttl(void **state)
{
	(void)state;
	struct cache *cache = cache_new(1 << 20, seed);
	struct cache_key key = key_number(1);
	struct cache_stats stats;
	put(cache, &key, 60, WIRE, at_s(0));
	struct now last = at_s(60);
	last.mono_us--;
	assert_true(has(cache, &key, last));
	assert_false(has(cache, &key, at_s(60)));
	assert_false(has(cache, &key, at_s(3600)));
	cache_stats(cache, &stats);
	assert_int_equal(stats.entries, 1); /* it stays until it is evicted or replaced */
	cache_free(&cache);
}

/* ---- putting in -------------------------------------------------------------------------- */

static void replaces_the_same_question(void **state)
{
	(void)state;
	struct cache *cache = cache_new(1 << 20, seed);
	struct cache_key key = key_number(1);
	struct cache_stats once, stats;
	put(cache, &key, 60, WIRE, at_s(0));
	cache_stats(cache, &once);
	for (int64_t i = 1; i <= 100; i++)
		put(cache, &key, 60, WIRE, at_s(i));
	put(cache, &key, 60, WIRE + 16, at_s(150));
	assert_int_equal(wire_bytes_of(cache, &key, at_s(209)), WIRE + 16);
	cache_stats(cache, &stats);
	assert_int_equal(stats.entries, 1);
	assert_int_equal(stats.bytes, once.bytes + 16);
	assert_int_equal(stats.inserted, 102);
	assert_int_equal(stats.evicted, 0);
	cache_free(&cache);
}

static void replaces_in_a_full_shard(void **state)
{
	(void)state;
	struct cache *cache = cache_for(16);
	struct cache_key keys[16];
	struct cache_stats stats;
	unsigned number = 0;
	for (size_t i = 0; i < PF_COUNT(keys); i++) {
		keys[i] = key_of_one_shard(&number);
		put(cache, &keys[i], 60, WIRE, at_s(0));
	}
	for (size_t i = 0; i < PF_COUNT(keys); i++)
		put(cache, &keys[i], 600, WIRE, at_s(1)); /* in its own place: nobody has to go */
	cache_stats(cache, &stats);
	assert_int_equal(stats.evicted, 0);
	assert_int_equal(stats.entries, 16);
	for (size_t i = 0; i < PF_COUNT(keys); i++)
		assert_true(has(cache, &keys[i], at_s(500)));
	cache_free(&cache);
}

/* Two questions of one shard of whose hashes a table sees the same bits. */
static void find_twins(struct cache_key *key, struct cache_key *twin)
{
	enum { ASIDE = 1 << 16 };
	unsigned *seen = calloc(ASIDE, sizeof *seen);
	assert_non_null(seen);
	for (unsigned i = 1;; i++) {
		*twin = key_number(i);
		uint64_t hash = cache_key_hash(seed, twin);
		uint64_t bits = hash >> 44 << 4 | hash % CACHE_SHARD_COUNT;
		unsigned *number = &seen[bits % ASIDE];
		*key = key_number(*number);
		uint64_t other = *number ? cache_key_hash(seed, key) : 0;
		if (*number && bits == (other >> 44 << 4 | other % CACHE_SHARD_COUNT))
			break;
		*number = i;
	}
	free(seen);
}

static void questions_with_one_hash_are_two(void **state)
{
	(void)state;
	struct cache *cache = cache_new(1 << 20, seed);
	struct cache_stats stats;
	struct cache_key key, twin;
	find_twins(&key, &twin);
	put(cache, &key, 60, WIRE, at_s(0));
	assert_false(has(cache, &twin, at_s(0)));
	put(cache, &twin, 60, WIRE + 1, at_s(0));
	put(cache, &key, 60, WIRE + 2, at_s(0));
	assert_int_equal(wire_bytes_of(cache, &key, at_s(0)), WIRE + 2);
	assert_int_equal(wire_bytes_of(cache, &twin, at_s(0)), WIRE + 1);
	put(cache, &key, 0, WIRE, at_s(1)); /* takes the first one out; the other moves up */
	assert_false(has(cache, &key, at_s(1)));
	assert_int_equal(wire_bytes_of(cache, &twin, at_s(1)), WIRE + 1);
	put(cache, &key, 0, WIRE, at_s(1)); /* nothing is there to be taken out */
	assert_int_equal(wire_bytes_of(cache, &twin, at_s(1)), WIRE + 1);
	cache_stats(cache, &stats);
	assert_int_equal(stats.entries, 1);
	cache_free(&cache);
}

static void tables_end_somewhere(void **state)
{
	(void)state;
	struct slots table = {.size = SLOTS_MIN};
	assert_int_equal(slots_size_for_more(NULL), SLOTS_MIN);
	for (size_t size; (size = slots_size_for_more(&table)) != 0; table.size = size) {
		assert_true(size <= SLOTS_MAX && size > table.count + 1);
		table.count = size - size / 8; /* too full */
	}
	assert_int_equal(table.size, SLOTS_MAX);
	table.count = SLOTS_MAX / 2;
	assert_int_equal(slots_size_for_more(&table), SLOTS_MAX);
}

static void too_large_is_left_out(void **state)
{
	(void)state;
	struct cache *cache = cache_for(16);
	struct cache_key key = key_number(1), small = key_number(2);
	struct cache_stats stats;
	put(cache, &small, 60, WIRE, at_s(0));
	put(cache, &key, 60, 60000, at_s(0));
	assert_false(has(cache, &key, at_s(0)));
	assert_true(has(cache, &small, at_s(0)));
	cache_stats(cache, &stats);
	assert_int_equal(stats.entries, 1);
	assert_int_equal(stats.inserted, 1);
	assert_int_equal(stats.evicted, 0);
	cache_free(&cache);
}

static void too_large_does_not_leave_an_old_answer(void **state)
{
	(void)state;
	struct cache *cache = cache_for(16);
	struct cache_key key = key_number(1);
	struct cache_stats stats;
	put(cache, &key, 60, WIRE, at_s(0));
	put(cache, &key, 60, 60000,
	    at_s(1)); /* the newer one can not be kept; the older is no longer true */
	assert_false(has(cache, &key, at_s(1)));
	cache_stats(cache, &stats);
	assert_int_equal(stats.entries, 0);
	assert_int_equal(stats.bytes, stats.table_bytes);
	cache_free(&cache);
}

static void no_room_at_all(void **state)
{
	(void)state;
	struct cache *cache = cache_new(0, seed);
	struct cache_key key = key_number(1);
	assert_non_null(cache);
	put(cache, &key, 60, WIRE, at_s(0));
	assert_false(has(cache, &key, at_s(0)));
	cache_free(&cache);
}

/* ---- eviction ---------------------------------------------------------------------------- */

static void bounded_and_counted(void **state)
{
	(void)state;
	struct cache *cache = cache_for(16);
	struct cache_stats stats;
	const size_t all = shard_bytes(16) * CACHE_SHARD_COUNT;
	for (unsigned i = 0; i < 5000; i++) {
		struct cache_key key = key_number(i);
		put(cache, &key, 60, WIRE, at_s(0));
		if (i % 64 == 0) {
			cache_stats(cache, &stats);
			assert_true(stats.bytes <= stats.bytes_max);
		}
	}
	cache_stats(cache, &stats);
	assert_int_equal(stats.bytes_max, all);
	assert_int_equal(stats.entries, 16 * CACHE_SHARD_COUNT);
	assert_int_equal(stats.bytes, all);
	assert_int_equal(stats.inserted, 5000);
	assert_int_equal(stats.evicted, 5000 - stats.entries);
	unsigned found = 0;
	for (unsigned i = 0; i < 5000; i++) {
		struct cache_key key = key_number(i);
		found += has(cache, &key, at_s(0));
	}
	assert_int_equal(found, stats.entries);
	cache_free(&cache);
}

/* How many of these are there. */
static size_t count_of(struct cache *cache, const struct cache_key keys[], size_t count)
{
	size_t found = 0;
	for (size_t i = 0; i < count; i++)
		found += has(cache, &keys[i], at_s(0));
	return found;
}

static void asked_for_gets_another_round(void **state)
{
	(void)state;
	enum { ROOM = 16 };
	struct cache *cache = cache_for(ROOM);
	struct cache_key keys[ROOM + ROOM / 2];
	unsigned number = 0;
	for (size_t i = 0; i < PF_COUNT(keys); i++)
		keys[i] = key_of_one_shard(&number);
	for (size_t i = 0; i < ROOM; i++)
		put(cache, &keys[i], 60, WIRE, at_s(0));
	for (size_t i = 0; i < ROOM; i += 2)
		assert_true(has(cache, &keys[i], at_s(0)));
	/* The hand passes the even ones and takes odd ones, or new ones that nobody has asked for. */
	for (size_t i = ROOM; i < PF_COUNT(keys); i++)
		put(cache, &keys[i], 60, WIRE, at_s(0));
	for (size_t i = 0; i < ROOM; i += 2)
		assert_true(has(cache, &keys[i], at_s(0)));
	assert_int_equal(count_of(cache, keys, PF_COUNT(keys)), ROOM);
	cache_free(&cache);
}

static void asked_for_by_all_gives_one_round_only(void **state)
{
	(void)state;
	enum { ROOM = 16 };
	struct cache *cache = cache_for(ROOM);
	struct cache_key keys[ROOM + 3];
	unsigned number = 0;
	for (size_t i = 0; i < PF_COUNT(keys); i++)
		keys[i] = key_of_one_shard(&number);
	for (size_t i = 0; i < PF_COUNT(keys); i++) {
		put(cache, &keys[i], 60, WIRE, at_s(0));
		assert_true(has(cache, &keys[i], at_s(0)));
	}
	assert_int_equal(count_of(cache, keys, PF_COUNT(keys)), ROOM);
	cache_free(&cache);
}

static void hot_names_outlive_a_scan(void **state)
{
	(void)state;
	struct cache *cache = cache_for(32);
	struct cache_key hot[20];
	for (unsigned i = 0; i < PF_COUNT(hot); i++) {
		hot[i] = key_number(1000000 + i);
		put(cache, &hot[i], 60, WIRE, at_s(0));
	}
	for (unsigned i = 0; i < 20000; i++) {
		struct cache_key key = key_number(i);
		put(cache, &key, 60, WIRE, at_s(0));
		assert_true(has(cache, &hot[i % PF_COUNT(hot)], at_s(0)));
	}
	cache_free(&cache);
}

static void all_in_use_still_makes_room(void **state)
{
	(void)state;
	struct cache *cache = cache_for(16);
	unsigned number = 0;
	for (size_t i = 0; i < 100; i++) {
		struct cache_key key = key_of_one_shard(&number);
		put(cache, &key, 60, WIRE, at_s(0));
		assert_true(has(cache, &key, at_s(0)));
	}
	struct cache_stats stats;
	cache_stats(cache, &stats);
	assert_int_equal(stats.entries, 16);
	cache_free(&cache);
}

static void expired_goes_though_asked_for(void **state)
{
	(void)state;
	enum { ROOM = 16 };
	struct cache *cache = cache_for(ROOM);
	struct cache_key keys[ROOM + 1];
	unsigned number = 0;
	for (size_t i = 0; i <= ROOM; i++)
		keys[i] = key_of_one_shard(&number);
	for (size_t i = 0; i < ROOM; i++) {
		put(cache, &keys[i], i == 7 ? 10 : 600, WIRE, at_s(0));
		assert_true(has(cache, &keys[i], at_s(0)));
	}
	put(cache, &keys[ROOM], 600, WIRE, at_s(20));
	for (size_t i = 0; i <= ROOM; i++)
		assert_int_equal(has(cache, &keys[i], at_s(20)), i != 7);
	cache_free(&cache);
}

/* ---- references and facts ---------------------------------------------------------------- */

static void waiter_keeps_what_was_evicted(void **state)
{
	(void)state;
	struct cache *cache = cache_for(16);
	struct cache_key key = key_number(0);
	put(cache, &key, 60, WIRE, at_s(0));
	rcu_read_lock();
	struct cache_entry *entry = cache_lookup(cache, &key, at_s(0));
	cache_entry_ref(entry);
	rcu_read_unlock();
	for (unsigned i = 1; i < 2000; i++) {
		struct cache_key other = key_number(i);
		put(cache, &other, 60, WIRE, at_s(0));
	}
	assert_false(has(cache, &key, at_s(0)));
	cache_free(&cache);
	rcu_barrier();
	assert_int_equal(entry->length, WIRE); /* the waiter's reference is the last one */
	cache_entry_unref(entry);
}

static void reader_keeps_what_was_replaced(void **state)
{
	(void)state;
	struct cache *cache = cache_new(1 << 20, seed);
	struct cache_key key = key_number(0);
	put(cache, &key, 60, WIRE, at_s(0));
	rcu_read_lock();
	struct cache_entry *entry = cache_lookup(cache, &key, at_s(0));
	for (unsigned i = 0; i < 100; i++)
		put(cache, &key, 60, WIRE + 1,
		    at_s(0)); /* takes the old one out, and so many that they go */
	assert_int_equal(entry->length,
	                 WIRE); /* it can be read until the unlock, and kept for longer */
	cache_entry_ref(entry);
	rcu_read_unlock();
	cache_free(&cache);
	rcu_barrier();
	assert_int_equal(entry->length, WIRE);
	cache_entry_unref(entry);
	cache_entry_unref(NULL);
}

static void facts_are_replaced_under_a_reader(void **state)
{
	(void)state;
	struct cache *cache = cache_new(1 << 20, seed);
	struct cache_key key = key_number(0);
	put(cache, &key, 60, WIRE, at_s(0));
	rcu_read_lock();
	struct cache_entry *entry = cache_lookup(cache, &key, at_s(0));
	cache_entry_set_journalled(entry, 0);
	assert_false(cache_entry_is_journalled(entry, 1));
	const struct cache_facts facts = facts_make(2);
	struct cache_entry *judged = cache_entry_judged(cache, entry, &facts);
	assert_true(cache_replace(cache, entry, judged, at_s(1)));
	assert_ptr_equal(cache_lookup(cache, &key, at_s(59)), judged);
	assert_null(cache_lookup(cache, &key, at_s(60))); /* it is as old as it was */
	assert_true(facts_are(entry, 1));
	assert_true(cache_entry_is_journalled(entry, 0));
	assert_true(facts_are(judged, 2));
	assert_true(is_of(judged, &key));
	assert_false(cache_entry_is_journalled(judged, 0));
	assert_string_equal(cache_entry_upstream(cache, judged), "192.0.2.53:53");
	/* Who comes late finds that it has gone already: what he has made is his alone. */
	struct cache_entry *late = cache_entry_judged(cache, entry, &facts);
	assert_true(cache_replace(cache, entry, late, at_s(1)));
	assert_ptr_equal(cache_lookup(cache, &key, at_s(1)), judged);
	assert_true(facts_are(late, 2));
	rcu_read_unlock();
	cache_free(&cache);
}

static void long_upstream_text_is_cut(void **state)
{
	(void)state;
	char text[2 * CACHE_UPSTREAM_TEXT_MAX];
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	struct cache *cache = cache_new(1 << 20, seed);
	struct cache_key key = key_number(0);
	struct answer *answer = blank_answer(&key, 1, WIRE);
	const struct cache_facts facts = facts_make(1);
	struct cache_entry *entry = cache_entry_new(cache, &key, answer, &facts, text, at_s(0));
	assert_int_equal(strlen(cache_entry_upstream(cache, entry)), CACHE_UPSTREAM_TEXT_MAX - 1);
	cache_entry_unref(entry);
	answer_free(&answer);
	cache_free(&cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hit_and_miss),
		cmocka_unit_test(every_part_of_the_key_counts),
		cmocka_unit_test(key_is_the_question_that_was_asked),
		cmocka_unit_test(hash_depends_on_the_seed),
		cmocka_unit_test(lives_for_its_ttl),
		cmocka_unit_test(replaces_the_same_question),
		cmocka_unit_test(replaces_in_a_full_shard),
		cmocka_unit_test(questions_with_one_hash_are_two),
		cmocka_unit_test(tables_end_somewhere),
		cmocka_unit_test(too_large_is_left_out),
		cmocka_unit_test(too_large_does_not_leave_an_old_answer),
		cmocka_unit_test(no_room_at_all),
		cmocka_unit_test(bounded_and_counted),
		cmocka_unit_test(asked_for_gets_another_round),
		cmocka_unit_test(asked_for_by_all_gives_one_round_only),
		cmocka_unit_test(hot_names_outlive_a_scan),
		cmocka_unit_test(all_in_use_still_makes_room),
		cmocka_unit_test(expired_goes_though_asked_for),
		cmocka_unit_test(waiter_keeps_what_was_evicted),
		cmocka_unit_test(reader_keeps_what_was_replaced),
		cmocka_unit_test(facts_are_replaced_under_a_reader),
		cmocka_unit_test(long_upstream_text_is_cut),
	};
	return cmocka_run_group_tests(tests, rcu_begin, rcu_end);
}
