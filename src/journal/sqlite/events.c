/* Events out of the journal, see events.h. They are few (at most one a day for each device and name), so that one statement
 * with all its conditions is enough. */
#include "journal/sqlite/events.h"

#include <stddef.h>

#define US_PER_MS 1000

/* A condition whose parameter is NULL holds. */
static const char newest_first[] =
	"SELECT e.time, e.kind, d.key, d.name, e.name, e.before, e.after, e.evidence, e.cause, e.id"
	" FROM event e JOIN device d ON d.id = e.device"
	" WHERE (?1 IS NULL OR ?1 IN (d.name, d.key)) AND (?2 IS NULL OR e.kind = ?2)"
	" AND (?3 IS NULL OR e.time >= ?3) AND (?4 IS NULL OR e.time <= ?4)"
	" AND (?6 IS NULL OR (e.time, e.id) < (?6, ?7))"
	" ORDER BY e.time DESC, e.id DESC LIMIT ?5";

/* The `limit` newest, and these in order. */
static const char in_order[] = "SELECT * FROM (%s) ORDER BY time, id";

/* 0: it has no such table; negative: it can not be read. */
static int has_events(sqlite3 *db)
{
	sqlite3_stmt *find = NULL;
	int result =
		sqlite3_prepare_v2(db,
	                       "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'event'",
	                       -1, &find, NULL);
	if (result == SQLITE_OK)
		result = sqlite3_step(find);
	sqlite3_finalize(find);
	return result == SQLITE_ROW ? 1 : result == SQLITE_DONE ? 0 : PF_EIO;
}

static int bind_text(sqlite3_stmt *rows, int index, const char *text)
{
	return text ? sqlite3_bind_text(rows, index, text, -1, SQLITE_STATIC)
	            : sqlite3_bind_null(rows, index);
}

static int bind_time(sqlite3_stmt *rows, int index, int64_t wall_us)
{
	return wall_us ? sqlite3_bind_int64(rows, index, wall_us / US_PER_MS)
	               : sqlite3_bind_null(rows, index);
}

static int bind(sqlite3_stmt *rows, const struct store_filter *filter)
{
	int result = bind_text(rows, 1, filter->device);
	if (result == SQLITE_OK)
		result = bind_text(rows, 2, filter->kind);
	if (result == SQLITE_OK)
		result = bind_time(rows, 3, filter->since_wall_us);
	if (result == SQLITE_OK)
		result = bind_time(rows, 4, filter->until_wall_us);
	if (result == SQLITE_OK)
		result = sqlite3_bind_int64(rows, 5, filter->limit > 0 ? filter->limit : -1);
	if (result == SQLITE_OK)
		result = bind_time(rows, 6, filter->before_wall_us);
	if (result == SQLITE_OK)
		result = sqlite3_bind_int64(rows, 7, filter->before_row);
	return result;
}

static const char *text_of(sqlite3_stmt *rows, int column)
{
	const char *text = (const char *)sqlite3_column_text(rows, column);
	return text ? text : "";
}

int events_walk(sqlite3 *db, const struct store_filter *filter,
                int (*each)(void *data, const struct store_event *row), void *data)
{
	char sql[1024];
	sqlite3_stmt *rows = NULL;
	int known = has_events(db);
	if (known <= 0)
		return known;
	sqlite3_snprintf(sizeof sql, sql, in_order, newest_first);
	int step = sqlite3_prepare_v2(db, sql, -1, &rows, NULL);
	if (step == SQLITE_OK)
		step = bind(rows, filter);
	int result = step == SQLITE_OK ? PF_OK : PF_EIO;
	while (result == PF_OK && (step = sqlite3_step(rows)) == SQLITE_ROW) {
		struct store_event row = {
			.time_wall_us = sqlite3_column_int64(rows, 0) * US_PER_MS,
			.kind = text_of(rows, 1),
			.device_id = text_of(rows, 2),
			.device = text_of(rows, 3),
			.name = text_of(rows, 4),
			.before = text_of(rows, 5),
			.after = text_of(rows, 6),
			.evidence = text_of(rows, 7),
			.cause = text_of(rows, 8),
			.row = sqlite3_column_int64(rows, 9),
		};
		result = each(data, &row);
	}
	if (result == PF_OK && step != SQLITE_DONE)
		result = PF_EIO;
	sqlite3_finalize(rows);
	return result;
}
