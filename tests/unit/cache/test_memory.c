/* The cache without memory: each allocation fails in turn, and what was handed over is freed all the same. The
 * linker puts these in the place of the C library's (see Makefile.inc). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "unit/cache/fixture.h"

void *__real_calloc(size_t count, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);

static unsigned calls, fails_at; /* 0: never */
static bool texts_fail;

void *__wrap_calloc(size_t count, size_t size)
{
	return ++calls == fails_at ? NULL : __real_calloc(count, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
	return ++calls == fails_at ? NULL : __real_aligned_alloc(alignment, size);
}

void *__wrap_malloc(size_t size)
{
	return ++calls == fails_at ? NULL : __real_malloc(size);
}

char *__wrap_strdup(const char *text)
{
	return texts_fail ? NULL : __real_strdup(text);
}

static void fail_at(unsigned number)
{
	calls = 0;
	fails_at = number;
}

static void no_cache(void **state)
{
	(void)state;
	struct hash_key seed = {1};
	fail_at(0);
	struct cache *cache = cache_new(1 << 20, seed);
	unsigned needed = calls;
	assert_non_null(cache);
	cache_free(&cache);
	assert_true(needed >= 1);
	for (unsigned i = 1; i <= needed; i++) {
		fail_at(i);
		assert_null(cache_new(1 << 20, seed));
	}
	fail_at(0);
}

static void no_entry(void **state)
{
	(void)state;
	struct cache_key key = key_number(1);
	struct answer *answer = blank_answer(&key, 60, 100);
	const struct cache_facts facts = facts_make(1);
	struct cache *cache = cache_new(1 << 20, (struct hash_key){1});
	fail_at(1);
	assert_null(cache_entry_new(cache, &key, answer, &facts, "192.0.2.53:53", at_s(0)));
	/* Without room for its text once for all it stands in the entry. */
	fail_at(0);
	texts_fail = true;
	struct cache_entry *entry =
		cache_entry_new(cache, &key, answer, &facts, "192.0.2.53:53", at_s(0));
	texts_fail = false;
	assert_non_null(entry);
	assert_string_equal(cache_entry_upstream(cache, entry), "192.0.2.53:53");
	cache_entry_unref(entry);
	answer_free(&answer);
	cache_free(&cache);
}

/* Whatever fails while one is put in: it is in, or is not, and what it was to replace is no answer any more. */
static void no_room_for_what_comes(void **state)
{
	(void)state;
	const struct now now = at_s(0);
	struct cache *cache = cache_new(1 << 20, (struct hash_key){1});
	unsigned failed = 0, left_out = 0;
	for (unsigned i = 0; i < 4000; i++) {
		struct cache_key key = key_number(i % 1000);
		struct cache_entry *entry =
			entry_make(cache, &key, blank_answer(&key, 60, 100 + i / 1000), now);
		fail_at(i % 3 ? 1 : 0);
		cache_insert(cache, entry, now);
		failed += fails_at && calls;
		fail_at(0);
		rcu_read_lock();
		struct cache_entry *found = cache_lookup(cache, &key, now);
		assert_true(!found || found == entry);
		left_out += !found;
		const struct cache_facts facts = facts_make(2);
		struct cache_entry *judged = found ? cache_entry_judged(cache, found, &facts) : NULL;
		fail_at(1);
		bool kept = judged && cache_replace(cache, found, judged, now);
		fail_at(0);
		struct cache_entry *then = cache_lookup(cache, &key, now);
		assert_true(then == found || (kept && then == judged));
		assert_true(!kept || facts_are(judged, 2)); /* until the unlock, wherever it is */
		rcu_read_unlock();
		cache_entry_unref(entry);
	}
	assert_true(failed > 0);
	assert_true(left_out > 0);
	cache_free(&cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_cache),
		cmocka_unit_test(no_entry),
		cmocka_unit_test(no_room_for_what_comes),
	};
	return cmocka_run_group_tests(tests, rcu_begin, rcu_end);
}
