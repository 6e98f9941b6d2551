/* Private to lists/: finds what a table has already, by the hash of it. The table keeps its things in an array
 * of its own and says whether two are equal; here stand only their places, in open addressing. */
#ifndef PF_LISTS_SLOTS_H
#define PF_LISTS_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct slots {
	size_t count, capacity; /* a power of two, or 0; at most half of it is in use */
	struct slot_place {
		uint32_t hash;
		uint32_t place; /* from 1; 0: empty */
	} * places;
};

/* Is the thing at `place` (from 0) of `table` the wanted one? Asked only when the hashes are equal. */
typedef bool slots_equal(const void *table, size_t place, const void *wanted);

/* The place of the thing, or -1. */
int64_t slots_find(const struct slots *slots, uint64_t hash, slots_equal *equal, const void *table,
                   const void *wanted);
/* After slots_find has said that it is new. PF_OK or PF_ENOMEM. */
PF_MUST_CHECK int slots_add(struct slots *slots, uint64_t hash, size_t place);
void slots_deinit(struct slots *slots);

#endif
