/* Client messages: what is asked, what is refused and with which word, and how much of a broken one is
 * still read so that it can be answered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dns/query.h"
#include "unit/dns/packet.h"

/* Id 1234, RD, one question; the counts of the other sections. */
#define HEADER(answer, authority, additional) \
	"1234 0100 0001 " answer " " authority " " additional " "
#define PLAIN HEADER("0000", "0000", "0000")
#define WITH_OPT HEADER("0000", "0000", "0001")
#define QUESTION "@wWw.example 0001 0001 "
#define QUESTION_BYTES 17
#define OPT_HEAD "00 0029 04d0 00000000 "
#define RECORD_A "@www.example 0001 0001 00000000 0004 7f000001 "
#define LABEL_63 "3f 61*63 "

struct parse_case {
	const char *what, *packet;
	enum query_parse outcome;
	unsigned question_length;
	bool edns;
};

#define WHOLE QUESTION_BYTES, false
#define WHOLE_EDNS QUESTION_BYTES, true
#define NOTHING 0, false

static const struct parse_case malformed[] = {
	{"nothing", "", QUERY_IGNORE, NOTHING},
	{"one byte", "12", QUERY_IGNORE, NOTHING},
	{"eleven bytes", "1234 0100 0001 0000 0000 00", QUERY_IGNORE, NOTHING},
	{"a reply", "1234 8100 0001 0000 0000 0000 " QUESTION, QUERY_IGNORE, NOTHING},
	{"a reply with an error", "1234 8181 0001 0000 0000 0000 " QUESTION, QUERY_IGNORE, NOTHING},
	{"a reply of opcode 4", "1234 a100 0001 0000 0000 0000 " QUESTION, QUERY_IGNORE, NOTHING},
	{"a reply's bare header", "1234 8000 0000 0000 0000 0000", QUERY_IGNORE, NOTHING},

	{"a bare header", PLAIN, QUERY_FORMERR, NOTHING},
	{"zeros", "00*12", QUERY_FORMERR, NOTHING},
	{"zeros, many", "00*512", QUERY_FORMERR, NOTHING},
	{"QDCOUNT 0", "1234 0100 0000 0000 0000 0000", QUERY_FORMERR, NOTHING},
	{"QDCOUNT 0 and a question", "1234 0100 0000 0000 0000 0000 " QUESTION, QUERY_FORMERR, NOTHING},
	{"QDCOUNT 0 and OPT", "1234 0100 0000 0000 0000 0001 " OPT_HEAD "0000", QUERY_FORMERR, NOTHING},
	{"QDCOUNT 2", "1234 0100 0002 0000 0000 0000 " QUESTION QUESTION, QUERY_FORMERR, NOTHING},
	{"QDCOUNT 2, one question", "1234 0100 0002 0000 0000 0000 " QUESTION, QUERY_FORMERR, NOTHING},
	{"QDCOUNT 65535", "1234 0100 ffff 0000 0000 0000 " QUESTION, QUERY_FORMERR, NOTHING},
	{"QDCOUNT 256: bytes swapped", "1234 0100 0100 0000 0000 0000 " QUESTION, QUERY_FORMERR,
     NOTHING},

	{"a name without a root", PLAIN "=www =example", QUERY_FORMERR, NOTHING},
	{"a label behind the end", PLAIN "ff", QUERY_FORMERR, NOTHING},
	{"a label longer than what is left", PLAIN "14 7777", QUERY_FORMERR, NOTHING},
	{"a label of 64", PLAIN "40 61*64 00 0001 0001", QUERY_FORMERR, NOTHING},
	{"reserved label bits 10", PLAIN "80 61*10 00 0001 0001", QUERY_FORMERR, NOTHING},
	{"an extended label (RFC 2673)", PLAIN "41 0a 61*10 00 0001 0001", QUERY_FORMERR, NOTHING},
	{"a name of 256 bytes", PLAIN LABEL_63 LABEL_63 LABEL_63 "3e 61*62 00 0001 0001", QUERY_FORMERR,
     NOTHING},
	{"a name of 320 bytes", PLAIN LABEL_63 LABEL_63 LABEL_63 LABEL_63 LABEL_63 "00 0001 0001",
     QUERY_FORMERR, NOTHING},
	{"a name without an end", PLAIN "01*1000", QUERY_FORMERR, NOTHING},
	{"a pointer to itself", PLAIN "c00c 0001 0001", QUERY_FORMERR, NOTHING},
	{"a pointer into the header", PLAIN "c000 0001 0001", QUERY_FORMERR, NOTHING},
	{"a pointer forward", PLAIN "c012 0001 0001 00", QUERY_FORMERR, NOTHING},
	{"a label, then a pointer", PLAIN "=www c00c 0001 0001", QUERY_FORMERR, NOTHING},
	{"half a pointer", PLAIN "c0", QUERY_FORMERR, NOTHING},
	{"no type", PLAIN "@www.example", QUERY_FORMERR, NOTHING},
	{"half a type", PLAIN "@www.example 00", QUERY_FORMERR, NOTHING},
	{"no class", PLAIN "@www.example 0001", QUERY_FORMERR, NOTHING},
	{"half a class", PLAIN "@www.example 0001 00", QUERY_FORMERR, NOTHING},

	{"one byte too many", PLAIN QUESTION "00", QUERY_FORMERR, WHOLE},
	{"a second question, not counted", PLAIN QUESTION QUESTION, QUERY_FORMERR, WHOLE},
	{"500 bytes too many", PLAIN QUESTION "00*500", QUERY_FORMERR, WHOLE},
	{"ANCOUNT 1, nothing there", HEADER("0001", "0000", "0000") QUESTION, QUERY_FORMERR, WHOLE},
	{"ANCOUNT 65535", HEADER("ffff", "0000", "0000") QUESTION, QUERY_FORMERR, WHOLE},
	{"a record in the answer section", HEADER("0001", "0000", "0000") QUESTION RECORD_A,
     QUERY_FORMERR, WHOLE},
	{"a record in the authority section", HEADER("0000", "0001", "0000") QUESTION RECORD_A,
     QUERY_FORMERR, WHOLE},
	{"NSCOUNT 1, nothing there", HEADER("0000", "0001", "0000") QUESTION, QUERY_FORMERR, WHOLE},
	{"OPT in the answer section", HEADER("0001", "0000", "0000") QUESTION OPT_HEAD "0000",
     QUERY_FORMERR, WHOLE},
	{"ARCOUNT 1, nothing there", WITH_OPT QUESTION, QUERY_FORMERR, WHOLE},
	{"ARCOUNT 65535, one OPT", HEADER("0000", "0000", "ffff") QUESTION OPT_HEAD "0000",
     QUERY_FORMERR, WHOLE_EDNS},
	{"ARCOUNT 2, one OPT", HEADER("0000", "0000", "0002") QUESTION OPT_HEAD "0000", QUERY_FORMERR,
     WHOLE_EDNS},
	{"OPT, not counted", PLAIN QUESTION OPT_HEAD "0000", QUERY_FORMERR, WHOLE},

	{"OPT without its length", WITH_OPT QUESTION OPT_HEAD, QUERY_FORMERR, WHOLE},
	{"OPT cut in its TTL", WITH_OPT QUESTION "00 0029 04d0 0000", QUERY_FORMERR, WHOLE},
	{"OPT longer than the packet", WITH_OPT QUESTION OPT_HEAD "0001", QUERY_FORMERR, WHOLE},
	{"OPT of 65535 bytes", WITH_OPT QUESTION OPT_HEAD "ffff", QUERY_FORMERR, WHOLE},
	{"OPT shorter than its option", WITH_OPT QUESTION OPT_HEAD "0004 000a0008 00*8", QUERY_FORMERR,
     WHOLE},
	{"half an option's header", WITH_OPT QUESTION OPT_HEAD "0003 000a00", QUERY_FORMERR, WHOLE},
	{"an option longer than OPT", WITH_OPT QUESTION OPT_HEAD "0005 000a0002 00", QUERY_FORMERR,
     WHOLE},
	{"an option of 65535 bytes", WITH_OPT QUESTION OPT_HEAD "0004 000affff", QUERY_FORMERR, WHOLE},
	{"the second option too long", WITH_OPT QUESTION OPT_HEAD "0008 000a0000 000b0001",
     QUERY_FORMERR, WHOLE},
	{"OPT with a name", WITH_OPT QUESTION "=a " OPT_HEAD "0000", QUERY_FORMERR, WHOLE},
	{"OPT with a pointer to a root", WITH_OPT QUESTION "c018 0029 04d0 00000000 0000",
     QUERY_FORMERR, WHOLE},
	{"two OPTs", HEADER("0000", "0000", "0002") QUESTION OPT_HEAD "0000 " OPT_HEAD "0000",
     QUERY_FORMERR, WHOLE_EDNS},
	{"bytes behind OPT", WITH_OPT QUESTION OPT_HEAD "0000 00", QUERY_FORMERR, WHOLE_EDNS},
	{"an additional record with a bad owner", WITH_OPT QUESTION "40 0001 0001 00000000 0000",
     QUERY_FORMERR, WHOLE},
	{"an additional record's owner points forward",
     WITH_OPT QUESTION "c0ff 0001 0001 00000000 0000", QUERY_FORMERR, WHOLE},
	{"an additional record cut in its data",
     WITH_OPT QUESTION "c00c 0001 0001 00000000 0004 7f0000", QUERY_FORMERR, WHOLE},
	{"version 1 and bytes behind it", WITH_OPT QUESTION "00 0029 04d0 00010000 0000 00",
     QUERY_FORMERR, WHOLE_EDNS},
	{"version 1 and a lying option", WITH_OPT QUESTION "00 0029 04d0 00010000 0004 000affff",
     QUERY_FORMERR, WHOLE},

	{"EDNS version 1", WITH_OPT QUESTION "00 0029 04d0 00010000 0000", QUERY_BADVERS, WHOLE_EDNS},
	{"EDNS version 255 and an option", WITH_OPT QUESTION "00 0029 04d0 00ff8000 0004 000b0000",
     QUERY_BADVERS, WHOLE_EDNS},

	{"inverse query", "1234 0900 0001 0000 0000 0000 " QUESTION, QUERY_NOTIMP, WHOLE},
	{"status", "1234 1100 0001 0000 0000 0000 " QUESTION, QUERY_NOTIMP, WHOLE},
	{"notify", "1234 2400 0001 0000 0000 0000 @example 0006 0001", QUERY_NOTIMP, 13, false},
	{"notify with an SOA", "1234 2400 0001 0001 0000 0000 " QUESTION RECORD_A, QUERY_NOTIMP, WHOLE},
	{"update", "1234 2800 0001 0000 0001 0000 " QUESTION RECORD_A, QUERY_NOTIMP, WHOLE},
	{"a stateful operation (RFC 8490)", "1234 3000 0000 0000 0000 0000", QUERY_NOTIMP, NOTHING},
	{"opcode 15 and garbage", "1234 7800 0001 0000 0000 0000 ff*20", QUERY_NOTIMP, NOTHING},
	{"opcode 3, a header alone", "1234 1800 0000 0000 0000 0000", QUERY_NOTIMP, NOTHING},
};

