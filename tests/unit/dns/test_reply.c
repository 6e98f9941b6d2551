/* Replies byte for byte: copies of answers that count down, sinkhole replies, errors; what is left off
 * when a client takes little, and that a question comes back as it was asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dns/reply.h"
#include "unit/dns/fixture.h"

#define ASKED "@wWw.eXample 0001 0001 "
#define PLAIN "1234 0100 0001 0000 0000 0000 " ASKED
#define WITH_OPT(size, ttl) "1234 0100 0001 0000 0000 0001 " ASKED "00 0029 " size " " ttl " 0000"

#define FITS_TCP 4000 /* addresses, of which a message over TCP holds as many as there are */

static const struct reply_options udp = {.udp = true, .ede = DNS_EDE_NONE};
static const struct reply_options tcp = {.udp = false, .ede = DNS_EDE_NONE};

/* Replies are written to the heap, so that a sanitizer sees one byte too many. */
static int make_buffer(void **state)
{
	*state = malloc(DNS_MESSAGE_MAX);
	return *state ? 0 : -1;
}

static int free_buffer(void **state)
{
	free(*state);
	return 0;
}

static struct dns_query parsed(const char *text)
{
	struct packet packet = {0};
	struct dns_query query;
	packet_add(&packet, text);
	dns_query_parse(packet.bytes, packet.length, &query);
	return query;
}

static void expect(const uint8_t *out, size_t length, const char *text)
{
	static struct packet expected;
	expected.length = 0;
	packet_add(&expected, text);
	if (length != expected.length)
		fail_msg("%zu bytes, not %zu: %s", length, expected.length, text);
	assert_memory_equal(out, expected.bytes, length);
}

/* An answer with so many addresses. */
static struct answer *answer_of(unsigned count, uint32_t ttl, unsigned flags)
{
	static struct packet packet;
	struct dns_query query = query_for("www.example", DNS_TYPE_A, false);
	struct answer *answer;
	packet_answer(&packet, flags, "www.example", DNS_TYPE_A);
	for (unsigned i = 0; i < count; i++) {
		char address[16];
		snprintf(address, sizeof address, "0a00%04x", i);
		packet_record(&packet, SECTION_ANSWER, "c00c", DNS_TYPE_A, ttl, address);
	}
	assert_int_equal(answer_from_packet(&packet, &query, &answer), PF_OK);
	return answer;
}

static void a_copy_counts_down_and_keeps_the_question(void **state)
{
	uint8_t *out = *state;
	struct answer *answer = answer_of(2, 300, 0x8180);
	struct dns_query query = parsed(PLAIN);
	expect(out, reply_from_answer(out, &query, answer, 0, &udp),
	       "1234 8180 0001 0002 0000 0000 " ASKED "c00c 0001 0001 0000012c 0004 0a000000 "
	       "c00c 0001 0001 0000012c 0004 0a000001");
	expect(out, reply_from_answer(out, &query, answer, 299, &udp),
	       "1234 8180 0001 0002 0000 0000 " ASKED "c00c 0001 0001 00000001 0004 0a000000 "
	       "c00c 0001 0001 00000001 0004 0a000001");
	for (uint32_t age = 300; age; age = age == 300 ? UINT32_MAX - 1 : 0)
		expect(out, reply_from_answer(out, &query, answer, age, &udp),
		       "1234 8180 0001 0002 0000 0000 " ASKED "c00c 0001 0001 00000000 0004 0a000000 "
		       "c00c 0001 0001 00000000 0004 0a000001");
	/* The cached answer itself is not touched. */
	char text[256];
	answer_describe(answer, text, sizeof text);
	assert_string_equal(text, "answer www.example A 300; answer www.example A 300");
	answer_free(&answer);
}

