/* Maps against a walk over all their ranges: large enough to be indexed, with networks that divide a /64, at both ends of the
 * address space. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "geo/range_map.h"
#include "support/effort.h"

#define RANGES 4000
#define LOOKS 20000

static uint64_t state_of_random;

static uint64_t next_random(void)
{
	state_of_random ^= state_of_random << 13;
	state_of_random ^= state_of_random >> 7;
	state_of_random ^= state_of_random << 17;
	return state_of_random;
}

static struct addr address(uint8_t family, uint64_t upper, uint64_t lower)
{
	struct addr addr = {.family = family};
	for (size_t i = 0; i < 8; i++) {
		addr.bytes[i] = (uint8_t)(upper >> (56 - 8 * i));
		addr.bytes[8 + i] = (uint8_t)(lower >> (56 - 8 * i));
	}
	if (family == 4)
		memset(addr.bytes + 4, 0, 12);
	return addr;
}

static struct addr random_address(uint8_t family)
{
	/* Few distinct upper halves, so that ranges share /64s, some of them not in 2000::/3. */
	uint64_t upper = family == 4
	                     ? next_random()
	                     : UINT64_C(0x20) << 56 | (next_random() % 3000) << 44 | next_random() % 3;
	if (family == 6 && next_random() % 50 == 0)
		upper = next_random() % 2 ? UINT64_MAX : next_random() % 3;
	uint64_t lower = next_random() % 2 ? 0 : next_random() % 7;
	return address(family, upper, next_random() % 9 ? lower : UINT64_MAX);
}

static int order(const struct addr *a, const struct addr *b)
{
	return memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

struct naive {
	size_t count;
	struct {
		struct addr start, end;
		uint32_t value;
	} ranges[2 * RANGES];
};

/* Disjoint ranges: random addresses in order, each second gap is a range. */
static int compare(const void *left, const void *right)
{
	return order(left, right);
}

static void fill(struct naive *naive, struct range_list *list, uint8_t family)
{
	struct addr *borders = calloc(2 * RANGES, sizeof *borders);
	assert_non_null(borders);
	for (size_t i = 0; i < 2 * RANGES; i++)
		borders[i] = random_address(family);
	qsort(borders, 2 * RANGES, sizeof *borders, compare);
	for (size_t i = 0; i + 1 < 2 * RANGES; i += 2) {
		struct addr start = borders[i], end = borders[i + 1];
		if (i && order(&borders[i - 1], &start) == 0)
			continue;
		uint32_t value = 1 + (uint32_t)(next_random() % 3);
		naive->ranges[naive->count].start = start;
		naive->ranges[naive->count].end = end;
		naive->ranges[naive->count++].value = value;
		assert_int_equal(range_list_add(list, &start, &end, value, 2 * RANGES), PF_OK);
	}
	free(borders);
}

static uint32_t look(const struct naive *naive, const struct addr *addr)
{
	for (size_t i = 0; i < naive->count; i++)
		if (naive->ranges[i].start.family == addr->family &&
		    order(&naive->ranges[i].start, addr) <= 0 && order(addr, &naive->ranges[i].end) <= 0)
			return naive->ranges[i].value;
	return 0;
}

static void maps_say_what_ranges_say(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 3; seed++) {
		struct range_list list = {0};
		struct range_map map;
		struct naive *naive = calloc(1, sizeof *naive);
		assert_non_null(naive);
		state_of_random = seed * UINT64_C(0x9e3779b97f4a7c15);
		fill(naive, &list, 4);
		fill(naive, &list, 6);
		assert_int_equal(range_list_finish(&list), PF_OK);
		assert_int_equal(range_map_init(&map, &list), PF_OK);
		assert_non_null(map.index4);
		assert_non_null(map.index6);
		assert_true(map.fine_count > 0);
		for (size_t i = 0; i < effort(LOOKS); i++) {
			struct addr addr = random_address(i % 2 ? 4 : 6);
			if (i % 5 == 0) { /* at a border */
				size_t at = next_random() % naive->count;
				addr = i % 2 ? naive->ranges[at].start : naive->ranges[at].end;
			}
			assert_int_equal(range_map_find(&map, &addr), look(naive, &addr));
		}
		range_map_deinit(&map);
		range_list_deinit(&list);
		free(naive);
	}
}

