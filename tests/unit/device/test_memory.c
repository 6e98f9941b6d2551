/* The registry and the tables without memory: each allocation fails in turn, nothing leaks, and what was there
 * before stays. The linker puts these in the place of the C library's (see Makefile.inc). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "device/key_index.h"
#include "device/neighbours.h"
#include "device/registry.h"

void *__real_calloc(size_t count, size_t size);
void *__real_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_malloc(size_t size);

static unsigned calls, fails_at; /* 0: never */

void *__wrap_calloc(size_t count, size_t size)
{
	if (++calls != fails_at)
		return __real_calloc(count, size);
	errno = ENOMEM;
	return NULL;
}

void *__wrap_malloc(size_t size)
{
	if (++calls != fails_at)
		return __real_malloc(size);
	errno = ENOMEM;
	return NULL;
}

static void fail_at(unsigned number)
{
	calls = 0;
	fails_at = number;
}

static void no_registry(void **state)
{
	(void)state;
	struct prefix prefixes[] = {{{4, {10}}, 8}, {{6, {0xfd}}, 8}};
	struct config_device devices[3] = {
		{.name = "a", .prefix_count = 2, .prefixes = prefixes},
		{.name = "b", .has_mac = true, .mac = {{2, 1}}},
		{.name = "c", .has_mac = true, .mac = {{2, 2}}, .prefix_count = 1, .prefixes = prefixes},
	};
	struct config config = {.device_count = 3, .devices = devices};
	struct registry *registry;
	fail_at(0);
	assert_int_equal(registry_build(&config, &registry), PF_OK);
	unsigned needed = calls;
	registry_free(&registry);
	assert_true(needed >= 7);
	for (unsigned i = 1; i <= needed; i++) {
		registry = (void *)&config;
		fail_at(i);
		assert_int_equal(registry_build(&config, &registry), PF_ENOMEM);
		assert_null(registry);
	}
	fail_at(0);
}

static void no_table(void **state)
{
	(void)state;
	struct hash_key key = {1};
	fail_at(1);
	assert_null(table_new(key, 1));
	const struct key_counts counts = {1, 1, 1};
	fail_at(1);
	assert_null(key_index_new(key, &counts));
	fail_at(0);
}

static void growing_fails_and_all_stays(void **state)
{
	(void)state;
	struct address_table *table = table_new((struct hash_key){1}, 0);
	unsigned count = 0;
	for (;; count++) {
		struct addr addr = {4, {10, 0, 0, (uint8_t)count}};
		fail_at(1); /* the first that is asked for is the larger table */
		struct address_entry *entry = table_put(&table, &addr);
		if (!entry)
			break;
		entry->mac.bytes[0] = 2;
		entry->mac.bytes[5] = (uint8_t)count;
		assert_true(count < 100);
	}
	fail_at(0);
	assert_true(count > 0);
	assert_int_equal(table->count, count);
	for (unsigned i = 0; i <= count; i++) {
		struct addr addr = {4, {10, 0, 0, (uint8_t)i}};
		const struct address_entry *entry = table_look(table, &addr);
		assert_int_equal(entry != NULL, i < count);
		if (entry)
			assert_int_equal(entry->mac.bytes[5], i);
	}
	struct addr addr = {4, {10, 0, 0, (uint8_t)count}};
	assert_non_null(table_put(&table, &addr)); /* there is memory again */
	table_free(&table);
}

/* Our own allocations; those inside libmnl are not wrapped. */
static void no_watcher(void **state)
{
	(void)state;
	for (unsigned i = 1; i <= 2; i++) {
		fail_at(i);
		errno = 0;
		assert_null(neighbour_watch_new((struct hash_key){1}, (struct neighbour_listener){0}));
		assert_int_equal(errno, ENOMEM);
	}
	fail_at(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_registry),
		cmocka_unit_test(no_table),
		cmocka_unit_test(growing_fails_and_all_stays),
		cmocka_unit_test(no_watcher),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
