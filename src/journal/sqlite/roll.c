/* The steps of roll.h. A step takes rows of sum_hour as they stand in its primary key, device by device, and adds them to nine
 * tables. */
#include "journal/sqlite/roll.h"

#include "journal/sqlite/state.h"
#include "journal/sqlite/tables.h"

/* Of device ?1 the rows behind (?2, ?3), up to (?4, ?5): hours and names. */
#define ROWS                                                               \
	" FROM sum_hour h WHERE h.device = ?1 AND (h.hour, h.name) > (?2, ?3)" \
	" AND (h.hour, h.name) <= (?4, ?5)"
#define ROLL(table, columns, values, grouped)                          \
	"INSERT INTO " table " (" columns ", class, count) SELECT " values \
	", h.class, sum(h.count)" ROWS " GROUP BY " grouped ", h.class"    \
	" ON CONFLICT DO UPDATE SET count = count + excluded.count"
#define MONTH TABLES_MONTH("h.hour")

enum roll_statement {
	ROLL_FIRST, /* of the tables */
	ROLL_LAST = ROLL_FIRST + 8,
	ROLL_COUNT_ROWS,
	ROLL_END,
	ROLL_NEXT_DEVICE,
	ROLL_PROGRESS,
	ROLL_STATEMENT_COUNT,
};

static const char *const sql[ROLL_STATEMENT_COUNT] = {
	ROLL("sum_day", "device, day, name", "h.device, h.hour / 24, h.name", "h.hour / 24, h.name"),
	ROLL("sum_month", "device, month, name", "h.device, " MONTH ", h.name", MONTH ", h.name"),
	ROLL("total_hour", "device, hour", "h.device, h.hour", "h.hour"),
	ROLL("total_day", "device, day", "h.device, h.hour / 24", "h.hour / 24"),
	ROLL("total_month", "device, month", "h.device, " MONTH, MONTH),
	ROLL("all_hour", "hour", "h.hour", "h.hour"),
	ROLL("all_day", "day", "h.hour / 24", "h.hour / 24"),
	ROLL("name_day", "day, name", "h.hour / 24, h.name", "h.hour / 24, h.name"),
	ROLL("name_month", "month, name", MONTH ", h.name", MONTH ", h.name"),
	[ROLL_COUNT_ROWS] = "SELECT count(*)" ROWS,
	[ROLL_END] = "SELECT h.hour, h.name" ROWS " ORDER BY h.hour, h.name LIMIT 1 OFFSET ?6",
	[ROLL_NEXT_DEVICE] = "SELECT id FROM device WHERE id > ?1 ORDER BY id LIMIT 1",
	[ROLL_PROGRESS] = "UPDATE progress SET rolled_until = ?1, rolling_until = ?2,"
					  " rolled_device = ?3, rolled_hour = ?4, rolled_name = ?5",
};

struct step {
	sqlite3_stmt *statements[ROLL_STATEMENT_COUNT];
	struct roll roll; /* where it will be */
	int64_t rows;     /* that it read */
};

static void finalize(struct step *step)
{
	for (size_t i = 0; i < ROLL_STATEMENT_COUNT; i++)
		sqlite3_finalize(step->statements[i]);
}

static int prepare(sqlite3 *db, struct step *step)
{
	for (size_t i = 0; i < ROLL_STATEMENT_COUNT; i++)
		if (sqlite3_prepare_v2(db, sql[i], -1, &step->statements[i], NULL) != SQLITE_OK)
			return PF_EIO;
	return PF_OK;
}

/* The first two numbers of the first row; PF_ENOENT: there is none. */
static int ask(sqlite3_stmt *statement, const int64_t *numbers, int count, int64_t answer[2])
{
	int result = SQLITE_OK;
	for (int i = 0; i < count && result == SQLITE_OK; i++)
		result = sqlite3_bind_int64(statement, i + 1, numbers[i]);
	if (result == SQLITE_OK)
		result = sqlite3_step(statement);
	for (int i = 0; i < 2 && result == SQLITE_ROW; i++)
		answer[i] = sqlite3_column_int64(statement, i);
	sqlite3_reset(statement);
	return result == SQLITE_ROW ? PF_OK : result == SQLITE_DONE ? PF_ENOENT : PF_EIO;
}

