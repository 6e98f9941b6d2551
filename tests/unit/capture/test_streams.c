/* TCP put together again: what comes in any order, twice, or not at all. */
#include "unit/capture/fixture.h"

#include "dns/dns.h"

#define CLIENT "192.0.2.10"
#define SERVER "192.0.2.53"
#define START 0xfffffff0u /* sequence numbers go over their end */
#define MESSAGES 5

/* Five questions as a stream; ids 0 to 4. */
struct bytes {
	uint8_t bytes[1024];
	size_t length, begins[MESSAGES + 1];
};

static void make(struct bytes *stream)
{
	stream->length = 0;
	for (uint16_t id = 0; id < MESSAGES; id++) {
		size_t length =
			put_message(stream->bytes + stream->length + 2, id, false, "www.example.com");
		stream->begins[id] = stream->length;
		dns_write16(stream->bytes + stream->length, (uint16_t)length);
		stream->length += 2 + length;
	}
	stream->begins[MESSAGES] = stream->length;
}

static void segment_of(struct stage *stage, uint16_t port, uint32_t sequence, unsigned flags,
                       const uint8_t *bytes, size_t length)
{
	uint8_t tcp[1200], packet[1400];
	size_t tcp_length = put_tcp(tcp, port, 53, sequence, flags, bytes, length);
	stage_frame(stage, 101, packet, put_ipv4(packet, CLIENT, SERVER, 6, 1, 0, tcp, tcp_length), 0);
}

static void piece(struct stage *stage, const struct bytes *stream, size_t from, size_t to)
{
	segment_of(stage, 40000, START + 1 + (uint32_t)from, 0, stream->bytes + from, to - from);
}

static void open_stream(struct stage *stage)
{
	segment_of(stage, 40000, START, TCP_SYN, NULL, 0);
}

static void assert_all(const struct stage *stage, const struct bytes *stream)
{
	assert_int_equal(stage->count, MESSAGES);
	for (size_t i = 0; i < MESSAGES; i++) {
		size_t length = stream->begins[i + 1] - stream->begins[i] - 2;
		assert_int_equal(stage->taken[i].length, length);
		assert_memory_equal(stage->taken[i].bytes, stream->bytes + stream->begins[i] + 2, length);
		assert_string_equal(stage->taken[i].client, CLIENT ":40000");
		assert_true(stage->taken[i].message.tcp);
	}
	assert_int_equal(stage_damage(stage), 0);
}

/* In segments of every size, in order, backwards, and each twice. */
static void test_all_sizes(void **state)
{
	(void)state;
	struct bytes stream;
	make(&stream);
	for (size_t size = 1; size <= stream.length; size += size < 70 ? 1 : 37) {
		struct stage stage;
		stage_begin(&stage);
		open_stream(&stage);
		for (size_t at = 0; at < stream.length; at += size) {
			size_t end = at + size < stream.length ? at + size : stream.length;
			piece(&stage, &stream, at, end);
			piece(&stage, &stream, at, end);
		}
		assert_all(&stage, &stream);
		stage_end(&stage);
		assert_int_equal(stage_damage(&stage), 0);
	}
	for (size_t size = 8; size <= stream.length; size += 9) {
		struct stage stage;
		stage_begin(&stage);
		open_stream(&stage);
		size_t count = (stream.length + size - 1) / size;
		for (size_t i = count; i--;) {
			size_t end = (i + 1) * size < stream.length ? (i + 1) * size : stream.length;
			piece(&stage, &stream, i * size, end);
			assert_int_equal(stage.count, i ? 0 : MESSAGES);
		}
		assert_all(&stage, &stream);
		stage_end(&stage);
		assert_int_equal(stage_damage(&stage), 0);
	}
}

