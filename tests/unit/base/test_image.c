/* What image_rest takes comes back as it was, and what was written stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/image.h"

#define TABLE_BYTES (256 << 10)

/* Of the file: constants; pointers that the linker fills in; what the program writes. */
static const unsigned char table[TABLE_BYTES] = {[0 ... TABLE_BYTES - 1] = 7};
static const char *const words[] = {"one", "two", "three"};
static int written = 1;

static long file_pages(void)
{
	long size, resident, shared;
	FILE *file = fopen("/proc/self/statm", "r");
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%ld %ld %ld", &size, &resident, &shared), 3);
	fclose(file);
	return shared;
}

static unsigned long sum(void)
{
	const volatile unsigned char *at = table;
	unsigned long all = 0;
	for (size_t i = 0; i < TABLE_BYTES; i++)
		all += at[i];
	return all;
}

static void it_goes_and_comes_back(void **state)
{
	(void)state;
	written = 2;
	assert_int_equal(sum(), 7ul * TABLE_BYTES);
	long before = file_pages();
	image_rest();
	long after = file_pages();
	/* the table alone; some pages that this takes are back already */
	assert_true(after <= before - TABLE_BYTES / sysconf(_SC_PAGESIZE) / 2);
	assert_int_equal(sum(), 7ul * TABLE_BYTES);
	assert_true(file_pages() > after);
	assert_int_equal(written, 2);
	assert_string_equal(words[1], "two");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(it_goes_and_comes_back)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
