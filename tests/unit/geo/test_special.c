/* Unit tests of special.h, and of country codes: what is asked of no database, and what is believed of none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "geo/location.h"
#include "value/special.h"

static void codes_are_cleaned(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"CN", "CN"}, {"cn", "CN"}, {"UK", "GB"}, {"uk", "GB"}, {"XK", "XK"},
		{"EU", ""},   {"AP", ""},   {"??", ""},   {"ZZ", ""},   {"", ""},
		{"C", ""},    {"CHN", ""},  {"A1", ""},   {"C1", ""},   {"--", ""},
		{"QZ", ""},   {"QA", "QA"}, {"XX", ""},   {"AA", ""},   {"1A", ""},
	};
	for (size_t i = 0; i < PF_COUNT(cases); i++) {
		struct country country = country_from_text(cases[i][0], strlen(cases[i][0]));
		assert_string_equal(country.code, cases[i][1]);
	}
}

static void special_addresses_are_known(void **state)
{
	(void)state;
	static const struct {
		const char *addr;
		bool special;
	} cases[] = {
		{"0.0.0.0", true},
		{"10.1.2.3", true},
		{"100.64.0.1", true},
		{"100.128.0.1", false},
		{"127.0.0.53", true},
		{"169.254.1.1", true},
		{"172.15.255.255", false},
		{"172.16.0.1", true},
		{"172.31.255.255", true},
		{"172.32.0.1", false},
		{"192.0.0.8", true},
		{"192.0.2.1", true},
		{"192.31.196.1", true},
		{"192.52.193.1", true},
		{"192.88.99.1", true},
		{"192.175.48.42", true},
		{"192.167.255.1", false},
		{"192.168.0.1", true},
		{"198.17.255.255", false},
		{"198.18.0.1", true},
		{"198.20.0.1", false},
		{"198.51.100.9", true},
		{"203.0.113.7", true},
		{"223.255.255.1", false},
		{"224.0.0.251", true},
		{"255.255.255.255", true},
		{"8.8.8.8", false},
		{"::", true},
		{"::1", true},
		{"64:ff9b:1::1", true},
		{"100::1", true},
		{"2001::1", true},
		{"2001:2::1", true},
		{"2001:10::1", true},
		{"2001:2f::1", true},
		{"2001:1::1", true},
		{"2001:30::1", true},
		{"2001:1ff::1", true},
		{"2001:200::1", false},
		{"100:0:0:1::1", true},
		{"100:0:0:2::1", false},
		{"2620:4f:8000::1", true},
		{"2620:4f:8001::1", false},
		{"2001:db8::1", true},
		{"2001:4860:4860::8888", false},
		{"3fff:fff::1", true},
		{"5f00::1", true},
		{"fc00::1", true},
		{"fdff::1", true},
		{"fe80::1", true},
		{"fec0::1", true},
		{"ff02::fb", true},
		{"2a00:1450::1", false},
	};
	for (size_t i = 0; i < PF_COUNT(cases); i++) {
		struct addr addr;
		assert_int_equal(addr_parse(cases[i].addr, &addr), PF_OK);
		if (special_is(&addr) != cases[i].special)
			print_message("%s\n", cases[i].addr);
		assert_int_equal(special_is(&addr), cases[i].special);
	}
}

static void networks_are_whole(void **state)
{
	(void)state;
	static const struct {
		const char *prefix;
		bool special;
	} cases[] = {
		{"10.0.0.0/8", true},     {"10.1.0.0/16", true}, {"10.0.0.0/7", false},
		{"0.0.0.0/0", false},     {"8.8.8.8/32", false}, {"192.168.1.1/32", true},
		{"fc00::/7", true},       {"fd00::/8", true},    {"fc00::/6", false},
		{"2001:200::/23", false}, {"::/96", true},       {"::/64", false},
	};
	for (size_t i = 0; i < PF_COUNT(cases); i++) {
		struct prefix prefix;
		assert_int_equal(prefix_parse(cases[i].prefix, &prefix), PF_OK);
		assert_int_equal(special_holds(&prefix), cases[i].special);
	}
}

static void addresses_inside_addresses_count(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"::ffff:8.8.8.8", "8.8.8.8"},    {"2002:808:808::1", "8.8.8.8"},
		{"64:ff9b::8.8.8.8", "8.8.8.8"},  {"2002:c0a8:101::", "192.168.1.1"},
		{"2a00:1450::1", "2a00:1450::1"}, {"64:ff9b:1::8.8.8.8", "64:ff9b:1::808:808"},
		{"8.8.8.8", "8.8.8.8"},
	};
	for (size_t i = 0; i < PF_COUNT(cases); i++) {
		struct addr addr;
		char text[ADDR_TEXT_MAX];
		assert_int_equal(addr_parse(cases[i][0], &addr), PF_OK);
		addr = special_unwrap(&addr);
		addr_format(&addr, text);
		assert_string_equal(text, cases[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codes_are_cleaned),
		cmocka_unit_test(special_addresses_are_known),
		cmocka_unit_test(networks_are_whole),
		cmocka_unit_test(addresses_inside_addresses_count),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
