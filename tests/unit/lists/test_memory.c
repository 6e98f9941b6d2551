/* Every allocation of a load fails in turn (the linker puts these in the place of the C library's): no crash,
 * no leak, nothing half-made comes out, and what does come out is whole. */
#define _GNU_SOURCE /* mremap */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "unit/lists/fixture.h"

#define ALLOCATIONS_MAX 1000 /* the example takes some tens */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
char *__real_strdup(const char *text);
void *__real_realloc(void *old, size_t size);
void *__real_mmap(void *at, size_t length, int protection, int flags, int fd, off_t offset);
void *__real_mremap(void *old, size_t old_size, size_t new_size, int flags);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
char *__wrap_strdup(const char *text);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_mmap(void *at, size_t length, int protection, int flags, int fd, off_t offset);
void *__wrap_mremap(void *old, size_t old_size, size_t new_size, int flags);

static size_t calls, fails_at;

static bool fails(void)
{
	return ++calls == fails_at;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

char *__wrap_strdup(const char *text)
{
	return fails() ? NULL : __real_strdup(text);
}

void *__wrap_realloc(void *old, size_t size)
{
	return fails() ? NULL : __real_realloc(old, size);
}

void *__wrap_mmap(void *at, size_t length, int protection, int flags, int fd, off_t offset)
{
	return fails() ? MAP_FAILED : __real_mmap(at, length, protection, flags, fd, offset);
}

void *__wrap_mremap(void *old, size_t old_size, size_t new_size, int flags)
{
	return fails() ? MAP_FAILED : __real_mremap(old, old_size, new_size, flags);
}

/* Into a cache file, and from there. */
static int load_kept(struct fixture *fixture, const char *cache)
{
	const struct lists_keep keep = {NULL, cache, INT64_MAX};
	lists_free(&fixture->loaded);
	return lists_load_kept(&fixture->config, &keep, &fixture->diag, &fixture->loaded);
}

static void test_every_allocation(void **state)
{
	(void)state;
	static char text[700 * 16]; /* enough names that the table grows twice */
	struct fixture fixture;
	char cache[96];
	size_t refused = 0, i;
	for (unsigned n = 0; n < 600; n++)
		sprintf(text + strlen(text), "n%u.example\n", n);
	fixture_init(&fixture);
	snprintf(cache, sizeof cache, "%s/lists.cache", fixture.folder);
	fixture_add_text(&fixture, text);
	fixture_add_text(&fixture, "||n1.example^\n@@||a.n1.example^\n");
	for (i = 1; i < ALLOCATIONS_MAX; i++) {
		unlink(cache);
		calls = 0;
		fails_at = i;
		int error = load_kept(&fixture, cache);
		if (error == PF_OK) /* from the cache, if it could be written */
			error = load_kept(&fixture, cache);
		size_t made = calls;
		fails_at = 0;
		if (error == PF_OK) {
			assert_non_null(fixture.loaded);
			assert_true(fixture_has(&fixture, 0, "n599.example"));
			assert_true(fixture_has(&fixture, 1, "n1.example"));
			assert_false(fixture_has(&fixture, 1, "a.n1.example"));
		} else {
			assert_int_equal(error, PF_ENOMEM);
			assert_null(fixture.loaded);
			refused++;
		}
		if (made < i)
			break; /* all have failed once, and this load went through */
	}
	assert_true(i < ALLOCATIONS_MAX);
	assert_int_equal(fixture.diag.errors, 0);
	assert_true(refused > 8);
	unlink(cache);
	fixture_deinit(&fixture);
}

/* The same where lists are read again, with an index before from which the number of names is known. */
static void test_every_allocation_again(void **state)
{
	(void)state;
	static char text[1200 * 16];
	struct fixture fixture;
	struct lists *loaded = NULL;
	size_t refused = 0, i;
	for (unsigned n = 0; n < 1200; n++)
		sprintf(text + strlen(text), "n%u.example\n", n);
	fixture_init(&fixture);
	fixture_add_text(&fixture, text);
	assert_int_equal(fixture_load(&fixture), PF_OK);
	strcpy(fixture.names[0], "other");
	const struct lists_keep keep = {fixture.loaded, NULL, INT64_MAX};
	for (i = 1; i < ALLOCATIONS_MAX && !loaded; i++) {
		calls = 0;
		fails_at = i;
		int error = lists_load_kept(&fixture.config, &keep, &fixture.diag, &loaded);
		bool failed = calls >= i;
		fails_at = 0;
		if (error != PF_OK) {
			assert_int_equal(error, PF_ENOMEM);
			assert_null(loaded);
			refused++;
		} else if (failed) {
			lists_free(&loaded);
		}
	}
	assert_non_null(loaded);
	assert_true(refused > 8);
	assert_int_equal(fixture.diag.errors, 0);
	lists_free(&loaded);
	fixture_deinit(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_allocation),
	                                   cmocka_unit_test(test_every_allocation_again)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
