/* Private to upstream/: where a server stands that the owner knows by its name alone. The servers of `bootstrap` are asked, which are plain addresses,
 * and nobody else: never this daemon, whose answers may need the very server. What was found is kept until something newer is, also when its TTL is
 * over and the bootstrap servers are silent. */
#ifndef PF_UPSTREAM_BOOTSTRAP_H
#define PF_UPSTREAM_BOOTSTRAP_H

#include <stdbool.h>

#include "base/addr.h"

#define BOOTSTRAP_ADDRESS_MAX 16
#define BOOTSTRAP_TTL_MIN_S 1     /* a second is no burden, and a server may be moving */
#define BOOTSTRAP_TTL_MAX_S 86400 /* moved servers are found within a day, whatever was said */
#define BOOTSTRAP_RETRY_MS 5000   /* after nobody could say, when addresses are known */

struct bootstrap;
struct upstream;

/* Nothing is asked before somebody wants the address. NULL without memory, and when `host` is no name. */
struct bootstrap *bootstrap_new(struct upstream *upstream, const char *host);
/* What is asked goes on, and is of no use to anybody. NULLs it; NULL is allowed. */
void bootstrap_free(struct bootstrap **bootstrap);

/* `changed` is called when what was asked is answered, or will not be: from the loop, never from within. */
void bootstrap_watch(struct bootstrap *bootstrap, void (*changed)(void *data), void *data);

/* Somebody wants to be connected: asks, when no address is known or the time of those is over. */
void bootstrap_wanted(struct bootstrap *bootstrap);
/* Fills in the address to connect to. False: none is known. */
bool bootstrap_address(const struct bootstrap *bootstrap, struct addr *address);
/* Is it being asked for? */
bool bootstrap_looks(const struct bootstrap *bootstrap);
/* Nobody is at this address: another one's turn, and perhaps they are others by now. */
void bootstrap_passes(struct bootstrap *bootstrap, const struct addr *address);
/* Is it one of them? */
bool bootstrap_has(const struct bootstrap *bootstrap, const struct addr *address);

#endif
