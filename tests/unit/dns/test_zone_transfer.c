/* Zone transfers, message by message: what is taken, what it says as text, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "dns/zone_transfer.h"
#include "unit/dns/packet.h"

#define QUESTION(type) "@rpz.example " type " 0001 "
#define HEAD(answers) "1234 8400 0001 " answers " 0000 0000 "
#define SOA(serial)                                                  \
	"@rpz.example 0006 0001 0000003c 001a 01 6e 00 01 68 00 " serial \
	" 00000e10 00000258 00015180 0000003c "
#define CNAME(name) "@" name ".rpz.example 0005 0001 0000003c 0001 00 "
#define S1 "00000001"
#define S2 "00000002"
#define S3 "00000003"

struct zone_transfer_case {
	const char *what;
	uint16_t type;
	const char *messages[4];
	enum zone_transfer_step step; /* of the last one */
	const char *lines;            /* or a word of the error */
};

static const struct zone_transfer_case cases[] = {
	{"a whole zone in one message",
     DNS_TYPE_AXFR,
     {HEAD("0003") QUESTION("00fc") SOA(S2) CNAME("a.test") SOA(S2)},
     TRANSFER_DONE,
     "+a.test.rpz.example. 60 IN CNAME .\n"},
	{"in three, the question in the first only",
     DNS_TYPE_AXFR,
     {HEAD("0001") QUESTION("00fc") SOA(S2),
      "1234 8400 0000 0002 0000 0000 " CNAME("a") CNAME("*.B"),
      "1234 8400 0000 0001 0000 0000 " SOA(S2)},
     TRANSFER_DONE,
     "+a.rpz.example. 60 IN CNAME .\n+*.b.rpz.example. 60 IN CNAME .\n"},
	{"types, and names by pointers",
     DNS_TYPE_AXFR,
     {HEAD("0007") QUESTION("00fc") SOA(S2) "c00c 0001 0001 80000000 0004 c0000201 "
                                            "c00c 001c 0001 00000001 0010 20010db8 00*11 01 "
                                            "c00c 0005 0001 00000001 0004 =x c00c "
                                            "c00c 0010 0001 00000001 0003 02 'hi "
                                            "c00c 000f 0001 00000001 0004 000a c00c " SOA(S2)},
     TRANSFER_DONE,
     "+rpz.example. 0 IN A 192.0.2.1\n+rpz.example. 1 IN AAAA 2001:db8::1\n"
     "+rpz.example. 1 IN CNAME x.rpz.example.\n+rpz.example. 1 IN TXT \\# 3 026869\n"
     "+rpz.example. 1 IN MX \\# 15 000a0372707a076578616d706c6500\n"},
	{"a name of control characters",
     DNS_TYPE_AXFR,
     {HEAD("0003") QUESTION("00fc") SOA(S2) "04 0a203b22 c00c 0005 0001 00000001 0001 00 " SOA(S2)},
     TRANSFER_DONE,
     "+\\010\\032\\;\\\".rpz.example. 1 IN CNAME .\n"},
	{"differences",
     DNS_TYPE_IXFR,
     {HEAD("0006") QUESTION("00fb") SOA(S2) SOA(S1) CNAME("a") SOA(S2) CNAME("b") SOA(S2)},
     TRANSFER_DONE,
     "-a.rpz.example. 60 IN CNAME .\n+b.rpz.example. 60 IN CNAME .\n"},
	{"differences over two versions, in two messages",
     DNS_TYPE_IXFR,
     {HEAD("0005") QUESTION("00fb") SOA(S3) SOA(S1) CNAME("a") SOA(S2) CNAME("b"),
      HEAD("0004") QUESTION("00fb") SOA(S2) CNAME("b") SOA(S3) SOA(S3)},
     TRANSFER_DONE,
     "-a.rpz.example. 60 IN CNAME .\n+b.rpz.example. 60 IN CNAME .\n-b.rpz.example. 60 IN CNAME .\n"},
	{"nothing newer", DNS_TYPE_IXFR, {HEAD("0001") QUESTION("00fb") SOA(S1)}, TRANSFER_CURRENT, ""},
	{"differences that are a whole zone",
     DNS_TYPE_IXFR,
     {HEAD("0003") QUESTION("00fb") SOA(S2) CNAME("a") SOA(S2)},
     TRANSFER_DONE,
     "+a.rpz.example. 60 IN CNAME .\n"},
	{"a whole zone of nothing",
     DNS_TYPE_AXFR,
     {HEAD("0002") QUESTION("00fc") SOA(S2) SOA(S2)},
     TRANSFER_DONE,
     ""},
	{"it goes on", DNS_TYPE_AXFR, {HEAD("0001") QUESTION("00fc") SOA(S2)}, TRANSFER_MORE, ""},
	{"refused",
     DNS_TYPE_AXFR,
     {"1234 8405 0001 0000 0000 0000 " QUESTION("00fc")},
     TRANSFER_REFUSED,
     ""},
	{"not implemented", DNS_TYPE_IXFR, {"1234 8404 0000 0000 0000 0000"}, TRANSFER_REFUSED, ""},
	{"another id",
     DNS_TYPE_AXFR,
     {"1235 8400 0001 0001 0000 0000 " QUESTION("00fc") SOA(S2)},
     TRANSFER_BROKEN,
     "no answer"},
	{"a query",
     DNS_TYPE_AXFR,
     {"1234 0400 0001 0001 0000 0000 " QUESTION("00fc") SOA(S2)},
     TRANSFER_BROKEN,
     "no answer"},
	{"another opcode",
     DNS_TYPE_AXFR,
     {"1234 a400 0001 0001 0000 0000 " QUESTION("00fc") SOA(S2)},
     TRANSFER_BROKEN,
     "no answer"},
	{"truncated",
     DNS_TYPE_AXFR,
     {"1234 8600 0001 0001 0000 0000 " QUESTION("00fc") SOA(S2)},
     TRANSFER_BROKEN,
     "no answer"},
	{"another question",
     DNS_TYPE_AXFR,
     {HEAD("0001") QUESTION("00fb") SOA(S2)},
     TRANSFER_BROKEN,
     "no answer"},
	{"another zone's question",
     DNS_TYPE_AXFR,
     {HEAD("0001") "@other.example 00fc 0001 " SOA(S2)},
     TRANSFER_BROKEN,
     "no answer"},
	{"short", DNS_TYPE_AXFR, {"1234 8400 0001"}, TRANSFER_BROKEN, "no answer"},
	{"a message of nothing",
     DNS_TYPE_AXFR,
     {HEAD("0000") QUESTION("00fc")},
     TRANSFER_BROKEN,
     "empty"},
	{"no SOA first",
     DNS_TYPE_AXFR,
     {HEAD("0001") QUESTION("00fc") CNAME("a")},
     TRANSFER_BROKEN,
     "not begin with an SOA"},
	{"of another zone",
     DNS_TYPE_AXFR,
     {HEAD("0002") QUESTION("00fc") SOA(S2) "@a.example 0005 0001 0000003c 0001 00"},
     TRANSFER_BROKEN,
     "not of the zone"},
	{"another SOA in the middle",
     DNS_TYPE_AXFR,
     {HEAD("0002") QUESTION("00fc") SOA(S2) SOA(S3)},
     TRANSFER_BROKEN,
     "changed from serial 2 to 3"},
	{"behind the end",
     DNS_TYPE_AXFR,
     {HEAD("0003") QUESTION("00fc") SOA(S2) SOA(S2) CNAME("a")},
     TRANSFER_BROKEN,
     "behind the end"},
	{"a record that is not there",
     DNS_TYPE_AXFR,
     {HEAD("0002") QUESTION("00fc") SOA(S2)},
     TRANSFER_BROKEN,
     "malformed"},
	{"a TSIG among the answers",
     DNS_TYPE_AXFR,
     {HEAD("0002") QUESTION("00fc") SOA(S2) "c00c 00fa 00ff 00000000 0000"},
     TRANSFER_BROKEN,
     "malformed"},
	{"another class",
     DNS_TYPE_AXFR,
     {HEAD("0002") QUESTION("00fc") SOA(S2) "c00c 0005 0003 0000003c 0001 00"},
     TRANSFER_BROKEN,
     "malformed"},
	{"a pointer forward",
     DNS_TYPE_AXFR,
     {HEAD("0002") QUESTION("00fc") SOA(S2) "c0ff 0005 0001 0000003c 0001 00"},
     TRANSFER_BROKEN,
     "malformed"},
	{"a CNAME of two names",
     DNS_TYPE_AXFR,
     {HEAD("0002") QUESTION("00fc") SOA(S2) "c00c 0005 0001 0000003c 0002 0000"},
     TRANSFER_BROKEN,
     "data of a record"},
	{"a short SOA",
     DNS_TYPE_AXFR,
     {HEAD("0001") QUESTION("00fc") "c00c 0006 0001 0000003c 0004 00000000"},
     TRANSFER_BROKEN,
     "malformed"},
	{"differences from elsewhere",
     DNS_TYPE_IXFR,
     {HEAD("0002") QUESTION("00fb") SOA(S3) SOA(S2)},
     TRANSFER_BROKEN,
     "begin at serial 2, but ours is 1"},
	{"differences backwards",
     DNS_TYPE_IXFR,
     {HEAD("0003") QUESTION("00fb") SOA(S3) SOA(S1) SOA(S1)},
     TRANSFER_BROKEN,
     "backwards"},
	{"differences with a gap",
     DNS_TYPE_IXFR,
     {HEAD("0004") QUESTION("00fb") SOA(S3) SOA(S1) SOA(S2) SOA(S3)},
     TRANSFER_BROKEN,
     "a gap"},
};

