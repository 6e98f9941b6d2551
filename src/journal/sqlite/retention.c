/* Retention: raw queries older than `keep` go in small transactions, so that neither the rings nor a reader ever wait
 * long. Now and then a sweep walks the other tables, piece by piece, and takes what no query speaks of any more;
 * secure_delete writes zeros over it, and a last checkpoint takes it out of the -wal too. */
#include "journal/sqlite/merge.h"

#define ROWS_STEP_MAX 1000 /* ids looked at in one transaction of the sweep */
#define STEPS_MAX 16 /* transactions in one call: 16,000 rows/s keep up with 5,000 queries/s */
#define PAGES_STEP_MAX 256 /* pages given back in one call: 1 MB */
#define LOOK_US INT64_C(1000000)
#define SWEEP_US (INT64_C(6) * 3600 * 1000000)
#define US_PER_MS 1000
#define MS_PER_DAY INT64_C(86400000)

/* The sweep, in this order: what points before what is pointed at. ?1 and ?2 are the first id and the one behind the
 * last, ?3 the first day whose queries are kept, ?4 the time (ms) before which endpoints go. */
static const struct {
	const char *table, *sql[3];
} sweep[] = {
	{"answer",
     {"DELETE FROM answer_hop WHERE answer IN"
      " (SELECT id FROM answer WHERE id >= ?1 AND id < ?2 AND used < ?3)",
      "DELETE FROM answer_address WHERE answer IN"
      " (SELECT id FROM answer WHERE id >= ?1 AND id < ?2 AND used < ?3)",
      "DELETE FROM answer WHERE id >= ?1 AND id < ?2 AND used < ?3"}},
	{"endpoint", {"DELETE FROM endpoint WHERE id >= ?1 AND id < ?2 AND last < ?4"}},
	{"drift", {"DELETE FROM drift WHERE id >= ?1 AND id < ?2 AND last < ?4"}},
	{"event", {"DELETE FROM event WHERE id >= ?1 AND id < ?2 AND time < ?4"}},
	{"device_change", {"DELETE FROM device_change WHERE id >= ?1 AND id < ?2 AND time < ?4"}},
	{"fact",
     {"DELETE FROM fact WHERE id >= ?1 AND id < ?2"
      " AND NOT EXISTS (SELECT 1 FROM answer_address a WHERE a.fact = fact.id)"
      " AND NOT EXISTS (SELECT 1 FROM endpoint e WHERE e.fact = fact.id)"}},
	{"address",
     {"DELETE FROM address WHERE id >= ?1 AND id < ?2"
      " AND NOT EXISTS (SELECT 1 FROM fact f WHERE f.address = address.id)"}},
	{"name",
     {"DELETE FROM span_name WHERE name >= ?1 AND name < ?2 AND span < (SELECT min(id) FROM span)"}},
	{"device",
     {"DELETE FROM span_device WHERE device >= ?1 AND device < ?2"
      " AND span < (SELECT min(id) FROM span)",
      /* who turned out to be another goes when nothing speaks of it any more */
      "DELETE FROM device WHERE id IN (SELECT device FROM merged WHERE device >= ?1 AND device < ?2"
      " AND moved) AND NOT EXISTS (SELECT 1 FROM span_device s WHERE s.device = device.id)"
      " AND NOT EXISTS (SELECT 1 FROM endpoint e WHERE e.device = device.id)"
      " AND NOT EXISTS (SELECT 1 FROM event v WHERE v.device = device.id)"
      " AND id NOT IN (SELECT device FROM device_change)",
      "DELETE FROM merged WHERE device >= ?1 AND device < ?2"
      " AND device NOT IN (SELECT id FROM device)"}},
	{"name",
     {"DELETE FROM name WHERE id >= ?1 AND id < ?2 AND used < ?3"
      " AND NOT EXISTS (SELECT 1 FROM endpoint e WHERE e.name = name.id)"
      " AND NOT EXISTS (SELECT 1 FROM answer_hop h WHERE h.name = name.id)"
      " AND NOT EXISTS (SELECT 1 FROM drift d WHERE d.name = name.id)"
      " AND NOT EXISTS (SELECT 1 FROM span_name s WHERE s.name = name.id)"}},
	{"reason", {"DELETE FROM reason WHERE id >= ?1 AND id < ?2 AND used < ?3"}},
	{"client", {"DELETE FROM client WHERE id >= ?1 AND id < ?2 AND used < ?3"}},
	{"outcome", {"DELETE FROM outcome WHERE id >= ?1 AND id < ?2 AND used < ?3"}},
};

