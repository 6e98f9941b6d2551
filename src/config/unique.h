/* Private to config/: finds what is given twice where each may stand once: names, MACs, networks. Sorted and not compared
 * each with each, so that 65536 devices take no longer than they must. */
#ifndef PF_CONFIG_UNIQUE_H
#define PF_CONFIG_UNIQUE_H

#include "config/reader.h"

#define UNIQUE_KEY_MAX 24 /* bytes of a fixed key: struct prefix, struct mac */

struct unique_entry {
	const struct node *node;     /* where it stands; its text is what is shown */
	uint8_t key[UNIQUE_KEY_MAX]; /* what is compared; unused: the node's text */
};

struct unique {
	bool by_text;
	size_t count, room;
	struct unique_entry *entries;
};

/* Remembers one. Without a key the text itself is compared; do not mix both in one set. */
void unique_add(struct reader *reader, struct unique *unique, const struct node *node,
                const void *key, size_t key_bytes);

/* Remembers the text of a mapping's key `name`, where it has one. */
void unique_add_name(struct reader *reader, struct unique *unique, const struct node *mapping);

/* Tells each second one at its place ("the device name `x` is given twice; first on line 3"), and
 * frees the set. */
void unique_finish(struct reader *reader, struct unique *unique, const char *what);

#endif