static int take(void *data, const struct zone_transfer_record *record)
{
	buffer_append(data, record->added ? "+" : "-", 1);
	buffer_append(data, record->line, record->length);
	buffer_append(data, "\n", 1);
	return PF_OK;
}

static struct zone_transfer *make(uint16_t type, struct buffer *lines)
{
	struct zone_transfer *transfer = calloc(1, sizeof *transfer);
	assert_int_equal(dns_name_from_text("rpz.example", &transfer->zone), PF_OK);
	transfer->type = type;
	transfer->id = 0x1234;
	transfer->serial = 1;
	transfer->take = take;
	transfer->data = lines;
	buffer_init(lines, 1 << 20);
	buffer_append(lines, "", 0);
	zone_transfer_begin(transfer);
	return transfer;
}

static void messages(void **state)
{
	(void)state;
	for (size_t i = 0; i < PF_COUNT(cases); i++) {
		const struct zone_transfer_case *row = &cases[i];
		struct buffer lines;
		struct zone_transfer *transfer = make(row->type, &lines);
		enum zone_transfer_step step = TRANSFER_MORE;
		for (size_t m = 0; row->messages[m]; m++) {
			struct packet packet = {0};
			packet_add(&packet, row->messages[m]);
			assert_int_equal(step, TRANSFER_MORE);
			step = zone_transfer_feed(transfer, packet.bytes, packet.length);
		}
		bool right = step == TRANSFER_BROKEN ? strstr(transfer->error, row->lines) != NULL
		                                     : !strcmp(lines.data ? lines.data : "", row->lines);
		if (step != row->step || !right)
			fail_msg("%s: step %d, %s, %s", row->what, step, lines.data, transfer->error);
		buffer_deinit(&lines);
		free(transfer);
	}
}

