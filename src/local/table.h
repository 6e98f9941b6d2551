/* Private to local/: names with what is known of them. Open addressing; keyed by nothing but the name, because the owner
 * of the machine wrote all of them. */
#ifndef PF_LOCAL_TABLE_H
#define PF_LOCAL_TABLE_H

#include "config/config.h"

#define TABLE_NAMES_MAX (1u << 20) /* of a hosts file of 16 MiB, and their reverse names */

struct table_node {
	struct dns_name name;
	/* Index and one more in the owner's tables; 0: none. */
	uint32_t host, forward, zone, hatch;
};

struct table {
	struct table_node *nodes;
	size_t count, room;
	uint32_t *slots; /* index of the node and one more; 0: free */
	size_t slot_count;
	uint64_t last_labels; /* a bit for the hash of the last label of each name that is a zone */
};

void table_deinit(struct table *table);

/* The node of a name, made when it is new. NULL without memory or over TABLE_NAMES_MAX; the next call may move it. */
struct table_node *table_add(struct table *table, const struct dns_name *name);

/* The node of the labels that begin at `wire`, of so many bytes; or NULL. */
const struct table_node *table_find(const struct table *table, const uint8_t *wire, size_t length);

/* Marks the last label of a zone, and: could a name be below some zone? */
void table_mark_zone(struct table *table, const struct dns_name *name);
bool table_may_have_zone(const struct table *table, const struct dns_name *name);

#endif
