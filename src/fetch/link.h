/* Private to fetch/: one TCP connection to a primary, that speaks in DNS messages (RFC 7766: two bytes of length before
 * each). */
#ifndef PF_FETCH_LINK_H
#define PF_FETCH_LINK_H

#include <stdbool.h>
#include <uv.h>

#include "base/addr.h"
#include "dns/dns.h"

#define LINK_OUT_MAX 2048     /* a request with its signature */
#define LINK_SILENCE_MS 30000 /* a primary that says nothing for so long has stalled */

struct link;

/* Called from the loop. Closing the link inside of each is allowed; then nothing is called any more. */
struct link_calls {
	void (*connected)(void *data);
	/* A whole message; it may be changed in place. */
	void (*message)(void *data, uint8_t *message, size_t length);
	/* It is over: a phrase. */
	void (*failed)(void *data, const char *why);
};

/* NULL: no memory, or no such network; `*why` then is a phrase. */
struct link *link_open(uv_loop_t *loop, const struct addr_port *peer,
                       const struct link_calls *calls, void *data, const char **why);
/* One request at a time; at most LINK_OUT_MAX - 2 bytes. */
void link_send(struct link *link, const uint8_t *message, size_t length);
/* The loop frees it. */
void link_close(struct link *link);

#endif
