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

static unsigned calls, fails_at; /* 0: never */

void *__wrap_calloc(size_t count, size_t size)
{
	return ++calls == fails_at ? NULL : __real_calloc(count, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
	return ++calls == fails_at ? NULL : __real_aligned_alloc(alignment, size);
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
	struct answer *answer = answer_make(60, 100);
	struct facts_box *box = facts_make(1);
	fail_at(1);
	assert_null(cache_entry_new(&key, answer, box, "192.0.2.53:53", at_s(0)));
	fail_at(1);
	assert_null(facts_box_new(1, 3));
	fail_at(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_cache),
		cmocka_unit_test(no_entry),
	};
	return cmocka_run_group_tests(tests, rcu_begin, rcu_end);
}
