/* Opens the listening sockets, see sockets.h. */
#include "net/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "net/handover.h"

#define TCP_BACKLOG 256
#define UDP_BUFFER_BYTES \
	(4                   \
	 << 20) /* bursts, and what arrives while the daemon replaces itself; the kernel may grant less */

static int set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof value);
}

/* What a UDP socket of a worker must be able to do. Which address was asked is told where it may be any: the kernel works for each
 * packet to tell it. A socket that was handed over may have been told otherwise. */
static bool prepare_udp(int fd, const struct addr *bound)
{
	int wildcard = addr_is_any(bound);
	if (set(fd, SOL_SOCKET, SO_RCVBUFFORCE, UDP_BUFFER_BYTES)) /* root's */
		set(fd, SOL_SOCKET, SO_RCVBUF, UDP_BUFFER_BYTES);      /* less will do */
	set(fd, SOL_SOCKET, SO_SNDBUF, UDP_BUFFER_BYTES);
	return bound->family == 6 ? !set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, wildcard)
	                          : !set(fd, IPPROTO_IP, IP_PKTINFO, wildcard);
}

/* Datagrams of QUIC are not to be cut into pieces (RFC 9000, 14). */
static bool prepare_quic(int fd, bool v6)
{
	return v6 ? !set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE)
	          : !set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
}

/* Brings each datagram to the worker that has the connection: the first byte of the connection's id, which that worker has
 * chosen, modulo `places` is its place. So a client that changes its address still comes to the same worker. What a
 * client has made up itself leads to anyone, as it should. */
static bool route_quic(int fd, unsigned places)
{
	struct sock_filter lines[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x80, 0, 2),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6), /* long header: behind version and length */
		BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 1), /* short header */
		BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, places),
		BPF_STMT(BPF_RET | BPF_A, 0),
	};
	struct sock_fprog program = {.len = PF_COUNT(lines), .filter = lines};
	return !setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program);
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
	if (ready && type == SOCK_DGRAM && shared)
		ready = prepare_udp(fd, &address->addr);
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
static bool is_free(const struct addr_port *address, int type)
{
	int fd = open_one(address, type, false);
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
	                         ? "; another program listens there: stop it or change `listen`"
	                     : reason == EACCES ? "; ports below 1024 need root or CAP_NET_BIND_SERVICE"
	                     : reason == EADDRNOTAVAIL ? "; this machine does not have that address"
	                                               : "";
	snprintf(error, size, "Can not listen on %s: %s%s.", text, strerror(reason), advice);
}

/* Which of them there are, in the order in which the kernel knows them. Workers for which none has been left have none:
 * nothing would lead the packets of their connections to them. */
static int place_quic(struct socket_set *sets, size_t worker_count, size_t at)
{
	unsigned places = 0;
	for (size_t w = 0; w < worker_count; w++) {
		struct socket_pair *pair = &sets[w].pairs[at];
		if (pair->udp >= 0)
			pair->place = places++;
	}
	for (size_t w = 0; w < worker_count; w++) {
		struct socket_pair *pair = &sets[w].pairs[at];
		pair->places = places;
		if (pair->udp >= 0 && !prepare_quic(pair->udp, pair->address.addr.family == 6))
			return PF_EIO;
	}
	return places < 2 || route_quic(sets[0].pairs[at].udp, places) ? PF_OK : PF_EIO;
}

/* The sockets of one address for all workers. `first`: nothing is bound there yet. */
static int open_address(const struct config_listen *place, int type, bool first,
                        struct handover *inherited, int *fds, size_t worker_count)
{
	const struct addr_port *address = &place->address;
	bool ours = false; /* some were there already: then the port is ours, however many there are */
	for (size_t w = 0; w < worker_count; w++) {
		fds[w] = handover_take(inherited, address, type);
		ours |= fds[w] >= 0;
		if (fds[w] < 0 && ours && place->protocol == PROTOCOL_QUIC)
			continue;
		if (fds[w] < 0 && ours)
			fds[w] = fcntl(fds[0], F_DUPFD_CLOEXEC, 0);
		else if (fds[w] < 0 && (w || !first || is_free(address, type)))
			fds[w] = open_one(address, type, true);
		if (fds[w] < 0 || (ours && type == SOCK_DGRAM && !prepare_udp(fds[w], &address->addr)))
			return PF_EIO;
	}
	return PF_OK;
}

/* The sockets of the place `at` in all sets. */
static int open_place(const struct config_listen *listen, size_t at, struct handover *inherited,
                      struct socket_set *sets, size_t worker_count)
{
	int udp[CONFIG_WORKERS_MAX], tcp[CONFIG_WORKERS_MAX];
	int result = PF_OK;
	memset(udp, -1, sizeof udp);
	memset(tcp, -1, sizeof tcp);
	bool has_udp = protocol_has_udp(listen->protocol);
	if (has_udp)
		result = open_address(listen, SOCK_DGRAM, true, inherited, udp, worker_count);
	if (result == PF_OK && protocol_has_tcp(listen->protocol))
		result = open_address(listen, SOCK_STREAM, !has_udp, inherited, tcp, worker_count);
	for (size_t w = 0; w < worker_count; w++)
		sets[w].pairs[sets[w].count++] =
			(struct socket_pair){.address = listen->address,
		                         .protocol = listen->protocol,
		                         .wildcard = addr_is_any(&listen->address.addr),
		                         .udp = udp[w],
		                         .tcp = tcp[w]};
	if (result == PF_OK && listen->protocol == PROTOCOL_QUIC)
		result = place_quic(sets, worker_count, at);
	return result;
}

int sockets_open(const struct config_listen *listen, size_t count, struct handover *inherited,
                 struct socket_set *sets, size_t worker_count, char *error, size_t error_size)
{
	int result = PF_OK;
	for (size_t w = 0; w < worker_count; w++)
		sets[w].count = 0;
	for (size_t i = 0; i < count && result == PF_OK; i++) {
		result = open_place(&listen[i], i, inherited, sets, worker_count);
		if (result != PF_OK)
			explain(&listen[i].address, error, error_size);
	}
	if (result != PF_OK)
		sockets_close(sets, worker_count);
	return result;
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