/* RFC 8467: over an encrypted transport, for who sends OPT. */
static void sizes_tell_less(void **state)
{
	uint8_t *out = *state;
	const struct reply_options padded = {.padded = true,
	                                     .ede = DNS_EDE_BLOCKED,
	                                     .ede_text = "because"};
	struct dns_query plain = parsed(PLAIN), query = parsed(WITH_OPT("04d0", "00000000"));
	for (unsigned count = 0; count < 60; count++) {
		struct answer *answer = count ? answer_of(count, 300, 0x8180) : NULL;
		size_t bare = answer ? reply_from_answer(out, &query, answer, 0, &tcp) : 0;
		size_t length = answer ? reply_from_answer(out, &query, answer, 0, &padded)
		                       : reply_error(out, &query, DNS_RCODE_SERVFAIL, &padded);
		assert_int_equal(length % REPLY_PAD_BYTES, 0);
		assert_in_range(length, bare + 4, bare + 4 + 17 + REPLY_PAD_BYTES);
		if (answer)
			assert_true(reply_from_answer(out, &plain, answer, 0, &padded) < bare);
		answer_free(&answer);
	}
	/* As far as there is room: here it is less than a multiple. */
	struct answer *answer = answer_of(FITS_TCP + 93, 300, 0x8180);
	assert_true(reply_from_answer(out, &query, answer, 0, &tcp) >
	            DNS_MESSAGE_MAX - REPLY_PAD_BYTES);
	const struct reply_options silent = {.padded = true, .ede = DNS_EDE_NONE};
	assert_int_equal(reply_from_answer(out, &query, answer, 0, &silent), DNS_MESSAGE_MAX);
	answer_free(&answer);
}

static void the_least_ttl_is_the_age(void **state)
{
	uint8_t *out = *state;
	struct dns_query query = parsed(WITH_OPT("04d0", "00000000"));
	struct answer *answer = answer_of(3, 300, 0x8180);
	size_t length = reply_from_answer(out, &query, answer, 20, &tcp);
	assert_int_equal(reply_max_age_s(out, length), 280);
	length = reply_synthesize(out, &query, DNS_RCODE_NXDOMAIN, NULL, 0, &tcp);
	assert_int_equal(reply_max_age_s(out, length), REPLY_SINKHOLE_TTL);
	length = reply_error(out, &query, DNS_RCODE_SERVFAIL, &tcp);
	assert_int_equal(reply_max_age_s(out, length), 0);
	answer_free(&answer);
}

static void every_section_counts_down(void **state)
{
	uint8_t *out = *state;
	struct packet packet = {0};
	struct dns_query query = query_for("www.example", DNS_TYPE_A, false);
	struct answer *answer;
	packet_answer(&packet, 0x8183, "www.example", DNS_TYPE_A);
	packet_record(&packet, SECTION_ANSWER, "c00c", DNS_TYPE_CNAME, 50, "@a.test");
	packet_record(&packet, SECTION_AUTHORITY, "@test", DNS_TYPE_SOA, 900,
	              "@n.test @r.test 00000001 00000002 00000003 00000004 00000258");
	assert_int_equal(answer_from_packet(&packet, &query, &answer), PF_OK);
	query = parsed(PLAIN);
	expect(out, reply_from_answer(out, &query, answer, 10, &udp),
	       "1234 8183 0001 0001 0001 0000 " ASKED "c00c 0005 0001 00000028 0008 @a.test "
	       "c02b 0006 0001 0000024e 001c =n c02b =r c02b "
	       "00000001 00000002 00000003 00000004 00000258");
	answer_free(&answer);
}

static void flags_are_those_of_the_client(void **state)
{
	uint8_t *out = *state;
	struct answer *secure = answer_of(0, 0, 0x81a0), *plain = answer_of(0, 0, 0x8180);
	static const struct {
		const char *query;
		bool secure;
		unsigned flags;
	} cases[] = {
		{"1234 0000 0001 0000 0000 0000 " ASKED, false, 0x8080},
		{"1234 0100 0001 0000 0000 0000 " ASKED, false, 0x8180},
		{"1234 0110 0001 0000 0000 0000 " ASKED, false, 0x8190},
		{"1234 0100 0001 0000 0000 0000 " ASKED, true, 0x8180},
		{"1234 0120 0001 0000 0000 0000 " ASKED, true, 0x81a0},
		{"1234 0120 0001 0000 0000 0000 " ASKED, false, 0x8180},
		{WITH_OPT("04d0", "00008000"), true, 0x81a0},
		{WITH_OPT("04d0", "00000000"), true, 0x8180},
		/* AA, TC, Z and RCODE of a query are nothing */
		{"1234 074f 0001 0000 0000 0000 " ASKED, false, 0x8180},
	};
	for (size_t i = 0; i < PF_COUNT(cases); i++) {
		struct dns_query query = parsed(cases[i].query);
		reply_from_answer(out, &query, cases[i].secure ? secure : plain, 0, &udp);
		if (dns_read16(out + 2) != cases[i].flags)
			fail_msg("case %zu: flags %04x", i, dns_read16(out + 2));
	}
	answer_free(&secure);
	answer_free(&plain);
}

