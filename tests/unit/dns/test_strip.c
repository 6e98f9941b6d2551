/* Addresses taken out of answers: records, hints, `mandatory`, signatures; and that what is left is a
 * whole message, which ldns reads. */
#include <ldns/ldns.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dns/reply.h"
#include "dns/strip.h"
#include "unit/dns/fixture.h"

#define FLAGS 0x81a0 /* with AD */
#define V6_1 "20010db8 00*11 01"
#define V6_2 "20010db8 00*11 02"
#define SIGNED(type) type " 08 02 0000012c 6fffffff 00000001 0001 @example 'signature"

struct strip_case {
	const char *what;
	uint16_t type;
	struct {
		const char *owner;
		uint16_t type;
		const char *data;
	} records[6];
	uint64_t gone; /* bit i: the address i */
	unsigned left;
	const char *expected; /* the answer section as ldns says it, records divided by "; " */
};

#define WWW "www.example.\t300\tIN\t"
#define END "end.example.\t300\tIN\t"
#define HINT4 "0004 0008 c0000201 c0000202"
#define HINT6 "0006 0020 " V6_1 " " V6_2

static const struct strip_case cases[] = {
	{"the first of two",
     1,
     {{"c00c", 1, "c0000201"}, {"c00c", 1, "c0000202"}},
     1,
     1,
     WWW "A\t192.0.2.2"},
	{"the middle of three",
     1,
     {{"c00c", 1, "c0000201"}, {"c00c", 1, "c0000202"}, {"c00c", 1, "c0000203"}},
     2,
     2,
     WWW "A\t192.0.2.1; " WWW "A\t192.0.2.3"},
	{"a double goes with the first",
     1,
     {{"c00c", 1, "c0000201"}, {"c00c", 1, "c0000202"}, {"c00c", 1, "c0000201"}},
     1,
     1,
     WWW "A\t192.0.2.2"},
	{"all", 28, {{"c00c", 28, V6_1}, {"c00c", 28, V6_2}}, 3, 0, ""},
	{"the chain stays",
     1,
     {{"c00c", 5, "@a.example"},
      {"@a.example", 5, "@end.example"},
      {"@end.example", 1, "c0000201"},
      {"@end.example", 1, "c0000202"}},
     1,
     1,
     WWW "CNAME\ta.example.; a.example.\t300\tIN\tCNAME\tend.example.; " END "A\t192.0.2.2"},
	{"signatures of the changed set go, others stay",
     1,
     {{"c00c", 5, "@end.example"},
      {"c00c", 46, SIGNED("0005")},
      {"@end.example", 1, "c0000201"},
      {"@end.example", 1, "c0000202"},
      {"@end.example", 46, SIGNED("0001")}},
     2,
     1,
     WWW "CNAME\tend.example.; " WWW
         "RRSIG\tCNAME 8 2 300 20290718054951 19700101000001 1 example. "
         "c2lnbmF0dXJl; " END "A\t192.0.2.1"},
	{"hints, in part",
     65,
     {{"c00c", 65, "0001 00 0001 0003 02 'h2 " HINT4 " " HINT6}},
     1 | 8,
     1,
     WWW "HTTPS\t1 . alpn=h2 ipv4hint=192.0.2.2 ipv6hint=2001:db8::1"},
	{"a whole hint",
     65,
     {{"c00c", 65, "0001 00 0001 0003 02 'h2 " HINT4 " " HINT6}},
     3,
     1,
     WWW "HTTPS\t1 . alpn=h2 ipv6hint=2001:db8::1,2001:db8::2"},
	{"what is mandatory is no more when it is gone",
     65,
     {{"c00c", 65, "0001 00 0000 0004 00010004 0001 0003 02 'h2 0004 0004 c0000201"}},
     1,
     1,
     WWW "HTTPS\t1 . mandatory=alpn alpn=h2"},
	{"nothing is mandatory any more",
     64,
     {{"c00c", 64, "0001 00 0000 0004 00040006 0004 0004 c0000201 0006 0010 " V6_1}},
     3,
     1,
     WWW "SVCB\t1 ."},
	{"the same hint in two records",
     65,
     {{"c00c", 65, "0001 00 0004 0004 c0000201"}, {"c00c", 65, "0002 00 " HINT4}},
     1,
     2,
     WWW "HTTPS\t1 .; " WWW "HTTPS\t2 . ipv4hint=192.0.2.2"},
};

