/* Devices of the daemon and devices of the journal are the same when their ids are. */
#include "admin/devices.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	bool time;
} figures[] = {{"first", true},    {"last", true},       {"queries", false},
               {"flagged", false}, {"sinkholed", false}, {"overseas_names", false}};

/* {id: the row, shared}, for a search that does not grow with their number. */
static json_t *index_of(json_t *devices)
{
	json_t *rows = json_object(), *row;
	size_t i;
	json_array_foreach(devices, i, row)
	{
		const char *id = json_string_value(json_object_get(row, "id"));
		if (rows && id && json_object_set_nocheck(rows, id, row)) {
			json_decref(rows);
			return NULL;
		}
	}
	return rows;
}

/* A device that is in the journal only: it was here once. Returns a borrowed row, or NULL. */
static json_t *add_past(json_t *devices, const char *id, json_t *name)
{
	bool has_mac = !strncmp(id, "mac:", 4);
	json_t *row = json_pack("{s:s, s:O, s:b, s:[s, s], s:{}, s:o, s:[], s:s, s:s, s:b, s:s}", "id",
	                        id, "name", name, "known", 0, "tags", "all", "unknown", "tag_origins",
	                        "mac", has_mac ? json_string(id + 4) : json_null(), "addresses",
	                        "vendor", "", "hostname", "", "mac_is_local", 0, "named_by", "");
	return row && !json_array_append_new(devices, row) ? row : NULL;
}

static int copy_figures(json_t *row, json_t *from)
{
	for (size_t i = 0; i < PF_COUNT(figures); i++) {
		json_t *value = json_object_get(from, figures[i].name);
		if (value && json_object_set(row, figures[i].name, value))
			return PF_ENOMEM;
	}
	return PF_OK;
}

static int add_seen(json_t *devices, json_t *seen)
{
	json_t *index = index_of(devices), *from;
	size_t i;
	int result = index ? PF_OK : PF_ENOMEM;
	json_array_foreach(seen, i, from)
	{
		const char *id = json_string_value(json_object_get(from, "id"));
		if (result != PF_OK)
			break;
		if (!id)
			continue;
		json_t *row = json_object_get(index, id);
		if (!row)
			row = add_past(devices, id, json_object_get(from, "name"));
		result = row ? copy_figures(row, from) : PF_ENOMEM;
	}
	json_decref(index);
	return result;
}

/* Who has never asked has figures all the same. */
static int fill_figures(json_t *row)
{
	for (size_t i = 0; i < PF_COUNT(figures); i++)
		if (!json_object_get(row, figures[i].name) &&
		    json_object_set_new(row, figures[i].name,
		                        figures[i].time ? json_null() : json_integer(0)))
			return PF_ENOMEM;
	return PF_OK;
}

int devices_join(json_t *document, json_t *seen, bool unknown_only)
{
	json_t *devices = json_object_get(document, "devices"), *row;
	size_t i;
	if (add_seen(devices, seen) != PF_OK)
		return PF_ENOMEM;
	json_t *kept = json_array();
	json_array_foreach(devices, i, row)
	{
		if (unknown_only && json_is_true(json_object_get(row, "known")))
			continue;
		if (fill_figures(row) != PF_OK || json_array_append(kept, row)) {
			json_decref(kept);
			return PF_ENOMEM;
		}
	}
	return kept && !json_object_set_new(document, "devices", kept) ? PF_OK : PF_ENOMEM;
}

static const char *id_of(const json_t *row)
{
	const char *id = json_string_value(json_object_get(row, "id"));
	return id ? id : "";
}

static int by_id(const void *a, const void *b)
{
	return strcmp(id_of(*(json_t *const *)a), id_of(*(json_t *const *)b));
}

/* The page out of `rows`, which are sorted. NULL without memory. */
static json_t *page_of(json_t **rows, size_t count, const char *after, size_t most, bool *rest)
{
	json_t *page = json_array();
	size_t i = 0;
	while (after && i < count && strcmp(id_of(rows[i]), after) <= 0)
		i++;
	for (; page && i < count && json_array_size(page) < most; i++)
		if (json_array_append(page, rows[i])) {
			json_decref(page);
			return NULL;
		}
	*rest = i < count;
	return page;
}

int devices_page(json_t *document, const char *after, size_t most)
{
	json_t *devices = json_object_get(document, "devices"), *row, *page = NULL;
	size_t count = json_array_size(devices), i;
	bool rest = false;
	if (!most && !after)
		return json_object_set_new(document, "after", json_null()) ? PF_ENOMEM : PF_OK;
	json_t **rows = calloc(count + 1, sizeof *rows);
	if (rows) {
		json_array_foreach(devices, i, row) rows[i] = row;
		qsort(rows, count, sizeof *rows, by_id);
		page = page_of(rows, count, after, most ? most : count, &rest);
	}
	free(rows);
	if (!page)
		return PF_ENOMEM;
	const char *last = id_of(json_array_get(page, json_array_size(page) - 1));
	bool failed =
		json_object_set_new(document, "after", rest ? json_string(last) : json_null()) != 0;
	return json_object_set_new(document, "devices", page) || failed ? PF_ENOMEM : PF_OK;
}
