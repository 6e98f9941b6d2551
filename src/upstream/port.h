/* Private to upstream/: sockets for one packet each, connected UDP on a fresh random source port. A socket that has done its work
 * is disconnected, which gives its port up, and kept: connected anew it gets another one. That spares the making and closing of a
 * socket and its place in the loop, which is more than half of what a question to an upstream costs.
 *
 * The kernel chooses the port, from net.ipv4.ip_local_port_range (28,232 of them unless somebody has widened it), by its
 * cryptographic generator and anew each time (RFC 6056, 3.3.1). One that was used a moment ago is not used again. */
#ifndef PF_UPSTREAM_PORT_H
#define PF_UPSTREAM_PORT_H

#include <stdbool.h>
#include <uv.h>

#include "base/addr.h"

#define PORT_RECENT_MAX 256 /* ports that are not used again at once */
#define PORT_SPARE_MAX 256  /* sockets of one family kept for the next questions */

struct port_pool;

struct port {
	uv_poll_t poll;
	struct port_pool *pool;
	struct port *next; /* among the spare ones */
	int fd;
	bool v6;
	struct addr_port ours; /* while it has a user */
	void *user;            /* who waits for packets; NULL: it is spare */
};

/* Something is there to be read on the port of `user`; `broken`: or only an error. */
typedef void (*port_readable)(void *user, bool broken);

struct port_pool {
	uv_loop_t *loop;
	port_readable readable;
	struct port *spare[2]; /* IPv4, IPv6 */
	size_t spare_count[2];
	uint16_t recent[PORT_RECENT_MAX];      /* a ring; 0: none yet */
	uint8_t is_recent[UINT16_MAX / 8 + 1]; /* a bit for each number that stands in it */
	size_t recent_at;
	bool closing;
};

void port_pool_init(struct port_pool *pool, uv_loop_t *loop, port_readable readable);
/* Closes those that are spare, and from now on each that is given back. The loop closes their handles. */
void port_pool_close(struct port_pool *pool);

/* A non-blocking socket, connected to `peer` from a port that it did not have before, with nothing in it to be read. NULL with
 * errno. */
struct port *port_take(struct port_pool *pool, const struct addr_port *peer, void *user);
/* Its port is nobody's from now on, and what still comes to it is lost. NULLs it. */
void port_give_back(struct port **port);

#endif
