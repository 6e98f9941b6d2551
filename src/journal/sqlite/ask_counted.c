/* Sums that the tables of sums do not have, because a filter says what is not told apart there (rule, type, network …): counted from the
 * raw queries, and so of the time that those are kept. Kinds are put into groups (device, name, action, standing) first; then each
 * query costs one look-up in a table of (group, hour or day). */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "journal/sqlite/ask_counted.h"
#include "journal/sqlite/scan.h"

#define CELLS_MAX (1u << 22) /* (group, time): 64 MB; who needs more asks for less */
#define CELLS_FIRST 4096

struct group {
	char *device_id, *device, *name, *action, *standing; /* owned, in one piece: device_id */
};

struct cell {
	uint32_t group;
	uint32_t unit; /* hours or days since 1970 */
	int64_t count; /* 0: nothing stands here */
};

struct counted {
	struct group *groups;
	uint32_t group_count, group_room;
	uint32_t *of_kind; /* kind to its group + 1; 0: the filter leaves it out */
	int64_t kind_max;
	struct cell *cells; /* open addressing, a power of two */
	uint32_t cell_count, cell_room;
	int64_t unit_ms;
	bool names;
};

/* ---- groups ------------------------------------------------------------------------------ */

static bool same_group(const struct group *group, sqlite3_stmt *row)
{
	return !strcmp(group->device_id, ask_text_of(row, 1)) &&
	       !strcmp(group->name, ask_text_of(row, 3)) &&
	       !strcmp(group->action, ask_text_of(row, 4)) &&
	       !strcmp(group->standing, ask_text_of(row, 5));
}

static int add_group(struct counted *counted, sqlite3_stmt *row)
{
	if (counted->group_count == counted->group_room) {
		uint32_t room = counted->group_room ? 2 * counted->group_room : 256;
		struct group *groups = realloc(counted->groups, room * sizeof *groups);
		if (!groups)
			return PF_ENOMEM;
		counted->groups = groups;
		counted->group_room = room;
	}
	size_t bytes = 0;
	for (int column = 1; column <= 5; column++)
		bytes += strlen(ask_text_of(row, column)) + 1;
	char *text = malloc(bytes);
	if (!text)
		return PF_ENOMEM;
	struct group *group = &counted->groups[counted->group_count++];
	char **const parts[] = {&group->device_id, &group->device, &group->name, &group->action,
	                        &group->standing};
	for (size_t i = 0; i < PF_COUNT(parts); i++) {
		*parts[i] = text;
		text = stpcpy(text, ask_text_of(row, (int)i + 1)) + 1;
	}
	return PF_OK;
}

/* Kinds come ordered by what makes a group. */
static int on_kind(sqlite3_stmt *row, void *each, void *data)
{
	struct counted *counted = each;
	int64_t kind = sqlite3_column_int64(row, 0);
	(void)data;
	if (kind <= 0 || kind > counted->kind_max)
		return PF_OK;
	if (!counted->group_count || !same_group(&counted->groups[counted->group_count - 1], row)) {
		int result = add_group(counted, row);
		if (result != PF_OK)
			return result;
	}
	counted->of_kind[kind] = counted->group_count;
	return PF_OK;
}

static int find_groups(struct sqlite_store *store, const struct store_filter *filter,
                       struct counted *counted)
{
	struct question question;
	int result =
		ask_number(store, "SELECT max(id) FROM kind WHERE id > ?", NULL, 0, &counted->kind_max);
	if (result != PF_OK)
		return result;
	counted->of_kind = calloc((size_t)counted->kind_max + 1, sizeof *counted->of_kind);
	if (!counted->of_kind)
		return PF_ENOMEM;
	ask_init(&question);
	ask_add(&question, "SELECT k.id, d.key, d.name, ");
	ask_add(&question, counted->names ? "n.text" : "'' AS text");
	ask_add(&question,
	        ", o.action, o.standing FROM kind k LEFT JOIN merged m ON m.device = k.device"
	        " CROSS JOIN device d ON d.id = ifnull(m.target, k.device)"
	        " CROSS JOIN name n ON n.id = k.name"
	        " CROSS JOIN outcome o ON o.id = k.outcome WHERE 1");
	result = ask_filter_kind(store, &question, filter);
	ask_add(&question, " ORDER BY d.key, text, o.action, o.standing");
	if (result == PF_OK)
		result = ask_walk(store, &question, on_kind, counted, NULL);
	ask_deinit(&question);
	return result;
}

