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
	assert_true(needed >= 2);
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
	struct answer *answer = answer_make(&key, 60, 100);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_cache),
		cmocka_unit_test(no_entry),
	};
	return cmocka_run_group_tests(tests, rcu_begin, rcu_end);
}
