/* Private to local/: names with what is known of them. Open addressing; keyed by nothing but the name, because the owner
 * of the machine wrote all of them. */
#ifndef PF_LOCAL_NAMES_H
#define PF_LOCAL_NAMES_H

#include "config/config.h"

#define NAMES_MAX (1u << 20) /* of a hosts file of 16 MiB, and their reverse names */

struct names_node {
	struct dns_name name;
	/* Index and one more in the owner's tables; 0: none. */
	uint32_t host, forward, zone, hatch;
};

struct names {
	struct names_node *nodes;
	size_t count, room;
	uint32_t *slots; /* index of the node and one more; 0: free */
	size_t slot_count;
	uint64_t last_labels; /* a bit for the hash of the last label of each name that is a zone */
};

void names_deinit(struct names *table);

/* The node of a name, made when it is new. NULL without memory or over NAMES_MAX; the next call may move it. */
struct names_node *names_add(struct names *table, const struct dns_name *name);

/* The node of the labels that begin at `wire`, of so many bytes; or NULL. */
const struct names_node *names_find(const struct names *table, const uint8_t *wire, size_t length);

/* Marks the last label of a zone, and: could a name be below some zone? */
void names_mark_zone(struct names *table, const struct dns_name *name);
bool names_may_have_zone(const struct names *table, const struct dns_name *name);

#endif
