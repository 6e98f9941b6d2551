/* The kernel's neighbour table (ARP and ND), address to MAC, read over netlink: a dump at the start
 * and events afterwards. The control thread owns the watcher, which tells what has changed.
 *
 * It holds what the kernel takes for reachable or was so lately (REACHABLE, STALE, DELAY, PROBE, PERMANENT) with
 * a unicast Ethernet MAC. The address alone is the key: where a link-local address stands on several
 * interfaces, the one seen last counts, and only what happens on that interface ends it. */
#ifndef PF_DEVICE_NEIGHBOURS_H
#define PF_DEVICE_NEIGHBOURS_H

#include "base/addr.h"
#include "base/hash.h"

/* Entries kept: 50,000 devices with five addresses each, 16 MB. Messages about more are counted as refused: addresses can be
 * made up, though the kernel keeps no more than its own gc_thresh3 lets it. */
#define NEIGHBOUR_MAX 262144

/* Told of each change: `mac` is NULL when the address is gone. */
struct neighbour_listener {
	void (*changed)(void *data, const struct addr *addr, const struct mac *mac);
	void *data;
};

/* The watcher: a netlink socket and the entries as they are now. One thread. */
struct neighbour_watch;
/* Opens the socket, subscribes to events and asks for the first dump. The listener is called from within
 * neighbour_watch_read; it may be {0}. NULL with errno when the kernel refuses. */
struct neighbour_watch *neighbour_watch_new(struct hash_key key,
                                            struct neighbour_listener listener);
/* The same with another bound than NEIGHBOUR_MAX, which tests can reach sooner. */
struct neighbour_watch *neighbour_watch_new_bounded(struct hash_key key, size_t count_max,
                                                    struct neighbour_listener listener);
void neighbour_watch_free(struct neighbour_watch **watch);
/* Readable when there are events; for uv_poll. */
int neighbour_watch_fd(const struct neighbour_watch *watch);
/* Reads what is there without blocking (an overrun, ENOBUFS, leads to a fresh dump). Returns 1 when the
 * table has changed, 0 when not, PF_EIO. */
PF_MUST_CHECK int neighbour_watch_read(struct neighbour_watch *watch);
/* The present entries: their number, and the MAC of one. */
size_t neighbour_watch_count(const struct neighbour_watch *watch);
bool neighbour_watch_lookup(const struct neighbour_watch *watch, const struct addr *addr,
                            struct mac *mac);
/* Has the first dump come to its end? */
bool neighbour_watch_is_whole(const struct neighbour_watch *watch);
/* Messages so far about entries that did not fit into NEIGHBOUR_MAX. */
uint64_t neighbour_watch_refused(const struct neighbour_watch *watch);

#endif
