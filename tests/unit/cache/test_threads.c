/* The cache under several threads: some put in, some look up, take references and replace facts, while it
 * evicts all the time. What is found is always whole, and the sums are exact in the end. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "unit/cache/fixture.h"

#define WRITER_COUNT 2
#define READER_COUNT 3
#define KEY_COUNT 400
#define ROUNDS 30000
#define LOOKS_MIN 1000 /* of each reader: valgrind runs one thread at a time, and not in turn */
#define HELD_MAX 8

struct shared {
	struct cache *cache;
	struct cache_key keys[KEY_COUNT];
	atomic_uint writers_left;
	atomic_ulong hits, broken; /* cmocka's asserts are for the main thread only */
};

struct worker {
	struct shared *shared;
	pthread_t thread;
	unsigned random;
};

static unsigned next(struct worker *worker, unsigned below)
{
	worker->random = worker->random * 1664525u + 1013904223u;
	return (worker->random >> 8) % below;
}

/* An answer says in its wire which key it belongs to; its facts say it too. */
static struct cache_entry *make(struct shared *shared, unsigned number, struct now now)
{
	struct answer *answer = blank_answer(&shared->keys[number], 60, 100);
	const struct cache_facts facts = facts_make(number + 1);
	memcpy(answer->wire, &number, sizeof number);
	struct cache_entry *entry =
		cache_entry_new(shared->cache, &shared->keys[number], answer, &facts, "192.0.2.53:53", now);
	answer_free(&answer);
	return entry;
}

static bool whole(const struct cache_entry *entry, unsigned number)
{
	unsigned found;
	struct answer answer;
	cache_entry_answer(entry, &answer);
	memcpy(&found, answer.wire, sizeof found);
	return found == number && facts_are(entry, number + 1);
}

static void *write_entries(void *data)
{
	struct worker *worker = data;
	struct shared *shared = worker->shared;
	rcu_register_thread();
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct now now = at_s(i % 50);
		struct cache_entry *entry = make(shared, next(worker, KEY_COUNT), now);
		cache_insert(shared->cache, entry, now);
		cache_entry_unref(entry);
	}
	rcu_unregister_thread();
	atomic_fetch_sub(&shared->writers_left, 1);
	return NULL;
}

static void look_up(struct worker *worker, struct cache_entry **held, unsigned *held_number)
{
	struct shared *shared = worker->shared;
	unsigned number = next(worker, KEY_COUNT);
	rcu_read_lock();
	struct cache_entry *entry = cache_lookup(shared->cache, &shared->keys[number], at_s(0));
	if (entry) {
		atomic_fetch_add(&shared->hits, 1);
		atomic_fetch_add(&shared->broken, !whole(entry, number));
		if (number % 4 == 0 && !*held) {
			cache_entry_ref(entry);
			*held = entry;
			*held_number = number;
		}
	}
	rcu_read_unlock();
}

/* As when databases have changed: with the same facts, as they happen to be. */
static void judge_anew(struct worker *worker, struct cache_entry *entry, unsigned number)
{
	struct cache *cache = worker->shared->cache;
	const struct cache_facts facts = facts_make(number + 1);
	struct cache_entry *judged = cache_entry_judged(cache, entry, &facts);
	rcu_read_lock();
	atomic_fetch_add(&worker->shared->broken, !cache_replace(cache, entry, judged, at_s(0)));
	atomic_fetch_add(&worker->shared->broken, !whole(judged, number));
	rcu_read_unlock();
}

/* Like a query that waited: still whole, however long its entry is gone from the cache. */
static void let_go(struct worker *worker, struct cache_entry **held, unsigned number)
{
	if (!*held)
		return;
	rcu_read_lock();
	atomic_fetch_add(&worker->shared->broken, !whole(*held, number));
	rcu_read_unlock();
	if (number % 8 == 0)
		judge_anew(worker, *held, number);
	cache_entry_unref(*held);
	*held = NULL;
}