static void opt_comes_back_when_it_was_sent(void **state)
{
	uint8_t *out = *state;
	struct answer *answer = answer_of(1, 300, 0x8180);
	struct dns_query query = parsed(WITH_OPT("1000", "00008000"));
	expect(out, reply_from_answer(out, &query, answer, 0, &udp),
	       "1234 8180 0001 0001 0000 0001 " ASKED "c00c 0001 0001 0000012c 0004 0a000000 "
	       "00 0029 04d0 00008000 0000");
	answer_free(&answer);
}

static void what_does_not_fit_is_truncated(void **state)
{
	uint8_t *out = *state;
	static const struct {
		const char *query;
		const struct reply_options *options;
		unsigned fits; /* addresses of 16 bytes each beside the 29 of header and question */
	} cases[] = {
		{PLAIN, &udp, (512 - 29) / 16},
		{WITH_OPT("0000", "00000000"), &udp, (512 - 29 - 11) / 16},
		{WITH_OPT("01ff", "00000000"), &udp, (512 - 29 - 11) / 16},
		{WITH_OPT("0201", "00000000"), &udp, (513 - 29 - 11) / 16},
		{WITH_OPT("04d0", "00000000"), &udp, (1232 - 29 - 11) / 16},
		{WITH_OPT("1000", "00000000"), &udp, (4096 - 29 - 11) / 16},
		{WITH_OPT("ffff", "00000000"), &udp, (4096 - 29 - 11) / 16},
		{PLAIN, &tcp, FITS_TCP},
		{WITH_OPT("0200", "00000000"), &tcp, FITS_TCP},
	};
	for (size_t i = 0; i < PF_COUNT(cases); i++) {
		struct dns_query query = parsed(cases[i].query);
		struct answer *answer = answer_of(cases[i].fits, 300, 0x8180);
		size_t length = reply_from_answer(out, &query, answer, 0, cases[i].options);
		size_t opt = query.edns.present ? 11 : 0;
		assert_int_equal(length, 29 + 16 * cases[i].fits + opt);
		assert_int_equal(dns_read16(out + 2), 0x8180);
		assert_int_equal(dns_read16(out + 6), cases[i].fits);
		answer_free(&answer);
		if (cases[i].fits == FITS_TCP)
			continue;
		answer = answer_of(cases[i].fits + 1, 300, 0x8180);
		length = reply_from_answer(out, &query, answer, 0, cases[i].options);
		expect(out, length,
		       opt ? "1234 8380 0001 0000 0000 0001 " ASKED "00 0029 04d0 00000000 0000"
		           : "1234 8380 0001 0000 0000 0000 " ASKED);
		answer_free(&answer);
	}
}