static void the_soa(void **state)
{
	(void)state;
	struct buffer lines;
	struct zone_transfer *transfer = make(DNS_TYPE_AXFR, &lines);
	struct packet packet = {0};
	packet_add(&packet, HEAD("0001") QUESTION("00fc") SOA(S2));
	assert_int_equal(zone_transfer_feed(transfer, packet.bytes, packet.length), TRANSFER_MORE);
	assert_string_equal(transfer->soa_line, "rpz.example. 60 IN SOA n. h. 2 3600 600 86400 60");
	assert_int_equal(transfer->soa.refresh_s, 3600);
	assert_int_equal(transfer->soa.retry_s, 600);
	assert_int_equal(transfer->soa.expire_s, 86400);
	buffer_deinit(&lines);

	struct zone_transfer_soa soa;
	unsigned rcode;
	char error[TRANSFER_ERROR_MAX];
	packet.length = 0;
	packet_add(&packet, HEAD("0001") QUESTION("0006") SOA(S3));
	assert_int_equal(zone_transfer_read_soa(packet.bytes, packet.length, &transfer->zone, 0x1234,
	                                        &soa, &rcode, error),
	                 PF_OK);
	assert_int_equal(soa.serial, 3);
	assert_int_equal(zone_transfer_read_soa(packet.bytes, packet.length, &transfer->zone, 0x1235,
	                                        &soa, &rcode, error),
	                 PF_EINVAL);
	packet.length = 0;
	packet_add(&packet, "1234 8409 0001 0000 0000 0000 " QUESTION("0006"));
	assert_int_equal(zone_transfer_read_soa(packet.bytes, packet.length, &transfer->zone, 0x1234,
	                                        &soa, &rcode, error),
	                 PF_EINVAL);
	assert_int_equal(rcode, 9);
	free(transfer);
}

static void requests(void **state)
{
	(void)state;
	struct dns_name zone;
	uint8_t out[TRANSFER_REQUEST_MAX];
	struct packet expected = {0};
	assert_int_equal(dns_name_from_text("rpz.example", &zone), PF_OK);
	size_t length = zone_transfer_write_request(out, &zone, DNS_TYPE_IXFR, 0x1234, 7);
	packet_add(&expected, "1234 0000 0001 0000 0001 0000 " QUESTION(
							  "00fb") "@rpz.example 0006 0001 00000000 0016 00 00 00000007 00*16");
	assert_int_equal(length, expected.length);
	assert_memory_equal(out, expected.bytes, length);
	assert_int_equal(zone_transfer_write_request(out, &zone, DNS_TYPE_SOA, 1, 7), 12 + 13 + 4);
}

static void serials(void **state)
{
	(void)state;
	assert_true(zone_transfer_is_newer(2, 1));
	assert_false(zone_transfer_is_newer(1, 1));
	assert_false(zone_transfer_is_newer(1, 2));
	assert_true(zone_transfer_is_newer(0, UINT32_MAX));
	assert_true(zone_transfer_is_newer(0x7fffffff, 0));
	assert_false(zone_transfer_is_newer(0x80000000u, 0)); /* RFC 1982: not defined */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages),
		cmocka_unit_test(the_soa),
		cmocka_unit_test(requests),
		cmocka_unit_test(serials),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