static void *read_entries(void *data)
{
	struct worker *worker = data;
	struct cache_entry *held[HELD_MAX] = {0};
	unsigned numbers[HELD_MAX] = {0};
	rcu_register_thread();
	for (unsigned i = 0; i < LOOKS_MIN || atomic_load(&worker->shared->writers_left); i++) {
		look_up(worker, &held[i % HELD_MAX], &numbers[i % HELD_MAX]);
		let_go(worker, &held[(i + 1) % HELD_MAX], numbers[(i + 1) % HELD_MAX]);
	}
	for (unsigned i = 0; i < HELD_MAX; i++)
		let_go(worker, &held[i], numbers[i]);
	rcu_unregister_thread();
	return NULL;
}

static void many_threads(void **state)
{
	(void)state;
	struct hash_key seed = {77};
	static struct shared shared;
	struct worker workers[WRITER_COUNT + READER_COUNT];
	struct cache_stats stats;
	shared.cache = cache_new(48 << 10, seed); /* about half of the keys have room */
	shared.writers_left = WRITER_COUNT;
	for (unsigned i = 0; i < KEY_COUNT; i++)
		shared.keys[i] = key_number(i);
	for (unsigned i = 0; i < WRITER_COUNT + READER_COUNT; i++) {
		workers[i] = (struct worker){.shared = &shared, .random = i};
		assert_int_equal(pthread_create(&workers[i].thread, NULL,
		                                i < WRITER_COUNT ? write_entries : read_entries,
		                                &workers[i]),
		                 0);
	}
	for (unsigned i = 0; i < WRITER_COUNT + READER_COUNT; i++)
		pthread_join(workers[i].thread, NULL);

	assert_int_equal(shared.broken, 0);
	assert_true(shared.hits > 0);
	cache_stats(shared.cache, &stats);
	assert_int_equal(stats.inserted, WRITER_COUNT * ROUNDS);
	assert_true(stats.evicted > 0);
	assert_true(stats.bytes <= stats.bytes_max);
	unsigned found = 0;
	size_t bytes = 0;
	rcu_read_lock();
	for (unsigned i = 0; i < KEY_COUNT; i++) {
		const struct cache_entry *entry = cache_lookup(shared.cache, &shared.keys[i], at_s(0));
		found += entry != NULL;
		bytes += entry ? cache_entry_bytes(entry) : 0;
	}
	rcu_read_unlock();
	assert_int_equal(found, stats.entries);
	assert_int_equal(bytes, stats.bytes - stats.table_bytes);
	print_message("%lu hits, %lu evicted\n", shared.hits, (unsigned long)stats.evicted);
	cache_free(&shared.cache);
}

/* One key is replaced all the time: whoever looks it up finds it, the old one or the new. */
struct replaced {
	struct shared *shared;
	atomic_bool done;
	atomic_ulong looks;
	unsigned long misses;
};

static void *look_for_one(void *data)
{
	struct replaced *replaced = data;
	rcu_register_thread();
	while (!atomic_load(&replaced->done)) {
		atomic_fetch_add(&replaced->looks, 1);
		replaced->misses += !has(replaced->shared->cache, &replaced->shared->keys[0], at_s(0));
	}
	rcu_unregister_thread();
	return NULL;
}

static void replacing_is_never_a_miss(void **state)
{
	(void)state;
	struct hash_key seed = {77};
	struct shared shared = {.cache = cache_new(1 << 20, seed)};
	struct replaced replaced = {.shared = &shared};
	pthread_t thread;
	shared.keys[0] = key_number(0);
	put(shared.cache, &shared.keys[0], 60, 100, at_s(0));
	assert_int_equal(pthread_create(&thread, NULL, look_for_one, &replaced), 0);
	for (unsigned i = 0; i < 3 * ROUNDS || atomic_load(&replaced.looks) < LOOKS_MIN; i++)
		put(shared.cache, &shared.keys[0], 60, 100, at_s(0));
	atomic_store(&replaced.done, true);
	pthread_join(thread, NULL);
	assert_int_equal(replaced.misses, 0);
	cache_free(&shared.cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_threads),
		cmocka_unit_test(replacing_is_never_a_miss),
	};
	return cmocka_run_group_tests(tests, rcu_begin, rcu_end);
}
