/* The sockets of port.h. */
#include "upstream/port.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define CONNECTS_MAX \
	4 /* of some 28,000 ports 256 are recent: a second try is rare, a fifth never */
#define LEFT_OVER_MAX 32 /* packets thrown away of one socket: then it is not worth keeping */

void port_pool_init(struct port_pool *pool, uv_loop_t *loop, port_readable readable)
{
	*pool = (struct port_pool){.loop = loop, .readable = readable};
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void close_port(struct port *port)
{
	uv_close((uv_handle_t *)&port->poll, on_closed); /* takes the fd out of epoll at once */
	close(port->fd);
}

void port_pool_close(struct port_pool *pool)
{
	pool->closing = true;
	for (size_t i = 0; i < 2; i++)
		while (pool->spare[i]) {
			struct port *port = pool->spare[i];
			pool->spare[i] = port->next;
			close_port(port);
		}
}

/* Throws away what came to its last port, errors too. False: there is no end of it. */
static bool empty(const struct port *port)
{
	uint8_t byte;
	for (int i = 0; i < LEFT_OVER_MAX; i++)
		if (recv(port->fd, &byte, sizeof byte, 0) < 0 && errno == EAGAIN)
			return true;
	return false;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	(void)events;
	struct port *port = poll->data;
	if (port->user)
		port->pool->readable(port->user, status < 0);
	else
		empty(port); /* it was on its way when the port was given up */
}

static struct port *make(struct port_pool *pool, bool v6)
{
	struct port *port = malloc(sizeof *port);
	if (!port)
		return NULL;
	*port = (struct port){.pool = pool, .v6 = v6};
	port->fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (port->fd < 0 || uv_poll_init(pool->loop, &port->poll, port->fd)) {
		if (port->fd >= 0)
			close(port->fd);
		free(port);
		return NULL;
	}
	port->poll.data = port;
	if (uv_poll_start(&port->poll, UV_READABLE, on_poll)) {
		close_port(port);
		return NULL;
	}
	return port;
}

static struct port *take_spare(struct port_pool *pool, bool v6)
{
	while (pool->spare[v6]) {
		struct port *port = pool->spare[v6];
		pool->spare[v6] = port->next;
		pool->spare_count[v6]--;
		/* libuv stops a handle on which there was an error. */
		if (empty(port) && uv_is_active((uv_handle_t *)&port->poll))
			return port;
		close_port(port);
	}
	return NULL;
}

static const struct sockaddr nobody = {.sa_family = AF_UNSPEC};

static uint8_t bit_of(uint16_t number)
{
	return (uint8_t)(1u << number % 8);
}

/* Was it used a moment ago? Now it is, in any case. */
static bool note_recent(struct port_pool *pool, uint16_t number)
{
	uint16_t *oldest = &pool->recent[pool->recent_at % PORT_RECENT_MAX];
	if (pool->is_recent[number / 8] & bit_of(number))
		return true;
	pool->is_recent[*oldest / 8] &= (uint8_t)~bit_of(*oldest);
	pool->is_recent[number / 8] |= bit_of(number);
	*oldest = number;
	pool->recent_at++;
	return false;
}

/* PF_EIO with errno. */
static int connect_afresh(struct port *port, const struct sockaddr *peer, socklen_t length)
{
	for (int i = 0; i < CONNECTS_MAX; i++) {
		struct sockaddr_storage local;
		socklen_t local_length = sizeof local;
		if (i && connect(port->fd, &nobody, sizeof nobody))
			return PF_EIO;
		if (connect(port->fd, peer, length) ||
		    getsockname(port->fd, (struct sockaddr *)&local, &local_length) ||
		    addr_from_sockaddr((struct sockaddr *)&local, &port->ours) != PF_OK)
			return PF_EIO;
		if (!note_recent(port->pool, port->ours.port))
			break;
	}
	return PF_OK;
}

struct port *port_take(struct port_pool *pool, const struct addr_port *peer, void *user)
{
	struct sockaddr_storage address;
	socklen_t length = addr_to_sockaddr(peer, &address);
	bool v6 = address.ss_family == AF_INET6;
	struct port *port = take_spare(pool, v6);
	if (!port)
		port = make(pool, v6);
	if (!port)
		return NULL;
	if (connect_afresh(port, (struct sockaddr *)&address, length) != PF_OK) {
		int error = errno;
		close_port(port);
		errno = error;
		return NULL;
	}
	port->user = user;
	return port;
}

void port_give_back(struct port **port)
{
	struct port *old = *port;
	struct port_pool *pool = old->pool;
	*port = NULL;
	old->user = NULL;
	if (pool->closing || pool->spare_count[old->v6] == PORT_SPARE_MAX ||
	    connect(old->fd, &nobody, sizeof nobody)) {
		close_port(old);
		return;
	}
	old->next = pool->spare[old->v6];
	pool->spare[old->v6] = old;
	pool->spare_count[old->v6]++;
}
