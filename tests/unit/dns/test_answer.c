/* Answers: which packets are one, the bounds of what is kept, and its wire byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "unit/dns/fixture.h"

#define FLAGS 0x8180
#define AN SECTION_ANSWER
#define NS SECTION_AUTHORITY
#define AR SECTION_ADDITIONAL
#define A1 "c0000201"
#define A2 "c0000202"
#define RRSIG_OF(type) type " 0802 00000e10 00000000 00000000 1234 @example ff*64"

static void other_classes_are_dropped(void **state)
{
	(void)state;
	struct packet packet = {0};
	struct dns_query query = query_for("www.example", 1, false);
	struct answer *answer;
	packet_answer(&packet, FLAGS, "www.example", 1);
	packet_record(&packet, AN, "c00c", 1, 300, A1);
	packet_record(&packet, AN, "c00c", 1, 300, A2);
	packet.bytes[packet.length - 11] = 3; /* CH */
	assert_int_equal(answer_from_packet(&packet, &query, &answer), PF_OK);
	assert_int_equal(answer->address_count, 1);
	assert_int_equal(answer->ttl_count, 1);
	answer_free(&answer);
}

static void chain_of(struct packet *packet, unsigned hops)
{
	char owner[32], target[32];
	packet_answer(packet, FLAGS, "n0.example", 1);
	for (unsigned i = 0; i < hops; i++) {
		snprintf(owner, sizeof owner, "@n%u.example", i);
		snprintf(target, sizeof target, "@n%u.example", i + 1);
		packet_record(packet, AN, owner, DNS_TYPE_CNAME, 300, target);
	}
	snprintf(owner, sizeof owner, "@n%u.example", hops);
	packet_record(packet, AN, owner, DNS_TYPE_A, 300, A1);
}

static void sixteen_hops_are_followed_and_no_more(void **state)
{
	(void)state;
	struct packet packet = {0};
	struct dns_query query = query_for("n0.example", 1, false);
	struct answer *answer;
	char text[NAME_TEXT_MAX];
	chain_of(&packet, ANSWER_HOP_MAX);
	assert_int_equal(answer_from_packet(&packet, &query, &answer), PF_OK);
	assert_int_equal(answer->hop_count, ANSWER_HOP_MAX);
	assert_int_equal(answer->address_count, 1);
	dns_name_to_text(&answer->hops[0], text);
	assert_string_equal(text, "n1.example");
	dns_name_to_text(&answer->hops[15], text);
	assert_string_equal(text, "n16.example");
	answer_free(&answer);
	chain_of(&packet, ANSWER_HOP_MAX + 1);
	assert_int_equal(answer_from_packet(&packet, &query, &answer), PF_EFULL);
	assert_null(answer);
}

/* As many addresses as a message can hold are all taken: one that nobody judged would be a way out. */
static void every_address_counts(void **state)
{
	(void)state;
	static struct packet packet;
	struct dns_query query = query_for("www.example", 1, false);
	struct answer *answer;
	packet_answer(&packet, FLAGS, "www.example", 1);
	for (unsigned i = 0; i < 4090; i++) {
		char address[16];
		snprintf(address, sizeof address, "0a00%04x", i % 4000); /* the last 90 are doubles */
		packet_record(&packet, AN, "c00c", 1, 300, address);
	}
	assert_int_equal(answer_from_packet(&packet, &query, &answer), PF_OK);
	assert_int_equal(answer->ttl_count, 4090);
	assert_int_equal(answer->address_count, 4000);
	for (unsigned i = 0; i < 4000; i++)
		assert_int_equal(dns_read16(answer->addresses[i].bytes + 2), i);
	answer_free(&answer);
}

