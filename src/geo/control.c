/* The tables of control.h. IPv4 and IPv6 ranges are kept apart; IPv4 ones take 12 bytes each. */
#include "geo/control.h"

#include <stdlib.h>
#include <string.h>

#include "geo/csv.h"

#define AS_MAX 200000 /* autonomous systems; some 80,000 announce anything */

struct range4 {
	uint32_t start, end, as; /* `as` is an index */
};

struct range6 {
	uint8_t start[16], end[16];
	uint32_t as;
};

struct control {
	size_t count4, room4, count6, room6;
	struct range4 *ranges4;
	struct range6 *ranges6;
	size_t as_count, as_room, slot_mask;
	struct as *systems;
	uint32_t *slots; /* AS number → index + 1, open addressing */
	size_t names_length, names_room;
	char *names; /* organisations, NUL between them */
};

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
	free((*control)->systems);
	free((*control)->slots);
	free((*control)->names);
	free(*control);
	*control = NULL;
}

/* ---- autonomous systems ------------------------------------------------------------------ */

static uint32_t *as_slot(const struct control *control, uint32_t number)
{
	size_t at = (number * 0x9e3779b1u) & control->slot_mask;
	while (control->slots[at] && control->systems[control->slots[at] - 1].number != number)
		at = (at + 1) & control->slot_mask;
	return &control->slots[at];
}

static bool rehash(struct control *control)
{
	size_t size = control->slot_mask ? (control->slot_mask + 1) * 2 : 4096;
	uint32_t *slots = calloc(size, sizeof *slots);
	if (!slots)
		return false;
	free(control->slots);
	control->slots = slots;
	control->slot_mask = size - 1;
	for (size_t i = 0; i < control->as_count; i++)
		*as_slot(control, control->systems[i].number) = (uint32_t)i + 1;
	return true;
}

static int keep_name(struct control *control, const char *name, uint32_t *offset)
{
	size_t length = strlen(name) + 1;
	while (control->names_room < control->names_length + length) {
		size_t room = control->names_room ? control->names_room * 2 : 65536;
		char *grown = realloc(control->names, room);
		if (!grown)
			return PF_ENOMEM;
		control->names = grown;
		control->names_room = room;
	}
	*offset = (uint32_t)control->names_length;
	memcpy(control->names + control->names_length, name, length);
	control->names_length += length;
	return PF_OK;
}

/* The index of an AS, added with its organisation when it is new. */
static int intern_as(struct control *control, uint32_t number, const char *organisation,
                     uint32_t *index)
{
	if (control->as_count * 2 >= control->slot_mask && !rehash(control))
		return PF_ENOMEM;
	uint32_t *slot = as_slot(control, number);
	if (*slot) {
		*index = *slot - 1;
		return PF_OK;
	}
	if (control->as_count == AS_MAX)
		return PF_EFULL;
	struct as as = {.number = number};
	if (!grow((void **)&control->systems, control->as_count, &control->as_room, sizeof as) ||
	    keep_name(control, organisation, &as.organisation) != PF_OK)
		return PF_ENOMEM;
	control->systems[control->as_count] = as;
	*index = (uint32_t)control->as_count++;
	*slot = *index + 1;
	return PF_OK;
}

/* ---- reading ----------------------------------------------------------------------------- */

