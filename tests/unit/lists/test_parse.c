/* Bytes into lines: cut anywhere, too long, without an end; formats told from the first lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lists/detect.h"
#include "lists/parse.h"

static void check_sum(const struct list_info *info)
{
	assert_int_equal(info->lines + info->extra_names, info->comments + info->joined +
	                                                      list_info_taken(info) +
	                                                      list_info_skipped(info));
}

static struct list_info parse(const char *bytes, size_t length, size_t piece)
{
	struct list_info info = {.format = LIST_FORMAT_PLAIN};
	struct tag_table tags;
	struct list_tables tables;
	struct list_parser parser;
	tag_table_init(&tags);
	assert_int_equal(list_tables_init(&tables, list_index_new(hash_key_random()), &tags), PF_OK);
	list_parser_init(&parser, &tables, 3, &info);
	for (size_t at = 0; at < length; at += piece) {
		size_t some = length - at < piece ? length - at : piece;
		char *exact = malloc(some); /* so that valgrind sees what is read behind it */
		memcpy(exact, bytes + at, some);
		assert_int_equal(list_parser_feed(&parser, exact, some), PF_OK);
		free(exact);
	}
	assert_int_equal(list_parser_finish(&parser), PF_OK);
	assert_int_equal(list_index_count(tables.index), info.names + info.exceptions);
	list_tables_deinit(&tables);
	check_sum(&info);
	return info;
}

static void test_pieces(void **state)
{
	(void)state;
	static const char text[] = "\xef\xbb\xbf"
							   "a.example\r\n\r\n# x\n"
							   "0.0.0.0 b.example c.example a.example localhost\n"
							   "@@||d.example^\na.example\n*.a.example\nbad..name\n"
							   "b.example\nlast.example";
	struct list_info whole = parse(text, sizeof text - 1, sizeof text);
	assert_int_equal(whole.lines, 10);
	assert_int_equal(whole.comments, 2);
	assert_int_equal(whole.extra_names, 3);
	assert_int_equal(whole.names, 5); /* a; b and c alone; b with all below; last */
	assert_int_equal(whole.exceptions, 1);
	assert_int_equal(whole.skipped[SKIP_DUPLICATE].count, 3);
	assert_int_equal(whole.skipped[SKIP_LOCAL_NAME].count, 1);
	assert_int_equal(whole.skipped[SKIP_BAD_NAME].count, 1);
	assert_int_equal(whole.skipped[SKIP_BAD_NAME].example_lines[0], 8);
	for (size_t piece = 1; piece < sizeof text; piece++) {
		struct list_info pieces = parse(text, sizeof text - 1, piece);
		assert_memory_equal(&pieces, &whole, sizeof whole);
	}
}

static void test_long_lines(void **state)
{
	(void)state;
	const size_t length = 1u << 20;
	char *text = malloc(length + 100);
	memset(text, 'a', length);
	memcpy(text + length, "\nb.example\n", 11);
	static const size_t pieces[] = {1000, 4096, 4097, 65536, 2u << 20};
	for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
		struct list_info info = parse(text, length + 11, pieces[i]);
		assert_int_equal(info.lines, 2);
		assert_int_equal(info.skipped[SKIP_TOO_LONG].count, 1);
		assert_int_equal(info.skipped[SKIP_TOO_LONG].example_lines[0], 1);
		assert_int_equal(info.names, 1);
		info = parse(text, length, pieces[i]); /* no newline at all */
		assert_int_equal(info.lines, 1);
		assert_int_equal(info.skipped[SKIP_TOO_LONG].count, 1);
	}
	text[0] = '#'; /* a comment of any length is a comment */
	struct list_info info = parse(text, length + 11, 5000);
	assert_int_equal(info.comments, 1);
	assert_int_equal(info.names, 1);
	free(text);
}

/* 4096 bytes are a line, 4097 are too long. */
static void test_line_limit(void **state)
{
	(void)state;
	char text[LIST_LINE_BYTES_MAX + 2];
	for (size_t extra = 0; extra < 2; extra++) {
		size_t length = LIST_LINE_BYTES_MAX + extra;
		memset(text, ' ', length);
		memcpy(text, "a.example", 9);
		text[length] = '\n';
		for (size_t piece = 100; piece < 5000; piece += 4800) {
			struct list_info info = parse(text, length + 1, piece);
			assert_int_equal(info.lines, 1);
			assert_int_equal(info.names, extra ? 0 : 1);
			assert_int_equal(info.skipped[SKIP_TOO_LONG].count, extra);
		}
	}
}

