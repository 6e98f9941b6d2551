/* Random source ports, see port.h. */
#include "upstream/port.h"

#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/hash.h"

#define BIND_TRIES_MAX 16 /* then the kernel chooses: better a smaller range than no answer */

static bool is_taken(const struct port_pool *pool, uint16_t port)
{
	return pool->taken[port / 8] >> (port % 8) & 1;
}

static void remember(struct port_pool *pool, uint16_t port)
{
	uint16_t old = pool->recent[pool->next];
	if (old)
		pool->taken[old / 8] &= (uint8_t) ~(1u << (old % 8));
	pool->recent[pool->next] = port;
	pool->taken[port / 8] |= (uint8_t)(1u << (port % 8));
	pool->next = (pool->next + 1) % PORT_RECENT_COUNT;
}

/* True when the socket is bound. */
static bool bind_random(struct port_pool *pool, int fd, uint8_t family)
{
	for (int i = 0; i < BIND_TRIES_MAX; i++) {
		struct addr_port local = {.addr.family = family};
		random_bytes(&local.port, sizeof local.port);
		if (local.port < PORT_MIN || is_taken(pool, local.port))
			continue;
		struct sockaddr_storage address;
		socklen_t length = addr_to_sockaddr(&local, &address);
		if (!bind(fd, (struct sockaddr *)&address, length)) {
			remember(pool, local.port);
			return true;
		}
	}
	return false;
}

int port_open_udp(struct port_pool *pool, const struct addr_port *peer)
{
	struct sockaddr_storage address;
	socklen_t length = addr_to_sockaddr(peer, &address);
	int fd = socket(address.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	bind_random(pool, fd, peer->addr.family);
	if (connect(fd, (struct sockaddr *)&address, length)) {
		int error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}