/* ---- counts ------------------------------------------------------------------------------ */

static struct cell *find_cell(const struct counted *counted, uint32_t group, uint32_t unit)
{
	uint64_t hash = ((uint64_t)group << 32 | unit) * UINT64_C(0x9e3779b97f4a7c15);
	for (uint32_t at = (uint32_t)(hash >> 32);; at++) {
		struct cell *cell = &counted->cells[at & (counted->cell_room - 1)];
		if (!cell->count || (cell->group == group && cell->unit == unit))
			return cell;
	}
}

/* Twice as many, before it is three quarters full. */
static int grow(struct counted *counted)
{
	struct cell *old = counted->cells;
	uint32_t old_room = counted->cell_room, room = old_room ? 2 * old_room : CELLS_FIRST;
	if (counted->cell_count < old_room / 4 * 3)
		return PF_OK;
	struct cell *cells = room <= CELLS_MAX ? calloc(room, sizeof *cells) : NULL;
	if (!cells)
		return PF_ENOMEM;
	counted->cells = cells;
	counted->cell_room = room;
	for (uint32_t i = 0; i < old_room; i++)
		if (old[i].count)
			*find_cell(counted, old[i].group, old[i].unit) = old[i];
	free(old);
	return PF_OK;
}

static int count_row(void *data, const struct scan_row *row)
{
	struct counted *counted = data;
	uint32_t group = row->kind <= counted->kind_max ? counted->of_kind[row->kind] : 0;
	if (!group || row->time_ms < 0)
		return PF_OK;
	if (grow(counted) != PF_OK)
		return PF_ENOMEM;
	uint32_t unit = (uint32_t)(row->time_ms / counted->unit_ms);
	struct cell *cell = find_cell(counted, group, unit);
	if (!cell->count++) {
		cell->group = group;
		cell->unit = unit;
		counted->cell_count++;
	}
	return PF_OK;
}

static int hand_out(const struct counted *counted,
                    int (*each)(void *data, const struct store_sum *row), void *data)
{
	int result = PF_OK;
	for (uint32_t i = 0; i < counted->cell_room && result == PF_OK; i++) {
		const struct cell *cell = &counted->cells[i];
		if (!cell->count)
			continue;
		const struct group *group = &counted->groups[cell->group - 1];
		const struct store_sum row = {
			.device_id = group->device_id,
			.device = group->device,
			.name = group->name,
			.action = group->action,
			.standing = group->standing,
			.country = "",
			.time_wall_us = cell->unit ? cell->unit * counted->unit_ms * US_PER_MS : 0,
			.count = cell->count,
		};
		result = each(data, &row);
	}
	return result;
}

bool ask_counted_needed(const struct store_filter *filter)
{
	return filter->rule || filter->type || filter->country || filter->control || filter->asn;
}

int ask_counted(struct sqlite_store *store, const struct store_filter *filter, bool names,
                int64_t unit_us, int (*each)(void *data, const struct store_sum *row), void *data)
{
	/* Without times: all of them are in the first. */
	struct counted counted = {.unit_ms = unit_us ? unit_us / US_PER_MS : INT64_MAX, .names = names};
	int result = find_groups(store, filter, &counted);
	if (result == PF_OK)
		result = scan(store, filter, count_row, &counted);
	if (result == PF_OK)
		result = hand_out(&counted, each, data);
	for (uint32_t i = 0; i < counted.group_count; i++)
		free(counted.groups[i].device_id);
	free(counted.groups);
	free(counted.of_kind);
	free(counted.cells);
	return result;
}
