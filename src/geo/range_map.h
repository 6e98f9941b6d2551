/* Private to geo/: a number for each address, compiled for look-ups: blocks of addresses that share one number, in order, by
 * their starts alone, and an index over the leading bits that leaves a handful of them to search. It takes 8 bytes for a
 * block of IPv4 and 12 for one of IPv6, whose upper 64 bits are looked at; the few networks that divide a /64 stand
 * in a table of their own.
 *
 * Every database ends up as one of these: whatever shape its file has, a look-up costs two or three cache lines and no more,
 * and no part of a stranger's file is read after it was loaded. */
#ifndef PF_GEO_RANGE_MAP_H
#define PF_GEO_RANGE_MAP_H

#include "geo/range_list.h"

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
	uint32_t *starts4, *values4;
	struct block6 *blocks6;
	struct fine6 *fine6; /* blocks inside of /64s that are divided */
	uint32_t
		*index4; /* by the upper 16 bits: the first block that starts there or later; or NULL */
	uint32_t *index6; /* by bits 3..19, for 2000::/3 */
};

/* Compiles a list that is finished; 0 stands for addresses without a range. PF_ENOMEM, `map` is then empty. */
PF_MUST_CHECK int range_map_init(struct range_map *map, const struct range_list *list);
void range_map_deinit(struct range_map *map);

/* The number of an address; 0: it has none. */
uint32_t range_map_find(const struct range_map *map, const struct addr *addr);

size_t range_map_bytes(const struct range_map *map);

#endif
