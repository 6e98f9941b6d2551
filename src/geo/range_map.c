/* Compiles and searches the maps of range_map.h. */
#include "geo/range_map.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define INDEX4_BITS 16
#define INDEX4_COUNT ((1u << INDEX4_BITS) + 1)
#define INDEX6_BITS 17 /* behind the three of 2000::/3, where all that is allocated stands */
#define INDEX6_COUNT ((1u << INDEX6_BITS) + 1)
#define INDEXED_FROM 1024     /* fewer blocks are found without an index */
#define VALUE_FINE UINT32_MAX /* of a block6: the /64 is divided, see fine6 */

static uint32_t read32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint64_t read64(const uint8_t *at)
{
	return (uint64_t)read32(at) << 32 | read32(at + 4);
}

/* ---- compiling --------------------------------------------------------------------------- */

/* Each range gives at most two blocks: itself and the gap behind it. */
static void compile4(struct range_map *map, const struct range_list *list)
{
	uint64_t next = 0; /* the first address without a block */
	for (size_t i = 0; i < list->count4; i++) {
		const struct range4 *range = &list->ranges4[i];
		if (range->start > next || (!i && range->start)) {
			map->starts4[map->count4] = (uint32_t)next;
			map->values4[map->count4++] = 0;
		}
		if (map->count4 && range->start == next && map->values4[map->count4 - 1] == range->value) {
			next = (uint64_t)range->end + 1;
			continue;
		}
		map->starts4[map->count4] = range->start;
		map->values4[map->count4++] = range->value;
		next = (uint64_t)range->end + 1;
	}
	if (map->count4 && next <= UINT32_MAX) {
		map->starts4[map->count4] = (uint32_t)next;
		map->values4[map->count4++] = 0;
	}
}

/* Where the value changes, in full length. */
struct breakpoints {
	size_t count;
	struct fine6 *points;
};

static void put_point(struct breakpoints *all, uint64_t upper, uint64_t lower, uint32_t value)
{
	struct fine6 *last = all->count ? &all->points[all->count - 1] : NULL;
	if (last && last->upper == upper && last->lower == lower)
		all->count--;
	all->points[all->count++] = (struct fine6){upper, lower, value};
}

static int breakpoints_init(struct breakpoints *all, const struct range_list *list)
{
	*all = (struct breakpoints){0};
	all->points = malloc((2 * list->count6 + 1) * sizeof *all->points);
	if (!all->points)
		return PF_ENOMEM;
	put_point(all, 0, 0, 0);
	for (size_t i = 0; i < list->count6; i++) {
		const struct range6 *range = &list->ranges6[i];
		put_point(all, read64(range->start), read64(range->start + 8), range->value);
		uint64_t upper = read64(range->end), lower = read64(range->end + 8) + 1;
		upper += !lower;
		if (upper || lower)
			put_point(all, upper, lower, 0);
	}
	return PF_OK;
}

static void put_block(struct range_map *map, uint64_t start, uint32_t value)
{
	struct block6 *last = map->count6 ? &map->blocks6[map->count6 - 1] : NULL;
	if (last && last->start == start)
		last->value = value;
	else if (!last || last->value != value || value == VALUE_FINE)
		map->blocks6[map->count6++] = (struct block6){start, value};
}

/* A /64 that is divided; `before` is the number that reaches into it. */
static int put_divided(struct range_map *map, const struct fine6 *points, size_t count,
                       uint32_t before)
{
	size_t room = map->fine_count + count + 1;
	struct fine6 *grown = realloc(map->fine6, room * sizeof *grown);
	if (!grown)
		return PF_ENOMEM;
	map->fine6 = grown;
	if (points->lower)
		map->fine6[map->fine_count++] = (struct fine6){points->upper, 0, before};
	memcpy(&map->fine6[map->fine_count], points, count * sizeof *points);
	map->fine_count += count;
	return PF_OK;
}

static int compile6(struct range_map *map, const struct range_list *list)
{
	struct breakpoints all;
	uint32_t before = 0;
	int error = breakpoints_init(&all, list);
	for (size_t i = 0, end; i < all.count && error == PF_OK; i = end) {
		uint64_t upper = all.points[i].upper;
		for (end = i + 1; end < all.count && all.points[end].upper == upper; end++)
			;
		uint32_t after = all.points[end - 1].value;
		bool divided = end > i + 1 || all.points[i].lower;
		put_block(map, upper, divided ? VALUE_FINE : after);
		if (divided)
			error = put_divided(map, &all.points[i], end - i, before);
		if (divided && upper != UINT64_MAX)
			put_block(map, upper + 1, after);
		before = after;
	}
	free(all.points);
	return error;
}

static uint32_t slot6(uint64_t upper)
{
	return (uint32_t)(upper >> (61 - INDEX6_BITS)) & ((1u << INDEX6_BITS) - 1);
}

static bool is_indexed6(uint64_t upper)
{
	return upper >> 61 == 1;
}

