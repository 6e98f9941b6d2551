/* Retention: raw queries older than `keep` go block by block in small transactions, so that neither the rings nor a reader ever wait
 * long. Now and then a sweep walks the other tables, piece by piece, and takes what nothing speaks of any more:
 * it notes first which kinds stand in the blocks, takes the other kinds, notes what the kinds speak of, and so on.
 * secure_delete writes zeros over what goes, and a last checkpoint takes it out of the -wal too. */
#include "journal/sqlite/retention.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "journal/sqlite/merge.h"
#include "journal/sqlite/rows.h"
#include "journal/sqlite/tables.h"

#define ROWS_STEP_MAX 1000 /* ids looked at, or rows taken, in one transaction of the sweep */
#define STEPS_MAX 16 /* transactions in one call: 16,000 rows/s keep up with 5,000 queries/s */
#define CALL_US \
	INT64_C(50000) /* and no further one when a call has taken so long: the rings wait meanwhile */
#define PAGES_STEP_MAX 256 /* pages given back in one call: 1 MB */
#define LOOK_US INT64_C(1000000)
#define BUSY_ROWS \
	2000 /* so many since the last call: it is no quiet moment, and sums may wait until they are due */
#define SWEEP_US (INT64_C(6) * 3600 * 1000000)
#define US_PER_MS 1000
#define US_PER_HOUR (TABLES_MS_PER_HOUR * US_PER_MS)
#define HOURS_PER_DAY 24

/* Rows of one table that are kept: a bit for each id. */
struct marks {
	uint8_t *bits;
	int64_t max; /* ids above were made after the sweep had begun: they stay */
};

struct retention {
	int64_t looked_us; /* wall: when idle did something last; 0: never */
	int64_t swept_us;  /* wall: when the last sweep began */
	size_t step;       /* of the sweep, from 1; 0: none is going on */
	int64_t cursor;    /* the first id that this step has not seen */
	bool shrunk;       /* rows went: pages may go back */
	struct marks marks[TABLE_COUNT];
};

/* What a step of the sweep does with the ids ?1..?2-1. ?3 is the time (ms) before which endpoints go, ?4 the hour,
 * ?5 the day and ?6 the month before which sums go, ?7 how many rows may go at once. */
struct step {
	const char *table; /* whose ids are walked */
	/* Each row is marked, as far as its columns say: the tables of `marked` in their order. */
	const char *mark_sql;
	enum table marked[4];
	/* Rows without a mark go: those that this finds. */
	const char *find_sql;
	enum table kept;
	/* Or these statements. With ?7 they are run again until nothing is left. */
	const char *sql[3];
};

#define SUM_SQL(table, time, limit)                                                            \
	"DELETE FROM " table " WHERE (device, " time ", name, class) IN (SELECT s.device, s." time \
	", s.name, s.class FROM device d CROSS JOIN " table " s ON s.device = d.id AND s." time    \
	" < " limit " WHERE d.id >= ?1 AND d.id < ?2 LIMIT ?7)"
#define ALL_SQL(table, time, name, limit)                                                      \
	"DELETE FROM " table " WHERE (" time "," name " class) IN (SELECT " time "," name " class" \
	" FROM " table " WHERE " time " < " limit " LIMIT ?7)"
#define TOTAL_SQL(table, time, limit)                                                           \
	"DELETE FROM " table " WHERE (device, " time ", class) IN (SELECT s.device, s." time        \
	", s.class FROM device d CROSS JOIN " table " s ON s.device = d.id AND s." time " < " limit \
	" WHERE d.id >= ?1 AND d.id < ?2 LIMIT ?7)"

