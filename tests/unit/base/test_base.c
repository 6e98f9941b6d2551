/* Unit tests of src/base: addresses, prefixes, durations, buffers, findings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/addr.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/hash.h"

static void addresses_round_trip(void **state)
{
	(void)state;
	static const char *const texts[] = {"192.0.2.1",   "0.0.0.0", "255.255.255.255", "9.10.99.100",
	                                    "2001:db8::1", "::",      "fe80::1"};
	for (size_t i = 0; i < PF_COUNT(texts); i++) {
		struct addr addr;
		char text[ADDR_TEXT_MAX];
		assert_int_equal(addr_parse(texts[i], &addr), PF_OK);
		addr_format(&addr, text);
		assert_string_equal(text, texts[i]);
	}
	static const char *const bad[] = {"",  "1.2.3",     "1.2.3.4.5", "256.1.1.1",
	                                  "x", "1.2.3.4/8", "fe80::1%lo"};
	for (size_t i = 0; i < PF_COUNT(bad); i++) {
		struct addr addr;
		assert_int_equal(addr_parse(bad[i], &addr), PF_EINVAL);
		assert_int_equal(addr.family, 0);
	}
}

static void mapped_addresses_are_unwrapped(void **state)
{
	(void)state;
	struct addr mapped, plain, other;
	assert_int_equal(addr_parse("::ffff:192.0.2.1", &mapped), PF_OK);
	assert_int_equal(addr_parse("192.0.2.1", &plain), PF_OK);
	addr_unmap(&mapped);
	assert_true(addr_equal(&mapped, &plain));
	assert_int_equal(addr_parse("2001:db8::ffff:c000:201", &other), PF_OK);
	addr_unmap(&other);
	assert_int_equal(other.family, 6);
}

static void prefixes_contain(void **state)
{
	(void)state;
	static const struct {
		const char *prefix, *addr;
		bool inside;
	} cases[] = {
		{"192.168.40.0/24", "192.168.40.255", true},
		{"192.168.40.0/24", "192.168.41.0", false},
		{"10.0.0.0/9", "10.127.255.255", true},
		{"10.0.0.0/9", "10.128.0.0", false},
		{"0.0.0.0/0", "203.0.113.9", true},
		{"0.0.0.0/0", "::1", false},
		{"192.0.2.7", "192.0.2.7", true},
		{"192.0.2.7", "192.0.2.6", false},
		{"2001:db8::/33", "2001:db8:7fff::1", true},
		{"2001:db8::/33", "2001:db8:8000::1", false},
		{"::/0", "fe80::1", true},
	};
	for (size_t i = 0; i < PF_COUNT(cases); i++) {
		struct prefix prefix;
		struct addr addr;
		assert_int_equal(prefix_parse(cases[i].prefix, &prefix), PF_OK);
		assert_int_equal(addr_parse(cases[i].addr, &addr), PF_OK);
		assert_int_equal(prefix_contains(&prefix, &addr), cases[i].inside);
	}
	static const char *const bad[] = {"192.168.40.1/24", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1",
	                                  "::1/127",         "10.0.0.0/ 8", "/8"};
	for (size_t i = 0; i < PF_COUNT(bad); i++) {
		struct prefix prefix;
		assert_int_equal(prefix_parse(bad[i], &prefix), PF_EINVAL);
	}
}

static void ports_are_read(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *shown; /* NULL: refused */
	} cases[] = {
		{"9.9.9.9", "9.9.9.9:53"},
		{"127.0.0.1:5300", "127.0.0.1:5300"},
		{"127.0.0.1@5300", "127.0.0.1:5300"},
		{"[::1]:5353", "[::1]:5353"},
		{"::1", "[::1]:53"},
		{"[::1]", "[::1]:53"},
		{"::1@54", "[::1]:54"},
		{"9.9.9.9:", NULL},
		{"9.9.9.9:0", NULL},
		{"9.9.9.9:65536", NULL},
		{"[9.9.9.9]:53", NULL},
		{"[::1", NULL},
		{"[::1]x", NULL},
		{"dns.example", NULL},
		{"9.9.9.9:5 3", NULL},
		{"", NULL},
	};
	for (size_t i = 0; i < PF_COUNT(cases); i++) {
		struct addr_port parsed;
		char text[ADDR_PORT_TEXT_MAX];
		int error = addr_port_parse(cases[i].text, 53, &parsed);
		if (!cases[i].shown) {
			assert_int_equal(error, PF_EINVAL);
			continue;
		}
		assert_int_equal(error, PF_OK);
		addr_port_format(&parsed, text);
		assert_string_equal(text, cases[i].shown);
		struct sockaddr_storage wire;
		struct addr_port back;
		addr_to_sockaddr(&parsed, &wire);
		assert_int_equal(addr_from_sockaddr((struct sockaddr *)&wire, &back), PF_OK);
		assert_true(addr_equal(&parsed.addr, &back.addr) && parsed.port == back.port);
	}
}