static void sinkhole_replies(void **state)
{
	uint8_t *out = *state;
	struct addr addresses[3];
	assert_int_equal(addr_parse("0.0.0.0", &addresses[0]), PF_OK);
	assert_int_equal(addr_parse("::", &addresses[1]), PF_OK);
	assert_int_equal(addr_parse("192.0.2.1", &addresses[2]), PF_OK);
#define SOA_DATA \
	"@sinkhole.portafilter.invalid @nobody.invalid 00000001 00000e10 00000384 00015180 0000000a"
	static const struct {
		const char *query;
		unsigned rcode;
		const char *reply;
	} cases[] = {
		{"1234 0100 0001 0000 0000 0000 @A.b 0001 0001", 0,
	     "1234 8180 0001 0002 0000 0000 @A.b 0001 0001 c00c 0001 0001 0000000a 0004 00000000 "
	     "c00c 0001 0001 0000000a 0004 c0000201"},
		{"1234 0100 0001 0000 0000 0000 @A.b 001c 0001", 0,
	     "1234 8180 0001 0001 0000 0000 @A.b 001c 0001 c00c 001c 0001 0000000a 0010 00*16"},
		{"1234 0100 0001 0000 0000 0000 @A.b 0041 0001", 0,
	     "1234 8180 0001 0000 0001 0000 @A.b 0041 0001 c00c 0006 0001 0000000a 0042 " SOA_DATA},
		{"1234 0100 0001 0000 0000 0000 @A.b 0001 0001", 3,
	     "1234 8183 0001 0000 0001 0000 @A.b 0001 0001 c00c 0006 0001 0000000a 0042 " SOA_DATA},
		{"1234 0100 0001 0000 0000 0000 @. 0002 0001", 3,
	     "1234 8183 0001 0000 0001 0000 @. 0002 0001 c00c 0006 0001 0000000a 0042 " SOA_DATA},
		{"1234 0100 0001 0000 0000 0000 @A.b 0001 0001", 5,
	     "1234 8185 0001 0000 0000 0000 @A.b 0001 0001"},
		{"1234 0120 0001 0000 0000 0001 @A.b 0001 0001 00 0029 04d0 00008000 0000", 5,
	     "1234 8185 0001 0000 0000 0001 @A.b 0001 0001 00 0029 04d0 00008000 0000"},
	};
	for (size_t i = 0; i < PF_COUNT(cases); i++) {
		struct dns_query query = parsed(cases[i].query);
		expect(out,
		       reply_synthesize(out, &query, cases[i].rcode, addresses, PF_COUNT(addresses), &udp),
		       cases[i].reply);
	}
	struct dns_query query = parsed(PLAIN);
	size_t length = reply_synthesize(out, &query, 0, NULL, 0, &udp);
	assert_int_equal(dns_read16(out + 6), 0);
	assert_int_equal(dns_read16(out + 8), 1);
	assert_int_equal(length, 29 + 12 + 66);
}

static void many_sinkhole_addresses_are_truncated(void **state)
{
	uint8_t *out = *state;
	static struct addr addresses[5000];
	for (size_t i = 0; i < PF_COUNT(addresses); i++)
		addresses[i] = (struct addr){.family = 4};
	struct dns_query query = parsed(PLAIN);
	expect(out, reply_synthesize(out, &query, 0, addresses, 31, &udp),
	       "1234 8380 0001 0000 0000 0000 " ASKED);
	assert_int_equal(reply_synthesize(out, &query, 0, addresses, 30, &udp), 29 + 30 * 16);
	expect(out, reply_synthesize(out, &query, 0, addresses, 5000, &tcp),
	       "1234 8380 0001 0000 0000 0000 " ASKED);
	assert_int_equal(reply_synthesize(out, &query, 0, addresses, 4094, &tcp), 29 + 4094 * 16);
}

static void errors_echo_what_could_be_read(void **state)
{
	uint8_t *out = *state;
	static const struct {
		const char *query;
		unsigned rcode;
		const char *reply;
	} cases[] = {
		{PLAIN, DNS_RCODE_SERVFAIL, "1234 8182 0001 0000 0000 0000 " ASKED},
		{PLAIN "00", DNS_RCODE_FORMERR, "1234 8181 0001 0000 0000 0000 " ASKED},
		{"beef 0000 0000 0000 0000 0000", DNS_RCODE_FORMERR, "beef 8081 0000 0000 0000 0000"},
		{"beef 0100 0001 0000 0000 0000 c00c", DNS_RCODE_FORMERR, "beef 8181 0000 0000 0000 0000"},
		{"1234 2500 0001 0000 0000 0000 " ASKED, DNS_RCODE_NOTIMP,
	     "1234 a184 0001 0000 0000 0000 " ASKED},
		{"1234 7800 0000 0000 0000 0000", DNS_RCODE_NOTIMP, "1234 f884 0000 0000 0000 0000"},
		{WITH_OPT("04d0", "00018000"), DNS_RCODE_BADVERS,
	     "1234 8180 0001 0000 0000 0001 " ASKED "00 0029 04d0 01008000 0000"},
		/* Without OPT an extended code can not be said. */
		{PLAIN, DNS_RCODE_BADVERS, "1234 8182 0001 0000 0000 0000 " ASKED},
	};
	for (size_t i = 0; i < PF_COUNT(cases); i++) {
		struct dns_query query = parsed(cases[i].query);
		expect(out, reply_error(out, &query, cases[i].rcode, &udp), cases[i].reply);
	}
}

