/* Text, tables and CSV: what strangers can not do to a line. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/printable.h"
#include "cli/table.h"
#include "cli/text.h"

/* A file in memory. */
struct sheet {
	FILE *file;
	char *text;
	size_t length;
};

static FILE *sheet_open(struct sheet *sheet)
{
	*sheet = (struct sheet){0};
	sheet->file = open_memstream(&sheet->text, &sheet->length);
	assert_non_null(sheet->file);
	return sheet->file;
}

static void expect(struct sheet *sheet, const char *expected)
{
	fclose(sheet->file);
	assert_string_equal(sheet->text, expected);
	free(sheet->text);
}

static void strangers_text_is_made_safe(void **state)
{
	(void)state;
	static const struct {
		const char *text, *safe;
	} rows[] = {
		{"", ""},
		{"www.example.com", "www.example.com"},
		{"Küche 東京 →", "Küche 東京 →"},
		{"a\033[31mb", "a\\u{1b}[31mb"},
		{"a\nb\r\tc", "a\\u{a}b\\u{d}\\u{9}c"},
		{"\x7f", "\\u{7f}"},
		{"\xc2\x9b"
	     "31m",
	     "\\u{9b}31m"},                                       /* CSI of C1 */
		{"\xc0\x9b", "\\u{c0}\\u{9b}"},                       /* an overlong escape */
		{"\xe0\x80\x9b", "\\u{e0}\\u{80}\\u{9b}"},            /* another */
		{"\xed\xa0\x80", "\\u{ed}\\u{a0}\\u{80}"},            /* a surrogate */
		{"\xf4\x90\x80\x80", "\\u{f4}\\u{90}\\u{80}\\u{80}"}, /* beyond the last character */
		{"\xff\xfe", "\\u{ff}\\u{fe}"},
		{"\xe2\x82", "\\u{e2}\\u{82}"}, /* cut */
		{"\xe2\x80\xae"
	     "gpj",
	     "\\u{202e}gpj"}, /* right to left */
		{"\xe2\x81\xa6x\xe2\x81\xa9", "\\u{2066}x\\u{2069}"},
		{"a\xe2\x80\x8b"
	     "b",
	     "a\\u{200b}b"}, /* nobody sees it */
		{"\xef\xbb\xbfx", "\\u{feff}x"},
		{"\xf3\xa0\x81\x81", "\\u{e0041}"}, /* a tag character */
		{"a\\032b", "a\\032b"},
	};
	for (size_t i = 0; i < PF_COUNT(rows); i++) {
		struct buffer out;
		buffer_init(&out, 1000);
		buffer_append(&out, "", 0);
		printable_append(&out, rows[i].text);
		assert_string_equal(out.data, rows[i].safe);
		buffer_deinit(&out);
	}
	/* Every byte, alone and in the middle: no control is left. */
	for (int byte = 1; byte < 256; byte++) {
		char text[4] = {'a', (char)byte, 'z', '\0'};
		struct buffer out;
		buffer_init(&out, 100);
		printable_append(&out, text);
		for (const char *c = out.data; *c; c++)
			assert_in_range((unsigned char)*c, 0x20, 0x7e);
		buffer_deinit(&out);
	}
}

static void lines_stay_lines(void **state)
{
	(void)state;
	struct sheet sheet;
	FILE *out = sheet_open(&sheet);
	cli_say(out, "%s: %d", "a\nwarning: b", 7);
	cli_put(out, "%s|", "\033c");
	cli_pad(out, 6, "%s", "äb");
	cli_pad(out, 2, "%s", "long");
	cli_say(out, "%s", "");
	expect(&sheet, "a\\u{a}warning: b: 7\n\\u{1b}c|äb    long\n");
	/* Longer than any line: cut, and still one line. */
	char *long_text = malloc(200001);
	memset(long_text, 'x', 200000);
	long_text[200000] = '\0';
	out = sheet_open(&sheet);
	cli_say(out, "%s", long_text);
	fclose(out);
	assert_in_range(sheet.length, 1, 70000);
	assert_int_equal(sheet.text[sheet.length - 1], '\n');
	free(sheet.text);
	free(long_text);
}

static void widths(void **state)
{
	(void)state;
	assert_int_equal(cli_width(""), 0);
	assert_int_equal(cli_width("abc"), 3);
	assert_int_equal(cli_width("äöü"), 3);
	assert_int_equal(cli_width("e\xcc\x81"), 1); /* e and a combining accent */
	assert_int_equal(cli_width("東京"), 4);
	assert_int_equal(cli_width("\xf0\x9f\x93\xb7"), 2); /* a camera */
	assert_int_equal(cli_width("→"), 1);
}

