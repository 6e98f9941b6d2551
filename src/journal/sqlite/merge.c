/* The redirections of merge.h. */
#include "journal/sqlite/merge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/sqlite/drift.h"

#define US_PER_MS 1000

enum merge_statement {
	MERGE_FIND,
	MERGE_MAKE,
	MERGE_SUMS,
	MERGE_RETIRE,
	MERGE_REDIRECT,
	MERGE_POINT,
	MERGE_NAME,
	MERGE_RECORD,
	MERGE_STATEMENT_COUNT,
};

/* ?1 is the device that was merged, ?2 the one that it is. */
static const char *const sql[MERGE_STATEMENT_COUNT] = {
	[MERGE_FIND] = "SELECT id, first FROM device WHERE key = ?",
	[MERGE_MAKE] = "INSERT INTO device (key, name, first, last, queries, flagged, sinkholed)"
				   " VALUES (?1, ?2, ?3, ?3, 0, 0, 0)",
	[MERGE_SUMS] = "UPDATE device SET first = min(device.first, f.first),"
				   " last = max(device.last, f.last), queries = device.queries + f.queries,"
				   " flagged = device.flagged + f.flagged,"
				   " sinkholed = device.sinkholed + f.sinkholed"
				   " FROM device f WHERE f.id = ?1 AND device.id = ?2",
	/* No id of a device begins so. */
	[MERGE_RETIRE] = "UPDATE device SET key = 'merged:' || id || ':' || key, queries = 0,"
					 " flagged = 0, sinkholed = 0 WHERE id = ?1",
	[MERGE_REDIRECT] = "UPDATE merged SET target = ?2 WHERE target = ?1",
	[MERGE_POINT] = "INSERT INTO merged (device, target, moved) VALUES (?1, ?2, 0)",
	[MERGE_NAME] = "UPDATE device SET name = (SELECT t.name FROM device t WHERE t.id = ?2)"
				   " WHERE id IN (SELECT m.device FROM merged m WHERE m.target = ?2)",
	[MERGE_RECORD] = "INSERT INTO device_change (time, kind, former, device, since, why)"
					 " VALUES (?, ?, ?, ?, ?, ?)",
};

/* One step for endpoints: what both have becomes one; what only the old one has moves. The rest when none is left. */
#define STEP "SELECT id FROM endpoint WHERE device = ?1 ORDER BY name, type, address LIMIT ?3"
#define THE_SAME                                                          \
	"o.device = ?2 AND o.name = endpoint.name AND o.type = endpoint.type" \
	" AND o.address = endpoint.address"
static const char *const move_endpoints[] = {
	"UPDATE endpoint SET first = min(endpoint.first, f.first),"
	" fact = iif(f.last >= endpoint.last, f.fact, endpoint.fact),"
	" via = iif(f.last >= endpoint.last, f.via, endpoint.via),"
	" dnssec = max(endpoint.dnssec, f.dnssec),"
	" last = max(endpoint.last, f.last), count = endpoint.count + f.count"
	" FROM endpoint f WHERE f.id IN (" STEP ") AND endpoint.device = ?2"
	" AND endpoint.name = f.name AND endpoint.type = f.type AND endpoint.address = f.address",
	"DELETE FROM endpoint WHERE id IN (" STEP
	") AND EXISTS (SELECT 1 FROM endpoint o WHERE " THE_SAME ")",
	"UPDATE OR IGNORE endpoint SET device = ?2 WHERE id IN (" STEP ")",
};
/* Sums of both are added up. */
#define MOVE_SUM(table, time, name)                                                                \
	"INSERT INTO " table " (device, " time name ", class, count) SELECT ?2, " time name            \
	", class, count FROM (SELECT * FROM " table " WHERE device = ?1 ORDER BY " time name           \
	", class LIMIT ?3) WHERE true ON CONFLICT DO UPDATE SET count = count + excluded.count",       \
		"DELETE FROM " table " WHERE (device, " time name ", class) IN (SELECT device, " time name \
		", class FROM " table " WHERE device = ?1 ORDER BY " time name ", class LIMIT ?3)"