/* An exact copy on the heap, so that a sanitizer sees one byte too many. */
static enum query_parse parse(const struct packet *packet, struct dns_query *query)
{
	uint8_t *exact = malloc(packet->length ? packet->length : 1);
	assert_non_null(exact);
	memcpy(exact, packet->bytes, packet->length);
	enum query_parse outcome = dns_query_parse(exact, packet->length, query);
	free(exact);
	return outcome;
}

static void malformed_queries_get_their_word(void **state)
{
	(void)state;
	assert_true(PF_COUNT(malformed) >= 50);
	for (size_t i = 0; i < PF_COUNT(malformed); i++) {
		const struct parse_case *c = &malformed[i];
		struct packet packet = {0};
		struct dns_query query;
		packet_add(&packet, c->packet);
		enum query_parse outcome = parse(&packet, &query);
		if (outcome != c->outcome)
			fail_msg("%s: outcome %d, not %d", c->what, outcome, c->outcome);
		if (query.question_length != c->question_length)
			fail_msg("%s: %u bytes of question", c->what, query.question_length);
		if (query.edns.present != c->edns)
			fail_msg("%s: EDNS %d", c->what, query.edns.present);
		if (outcome == QUERY_IGNORE)
			continue;
		assert_int_equal(query.id, dns_read16(packet.bytes));
		assert_int_equal(query.opcode, packet.bytes[2] >> 3 & 15);
		assert_int_equal(query.rd, packet.bytes[2] & 1);
	}
}