static void macs_are_read(void **state)
{
	(void)state;
	struct mac mac;
	char text[MAC_TEXT_MAX];
	assert_int_equal(mac_parse("64:BC:0c:80-7e:1f", &mac), PF_OK);
	mac_format(&mac, text);
	assert_string_equal(text, "64:bc:0c:80:7e:1f");
	static const char *const bad[] = {"",
	                                  "64:bc:0c:80:7e",
	                                  "64:bc:0c:80:7e:1f:",
	                                  "64:bc:0c:80:7e:1g",
	                                  "64bc0c807e1f",
	                                  "64:bc:0c:80:7e: f"};
	for (size_t i = 0; i < PF_COUNT(bad); i++)
		assert_int_equal(mac_parse(bad[i], &mac), PF_EINVAL);
}

static void durations_are_read(void **state)
{
	(void)state;
	int64_t us;
	assert_int_equal(clock_parse_duration("250ms", &us), PF_OK);
	assert_int_equal(us, 250000);
	assert_int_equal(clock_parse_duration("10m", &us), PF_OK);
	assert_int_equal(us, 600000000);
	assert_int_equal(clock_parse_duration("365d", &us), PF_OK);
	assert_int_equal(us, 365 * 86400000000LL);
	assert_int_equal(clock_parse_duration("2w", &us), PF_OK);
	assert_int_equal(us, 14 * 86400000000LL);
	static const char *const bad[] = {"", "10", "m", "-1d", "1.5h", "10 m", "1y", "10mm"};
	for (size_t i = 0; i < PF_COUNT(bad); i++)
		assert_int_equal(clock_parse_duration(bad[i], &us), PF_EINVAL);
	assert_int_equal(clock_parse_duration("99999999999999999999d", &us), PF_EFULL);
	assert_int_equal(clock_parse_duration("9999999d", &us), PF_EFULL);
}

static void times_are_iso_8601(void **state)
{
	(void)state;
	char text[CLOCK_TEXT_MAX];
	clock_format(0, text);
	assert_string_equal(text, "1970-01-01T00:00:00.000Z");
	clock_format(1795465583123456, text);
	assert_string_equal(text, "2026-11-23T20:26:23.123Z");
}

static void buffers_stop_at_their_maximum(void **state)
{
	(void)state;
	struct buffer buffer;
	buffer_init(&buffer, 1000);
	for (int i = 0; i < 100; i++)
		buffer_print(&buffer, "%08d", i);
	assert_int_equal(buffer.length, 800);
	assert_false(buffer.failed);
	assert_memory_equal(buffer.data + 792, "00000099", 9);
	char big[300] = {0};
	buffer_append(&buffer, big, sizeof big);
	assert_true(buffer.failed);
	assert_int_equal(buffer.length, 800);
	buffer_append(&buffer, big, 1); /* once failed, never whole again */
	assert_int_equal(buffer.length, 800);
	buffer_deinit(&buffer);
	assert_null(buffer.data);
}

static void findings_are_collected(void **state)
{
	(void)state;
	struct diag diag;
	char text[DIAG_TEXT_MAX];
	diag_init(&diag);
	diag_error(&diag, "a.yaml", 3, 7, "unknown key `%s`", "tag");
	diag_warning(&diag, "a.yaml", 0, 0, "old");
	diag_error(&diag, NULL, 0, 0, "no file");
	assert_int_equal(diag.errors, 2);
	assert_int_equal(diag.warnings, 1);
	diag_format(&diag.entries[0], text, sizeof text);
	assert_string_equal(text, "a.yaml:3:7: error: unknown key `tag`");
	diag_format(&diag.entries[1], text, sizeof text);
	assert_string_equal(text, "a.yaml: warning: old");
	diag_format(&diag.entries[2], text, sizeof text);
	assert_string_equal(text, "error: no file");
	for (int i = 0; i < 2 * DIAG_ENTRY_MAX; i++)
		diag_error(&diag, "a.yaml", 1, 1, "again");
	assert_int_equal(diag.count, DIAG_ENTRY_MAX);
	assert_int_equal(diag.errors, 2 + 2 * DIAG_ENTRY_MAX);
	diag_deinit(&diag);
}

static void hashes_are_keyed(void **state)
{
	(void)state;
	struct hash_key a = hash_key_random(), b = hash_key_random();
	assert_int_not_equal(a.seed, b.seed);
	assert_int_equal(hash_bytes(a, "name", 4), hash_bytes(a, "name", 4));
	assert_int_not_equal(hash_bytes(a, "name", 4), hash_bytes(b, "name", 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_round_trip),   cmocka_unit_test(mapped_addresses_are_unwrapped),
		cmocka_unit_test(prefixes_contain),       cmocka_unit_test(ports_are_read),
		cmocka_unit_test(macs_are_read),          cmocka_unit_test(durations_are_read),
		cmocka_unit_test(times_are_iso_8601),     cmocka_unit_test(buffers_stop_at_their_maximum),
		cmocka_unit_test(findings_are_collected), cmocka_unit_test(hashes_are_keyed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