static const char *const move_sums[] = {
	MOVE_SUM("sum_hour", "hour", ", name"),   MOVE_SUM("sum_day", "day", ", name"),
	MOVE_SUM("sum_month", "month", ", name"), MOVE_SUM("total_hour", "hour", ""),
	MOVE_SUM("total_day", "day", ""),         MOVE_SUM("total_month", "month", ""),
};
/* Of the seven tables this one has the most rows. */
#define ANY_LEFT(device)                                                       \
	"(EXISTS (SELECT 1 FROM endpoint e WHERE e.device = " device ") OR EXISTS" \
	" (SELECT 1 FROM sum_hour s WHERE s.device = " device "))"
static const char count_left[] = "SELECT " ANY_LEFT("?1");
static const char *const move_rest[] = {
	"INSERT OR IGNORE INTO met (device, country, first) SELECT ?2, country, first FROM met"
	" WHERE device = ?1",
	"DELETE FROM met WHERE device = ?1",
	"INSERT OR IGNORE INTO drift (device, name, standing, state, told, last)"
	" SELECT ?2, name, standing, state, told, last FROM drift WHERE device = ?1",
	"DELETE FROM drift WHERE device = ?1",
	"UPDATE event SET device = ?2 WHERE device = ?1",
	"UPDATE merged SET moved = 1 WHERE device = ?1",
};

struct merge {
	sqlite3_stmt *statements[MERGE_STATEMENT_COUNT];
	bool unmoved; /* perhaps some endpoints wait to be moved */
	bool
		checked; /* that no endpoint came to a merged device later: after a crash, or for want of its answer */
};

static const char tables[] =
	"CREATE TABLE IF NOT EXISTS merged (device INTEGER PRIMARY KEY REFERENCES device,"
	" target INTEGER NOT NULL REFERENCES device, moved INTEGER NOT NULL) STRICT;"
	"CREATE INDEX IF NOT EXISTS event_device ON event (device);"
	"CREATE INDEX IF NOT EXISTS merged_target ON merged (target);"
	"CREATE INDEX IF NOT EXISTS merged_unmoved ON merged (device) WHERE moved = 0;"
	"CREATE TABLE IF NOT EXISTS device_change (id INTEGER PRIMARY KEY, time INTEGER NOT NULL,"
	" kind TEXT NOT NULL, former TEXT NOT NULL, device INTEGER NOT NULL REFERENCES device,"
	" since INTEGER NOT NULL, why TEXT NOT NULL) STRICT;"
	"CREATE VIEW IF NOT EXISTS v_device_changes (time, kind, former, id, device, since, why) AS"
	" SELECT strftime('%Y-%m-%dT%H:%M:%S', c.time / 1000, 'unixepoch')"
	" || printf('.%03dZ', c.time % 1000), c.kind, c.former, d.key, d.name,"
	" strftime('%Y-%m-%dT%H:%M:%S', c.since / 1000, 'unixepoch')"
	" || printf('.%03dZ', c.since % 1000), c.why FROM device_change c"
	" LEFT JOIN merged m ON m.device = c.device JOIN device d ON d.id = ifnull(m.target, c.device);";

struct merge *merge_open(struct sqlite_sink *sink)
{
	struct merge *merge = calloc(1, sizeof *merge);
	if (!merge)
		return NULL;
	merge->unmoved = true;
	int result = sqlite3_exec(sink->db, tables, NULL, NULL, NULL);
	for (size_t i = 0; i < MERGE_STATEMENT_COUNT && result == SQLITE_OK; i++)
		result = sqlite3_prepare_v3(sink->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT,
		                            &merge->statements[i], NULL);
	if (result != SQLITE_OK)
		merge_close(&merge);
	return merge;
}

