/* Private to geo/: ranges of addresses with a number each, as they come out of files, until they are compiled into a
 * range_map. The two families are kept apart; IPv4 ranges take 12 bytes each. */
#ifndef PF_GEO_RANGE_LIST_H
#define PF_GEO_RANGE_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

struct range4 {
	uint32_t start, end, value;
};

struct range6 {
	uint8_t start[16], end[16];
	uint32_t value;
};

struct range_list {
	size_t count4, room4, count6, room6;
	struct range4 *ranges4;
	struct range6 *ranges6;
};

/* Words of an address, in network order. */
static inline uint32_t range_read32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline uint64_t range_read64(const uint8_t *at)
{
	return (uint64_t)range_read32(at) << 32 | range_read32(at + 4);
}

void range_list_deinit(struct range_list *list);

/* Adds a range of one family, `start` not behind `end`, `value` not 0. One that goes on where the last one added ended, with
 * the same value, makes that one longer. PF_ENOMEM; PF_EFULL over `max` ranges. */
PF_MUST_CHECK int range_list_add(struct range_list *list, const struct addr *start,
                                 const struct addr *end, uint32_t value, size_t max);

/* After all: sorts, and makes the ranges disjoint. Where some overlap, the one that starts last wins, of those that
 * start together the shortest, of equal ones the one with the smallest value. PF_ENOMEM. */
PF_MUST_CHECK int range_list_finish(struct range_list *list);

#endif