/* A slot of the index is the first block that starts at or behind the slot's first address: the block before it
 * reaches into the slot. */
static int index4(struct range_map *map)
{
	if (map->count4 < INDEXED_FROM)
		return PF_OK;
	map->index4 = malloc(INDEX4_COUNT * sizeof *map->index4);
	if (!map->index4)
		return PF_ENOMEM;
	uint32_t block = 0;
	for (uint32_t i = 0; i < INDEX4_COUNT; i++) {
		while (block < map->count4 && map->starts4[block] < (uint64_t)i << INDEX4_BITS)
			block++;
		map->index4[i] = block;
	}
	return PF_OK;
}

static int index6(struct range_map *map)
{
	if (map->count6 < INDEXED_FROM)
		return PF_OK;
	map->index6 = malloc(INDEX6_COUNT * sizeof *map->index6);
	if (!map->index6)
		return PF_ENOMEM;
	uint32_t block = 0;
	for (uint64_t i = 0; i < INDEX6_COUNT; i++) {
		uint64_t start = (UINT64_C(1) << 61) + (i << (61 - INDEX6_BITS));
		while (block < map->count6 && map->blocks6[block].start < start)
			block++;
		map->index6[i] = block;
	}
	return PF_OK;
}

/* Gives back what was allocated in advance; keeping it is no failure. */
static void *trim(void *array, size_t count, size_t size)
{
	if (!count) {
		free(array);
		return NULL;
	}
	void *shrunk = realloc(array, count * size);
	return shrunk ? shrunk : array;
}

int range_map_init(struct range_map *map, const struct range_list *list)
{
	*map = (struct range_map){0};
	map->starts4 = malloc((2 * list->count4 + 2) * sizeof *map->starts4);
	map->values4 = malloc((2 * list->count4 + 2) * sizeof *map->values4);
	map->blocks6 = malloc((4 * list->count6 + 2) * sizeof *map->blocks6); /* two a breakpoint */
	if (!map->starts4 || !map->values4 || !map->blocks6) {
		range_map_deinit(map);
		return PF_ENOMEM;
	}
	compile4(map, list);
	int error = list->count6 ? compile6(map, list) : PF_OK;
	map->starts4 = trim(map->starts4, map->count4, sizeof *map->starts4);
	map->values4 = trim(map->values4, map->count4, sizeof *map->values4);
	map->blocks6 = trim(map->blocks6, map->count6, sizeof *map->blocks6);
	if (error == PF_OK)
		error = index4(map);
	if (error == PF_OK)
		error = index6(map);
	if (error != PF_OK)
		range_map_deinit(map);
	return error;
}

void range_map_deinit(struct range_map *map)
{
	free(map->starts4);
	free(map->values4);
	free(map->blocks6);
	free(map->fine6);
	free(map->index4);
	free(map->index6);
	*map = (struct range_map){0};
}

/* ---- searching --------------------------------------------------------------------------- */

/* The last block that starts at or before the address. */
static uint32_t find4(const struct range_map *map, uint32_t address)
{
	size_t low = 0, high = map->count4;
	if (map->index4) {
		low = map->index4[address >> INDEX4_BITS];
		high = map->index4[(address >> INDEX4_BITS) + 1];
	}
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (map->starts4[middle] <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? map->values4[low - 1] : 0;
}

static uint32_t find_fine(const struct range_map *map, uint64_t upper, uint64_t lower)
{
	size_t low = 0, high = map->fine_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct fine6 *fine = &map->fine6[middle];
		if (fine->upper < upper || (fine->upper == upper && fine->lower <= lower))
			low = middle + 1;
		else
			high = middle;
	}
	return low ? map->fine6[low - 1].value : 0;
}

static uint32_t find6(const struct range_map *map, uint64_t upper, uint64_t lower)
{
	size_t low = 0, high = map->count6;
	if (map->index6 && is_indexed6(upper)) {
		low = map->index6[slot6(upper)];
		high = map->index6[slot6(upper) + 1];
	}
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (map->blocks6[middle].start <= upper)
			low = middle + 1;
		else
			high = middle;
	}
	uint32_t value = low ? map->blocks6[low - 1].value : 0;
	return value == VALUE_FINE ? find_fine(map, upper, lower) : value;
}

uint32_t range_map_find(const struct range_map *map, const struct addr *addr)
{
	if (addr->family == 4)
		return find4(map, read32(addr->bytes));
	return find6(map, read64(addr->bytes), read64(addr->bytes + 8));
}

size_t range_map_bytes(const struct range_map *map)
{
	return map->count4 * (sizeof *map->starts4 + sizeof *map->values4) +
	       map->count6 * sizeof *map->blocks6 + map->fine_count * sizeof *map->fine6 +
	       (map->index4 ? INDEX4_COUNT * sizeof *map->index4 : 0) +
	       (map->index6 ? INDEX6_COUNT * sizeof *map->index6 : 0);
}
