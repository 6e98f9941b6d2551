/* Cookies: the examples of RFC 9018, and what is good, renewed and refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "dns/cookie.h"
#include "dns/query.h"
#include "dns/reply.h"
#include "unit/dns/packet.h"

static void bytes_of(const char *text, uint8_t *bytes)
{
	struct packet packet = {0};
	packet_add(&packet, text);
	memcpy(bytes, packet.bytes, packet.length);
}

struct example {
	const char *client, *key, *before, *option, *reply;
	uint32_t now_s;
	bool good;
};

/* RFC 9018, A.1 to A.4: the first time, a renewal, bits in the reserved bytes, IPv6 with a secret that has been changed. */
static const struct example examples[] = {
	{"198.51.100.100", "e5e973e5a6b2a43f48e7dc849e37bfcf", "00*16", "2464c4abcf10c957",
     "2464c4abcf10c957 01000000 5cf79f11 1f8130c3eee29480", 1559731985, false},
	{"198.51.100.100", "e5e973e5a6b2a43f48e7dc849e37bfcf", "00*16",
     "2464c4abcf10c957 01000000 5cf79f11 1f8130c3eee29480",
     "2464c4abcf10c957 01000000 5cf7a871 d4a564a1442aca77", 1559734385, true},
	{"203.0.113.203", "e5e973e5a6b2a43f48e7dc849e37bfcf", "00*16",
     "fc93fc62807ddb86 01abcdef 5cf78f71 a314227b6679ebf5",
     "fc93fc62807ddb86 01000000 5cf7a9ac f73a7810aca2381e", 1559734700, false},
	{"2001:db8:220:1:59de:d0f4:8769:82b8", "445536bcd2513298075a5d379663c962",
     "dd3bdf9344b678b185a6f5cb60fca715", "22681ab97d52c298 01000000 5cf7c579 26556bd0934c72f8",
     "22681ab97d52c298 01000000 5cf7c609 a6bb79d16625507a", 1559741961, true},
};

static void the_examples_of_the_rfc(void **state)
{
	(void)state;
	for (size_t i = 0; i < PF_COUNT(examples); i++) {
		const struct example *example = &examples[i];
		struct packet option = {0}, expected = {0};
		struct cookie_keys keys;
		struct addr client;
		uint8_t reply[COOKIE_BYTES];
		assert_int_equal(addr_parse(example->client, &client), PF_OK);
		bytes_of(example->key, keys.now);
		bytes_of(example->before, keys.before);
		packet_add(&option, example->option);
		packet_add(&expected, example->reply);
		bool good = cookie_take(option.bytes, option.length, &client, &keys, example->now_s, reply);
		assert_memory_equal(reply, expected.bytes, sizeof reply);
		/* A.3's cookie is of another time: 5cf78f71 is two hours ago */
		if (good != example->good)
			fail_msg("example %zu is %s", i + 1, good ? "good" : "not good");
	}
}

struct fixture {
	struct cookie_keys keys;
	struct addr client;
	uint8_t cookie[COOKIE_BYTES];
};

#define NOW_S 1800000000u

static void make(struct fixture *fixture)
{
	static const uint8_t asked[COOKIE_CLIENT_BYTES] = "client's";
	memset(fixture, 7, sizeof *fixture);
	assert_int_equal(addr_parse("192.0.2.1", &fixture->client), PF_OK);
	assert_false(
		cookie_take(asked, sizeof asked, &fixture->client, &fixture->keys, NOW_S, fixture->cookie));
	assert_memory_equal(fixture->cookie, asked, sizeof asked);
}

static void a_cookie_ages(void **state)
{
	(void)state;
	static const struct {
		int age_s;
		bool good, same;
	} cases[] = {
		{0, true, true},
		{1, true, true},
		{COOKIE_FRESH_S, true, true},
		{COOKIE_FRESH_S + 1, true, false},
		{COOKIE_PAST_MAX_S, true, false},
		{COOKIE_PAST_MAX_S + 1, false, false},
		{-COOKIE_FUTURE_MAX_S, true, true},
		{-COOKIE_FUTURE_MAX_S - 1, false, false},
		{1 << 30, false, false},
	};
	struct fixture fixture;
	make(&fixture);
	for (size_t i = 0; i < PF_COUNT(cases); i++) {
		uint8_t reply[COOKIE_BYTES];
		bool good = cookie_take(fixture.cookie, COOKIE_BYTES, &fixture.client, &fixture.keys,
		                        NOW_S + (uint32_t)cases[i].age_s, reply);
		bool same = !memcmp(reply, fixture.cookie, COOKIE_BYTES);
		if (good != cases[i].good || same != cases[i].same)
			fail_msg("%d s: good %d, same %d", cases[i].age_s, good, same);
	}
}