/* The rest of the device that the step is at, as far as there is room. */
static int roll_device(struct step *step, int64_t room)
{
	struct roll *roll = &step->roll;
	int64_t end[2] = {roll->to - 1, INT64_MAX}, counted[2] = {0, 0};
	int64_t numbers[] = {roll->device, roll->hour, roll->name, end[0], end[1], room - 1};
	int result = ask(step->statements[ROLL_END], numbers, 6, end);
	if (result == PF_EIO)
		return result;
	numbers[3] = end[0];
	numbers[4] = end[1];
	result = ask(step->statements[ROLL_COUNT_ROWS], numbers, 5, counted);
	for (size_t i = ROLL_FIRST; i <= ROLL_LAST && result == PF_OK && counted[0]; i++)
		if (ask(step->statements[i], numbers, 5, (int64_t[2]){0}) == PF_EIO)
			result = PF_EIO;
	roll->hour = end[0];
	roll->name = end[1];
	step->rows += counted[0] + ROLL_DEVICE_ROWS;
	return result;
}

/* Devices, until as many rows were read as may be, or there is none any more: then these hours are rolled. */
static int roll_devices(struct step *step, int64_t rows_max)
{
	struct roll *roll = &step->roll;
	int result = PF_OK;
	while (result == PF_OK && step->rows < rows_max) {
		int64_t next[2] = {0, 0};
		if (roll->device && (roll->hour < roll->to - 1 || roll->name != INT64_MAX)) {
			result = roll_device(step, rows_max - step->rows);
			continue;
		}
		result = ask(step->statements[ROLL_NEXT_DEVICE], &roll->device, 1, next);
		if (result == PF_OK)
			*roll = (struct roll){roll->until, roll->to, next[0], roll->until - 1, INT64_MAX};
	}
	if (result == PF_ENOENT)
		*roll = (struct roll){roll->to, roll->to, 0, 0, 0};
	return result == PF_ENOENT ? PF_OK : result;
}

static int keep(struct step *step)
{
	const struct roll *roll = &step->roll;
	const int64_t numbers[] = {roll->until, roll->to, roll->device, roll->hour, roll->name};
	int result = ask(step->statements[ROLL_PROGRESS], numbers, 5, (int64_t[2]){0});
	return result == PF_ENOENT ? PF_OK : PF_EIO;
}

int64_t roll_step(struct sqlite_sink *sink, int64_t hour, int64_t rows_max)
{
	struct step step = {.roll = sink->roll};
	if (step.roll.to == step.roll.until && hour <= step.roll.until)
		return 0;
	if (step.roll.to == step.roll.until)
		step.roll.to = hour;
	int result = statement_run(sink->statements[ST_BEGIN], NULL, 0);
	if (result == PF_OK)
		result = prepare(sink->db, &step);
	if (result == PF_OK)
		result = roll_devices(&step, rows_max);
	if (result == PF_OK)
		result = keep(&step);
	if (result == PF_OK)
		result = statement_run(sink->statements[ST_COMMIT], NULL, 0);
	finalize(&step);
	if (result == PF_OK) {
		sink->roll = step.roll;
		return step.rows ? step.rows : 1;
	}
	/* Trouble is not told here: the next batch meets the same and says so. */
	if (!sqlite3_get_autocommit(sink->db))
		sqlite3_exec(sink->db, "ROLLBACK", NULL, NULL, NULL);
	return -1;
}

bool roll_has(const struct roll *roll, int64_t device, int64_t hour, int64_t name)
{
	if (device != roll->device)
		return hour < (device < roll->device ? roll->to : roll->until);
	return hour < roll->hour || (hour == roll->hour && name <= roll->name);
}

int roll_open(struct sqlite_sink *sink)
{
	sqlite3_stmt *statement = NULL;
	struct roll *roll = &sink->roll;
	int result = sqlite3_prepare_v2(sink->db,
	                                "SELECT rolled_until, rolling_until, rolled_device,"
	                                " rolled_hour, rolled_name FROM progress",
	                                -1, &statement, NULL);
	if (result == SQLITE_OK)
		result = sqlite3_step(statement);
	int64_t *const parts[] = {&roll->until, &roll->to, &roll->device, &roll->hour, &roll->name};
	for (size_t i = 0; i < PF_COUNT(parts) && result == SQLITE_ROW; i++)
		*parts[i] = sqlite3_column_int64(statement, (int)i);
	sqlite3_finalize(statement);
	return result == SQLITE_ROW ? PF_OK : PF_EIO;
}