static void the_number_of_records_is_bounded(void **state)
{
	(void)state;
	static struct packet packet;
	struct dns_query query = query_for("www.example", 65280, false);
	struct answer *answer;
	packet_answer(&packet, FLAGS, "www.example", 65280);
	for (unsigned i = 0; i < ANSWER_RECORD_MAX; i++)
		packet_record(&packet, AN, "c00c", 65280, 300, "");
	assert_int_equal(answer_from_packet(&packet, &query, &answer), PF_OK);
	assert_int_equal(answer->ttl_count, ANSWER_RECORD_MAX);
	answer_free(&answer);
	packet_record(&packet, AN, "c00c", 65280, 300, "");
	assert_int_equal(answer_from_packet(&packet, &query, &answer), PF_EFULL);
	/* Counts that no packet of this size can hold. */
	dns_write16(packet.bytes + SECTION_ANSWER, 65535);
	assert_int_equal(answer_from_packet(&packet, &query, &answer), PF_EINVAL);
	dns_write16(packet.bytes + SECTION_ANSWER, ANSWER_RECORD_MAX + 2);
	assert_int_equal(answer_from_packet(&packet, &query, &answer), PF_EINVAL);
}

/* Each record's name costs two bytes on the way in and 255 on the way out: it must be refused when it
 * grows over 65535 bytes, not cut. */
static void an_answer_that_grows_too_large_is_refused(void **state)
{
	(void)state;
	static struct packet packet;
	struct dns_query query = query_for("example", DNS_TYPE_SRV, false);
	struct answer *answer;
	packet_answer(&packet, FLAGS, "example", DNS_TYPE_SRV);
	packet_record(&packet, AN, "c00c", DNS_TYPE_SRV, 300,
	              "000000000000 3f 61*63 3f 61*63 3f 61*63 3d 62*61 00");
	char pointer[32];
	snprintf(pointer, sizeof pointer, "000000000000 %04zx", 0xc000 | (packet.length - 255));
	for (unsigned i = 0; i < 600; i++)
		packet_record(&packet, AN, "c00c", DNS_TYPE_SRV, 300, pointer);
	assert_int_equal(answer_from_packet(&packet, &query, &answer), PF_EFULL);
}

static void names_in_data_are_kept_whole(void **state)
{
	(void)state;
	struct packet packet = {0};
	struct dns_query query = query_for("example", DNS_TYPE_MX, false);
	struct answer *answer;
	packet_answer(&packet, FLAGS, "example", DNS_TYPE_MX);
	packet_record(&packet, AN, "c00c", DNS_TYPE_MX, 300, "000a =Mail c00c");
	packet_record(&packet, AN, "c00c", DNS_TYPE_MX, 300, "0014 @Mail.Other.Test");
	packet_record(&packet, AN, "c00c", DNS_TYPE_MX, 300, "001e @x.Other.Test");
	assert_int_equal(answer_from_packet(&packet, &query, &answer), PF_OK);
	struct packet expected = {0};
	packet_add(&expected, "0000 8180 0001 0003 0000 0000 @example 000f 0001 "
	                      "c00c 000f 0001 0000012c 0009 000a =Mail c00c "
	                      "c00c 000f 0001 0000012c 0013 0014 @Mail.Other.Test "
	                      "c00c 000f 0001 0000012c 0006 001e =x c041");
	assert_int_equal(answer->length, expected.length);
	assert_memory_equal(answer->wire, expected.bytes, expected.length);
	answer_free(&answer);
}

/* RFC 3597, 4: pointers in the data of newer types are understood, and never written. */
static void names_in_newer_types_are_written_out(void **state)
{
	(void)state;
	struct packet packet = {0};
	struct dns_query query = query_for("example", DNS_TYPE_SRV, false);
	struct answer *answer;
	packet_answer(&packet, FLAGS, "example", DNS_TYPE_SRV);
	packet_record(&packet, AN, "c00c", DNS_TYPE_SRV, 300, "0000 0000 01bb =A c00c");
	assert_int_equal(answer_from_packet(&packet, &query, &answer), PF_OK);
	struct packet expected = {0};
	packet_add(&expected, "0000 8180 0001 0001 0000 0000 @example 0021 0001 "
	                      "c00c 0021 0001 0000012c 0011 0000 0000 01bb @A.example");
	assert_int_equal(answer->length, expected.length);
	assert_memory_equal(answer->wire, expected.bytes, expected.length);
	answer_free(&answer);
}