static void what_is_not_ours_is_not_good(void **state)
{
	(void)state;
	struct fixture fixture;
	struct addr other;
	uint8_t reply[COOKIE_BYTES], long_one[COOKIE_BYTES_MAX] = {0};
	make(&fixture);
	for (size_t i = 0; i < COOKIE_BYTES * 8; i++) { /* each bit counts, the client's own included */
		uint8_t wrong[COOKIE_BYTES];
		memcpy(wrong, fixture.cookie, sizeof wrong);
		wrong[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_false(
			cookie_take(wrong, sizeof wrong, &fixture.client, &fixture.keys, NOW_S, reply));
		assert_memory_equal(reply, wrong, COOKIE_CLIENT_BYTES);
	}
	assert_int_equal(addr_parse("192.0.2.2", &other), PF_OK);
	assert_false(cookie_take(fixture.cookie, COOKIE_BYTES, &other, &fixture.keys, NOW_S, reply));
	memcpy(long_one, fixture.cookie, COOKIE_BYTES);
	assert_false(
		cookie_take(long_one, sizeof long_one, &fixture.client, &fixture.keys, NOW_S, reply));
	assert_false(cookie_take(fixture.cookie, COOKIE_SERVER_MIN, &fixture.client, &fixture.keys,
	                         NOW_S, reply));
}

static void a_changed_secret_ends_one_later(void **state)
{
	(void)state;
	struct fixture fixture;
	uint8_t reply[COOKIE_BYTES];
	make(&fixture);
	struct cookie_keys *keys = &fixture.keys;
	for (int change = 0; change < 2; change++) {
		memcpy(keys->before, keys->now, sizeof keys->before);
		memset(keys->now, 20 + change, sizeof keys->now);
		bool good = cookie_take(fixture.cookie, COOKIE_BYTES, &fixture.client, keys, NOW_S, reply);
		assert_int_equal(good, change == 0);
		assert_memory_not_equal(reply, fixture.cookie, COOKIE_BYTES);
	}
}

/* RFC 7873, 5.2.2: other lengths are FORMERR. */
static void only_lengths_that_a_cookie_has(void **state)
{
	(void)state;
	for (unsigned length = 0; length <= 50; length++) {
		struct packet packet = {0};
		struct dns_query query;
		char head[200];
		snprintf(
			head, sizeof head,
			"0000 0100 0001 0000 0000 0001 @a.test 0001 0001 00 0029 04d0 00000000 %04x 000a %04x",
			length + 4, length);
		packet_add(&packet, head);
		for (unsigned i = 0; i < length; i++)
			packet_add(&packet, "63");
		bool right = length == 8 || (length >= 16 && length <= 40);
		assert_int_equal(dns_query_parse(packet.bytes, packet.length, &query),
		                 right ? QUERY_OK : QUERY_FORMERR);
		if (right)
			assert_int_equal(query.edns.cookie_length, length);
	}
}

static void of_two_the_first_counts(void **state)
{
	(void)state;
	struct packet packet = {0};
	struct dns_query query;
	packet_add(&packet,
	           "0000 0100 0001 0000 0000 0001 @a.test 0001 0001 00 0029 04d0 00000000 0014 "
	           "000a 0008 61*8 000a 0004 62*4");
	assert_int_equal(dns_query_parse(packet.bytes, packet.length, &query), QUERY_OK);
	assert_int_equal(packet.bytes[query.edns.cookie_at], 0x61);
}

/* The longest question, the smallest reply: cookie and OPT are always there, EDE and records give way. */
static void there_is_always_room_for_it(void **state)
{
	(void)state;
	struct packet packet = {0};
	struct dns_query query, back;
	static uint8_t out[DNS_MESSAGE_MAX];
	packet_add(&packet,
	           "0000 0100 0001 0000 0000 0001 3f 61*63 3f 61*63 3f 61*63 3d 61*61 00 0001 0001 "
	           "00 0029 0200 00000000 000c 000a 0008 63*8");
	assert_int_equal(dns_query_parse(packet.bytes, packet.length, &query), QUERY_OK);
	query.edns.cookie_replied = true;
	memset(query.cookie, 9, sizeof query.cookie);
	char text[REPLY_EDE_TEXT_MAX];
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	struct addr addresses[40] = {0};
	for (size_t i = 0; i < PF_COUNT(addresses); i++)
		addresses[i].family = 4;
	const struct reply_options options = {.udp = true, .ede = DNS_EDE_BLOCKED, .ede_text = text};
	size_t length =
		reply_synthesize(out, &query, DNS_RCODE_NOERROR, addresses, PF_COUNT(addresses), &options);
	assert_true(length <= 512);
	assert_true(out[2] & 2); /* TC */
	out[2] &= 0x7d;          /* read it as a query */
	assert_int_equal(dns_query_parse(out, length, &back), QUERY_OK);
	assert_int_equal(back.edns.cookie_length, COOKIE_BYTES);
	assert_memory_equal(out + back.edns.cookie_at, query.cookie, COOKIE_BYTES);
	length = reply_error(out, &query, DNS_RCODE_BADCOOKIE, &options);
	assert_true(length <= 512);
	assert_int_equal(out[3] & 15, DNS_RCODE_BADCOOKIE & 15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_examples_of_the_rfc),
		cmocka_unit_test(a_cookie_ages),
		cmocka_unit_test(what_is_not_ours_is_not_good),
		cmocka_unit_test(a_changed_secret_ends_one_later),
		cmocka_unit_test(only_lengths_that_a_cookie_has),
		cmocka_unit_test(of_two_the_first_counts),
		cmocka_unit_test(there_is_always_room_for_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
