/* Unit tests of label.h and text.h: what databases are called, and what strangers' text becomes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "geo/geo.h"
#include "geo/label.h"
#include "geo/text.h"

#define BUILT_US (1780345978LL * 1000000) /* 2026-06-01 */

static void labels_are_short(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"/usr/share/GeoIP/dbip-country.mmdb", "dbip 2026-06"},
		{"geo-whois-asn-country.mmdb", "geo-whois 2026-06"},
		{"/a/GeoLite2-Country.mmdb", "GeoLite2 2026-06"},
		{"/a.b/GeoIP2-City-Test.mmdb", "GeoIP2 2026-06"},
		{"dbip-country-lite-2026-06.mmdb", "dbip 2026-06"},
		{"dbip-country-ipv4.mmdb", "dbip 2026-06"},
		{"GeoLite2-Country_20260601.mmdb", "GeoLite2 2026-06"},
		{"ipinfo_lite.mmdb", "ipinfo 2026-06"},
		{"asn-ipv4.csv", "asn 2026-06"},
		{"asn-ipv6-num.csv", "asn 2026-06"},
		{"anycast-prefixes.txt", "anycast 2026-06"},
		{"country.mmdb", "country 2026-06"},
		{"MINE-COUNTRY.MMDB", "MINE 2026-06"},
		{"-country", "-country 2026-06"},
		{".mmdb", ".mmdb 2026-06"},
		{"2026-06-01.mmdb", "2026-06-01 2026-06"},
		{"v4.mmdb", "v4 2026-06"},
		{"a\nb\x1b[31m.mmdb", "ab[31m 2026-06"},
	};
	for (size_t i = 0; i < PF_COUNT(cases); i++) {
		char label[GEO_LABEL_MAX];
		label_make(cases[i][0], BUILT_US, label);
		assert_string_equal(label, cases[i][1]);
	}
}

static void long_names_and_strange_days_fit(void **state)
{
	(void)state;
	char path[600], label[GEO_LABEL_MAX];
	memset(path, 'x', sizeof path);
	path[sizeof path - 1] = '\0';
	label_make(path, BUILT_US, label);
	assert_int_equal(strlen(label), GEO_LABEL_MAX - 1);
	assert_string_equal(label + strlen(label) - 8, " 2026-06");
	label_make("a.mmdb", 0, label);
	assert_string_equal(label, "a 1970-01");
	label_make("a.mmdb", 253402300799LL * 1000000, label);
	assert_string_equal(label, "a 9999-12");
	label_make("a.mmdb", INT64_MAX, label);
	assert_string_equal(label, "a no date");
}

static void publishers_are_told_apart(void **state)
{
	(void)state;
	static const struct {
		const char *type_a, *label_a, *type_b, *label_b;
		bool same;
	} cases[] = {
		{"country ipvAll", "dbip 2026-06", "country ipvAll", "geo-whois 2026-06", false},
		{"country ipv4", "dbip 2026-06", "country ipv6", "dbip 2026-07", true},
		{"GeoLite2-Country", "a 2026-06", "GeoIP2-City", "b 2026-06", true},
		{"GeoLite2-Country", "a 2026-06", "DBIP-Country-Lite", "b 2026-06", false},
		{"DBIP-Country-Lite", "x 2026-06", "DBIP-City (compat=City)", "y 2026-06", true},
		{"", "geo whois 2026-06", "", "geo 2026-06", false},
		{"", "DBIP 2026-06", "", "dbip 2026-06", true},
	};
	for (size_t i = 0; i < PF_COUNT(cases); i++) {
		assert_int_equal(label_same_publisher(cases[i].type_a, cases[i].label_a, cases[i].type_b,
		                                      cases[i].label_b),
		                 cases[i].same);
		assert_int_equal(label_same_publisher(cases[i].type_b, cases[i].label_b, cases[i].type_a,
		                                      cases[i].label_a),
		                 cases[i].same);
	}
}

static void text_becomes_clean_utf8(void **state)
{
	(void)state;
	static const struct {
		const char *from, *to;
	} cases[] = {
		{"Google LLC", "Google LLC"},
		{"Telef\u00f3nica", "Telef\u00f3nica"},
		{"\u963f\u91cc\u5df4\u5df4", "\u963f\u91cc\u5df4\u5df4"},
		{"a\x01\x1b[2Jb\x7f\tc", "a[2Jbc"},
		{"a\xc2\x9b"
	     "31mb",
	     "a31mb"}, /* C1: CSI */
		{"a\u202e"
	     "txt.exe\u2066\u2028",
	     "atxt.exe"},                      /* turned around */
		{"Telef\xf3nica", "Telef?nica"},   /* Latin-1 */
		{"\xff\xfe\x80", "???"},           /* no UTF-8 at all */
		{"\xc0\xaf\xe0\x80\xaf", "?????"}, /* overlong */
		{"\xed\xa0\x80", "???"},           /* a surrogate */
		{"\xf4\x90\x80\x80", "????"},      /* over U+10FFFF */
		{"cut \xe9\x98", "cut ??"},        /* cut inside a character */
		{"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
	};
	for (size_t i = 0; i < PF_COUNT(cases); i++) {
		char to[GEO_ORGANISATION_MAX];
		text_clean(to, sizeof to, cases[i].from, strlen(cases[i].from));
		assert_string_equal(to, cases[i].to);
	}
	char to[8];
	text_clean(to, sizeof to, "a\0b", 3);
	assert_string_equal(to, "ab");
	text_clean(to, sizeof to, "", 0);
	assert_string_equal(to, "");
}

static void text_is_cut_between_characters(void **state)
{
	(void)state;
	char from[128], to[GEO_ORGANISATION_MAX];
	for (size_t lead = 0; lead < 8; lead++) {
		memset(from, 'x', lead);
		from[lead] = '\0';
		while (strlen(from) + 4 < sizeof from)
			strcat(from, "\u963f");
		text_clean(to, sizeof to, from, strlen(from));
		assert_true(strlen(to) < sizeof to && strlen(to) >= sizeof to - 3);
		assert_int_equal((strlen(to) - lead) % 3, 0);
		assert_memory_equal(to, from, strlen(to));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(labels_are_short),
		cmocka_unit_test(long_names_and_strange_days_fit),
		cmocka_unit_test(publishers_are_told_apart),
		cmocka_unit_test(text_becomes_clean_utf8),
		cmocka_unit_test(text_is_cut_between_characters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