static void every_cut_of_a_good_query_is_refused(void **state)
{
	(void)state;
	struct packet whole = {0};
	struct dns_query query;
	packet_add(&whole, WITH_OPT QUESTION OPT_HEAD "000c 000a0008 00*8");
	size_t length = whole.length;
	assert_int_equal(parse(&whole, &query), QUERY_OK);
	for (whole.length = 0; whole.length < length; whole.length++) {
		enum query_parse outcome = parse(&whole, &query);
		assert_int_equal(outcome, whole.length < DNS_HEADER_BYTES ? QUERY_IGNORE : QUERY_FORMERR);
	}
}

static void a_question_is_read_and_kept_as_sent(void **state)
{
	(void)state;
	struct packet packet = {0};
	struct dns_query query;
	char text[NAME_TEXT_MAX];
	packet_add(&packet,
	           "beef 0130 0001 0000 0000 0001 @wWw.eXample 001c 0001 00 0029 1000 00008000 0000");
	assert_int_equal(parse(&packet, &query), QUERY_OK);
	assert_int_equal(query.id, 0xbeef);
	assert_int_equal(query.opcode, 0);
	assert_true(query.rd);
	assert_true(query.ad);
	assert_true(query.cd);
	dns_name_to_text(&query.name, text);
	assert_string_equal(text, "www.example");
	assert_int_equal(query.type, DNS_TYPE_AAAA);
	assert_int_equal(query.class, DNS_CLASS_IN);
	assert_int_equal(query.question_length, QUESTION_BYTES);
	assert_memory_equal(query.question, packet.bytes + DNS_HEADER_BYTES, QUESTION_BYTES);
	assert_true(query.edns.present);
	assert_true(query.edns.dnssec_ok);
	assert_int_equal(query.edns.version, 0);
	assert_int_equal(query.edns.udp_size, 4096);
}

