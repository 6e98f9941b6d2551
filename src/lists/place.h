/* Gives each name of a table its slot in the sealed index (sealed.h). */
#ifndef PF_LISTS_PLACE_H
#define PF_LISTS_PLACE_H

#include "lists/name_table.h"

/* Where names go. */
struct place_target {
	const uint32_t *numbers;  /* the group of a name is numbers[value] */
	uint64_t *slots, *filter; /* zeroed */
};

/* A name goes home, or, when its bucket is full, to the next bucket where those who are at home there leave room.
 * `slot_count` gets the number of slots that it takes. With `target` NULL that is all; else it is filled, and the table's
 * memory is given back on the way: it can only be freed. PF_OK; PF_EFULL when some name would stand too far from home: more buckets help; PF_ENOMEM. */
PF_MUST_CHECK int place_names(struct name_table *table, size_t bucket_count,
                              const struct place_target *target, size_t *slot_count);

#endif
