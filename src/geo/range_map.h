/* Private to geo/: a number for each address, compiled for look-ups: blocks of addresses that share one number, in order, by
 * their starts alone, and an index in two steps. The first step goes by leading bits and leaves a slot of blocks; the
 * second by as many further bits as the slot has blocks for, and leaves one or two of them, most of the time. Its table
 * needs no room that would have to be looked up: a slot of n blocks has up to n steps, which stand where its blocks stand.
 *
 *   index[slot] = 40, index[slot + 1] = 45: blocks 40..44, so two bits, four steps 40..43
 *   step[40 + i] = how many of the slot's blocks start before the i-th quarter of it
 *
 * It takes 8 bytes for a block of IPv4 and 14 for one of IPv6, whose upper 64 bits are looked at; the few networks that divide
 * a /64 stand in a table of their own.
 *
 * Every database ends up as one of these: whatever shape its file has, a look-up costs three or four cache lines and no more,
 * and no part of a stranger's file is read after it was loaded. */
#ifndef PF_GEO_RANGE_MAP_H
#define PF_GEO_RANGE_MAP_H

#include "geo/range_list.h"

struct block4 {
	uint16_t start; /* the lower 16 bits: the slot knows the others */
	uint16_t step;
	uint32_t value;
};

struct block6 {
	uint64_t start; /* the upper 64 bits */
	uint32_t value;
} __attribute__((packed, aligned(4)));

struct fine6 {
	uint64_t upper, lower;
	uint32_t value;
};

struct range_map {
	size_t count4, count6, fine_count;
	struct block4 *blocks4;
	uint32_t *index4; /* by the upper 16 bits: the first block that starts there or later */
	struct block6 *blocks6;
	uint16_t *steps6;    /* or NULL, like index6: a handful of blocks is found without */
	uint32_t *index6;    /* by bits 3..15, for 2000::/3 */
	struct fine6 *fine6; /* blocks inside of /64s that are divided */
};

/* Compiles a list that is finished; 0 stands for addresses without a range. PF_ENOMEM, `map` is then empty. */
PF_MUST_CHECK int range_map_init(struct range_map *map, const struct range_list *list);
void range_map_deinit(struct range_map *map);

/* The number of an address; 0: it has none. */
uint32_t range_map_find(const struct range_map *map, const struct addr *addr);

size_t range_map_bytes(const struct range_map *map);

#endif
