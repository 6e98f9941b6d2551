/* Who is who at this moment, as workers read it: a copy of what the book (device/book.h) holds, which nobody changes,
 * published within the snapshot whose tags it speaks of. A look-up is one probe by address; an address that is
 * not there is a configured network's, or unknown, and the look-up happens behind (device/sightings.h). */
#ifndef PF_DEVICE_ROSTER_H
#define PF_DEVICE_ROSTER_H

#include "base/rcu.h"
#include "device/registry.h"
#include "device/table.h"

/* When a device asked last, in seconds since 1970 (good until 2106), and in how many different seconds it did. The one
 * thing that workers write: at most once a second for each device. */
struct sight {
	uint32_t last_s, seconds;
};
struct sights {
	struct rcu_head rcu;
	struct sight rows[];
};

struct roster {
	struct rcu_head rcu;
	struct address_table *keys; /* owned; address, MAC or id to row */
	struct sights *sights;      /* the book's */
	size_t count, bytes;        /* of rows; of all this */
	struct device
		rows[]; /* the configured ones first, in the registry's order; an empty id: nobody */
};

/* Who asks, by what is known of the query. What a forwarder says counts only when it is a trusted one. */
struct asker {
	struct addr addr; /* the client's, or the one that the forwarder names; already unmapped */
	struct prefix
		subnet; /* a forwarder's word for where its client is, not to the last bit; length 0: none */
	bool has_mac; /* a forwarder's word */
	struct mac mac;
	char name[DEVICE_NAME_MAX]; /* a forwarder's word; "": none */
};

/* Fills `device`. False when nobody knows this asker yet: then the device is the unknown one that it will be.
 * `registry` is of the same snapshot. Allocates nothing. */
bool roster_identify(const struct roster *roster, const struct registry *registry,
                     const struct asker *asker, int64_t wall_us, struct device *device);

/* By name (exact, else without regard to case), id, MAC or address in text, as people write it after `explain`:
 * its row, or the number of rows when it is none of them but a MAC or an address that may come; PF_ENOENT when the
 * text is none of these. */
PF_MUST_CHECK int roster_find(const struct roster *roster, const struct registry *registry,
                              const char *text, struct device *device);

void roster_free(struct roster **roster);
/* After a grace period. */
void roster_retire(struct roster *roster);

#endif
