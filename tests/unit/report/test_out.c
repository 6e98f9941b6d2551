/* What exports write: cells of CSV, documents, digests, and pseudonyms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "report/out.h"
#include "report/pseudonym.h"

struct sheet {
	char *text;
	size_t length;
	struct out out;
};

static void open_sheet(struct sheet *sheet)
{
	sheet->out =
		(struct out){.file = open_memstream(&sheet->text, &sheet->length), .digest = digest_new()};
	assert_non_null(sheet->out.file);
	assert_non_null(sheet->out.digest);
}

static void expect(struct sheet *sheet, const char *text)
{
	fclose(sheet->out.file);
	assert_string_equal(sheet->text, text);
	assert_int_equal(sheet->out.bytes, sheet->length);
	digest_free(&sheet->out.digest);
	free(sheet->text);
}

static void csv_is_quoted(void **state)
{
	(void)state;
	struct sheet sheet;
	open_sheet(&sheet);
	struct out *out = &sheet.out;
	out_csv(out, (const char *const[]){"a", "", "b c"}, 3);
	out_csv(out, (const char *const[]){"a,b", "say \"x\"", "\""}, 3);
	out_csv(out, (const char *const[]){"x\r\ny\033", "=1+1", "@a"}, 3);
	out_csv(out, (const char *const[]){"-x,y", "a=b", "+1"}, 3);
	out_csv(out, (const char *const[]){"\t=1", "\xef\xbb\xbf=1", "\xff"}, 3);
	expect(&sheet, "a,,b c\r\n"
	               "\"a,b\",\"say \"\"x\"\"\",\"\"\"\"\r\n"
	               "x\\u{d}\\u{a}y\\u{1b},'=1+1,'@a\r\n"
	               "\"'-x,y\",a=b,'+1\r\n"
	               "\\u{9}=1,\\u{feff}=1,\\u{ff}\r\n");
}

static void documents_are_one_line(void **state)
{
	(void)state;
	struct sheet sheet;
	open_sheet(&sheet);
	assert_true(
		out_json(&sheet.out, json_pack("{s:s, s:f}", "a", "x\177\ny\xe2\x80\xae", "b", -99.1)));
	assert_false(out_json(&sheet.out, NULL));
	out_print(&sheet.out, " %d ", 7);
	out_safe(&sheet.out, "a\nb");
	expect(&sheet, "{\"a\":\"x\\u007f\\ny\\u202E\",\"b\":-99.1} 7 a\\u{a}b");
}

/* FIPS 180-2, B.1 and RFC 4231's way to use it. */
static void digests(void **state)
{
	(void)state;
	char text[DIGEST_TEXT_MAX];
	struct sheet sheet;
	open_sheet(&sheet);
	out_text(&sheet.out, "a");
	out_text(&sheet.out, "bc");
	digest_text(sheet.out.digest, text);
	assert_string_equal(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	digest_text(sheet.out.digest, text); /* asking changes nothing */
	assert_string_equal(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	expect(&sheet, "abc");
	uint64_t bytes;
	assert_int_equal(digest_file("/nowhere/at/all", &bytes, text), PF_EIO);
	assert_int_equal(digest_file("/dev/null", &bytes, text), PF_OK);
	assert_int_equal(bytes, 0);
	assert_string_equal(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void pseudonyms_hang_on_the_key(void **state)
{
	(void)state;
	char path[] = "/tmp/portafilter-test-XXXXXX", error[500];
	char one[PSEUDONYM_DEVICE_MAX], other[PSEUDONYM_DEVICE_MAX], again[PSEUDONYM_DEVICE_MAX];
	struct pseudonym pseudonym, same;
	close(mkstemp(path));
	assert_int_equal(pseudonym_load(path, &pseudonym, error), PF_EINVAL);
	assert_non_null(strstr(error, path));
	unlink(path);
	assert_int_equal(pseudonym_load(path, &pseudonym, error), PF_OK);
	assert_int_equal(pseudonym_load(path, &same, error), PF_OK);
	pseudonym_device(&pseudonym, "mac:64:bc:0c:80:7e:1f", one);
	pseudonym_device(&same, "mac:64:bc:0c:80:7e:1f", again);
	pseudonym_device(&pseudonym, "mac:64:bc:0c:80:7e:20", other);
	assert_string_equal(one, again);
	assert_string_not_equal(one, other);
	unlink(path);
	assert_int_equal(pseudonym_load(path, &same, error), PF_OK);
	pseudonym_device(&same, "mac:64:bc:0c:80:7e:1f", again);
	assert_string_not_equal(one, again);
	unlink(path);
	assert_int_equal(pseudonym_load("/nowhere/at/all", &same, error), PF_EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(csv_is_quoted),
		cmocka_unit_test(documents_are_one_line),
		cmocka_unit_test(digests),
		cmocka_unit_test(pseudonyms_hang_on_the_key),
	};
	return cmocka_run_group_tests_name("report: out", tests, NULL, NULL);
}