static void the_ends_of_the_space_are_reached(void **state)
{
	(void)state;
	struct range_list list = {0};
	struct range_map map;
	struct addr first4 = address(4, 0, 0), last4 = address(4, UINT64_MAX, 0);
	struct addr first6 = address(6, 0, 0), last6 = address(6, UINT64_MAX, UINT64_MAX);
	assert_int_equal(range_map_init(&map, &list), PF_OK); /* empty */
	assert_int_equal(range_map_find(&map, &last4), 0);
	assert_int_equal(range_map_find(&map, &first6), 0);
	range_map_deinit(&map);
	assert_int_equal(range_list_add(&list, &first4, &last4, 7, 4), PF_OK);
	assert_int_equal(range_list_add(&list, &first6, &last6, 8, 4), PF_OK);
	assert_int_equal(range_list_add(&list, &last6, &last6, 9, 4), PF_OK);
	assert_int_equal(range_list_finish(&list), PF_OK);
	assert_int_equal(range_map_init(&map, &list), PF_OK);
	assert_int_equal(range_map_find(&map, &first4), 7);
	assert_int_equal(range_map_find(&map, &last4), 7);
	assert_int_equal(range_map_find(&map, &first6), 8);
	assert_int_equal(range_map_find(&map, &last6), 9);
	assert_int_equal(range_list_add(&list, &first4, &last4, 7, 4), PF_OK);
	assert_int_equal(range_list_add(&list, &first4, &last4, 7, 4), PF_EFULL);
	range_map_deinit(&map);
	range_list_deinit(&list);
}

#define CROWD 70000 /* more than a slot's steps can count */

/* All in one slot of the index: every address of 9.9.0.0/16 by itself, and 70,000 networks at the end of 2a00::/16. */
static void slots_may_be_crowded(void **state)
{
	(void)state;
	struct range_list list = {0};
	struct range_map map;
	for (uint64_t i = 0; i < CROWD; i++) {
		struct addr addr = address(4, UINT64_C(0x0909) << 48 | (i & 0xffff) << 32, 0);
		struct addr start = address(6, UINT64_C(0x2a00ffff) << 32 | i << 8, 0);
		struct addr end = address(6, UINT64_C(0x2a00ffff) << 32 | i << 8, UINT64_MAX);
		if (i <= 0xffff)
			assert_int_equal(range_list_add(&list, &addr, &addr, 1 + i % 3, 2 * CROWD), PF_OK);
		assert_int_equal(range_list_add(&list, &start, &end, 1 + i % 5, 2 * CROWD), PF_OK);
	}
	assert_int_equal(range_list_finish(&list), PF_OK);
	assert_int_equal(range_map_init(&map, &list), PF_OK);
	size_t stride = CROWD / effort(CROWD);
	for (uint64_t i = 0; i < CROWD; i += stride) {
		struct addr addr = address(4, UINT64_C(0x0909) << 48 | (i & 0xffff) << 32, 0);
		struct addr inside = address(6, UINT64_C(0x2a00ffff) << 32 | i << 8, 5);
		struct addr between = address(6, (UINT64_C(0x2a00ffff) << 32 | i << 8) + 1, 0);
		assert_int_equal(range_map_find(&map, &addr), 1 + (i & 0xffff) % 3);
		assert_int_equal(range_map_find(&map, &inside), 1 + i % 5);
		assert_int_equal(range_map_find(&map, &between), 0);
	}
	range_map_deinit(&map);
	range_list_deinit(&list);
}

/* What lies next to each other and says the same is one. */
static void neighbours_are_joined(void **state)
{
	(void)state;
	struct range_list list = {0};
	for (uint64_t i = 0; i < 16; i++) {
		struct addr start = address(4, i << 56, 0),
					end = address(4, (i << 56) + (UINT64_MAX >> 8), 0);
		assert_int_equal(range_list_add(&list, &start, &end, 1 + (i >= 8), 99), PF_OK);
		start = address(6, 0x20ff + i, 0);
		end = address(6, 0x20ff + i, UINT64_MAX);
		assert_int_equal(range_list_add(&list, &start, &end, 3, 99), PF_OK);
	}
	assert_int_equal(list.count4, 2);
	assert_int_equal(list.count6, 1);
	range_list_deinit(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps_say_what_ranges_say),
		cmocka_unit_test(the_ends_of_the_space_are_reached),
		cmocka_unit_test(slots_may_be_crowded),
		cmocka_unit_test(neighbours_are_joined),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