static void the_extended_error_is_told(void **state)
{
	uint8_t *out = *state;
	struct dns_query query = parsed(WITH_OPT("04d0", "00000000"));
	struct reply_options options = {.udp = true, .ede = DNS_EDE_BLOCKED, .ede_text = "because"};
	expect(out, reply_error(out, &query, DNS_RCODE_REFUSED, &options),
	       "1234 8185 0001 0000 0000 0001 " ASKED
	       "00 0029 04d0 00000000 000d 000f 0009 000f 'because");
	options.ede_text = NULL;
	expect(out, reply_error(out, &query, DNS_RCODE_REFUSED, &options),
	       "1234 8185 0001 0000 0000 0001 " ASKED "00 0029 04d0 00000000 0006 000f 0002 000f");
	options.ede_text = "";
	expect(out, reply_error(out, &query, DNS_RCODE_REFUSED, &options),
	       "1234 8185 0001 0000 0000 0001 " ASKED "00 0029 04d0 00000000 0006 000f 0002 000f");
	options.ede = 0; /* "Other" is a code like the rest */
	expect(out, reply_error(out, &query, DNS_RCODE_REFUSED, &options),
	       "1234 8185 0001 0000 0000 0001 " ASKED "00 0029 04d0 00000000 0006 000f 0002 0000");
	query = parsed(PLAIN);
	expect(out, reply_error(out, &query, DNS_RCODE_REFUSED, &options),
	       "1234 8185 0001 0000 0000 0000 " ASKED);
}

/* Bytes of extra text in a reply whose OPT is last; -1 when there is no extended error. */
static int text_bytes(const uint8_t *out, size_t length, size_t opt)
{
	if (length == opt + 11)
		return -1;
	assert_int_equal(dns_read16(out + opt + 9), length - opt - 11);
	assert_int_equal(dns_read16(out + opt + 11), 15);
	assert_int_equal(dns_read16(out + opt + 13), length - opt - 15);
	assert_int_equal(dns_read16(out + opt + 15), DNS_EDE_BLOCKED);
	return (int)(length - opt - 17);
}

/* One address more each time, until nothing is left for the text. */
static void text_gives_way_to_records(void **state)
{
	uint8_t *out = *state;
	char text[REPLY_EDE_TEXT_MAX + 1];
	memset(text, 'x', sizeof text);
	text[sizeof text - 1] = '\0';
	struct reply_options options = {.udp = true, .ede = DNS_EDE_BLOCKED, .ede_text = text};
	static const unsigned sizes[] = {512, 1232};
	for (size_t i = 0; i < PF_COUNT(sizes); i++) {
		struct dns_query query = parsed(WITH_OPT("0200", "00000000"));
		query.edns.udp_size = (uint16_t)sizes[i];
		bool seen_text = false, seen_code = false;
		for (unsigned count = 0; count <= (sizes[i] - 40) / 16; count++) {
			struct answer *answer = answer_of(count, 300, 0x8180);
			size_t length = reply_from_answer(out, &query, answer, 0, &options);
			size_t opt = 29 + 16 * count, left = sizes[i] - opt - 11;
			int sent = text_bytes(out, length, opt);
			assert_int_equal(sent, left < 6 ? -1 : left < 6 + REPLY_EDE_TEXT_MAX ? 0 : 400);
			assert_int_equal(dns_read16(out + 2), 0x8180);
			assert_int_equal(dns_read16(out + 6), count);
			assert_true(length <= sizes[i]);
			seen_text |= sent > 0;
			seen_code |= sent == 0;
			answer_free(&answer);
		}
		assert_true(seen_text && seen_code);
	}
}

