/* Messages of queries on their way through the ring, and in the words of dnstap and syslog. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/dns.h"
#include "journal/dnstap/frame.h"
#include "journal/dnstap/message.h"
#include "journal/flat.h"
#include "journal/syslog/message.h"
#include "unit/journal/sample.h"

static uint8_t long_message[RECORD_RESPONSE_MAX + 1];
static const uint8_t short_message[] = "\x12\x34\x81\x80\0\1\0\1\0\0\0\0";

struct room {
	struct sample sample;
	struct record_wire wire;
	struct record_forward forwards[RECORD_FORWARD_MAX + 1];
	struct flat_record read;
	uint8_t bytes[RECORD_BYTES_MAX];
};

static int make_room(void **state)
{
	struct room *room = calloc(1, sizeof *room);
	assert_non_null(room);
	memset(long_message, 0xab, sizeof long_message);
	sample_fill(&room->sample, 5, true);
	*state = room;
	return 0;
}

static int free_room(void **state)
{
	free(*state);
	return 0;
}

static void fill(struct room *room, size_t forward_count)
{
	for (size_t i = 0; i < forward_count; i++)
		room->forwards[i] = (struct record_forward){
			.sent_wall_us = SAMPLE_TIME_US + (int64_t)i,
			.received_wall_us = i % 2 ? SAMPLE_TIME_US + 1000 : 0,
			.peer = {{4, {192, 0, 2, (uint8_t)i}}, 53},
			.port = (uint16_t)(40000 + i),
			.protocol = (enum protocol)(i % PROTOCOL_COUNT),
			.query = {sizeof short_message, short_message},
			.response = {i % 2 ? RECORD_RESPONSE_MAX : 0, i % 2 ? long_message : NULL},
		};
	room->wire = (struct record_wire){
		.client_port = 55555,
		.server = {{6, {0x20, 1}}, 53},
		.query = {RECORD_QUERY_MAX, long_message},
		.response = {sizeof short_message, short_message},
		.match = RECORD_MATCH_NAME,
		.matched = room->sample.name.wire,
		.matched_length = room->sample.name.length,
		.forward_count = forward_count,
		.forwards = room->forwards,
	};
	room->sample.record.wire = &room->wire;
}

static int pass(struct room *room, size_t *length)
{
	*length = flat_bytes(&room->sample.record);
	assert_true(*length <= sizeof room->bytes);
	memset(room->bytes, 0xee, sizeof room->bytes);
	flat_write(&room->sample.record, room->bytes);
	assert_int_equal(room->bytes[*length], 0xee);
	return flat_read(room->bytes, *length, &room->read);
}

static void assert_message(const struct record_message *a, const struct record_message *b)
{
	assert_int_equal(a->length, b->length);
	if (b->length)
		assert_memory_equal(a->bytes, b->bytes, b->length);
}

static void messages_come_through_the_ring(void **state)
{
	struct room *room = *state;
	size_t length;
	for (size_t count = 0; count <= RECORD_FORWARD_MAX; count += 4) {
		fill(room, count);
		assert_int_equal(pass(room, &length), PF_OK);
		const struct record_wire *read = room->read.record.wire;
		assert_non_null(read);
		assert_int_equal(read->client_port, 55555);
		assert_true(addr_equal(&read->server.addr, &room->wire.server.addr));
		assert_int_equal(read->matched_length, room->wire.matched_length);
		assert_memory_equal(read->matched, room->wire.matched, read->matched_length);
		assert_message(&read->query, &room->wire.query);
		assert_message(&read->response, &room->wire.response);
		assert_int_equal(read->forward_count, count);
		for (size_t i = 0; i < count; i++) {
			assert_message(&read->forwards[i].query, &room->forwards[i].query);
			assert_message(&read->forwards[i].response, &room->forwards[i].response);
			assert_int_equal(read->forwards[i].port, room->forwards[i].port);
			assert_int_equal(read->forwards[i].protocol, room->forwards[i].protocol);
			assert_int_equal(read->forwards[i].received_wall_us,
			                 room->forwards[i].received_wall_us);
		}
		assert_int_equal(room->read.record.answer->address_count,
		                 room->sample.answer.address_count);
	}
}

static void what_is_too_long_is_told_by_its_length(void **state)
{
	struct room *room = *state;
	size_t length;
	fill(room, RECORD_FORWARD_MAX + 1);
	room->wire.query.length = RECORD_QUERY_MAX + 1;
	room->wire.response = (struct record_message){RECORD_RESPONSE_MAX + 1, long_message};
	assert_int_equal(pass(room, &length), PF_OK);
	const struct record_wire *read = room->read.record.wire;
	assert_int_equal(read->query.length, RECORD_QUERY_MAX + 1);
	assert_null(read->query.bytes);
	assert_int_equal(read->response.length, RECORD_RESPONSE_MAX + 1);
	assert_null(read->response.bytes);
	assert_int_equal(read->forward_count, RECORD_FORWARD_MAX);
	room->wire.query = (struct record_message){10, NULL}; /* nobody kept it */
	assert_int_equal(pass(room, &length), PF_OK);
	assert_int_equal(room->read.record.wire->query.length, 0);
}

