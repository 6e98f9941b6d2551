/* The addresses of an answer: A, AAAA, and the hints of HTTPS and SVCB records, good and malformed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "unit/dns/fixture.h"

#define FLAGS 0x8180
#define V6_1 "20010db8 00*11 01"
#define V6_2 "20010db8 00*11 02"

struct address_case {
	const char *what;
	unsigned type;
	const char *data[4];
	const char *addresses; /* NULL: PF_EINVAL */
};

static const struct address_case cases[] = {
	{"A", 1, {"c0000201", "c0000202"}, "192.0.2.1 192.0.2.2"},
	{"A twice", 1, {"c0000201", "c0000202", "c0000201"}, "192.0.2.1 192.0.2.2"},
	{"AAAA", 28, {V6_1, V6_2, V6_1}, "2001:db8::1 2001:db8::2"},
	{"a mapped address stays as it was served", 28, {"00*10 ffff c0000201"}, "::ffff:192.0.2.1"},
	{"MX has none", 15, {"000a @mail.example"}, ""},

	{"HTTPS without parameters", 65, {"0001 00"}, ""},
	{"HTTPS, alias mode", 65, {"0000 @pool.example"}, ""},
	{"alpn only", 65, {"0001 00 0001 0003 02 'h2"}, ""},
	{"ipv4hint", 65, {"0001 00 0004 0004 c0000201"}, "192.0.2.1"},
	{"two in one hint", 65, {"0001 00 0004 0008 c0000201 c0000202"}, "192.0.2.1 192.0.2.2"},
	{"ipv6hint", 65, {"0001 00 0006 0010 " V6_1}, "2001:db8::1"},
	{"both, with others around them",
     65,
     {"0001 @svc.example 0001 0003 02 'h2 0003 0002 01bb 0004 0004 c0000201 0005 0003 616263 "
      "0006 0010 " V6_1 " 0007 0001 ff"},
     "192.0.2.1 2001:db8::1"},
	{"SVCB", 64, {"0001 00 0004 0004 c0000201"}, "192.0.2.1"},
	{"two records, one address in both",
     65,
     {"0001 00 0004 0004 c0000201", "0002 00 0004 0008 c0000201 c0000203"},
     "192.0.2.1 192.0.2.3"},
	{"a hint in a key that is none", 65, {"0001 00 0008 0004 c0000201"}, ""},
	{"an empty alpn value", 65, {"0001 00 0002 0000"}, ""},

	{"no data", 65, {""}, NULL},
	{"a priority alone", 65, {"0001"}, NULL},
	{"half a priority", 65, {"00"}, NULL},
	{"a target without an end", 65, {"0001 =svc"}, NULL},
	{"a target that is a pointer", 65, {"0001 c00c"}, NULL},
	{"half a key", 65, {"0001 00 00"}, NULL},
	{"a key without a length", 65, {"0001 00 0004"}, NULL},
	{"half a length", 65, {"0001 00 0004 00"}, NULL},
	{"a length without a value", 65, {"0001 00 0004 0004"}, NULL},
	{"a value one byte short", 65, {"0001 00 0004 0004 c00002"}, NULL},
	{"a length of 65535", 65, {"0001 00 0004 ffff c0000201"}, NULL},
	{"ipv4hint of three bytes", 65, {"0001 00 0004 0003 c00002"}, NULL},
	{"ipv4hint of five bytes", 65, {"0001 00 0004 0005 c000020101"}, NULL},
	{"an empty ipv4hint", 65, {"0001 00 0004 0000"}, NULL},
	{"ipv6hint of four bytes", 65, {"0001 00 0006 0004 c0000201"}, NULL},
	{"ipv6hint of 17 bytes", 65, {"0001 00 0006 0011 00*17"}, NULL},
	{"an empty ipv6hint", 65, {"0001 00 0006 0000"}, NULL},
	{"the same key twice", 65, {"0001 00 0004 0004 c0000201 0004 0004 c0000202"}, NULL},
	{"keys out of order", 65, {"0001 00 0006 0010 " V6_1 " 0004 0004 c0000201"}, NULL},
	{"bytes behind the last value", 65, {"0001 00 0004 0004 c0000201 ff"}, NULL},
	{"the second record malformed",
     65,
     {"0001 00 0004 0004 c0000201", "0002 00 0004 0001 ff"},
     NULL},
};