void merge_close(struct merge **merge)
{
	if (!*merge)
		return;
	for (size_t i = 0; i < MERGE_STATEMENT_COUNT; i++)
		sqlite3_finalize((*merge)->statements[i]);
	free(*merge);
	*merge = NULL;
}

int merge_prepare_reader(sqlite3 *db)
{
	sqlite3_stmt *find = NULL;
	int result = sqlite3_prepare_v2(db, "SELECT 1 FROM sqlite_schema WHERE name = 'merged'", -1,
	                                &find, NULL);
	if (result == SQLITE_OK)
		result = sqlite3_step(find);
	sqlite3_finalize(find);
	if (result != SQLITE_DONE)
		return result == SQLITE_ROW ? SQLITE_OK : result;
	return sqlite3_exec(db,
	                    "CREATE TEMP TABLE merged (device INTEGER PRIMARY KEY,"
	                    " target INTEGER NOT NULL)",
	                    NULL, NULL, NULL);
}

/* ---- a change ---------------------------------------------------------------------------- */

/* PF_ENOENT: nobody has asked under this id. */
static int find(struct merge *merge, const char *key, int64_t *id, int64_t *first_ms)
{
	sqlite3_stmt *statement = merge->statements[MERGE_FIND];
	if (sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC) != SQLITE_OK)
		return PF_EIO;
	int step = sqlite3_step(statement);
	if (step == SQLITE_ROW) {
		*id = sqlite3_column_int64(statement, 0);
		*first_ms = sqlite3_column_int64(statement, 1);
	}
	sqlite3_reset(statement);
	return step == SQLITE_ROW ? PF_OK : step == SQLITE_DONE ? PF_ENOENT : PF_EIO;
}

static int find_or_make(struct sqlite_sink *sink, const struct device_change *change, int64_t *id)
{
	int64_t first_ms;
	int result = find(sink->merge, change->into, id, &first_ms);
	if (result != PF_ENOENT)
		return result;
	struct value values[] = {{.text = change->into},
	                         {.text = change->into_name},
	                         {.number = change->wall_us / US_PER_MS}};
	result = statement_run(sink->merge->statements[MERGE_MAKE], values, PF_COUNT(values));
	*id = sqlite3_last_insert_rowid(sink->db);
	return result;
}

static int redirect(struct merge *merge, int64_t from, int64_t into)
{
	static const enum merge_statement order[] = {MERGE_SUMS, MERGE_RETIRE, MERGE_REDIRECT,
	                                             MERGE_POINT, MERGE_NAME};
	struct value values[] = {{.number = from}, {.number = into}};
	int result = PF_OK;
	for (size_t i = 0; i < PF_COUNT(order) && result == PF_OK; i++)
		result =
			statement_run(merge->statements[order[i]], values, order[i] == MERGE_RETIRE ? 1 : 2);
	merge->unmoved = true;
	return result;
}

int merge_change(struct sqlite_sink *sink, const struct device_change *change)
{
	int64_t from, into, first_ms = 0;
	bool merged = change->kind == DEVICE_MERGED;
	int result = find(sink->merge, change->from, &from, &first_ms);
	bool there = result == PF_OK;
	if (result != PF_OK && result != PF_ENOENT)
		return result;
	if (change->only_known && !there)
		return PF_OK;
	/* An address is a device only where somebody asked from it: else there is nothing to write down. And who asked from
	 * it long before may have been another. */
	bool early = first_ms < change->since_wall_us / US_PER_MS - MERGE_SLACK_MS;
	if (merged && !strncmp(change->from, "ip:", 3) && (!there || early))
		return PF_OK;
	result = sums_flush(sink); /* what is still in memory */
	sink_forget(sink);
	if (result == PF_OK)
		result = find_or_make(sink, change, &into);
	if (result == PF_OK && merged && there && !early && from != into)
		result = redirect(sink->merge, from, into);
	struct value values[] = {{.number = change->wall_us / US_PER_MS},
	                         {.text = merged ? "merged" : "split"},
	                         {.text = change->from},
	                         {.number = into},
	                         {.number = change->since_wall_us / US_PER_MS},
	                         {.text = change->why}};
	if (result == PF_OK)
		result = statement_run(sink->merge->statements[MERGE_RECORD], values, PF_COUNT(values));
	return result;
}