static void test_ends(void **state)
{
	(void)state;
	assert_int_equal(parse("", 0, 1).lines, 0);
	assert_int_equal(parse("\n", 1, 1).lines, 1);
	assert_int_equal(parse("a.example", 9, 4).lines, 1);
	assert_int_equal(parse("a.example\n", 10, 4).lines, 1);
	assert_int_equal(parse("a.example\n\n", 11, 4).lines, 2);
	assert_int_equal(parse("\xef\xbb\xbf", 3, 1).comments, 1);
}

static void test_examples_are_bounded(void **state)
{
	(void)state;
	struct list_info info = parse("..\n..\n..\n..\n..\n..\n..\n..\n", 24, 5);
	assert_int_equal(info.skipped[SKIP_BAD_NAME].count, 8);
	for (unsigned i = 0; i < LIST_SKIP_EXAMPLES_MAX; i++)
		assert_int_equal(info.skipped[SKIP_BAD_NAME].example_lines[i], i + 1);
}

static void test_detect(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum list_format format;
	} rows[] = {
		{"", LIST_FORMAT_PLAIN},
		{"# 0.0.0.0 a.example\na.example\n", LIST_FORMAT_PLAIN},
		{"a.example\nb.example\n0.0.0.0 c.example", LIST_FORMAT_PLAIN},
		{"a.example\n0.0.0.0 c.example\n0.0.0.0 d.example", LIST_FORMAT_HOSTS},
		{"127.0.0.1 localhost\n::1 localhost\n0.0.0.0 a.example\n", LIST_FORMAT_HOSTS},
		{"||a.example^\n@@||b.example^\nc.example\n", LIST_FORMAT_ADBLOCK},
		{"[Adblock Plus 2.0]\na.example\n", LIST_FORMAT_ADBLOCK},
		{"! Title\na.example##.ad\n", LIST_FORMAT_ADBLOCK},
		{"*.a.example\n.b.example\n", LIST_FORMAT_PLAIN},
		{"# x\naddress=/a.example/#\nserver=/b.example/\n", LIST_FORMAT_DNSMASQ},
		{"server:\nlocal-zone: \"a.example\" static\n", LIST_FORMAT_UNBOUND},
		{"$TTL 60\n@ SOA a. b. 1 2 3 4 5\na.example CNAME .\n", LIST_FORMAT_RPZ},
		{"a.example IN CNAME .\n*.a.example 60 CNAME .\n; x\n", LIST_FORMAT_RPZ},
		{"a.example\tA\t192.0.2.1\n", LIST_FORMAT_RPZ},
		{"(^|\\.)a\\.example$\n^b\\.\n# x\n", LIST_FORMAT_REGEX},
		{"192.0.2.1\n198.51.100.0/24\n", LIST_FORMAT_CIDR},
		{"; x\n192.0.2.0/24 ; SBL1\n", LIST_FORMAT_CIDR},
		{"/ads/\n/^b/\n", LIST_FORMAT_ADBLOCK},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(detect_format(rows[i].text, strlen(rows[i].text)), rows[i].format);
}

static void test_strangers(void **state)
{
	(void)state;
	static const struct {
		const char *text, *why;
	} rows[] = {
		{"<!DOCTYPE html>\n<html>", "is a web page, not a list"},
		{"\xef\xbb\xbf\r\n  <HTML lang=en>", "is a web page, not a list"},
		{"<?xml version=\"1.0\"?>\n<!-- x -->\n<html>", "is a web page, not a list"},
		{"\x1f\x8b\x08", "is compressed (gzip), unpack it first"},
		{"PK\x03\x04", "is a zip archive, unpack it first"},
		{"\xff\xfe"
	     "a",
	     "is written in UTF-16, convert it to UTF-8"},
		{"# <html>\na.example", NULL},
		{"a.example\n<html>", NULL},
		{"", NULL},
		{" ", NULL},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const char *why = detect_stranger(rows[i].text, strlen(rows[i].text));
		if (rows[i].why)
			assert_string_equal(why, rows[i].why);
		else
			assert_null(why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_line_limit),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_examples_are_bounded),
		cmocka_unit_test(test_detect),
		cmocka_unit_test(test_strangers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