/* Runs one statement with numbers; the rows that it changed, or negative. A SELECT's first column instead. */
static int64_t run(struct sqlite_sink *sink, const char *sql, const int64_t *numbers, int count)
{
	sqlite3_stmt *statement = NULL;
	int result = sqlite3_prepare_v2(sink->db, sql, -1, &statement, NULL);
	/* Not every statement knows every number. */
	int wanted = result == SQLITE_OK ? sqlite3_bind_parameter_count(statement) : 0;
	for (int i = 0; i < count && i < wanted && result == SQLITE_OK; i++)
		result = sqlite3_bind_int64(statement, i + 1, numbers[i]);
	int64_t rows = -1;
	if (result == SQLITE_OK)
		result = sqlite3_step(statement);
	if (result == SQLITE_ROW)
		rows = sqlite3_column_int64(statement, 0);
	else if (result == SQLITE_DONE)
		rows = sqlite3_stmt_readonly(statement) ? 0 : sqlite3_changes64(sink->db);
	sqlite3_finalize(statement);
	return rows;
}

/* COMMIT, or after a failure ROLLBACK; `rows` is handed through. Trouble is not told here: the next batch
 * meets the same and says so. */
static int64_t end(struct sqlite_sink *sink, int64_t rows)
{
	if (rows >= 0 && run(sink, "COMMIT", NULL, 0) < 0)
		rows = -1;
	if (rows < 0 && !sqlite3_get_autocommit(sink->db))
		sqlite3_exec(sink->db, "ROLLBACK", NULL, NULL, NULL);
	return rows;
}

/* At most one span's queries (SCHEMA_SPAN_ROWS); returns how many went, 0: nothing is too old. */
static int64_t delete_queries(struct sqlite_sink *sink, int64_t cutoff_ms)
{
	/* The oldest rows that are too old stand in spans that begin before the cutoff. The span's time_min
	 * follows, so that a span which is half kept is not searched again. */
	int64_t span = run(sink,
	                   "SELECT id FROM span WHERE time_min < ?1 AND EXISTS"
	                   " (SELECT 1 FROM query WHERE query.id BETWEEN span.id AND span.last"
	                   " AND time < ?1) ORDER BY id LIMIT 1",
	                   &cutoff_ms, 1);
	if (span <= 0)
		return span;
	const int64_t numbers[] = {span, cutoff_ms};
	if (run(sink, "BEGIN IMMEDIATE", NULL, 0) < 0)
		return -1;
	int64_t rows = run(sink,
	                   "DELETE FROM query WHERE id BETWEEN ?1 AND"
	                   " (SELECT last FROM span WHERE id = ?1) AND time < ?2",
	                   numbers, 2);
	int64_t result = rows;
	if (result >= 0)
		result =
			run(sink, "UPDATE span SET time_min = ?2 WHERE id = ?1 AND time_max >= ?2", numbers, 2);
	/* The newest span stays: the row numbers go on from it. */
	if (result >= 0)
		result = run(sink,
		             "DELETE FROM span WHERE id = ?1 AND time_max < ?2 AND id <"
		             " (SELECT max(id) FROM span)",
		             numbers, 2);
	if (end(sink, result) < 0)
		return -1;
	if (sink->span.id == span && sink->span.time_min < cutoff_ms) {
		sink->span.time_min = cutoff_ms < sink->span.time_max ? cutoff_ms : sink->span.time_max;
		sink->span_kept = sink->span;
	}
	return rows;
}

