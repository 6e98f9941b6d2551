/* The lists of range_list.h. */
#include "geo/range_list.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "geo/overlap.h"

/* Makes room for one more of `size` bytes in a growing array. */
static bool grow(void **array, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return true;
	size_t more = *room ? *room * 2 : 256;
	void *grown = realloc(*array, more * size);
	if (!grown)
		return false;
	*array = grown;
	*room = more;
	return true;
}

void range_list_deinit(struct range_list *list)
{
	free(list->ranges4);
	free(list->ranges6);
	*list = (struct range_list){0};
}

static int add4(struct range_list *list, uint32_t start, uint32_t end, uint32_t value)
{
	struct range4 *last = list->count4 ? &list->ranges4[list->count4 - 1] : NULL;
	if (last && last->value == value && start && last->end == start - 1) {
		last->end = end;
		return PF_OK;
	}
	if (!grow((void **)&list->ranges4, list->count4, &list->room4, sizeof list->ranges4[0]))
		return PF_ENOMEM;
	list->ranges4[list->count4++] = (struct range4){start, end, value};
	return PF_OK;
}

/* Is `next` the address behind `before`? */
static bool follows(const uint8_t before[16], const uint8_t next[16])
{
	uint64_t high[2] = {range_read64(before), range_read64(next)};
	uint64_t low[2] = {range_read64(before + 8), range_read64(next + 8)};
	return low[1] == low[0] + 1 && high[1] == high[0] + !low[1] && (low[1] || high[1]);
}

static int add6(struct range_list *list, const uint8_t start[16], const uint8_t end[16],
                uint32_t value)
{
	struct range6 *last = list->count6 ? &list->ranges6[list->count6 - 1] : NULL;
	if (last && last->value == value && follows(last->end, start)) {
		memcpy(last->end, end, 16);
		return PF_OK;
	}
	if (!grow((void **)&list->ranges6, list->count6, &list->room6, sizeof list->ranges6[0]))
		return PF_ENOMEM;
	struct range6 *to = &list->ranges6[list->count6++];
	memcpy(to->start, start, 16);
	memcpy(to->end, end, 16);
	to->value = value;
	return PF_OK;
}

int range_list_add(struct range_list *list, const struct addr *start, const struct addr *end,
                   uint32_t value, size_t max)
{
	if (list->count4 + list->count6 >= max)
		return PF_EFULL;
	if (start->family == 4)
		return add4(list, range_read32(start->bytes), range_read32(end->bytes), value);
	return add6(list, start->bytes, end->bytes, value);
}

/* ---- sorting ----------------------------------------------------------------------------- */

/* In the order of the starts; of those that start together the one that wins comes last. */
static int compare4(const void *left, const void *right)
{
	const struct range4 *a = left, *b = right;
	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	if (a->end != b->end)
		return a->end > b->end ? -1 : 1;
	return a->value == b->value ? 0 : a->value > b->value ? -1 : 1;
}

static int compare6(const void *left, const void *right)
{
	const struct range6 *a = left, *b = right;
	int order = memcmp(a->start, b->start, 16);
	if (!order)
		order = memcmp(b->end, a->end, 16);
	return order ? order : a->value == b->value ? 0 : a->value > b->value ? -1 : 1;
}

static bool is_disjoint4(const struct range_list *list)
{
	for (size_t i = 1; i < list->count4; i++)
		if (list->ranges4[i].start <= list->ranges4[i - 1].end)
			return false;
	return true;
}

static bool is_disjoint6(const struct range_list *list)
{
	for (size_t i = 1; i < list->count6; i++)
		if (memcmp(list->ranges6[i].start, list->ranges6[i - 1].end, 16) <= 0)
			return false;
	return true;
}

/* Published tables are sorted already. */
static void sort(void *array, size_t count, size_t size, int (*compare)(const void *, const void *))
{
	const char *at = array;
	size_t i = 1;
	while (i < count && compare(at + (i - 1) * size, at + i * size) <= 0)
		i++;
	if (i < count)
		qsort(array, count, size, compare);
}

static int finish4(struct range_list *list)
{
	if (is_disjoint4(list))
		return PF_OK;
	sort(list->ranges4, list->count4, sizeof list->ranges4[0], compare4);
	if (is_disjoint4(list))
		return PF_OK;
	return overlap_resolve4(&list->ranges4, &list->count4, &list->room4);
}

static int finish6(struct range_list *list)
{
	if (is_disjoint6(list))
		return PF_OK;
	sort(list->ranges6, list->count6, sizeof list->ranges6[0], compare6);
	if (is_disjoint6(list))
		return PF_OK;
	return overlap_resolve6(&list->ranges6, &list->count6, &list->room6);
}

int range_list_finish(struct range_list *list)
{
	int error = finish4(list);
	return error == PF_OK ? finish6(list) : error;
}