static const struct step steps[] = {
	{"block_summary",
     .mark_sql = "SELECT kinds FROM block_summary WHERE block >= ?1 AND block < ?2",
     .marked = {TABLE_KIND}},
	{"kind", .find_sql = "SELECT id FROM kind WHERE id >= ?1 AND id < ?2", .kept = TABLE_KIND},
	{"kind",
     .mark_sql = "SELECT client, outcome, reason, answer FROM kind WHERE id >= ?1 AND id < ?2",
     .marked = {TABLE_CLIENT, TABLE_OUTCOME, TABLE_REASON, TABLE_ANSWER}},
	{"answer", .find_sql = "SELECT id FROM answer WHERE id >= ?1 AND id < ?2",
     .kept = TABLE_ANSWER},
	{"reason", .find_sql = "SELECT id FROM reason WHERE id >= ?1 AND id < ?2",
     .kept = TABLE_REASON},
	{"client", .find_sql = "SELECT id FROM client WHERE id >= ?1 AND id < ?2",
     .kept = TABLE_CLIENT},
	{"outcome", .find_sql = "SELECT id FROM outcome WHERE id >= ?1 AND id < ?2",
     .kept = TABLE_OUTCOME},
	{"endpoint", .sql = {"DELETE FROM endpoint WHERE id >= ?1 AND id < ?2 AND last < ?3"}},
	{"drift", .sql = {"DELETE FROM drift WHERE id >= ?1 AND id < ?2 AND last < ?3"}},
	{"event", .sql = {"DELETE FROM event WHERE id >= ?1 AND id < ?2 AND time < ?3"}},
	{"device", .sql = {SUM_SQL("sum_hour", "hour", "?4")}},
	{"device", .sql = {SUM_SQL("sum_day", "day", "?5")}},
	{"device", .sql = {SUM_SQL("sum_month", "month", "?6")}},
	{"device", .sql = {TOTAL_SQL("total_hour", "hour", "?4"), TOTAL_SQL("total_day", "day", "?5"),
                       TOTAL_SQL("total_month", "month", "?6")}},
	{"progress",
     .sql = {ALL_SQL("all_hour", "hour", "", "?4"), ALL_SQL("all_day", "day", "", "?5")}},
	{"progress", .sql = {ALL_SQL("name_day", "day", "name,", "?5"),
                         ALL_SQL("name_month", "month", "name,", "?6")}},
	{"device_change",
     .sql = {"DELETE FROM device_change WHERE id >= ?1 AND id < ?2 AND time < ?3"}},
	/* A device goes when nothing speaks of it any more: who turned out to be another one at once, all others when they have
	 * not asked for as long as sums are kept. Else each address that a stranger makes up would stay for ever. */
	{"device",
     .sql = {"DELETE FROM device WHERE id >= ?1 AND id < ?2 AND (last < ?3 OR id IN"
             " (SELECT device FROM merged WHERE device >= ?1 AND device < ?2 AND moved))"
             " AND NOT EXISTS (SELECT 1 FROM kind k WHERE k.device = device.id)"
             " AND NOT EXISTS (SELECT 1 FROM endpoint e WHERE e.device = device.id)"
             " AND NOT EXISTS (SELECT 1 FROM sum_hour s WHERE s.device = device.id)"
             " AND NOT EXISTS (SELECT 1 FROM sum_day s WHERE s.device = device.id)"
             " AND NOT EXISTS (SELECT 1 FROM sum_month s WHERE s.device = device.id)"
             " AND NOT EXISTS (SELECT 1 FROM total_hour s WHERE s.device = device.id)"
             " AND NOT EXISTS (SELECT 1 FROM total_day s WHERE s.device = device.id)"
             " AND NOT EXISTS (SELECT 1 FROM total_month s WHERE s.device = device.id)"
             " AND NOT EXISTS (SELECT 1 FROM drift d WHERE d.device = device.id)"
             " AND id NOT IN (SELECT device FROM event) AND id NOT IN (SELECT target FROM merged)"
             " AND id NOT IN (SELECT device FROM device_change)",
             "DELETE FROM merged WHERE device >= ?1 AND device < ?2"
             " AND device NOT IN (SELECT id FROM device)",
             "DELETE FROM met WHERE device >= ?1 AND device < ?2"
             " AND device NOT IN (SELECT id FROM device)"}},
	{"fact",
     .find_sql = "SELECT id FROM fact WHERE id >= ?1 AND id < ?2"
                 " AND NOT EXISTS (SELECT 1 FROM answer_address a WHERE a.fact = fact.id)"
                 " AND NOT EXISTS (SELECT 1 FROM endpoint e WHERE e.fact = fact.id)",
     .kept = TABLE_FACT},
	{"fact",
     .mark_sql = "SELECT address, organisation, evidence FROM fact WHERE id >= ?1 AND id < ?2",
     .marked = {TABLE_ADDRESS, TABLE_LABEL, TABLE_LABEL}},
	{"address", .find_sql = "SELECT id FROM address WHERE id >= ?1 AND id < ?2",
     .kept = TABLE_ADDRESS},
	/* Names in sums that are not rolled yet. */
	{"device", .mark_sql = "SELECT s.name" TABLES_UNROLLED " WHERE d.id >= ?1 AND d.id < ?2",
     .marked = {TABLE_NAME}},
	{"name",
     .find_sql = "SELECT id FROM name WHERE id >= ?1 AND id < ?2"
                 " AND NOT EXISTS (SELECT 1 FROM kind k WHERE k.name = name.id)"
                 " AND NOT EXISTS (SELECT 1 FROM endpoint e WHERE e.name = name.id)"
                 " AND NOT EXISTS (SELECT 1 FROM answer_hop h WHERE h.name = name.id)"
                 " AND NOT EXISTS (SELECT 1 FROM drift d WHERE d.name = name.id)"
                 " AND NOT EXISTS (SELECT 1 FROM sum_month s WHERE s.name = name.id)",
     .kept = TABLE_NAME},
	{"label", .find_sql = "SELECT id FROM label WHERE id >= ?1 AND id < ?2", .kept = TABLE_LABEL},
};

