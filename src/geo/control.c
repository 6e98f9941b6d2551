/* The tables of control.h. IPv4 and IPv6 ranges are kept apart; IPv4 ones take 12 bytes each. */
#include "geo/control.h"

#include <stdlib.h>
#include <string.h>

#include "geo/control_mmdb.h"
#include "geo/csv.h"
#include "geo/mmdb.h"
#include "geo/overlap.h"

static uint32_t read32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Makes room for one more of `size` bytes in a growing array. */
static bool grow(void **array, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return true;
	size_t more = *room ? *room * 2 : 1024;
	void *grown = realloc(*array, more * size);
	if (!grown)
		return false;
	*array = grown;
	*room = more;
	return true;
}

/* Gives back what was allocated in advance; keeping it is no failure. */
static void trim(void **array, size_t count, size_t *room, size_t size)
{
	void *shrunk = count ? realloc(*array, count * size) : NULL;
	if (!shrunk)
		return;
	*array = shrunk;
	*room = count;
}

struct control *control_new(void)
{
	return calloc(1, sizeof(struct control));
}

void control_free(struct control **control)
{
	if (!*control)
		return;
	free((*control)->ranges4);
	free((*control)->ranges6);
	as_table_deinit(&(*control)->table);
	free(*control);
	*control = NULL;
}

/* ---- reading ----------------------------------------------------------------------------- */

static int take_range(void *data, const struct as_range *range)
{
	struct control *control = data;
	uint32_t as;
	int error = as_table_add(&control->table, range->asn, range->organisation,
	                         range->organisation_length, &as);
	if (error != PF_OK)
		return error;
	if (control->count4 + control->count6 >= GEO_RANGES_MAX)
		return PF_EFULL;
	if (range->start.family == 4) {
		if (!grow((void **)&control->ranges4, control->count4, &control->room4,
		          sizeof control->ranges4[0]))
			return PF_ENOMEM;
		control->ranges4[control->count4++] =
			(struct range4){read32(range->start.bytes), read32(range->end.bytes), as};
		return PF_OK;
	}
	if (!grow((void **)&control->ranges6, control->count6, &control->room6,
	          sizeof control->ranges6[0]))
		return PF_ENOMEM;
	struct range6 *to = &control->ranges6[control->count6++];
	memcpy(to->start, range->start.bytes, 16);
	memcpy(to->end, range->end.bytes, 16);
	to->as = as;
	return PF_OK;
}

int control_read(struct control *control, const struct config_path *path, const char *file,
                 struct diag *diag, struct control_file *read)
{
	const struct as_range_taker taker = {take_range, control};
	size_t before = control->count4 + control->count6;
	*read = (struct control_file){0};
	int error = mmdb_recognise(path->path)
	                ? control_read_mmdb(path, file, diag, &taker, &read->built_us)
	                : csv_read_ranges(path, file, diag, &taker);
	read->count = control->count4 + control->count6 - before;
	if (error != PF_EFULL)
		return error;
	diag_error(diag, file, path->pos.line, path->pos.column,
	           "%s has more than %d ranges or %d networks: it is no table of AS ranges", path->path,
	           GEO_RANGES_MAX, AS_MAX);
	return PF_EINVAL;
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
	return a->as == b->as ? 0 : a->as > b->as ? -1 : 1;
}

static int compare6(const void *left, const void *right)
{
	const struct range6 *a = left, *b = right;
	int order = memcmp(a->start, b->start, 16);
	if (!order)
		order = memcmp(b->end, a->end, 16);
	return order ? order : a->as == b->as ? 0 : a->as > b->as ? -1 : 1;
}

static bool is_disjoint4(const struct control *control)
{
	for (size_t i = 1; i < control->count4; i++)
		if (control->ranges4[i].start <= control->ranges4[i - 1].end)
			return false;
	return true;
}

static bool is_disjoint6(const struct control *control)
{
	for (size_t i = 1; i < control->count6; i++)
		if (memcmp(control->ranges6[i].start, control->ranges6[i - 1].end, 16) <= 0)
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

static int finish4(struct control *control)
{
	if (is_disjoint4(control))
		return PF_OK;
	sort(control->ranges4, control->count4, sizeof control->ranges4[0], compare4);
	if (is_disjoint4(control))
		return PF_OK;
	return overlap_resolve4(&control->ranges4, &control->count4, &control->room4);
}

static int finish6(struct control *control)
{
	if (is_disjoint6(control))
		return PF_OK;
	sort(control->ranges6, control->count6, sizeof control->ranges6[0], compare6);
	if (is_disjoint6(control))
		return PF_OK;
	return overlap_resolve6(&control->ranges6, &control->count6, &control->room6);
}

int control_finish(struct control *control)
{
	int error = finish4(control);
	if (error == PF_OK)
		error = finish6(control);
	if (error != PF_OK)
		return error;
	trim((void **)&control->ranges4, control->count4, &control->room4, sizeof control->ranges4[0]);
	trim((void **)&control->ranges6, control->count6, &control->room6, sizeof control->ranges6[0]);
	as_table_trim(&control->table);
	return PF_OK;
}

/* ---- asking ------------------------------------------------------------------------------ */

/* The last range that starts at or before the address; the answer when it reaches that far. */
static const struct range4 *find4(const struct control *control, uint32_t address)
{
	size_t low = 0, high = control->count4;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (control->ranges4[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low && control->ranges4[low - 1].end >= address ? &control->ranges4[low - 1] : NULL;
}

static const struct range6 *find6(const struct control *control, const uint8_t address[16])
{
	size_t low = 0, high = control->count6;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (memcmp(control->ranges6[middle].start, address, 16) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low && memcmp(control->ranges6[low - 1].end, address, 16) >= 0
	           ? &control->ranges6[low - 1]
	           : NULL;
}

const struct as *control_find(const struct control *control, const struct addr *addr)
{
	if (addr->family == 4) {
		const struct range4 *range = find4(control, read32(addr->bytes));
		return range ? &control->table.systems[range->as] : NULL;
	}
	const struct range6 *range = find6(control, addr->bytes);
	return range ? &control->table.systems[range->as] : NULL;
}

const char *control_organisation(const struct control *control, uint32_t asn)
{
	return as_table_organisation(&control->table, asn);
}
