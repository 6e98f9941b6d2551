/* The table behind neighbours.h: open addressing by address. The watcher keeps one and changes it; what it
 * publishes are copies, which nobody changes. */
#ifndef PF_DEVICE_TABLE_H
#define PF_DEVICE_TABLE_H

#include "device/neighbours.h"

struct neighbour {
	struct addr addr; /* family 0: empty */
	struct mac mac;
	int interface; /* where it was seen last */
	unsigned dump; /* the last dump that named it, or during which an event did */
};

struct neighbour_table {
	struct hash_key key;
	size_t count, mask; /* at least half of the slots are empty */
	struct neighbour slots[];
};

/* With room for `count` entries; NULL without memory. */
struct neighbour_table *table_new(struct hash_key key, size_t count);
struct neighbour_table *table_copy(const struct neighbour_table *table);

/* The address's entry or NULL. */
struct neighbour *table_find(struct neighbour_table *table, const struct addr *addr);

/* The address's entry, made when there is none (its MAC is zero then); may move the table. NULL without
 * memory: then all is as it was. */
struct neighbour *table_put(struct neighbour_table **table, const struct addr *addr);

/* Other entries may move into the gap: only those at or after it in the order of the slots, or those at the
 * beginning, so a loop over all slots looks at the same slot once more and misses nothing. */
void table_remove(struct neighbour_table *table, struct neighbour *entry);

/* neighbour_watch_new with another bound than NEIGHBOUR_MAX, which tests can reach sooner. */
struct neighbour_watch *watch_new_bounded(struct hash_key key, size_t count_max);

#endif