static const char *const good[] = {
	PLAIN QUESTION,
	"0000 0000 0001 0000 0000 0000 @. 0002 0001",
	/* flags that mean nothing in a query: AA, TC, RA, Z, RCODE */
	"1234 07cf 0001 0000 0000 0000 " QUESTION,
	PLAIN "@www.example 00ff 0001",
	PLAIN "@version.bind 0010 0003",
	PLAIN "@www.example 0001 00ff",
	PLAIN "@www.example ffff ffff",
	PLAIN LABEL_63 LABEL_63 LABEL_63 "3d 61*61 00 0001 0001",
	PLAIN "=a.b 00 0001 0001",
	PLAIN "05 00ff2e5c40 00 0001 0001",
	WITH_OPT QUESTION OPT_HEAD "0000",
	WITH_OPT QUESTION OPT_HEAD "0004 fde90000",
	WITH_OPT QUESTION OPT_HEAD "000b 00080007 00011800 c00002",
	/* a TSIG behind OPT, and one before it */
	HEADER("0000", "0000", "0002") QUESTION OPT_HEAD "0000 @key 00fa 00ff 00000000 0003 616263",
	HEADER("0000", "0000", "0002") QUESTION "c00c 0001 0001 00000000 0000 " OPT_HEAD "0000",
};

static void good_queries_are_taken(void **state)
{
	(void)state;
	for (size_t i = 0; i < PF_COUNT(good); i++) {
		struct packet packet = {0};
		struct dns_query query;
		packet_add(&packet, good[i]);
		if (parse(&packet, &query) != QUERY_OK)
			fail_msg("\"%s\" is refused", good[i]);
	}
}

static void options_are_bounded(void **state)
{
	(void)state;
	for (unsigned count = QUERY_OPTION_MAX; count <= 400;
	     count += 1 + (count - QUERY_OPTION_MAX) / 2) {
		struct packet packet = {0};
		struct dns_query query;
		packet_add(&packet, WITH_OPT QUESTION OPT_HEAD "0000");
		for (unsigned i = 0; i < count; i++)
			packet_add(&packet, "000b0001 ff");
		size_t head = DNS_HEADER_BYTES + QUESTION_BYTES + 9;
		dns_write16(packet.bytes + head, (uint16_t)(count * 5));
		assert_int_equal(parse(&packet, &query),
		                 count <= QUERY_OPTION_MAX ? QUERY_OK : QUERY_FORMERR);
	}
}

static void a_full_message_of_records_is_walked(void **state)
{
	(void)state;
	static struct packet packet;
	struct dns_query query;
	packet.length = 0;
	packet_add(&packet, PLAIN QUESTION);
	unsigned count = 0;
	for (; packet.length + 11 <= DNS_MESSAGE_MAX; count++)
		packet_add(&packet, "00 0001 0001 00000000 0000");
	dns_write16(packet.bytes + 10, (uint16_t)count);
	assert_true(count > 5000);
	assert_int_equal(parse(&packet, &query), QUERY_OK);
}