static void describe(const uint8_t *wire, size_t length, char *text, size_t size)
{
	ldns_pkt *packet = NULL;
	size_t used = 0;
	assert_int_equal(ldns_wire2pkt(&packet, wire, length), LDNS_STATUS_OK);
	assert_false(ldns_pkt_ad(packet));
	assert_int_equal(ldns_pkt_nscount(packet), 0);
	ldns_rr_list *answers = ldns_pkt_answer(packet);
	text[0] = '\0';
	for (size_t i = 0; i < ldns_rr_list_rr_count(answers); i++) {
		char *record = ldns_rr2str(ldns_rr_list_rr(answers, i));
		assert_non_null(record);
		record[strcspn(record, "\n")] = '\0';
		used += (size_t)snprintf(text + used, size - used, "%s%s", i ? "; " : "", record);
		assert_true(used < size);
		free(record);
	}
	ldns_pkt_free(packet);
}

static struct answer *answer_of(const struct strip_case *c, const struct dns_query *query)
{
	static struct packet packet;
	struct answer *answer;
	packet_answer(&packet, FLAGS, "www.example", c->type);
	for (size_t i = 0; i < PF_COUNT(c->records) && c->records[i].data; i++)
		packet_record(&packet, SECTION_ANSWER, c->records[i].owner, c->records[i].type, 300,
		              c->records[i].data);
	packet_record(&packet, SECTION_AUTHORITY, "@example", DNS_TYPE_NSEC, 300, "@z.example 000100");
	assert_int_equal(answer_from_packet(&packet, query, &answer), PF_OK);
	return answer;
}

static void marked_addresses_go(void **state)
{
	(void)state;
	static struct stripped stripped;
	static uint8_t out[DNS_MESSAGE_MAX];
	for (size_t i = 0; i < PF_COUNT(cases); i++) {
		const struct strip_case *c = &cases[i];
		char text[2048];
		struct dns_query query = query_for("www.example", c->type, true);
		struct answer *answer = answer_of(c, &query);
		struct strip_set gone = {0};
		for (size_t bit = 0; bit < 64; bit++)
			if (c->gone >> bit & 1)
				strip_set_add(&gone, bit);
		unsigned left = answer_strip(answer, &gone, &stripped);
		if (left != c->left)
			fail_msg("%s: %u records are left", c->what, left);
		if (left) {
			struct reply_options options = {.udp = false, .ede = DNS_EDE_NONE};
			query.ad = true;
			size_t length = reply_from_answer(out, &query, &stripped.answer, 0, &options);
			describe(out, length, text, sizeof text);
			if (strcmp(text, c->expected) != 0)
				fail_msg("%s: \"%s\"", c->what, text);
		}
		answer_free(&answer);
	}
}

static void what_is_left_counts_down(void **state)
{
	(void)state;
	static struct stripped stripped;
	static uint8_t out[DNS_MESSAGE_MAX];
	struct dns_query query = query_for("www.example", 1, true);
	struct answer *answer = answer_of(&cases[1], &query);
	struct strip_set gone = {0};
	struct reply_options options = {.udp = true, .ede = DNS_EDE_NONE};
	char text[512];
	strip_set_add(&gone, 0);
	assert_int_equal(answer_strip(answer, &gone, &stripped), 2);
	size_t length = reply_from_answer(out, &query, &stripped.answer, 100, &options);
	describe(out, length, text, sizeof text);
	assert_string_equal(text, "www.example.\t200\tIN\tA\t192.0.2.2; "
	                          "www.example.\t200\tIN\tA\t192.0.2.3");
	answer_free(&answer);
}

/* A message full of doubles of two addresses: what is searched for too long goes, and it ends. */
static void doubles_are_bounded(void **state)
{
	(void)state;
	static struct packet packet;
	static struct stripped stripped;
	struct dns_query query = query_for("www.example", 1, false);
	struct answer *answer;
	struct strip_set gone = {0};
	packet_answer(&packet, FLAGS, "www.example", 1);
	for (unsigned i = 0; i < 4000; i++) {
		char address[16];
		snprintf(address, sizeof address, "0a00%04x", i < 2000 ? i : 1999);
		packet_record(&packet, SECTION_ANSWER, "c00c", 1, 300, address);
	}
	assert_int_equal(answer_from_packet(&packet, &query, &answer), PF_OK);
	assert_int_equal(answer->address_count, 2000);
	strip_set_add(&gone, 0);
	unsigned left = answer_strip(answer, &gone, &stripped);
	assert_in_range(left, 1999, 1999 + 65536 / 2000);
	answer_free(&answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(marked_addresses_go),
		cmocka_unit_test(what_is_left_counts_down),
		cmocka_unit_test(doubles_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
