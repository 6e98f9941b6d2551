/* Lists from files: what they cover in each format, exceptions, lines for explanations, and every way
 * in which a file can be wrong. */
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

#include "lists/index.h"
#include "unit/lists/fixture.h"

static int setup(void **state)
{
	struct fixture *fixture = malloc(sizeof *fixture);
	fixture_init(fixture);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	fixture_deinit(*state);
	free(*state);
	return 0;
}

static void test_covers(void **state)
{
	struct fixture *fixture = *state;
	size_t plain = fixture_add_text(fixture, "a.example\n*.b.example\n.c.example\n");
	size_t hosts = fixture_add_text(fixture, "0.0.0.0 a.example b.example\nc.example\n");
	size_t adblock = fixture_add_text(fixture, "||a.example^\n|b.example^\n||*.c.example^\n");
	assert_int_equal(fixture_load(fixture), PF_OK);
	assert_int_equal(fixture->diag.count, 0);
	static const struct {
		const char *name;
		bool plain, hosts, adblock;
	} rows[] = {
		{"a.example", true, true, true},        {"x.a.example", true, false, true},
		{"x.y.a.example", true, false, true},   {"xa.example", false, false, false},
		{"b.example", false, true, true},       {"x.b.example", true, false, false},
		{"c.example", true, true, false},       {"x.c.example", true, false, true},
		{"example", false, false, false},       {".", false, false, false},
		{"a.example.com", false, false, false},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_int_equal(fixture_has(fixture, plain, rows[i].name), rows[i].plain);
		assert_int_equal(fixture_has(fixture, hosts, rows[i].name), rows[i].hosts);
		assert_int_equal(fixture_has(fixture, adblock, rows[i].name), rows[i].adblock);
	}
	assert_int_equal(lists_count(fixture->loaded), 3);
	assert_int_equal(lists_info(fixture->loaded, plain)->format, LIST_FORMAT_PLAIN);
	assert_int_equal(lists_info(fixture->loaded, hosts)->format, LIST_FORMAT_HOSTS);
	assert_int_equal(lists_info(fixture->loaded, adblock)->format, LIST_FORMAT_ADBLOCK);
	assert_true(lists_info(fixture->loaded, plain)->modified_wall_us > 1600000000000000);
}

static void test_exceptions(void **state)
{
	struct fixture *fixture = *state;
	size_t one = fixture_add_text(fixture, "@@||ok.a.example^\n||a.example^\n@@|only.a.example^\n");
	size_t other = fixture_add_text(fixture, "a.example\n");
	assert_int_equal(fixture_load(fixture), PF_OK);
	assert_true(fixture_has(fixture, one, "a.example"));
	assert_false(fixture_has(fixture, one, "ok.a.example"));
	assert_false(fixture_has(fixture, one, "deep.ok.a.example"));
	assert_false(fixture_has(fixture, one, "only.a.example"));
	assert_true(fixture_has(fixture, one, "x.only.a.example"));
	assert_true(fixture_has(fixture, other, "ok.a.example"));
	assert_int_equal(lists_info(fixture->loaded, one)->exceptions, 2);
	assert_int_equal(lists_info(fixture->loaded, one)->names, 1);
}

static void check_line(const struct fixture *fixture, const char *text, unsigned line,
                       const char *line_text, const char *entry_text)
{
	struct list_line found;
	struct list_found entry;
	struct list_identity identity;
	const struct list_info *info = lists_info(fixture->loaded, 0);
	assert_true(fixture_find(fixture, 0, text, &entry, &identity));
	assert_string_equal(entry.text, entry_text);
	assert_int_equal(lists_find_line(info->file, info->format, &identity, &found), PF_OK);
	assert_int_equal(found.number, line);
	assert_string_equal(found.text, line_text);
}

static void test_find_line(void **state)
{
	struct fixture *fixture = *state;
	fixture_add_text(fixture, "# head\n example # x\r\n\n0.0.0.0 a.example b.example\na.example\n"
	                          "@@||no.a.example^\n*.c.example\na.example\n");
	assert_int_equal(fixture_load(fixture), PF_OK);
	check_line(fixture, "a.example", 4, "0.0.0.0 a.example b.example", "a.example");
	check_line(fixture, "x.a.example", 5, "a.example", "a.example");
	check_line(fixture, "b.example", 4, "0.0.0.0 a.example b.example", "b.example");
	check_line(fixture, "x.b.example", 2, "example # x", "example");
	check_line(fixture, "example", 2, "example # x", "example");
	check_line(fixture, "x.c.example", 7, "*.c.example", "*.c.example");
	assert_false(fixture_has(fixture, 0, "elpmaxe"));

	struct list_line line;
	const struct list_identity none = {1, LIST_COVERS_SELF};
	const struct list_info *info = lists_info(fixture->loaded, 0);
	assert_false(fixture_has(fixture, 0, "no.a.example"));
	assert_false(fixture_has(fixture, 0, "x.no.a.example"));
	assert_int_equal(lists_find_line(info->file, info->format, &none, &line), PF_ENOENT);
	assert_int_equal(lists_find_line("/nowhere", info->format, &none, &line), PF_EINVAL);
}

