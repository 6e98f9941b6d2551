/* Rows of devices: the name of the latest sight. Their counts are sums.c's. */
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

int device_rename(struct sqlite_sink *sink, uint32_t index, const char *name)
{
	struct device_seen *device = &sink->devices[index];
	if (!strcmp(device->name, name))
		return PF_OK;
	struct value values[] = {{.text = name}, {.number = device->id}};
	int result = statement_run(sink->statements[ST_DEVICE_RENAME], values, PF_COUNT(values));
	if (result == PF_OK)
		snprintf(device->name, sizeof device->name, "%s", name);
	return result;
}

int device_see(struct sqlite_sink *sink, const struct record *record, int64_t time_ms,
               uint32_t *index)
{
	size_t key_length = strlen(record->device_id);
	struct dictionary_entry *entry =
		dictionary_find(&sink->device_ids, record->device_id, key_length);
	if (entry) {
		*index = (uint32_t)entry->id;
		return device_rename(sink, *index, record->device_name);
	}
	if (sink->device_count == DEVICE_CACHE_MAX)
		return PF_EFULL;
	*index = (uint32_t)sink->device_count;
	struct device_seen *device = &sink->devices[*index];
	*device = (struct device_seen){0};
	int result = find_or_make(sink, record, time_ms, device);
	if (result != PF_OK)
		return result;
	if (!dictionary_add(&sink->device_ids, record->device_id, key_length, *index))
		return PF_ENOMEM;
	sink->device_count++;
	return device_rename(sink, *index, record->device_name);
}

void device_forget(struct sqlite_sink *sink)
{
	dictionary_clear(&sink->device_ids);
	sink->device_count = 0;
}