/* What goes with a row. */
static const char *const delete_sql[TABLE_COUNT][3] = {
	[TABLE_KIND] = {"DELETE FROM kind WHERE id = ?1"},
	[TABLE_ANSWER] = {"DELETE FROM answer_hop WHERE answer = ?1",
                      "DELETE FROM answer_address WHERE answer = ?1",
                      "DELETE FROM answer WHERE id = ?1"},
	[TABLE_REASON] = {"DELETE FROM reason WHERE id = ?1"},
	[TABLE_CLIENT] = {"DELETE FROM client WHERE id = ?1"},
	[TABLE_OUTCOME] = {"DELETE FROM outcome WHERE id = ?1"},
	[TABLE_FACT] = {"DELETE FROM fact WHERE id = ?1"},
	[TABLE_ADDRESS] = {"DELETE FROM address WHERE id = ?1"},
	[TABLE_NAME] = {"DELETE FROM name WHERE id = ?1"},
	[TABLE_LABEL] = {"DELETE FROM label WHERE id = ?1"},
};

struct retention *retention_new(void)
{
	return calloc(1, sizeof(struct retention));
}

static void forget_marks(struct retention *retention)
{
	for (size_t i = 0; i < TABLE_COUNT; i++)
		free(retention->marks[i].bits);
	memset(retention->marks, 0, sizeof retention->marks);
}

void retention_free(struct retention **retention)
{
	if (!*retention)
		return;
	forget_marks(*retention);
	free(*retention);
	*retention = NULL;
}

/* ---- statements -------------------------------------------------------------------------- */

static sqlite3_stmt *prepare(struct sqlite_sink *sink, const char *sql, const int64_t *numbers,
                             int count)
{
	sqlite3_stmt *statement = NULL;
	int result = sqlite3_prepare_v2(sink->db, sql, -1, &statement, NULL);
	/* Not every statement knows every number. */
	int wanted = result == SQLITE_OK ? sqlite3_bind_parameter_count(statement) : 0;
	for (int i = 0; i < count && i < wanted && result == SQLITE_OK; i++)
		result = sqlite3_bind_int64(statement, i + 1, numbers[i]);
	if (result == SQLITE_OK)
		return statement;
	sqlite3_finalize(statement);
	return NULL;
}