/* `format:` of the configuration is taken instead of what the lines look like. */
static void test_format_given(void **state)
{
	struct fixture *fixture = *state;
	fixture_add_text(fixture, "a.example\n");
	fixture->lists[0].format = LIST_FORMAT_HOSTS;
	assert_int_equal(fixture_load(fixture), PF_OK);
	assert_int_equal(lists_info(fixture->loaded, 0)->format, LIST_FORMAT_HOSTS);
	assert_true(fixture_has(fixture, 0, "a.example"));
	assert_false(fixture_has(fixture, 0, "x.a.example"));
}

/* The same names in three ways of writing them give the same decisions. */
static void test_equivalent(void **state)
{
	struct fixture *fixture = *state;
	char plain[8192] = "", adblock[8192] = "", wild[16384] = "";
	for (unsigned i = 0; i < 200; i++) {
		char name[32], line[80];
		snprintf(name, sizeof name, i % 3 ? "n%u.example" : "x.n%u.cn", i);
		snprintf(line, sizeof line, "%s\n", name);
		strcat(plain, line);
		snprintf(line, sizeof line, "||%s^\n", name);
		strcat(adblock, line);
		snprintf(line, sizeof line, "*.%s\n%s\n", name, name);
		strcat(wild, line);
	}
	fixture_add_text(fixture, plain);
	fixture_add_text(fixture, adblock);
	fixture_add_text(fixture, wild);
	assert_int_equal(fixture_load(fixture), PF_OK);
	size_t held = 0;
	for (unsigned i = 0; i < 250; i++) {
		static const char *const shapes[] = {"n%u.example",  "a.n%u.example", "b.a.n%u.example",
		                                     "n%u.cn",       "x.n%u.cn",      "a.x.n%u.cn",
		                                     "yn%u.example", "y.n%u.cn"};
		for (size_t shape = 0; shape < sizeof shapes / sizeof shapes[0]; shape++) {
			char name[40];
			snprintf(name, sizeof name, shapes[shape], i);
			bool first = fixture_has(fixture, 0, name);
			assert_int_equal(fixture_has(fixture, 1, name), first);
			assert_int_equal(fixture_has(fixture, 2, name), first);
			held += first;
		}
	}
	assert_int_equal(held, 133 * 3 + 67 * 2);
}

static void check_refused(struct fixture *fixture, const char *text)
{
	assert_int_equal(fixture_load(fixture), PF_EINVAL);
	assert_null(fixture->loaded);
	assert_int_equal(fixture->diag.errors, 1);
	assert_int_equal(fixture->diag.entries[0].line, 10);
	assert_int_equal(fixture->diag.entries[0].column, 5);
	assert_string_equal(fixture->diag.entries[0].file, "portafilter.yaml");
	if (!strstr(fixture_finding(fixture, 0), text))
		fail_msg("\"%s\" does not say \"%s\"", fixture_finding(fixture, 0), text);
	assert_non_null(strstr(fixture_finding(fixture, 0), "the list `list 0`: "));
}

static void test_missing(void **state)
{
	fixture_add_file(*state, "/nowhere/list.txt");
	check_refused(*state, "/nowhere/list.txt can not be opened: No such file or directory");
}

static void test_folder(void **state)
{
	fixture_add_file(*state, "/");
	check_refused(*state, "/ is not a regular file");
}