static void small_texts(void **state)
{
	(void)state;
	assert_string_equal(cli_number(0).bytes, "0");
	assert_string_equal(cli_number(999).bytes, "999");
	assert_string_equal(cli_number(1000).bytes, "1,000");
	assert_string_equal(cli_number(1234567).bytes, "1,234,567");
	assert_string_equal(cli_number(-1234).bytes, "-1,234");
	assert_string_equal(cli_number(-123).bytes, "-123");
	assert_string_equal(cli_number(INT64_MIN).bytes, "-9,223,372,036,854,775,808");
	assert_string_equal(cli_count(1, "device").bytes, "1 device");
	assert_string_equal(cli_count(0, "device").bytes, "0 devices");
	assert_string_equal(cli_count(12345, "name").bytes, "12,345 names");
	assert_string_equal(cli_time("2026-11-23T20:26:23.123Z").bytes, "2026-11-23 20:26:23");
	assert_string_equal(cli_time("").bytes, "");
	assert_string_equal(cli_time(NULL).bytes, "");
	assert_string_equal(cli_duration(5).bytes, "5 s");
	assert_string_equal(cli_duration(60).bytes, "1 min");
	assert_string_equal(cli_duration(3661).bytes, "1 h 1 min");
	assert_string_equal(cli_duration(93784).bytes, "1 d 2 h");
	assert_string_equal(cli_duration(-5).bytes, "0 s");
	/* Several in one call. */
	char text[256];
	snprintf(text, sizeof text, "%s %s %s", cli_number(1).bytes, cli_number(2000).bytes,
	         cli_number(3).bytes);
	assert_string_equal(text, "1 2,000 3");
}

static void members_of_any_type(void **state)
{
	(void)state;
	json_t *object = json_pack("{s:s, s:i, s:n, s:b, s:[]}", "s", "x", "i", 7, "n", "b", 1, "a");
	assert_string_equal(cli_string(object, "s"), "x");
	assert_string_equal(cli_string(object, "i"), "");
	assert_string_equal(cli_string(object, "n"), "");
	assert_string_equal(cli_string(object, "missing"), "");
	assert_string_equal(cli_string(NULL, "s"), "");
	assert_int_equal(cli_integer(object, "i"), 7);
	assert_int_equal(cli_integer(object, "s"), 0);
	assert_int_equal(cli_integer(object, "a"), 0);
	assert_int_equal(cli_integer(NULL, "i"), 0);
	json_decref(object);
}

static void tables_are_aligned(void **state)
{
	(void)state;
	static const char *const heads[] = {"NAME", ">COUNT", "X"};
	struct sheet sheet;
	struct cli_table *table = cli_table_new(heads, 3);
	cli_table_cell(table, NULL, "%s", "東京");
	cli_table_cell(table, NULL, "%s", "5");
	cli_table_cell(table, "31", "%s", "red");
	cli_table_cell(table, NULL, "%s", "a\nb");
	cli_table_cell(table, NULL, "%s", "12,345");
	cli_table_cell(table, NULL, "%s", "");
	assert_int_equal(cli_table_print(&table, sheet_open(&sheet)), PF_OK);
	assert_null(table);
	expect(&sheet, "NAME      COUNT  X\n"
	               "東京          5  \033[31mred\033[0m\n"
	               "a\\u{a}b  12,345  \n");
	table = cli_table_new(heads, 3);
	assert_int_equal(cli_table_print(&table, sheet_open(&sheet)), PF_OK);
	expect(&sheet, "NAME  COUNT  X\n");
}

/* A row that is not whole is not shown; thousands of rows are. */
static void tables_of_any_length(void **state)
{
	(void)state;
	static const char *const heads[] = {"A", "B"};
	struct sheet sheet;
	struct cli_table *table = cli_table_new(heads, 2);
	for (int i = 0; i < 5000; i++)
		cli_table_cell(table, NULL, "%d", i);
	cli_table_cell(table, NULL, "alone");
	assert_int_equal(cli_table_print(&table, sheet_open(&sheet)), PF_OK);
	fclose(sheet.file);
	size_t lines = 0;
	for (size_t i = 0; i < sheet.length; i++)
		lines += sheet.text[i] == '\n';
	assert_int_equal(lines, 1 + 2500);
	assert_null(strstr(sheet.text, "alone"));
	assert_non_null(strstr(sheet.text, "4998   4999\n"));
	free(sheet.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strangers_text_is_made_safe),
		cmocka_unit_test(lines_stay_lines),
		cmocka_unit_test(widths),
		cmocka_unit_test(small_texts),
		cmocka_unit_test(members_of_any_type),
		cmocka_unit_test(tables_are_aligned),
		cmocka_unit_test(tables_of_any_length),
	};
	return cmocka_run_group_tests_name("cli: text", tests, NULL, NULL);
}
