/* Replies of the recursor: what becomes of AD, CD and the flags of what libunbound found, and which extended error its words
 * are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dns/dns.h"
#include "recursor/resolved.h"

#define QR_RD_RA 0x8180
#define AD 0x0020
#define CD 0x0010

/* "a.test", A. */
static const uint8_t question[] = {1, 'a', 4, 't', 'e', 's', 't', 0, 0, 1, 0, 1};
/* AA, TC and a rcode of NXDOMAIN are set, the id is another. */
static const uint8_t found[] = {0xde, 0xad, 0x86, 0x03, 0,   1,   0,   0, 0, 0, 0, 0,
                                1,    'a',  4,    't',  'e', 's', 't', 0, 0, 1, 0, 1};

static void ask(struct dns_query *query, uint16_t flags, bool dnssec_ok)
{
	uint8_t packet[DNS_HEADER_BYTES + sizeof question + 11] = {0x12, 0x34};
	static const uint8_t opt[] = {0, 0, 41, 4, 208, 0, 0, 0x80, 0, 0, 0};
	dns_write16(packet + 2, flags);
	packet[5] = 1;
	packet[11] = dnssec_ok;
	memcpy(packet + DNS_HEADER_BYTES, question, sizeof question);
	memcpy(packet + DNS_HEADER_BYTES + sizeof question, opt, sizeof opt);
	size_t length = sizeof packet - (dnssec_ok ? 0 : sizeof opt);
	assert_int_equal(dns_query_parse(packet, length, query), QUERY_OK);
}

static void test_flags(void **state)
{
	(void)state;
	static const struct {
		uint16_t asked;
		bool dnssec_ok;
		enum resolved_trust trust;
		uint16_t flags;
	} cases[] = {
		{0x0100, false, RESOLVED_SECURE, QR_RD_RA},
		{0x0100 | AD, false, RESOLVED_SECURE, QR_RD_RA | AD},
		{0x0100, true, RESOLVED_SECURE, QR_RD_RA | AD},
		{0x0100 | AD, true, RESOLVED_INSECURE, QR_RD_RA},
		{0x0000, true, RESOLVED_SECURE, 0x8080 | AD},
		{0x0100 | CD | AD, true, RESOLVED_SECURE, QR_RD_RA | CD | AD},
		{0x0100 | CD | AD, true, RESOLVED_BOGUS, QR_RD_RA | CD},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		uint8_t out[DNS_MESSAGE_MAX];
		struct dns_query query;
		const struct resolved resolved = {0, found, sizeof found, cases[i].trust, NULL};
		ask(&query, cases[i].asked, cases[i].dnssec_ok);
		assert_int_equal(resolved_reply(out, &query, &resolved), sizeof found);
		assert_int_equal(dns_read16(out), 0x1234);
		assert_int_equal(dns_read16(out + 2), cases[i].flags | DNS_RCODE_NXDOMAIN);
		assert_memory_equal(out + 4, found + 4, sizeof found - 4);
	}
}

/* The extended error of a reply without records, which ends with it. */
static int ede_of(const uint8_t *reply, size_t length, size_t text_length)
{
	return dns_read16(reply + length - text_length - 2);
}

static void test_bogus_is_a_failure(void **state)
{
	(void)state;
	static const char why[] = "validation failure <a.test. A IN>: signature expired from 10.0.0.1";
	uint8_t out[DNS_MESSAGE_MAX];
	struct dns_query query;
	const struct resolved resolved = {0, found, sizeof found, RESOLVED_BOGUS, why};
	ask(&query, 0x0100 | AD, true);
	size_t length = resolved_reply(out, &query, &resolved);
	assert_int_equal(dns_read16(out + 2), QR_RD_RA | DNS_RCODE_SERVFAIL);
	assert_int_equal(dns_read16(out + 6), 0);
	assert_memory_equal(out + length - strlen(why), why, strlen(why));
	assert_int_equal(ede_of(out, length, strlen(why)), DNS_EDE_SIGNATURE_EXPIRED);
}

/* What libunbound could not find, and what it could not have said. */
static void test_failures(void **state)
{
	(void)state;
	static const struct resolved cases[] = {
		{DNS_RCODE_SERVFAIL, NULL, 0, RESOLVED_INSECURE, NULL},
		{0, NULL, 0, RESOLVED_INSECURE, NULL},
		{0, found, sizeof found - 1, RESOLVED_SECURE, NULL},
		{0, found, DNS_MESSAGE_MAX + 1, RESOLVED_SECURE, NULL},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		uint8_t out[DNS_MESSAGE_MAX];
		struct dns_query query;
		ask(&query, 0x0100, true);
		size_t length = resolved_reply(out, &query, &cases[i]);
		assert_int_equal(dns_read16(out + 2), QR_RD_RA | DNS_RCODE_SERVFAIL);
		assert_int_equal(ede_of(out, length, 0), DNS_EDE_NO_REACHABLE_AUTHORITY);
	}
}

static void test_words(void **state)
{
	(void)state;
	static const struct {
		const char *why;
		int ede;
	} cases[] = {
		{NULL, DNS_EDE_BOGUS},
		{"validation failure <x. A IN>: something new", DNS_EDE_BOGUS},
		{"signature before inception date from 1.2.3.4", DNS_EDE_SIGNATURE_NOT_YET_VALID},
		{"no keys have a DS with algorithm ECDSAP256SHA256", DNS_EDE_DNSKEY_MISSING},
		{"no signatures from 1.2.3.4", DNS_EDE_RRSIGS_MISSING},
		{"no NSEC3 records from 1.2.3.4", DNS_EDE_NSEC_MISSING},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(resolved_ede(cases[i].why), cases[i].ede);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_bogus_is_a_failure),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
