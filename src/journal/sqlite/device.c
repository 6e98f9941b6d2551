/* Rows of devices: the name of the latest sight, and sums that outlive the raw queries. */
#include <stdio.h>
#include <string.h>

#include "journal/sqlite/state.h"

static int find_or_make(struct sqlite_sink *sink, const struct record *record, int64_t time_ms,
                        struct device_seen *device)
{
	sqlite3_stmt *find = sink->statements[ST_DEVICE_FIND];
	if (sqlite3_bind_text(find, 1, record->device_id, -1, SQLITE_STATIC) != SQLITE_OK)
		return PF_EIO;
	int result = sqlite3_step(find);
	if (result == SQLITE_ROW) {
		device->id = sqlite3_column_int64(find, 0);
		snprintf(device->name, sizeof device->name, "%s",
		         (const char *)sqlite3_column_text(find, 1));
	}
	sqlite3_reset(find);
	if (result == SQLITE_ROW)
		return PF_OK;
	if (result != SQLITE_DONE)
		return PF_EIO;
	struct value values[] = {{.text = record->device_id},
	                         {.text = record->device_name},
	                         {.number = time_ms}};
	result = statement_run(sink->statements[ST_DEVICE_INSERT], values, PF_COUNT(values));
	device->id = sqlite3_last_insert_rowid(sink->db);
	snprintf(device->name, sizeof device->name, "%s", record->device_name);
	return result;
}

static int device_of(struct sqlite_sink *sink, const struct record *record, int64_t time_ms,
                     struct device_seen **device)
{
	size_t key_length = strlen(record->device_id);
	struct dictionary_entry *entry =
		dictionary_find(&sink->device_ids, record->device_id, key_length);
	if (entry) {
		*device = &sink->devices[entry->id];
		return PF_OK;
	}
	if (sink->device_count == DEVICE_CACHE_MAX) {
		int result = device_flush(sink);
		if (result != PF_OK)
			return result;
		device_forget(sink);
	}
	*device = &sink->devices[sink->device_count];
	**device = (struct device_seen){0};
	int result = find_or_make(sink, record, time_ms, *device);
	if (result != PF_OK)
		return result;
	if (!dictionary_add(&sink->device_ids, record->device_id, key_length,
	                    (int64_t)sink->device_count))
		return PF_ENOMEM;
	sink->device_count++;
	return PF_OK;
}

int device_see(struct sqlite_sink *sink, const struct record *record, int64_t time_ms, int64_t *id)
{
	struct device_seen *device;
	int result = device_of(sink, record, time_ms, &device);
	if (result != PF_OK)
		return result;
	if (strcmp(device->name, record->device_name)) {
		struct value values[] = {{.text = record->device_name}, {.number = device->id}};
		result = statement_run(sink->statements[ST_DEVICE_RENAME], values, PF_COUNT(values));
		if (result != PF_OK)
			return result;
		snprintf(device->name, sizeof device->name, "%s", record->device_name);
	}
	if (!device->queries || time_ms < device->first)
		device->first = time_ms;
	if (!device->queries || time_ms > device->last)
		device->last = time_ms;
	device->queries++;
	device->flagged += record->action == ACTION_FLAG;
	device->sinkholed += record->action == ACTION_SINKHOLE;
	*id = device->id;
	return PF_OK;
}

int device_flush(struct sqlite_sink *sink)
{
	for (size_t i = 0; i < sink->device_count; i++) {
		struct device_seen *device = &sink->devices[i];
		if (!device->queries)
			continue;
		struct value values[] = {{.number = device->id},      {.number = device->first},
		                         {.number = device->last},    {.number = device->queries},
		                         {.number = device->flagged}, {.number = device->sinkholed}};
		int result = statement_run(sink->statements[ST_DEVICE_COUNT], values, PF_COUNT(values));
		if (result != PF_OK)
			return result;
		device->queries = device->flagged = device->sinkholed = 0;
	}
	return PF_OK;
}

void device_forget(struct sqlite_sink *sink)
{
	dictionary_clear(&sink->device_ids);
	sink->device_count = 0;
}
