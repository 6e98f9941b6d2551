/* Batches on real sockets: whatever leaves together arrives as it would have one by one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/segments.h"

#define PEERS 3
#define PATIENCE_S 60

struct stage {
	int server, peers[PEERS];
	struct sockaddr_storage names[PEERS], server_name;
	socklen_t length;
	struct packets *out;
	unsigned count;
	uint8_t to[PACKETS_MAX];
};

static int open_socket(int family, struct sockaddr_storage *name, socklen_t *length)
{
	struct timeval patience = {.tv_sec = PATIENCE_S};
	int fd = socket(family, SOCK_DGRAM, 0);
	*length = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
	memset(name, 0, sizeof *name);
	name->ss_family = (sa_family_t)family;
	if (family == AF_INET)
		((struct sockaddr_in *)name)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		((struct sockaddr_in6 *)name)->sin6_addr = in6addr_loopback;
	assert_return_code(bind(fd, (struct sockaddr *)name, *length), 0);
	assert_return_code(getsockname(fd, (struct sockaddr *)name, length), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	return fd;
}

static struct stage stage_of(int family)
{
	struct stage stage = {.out = packets_new()};
	assert_non_null(stage.out);
	stage.server = open_socket(family, &stage.server_name, &stage.length);
	for (size_t i = 0; i < PEERS; i++)
		stage.peers[i] = open_socket(family, &stage.names[i], &stage.length);
	return stage;
}

static void clear(struct stage *stage)
{
	for (size_t i = 0; i < PEERS; i++)
		close(stage->peers[i]);
	close(stage->server);
	free(stage->out);
}

/* Its number, and then what only it has. */
static uint8_t byte_of(unsigned slot, size_t at)
{
	return (uint8_t)(at ? slot * 37 + at * 11 : slot);
}

static void put(struct stage *stage, unsigned peer, size_t length, const char *from)
{
	unsigned slot = stage->count++;
	struct packet_place place = {.interface = 0};
	if (from)
		assert_int_equal(addr_parse(from, &place.local), PF_OK);
	stage->to[slot] = (uint8_t)peer;
	for (size_t i = 0; i < length; i++)
		stage->out->bytes[slot][i] = byte_of(slot, i);
	stage->out->vectors[slot].iov_len = length;
	memcpy(&stage->out->peers[slot], &stage->names[peer], stage->length);
	stage->out->messages[slot].msg_hdr.msg_namelen = stage->length;
	packet_leaves_from(stage->out, slot, &place);
}

/* Each peer has its own, each once, whole, and nothing else. */
static void assert_all_arrive(struct stage *stage)
{
	static uint8_t bytes[UINT16_MAX];
	for (unsigned peer = 0; peer < PEERS; peer++) {
		uint32_t missing = 0;
		for (unsigned slot = 0; slot < stage->count; slot++)
			missing |= (uint32_t)(stage->to[slot] == peer) << slot;
		while (missing) {
			ssize_t length = recv(stage->peers[peer], bytes, sizeof bytes, 0);
			assert_true(length > 0);
			unsigned slot = bytes[0];
			assert_true(slot < stage->count && missing >> slot & 1);
			assert_int_equal(length, stage->out->vectors[slot].iov_len);
			for (size_t i = 0; i < (size_t)length; i++)
				assert_int_equal(bytes[i], byte_of(slot, i));
			missing &= ~((uint32_t)1 << slot);
		}
		assert_int_equal(recv(stage->peers[peer], bytes, sizeof bytes, MSG_DONTWAIT), -1);
	}
}

static void send_batch(struct stage *stage)
{
	assert_int_equal(packets_send(stage->out, stage->server, stage->count), 0);
	assert_all_arrive(stage);
	stage->count = 0;
}

/* All kinds of neighbours: equal, shorter, longer, too long, of others. */
static void put_mixture(struct stage *stage)
{
	static const size_t lengths[] = {60, 60, 44, 61, 60, 1300, 1232, 1300, 12, 60, 4096, 1233};
	for (unsigned i = 0; i < PACKETS_MAX; i++)
		put(stage, i * 7 % PEERS, lengths[i % PF_COUNT(lengths)], NULL);
}

static void arrive_one_by_one(void **state)
{
	(void)state;
	static const int families[] = {AF_INET, AF_INET6};
	for (size_t i = 0; i < PF_COUNT(families); i++) {
		struct stage stage = stage_of(families[i]);
		put_mixture(&stage);
		send_batch(&stage);
		for (unsigned slot = 0; slot < PACKETS_MAX; slot++)
			put(&stage, 1, 100, NULL);
		send_batch(&stage);
		put(&stage, 2, 50, NULL);
		send_batch(&stage);
		clear(&stage);
	}
}