/* A FIFO without a writer must not hold up the start. */
static void test_fifo(void **state)
{
	struct fixture *fixture = *state;
	char path[96];
	snprintf(path, sizeof path, "%s/fifo", fixture->folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	fixture_add_file(fixture, path);
	check_refused(fixture, "is not a regular file");
}

/* One byte over the limit, without taking the disk space for it. */
static void test_too_large(void **state)
{
	struct fixture *fixture = *state;
	fixture_add_text(fixture, "a.example\n");
	assert_int_equal(truncate(fixture->files[0], (off_t)LIST_FILE_BYTES_MAX + 1), 0);
	check_refused(fixture, "is larger than 1024 MiB");
}

static void test_web_page(void **state)
{
	fixture_add_text(*state, "\n<!doctype html>\n<html><body>404</body></html>\n");
	check_refused(*state, "is a web page, not a list");
}

static void test_gzip(void **state)
{
	fixture_add(*state, "\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
	check_refused(*state, "is compressed (gzip), unpack it first");
}

static void test_nothing_taken(void **state)
{
	fixture_add_text(*state, "# x\na..example\n1.2.3.4\n/track/x\na..b\n");
	check_refused(*state,
	              "holds nothing that could be taken: 2 × not a domain name (first on line 2), "
	              "1 × an address where a name should be (first on line 3), "
	              "1 × a rule for browsers (first on line 4)");
}

/* All errors are told at once, and nothing is built from the good ones. */
static void test_several_errors(void **state)
{
	struct fixture *fixture = *state;
	fixture_add_file(fixture, "/nowhere/1");
	fixture_add_text(fixture, "a.example\n");
	fixture_add_file(fixture, "/nowhere/2");
	assert_int_equal(fixture_load(fixture), PF_EINVAL);
	assert_int_equal(fixture->diag.errors, 2);
	assert_int_equal(fixture->diag.entries[0].line, 10);
	assert_int_equal(fixture->diag.entries[1].line, 12);
	assert_null(fixture->loaded);
}

static void test_warnings(void **state)
{
	struct fixture *fixture = *state;
	fixture_add_text(fixture, "");
	fixture_add_text(fixture, "# only comments\n\n");
	fixture_add_text(fixture, "a.example\n/x/y\n/y/z\n");
	fixture_add_text(fixture, "a.example\na.example\na.example\n");
	assert_int_equal(fixture_load(fixture), PF_OK);
	assert_int_equal(fixture->diag.errors, 0);
	assert_int_equal(fixture->diag.warnings, 3);
	assert_non_null(strstr(fixture_finding(fixture, 0), "is empty: it lists nothing"));
	assert_non_null(strstr(fixture_finding(fixture, 1), "is empty: it lists nothing"));
	assert_non_null(strstr(fixture_finding(fixture, 2), "was taken only in part, 1 entries"));
	assert_int_equal(lists_info(fixture->loaded, 0)->format, LIST_FORMAT_PLAIN);
	assert_int_equal(lists_info(fixture->loaded, 3)->skipped[SKIP_DUPLICATE].count, 2);
}

static void test_no_lists(void **state)
{
	struct fixture *fixture = *state;
	struct dns_name name;
	struct list_set set;
	assert_int_equal(fixture_load(fixture), PF_OK);
	assert_int_equal(lists_count(fixture->loaded), 0);
	assert_int_equal(dns_name_from_text("a.example", &name), PF_OK);
	memset(&set, 0xff, sizeof set);
	struct list_asked asked = {.name = &name};
	lists_match(fixture->loaded, NULL, &asked, &set);
	assert_true(!set.words[0] && !set.words[1] && !set.words[2] && !set.words[3]);
}

/* Over several read pieces, and more than one growth of the table. */
static void test_large(void **state)
{
	struct fixture *fixture = *state;
	const unsigned count = 100000;
	char *text = malloc(count * 32);
	size_t length = 0;
	for (unsigned i = 0; i < count; i++)
		length += (size_t)sprintf(text + length, "n%u.example\n", i);
	fixture_add(fixture, text, length);
	free(text);
	assert_int_equal(fixture_load(fixture), PF_OK);
	const struct list_info *info = lists_info(fixture->loaded, 0);
	assert_int_equal(info->names, count);
	assert_int_equal(info->lines, count);
	for (unsigned i = 0; i < count; i++) {
		char name[32];
		struct list_found found;
		snprintf(name, sizeof name, "n%u.example", i);
		assert_true(fixture_find(fixture, 0, name, &found, NULL));
		assert_string_equal(found.text, name);
	}
	assert_false(fixture_has(fixture, 0, "n100000.example"));
	assert_true(lists_bytes(fixture->loaded) < count * 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_covers),         TEST(test_exceptions), TEST(test_find_line),
		TEST(test_format_given),   TEST(test_equivalent), TEST(test_missing),
		TEST(test_folder),         TEST(test_fifo),       TEST(test_too_large),
		TEST(test_web_page),       TEST(test_gzip),       TEST(test_nothing_taken),
		TEST(test_several_errors), TEST(test_warnings),   TEST(test_no_lists),
		TEST(test_large),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
