/* The ceiling of `make bench`: one thread that reads UDP packets in batches, sets QR and sends them back. What a DNS server costs beyond
 * this it costs by itself; all else is the kernel's.
 *
 *     echo PORT        on 127.0.0.1, until it is ended */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define BATCH 32 /* as src/net/udp.h */
#define PACKET_BYTES 4096
#define SOCKET_BYTES (4 << 20)
#define DNS_HEADER_BYTES 12

struct slots {
	struct mmsghdr messages[BATCH];
	struct iovec vectors[BATCH];
	struct sockaddr_in peers[BATCH];
	uint8_t bytes[BATCH][PACKET_BYTES];
};

static int open_socket(uint16_t port)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), bytes = SOCKET_BYTES;
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address)) {
		perror("echo");
		exit(EXIT_FAILURE);
	}
	return fd;
}

static void prepare(struct slots *slots)
{
	for (size_t i = 0; i < BATCH; i++) {
		slots->vectors[i] = (struct iovec){slots->bytes[i], PACKET_BYTES};
		slots->messages[i].msg_hdr = (struct msghdr){.msg_name = &slots->peers[i],
		                                             .msg_namelen = sizeof slots->peers[i],
		                                             .msg_iov = &slots->vectors[i],
		                                             .msg_iovlen = 1};
	}
}

static void send_back(int fd, struct slots *slots, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		slots->vectors[i].iov_len = slots->messages[i].msg_len;
		if (slots->messages[i].msg_len >= DNS_HEADER_BYTES)
			slots->bytes[i][2] |= 0x80;
	}
	for (unsigned sent = 0; sent < count;) {
		int now = sendmmsg(fd, slots->messages + sent, count - sent, 0);
		sent += now > 0 ? (unsigned)now : 1;
	}
}

int main(int argc, char **argv)
{
	static struct slots slots;
	int port = argc == 2 ? atoi(argv[1]) : 0;
	if (port < 1 || port > UINT16_MAX) {
		fprintf(stderr, "usage: echo PORT\n");
		return 2;
	}
	int fd = open_socket((uint16_t)port);
	for (;;) {
		prepare(&slots);
		int count = recvmmsg(fd, slots.messages, BATCH, MSG_WAITFORONE, NULL);
		if (count > 0)
			send_back(fd, &slots, (unsigned)count);
	}
}
