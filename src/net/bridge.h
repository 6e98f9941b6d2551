/* The way of the recursor's questions out: a thread with a forwarder of its own that asks the servers of `upstreams` for it, within TLS or plainly,
 * as each of them is to be asked. So who validates what they say asks them as whoever believes them does: pins, authorities, cookies,
 * failover and figures are there once. It outlives the workers, which wait for the recursor. */
#ifndef PF_NET_BRIDGE_H
#define PF_NET_BRIDGE_H

#include "pipeline/pipeline.h"

struct bridge;

/* Serves the socket, which must be bound and not block, and which stays the caller's. PF_OK, PF_EIO, PF_ENOMEM. */
PF_MUST_CHECK int bridge_start(struct shared *shared, int fd, struct bridge **out);
/* Ends when all that is under way is answered, waits for that, and frees it. NULL is allowed. */
void bridge_stop(struct bridge **bridge);

/* Any thread. The group of all of them is UPSTREAM_GROUP_BEHIND. */
size_t bridge_upstreams(const struct bridge *bridge, struct upstream_stats *stats);

#endif