/* Runs one statement with numbers; the rows that it changed, or negative. A SELECT's first column instead. */
static int64_t run(struct sqlite_sink *sink, const char *sql, const int64_t *numbers, int count)
{
	sqlite3_stmt *statement = prepare(sink, sql, numbers, count);
	int result = statement ? sqlite3_step(statement) : SQLITE_ERROR;
	int64_t rows = -1;
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

/* ---- queries ----------------------------------------------------------------------------- */

/* Every block but one that grows must have its summary; one that nothing was added to for so long is closed, so that it can
 * go. */
static int64_t close_block(struct sqlite_sink *sink, int64_t cutoff_ms)
{
	bool old = sink->block.id && sink->block.time_max < cutoff_ms;
	if (!old && (sink->block.id || !sink->block.check))
		return 0;
	if (run(sink, "BEGIN IMMEDIATE", NULL, 0) < 0)
		return -1;
	int64_t result = (old ? block_close(sink) : block_mend(sink)) == PF_OK ? 0 : -1;
	if (end(sink, result) < 0) {
		block_abandon(&sink->block);
		return -1;
	}
	return 0;
}

/* At most one block's queries; returns how many went, 0: nothing is too old. */
static int64_t delete_queries(struct sqlite_sink *sink, int64_t cutoff_ms)
{
	if (close_block(sink, cutoff_ms) < 0)
		return -1;
	int64_t block = run(sink,
	                    "SELECT block FROM block_summary WHERE time_max < ?1"
	                    " ORDER BY time_max LIMIT 1",
	                    &cutoff_ms, 1);
	if (block <= 0)
		return block;
	if (!sums_whole(sink) && block + BLOCK_ROWS_MAX > sink->summed_until)
		return 0; /* no query goes before it is in the sums */
	if (run(sink, "BEGIN IMMEDIATE", NULL, 0) < 0)
		return -1;
	int64_t rows = run(sink, "DELETE FROM block_summary WHERE block = ?1", &block, 1);
	if (rows >= 0)
		rows = run(sink, "DELETE FROM block WHERE id = ?1", &block, 1);
	return end(sink, rows);
}

/* ---- the sweep --------------------------------------------------------------------------- */

static void mark(struct marks *marks, int64_t id)
{
	if (id > 0 && id <= marks->max)
		marks->bits[id / 8] |= (uint8_t)(1u << id % 8);
}

static bool marked(const struct marks *marks, int64_t id)
{
	return id > marks->max || (marks->bits[id / 8] & 1u << id % 8);
}

void retention_keep(struct sqlite_sink *sink, enum table table, int64_t id)
{
	if (sink->retention->step)
		mark(&sink->retention->marks[table], id);
}

static const char *const mark_tables[TABLE_COUNT] = {
	[TABLE_KIND] = "kind",       [TABLE_ANSWER] = "answer",   [TABLE_REASON] = "reason",
	[TABLE_CLIENT] = "client",   [TABLE_OUTCOME] = "outcome", [TABLE_FACT] = "fact",
	[TABLE_ADDRESS] = "address", [TABLE_NAME] = "name",       [TABLE_LABEL] = "label",
};

static int64_t max_id(struct sqlite_sink *sink, const char *table)
{
	char sql[64];
	sqlite3_snprintf(sizeof sql, sql, "SELECT ifnull(max(rowid), 0) FROM %s", table);
	return run(sink, sql, NULL, 0);
}

/* Not without memory: then later. */
static bool begin_sweep(struct sqlite_sink *sink)
{
	struct retention *retention = sink->retention;
	forget_marks(retention);
	for (size_t i = 0; i < TABLE_COUNT; i++) {
		struct marks *marks = &retention->marks[i];
		int64_t max = mark_tables[i] ? max_id(sink, mark_tables[i]) : 0;
		marks->bits = max >= 0 ? calloc((size_t)max / 8 + 1, 1) : NULL;
		marks->max = max;
		if (!marks->bits) {
			forget_marks(retention);
			return false;
		}
	}
	/* What memory knows is asked for again, and so marked. */
	sink_forget(sink);
	for (size_t i = 0; i < sink->block.kind_count && sink->block.id; i++)
		mark(&retention->marks[TABLE_KIND], sink->block.kinds[i]);
	retention->step = 1;
	retention->cursor = 0;
	return true;
}

/* What one row speaks of: its columns are ids, or its only one is a list of kinds. */
static void mark_row(struct marks *marks, const struct step *step, sqlite3_stmt *row)
{
	struct kinds kinds;
	int64_t kind;
	if (step->marked[0] != TABLE_KIND) {
		for (int i = 0; i < sqlite3_column_count(row); i++)
			mark(&marks[step->marked[i]], sqlite3_column_int64(row, i));
		return;
	}
	kinds_begin(&kinds, sqlite3_column_blob(row, 0), (size_t)sqlite3_column_bytes(row, 0));
	while (kinds_next(&kinds, &kind))
		mark(&marks[TABLE_KIND], kind);
}

static int64_t mark_rows(struct sqlite_sink *sink, const struct step *step, const int64_t *numbers,
                         int count)
{
	sqlite3_stmt *rows = prepare(sink, step->mark_sql, numbers, count);
	if (!rows)
		return -1;
	int result;
	while ((result = sqlite3_step(rows)) == SQLITE_ROW)
		mark_row(sink->retention->marks, step, rows);
	sqlite3_finalize(rows);
	return result == SQLITE_DONE ? 0 : -1;
}

/* One statement for all of them: to prepare it costs more than to run it. */
static bool delete_rows(struct sqlite_sink *sink, const char *sql, const int64_t *ids, size_t count)
{
	sqlite3_stmt *statement = prepare(sink, sql, ids, 1);
	int result = statement ? SQLITE_DONE : SQLITE_ERROR;
	for (size_t i = 0; i < count && result == SQLITE_DONE; i++) {
		result = sqlite3_bind_int64(statement, 1, ids[i]);
		if (result == SQLITE_OK)
			result = sqlite3_step(statement);
		sqlite3_reset(statement);
	}
	sqlite3_finalize(statement);
	return result == SQLITE_DONE;
}

static int64_t delete_unmarked(struct sqlite_sink *sink, const struct step *step,
                               const int64_t *numbers, int count)
{
	int64_t ids[ROWS_STEP_MAX];
	size_t found = 0;
	sqlite3_stmt *rows = prepare(sink, step->find_sql, numbers, count);
	if (!rows)
		return -1;
	int result;
	while ((result = sqlite3_step(rows)) == SQLITE_ROW && found < PF_COUNT(ids)) {
		int64_t id = sqlite3_column_int64(rows, 0);
		if (!marked(&sink->retention->marks[step->kept], id))
			ids[found++] = id;
	}
	sqlite3_finalize(rows);
	if (result != SQLITE_DONE)
		return -1;
	const char *const *sql = delete_sql[step->kept];
	for (size_t i = 0; found && i < PF_COUNT(delete_sql[0]) && sql[i]; i++)
		if (!delete_rows(sink, sql[i], ids, found))
			return -1;
	return (int64_t)found;
}

static int64_t run_step(struct sqlite_sink *sink, const struct step *step, const int64_t *numbers,
                        int count)
{
	if (step->mark_sql)
		return mark_rows(sink, step, numbers, count);
	if (step->find_sql)
		return delete_unmarked(sink, step, numbers, count);
	int64_t rows = 0;
	for (size_t i = 0; i < PF_COUNT(step->sql) && step->sql[i] && rows >= 0; i++) {
		int64_t changed = run(sink, step->sql[i], numbers, count);
		rows = changed < 0 ? -1 : rows + changed;
	}
	return rows;
}

/* One piece of the sweep. */
static void sweep_step(struct sqlite_sink *sink, const int64_t limits[4])
{
	struct retention *retention = sink->retention;
	const struct step *step = &steps[retention->step - 1];
	/* Rows that are walked by number may be far apart: blocks are 1,000 numbers wide. */
	int64_t width = step->marked[0] == TABLE_KIND && step->mark_sql
	                    ? (int64_t)ROWS_STEP_MAX * BLOCK_ROWS_MAX
	                    : ROWS_STEP_MAX;
	const int64_t numbers[] = {retention->cursor, retention->cursor + width,
	                           limits[0],         limits[1],
	                           limits[2],         limits[3],
	                           ROWS_STEP_MAX};
	if (run(sink, "BEGIN IMMEDIATE", NULL, 0) < 0)
		return;
	int64_t rows = run_step(sink, step, numbers, PF_COUNT(numbers));
	if (rows > 0)
		sink_forget(sink);
	rows = end(sink, rows);
	if (rows < 0)
		return; /* the same piece again, next time */
	retention->shrunk = retention->shrunk || rows > 0;
	if (rows >= ROWS_STEP_MAX && !step->find_sql)
		return; /* there may be more */
	retention->cursor += width;
	if (retention->cursor <= max_id(sink, step->table))
		return;
	retention->cursor = 0;
	if (++retention->step <= PF_COUNT(steps))
		return;
	retention->step = 0;
	forget_marks(retention);
}

/* ---- the file ---------------------------------------------------------------------------- */

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
	sink->retention->shrunk = busy != SQLITE_OK;
}