/* ---- endpoints --------------------------------------------------------------------------- */

/* Rows that changed, or a SELECT's number; -1. */
static int64_t run(struct sqlite_sink *sink, const char *text, int64_t from, int64_t into)
{
	sqlite3_stmt *statement = NULL;
	const int64_t numbers[] = {from, into, MERGE_ENDPOINTS_STEP_MAX};
	int result = sqlite3_prepare_v2(sink->db, text, -1, &statement, NULL);
	int wanted = result == SQLITE_OK ? sqlite3_bind_parameter_count(statement) : 0;
	for (int i = 0; i < wanted && result == SQLITE_OK; i++)
		result = sqlite3_bind_int64(statement, i + 1, numbers[i]);
	if (result == SQLITE_OK)
		result = sqlite3_step(statement);
	int64_t rows = -1;
	if (result == SQLITE_ROW)
		rows = sqlite3_column_int64(statement, 0);
	else if (result == SQLITE_DONE)
		rows = sqlite3_changes64(sink->db);
	sqlite3_finalize(statement);
	return rows;
}

/* Trouble is not told here: the next batch meets the same and says so. */
static bool move_step(struct sqlite_sink *sink, int64_t from, int64_t into)
{
	if (run(sink, "BEGIN IMMEDIATE", 0, 0) < 0)
		return false;
	drift_forget(sink->drift);
	int64_t left = 0;
	for (size_t i = 0; left >= 0 && i < PF_COUNT(move_endpoints); i++)
		left = run(sink, move_endpoints[i], from, into);
	for (size_t i = 0; left >= 0 && i < PF_COUNT(move_sums); i++)
		left = run(sink, move_sums[i], from, into);
	if (left >= 0)
		left = run(sink, count_left, from, into);
	for (size_t i = 0; left == 0 && i < PF_COUNT(move_rest); i++)
		if (run(sink, move_rest[i], from, into) < 0)
			left = -1;
	if (left >= 0 && run(sink, "COMMIT", 0, 0) >= 0)
		return true;
	if (!sqlite3_get_autocommit(sink->db))
		sqlite3_exec(sink->db, "ROLLBACK", NULL, NULL, NULL);
	return false;
}

/* The next device with endpoints to move; SQLITE_ROW, SQLITE_DONE: none. */
static int next_unmoved(struct sqlite_sink *sink, int64_t *from, int64_t *into)
{
	sqlite3_stmt *statement = NULL;
	int result =
		sqlite3_prepare_v2(sink->db, "SELECT device, target FROM merged WHERE moved = 0 LIMIT 1",
	                       -1, &statement, NULL);
	if (result == SQLITE_OK)
		result = sqlite3_step(statement);
	if (result == SQLITE_ROW) {
		*from = sqlite3_column_int64(statement, 0);
		*into = sqlite3_column_int64(statement, 1);
	}
	sqlite3_finalize(statement);
	return result;
}

void merge_idle(struct sqlite_sink *sink, int steps)
{
	struct merge *merge = sink->merge;
	int64_t from, into;
	if (sink->pending_count)
		merge->checked = false;
	else if (!merge->checked)
		merge->checked =
			run(sink, "UPDATE merged SET moved = 0 WHERE moved AND " ANY_LEFT("merged.device"), 0,
		        0) >= 0;
	merge->unmoved = merge->unmoved || !merge->checked;
	while (merge->unmoved && steps-- > 0) {
		int result = next_unmoved(sink, &from, &into);
		merge->unmoved = result != SQLITE_DONE;
		if (result != SQLITE_ROW || !move_step(sink, from, into))
			return;
	}
}
