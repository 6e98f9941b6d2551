/* Paths and base64url of DNS over HTTPS. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "net/doh.h"

static void test_targets(void **state)
{
	(void)state;
	static const struct {
		const char *path, *label, *message; /* label NULL: there is nothing */
	} cases[] = {
		{"/dns-query", "", NULL},
		{"/dns-query?dns=AAAA", "", "AAAA"},
		{"/dns-query?dns=", "", ""},
		{"/dns-query?ct&dns=AAAA&dns=BBBB", "", "AAAA"},
		{"/dns-query?xdns=AAAA", "", NULL},
		{"/dns-query/coffee", "coffee", NULL},
		{"/dns-query/Coffee-2?dns=a-_", "coffee-2", "a-_"},
		{"/dns-query/", NULL, NULL},
		{"/dns-query/-a", NULL, NULL},
		{"/dns-query/a-", NULL, NULL},
		{"/dns-query/a/b", NULL, NULL},
		{"/dns-query/a.b", NULL, NULL},
		{"/dns-query/%41", NULL, NULL},
		{"/dns-queries", NULL, NULL},
		{"/DNS-query", NULL, NULL},
		{"/", NULL, NULL},
		{"", NULL, NULL},
	};
	for (size_t i = 0; i < PF_COUNT(cases); i++) {
		struct doh_target target;
		bool found = doh_target_read(cases[i].path, strlen(cases[i].path), &target);
		assert_int_equal(found, cases[i].label != NULL);
		if (!found)
			continue;
		assert_string_equal(target.label, cases[i].label);
		assert_int_equal(target.has_message, cases[i].message != NULL);
		if (!cases[i].message)
			continue;
		assert_int_equal(target.message_length, strlen(cases[i].message));
		assert_memory_equal(target.message, cases[i].message, target.message_length);
	}
	/* A label has 63 bytes at most. */
	char path[] = "/dns-query/0123456789012345678901234567890123456789012345678901234567890123";
	struct doh_target target;
	assert_false(doh_target_read(path, strlen(path), &target));
	assert_true(doh_target_read(path, strlen(path) - 1, &target));
	assert_int_equal(strlen(target.label), 63);
}

static void test_code(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int length; /* -1: no base64url */
		uint8_t bytes[6];
	} cases[] = {
		{"", 0, {0}},
		{"AA", 1, {0}},
		{"_w", 1, {0xff}},
		{"_-8", 2, {0xff, 0xef}},
		{"-_-_", 3, {0xfb, 0xff, 0xbf}},
		{"AQIDBAUG", 6, {1, 2, 3, 4, 5, 6}},
		{"A", -1, {0}},
		{"AAAAA", -1, {0}},
		{"AB", -1, {0}}, /* bits that belong to no byte */
		{"AAB", -1, {0}},
		{"AA==", -1, {0}},
		{"+/+/", -1, {0}},
		{"AA A", -1, {0}},
	};
	for (size_t i = 0; i < PF_COUNT(cases); i++) {
		uint8_t out[16];
		size_t length = 0;
		bool good = doh_decode(cases[i].text, strlen(cases[i].text), out, &length);
		assert_int_equal(good, cases[i].length >= 0);
		if (!good)
			continue;
		assert_int_equal(length, cases[i].length);
		assert_memory_equal(out, cases[i].bytes, length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_code),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