static void list_addresses(const struct answer *answer, char *text, size_t size)
{
	size_t used = 0;
	text[0] = '\0';
	for (unsigned i = 0; i < answer->address_count; i++) {
		char address[ADDR_TEXT_MAX];
		addr_format(&answer->addresses[i], address);
		used += (size_t)snprintf(text + used, size - used, "%s%s", i ? " " : "", address);
		assert_true(used < size);
	}
}

static void addresses_and_hints_are_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < PF_COUNT(cases); i++) {
		const struct address_case *c = &cases[i];
		static struct packet packet;
		char text[512];
		struct dns_query query = query_for("www.example", (uint16_t)c->type, false);
		struct answer *answer;
		packet_answer(&packet, FLAGS, "www.example", c->type);
		for (size_t j = 0; j < PF_COUNT(c->data) && c->data[j]; j++)
			packet_record(&packet, SECTION_ANSWER, "c00c", c->type, 300, c->data[j]);
		/* These must not be read, nor counted. */
		packet_record(&packet, SECTION_AUTHORITY, "c00c", c->type, 300, c->data[0]);
		packet_record(&packet, SECTION_ADDITIONAL, "c00c", 1, 300, "c00002ff");
		packet_record(&packet, SECTION_ADDITIONAL, "@svc.example", 1, 300, "c00002fe");
		int result = answer_from_packet(&packet, &query, &answer);
		if (result != (c->addresses ? PF_OK : PF_EINVAL))
			fail_msg("%s: %d", c->what, result);
		if (result != PF_OK)
			continue;
		list_addresses(answer, text, sizeof text);
		if (strcmp(text, c->addresses) != 0)
			fail_msg("%s: \"%s\"", c->what, text);
		answer_free(&answer);
	}
}

static void only_the_end_of_the_chain_counts(void **state)
{
	(void)state;
	struct packet packet = {0};
	char text[512];
	struct dns_query query = query_for("www.example", DNS_TYPE_HTTPS, false);
	struct answer *answer;
	packet_answer(&packet, FLAGS, "www.example", DNS_TYPE_HTTPS);
	packet_record(&packet, SECTION_ANSWER, "c00c", DNS_TYPE_CNAME, 300, "@a.example");
	packet_record(&packet, SECTION_ANSWER, "@a.example", DNS_TYPE_HTTPS, 300,
	              "0001 00 0004 0004 c0000201");
	packet_record(&packet, SECTION_ANSWER, "@b.example", DNS_TYPE_HTTPS, 300,
	              "0001 00 0004 0004 c0000209");
	packet_record(&packet, SECTION_ANSWER, "@a.example", DNS_TYPE_A, 300, "c0000208");
	assert_int_equal(answer_from_packet(&packet, &query, &answer), PF_OK);
	list_addresses(answer, text, sizeof text);
	assert_string_equal(text, "192.0.2.1");
	answer_free(&answer);
}

static int answer_with_hints(unsigned count, struct answer **answer)
{
	static struct packet packet;
	struct dns_query query = query_for("www.example", DNS_TYPE_HTTPS, false);
	char value[64];
	packet_answer(&packet, FLAGS, "www.example", DNS_TYPE_HTTPS);
	snprintf(value, sizeof value, "0001 00 0004 %04x", 4 * count);
	packet_record(&packet, SECTION_ANSWER, "c00c", DNS_TYPE_HTTPS, 300, value);
	for (unsigned i = 0; i < count; i++) {
		snprintf(value, sizeof value, "0a00%04x", i);
		packet_add(&packet, value);
	}
	size_t rdlength = DNS_HEADER_BYTES + 17 + 10;
	dns_write16(packet.bytes + rdlength, (uint16_t)(7 + 4 * count));
	return answer_from_packet(&packet, &query, answer);
}

static void more_hints_than_can_be_judged_are_refused(void **state)
{
	(void)state;
	struct answer *answer;
	assert_int_equal(answer_with_hints(ANSWER_ADDRESS_MAX, &answer), PF_OK);
	assert_int_equal(answer->address_count, ANSWER_ADDRESS_MAX);
	answer_free(&answer);
	assert_int_equal(answer_with_hints(ANSWER_ADDRESS_MAX + 1, &answer), PF_EFULL);
	assert_null(answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_and_hints_are_found),
		cmocka_unit_test(only_the_end_of_the_chain_counts),
		cmocka_unit_test(more_hints_than_can_be_judged_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
