/* Compiles and searches the maps of range_map.h. */
#include "geo/range_map.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define INDEX4_BITS 16
#define INDEX4_COUNT ((1u << INDEX4_BITS) + 1)
#define INDEX6_BITS 13 /* behind the three of 2000::/3, where all that is allocated stands */
#define INDEX6_COUNT ((1u << INDEX6_BITS) + 1)
#define INDEXED_FROM 1024     /* fewer blocks are found without an index */
#define VALUE_FINE UINT32_MAX /* of a block6: the /64 is divided, see fine6 */

/* ---- compiling --------------------------------------------------------------------------- */

/* Blocks of IPv4 before they have an index. */
struct plain4 {
	size_t count;
	uint32_t *starts, *values;
};

/* Each range gives at most two blocks: itself and the gap behind it. */
static void join4(struct plain4 *plain, const struct range_list *list)
{
	uint64_t next = 0; /* the first address without a block */
	for (size_t i = 0; i < list->count4; i++) {
		const struct range4 *range = &list->ranges4[i];
		if (range->start > next || (!i && range->start)) {
			plain->starts[plain->count] = (uint32_t)next;
			plain->values[plain->count++] = 0;
		}
		if (plain->count && range->start == next &&
		    plain->values[plain->count - 1] == range->value) {
			next = (uint64_t)range->end + 1;
			continue;
		}
		plain->starts[plain->count] = range->start;
		plain->values[plain->count++] = range->value;
		next = (uint64_t)range->end + 1;
	}
	if (next <= UINT32_MAX) {
		plain->starts[plain->count] = (uint32_t)next;
		plain->values[plain->count++] = 0;
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
		put_point(all, range_read64(range->start), range_read64(range->start + 8), range->value);
		uint64_t upper = range_read64(range->end), lower = range_read64(range->end + 8) + 1;
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

/* A slot with more blocks than a step can count is searched whole. */
static bool is_stepped6(uint32_t count)
{
	return count && count <= UINT16_MAX;
}

/* How many bits tell the steps of a slot of `count` blocks apart: two to the power of it is at most `count`. */
static unsigned step_bits(uint32_t count)
{
	return count ? 31 - (unsigned)__builtin_clz(count) : 0;
}

/* A slot of the index is the first block that starts at or behind the slot's first address: the block before it
 * reaches into the slot. */
static void fill_index4(struct range_map *map, const struct plain4 *plain)
{
	uint32_t block = 0;
	for (uint32_t i = 0; i < INDEX4_COUNT; i++) {
		while (block < plain->count && plain->starts[block] < (uint64_t)i << INDEX4_BITS)
			block++;
		map->index4[i] = block;
	}
}

static void fill_steps4(struct range_map *map)
{
	for (uint32_t slot = 0; slot + 1 < INDEX4_COUNT; slot++) {
		uint32_t first = map->index4[slot], count = map->index4[slot + 1] - first, before = 0;
		unsigned bits = step_bits(count);
		for (uint32_t i = 0; i < 1u << bits && count; i++) {
			while (before < count && map->blocks4[first + before].start < i << (16 - bits))
				before++;
			map->blocks4[first + i].step =
				(uint16_t)before; /* at most the 65,535 below the last step */
		}
	}
}

static int compile4(struct range_map *map, const struct range_list *list)
{
	size_t room = 2 * list->count4 + 2;
	struct plain4 plain = {.starts = malloc(room * sizeof *plain.starts),
	                       .values = malloc(room * sizeof *plain.values)};
	int error = PF_ENOMEM;
	if (plain.starts && plain.values) {
		join4(&plain, list);
		map->count4 = plain.count;
		map->blocks4 = malloc(plain.count * sizeof *map->blocks4);
		map->index4 = malloc(INDEX4_COUNT * sizeof *map->index4);
	}
	if (map->blocks4 && map->index4) {
		for (size_t i = 0; i < plain.count; i++)
			map->blocks4[i] = (struct block4){(uint16_t)plain.starts[i], 0, plain.values[i]};
		fill_index4(map, &plain);
		fill_steps4(map);
		error = PF_OK;
	}
	free(plain.starts);
	free(plain.values);
	return error;
}

/* The bits of an address that choose a step of its slot. */
static uint32_t step6(uint64_t upper, unsigned bits)
{
	return bits ? (uint32_t)(upper << (3 + INDEX6_BITS) >> (64 - bits)) : 0;
}

static void fill_steps6(struct range_map *map)
{
	for (uint32_t slot = 0; slot + 1 < INDEX6_COUNT; slot++) {
		uint32_t first = map->index6[slot], count = map->index6[slot + 1] - first, before = 0;
		unsigned bits = step_bits(count);
		for (uint32_t i = 0; i < 1u << bits && is_stepped6(count); i++) {
			while (before < count && step6(map->blocks6[first + before].start, bits) < i)
				before++;
			map->steps6[first + i] = (uint16_t)before;
		}
	}
}

static int index6(struct range_map *map)
{
	if (map->count6 < INDEXED_FROM)
		return PF_OK;
	map->index6 = malloc(INDEX6_COUNT * sizeof *map->index6);
	map->steps6 = malloc(map->count6 * sizeof *map->steps6);
	if (!map->index6 || !map->steps6)
		return PF_ENOMEM;
	uint32_t block = 0;
	for (uint64_t i = 0; i < INDEX6_COUNT; i++) {
		uint64_t start = (UINT64_C(1) << 61) + (i << (61 - INDEX6_BITS));
		while (block < map->count6 && map->blocks6[block].start < start)
			block++;
		map->index6[i] = block;
	}
	fill_steps6(map);
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
	int error = list->count4 ? compile4(map, list) : PF_OK;
	if (error == PF_OK && list->count6) {
		map->blocks6 = malloc((4 * list->count6 + 2) * sizeof *map->blocks6); /* two a breakpoint */
		error = map->blocks6 ? compile6(map, list) : PF_ENOMEM;
	}
	if (error == PF_OK) {
		map->blocks6 = trim(map->blocks6, map->count6, sizeof *map->blocks6);
		error = index6(map);
	}
	if (error != PF_OK)
		range_map_deinit(map);
	return error;
}

void range_map_deinit(struct range_map *map)
{
	free(map->blocks4);
	free(map->blocks6);
	free(map->steps6);
	free(map->fine6);
	free(map->index4);
	free(map->index6);
	*map = (struct range_map){0};
}

/* ---- searching --------------------------------------------------------------------------- */

/* The last block that starts at or before the address. */
static uint32_t find4(const struct range_map *map, uint32_t address)
{
	if (!map->count4)
		return 0;
	const uint32_t *slot = &map->index4[address >> INDEX4_BITS];
	uint32_t low = slot[0], high = slot[1];
	unsigned bits = step_bits(high - low);
	if (bits) {
		uint32_t i = (address & UINT16_MAX) >> (16 - bits), first = low;
		low = first + map->blocks4[first + i].step;
		if (i + 1 < 1u << bits)
			high = first + map->blocks4[first + i + 1].step;
	}
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (map->blocks4[middle].start <= (address & UINT16_MAX))
			low = middle + 1;
		else
			high = middle;
	}
	return map->blocks4[low - 1].value; /* the first one begins at 0.0.0.0 */
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
		unsigned bits = step_bits((uint32_t)(high - low));
		if (bits && is_stepped6((uint32_t)(high - low))) {
			size_t first = low, i = step6(upper, bits);
			low = first + map->steps6[first + i];
			if (i + 1 < (size_t)1 << bits)
				high = first + map->steps6[first + i + 1];
		}
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
		return find4(map, range_read32(addr->bytes));
	return find6(map, range_read64(addr->bytes), range_read64(addr->bytes + 8));
}

size_t range_map_bytes(const struct range_map *map)
{
	return map->count4 * sizeof *map->blocks4 + map->count6 * sizeof *map->blocks6 +
	       (map->steps6 ? map->count6 * sizeof *map->steps6 : 0) +
	       map->fine_count * sizeof *map->fine6 +
	       (map->index4 ? INDEX4_COUNT * sizeof *map->index4 : 0) +
	       (map->index6 ? INDEX6_COUNT * sizeof *map->index6 : 0);
}