/* Bytes that end anywhere, or say something impossible, are no record. */
static void torn_bytes_are_refused(void **state)
{
	struct room *room = *state;
	size_t length;
	fill(room, 2);
	assert_int_equal(pass(room, &length), PF_OK);
	for (size_t cut = 0; cut < length; cut++)
		assert_int_equal(flat_read(room->bytes, cut, &room->read), PF_EINVAL);
	struct record plain = room->sample.record;
	plain.wire = NULL;
	plain.answer = NULL;
	size_t wire = flat_bytes(&plain); /* where they begin */
	for (size_t at = 0; at < 32; at++)
		for (unsigned value = 0; value < 256; value += 51) {
			uint8_t kept = room->bytes[wire + at];
			room->bytes[wire + at] = (uint8_t)value;
			(void)!flat_read(room->bytes, length, &room->read);
			(void)!flat_open(room->bytes, length, &room->read.opened);
			room->bytes[wire + at] = kept;
		}
	room->sample.record.answer = NULL; /* which is not looked into when a record is only opened */
	assert_int_equal(pass(room, &length), PF_OK);
	for (size_t cut = 0; cut < length; cut++)
		assert_int_equal(flat_open(room->bytes, cut, &room->read.opened), PF_EINVAL);
	assert_int_equal(flat_open(room->bytes, length, &room->read.opened), PF_OK);
	assert_int_equal(room->read.opened.head.key.reason_length, strlen(plain.reason));
	assert_memory_equal(room->read.opened.name, plain.name->wire, plain.name->length);
}

/* ---- frames ------------------------------------------------------------------------------ */

static void control_frames_are_read_as_written(void **state)
{
	(void)state;
	uint8_t bytes[FRAME_BYTES_MAX];
	struct frame_control control;
	for (int type = FRAME_ACCEPT; type <= FRAME_FINISH; type++) {
		size_t length = frame_write((enum frame_type)type, bytes);
		for (size_t part = 0; part < length; part++)
			assert_int_equal(frame_read(bytes, part, &control), 0);
		assert_int_equal(frame_read(bytes, length, &control), length);
		assert_int_equal(control.type, type);
		assert_true(control.takes_dnstap);
	}
}

static void what_is_no_control_frame_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t length;
		int result;
	} cases[] = {
		{"\0\0\0\1\0\0\0\4\0\0\0\1", 12, PF_EINVAL},                  /* data */
		{"HTTP/1.1", 8, PF_EINVAL},                                   /* something else */
		{"\0\0\0\0\0\0\0\3\0\0\0", 11, PF_EINVAL},                    /* too short for a type */
		{"\0\0\0\0\0\0\2\1", 8, PF_EINVAL},                           /* 513 bytes */
		{"\0\0\0\0\xff\xff\xff\xff", 8, PF_EINVAL},                   /* without end */
		{"\0\0\0\0\0\0\0\4\0\0\0\0", 12, PF_EINVAL},                  /* type 0 */
		{"\0\0\0\0\0\0\0\4\0\0\0\6", 12, PF_EINVAL},                  /* type 6 */
		{"\0\0\0\0\0\0\0\xa\0\0\0\1\0\0\0\1\0\0", 18, PF_EINVAL},     /* half a field */
		{"\0\0\0\0\0\0\0\xc\0\0\0\1\0\0\0\2\0\0\0\0", 20, PF_EINVAL}, /* another field */
		{"\0\0\0\0\0\0\0\xc\0\0\0\1\0\0\0\1\0\0\0\1", 20, PF_EINVAL}, /* a field that lies */
		{"\0\0\0\0\0\0\0\xd\0\0\0\1\0\0\0\1\0\0\0\1x", 21, 21},       /* another type of content */
		{"\0\0\0\0\0\0\0\4\0\0\0\1\0\0", 14, 12},                     /* more behind it */
	};
	for (size_t i = 0; i < PF_COUNT(cases); i++) {
		struct frame_control control;
		assert_int_equal(frame_read((const uint8_t *)cases[i].bytes, cases[i].length, &control),
		                 cases[i].result);
		if (cases[i].result == 21)
			assert_false(control.takes_dnstap);
	}
}

/* ---- syslog ------------------------------------------------------------------------------ */