static void the_ad_bit_is_taken_over(void **state)
{
	(void)state;
	struct packet packet = {0};
	struct dns_query query = query_for("www.example", 1, false);
	for (unsigned ad = 0; ad <= 1; ad++) {
		struct answer *answer;
		packet_answer(&packet, FLAGS | ad << 5, "wWw.example", 1);
		packet_record(&packet, AN, "c00c", 1, 300, A1);
		assert_int_equal(answer_from_packet(&packet, &query, &answer), PF_OK);
		assert_int_equal(answer->ad, ad);
		assert_int_equal(dns_read16(answer->wire + 2), FLAGS | ad << 5);
		assert_int_equal(dns_read16(answer->wire), 0);
		assert_memory_equal(answer->wire + DNS_HEADER_BYTES, query.question, query.question_length);
		answer_free(&answer);
	}
}

static void every_cut_of_a_good_answer_is_refused(void **state)
{
	(void)state;
	struct packet packet = {0};
	struct dns_query query = query_for("www.example", 1, true);
	struct answer *answer;
	packet_answer(&packet, FLAGS, "www.example", 1);
	packet_record(&packet, AN, "c00c", 5, 300, "@a.example");
	packet_record(&packet, AN, "@a.example", 1, 300, A1);
	packet_record(&packet, AN, "@a.example", 46, 300, RRSIG_OF("0001"));
	packet_record(&packet, NS, "@b.example", 47, 900, "@z.example 0006 400000000003");
	packet_record(&packet, AR, "00", 41, 0, "000a0008 00*8");
	size_t length = packet.length;
	assert_int_equal(answer_from_packet(&packet, &query, &answer), PF_OK);
	answer_free(&answer);
	for (packet.length = 0; packet.length < length; packet.length++)
		assert_int_equal(answer_from_packet(&packet, &query, &answer), PF_EINVAL);
}

struct match_case {
	const char *what, *packet;
	enum answer_match match;
};

#define ASKED " @www.example 001c 0001"

static const struct match_case match_cases[] = {
	{"the answer", "1234 8180 0001 0000 0000 0000" ASKED, ANSWER_MATCHES},
	{"in another letter case", "1234 8180 0001 0000 0000 0000 @WwW.EXAMPLE 001c 0001",
     ANSWER_MATCHES},
	{"with an error", "1234 8182 0001 0000 0000 0000" ASKED, ANSWER_MATCHES},
	{"with something behind it", "1234 8180 0001 0001 0000 0000" ASKED " ffff", ANSWER_MATCHES},
	{"truncated", "1234 8380 0001 0000 0000 0000" ASKED, ANSWER_TRUNCATED},
	{"another id", "1235 8180 0001 0000 0000 0000" ASKED, ANSWER_WRONG_ID},
	{"the id's bytes swapped", "3412 8180 0001 0000 0000 0000" ASKED, ANSWER_WRONG_ID},
	{"another id and truncated", "1235 8380 0001 0000 0000 0000" ASKED, ANSWER_WRONG_ID},
	{"nothing", "", ANSWER_JUNK},
	{"short", "1234 8180 0001 0000 0000 00", ANSWER_JUNK},
	{"a bare header", "1234 8180 0001 0000 0000 0000", ANSWER_JUNK},
	{"QR 0: our own query", "1234 0120 0001 0000 0000 0000" ASKED, ANSWER_JUNK},
	{"another opcode", "1234 a180 0001 0000 0000 0000" ASKED, ANSWER_JUNK},
	{"QDCOUNT 0", "1234 8180 0000 0000 0000 0000", ANSWER_JUNK},
	{"QDCOUNT 0 and the question", "1234 8180 0000 0000 0000 0000" ASKED, ANSWER_JUNK},
	{"QDCOUNT 0 and FORMERR", "1234 8181 0000 0000 0000 0000", ANSWER_JUNK},
	{"QDCOUNT 2", "1234 8180 0002 0000 0000 0000" ASKED ASKED, ANSWER_JUNK},
	{"another name", "1234 8180 0001 0000 0000 0000 @wwx.example 001c 0001", ANSWER_JUNK},
	{"a name above", "1234 8180 0001 0000 0000 0000 @example 001c 0001", ANSWER_JUNK},
	{"a name below", "1234 8180 0001 0000 0000 0000 @a.www.example 001c 0001", ANSWER_JUNK},
	{"the labels otherwise", "1234 8180 0001 0000 0000 0000 =www.example 00 001c 0001",
     ANSWER_JUNK},
	{"another type", "1234 8180 0001 0000 0000 0000 @www.example 0001 0001", ANSWER_JUNK},
	{"another class", "1234 8180 0001 0000 0000 0000 @www.example 001c 0003", ANSWER_JUNK},
	{"the question cut", "1234 8180 0001 0000 0000 0000 @www.example 001c 00", ANSWER_JUNK},
	{"a pointer for a name", "1234 8180 0001 0000 0000 0000 c00c 001c 0001", ANSWER_JUNK},
	{"garbage", "de ad be ef ff*60", ANSWER_JUNK},
	{"zeros", "00*60", ANSWER_JUNK},
	{"another id and another question", "1235 8180 0001 0000 0000 0000 @x 001c 0001", ANSWER_JUNK},
};

