/* Differences of zones, applied to the copy on disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "fetch/diff.h"

static char folder[] = "/tmp/portafilter-diff-XXXXXX";
static char path[PATH_MAX];

static int make(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof path, "%s/zone", folder);
	return 0;
}

static int clean(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static void put_copy(const char *text)
{
	struct replacement writer;
	assert_int_equal(replace_begin(&writer, path, REPLACE_MODE, 1 << 20), PF_OK);
	assert_int_equal(replace_write(&writer, text, strlen(text)), PF_OK);
	assert_int_equal(replace_commit(&writer, REPLACE_SYNCED), PF_OK);
}

static void expect_copy(const char *text)
{
	char found[4096] = "";
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	found[fread(found, 1, sizeof found - 1, file)] = '\0';
	fclose(file);
	assert_string_equal(found, text);
}

/* "+line" and "-line", divided by newlines. */
static int apply(const char *changes)
{
	struct diff diff;
	struct replacement writer;
	diff_init(&diff, 1 << 20);
	while (*changes) {
		size_t length = strcspn(changes, "\n");
		struct zone_transfer_record record = {*changes == '+', changes + 1, length - 1};
		assert_int_equal(diff_add(&diff, &record), PF_OK);
		changes += length + (changes[length] != '\0');
	}
	assert_int_equal(replace_begin(&writer, path, REPLACE_MODE, 1 << 20), PF_OK);
	int result = diff_apply(&diff, path, "z. 60 IN SOA new", &writer);
	if (result == PF_OK)
		assert_int_equal(replace_commit(&writer, REPLACE_SYNCED), PF_OK);
	replace_abort(&writer);
	diff_deinit(&diff);
	return result;
}

#define OLD "z. 60 IN SOA old\na.z. 60 IN CNAME .\nb.z. 60 IN A 192.0.2.1\nb.z. 60 IN A 192.0.2.2\n"
#define NEW "z. 60 IN SOA new\n"

static void changes(void **state)
{
	(void)state;
	static const struct {
		const char *changes, *copy;
	} rows[] = {
		{"", NEW "a.z. 60 IN CNAME .\nb.z. 60 IN A 192.0.2.1\nb.z. 60 IN A 192.0.2.2\n"},
		{"-a.z. 60 IN CNAME .\n+c.z. 60 IN CNAME .",
	     NEW "b.z. 60 IN A 192.0.2.1\nb.z. 60 IN A 192.0.2.2\nc.z. 60 IN CNAME .\n"},
		{"-b.z. 60 IN A 192.0.2.1", NEW "a.z. 60 IN CNAME .\nb.z. 60 IN A 192.0.2.2\n"},
		/* another TTL is the same record */
		{"-a.z. 5 IN CNAME .\n+a.z. 90 IN CNAME .",
	     NEW "b.z. 60 IN A 192.0.2.1\nb.z. 60 IN A 192.0.2.2\na.z. 90 IN CNAME .\n"},
		/* over several versions only the last word counts */
		{"+c.z. 60 IN CNAME .\n-c.z. 60 IN CNAME .",
	     NEW "a.z. 60 IN CNAME .\nb.z. 60 IN A 192.0.2.1\nb.z. 60 IN A 192.0.2.2\n"},
		{"-a.z. 60 IN CNAME .\n+a.z. 60 IN CNAME .\n-a.z. 60 IN CNAME .",
	     NEW "b.z. 60 IN A 192.0.2.1\nb.z. 60 IN A 192.0.2.2\n"},
		/* what is there is not there twice */
		{"+a.z. 60 IN CNAME .",
	     NEW "b.z. 60 IN A 192.0.2.1\nb.z. 60 IN A 192.0.2.2\na.z. 60 IN CNAME .\n"},
	};
	for (size_t i = 0; i < PF_COUNT(rows); i++) {
		put_copy(OLD);
		assert_int_equal(apply(rows[i].changes), PF_OK);
		expect_copy(rows[i].copy);
	}
}

static void a_copy_of_another_version(void **state)
{
	(void)state;
	put_copy(OLD);
	assert_int_equal(apply("-x.z. 60 IN CNAME ."), PF_ECONFLICT);
	assert_int_equal(apply("-a.z. 60 IN CNAME other."), PF_ECONFLICT);
	assert_int_equal(apply("-a.z. 60 IN A ."), PF_ECONFLICT);
	expect_copy(OLD);
	unlink(path);
	assert_int_equal(apply("+a.z. 60 IN CNAME ."), PF_ECONFLICT);
	put_copy("");
	assert_int_equal(apply("+a.z. 60 IN CNAME ."), PF_OK);
	expect_copy(NEW "a.z. 60 IN CNAME .\n");
}

static void bounded(void **state)
{
	(void)state;
	struct diff diff;
	diff_init(&diff, 100);
	struct zone_transfer_record record = {true, "a.z. 60 IN CNAME .", 18};
	int result = PF_OK;
	for (size_t i = 0; i < 6 && result == PF_OK; i++)
		result = diff_add(&diff, &record);
	assert_int_equal(result, PF_EFULL);
	diff_deinit(&diff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes),
		cmocka_unit_test(a_copy_of_another_version),
		cmocka_unit_test(bounded),
	};
	return cmocka_run_group_tests(tests, make, clean);
}