static bool sweep_is_due(const struct retention *retention, int64_t now_wall_us)
{
	int64_t swept_us = now_wall_us - retention->swept_us;
	return retention->step || swept_us < 0 || swept_us >= SWEEP_US;
}

/* At most `steps_max` pieces, begun before `until_us` (monotonic); all sums are written. */
static void sweep(struct sqlite_sink *sink, int64_t now_wall_us, int steps_max, int64_t until_us)
{
	struct retention *retention = sink->retention;
	int64_t hour = (now_wall_us - KEEP_SUMS_US) / US_PER_HOUR;
	const char *month_sql = "SELECT " TABLES_MONTH("?1");
	if (!retention->step && begin_sweep(sink))
		retention->swept_us = now_wall_us;
	if (!retention->step)
		return;
	const int64_t limits[] = {(now_wall_us - KEEP_SUMS_US) / US_PER_MS, hour, hour / HOURS_PER_DAY,
	                          run(sink, month_sql, &hour, 1)};
	for (int i = 0; i < steps_max && retention->step && clock_now().mono_us < until_us; i++)
		sweep_step(sink, limits);
}

/* What is over is added to the sums of longer times; the steps that it took. */
static int roll(struct sqlite_sink *sink, int64_t hour, int64_t until_us)
{
	int count = 0;
	while (count < STEPS_MAX && sums_whole(sink) && clock_now().mono_us < until_us &&
	       roll_step(sink, hour, ROLL_ROWS_MAX) > 0)
		count++;
	return count;
}

