/* The tables without memory: each allocation fails in turn, nothing leaks, and nothing half-made comes out. The linker
 * puts these in the place of the C library's (see Makefile.inc). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "local/local.h"

#define ALLOCATIONS_MAX 2000

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);

static size_t calls, fails_at; /* 0: never */

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

void *__wrap_realloc(void *old, size_t size)
{
	return fails() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
	return fails() ? NULL : __real_strdup(text);
}

static void each_allocation_fails(void **state)
{
	(void)state;
	static const char yaml[] = "upstreams: 192.0.2.53\n"
							   "hosts:\n"
							   "  - {name: a.lan, ip: [192.168.1.5, 192.168.1.6, 'fd00::5']}\n"
							   "  - {name: b.lan, cname: a.lan}\n"
							   "  - {name: 9.1.168.192.in-addr.arpa, ptr: a.lan}\n"
							   "forward: [{zones: [lan], upstreams: [192.168.1.1]}]\n"
							   "rebinding: {allow: [a.example]}\n";
	struct diag diag;
	struct config *config;
	diag_init(&diag);
	assert_int_equal(config_parse("/tmp/test.yaml", yaml, sizeof yaml - 1, &diag, &config), PF_OK);
	int result = PF_ENOMEM;
	size_t failed = 0;
	for (size_t i = 1; i < ALLOCATIONS_MAX && result != PF_OK; i++) {
		struct local *local = (struct local *)&diag;
		calls = 0;
		fails_at = i;
		result = local_build(config, &diag, &local);
		fails_at = 0;
		if (result == PF_OK) {
			local_free(&local);
			break;
		}
		assert_int_equal(result, PF_ENOMEM);
		assert_null(local);
		failed++;
	}
	assert_int_equal(result, PF_OK);
	assert_in_range(failed, 20, ALLOCATIONS_MAX);
	config_free(&config);
	diag_deinit(&diag);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(each_allocation_fails)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
