/* Every allocation fails in turn: no crash, no leak, and nothing half-made comes out. The linker puts these in
 * the place of the C library's (see Makefile.inc). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

#define ALLOCATIONS_MAX 5000 /* the example takes some hundreds */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t length);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t length);

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

void *__wrap_realloc(void *old, size_t size)
{
	return fails() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
	return fails() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t length)
{
	return fails() ? NULL : __real_strndup(text, length);
}

/* Returns how many allocations the text takes when none fails. */
static size_t torture(const char *file, const char *text, size_t length, int right)
{
	for (size_t i = 1; i < ALLOCATIONS_MAX; i++) {
		struct diag diag;
		struct config *config = NULL;
		diag_init(&diag);
		calls = 0;
		fails_at = i;
		int error = config_parse_on(&test_system, file, text, length, &diag, &config);
		bool failed = calls >= fails_at;
		fails_at = 0;
		assert_true((error == PF_OK) == (config != NULL));
		/* A finding that could not be kept is counted all the same. */
		assert_true(error == right || (failed && error == PF_ENOMEM));
		config_free(&config);
		diag_deinit(&diag);
		if (!failed)
			return i - 1;
	}
	fail_msg("more than %d allocations", ALLOCATIONS_MAX);
	return 0;
}

static void test_right(void **state)
{
	(void)state;
	char text[8192];
	FILE *file = fopen(DATA "/example.yaml", "r");
	assert_non_null(file);
	size_t length = fread(text, 1, sizeof text, file);
	fclose(file);
	assert_true(length > 1000 && length < sizeof text);
	size_t count = torture(DATA "/example.yaml", text, length, PF_OK);
	assert_true(count > 200);
	print_message("%zu allocations, each failed once\n", count);
}

static void test_wrong(void **state)
{
	(void)state;
	static const char text[] =
		"home: [USA, DE]\nwrong: 1\nrules: [{name: a, names: [a..b, ä.example]}]\n"
		"devices: [{name: a, ip: [1.2.3.4/8, 10.0.0.1, 10.0.0.1]}]\n"
		"journal: {path: j, keep: x, also: []}\nlists: [{name: l, file: nowhere}]\n";
	assert_true(torture("relative.yaml", text, sizeof text - 1, PF_EINVAL) > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_right), cmocka_unit_test(test_wrong)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
