/* Files that are replaced whole, or stay as they were. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/replace.h"

static char folder[64], path[100], aside[100];

static int make(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/portafilter-replace-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/file", folder);
	snprintf(aside, sizeof aside, "%s/file.new", folder);
	return 0;
}

static int clean(void **state)
{
	(void)state;
	unlink(path);
	unlink(aside);
	return rmdir(folder);
}

static void expect(const char *content)
{
	char text[100] = "";
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	text[fread(text, 1, sizeof text - 1, file)] = '\0';
	fclose(file);
	assert_string_equal(text, content);
	assert_int_equal(access(aside, F_OK), -1);
}

static void test_replaced(void **state)
{
	(void)state;
	struct stat status;
	assert_int_equal(replace_file(path, "one", 3), PF_OK);
	expect("one");
	assert_int_equal(replace_file(path, "", 0), PF_OK);
	expect("");
	/* Left over, and leading elsewhere: it is not followed. */
	assert_int_equal(symlink("/dev/full", aside), 0);
	assert_int_equal(replace_file(path, "two", 3), PF_OK);
	expect("two");
	assert_int_equal(lstat(path, &status), 0);
	assert_true(S_ISREG(status.st_mode));
	assert_int_equal(status.st_mode & 07, 0);
}

/* A disk that is full: a limit of the size of files stands for it. */
static void test_kept(void **state)
{
	(void)state;
	static char large[8192];
	struct rlimit before, small;
	assert_int_equal(replace_file(path, "old", 3), PF_OK);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 4096;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	int error = replace_file(path, large, sizeof large), reason = errno;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(error, PF_EIO);
	assert_int_equal(reason, EFBIG);
	expect("old");
	assert_int_equal(replace_file("/proc/nothing/file", "x", 1), PF_EIO);
	assert_int_equal(errno, ENOENT);
	static char long_path[5000];
	memset(long_path, 'a', sizeof long_path - 1);
	assert_int_equal(replace_file(long_path, "x", 1), PF_EIO);
	assert_int_equal(errno, ENAMETOOLONG);
}

static void put(const char *text)
{
	assert_int_equal(replace_file(path, text, strlen(text)), PF_OK);
}

static bool same(const char *text)
{
	struct replacement writer;
	assert_int_equal(replace_begin(&writer, path, REPLACE_MODE, 1000), PF_OK);
	assert_int_equal(replace_write(&writer, text, strlen(text)), PF_OK);
	bool is_same = replace_is_same(&writer);
	replace_abort(&writer);
	assert_int_not_equal(access(writer.aside, F_OK), 0);
	return is_same;
}

static void test_same(void **state)
{
	(void)state;
	assert_false(same("one\n"));
	put("one\n");
	assert_true(same("one\n"));
	assert_false(same("two\n"));
	assert_false(same("one"));
	assert_false(same("one\ntwo\n"));
	put("two\n");
	assert_true(same("two\n"));
}

static void test_bounded(void **state)
{
	(void)state;
	struct replacement writer;
	assert_int_equal(replace_begin(&writer, path, REPLACE_MODE, 5), PF_OK);
	assert_int_equal(replace_write(&writer, "12345", 5), PF_OK);
	assert_int_equal(replace_write(&writer, "6", 1), PF_EFULL);
	assert_int_equal(writer.bytes, 5);
	replace_abort(&writer);
	assert_int_equal(replace_begin(&writer, "/nowhere/at/all", REPLACE_MODE, 5), PF_EIO);
	replace_abort(&writer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_replaced, make, clean),
		cmocka_unit_test_setup_teardown(test_kept, make, clean),
		cmocka_unit_test_setup_teardown(test_same, make, clean),
		cmocka_unit_test_setup_teardown(test_bounded, make, clean),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
