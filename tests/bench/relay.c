/* The ceiling of `make bench-latency`: one thread that hands each query on from a source port of its own, as a resolver that asks an
 * upstream must, and hands the answer back; nothing is read but the id. What a server adds beyond this it adds by itself; all else
 * is the kernel's and the machine's.
 *
 *     relay PORT ADDRESS UPSTREAM_PORT        on 127.0.0.1, until it is ended */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define BATCH 32    /* as src/net/packets.h */
#define EVENTS 1024 /* as libuv */
#define TRIPS_MAX 4096
#define PACKET_BYTES 4096
#define SOCKET_BYTES (4 << 20)
#define DNS_HEADER_BYTES 12

/* A socket, and for whom it waits. */
struct trip {
	int fd;
	struct sockaddr_in client;
	struct trip *next; /* among the spare ones */
};

struct relay {
	int fd, epoll;
	struct sockaddr_in upstream;
	struct trip trips[TRIPS_MAX], *spare;
	struct mmsghdr messages[BATCH];
	struct iovec vectors[BATCH];
	struct sockaddr_in peers[BATCH];
	uint8_t bytes[BATCH][PACKET_BYTES];
};

static void fail(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static void watch(struct relay *relay, int fd, struct trip *trip)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = trip};
	if (fd < 0 || epoll_ctl(relay->epoll, EPOLL_CTL_ADD, fd, &event))
		fail("relay");
}

static void listen_on(struct relay *relay, uint16_t port)
{
	int bytes = SOCKET_BYTES;
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	relay->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	relay->epoll = epoll_create1(EPOLL_CLOEXEC);
	watch(relay, relay->fd, NULL);
	setsockopt(relay->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
	if (bind(relay->fd, (struct sockaddr *)&address, sizeof address))
		fail("relay");
	for (size_t i = 0; i < BATCH; i++)
		relay->vectors[i] = (struct iovec){relay->bytes[i], PACKET_BYTES};
}

static struct trip *take_trip(struct relay *relay)
{
	struct trip *trip = relay->spare;
	if (trip)
		relay->spare = trip->next;
	return trip;
}

/* The socket has no port any more: the next question gets it a new one. */
static void end_trip(struct relay *relay, struct trip *trip)
{
	const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
	connect(trip->fd, &nobody, sizeof nobody);
	trip->next = relay->spare;
	relay->spare = trip;
}

static void ask(struct relay *relay, struct trip *trip, const uint8_t *bytes, size_t length)
{
	if (connect(trip->fd, (struct sockaddr *)&relay->upstream, sizeof relay->upstream) ||
	    send(trip->fd, bytes, length, 0) != (ssize_t)length)
		end_trip(relay, trip);
}

static void take_questions(struct relay *relay)
{
	for (size_t i = 0; i < BATCH; i++)
		relay->messages[i].msg_hdr = (struct msghdr){.msg_name = &relay->peers[i],
		                                             .msg_namelen = sizeof relay->peers[i],
		                                             .msg_iov = &relay->vectors[i],
		                                             .msg_iovlen = 1};
	int count = recvmmsg(relay->fd, relay->messages, BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < count; i++) {
		struct trip *trip = take_trip(relay);
		if (!trip)
			continue; /* it is lost, and the generator says so */
		trip->client = relay->peers[i];
		ask(relay, trip, relay->bytes[i], relay->messages[i].msg_len);
	}
}

static void take_answer(struct relay *relay, struct trip *trip)
{
	uint8_t bytes[PACKET_BYTES];
	ssize_t length = recv(trip->fd, bytes, sizeof bytes, MSG_DONTWAIT);
	if (length < DNS_HEADER_BYTES)
		return;
	sendto(relay->fd, bytes, (size_t)length, 0, (struct sockaddr *)&trip->client,
	       sizeof trip->client);
	end_trip(relay, trip);
}

int main(int argc, char **argv)
{
	struct relay *relay = calloc(1, sizeof *relay);
	struct epoll_event events[EVENTS];
	if (argc != 4 || !relay || inet_pton(AF_INET, argv[2], &relay->upstream.sin_addr) != 1) {
		fprintf(stderr, "usage: relay PORT ADDRESS UPSTREAM_PORT\n");
		return 2;
	}
	relay->upstream.sin_family = AF_INET;
	relay->upstream.sin_port = htons((uint16_t)atoi(argv[3]));
	listen_on(relay, (uint16_t)atoi(argv[1]));
	for (size_t i = 0; i < TRIPS_MAX; i++) {
		struct trip *trip = &relay->trips[i];
		trip->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		watch(relay, trip->fd, trip);
		trip->next = relay->spare;
		relay->spare = trip;
	}
	for (;;) {
		int count = epoll_wait(relay->epoll, events, EVENTS, -1);
		for (int i = 0; i < count; i++) {
			if (events[i].data.ptr)
				take_answer(relay, events[i].data.ptr);
			else
				take_questions(relay);
		}
	}
}
