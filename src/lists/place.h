/* Gives each name of a table its slot in the sealed index (sealed.h). */
#ifndef PF_LISTS_PLACE_H
#define PF_LISTS_PLACE_H

#include "lists/name_table.h"

/* A name goes home, or, when its bucket is full, to the next bucket where those who are at home there leave room.
 * `slot_count` gets the number of slots that it takes. With `slots` NULL that is all; else they are filled, zeroed
 * before, with numbers[value] as a name's group, and the table's memory is given back on the way: it can only be
 * freed. PF_OK; PF_EFULL when some name would stand too far from home: more buckets help; PF_ENOMEM. */
PF_MUST_CHECK int place_names(struct name_table *table, size_t bucket_count,
                              const uint32_t *numbers, uint64_t *slots, size_t *slot_count);

#endif