static void only_the_answer_matches(void **state)
{
	(void)state;
	struct dns_query query = query_for("www.example", DNS_TYPE_AAAA, false);
	for (size_t i = 0; i < PF_COUNT(match_cases); i++) {
		struct packet packet = {0};
		packet_add(&packet, match_cases[i].packet);
		uint8_t *exact = malloc(packet.length ? packet.length : 1);
		assert_non_null(exact);
		memcpy(exact, packet.bytes, packet.length);
		enum answer_match match = answer_match(exact, packet.length, &query, 0x1234);
		free(exact);
		if (match != match_cases[i].match)
			fail_msg("%s: %d", match_cases[i].what, match);
	}
}

static const struct {
	const char *options;
	bool fits; /* to 198.51.100.0/24 */
} subnets[] = {
	{"", true},
	{"000a 0008 00*8", true},
	{"0008 0007 0001 18 00 c63364", true},
	{"000a 0008 00*8 0008 0007 0001 18 18 c63364", true}, /* the scope is the server's */
	{"0008 0007 0002 18 00 c63364", false},
	{"0008 0007 0001 17 00 c63364", false},
	{"0008 0007 0001 18 00 c63365", false},
	{"0008 0008 0001 18 00 c6336400", false},
	{"0008 0006 0001 18 00 c633", false},
	{"0008 0004 0001 00 00", false},
	{"0008 0003 0001 18", false},
	{"0008 0000", false},
	{"0008 0007 0001 18 00 c633", false}, /* it lies about its length */
	{"0008 0007 0001 18 00 c63364 00", false},
};

static void an_answer_is_for_the_subnet_that_was_sent(void **state)
{
	(void)state;
	static const struct prefix none, hidden = {{4, {0}}, 0}, sent = {{4, {198, 51, 100}}, 24};
	struct dns_query query = query_for("www.example", 1, false);
	for (size_t i = 0; i < PF_COUNT(subnets); i++) {
		struct packet packet = {0};
		packet_answer(&packet, FLAGS, "www.example", 1);
		packet_record(&packet, AN, "c00c", 1, 300, A1);
		packet_record(&packet, AR, "00", 41, 0, subnets[i].options);
		if (answer_subnet_fits(packet.bytes, packet.length, &query, &sent) != subnets[i].fits)
			fail_msg("`%s`: not %d", subnets[i].options, subnets[i].fits);
		assert_true(answer_subnet_fits(packet.bytes, packet.length, &query, &none));
		assert_true(answer_subnet_fits(packet.bytes, packet.length, &query, &hidden));
		for (size_t cut = packet.length; subnets[i].fits && cut-- > 0x20;)
			assert_false(answer_subnet_fits(packet.bytes, cut, &query, &sent));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_classes_are_dropped),
		cmocka_unit_test(sixteen_hops_are_followed_and_no_more),
		cmocka_unit_test(every_address_counts),
		cmocka_unit_test(the_number_of_records_is_bounded),
		cmocka_unit_test(an_answer_that_grows_too_large_is_refused),
		cmocka_unit_test(names_in_data_are_kept_whole),
		cmocka_unit_test(names_in_newer_types_are_written_out),
		cmocka_unit_test(the_ad_bit_is_taken_over),
		cmocka_unit_test(every_cut_of_a_good_answer_is_refused),
		cmocka_unit_test(only_the_answer_matches),
		cmocka_unit_test(an_answer_is_for_the_subnet_that_was_sent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
