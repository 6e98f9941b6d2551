/* Names on their way into the index: a growing table from 64-bit hashes to numbers, kept in the order of the
 * hashes, so that growing and reading it out are walks from one end to the other and need no second copy.
 *
 * Linear probing with home slots by the high bits of the hash; whoever has a smaller hash stands before:
 *
 *     home   0    1    2    3    4    5    6
 *          | 02 |    | 21 | 2c | 2f | 41 |    |     2f has home 2, 41 has home 4
 */
#ifndef PF_LISTS_NAME_TABLE_H
#define PF_LISTS_NAME_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct name_slot {
	uint32_t high, low; /* of the hash */
	uint32_t value;     /* 0: the slot is empty */
};

struct name_table {
	struct name_slot *slots;
	size_t home_count; /* slots that are some hash's home */
	size_t slot_count; /* and those behind, for what is pushed over the end */
	size_t count;      /* in use */
};

static inline uint64_t name_table_hash(const struct name_slot *slot)
{
	return (uint64_t)slot->high << 32 | slot->low;
}

/* PF_OK or PF_ENOMEM. */
PF_MUST_CHECK int name_table_init(struct name_table *table);
void name_table_deinit(struct name_table *table);

/* Room for so many at once, which spares growing step by step. Without memory, nothing happens. */
void name_table_expect(struct name_table *table, size_t count);

/* Makes room for one more: PF_OK or PF_ENOMEM. Pointers into the table are void afterwards. */
PF_MUST_CHECK int name_table_reserve(struct name_table *table);

/* Has the place of the hash fetched from memory; waits for nothing. */
void name_table_fetch(const struct name_table *table, uint64_t hash);

/* The slot of the hash, or, with *found false, the one before which it belongs. */
struct name_slot *name_table_find(const struct name_table *table, uint64_t hash, bool *found);

/* Puts a hash where name_table_find said, after name_table_reserve. `value` is not 0. */
void name_table_put(struct name_table *table, struct name_slot *at, uint64_t hash, uint32_t value);

#endif
