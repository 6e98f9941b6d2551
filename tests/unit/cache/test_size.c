/* What an answer takes in the cache, by its account: at most one and a half times its message and 64 bytes, slots and what the allocator rounds up included.
 * That the account is true is tests/bench/memory.py's to show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dns/compose.h"
#include "unit/cache/fixture.h"

#define COUNT 1000
#define DIGITS 3

static struct answer *addresses(const char *name, uint16_t type, size_t count)
{
	static const uint8_t bytes[16] = {0x20, 0x01, 0x0d, 0xb8};
	uint8_t each[8][16];
	struct answer_datum data[8];
	struct answer *answer;
	const struct cache_key key = key_of(name, type);
	for (size_t i = 0; i < count; i++) {
		memcpy(each[i], bytes, sizeof bytes);
		each[i][type == DNS_TYPE_A ? 3 : 15] = (uint8_t)(i + 1);
		data[i] = (struct answer_datum){each[i], type == DNS_TYPE_A ? 4 : 16};
	}
	assert_int_equal(answer_make(&key.name, type, 300, data, count, &answer), PF_OK);
	return answer;
}

static struct answer *alias(const char *name, const char *target)
{
	const struct cache_key key = key_of(name, DNS_TYPE_CNAME), to = key_of(target, DNS_TYPE_CNAME);
	const struct answer_datum datum = {to.name.wire, to.name.length};
	struct answer *answer;
	assert_int_equal(answer_make(&key.name, DNS_TYPE_CNAME, 300, &datum, 1, &answer), PF_OK);
	return answer;
}

/* As shops and newspapers have it: two names of somebody who serves it, then an address. */
static struct answer *chain(const char *name)
{
	const char *first = "www.shop.cdn.example", *second = "e123.a.edge.example";
	struct answer *parts[] = {alias(name, first), alias(first, second),
	                          addresses(second, DNS_TYPE_A, 1)};
	const struct answer_part all[] = {{parts[0], 0}, {parts[1], 0}, {parts[2], 0}};
	const struct cache_key key = key_of(name, DNS_TYPE_A);
	const struct dns_query query = {.name = key.name, .type = key.type, .class = key.class};
	struct answer *answer;
	assert_int_equal(answer_compose(&query, all, PF_COUNT(all), false, 0, &answer), PF_OK);
	for (size_t i = 0; i < PF_COUNT(parts); i++)
		answer_free(&parts[i]);
	assert_int_equal(answer->hop_count, 2);
	return answer;
}

static struct answer *no_such_name(const char *name)
{
	/* The SOA of example: ns.example, admin.example; behind header and question. */
	static const uint8_t soa[] = {0x07, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0,   0,   6,   0,   1,
	                              0,    0,   1,   44,  0,   42,  2,   'n', 's', 7,   'e', 'x', 'a',
	                              'm',  'p', 'l', 'e', 0,   1,   'a', 7,   'e', 'x', 'a', 'm', 'p',
	                              'l',  'e', 0,   0,   0,   0,   1,   0,   0,   14,  16,  0,   0,
	                              3,    132, 0,   9,   58,  128, 0,   0,   1,   44};
	uint8_t packet[256] = {0, 0, 0x81, 0x83, 0, 1, 0, 0, 0, 1};
	const struct cache_key key = key_of(name, DNS_TYPE_A);
	const struct dns_query query = {.name = key.name, .type = key.type, .class = key.class};
	size_t at = DNS_HEADER_BYTES;
	struct answer *answer;
	memcpy(packet + at, key.name.wire, key.name.length);
	at += key.name.length;
	dns_write16(packet + at, key.type);
	dns_write16(packet + at + 2, key.class);
	memcpy(packet + at + 4, soa, sizeof soa);
	packet[at + 4 + 18] = sizeof soa - 19; /* of the data */
	assert_int_equal(answer_from_wire(packet, at + 4 + sizeof soa, &query, &answer), PF_OK);
	assert_int_equal(answer->rcode, DNS_RCODE_NXDOMAIN);
	assert_int_equal(answer->ttl_count, 1);
	return answer;
}

/* Puts so many of them in, under other names of the same length: digits in their first label. */
static void fits(const char *what, const char *name, uint16_t type, struct answer *answer)
{
	struct cache *cache = cache_new(1 << 20, (struct hash_key){1});
	struct cache_key key = key_of(name, type);
	struct cache_facts facts = {.view_count = 1};
	struct cache_stats stats;
	for (unsigned i = 0; i < COUNT; i++) {
		char digits[16];
		snprintf(digits, sizeof digits, "%03u", i % 1000);
		memcpy(key.name.wire + 1, digits, DIGITS);
		memcpy(answer->wire + DNS_HEADER_BYTES + 1, digits, DIGITS);
		struct cache_entry *entry =
			cache_entry_new(cache, &key, answer, &facts, "192.0.2.53:53", at_s(0));
		assert_non_null(entry);
		cache_insert(cache, entry, at_s(0));
		cache_entry_unref(entry);
	}
	cache_stats(cache, &stats);
	assert_int_equal(stats.entries, COUNT);
	size_t each = (size_t)(stats.bytes / COUNT), most = answer->length + answer->length / 2u + 64;
	print_message("%s: %zu bytes, %u of them the message; %zu at most\n", what, each,
	              answer->length, most);
	assert_true(each <= most);
	answer_free(&answer);
	cache_free(&cache);
}

static void an_entry_takes_hardly_more_than_its_message(void **state)
{
	(void)state;
	static const char name[] = "000.site.example", shorter[] = "000x.test";
	fits("one address", name, DNS_TYPE_A, addresses(name, DNS_TYPE_A, 1));
	fits("one address of a short name", shorter, DNS_TYPE_A, addresses(shorter, DNS_TYPE_A, 1));
	fits("four addresses", name, DNS_TYPE_A, addresses(name, DNS_TYPE_A, 4));
	fits("four addresses of IPv6", name, DNS_TYPE_AAAA, addresses(name, DNS_TYPE_AAAA, 4));
	fits("two aliases", name, DNS_TYPE_A, chain(name));
	fits("no such name", name, DNS_TYPE_A, no_such_name(name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entry_takes_hardly_more_than_its_message),
	};
	return cmocka_run_group_tests(tests, rcu_begin, rcu_end);
}
