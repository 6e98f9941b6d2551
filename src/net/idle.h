/* Private to net/: how long a connection may be idle: without a whole query and without a reply taken. Under pressure
 * whoever is idle goes sooner. */
#ifndef PF_NET_IDLE_H
#define PF_NET_IDLE_H

#include <stddef.h>
#include <stdint.h>

#define IDLE_MS 10000
#define IDLE_SHORT_MS 2500 /* when half of the connections are taken */
#define IDLE_LEAST_MS 500  /* and when three quarters are */

#define HANDSHAKES_MAX 256      /* under way in one worker; more are turned away */
#define HANDSHAKE_MS 5000       /* for all of a handshake */
#define HANDSHAKE_LEAST_MS 1000 /* the same when half of the handshakes are taken */

static inline uint64_t idle_ms(size_t count, size_t max)
{
	return count > max / 4 * 3 ? IDLE_LEAST_MS : count > max / 2 ? IDLE_SHORT_MS : IDLE_MS;
}

static inline uint64_t handshake_ms(size_t count)
{
	return count > HANDSHAKES_MAX / 2 ? HANDSHAKE_LEAST_MS : HANDSHAKE_MS;
}

#endif