static int add_range(struct control *control, const struct csv_range *range)
{
	uint32_t as;
	int error = intern_as(control, range->asn, range->organisation, &as);
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

static int on_range(void *data, const struct csv_range *range)
{
	return add_range(data, range);
}

int control_read(struct control *control, const struct config_path *path, const char *file,
                 struct diag *diag, size_t *count)
{
	size_t before = control->count4 + control->count6;
	int error = csv_read_ranges(path, file, diag, on_range, control);
	*count = control->count4 + control->count6 - before;
	if (error == PF_EFULL)
		diag_error(diag, file, path->pos.line, path->pos.column,
		           "%s has more than %d ranges or %d networks: it is no table of AS ranges",
		           path->path, GEO_RANGES_MAX, AS_MAX);
	return error == PF_EFULL ? PF_EINVAL : error;
}

/* ---- sorting ----------------------------------------------------------------------------- */

static int compare4(const void *left, const void *right)
{
	const struct range4 *a = left, *b = right;
	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return a->end == b->end ? 0 : a->end > b->end ? -1 : 1; /* the shorter one last: it wins */
}

static int compare6(const void *left, const void *right)
{
	const struct range6 *a = left, *b = right;
	int order = memcmp(a->start, b->start, 16);
	return order ? order : memcmp(b->end, a->end, 16);
}

void control_finish(struct control *control)
{
	if (control->count4)
		qsort(control->ranges4, control->count4, sizeof control->ranges4[0], compare4);
	if (control->count6)
		qsort(control->ranges6, control->count6, sizeof control->ranges6[0], compare6);
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
		return range ? &control->systems[range->as] : NULL;
	}
	const struct range6 *range = find6(control, addr->bytes);
	return range ? &control->systems[range->as] : NULL;
}

const char *control_organisation(const struct control *control, uint32_t asn)
{
	if (!control->slots)
		return "";
	uint32_t slot = *as_slot(control, asn);
	return slot ? control->names + control->systems[slot - 1].organisation : "";
}

/* ---- the country of an AS ---------------------------------------------------------------- */

/* How much of an AS's space stands in one country. */
struct share {
	uint32_t as;
	struct country country;
	bool v6;
	uint64_t weight;
};

static int compare_share(const void *left, const void *right)
{
	const struct share *a = left, *b = right;
	if (a->as != b->as)
		return a->as < b->as ? -1 : 1;
	if (a->v6 != b->v6)
		return a->v6 ? 1 : -1;
	return memcmp(a->country.code, b->country.code, sizeof a->country.code);
}

/* The size of an IPv6 range in /48s, at least one. */
static uint64_t weight6(const struct range6 *range)
{
	uint64_t start = (uint64_t)read32(range->start) << 32 | read32(range->start + 4);
	uint64_t end = (uint64_t)read32(range->end) << 32 | read32(range->end + 4);
	return ((end - start) >> 16) + 1;
}

static size_t collect(const struct control *control, const struct location *location,
                      struct share *shares)
{
	size_t count = 0;
	struct addr addr = {.family = 4};
	for (size_t i = 0; i < control->count4; i++) {
		const struct range4 *range = &control->ranges4[i];
		for (int byte = 0; byte < 4; byte++)
			addr.bytes[byte] = (uint8_t)(range->start >> (24 - 8 * byte));
		struct country country = location_find(location, &addr);
		if (country_known(country))
			shares[count++] =
				(struct share){range->as, country, false, (uint64_t)range->end - range->start + 1};
	}
	addr.family = 6;
	for (size_t i = 0; i < control->count6; i++) {
		const struct range6 *range = &control->ranges6[i];
		memcpy(addr.bytes, range->start, 16);
		struct country country = location_find(location, &addr);
		if (country_known(country))
			shares[count++] = (struct share){range->as, country, true, weight6(range)};
	}
	return count;
}

void control_derive_countries(struct control *control, const struct location *location)
{
	size_t room = control->count4 + control->count6;
	struct share *shares = calloc(room + 1, sizeof *shares);
	if (!shares)
		return; /* then control has no country: nothing is claimed */
	size_t count = collect(control, location, shares);
	qsort(shares, count, sizeof *shares, compare_share);
	for (size_t i = 0; i < count;) {
		uint32_t as = shares[i].as;
		bool v6 = shares[i].v6; /* IPv4 comes first */
		uint64_t best = 0;
		while (i < count && shares[i].as == as && shares[i].v6 == v6) {
			struct share sum = shares[i++];
			while (i < count && !compare_share(&shares[i], &sum))
				sum.weight += shares[i++].weight;
			if (sum.weight > best) {
				best = sum.weight;
				control->systems[as].country = sum.country;
			}
		}
		while (i < count && shares[i].as == as)
			i++;
	}
	free(shares);
}
