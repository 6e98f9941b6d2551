/* Private to lists/: an index that is filled in the shape in which it will be looked up (sealed.h), when about as many names
 * will come as an index before had. So a reload takes the memory of the new index and no more, where a table that grows
 * (name_table.h) takes 15 to 20 bytes a name until it is sealed.
 *
 * Names go home, or into the first bucket behind with room, in the order in which they come. A slot keeps 40 bits of a hash, from
 * which no other number of buckets can be told: it can not grow, and whoever fills it must be ready to begin again with a
 * table. Two names are taken for one with the odds of a look-up (sealed.h). */
#ifndef PF_LISTS_REFILL_H
#define PF_LISTS_REFILL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Fewer names are worth no second way. */
#define REFILL_NAMES_MIN 1024

struct refill {
	uint64_t *block;     /* the filter, and behind it the slots */
	uint64_t *slots;     /* NULL: it is not filled this way */
	size_t bucket_count; /* that are some hash's own */
	size_t bucket_end;   /* and those behind */
	size_t name_count;
	bool failed; /* there is no room where a name could stand; nothing is put in any more */
};

/* For about `name_count` names; a tenth more still fits. PF_OK or PF_ENOMEM. */
PF_MUST_CHECK int refill_init(struct refill *refill, size_t name_count);
void refill_deinit(struct refill *refill);

/* Has the place of the hash fetched from memory; waits for nothing. */
void refill_fetch(const struct refill *refill, uint64_t hash);
/* The slot of the hash, or NULL. */
uint64_t *refill_find(const struct refill *refill, uint64_t hash);
/* Puts in a hash that is not there. */
void refill_put(struct refill *refill, uint64_t hash, uint32_t group);
void refill_set_group(uint64_t *slot, uint32_t group);

/* Were there too few names or too many for the guess? Then a table does better. */
bool refill_misjudged(const struct refill *refill);

/* The slots that are needed, trailing ones without a name left out. */
size_t refill_slot_count(const struct refill *refill);
/* Lets go of the block: the filter and the first refill_slot_count() slots, of `bytes` bytes the rest of which is not zeroed; pages_free.
 * NULL without memory: it is as it was. */
uint64_t *refill_take(struct refill *refill, size_t bytes);
/* Gives every name the new number of its group. */
void refill_renumber(uint64_t *slots, size_t slot_count, const uint32_t *numbers);

#endif