static void a_syslog_message_says_what_the_record_says(void **state)
{
	struct room *room = *state;
	char out[SYSLOG_MESSAGE_MAX + 1];
	struct record *record = &room->sample.record;
	record->device_name = "a \"b\" [c]\\";
	record->rule_name = "r\n1";
	record->reason = "sinkholed\tby J\xc3\xbcrg";
	record->rcode = DNS_RCODE_NXDOMAIN;
	record->dropped_reply = false;
	record->action = ACTION_SINKHOLE;
	out[syslog_write(record, "host", 7, 32473, out)] = '\0';
	char expected[1024];
	snprintf(expected, sizeof expected,
	         "<29>1 2026-09-21T14:13:20.130Z host portafilterd 7 query [query@32473 name=\"%s\" "
	         "type=\"HTTPS\" client=\"127.0.0.11\" device=\"a \\\"b\\\" [c\\]\\\\\" "
	         "device-id=\"mac:64:bc:0c:80:7e:00\" rcode=\"NXDOMAIN\" action=\"sinkhole\" "
	         "rule=\"r?1\" standing=\"overseas\" confidence=\"high\" source=\"cache\" "
	         "upstream=\"127.0.0.1:5300\" protocol=\"doh\" dnssec=\"insecure\" took-us=\"45\"] "
	         "sinkholed?by J\xc3\xbcrg",
	         "NAME");
	char name[NAME_TEXT_MAX];
	dns_name_to_text(record->name, name);
	char *at = strstr(out, name);
	assert_non_null(at);
	memmove(at + 4, at + strlen(name), strlen(at + strlen(name)) + 1);
	memcpy(at, "NAME", 4);
	expected[strlen(expected)] = '\0';
	assert_string_equal(out, expected);
}

/* The longest of everything, all of it to be escaped, fits; the sentence is cut before a character. */
static void the_longest_syslog_message_fits(void **state)
{
	struct room *room = *state;
	struct record *record = &room->sample.record;
	struct dns_name name = {.length = NAME_WIRE_MAX, .labels = 4};
	for (unsigned at = 0, i = 0; i < 4; i++) {
		unsigned length = i < 3 ? 63 : 61;
		name.wire[at] = (uint8_t)length;
		memset(name.wire + at + 1, 0xff, length);
		at += length + 1;
	}
	static char device[DEVICE_NAME_MAX], id[DEVICE_ID_MAX], rule[RECORD_RULE_MAX],
		reason[RECORD_REASON_MAX], long_host[400];
	memset(device, '"', sizeof device - 1);
	memset(id, '\\', sizeof id - 1);
	memset(rule, ']', sizeof rule - 1);
	for (size_t i = 0; i + 2 < sizeof reason; i += 2)
		memcpy(reason + i, "\xc3\xbc", 2);
	memset(long_host, 'h', sizeof long_host - 1);
	char host[SYSLOG_HOST_MAX], out[SYSLOG_MESSAGE_MAX];
	syslog_host(long_host, host);
	assert_int_equal(strlen(host), SYSLOG_HOST_MAX - 1);
	record->name = &name;
	record->device_name = device;
	record->device_id = id;
	record->rule_name = rule;
	record->reason = reason;
	size_t length = syslog_write(record, host, UINT32_MAX, INT32_MAX, out);
	assert_true(length > 3000 && length <= SYSLOG_MESSAGE_MAX);
	assert_int_equal((uint8_t)out[length - 1], 0xbc);
	syslog_host("bad host\n", host);
	assert_string_equal(host, "bad");
	syslog_host("\xc3\xbc", host);
	assert_string_equal(host, "-");
}

/* ---- dnstap ------------------------------------------------------------------------------ */

/* The record as it comes out of the ring, in exactly as much room as it may take, so that a sanitizer sees a byte too many. */
static size_t write_dnstap(struct room *room, unsigned messages, uint8_t **out)
{
	struct dnstap_writer writer;
	char identity[DNSTAP_IDENTITY_MAX + 10] = "";
	size_t length = flat_bytes(&room->sample.record);
	uint8_t *bytes = malloc(length);
	flat_write(&room->sample.record, bytes);
	assert_int_equal(flat_open(bytes, length, &room->read.opened), PF_OK);
	memset(identity, 'i', sizeof identity - 1);
	dnstap_writer_init(&writer, messages, identity, identity);
	size_t max = dnstap_bytes_max(&writer, &room->read.opened);
	*out = malloc(max);
	length = dnstap_write(&writer, &room->read.opened, *out);
	assert_true(length <= max);
	free(bytes);
	return length;
}