void retention_idle(struct sink *base, int64_t now_wall_us)
{
	struct sqlite_sink *sink = (struct sqlite_sink *)base;
	struct retention *retention = sink->retention;
	int64_t since_us = now_wall_us - retention->looked_us;
	bool look = since_us < 0 || since_us >= LOOK_US;
	bool busy = sink->idle_row && sink->next_row - sink->idle_row > BUSY_ROWS;
	sink->idle_row = sink->next_row;
	int64_t until_us = clock_now().mono_us + CALL_US;
	if (!busy || sums_due(sink))
		while (!sums_whole(sink) && sink_write_sums(sink, SUMS_STEP_ROWS_MAX) &&
		       clock_now().mono_us < until_us)
			;
	if (!look)
		return;
	retention->looked_us = now_wall_us;
	int64_t cutoff_ms = (now_wall_us - sink->keep_us) / US_PER_MS;
	int64_t rows = 1;
	int count = roll(sink, now_wall_us / US_PER_HOUR, until_us);
	/* Sums that are half rolled up stay at their device. */
	if (sums_whole(sink) && sink->roll.to == sink->roll.until)
		merge_idle(sink, STEPS_MAX);
	for (; count < STEPS_MAX && rows > 0 && clock_now().mono_us < until_us; count++) {
		rows = delete_queries(sink, cutoff_ms);
		retention->shrunk = retention->shrunk || rows > 0;
	}
	/* Only when all that is too old is gone do the blocks say what is needed. */
	if (rows == 0 && sums_whole(sink) && sweep_is_due(retention, now_wall_us))
		sweep(sink, now_wall_us, STEPS_MAX - count, until_us);
	if (retention->shrunk && rows == 0)
		give_pages_back(sink);
}