static void upstream_gets_a_message_of_our_own(void **state)
{
	(void)state;
	struct packet packet = {0}, expected = {0};
	struct dns_query query, back;
	uint8_t out[QUERY_UPSTREAM_MAX];
	/* A client with CD and DO, version 0, 4096 bytes, client subnet and a cookie. */
	packet_add(&packet, "0000 0010 0001 0000 0000 0001 @wWw.eXample 0041 0001 "
	                    "00 0029 1000 00008000 0017 00080007 00011800 c00002 000a0008 00*8");
	assert_int_equal(parse(&packet, &query), QUERY_OK);
	size_t length = dns_query_write(out, &query, 0xcafe, NULL);
	packet_add(&expected, "cafe 0130 0001 0000 0000 0001 @www.example 0041 0001 "
	                      "00 0029 04d0 00008000 0000");
	assert_int_equal(length, expected.length);
	assert_memory_equal(out, expected.bytes, length);
	assert_int_equal(dns_query_parse(out, length, &back), QUERY_OK);

	query.cd = query.edns.present = query.edns.dnssec_ok = false;
	length = dns_query_write(out, &query, 1, NULL);
	expected.length = 0;
	packet_add(&expected, "0001 0120 0001 0000 0000 0001 @www.example 0041 0001 "
	                      "00 0029 04d0 00000000 0000");
	assert_int_equal(length, expected.length);
	assert_memory_equal(out, expected.bytes, length);
}

static const struct {
	struct prefix subnet;
	const char *option; /* its length of all options, and it; "0000": none */
} told[] = {
	{{{0}, 0}, "0000"},
	{{{4, {0}}, 0}, "0008 0008 0004 0001 00 00"},
	{{{4, {198, 51, 100}}, 24}, "000b 0008 0007 0001 18 00 c63364"},
	{{{4, {172, 16}}, 12}, "000a 0008 0006 0001 0c 00 ac10"},
	{{{6, {0x20, 0x01, 0x0d, 0xb8, 1, 2, 3}}, 56}, "000f 0008 000b 0002 38 00 20010db8010203"},
};

static void upstream_is_told_the_subnet_of_the_owner(void **state)
{
	(void)state;
	for (size_t i = 0; i < PF_COUNT(told); i++) {
		struct packet packet = {0}, expected = {0};
		struct dns_query query;
		uint8_t out[QUERY_UPSTREAM_MAX];
		const struct query_dress dress = {.subnet = &told[i].subnet};
		/* a client that tells its own */
		packet_add(&packet, "0000 0100 0001 0000 0000 0001 @www.example 0001 0001 "
		                    "00 0029 1000 00000000 000b 00080007 00011800 c00002");
		assert_int_equal(parse(&packet, &query), QUERY_OK);
		size_t length = dns_query_write(out, &query, 0xcafe, &dress);
		packet_add(&expected, "cafe 0120 0001 0000 0000 0001 @www.example 0001 0001 "
		                      "00 0029 04d0 00000000");
		packet_add(&expected, told[i].option);
		assert_int_equal(length, expected.length);
		assert_memory_equal(out, expected.bytes, length);
	}
}

static void the_longest_question_fits_upstream(void **state)
{
	(void)state;
	struct packet packet = {0};
	struct dns_query query;
	uint8_t out[QUERY_UPSTREAM_MAX];
	packet_add(&packet, PLAIN LABEL_63 LABEL_63 LABEL_63 "3d 61*61 00 0001 0001");
	assert_int_equal(parse(&packet, &query), QUERY_OK);
	assert_int_equal(query.question_length, QUERY_QUESTION_MAX);
	const uint8_t cookie[COOKIE_BYTES_MAX] = {0};
	struct query_dress dress = {.cookie = cookie, .cookie_length = sizeof cookie};
	assert_int_equal(dns_query_write(out, &query, 7, &dress), 12 + QUERY_QUESTION_MAX + 15 + 40);
	const struct prefix longest = {{6, {0x2a}}, 128};
	dress.subnet = &longest;
	assert_int_equal(dns_query_write(out, &query, 7, &dress),
	                 12 + QUERY_QUESTION_MAX + 15 + 40 + 8 + 16);
	dress.padded = true;
	assert_int_equal(dns_query_write(out, &query, 7, &dress), QUERY_UPSTREAM_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(malformed_queries_get_their_word),
		cmocka_unit_test(every_cut_of_a_good_query_is_refused),
		cmocka_unit_test(a_question_is_read_and_kept_as_sent),
		cmocka_unit_test(good_queries_are_taken),
		cmocka_unit_test(options_are_bounded),
		cmocka_unit_test(a_full_message_of_records_is_walked),
		cmocka_unit_test(upstream_gets_a_message_of_our_own),
		cmocka_unit_test(upstream_is_told_the_subnet_of_the_owner),
		cmocka_unit_test(the_longest_question_fits_upstream),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
