/* Opens the listening sockets, see sockets.h. */
#include "net/sockets.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TCP_BACKLOG 256
#define UDP_BUFFER_BYTES \
	(1 << 20) /* bursts while a batch is worked on; the kernel may grant less */

static int set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof value);
}

static int open_one(const struct addr_port *address, int type, bool shared)
{
	struct sockaddr_storage bound;
	socklen_t length = addr_to_sockaddr(address, &bound);
	bool v6 = address->addr.family == 6;
	int fd = socket(bound.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	bool ready = (!v6 || !set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1)) &&
	             (!shared || !set(fd, SOL_SOCKET, SO_REUSEPORT, 1)) &&
	             (type != SOCK_STREAM || !set(fd, SOL_SOCKET, SO_REUSEADDR, 1));
	if (ready && type == SOCK_DGRAM && shared) {
		ready =
			v6 ? !set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) : !set(fd, IPPROTO_IP, IP_PKTINFO, 1);
		set(fd, SOL_SOCKET, SO_RCVBUF, UDP_BUFFER_BYTES); /* less will do */
		set(fd, SOL_SOCKET, SO_SNDBUF, UDP_BUFFER_BYTES);
	}
	ready = ready && !bind(fd, (struct sockaddr *)&bound, length) &&
	        (type != SOCK_STREAM || !shared || !listen(fd, TCP_BACKLOG));
	if (ready)
		return fd;
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* SO_REUSEPORT would let a second daemon of the same user share the port in silence and take every
 * other query: a first bind without it finds out. */
static bool is_free(const struct addr_port *address)
{
	int fd = open_one(address, SOCK_DGRAM, false);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void explain(const struct addr_port *address, char *error, size_t size)
{
	char text[ADDR_PORT_TEXT_MAX];
	int reason = errno;
	addr_port_format(address, text);
	const char *advice = reason == EADDRINUSE
	                         ? "; another program listens there: stop it or change listen.dns"
	                     : reason == EACCES ? "; ports below 1024 need root or CAP_NET_BIND_SERVICE"
	                     : reason == EADDRNOTAVAIL ? "; this machine does not have that address"
	                                               : "";
	snprintf(error, size, "Can not listen on %s: %s%s.", text, strerror(reason), advice);
}

static bool is_wildcard(const struct addr *addr)
{
	static const uint8_t zero[16];
	return !memcmp(addr->bytes, zero, sizeof zero);
}

int sockets_open(const struct addr_port *addresses, size_t count, struct socket_set *sets,
                 size_t worker_count, char *error, size_t error_size)
{
	for (size_t w = 0; w < worker_count; w++)
		sets[w].count = 0;
	for (size_t i = 0; i < count; i++) {
		if (!is_free(&addresses[i])) {
			explain(&addresses[i], error, error_size);
			sockets_close(sets, worker_count);
			return PF_EIO;
		}
		for (size_t w = 0; w < worker_count; w++) {
			struct socket_pair *pair = &sets[w].pairs[sets[w].count++];
			*pair = (struct socket_pair){addresses[i], is_wildcard(&addresses[i].addr), -1, -1};
			pair->udp = open_one(&addresses[i], SOCK_DGRAM, true);
			if (pair->udp >= 0)
				pair->tcp = open_one(&addresses[i], SOCK_STREAM, true);
			if (pair->udp < 0 || pair->tcp < 0) {
				explain(&addresses[i], error, error_size);
				sockets_close(sets, worker_count);
				return PF_EIO;
			}
		}
	}
	return PF_OK;
}

void sockets_close(struct socket_set *sets, size_t worker_count)
{
	for (size_t w = 0; w < worker_count; w++) {
		for (size_t i = 0; i < sets[w].count; i++) {
			struct socket_pair *pair = &sets[w].pairs[i];
			if (pair->udp >= 0)
				close(pair->udp);
			if (pair->tcp >= 0)
				close(pair->tcp);
			pair->udp = pair->tcp = -1;
		}
	}
}