static void the_longest_record_fits_into_dnstap(void **state)
{
	struct room *room = *state;
	static char reason[RECORD_REASON_MAX];
	uint8_t *out;
	unsigned count = 0;
	fill(room, RECORD_FORWARD_MAX);
	memset(reason, '\x01', sizeof reason - 1); /* six bytes each in JSON */
	room->sample.record.reason = reason;
	room->sample.record.dropped_reply = false;
	room->wire.response = (struct record_message){RECORD_RESPONSE_MAX, long_message};
	size_t length = write_dnstap(room, 15, &out);
	for (size_t at = 0; at < length; at += 4 + dns_read32(out + at))
		count++;
	assert_int_equal(count, 2 + RECORD_FORWARD_MAX + RECORD_FORWARD_MAX / 2);
	free(out);
}

/* The message of a frame: what stands in the field of this number of Dnstap or Message, of which each tag has one byte. */
static const uint8_t *field(const uint8_t *at, const uint8_t *end, unsigned number, size_t *length)
{
	while (at < end) {
		unsigned tag = *at++;
		uint64_t value = 0;
		if ((tag & 7) != PROTO_FIXED32)
			for (unsigned shift = 0;; shift += 7) {
				value |= (uint64_t)(*at & 0x7f) << shift;
				if (*at++ < 0x80)
					break;
			}
		size_t bytes = (tag & 7) == PROTO_FIXED32 ? 4 : (tag & 7) == PROTO_BYTES ? value : 0;
		*length = (tag & 7) == PROTO_VARINT ? value : bytes;
		if (tag >> 3 == number)
			return at;
		at += bytes;
	}
	assert_ptr_equal(at, end);
	return NULL;
}

/* "CQ", "CR+" ...: the types of the messages; + where a query comes along with its response, * where it is said what came of it. */
static void say_messages(const uint8_t *out, size_t length, char *said)
{
	static const char *const types[] = {[5] = "CQ", "CR", "FQ", "FR"};
	*said = '\0';
	for (size_t at = 0; at < length; at += 4 + dns_read32(out + at)) {
		const uint8_t *begin = out + at + 4, *end = begin + dns_read32(out + at);
		size_t size, type, ignored;
		const uint8_t *message = field(begin, end, 14, &size);
		assert_non_null(message);
		assert_non_null(field(message, message + size, 1, &type));
		bool query = field(message, message + size, 10, &ignored);
		bool response = field(message, message + size, 14, &ignored);
		said += sprintf(said, "%s%s%s ", types[type], query && response ? "+" : "",
		                field(begin, end, 3, &ignored) ? "*" : "");
	}
}

static void those_messages_are_sent_that_are_wanted(void **state)
{
	static const struct {
		unsigned messages;
		const char *answered, *dropped;
	} cases[] = {
		{CONFIG_MESSAGES_DEFAULT, "FQ FR+ CR+* ", "CQ* FQ FR+ "},
		{15, "CQ FQ FQ FR CR* ", "CQ* FQ FQ FR "},
		{CONFIG_CLIENT_QUERY, "CQ* ", "CQ* "},
		{CONFIG_CLIENT_RESPONSE, "CR+* ", "CQ* "},
		{CONFIG_CLIENT_QUERY | CONFIG_CLIENT_RESPONSE, "CQ CR* ", "CQ* "},
		{CONFIG_FORWARDER_QUERY, "FQ FQ ", "FQ FQ "},
		{CONFIG_FORWARDER_RESPONSE, "FQ FR+ ", "FQ FR+ "},
		{0, "", ""},
	};
	struct room *room = *state;
	uint8_t *out;
	char said[64];
	fill(room, 2); /* the first got no response */
	for (size_t i = 0; i < PF_COUNT(cases); i++)
		for (int dropped = 0; dropped < 2; dropped++) {
			room->sample.record.dropped_reply = dropped;
			size_t length = write_dnstap(room, cases[i].messages, &out);
			say_messages(out, length, said);
			assert_string_equal(said, dropped ? cases[i].dropped : cases[i].answered);
			free(out);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(messages_come_through_the_ring, make_room, free_room),
		cmocka_unit_test_setup_teardown(what_is_too_long_is_told_by_its_length, make_room,
	                                    free_room),
		cmocka_unit_test_setup_teardown(torn_bytes_are_refused, make_room, free_room),
		cmocka_unit_test(control_frames_are_read_as_written),
		cmocka_unit_test(what_is_no_control_frame_is_refused),
		cmocka_unit_test_setup_teardown(a_syslog_message_says_what_the_record_says, make_room,
	                                    free_room),
		cmocka_unit_test_setup_teardown(the_longest_syslog_message_fits, make_room, free_room),
		cmocka_unit_test_setup_teardown(the_longest_record_fits_into_dnstap, make_room, free_room),
		cmocka_unit_test_setup_teardown(those_messages_are_sent_that_are_wanted, make_room,
	                                    free_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
