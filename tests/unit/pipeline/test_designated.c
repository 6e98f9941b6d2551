/* What clients are told of our encrypted listeners: byte for byte, which addresses go along, and that much of it is cut off. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/designated.h"

static struct config_listen listen_on(const char *address, enum protocol protocol)
{
	struct config_listen listen = {.protocol = protocol};
	assert_int_equal(addr_port_parse(address, 853, &listen.address), PF_OK);
	return listen;
}

static struct addr addr_of(const char *text)
{
	struct addr addr = {0};
	if (*text)
		assert_int_equal(addr_parse(text, &addr), PF_OK);
	return addr;
}

/* On the heap, so that a sanitizer sees one byte too many. */
static size_t records_of(const struct config_listen *listen, size_t count, const char *name,
                         const char *asked, uint8_t **records)
{
	struct dns_name target;
	assert_int_equal(dns_name_from_text(name, &target), PF_OK);
	const struct designated designated = {listen, count, &target, addr_of(asked)};
	*records = malloc(REPLY_RECORDS_MAX);
	assert_non_null(*records);
	return designated_records(&designated, *records);
}

static void byte_for_byte(void **state)
{
	(void)state;
	const struct config_listen listen[] = {listen_on("[2001:db8::1]:443", PROTOCOL_HTTPS),
	                                       listen_on("192.0.2.1:443", PROTOCOL_HTTPS),
	                                       listen_on("192.0.2.1", PROTOCOL_UDP),
	                                       listen_on("0.0.0.0:853", PROTOCOL_TLS)};
	static const uint8_t expected[] = "\0\100\0\035\0\1\1a\1b\0"
									  "\0\1\0\4\3dot"
									  "\0\3\0\2\3\125"
									  "\0\4\0\4\300\0\2\7"
									  "\0\100\0\104\0\2\1a\1b\0"
									  "\0\1\0\3\2h2"
									  "\0\3\0\2\1\273"
									  "\0\4\0\4\300\0\2\1"
									  "\0\6\0\20\040\1\015\270\0\0\0\0\0\0\0\0\0\0\0\1"
									  "\0\7\0\20/dns-query{?dns}";
	uint8_t *records;
	size_t length = records_of(listen, 4, "a.b", "192.0.2.7", &records);
	assert_int_equal(length, sizeof expected - 1);
	assert_memory_equal(records, expected, length);
	free(records);
}

static void who_can_come_there(void **state)
{
	(void)state;
	static const struct {
		const char *listen, *asked;
		bool named, hinted;
	} cases[] = {
		{"127.0.0.1", "127.0.0.2", true, true},
		{"127.0.0.1", "192.0.2.1", false, false},
		{"127.0.0.1", "", true, true},
		{"[::1]", "2001:db8::1", false, false},
		{"192.0.2.1", "127.0.0.1", true, true},
		{"[fe80::1]", "fe80::1", true, true},
		{"[fe80::1]", "192.0.2.1", false, false},
		{"[fe80::1]", "fe80::2", false, false},
		{"[::]", "192.0.2.1", true, false},
		{"[::]", "2001:db8::1", true, true},
		{"0.0.0.0", "0.0.0.0", true, false},
		{"0.0.0.0", "", true, false},
	};
	for (size_t i = 0; i < PF_COUNT(cases); i++) {
		const struct config_listen listen = listen_on(cases[i].listen, PROTOCOL_TLS);
		uint8_t *records;
		size_t length = records_of(&listen, 1, "a.b", cases[i].asked, &records);
		size_t bare = REPLY_RECORD_HEADER + 2 + 5 + 8 + 6;
		if ((length != 0) != cases[i].named || (length > bare) != cases[i].hinted)
			fail_msg("%s asked at %s: %zu bytes", cases[i].listen, cases[i].asked, length);
		free(records);
	}
}

static void what_has_no_room_is_left_off(void **state)
{
	(void)state;
	static const char label[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.";
	struct config_listen listen[CONFIG_LISTEN_MAX];
	char name[NAME_TEXT_MAX] = "";
	for (size_t i = 0; i < 3; i++)
		strcat(name, label);
	for (size_t i = 0; i < CONFIG_LISTEN_MAX; i++) {
		listen[i] = listen_on("192.0.2.1", i % 2 ? PROTOCOL_TLS : PROTOCOL_HTTPS);
		listen[i].address.port = (uint16_t)(1000 + i);
	}
	uint8_t *records;
	size_t length = records_of(listen, CONFIG_LISTEN_MAX, name, "192.0.2.1", &records);
	assert_in_range(length, REPLY_RECORDS_MAX - 300, REPLY_RECORDS_MAX);
	size_t at = 0, count = 0;
	for (; at < length; at += REPLY_RECORD_HEADER + (size_t)dns_read16(records + at + 2))
		assert_int_equal(dns_read16(records + at + REPLY_RECORD_HEADER), ++count);
	assert_int_equal(at, length);
	assert_in_range(count, 10, CONFIG_LISTEN_MAX - 1);
	free(records);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(byte_for_byte),
		cmocka_unit_test(who_can_come_there),
		cmocka_unit_test(what_has_no_room_is_left_off),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
