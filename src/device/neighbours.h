/* The kernel's neighbour table (ARP and ND), address to MAC, read over netlink: a dump at the start
 * and events afterwards. The control thread owns the watcher; workers read the table that it
 * publishes through RCU.
 *
 * It holds what the kernel takes for reachable or was so lately (REACHABLE, STALE, DELAY, PROBE, PERMANENT) with
 * a unicast Ethernet MAC. The address alone is the key: where a link-local address stands on several
 * interfaces, the one seen last counts, and only what happens on that interface ends it. */
#ifndef PF_DEVICE_NEIGHBOURS_H
#define PF_DEVICE_NEIGHBOURS_H

#include "base/addr.h"
#include "base/hash.h"

#define NEIGHBOUR_MAX \
	65536 /* entries kept; messages about more are counted as refused: addresses can be made up */

struct neighbour_table; /* immutable */

/* The MAC of an address in `*mac` and true, or false. `table` may be NULL. Allocates nothing. */
bool neighbour_lookup(const struct neighbour_table *table, const struct addr *addr,
                      struct mac *mac);
size_t neighbour_count(const struct neighbour_table *table);
/* Calls `each` for all entries. */
void neighbour_each(const struct neighbour_table *table,
                    void (*each)(void *data, const struct addr *addr, const struct mac *mac),
                    void *data);

/* Makes a table from pairs; NULL without memory. The last of two entries for one address wins. */
struct neighbour_table *neighbour_table_new(struct hash_key key, const struct addr *addrs,
                                            const struct mac *macs, size_t count);
void neighbour_table_free(struct neighbour_table **table);

/* The watcher: a netlink socket and the entries as they are now. One thread. */
struct neighbour_watch;
/* Opens the socket, subscribes to events and asks for the first dump. NULL with errno when the kernel refuses. */
struct neighbour_watch *neighbour_watch_new(struct hash_key key);
void neighbour_watch_free(struct neighbour_watch **watch);
/* Readable when there are events; for uv_poll. */
int neighbour_watch_fd(const struct neighbour_watch *watch);
/* Reads what is there without blocking (an overrun, ENOBUFS, leads to a fresh dump). Returns 1 when the
 * table has changed, 0 when not, PF_EIO. */
PF_MUST_CHECK int neighbour_watch_read(struct neighbour_watch *watch);
/* The present entries as a new table, the caller's; NULL without memory. */
struct neighbour_table *neighbour_watch_snapshot(const struct neighbour_watch *watch);
/* Messages so far about entries that did not fit into NEIGHBOUR_MAX. */
uint64_t neighbour_watch_refused(const struct neighbour_watch *watch);

#endif