/* One piece of the sweep. True when it was the last one. */
static bool sweep_step(struct sqlite_sink *sink, const int64_t *limits)
{
	size_t index = (size_t)sink->retention.step - 1;
	int64_t numbers[] = {sink->retention.cursor, sink->retention.cursor + ROWS_STEP_MAX, limits[0],
	                     limits[1]};
	int64_t rows = 0;
	if (run(sink, "BEGIN IMMEDIATE", NULL, 0) < 0)
		return false;
	for (size_t i = 0; i < PF_COUNT(sweep[index].sql) && sweep[index].sql[i] && rows >= 0; i++) {
		int64_t changed = run(sink, sweep[index].sql[i], numbers, PF_COUNT(numbers));
		rows = changed < 0 ? -1 : rows + changed;
	}
	if (rows > 0)
		sink_forget(sink);
	rows = end(sink, rows);
	if (rows < 0)
		return false; /* the same piece again, next time */
	sink->retention.shrunk = sink->retention.shrunk || rows > 0;
	sink->retention.cursor += ROWS_STEP_MAX;
	char last[64];
	sqlite3_snprintf(sizeof last, last, "SELECT ifnull(max(id), 0) FROM %s", sweep[index].table);
	if (sink->retention.cursor <= run(sink, last, NULL, 0))
		return false;
	sink->retention.cursor = 0;
	sink->retention.step++;
	return (size_t)sink->retention.step > PF_COUNT(sweep);
}

static void give_pages_back(struct sqlite_sink *sink)
{
	char sql[64];
	sqlite3_snprintf(sizeof sql, sql, "PRAGMA incremental_vacuum(%d)", PAGES_STEP_MAX);
	sqlite3_exec(sink->db, sql, NULL, NULL, NULL);
	if (run(sink, "PRAGMA freelist_count", NULL, 0) > 0)
		return;
	/* What was deleted stands in the -wal until it is written over. When a reader is in the way it
	 * is tried again. */
	int busy = sqlite3_wal_checkpoint_v2(sink->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	sink->retention.shrunk = busy != SQLITE_OK;
}

void retention_idle(struct sink *base, int64_t now_wall_us)
{
	struct sqlite_sink *sink = (struct sqlite_sink *)base;
	int64_t since_us = now_wall_us - sink->retention.looked_us;
	sink_write_endpoints(sink);
	if (since_us >= 0 && since_us < LOOK_US)
		return;
	sink->retention.looked_us = now_wall_us;
	if (sink->endpoints_until != sink->next_row - 1)
		return; /* no query goes before its endpoints are written */
	merge_idle(sink, STEPS_MAX);
	int64_t cutoff_ms = (now_wall_us - sink->keep_us) / US_PER_MS;
	const int64_t limits[] = {cutoff_ms / MS_PER_DAY,
	                          (now_wall_us - KEEP_ENDPOINTS_US) / US_PER_MS};
	int64_t rows = 1;
	int steps = 0;
	for (; steps < STEPS_MAX && rows > 0; steps++) {
		rows = delete_queries(sink, cutoff_ms);
		sink->retention.shrunk = sink->retention.shrunk || rows > 0;
	}
	/* `used` says that nothing speaks of a row only when all that is too old is gone. */
	int64_t swept_us = now_wall_us - sink->retention.swept_us;
	if (rows == 0 && !sink->retention.step && (swept_us < 0 || swept_us >= SWEEP_US)) {
		sink->retention.step = 1;
		sink->retention.cursor = 0;
		sink->retention.swept_us = now_wall_us;
	}
	for (; steps < STEPS_MAX && rows == 0 && sink->retention.step; steps++)
		if (sweep_step(sink, limits))
			sink->retention.step = 0;
	if (sink->retention.shrunk && rows == 0)
		give_pages_back(sink);
}