static void test_overlaps_and_keepalives(void **state)
{
	(void)state;
	struct bytes stream;
	struct stage stage;
	make(&stream);
	stage_begin(&stage);
	/* the first bytes with the SYN (RFC 7413) */
	segment_of(&stage, 40000, START, TCP_SYN, stream.bytes, 10);
	piece(&stage, &stream, 5, 60);
	segment_of(&stage, 40000, START + 60, 0, (const uint8_t *)"x",
	           1); /* a keepalive: a byte of before */
	piece(&stage, &stream, 80, 120);
	piece(&stage, &stream, 70, 100);
	piece(&stage, &stream, 20, 75);
	piece(&stage, &stream, 0, stream.length);
	assert_all(&stage, &stream);
	stage_end(&stage);
	assert_int_equal(stage_damage(&stage), 0);
}

static void test_a_gap(void **state)
{
	(void)state;
	struct bytes stream;
	struct stage stage;
	make(&stream);
	stage_begin(&stage);
	open_stream(&stage);
	piece(&stage, &stream, 0, stream.begins[1] + 5);
	/* the rest of the second and the whole third are missing; the fourth begins its segment */
	piece(&stage, &stream, stream.begins[3], stream.length);
	assert_int_equal(stage.count, 1);
	stage_end(&stage);
	assert_int_equal(stage.count, 3);
	assert_int_equal(dns_read16(stage.taken[1].bytes), 3);
	assert_int_equal(dns_read16(stage.taken[2].bytes), 4);
	assert_int_equal(stage.counts.damaged[DAMAGE_STREAM_GAP], 1);
	assert_int_equal(stage_damage(&stage), 1);
	/* behind the gap no message begins: nothing is guessed */
	stage_begin(&stage);
	open_stream(&stage);
	piece(&stage, &stream, 0, stream.begins[1]);
	piece(&stage, &stream, stream.begins[2] + 7, stream.length);
	stage_end(&stage);
	assert_int_equal(stage.count, 1);
	assert_int_equal(stage.counts.damaged[DAMAGE_STREAM_GAP], 1);
}

static void test_the_middle_and_the_end(void **state)
{
	(void)state;
	struct bytes stream;
	struct stage stage;
	make(&stream);
	stage_begin(&stage);
	/* no SYN was seen, but a message begins here */
	piece(&stage, &stream, stream.begins[1], stream.begins[3] + 4);
	assert_int_equal(stage.count, 2);
	assert_int_equal(stage_damage(&stage), 0);
	segment_of(&stage, 40000, START + 1 + (uint32_t)stream.begins[3] + 4, TCP_RST, NULL, 0);
	assert_int_equal(stage.counts.damaged[DAMAGE_STREAM_END], 1);
	/* the same port once more, from the middle of a message */
	piece(&stage, &stream, 9, stream.length);
	assert_int_equal(stage.counts.damaged[DAMAGE_STREAM_BEGIN], 1);
	assert_int_equal(stage.count, 2);
	/* and properly; the FIN comes with the last bytes */
	open_stream(&stage);
	segment_of(&stage, 40000, START + 1, TCP_FIN, stream.bytes, stream.length);
	assert_int_equal(stage.count, 2 + MESSAGES);
	stage_end(&stage);
	assert_int_equal(stage_damage(&stage), 2);
}

static void test_too_many(void **state)
{
	(void)state;
	struct bytes stream;
	struct stage stage;
	make(&stream);
	stage_begin(&stage);
	for (unsigned i = 0; i < 4200; i++)
		segment_of(&stage, (uint16_t)(1024 + i), START + 1, 0, stream.bytes, 20);
	assert_int_equal(stage.counts.damaged[DAMAGE_STREAM_FULL], 104);
	/* those that are still there go on */
	segment_of(&stage, 1024 + 4199, START + 21, 0, stream.bytes + 20, stream.length - 20);
	assert_int_equal(stage.count, MESSAGES);
	stage_end(&stage);
	assert_int_equal(stage.counts.damaged[DAMAGE_STREAM_END], 4095);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_sizes), cmocka_unit_test(test_overlaps_and_keepalives),
		cmocka_unit_test(test_a_gap),     cmocka_unit_test(test_the_middle_and_the_end),
		cmocka_unit_test(test_too_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
