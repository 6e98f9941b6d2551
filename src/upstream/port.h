/* Sockets for one question each: connected UDP sockets on random source ports, none used twice in
 * a short while. The kernel's own choice comes from a range of 28,000 ports; ours from 64,000. */
#ifndef PF_UPSTREAM_PORT_H
#define PF_UPSTREAM_PORT_H

#include "base/addr.h"

#define PORT_MIN 1024
#define PORT_RECENT_COUNT 1024 /* ports that are not taken again so soon */

struct port_pool {
	uint16_t recent[PORT_RECENT_COUNT]; /* a ring; 0: empty */
	size_t next;
	uint8_t taken[65536 / 8]; /* the same as a bitmap */
};

/* A non-blocking UDP socket, bound to a random port and connected to `peer`; or -1 with errno. */
int port_open_udp(struct port_pool *pool, const struct addr_port *peer);

#endif