static void the_whole_extended_error_gives_way(void **state)
{
	uint8_t *out = *state;
	struct reply_options options = {.udp = true, .ede = DNS_EDE_BLOCKED, .ede_text = "x"};
	struct answer *answer;
	/* 29 addresses make 504 bytes with OPT. One byte of the question more for each: 8 bytes are left,
	 * then 7 to 0, then TC. */
	for (unsigned more = 0; more <= 9; more++) {
		struct packet packet = {0};
		char name[64];
		snprintf(name, sizeof name, "www.example%.*s", (int)more, "xxxxxxxxx");
		packet_answer(&packet, 0x8180, name, DNS_TYPE_A);
		for (unsigned i = 0; i < 29; i++)
			packet_record(&packet, SECTION_ANSWER, "c00c", DNS_TYPE_A, 300, "0a000001");
		struct dns_query longer = query_for(name, DNS_TYPE_A, false);
		assert_int_equal(answer_from_packet(&packet, &longer, &answer), PF_OK);
		longer.edns.present = true;
		size_t length = reply_from_answer(out, &longer, answer, 0, &options);
		size_t opt = more <= 8 ? 493 + more : 29 + more;
		int sent = text_bytes(out, length, opt);
		assert_int_equal(sent, more <= 1 ? 1 : more == 2 ? 0 : more <= 8 ? -1 : 1);
		assert_int_equal(dns_read16(out + 2), more <= 8 ? 0x8180 : 0x8380);
		assert_true(length <= 512);
		answer_free(&answer);
	}
}

static void text_is_cut_between_characters(void **state)
{
	uint8_t *out = *state;
	struct dns_query query = parsed(WITH_OPT("04d0", "00000000"));
	struct reply_options options = {.udp = true, .ede = DNS_EDE_BLOCKED};
	static const struct {
		const char *character; /* in UTF-8 */
		unsigned before, sent;
	} cases[] = {
		{"x", 390, 400},          {"\u00fc", 399, 399},     {"\u00fc", 398, 400},
		{"\u4e2d", 398, 398},     {"\u4e2d", 397, 400},     {"\U0001f375", 397, 397},
		{"\U0001f375", 396, 400}, {"\U0001f375", 399, 399}, {"\x80", 0, 0},
	};
	for (size_t i = 0; i < PF_COUNT(cases); i++) {
		char text[1000];
		size_t used = cases[i].before, step = strlen(cases[i].character);
		memset(text, 'x', used);
		for (; used + step < 900; used += step)
			memcpy(text + used, cases[i].character, step);
		text[used] = '\0';
		options.ede_text = text;
		size_t length = reply_error(out, &query, DNS_RCODE_REFUSED, &options);
		int sent = text_bytes(out, length, 29);
		assert_int_equal(sent, cases[i].sent);
		assert_memory_equal(out + length - sent, text, (size_t)sent);
	}
}

static void sizes_are_bounded(void **state)
{
	(void)state;
	struct dns_query query = parsed(PLAIN);
	assert_int_equal(reply_size_max(&query, true), 512);
	assert_int_equal(reply_size_max(&query, false), 65535);
	query = parsed(WITH_OPT("0000", "00000000"));
	assert_int_equal(reply_size_max(&query, true), 512);
	query = parsed(WITH_OPT("04d0", "00000000"));
	assert_int_equal(reply_size_max(&query, true), 1232);
	query = parsed(WITH_OPT("ffff", "00000000"));
	assert_int_equal(reply_size_max(&query, true), DNS_UDP_REPLY_MAX);
	assert_int_equal(reply_size_max(&query, false), 65535);
}