static void count_messages(void **state)
{
	(void)state;
	struct stage stage = stage_of(AF_INET);
	struct segments segments;
	for (unsigned peer = 0; peer < PEERS; peer++)
		put(&stage, peer, 60, NULL);
	assert_false(segments_make(&segments, stage.out, stage.count));
	put(&stage, 0, 50, NULL);        /* with the first: the shorter one at the end */
	put(&stage, 1, 61, NULL);        /* with the second, before it */
	put(&stage, 2, 60, "127.0.0.2"); /* from elsewhere */
	put(&stage, 0, 40, NULL);        /* behind a shorter one comes none */
	assert_true(segments_make(&segments, stage.out, stage.count));
	assert_int_equal(segments.count, 5);
	put(&stage, 0, SEGMENT_BYTES_MAX + 1, NULL);
	put(&stage, 0, SEGMENT_BYTES_MAX + 1, NULL);
	assert_true(segments_make(&segments, stage.out, stage.count));
	assert_int_equal(segments.count, 7);
	clear(&stage);
}

/* The kernel was told once: who asks for it gets them in one piece. */
static void leave_together(void **state)
{
	(void)state;
	struct stage stage = stage_of(AF_INET);
	uint8_t bytes[400];
	int on = 1;
	if (!segments_can(stage.server))
		skip();
	assert_return_code(setsockopt(stage.peers[0], SOL_UDP, UDP_GRO, &on, sizeof on), 0);
	for (unsigned i = 0; i < 3; i++)
		put(&stage, 0, 100, NULL);
	assert_int_equal(packets_send(stage.out, stage.server, stage.count), 0);
	assert_int_equal(recv(stage.peers[0], bytes, sizeof bytes, 0), 300);
	clear(&stage);
}

/* From where each was asked, in one batch. */
static void leave_from_where_they_were_asked(void **state)
{
	(void)state;
	struct stage stage = stage_of(AF_INET);
	struct sockaddr_in from, any = {.sin_family = AF_INET};
	socklen_t length = sizeof from;
	uint8_t bytes[100];
	close(stage.server);
	stage.server = socket(AF_INET, SOCK_DGRAM, 0);
	assert_return_code(bind(stage.server, (struct sockaddr *)&any, sizeof any), 0);
	for (unsigned i = 0; i < 6; i++)
		put(&stage, 0, 60, i % 2 ? "127.0.0.2" : "127.0.0.3");
	assert_int_equal(packets_send(stage.out, stage.server, stage.count), 0);
	for (unsigned i = 0; i < 6; i++) {
		assert_int_equal(recvfrom(stage.peers[0], bytes, sizeof bytes, 0, (struct sockaddr *)&from,
		                          &length),
		                 60);
		assert_int_equal(from.sin_addr.s_addr, htonl(bytes[0] % 2 ? 0x7f000002 : 0x7f000003));
	}
	clear(&stage);
}

/* A way that does not bear it (here: without checksums): they arrive all the same, and for a while it is not tried. */
static void arrive_where_the_way_bears_no_segments(void **state)
{
	(void)state;
	struct stage stage = stage_of(AF_INET);
	int on = 1;
	if (!segments_can(stage.server))
		skip();
	assert_return_code(setsockopt(stage.server, SOL_SOCKET, SO_NO_CHECK, &on, sizeof on), 0);
	put_mixture(&stage);
	send_batch(&stage);
	assert_int_equal(stage.out->one_by_one, ONE_BY_ONE_BATCHES);
	put_mixture(&stage);
	send_batch(&stage);
	assert_int_equal(stage.out->one_by_one, ONE_BY_ONE_BATCHES - 1);
	clear(&stage);
}

/* Nobody's network: those are counted, and the others leave. */
static void the_others_leave(void **state)
{
	(void)state;
	struct stage stage = stage_of(AF_INET);
	struct sockaddr_in *nowhere = (struct sockaddr_in *)&stage.names[1];
	nowhere->sin_port = 0; /* EINVAL */
	for (unsigned i = 0; i < 9; i++)
		put(&stage, i % PEERS, 60, NULL);
	assert_int_equal(packets_send(stage.out, stage.server, stage.count), 3);
	assert_int_equal(stage.out->one_by_one, 0); /* it was not for leaving together */
	for (unsigned i = 0; i < stage.count; i++)
		if (stage.to[i] == 1)
			stage.to[i] = PEERS;
	assert_all_arrive(&stage);
	clear(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arrive_one_by_one),
		cmocka_unit_test(count_messages),
		cmocka_unit_test(leave_together),
		cmocka_unit_test(leave_from_where_they_were_asked),
		cmocka_unit_test(arrive_where_the_way_bears_no_segments),
		cmocka_unit_test(the_others_leave),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