/* Records of list entries; ASKED is www.example A, "=x" pads a name. */
static void records_of_entries(void **state)
{
	uint8_t *out = *state;
	struct dns_query query = parsed(PLAIN);
	static const uint8_t both[] = {0, 1, 0,   4, 192, 0, 2, 1,   0, 16, 0,
	                               2, 1, 'x', 0, 1,   0, 4, 192, 0, 2,  2};
	struct reply_records records = {.bytes = both, .length = sizeof both};
	expect(out, reply_from_records(out, &query, &records, &udp),
	       "1234 8180 0001 0002 0000 0000 " ASKED "c00c 0001 0001 0000000a 0004 c0000201 "
	       "c00c 0001 0001 0000000a 0004 c0000202");
	query.type = DNS_TYPE_TXT;
	size_t length = reply_from_records(out, &query, &records, &udp);
	assert_int_equal(dns_read16(out + 6), 1);
	assert_memory_equal(out + length - 2, "\1x", 2);
	query.type = DNS_TYPE_AAAA; /* nothing of that type: NODATA with its SOA */
	reply_from_records(out, &query, &records, &udp);
	assert_int_equal(dns_read16(out + 6), 0);
	assert_int_equal(dns_read16(out + 8), 1);
	records.length--; /* what is cut off is not read */
	query.type = DNS_TYPE_A;
	reply_from_records(out, &query, &records, &udp);
	assert_int_equal(dns_read16(out + 6), 1);
}

static void a_cname_answers_every_type(void **state)
{
	uint8_t *out = *state;
	struct dns_query query = parsed(PLAIN);
	static const uint8_t cname[] = "\0\5\0\6\4wall\0", wild[] = "\0\5\0\10\1*\4wall\0";
	struct addr addresses[] = {{.family = 4, .bytes = {192, 0, 2, 9}}, {.family = 6}};
	struct reply_records records = {cname, sizeof cname - 1, addresses, 2, 0};
	expect(out, reply_from_records(out, &query, &records, &udp),
	       "1234 8180 0001 0002 0000 0000 " ASKED "c00c 0005 0001 0000000a 0006 @wall "
	       "c029 0001 0001 0000000a 0004 c0000209");
	query.type = DNS_TYPE_CNAME;
	reply_from_records(out, &query, &records, &udp);
	assert_int_equal(dns_read16(out + 6), 1);
	struct dns_name target, expected;
	records = (struct reply_records){.bytes = wild, .length = sizeof wild - 1};
	assert_true(reply_records_target(&records, &query.name, &target));
	assert_int_equal(dns_name_from_text("www.example.wall", &expected), PF_OK);
	assert_true(dns_name_equal(&target, &expected));
	records.length = 0;
	assert_false(reply_records_target(&records, &query.name, &target));
}

static void come_back_over_tcp(void **state)
{
	uint8_t *out = *state;
	struct dns_query query = parsed(PLAIN);
	expect(out, reply_truncated(out, &query, &udp), "1234 8380 0001 0000 0000 0000 " ASKED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_copy_counts_down_and_keeps_the_question),
		cmocka_unit_test(sizes_tell_less),
		cmocka_unit_test(the_least_ttl_is_the_age),
		cmocka_unit_test(every_section_counts_down),
		cmocka_unit_test(flags_are_those_of_the_client),
		cmocka_unit_test(opt_comes_back_when_it_was_sent),
		cmocka_unit_test(what_does_not_fit_is_truncated),
		cmocka_unit_test(sinkhole_replies),
		cmocka_unit_test(many_sinkhole_addresses_are_truncated),
		cmocka_unit_test(errors_echo_what_could_be_read),
		cmocka_unit_test(the_extended_error_is_told),
		cmocka_unit_test(text_gives_way_to_records),
		cmocka_unit_test(the_whole_extended_error_gives_way),
		cmocka_unit_test(text_is_cut_between_characters),
		cmocka_unit_test(sizes_are_bounded),
		cmocka_unit_test(records_of_entries),
		cmocka_unit_test(a_cname_answers_every_type),
		cmocka_unit_test(come_back_over_tcp),
	};
	return cmocka_run_group_tests(tests, make_buffer, free_buffer);
}
