/* Questions to the sums: how often, by hour and by day. Devices come first, so that each one's times are found by the primary
 * key. */
#include "journal/sqlite/ask_counted.h"

#define US_PER_HOUR INT64_C(3600000000)
#define US_PER_DAY (24 * US_PER_HOUR)

/* Hours that are not rolled up stand in sum_hour alone. */
#define UNROLLED                                              \
	" FROM device d CROSS JOIN sum_hour s ON s.device = d.id" \
	" AND s.hour >= (SELECT rolled_until FROM progress) WHERE 1"

/* Both are written out, where the views of both (v_days …) would be read to their end for each question. */
static const struct {
	const char *rolled,
		*unrolled; /* device, name, time, class, count; the latter NULL: all stands in the first */
	const char *since, *until; /* of `rolled` */
	int64_t unit_us;
	bool names;
} tables[] = {
	[STORE_SUMS_HOURS] =
		{"SELECT s.device, 0, s.hour, s.class, s.count FROM device d CROSS JOIN total_hour s"
         " ON s.device = d.id WHERE 1",
         "SELECT s.device, 0, s.hour, s.class, s.count" UNROLLED, " AND s.hour >= ?",
         " AND s.hour <= ?", US_PER_HOUR, false},
	[STORE_SUMS_NAME_DAYS] =
		{"SELECT s.device, s.name, s.day, s.class, s.count FROM device d CROSS JOIN sum_day s"
         " ON s.device = d.id WHERE 1",
         "SELECT s.device, s.name, s.hour / 24, s.class, s.count" UNROLLED, " AND s.day >= ?",
         " AND s.day <= ?", US_PER_DAY, true},
	[STORE_SUMS_NAME_HOURS] =
		{"SELECT s.device, s.name, s.hour, s.class, s.count FROM device d CROSS JOIN sum_hour s"
         " ON s.device = d.id WHERE 1",
         NULL, " AND s.hour >= ?", " AND s.hour <= ?", US_PER_HOUR, true},
};

/* Hours of all names together that are not of all names: these are in the sums of names only. */
static enum store_sums table_of(enum store_sums what, const struct store_filter *filter)
{
	bool some = filter->name || filter->domain;
	return what == STORE_SUMS_HOURS && some ? STORE_SUMS_NAME_HOURS : what;
}

struct sums {
	int (*each)(void *data, const struct store_sum *row);
	int64_t unit_us;
};

static int hand_sum(sqlite3_stmt *statement, void *each, void *data)
{
	const struct sums *sums = each;
	const struct store_sum row = {
		.device_id = ask_text_of(statement, 0),
		.device = ask_text_of(statement, 1),
		.name = ask_text_of(statement, 2),
		.action = ask_text_of(statement, 3),
		.standing = ask_text_of(statement, 4),
		.country = ask_text_of(statement, 5),
		.time_wall_us = sqlite3_column_int64(statement, 6) * sums->unit_us,
		.count = sqlite3_column_int64(statement, 7),
	};
	return sums->each(data, &row);
}

/* ---- of few names ------------------------------------------------------------------------ */

/* Rows are ordered by device and time, so a name would be found only by reading all names of that time. Months are found by the name, and tell
 * in which days to look it up, and these in which hours; the hours that are not rolled up yet are read. */

/* Days since 1970 of the first of a month, which is numbered as tables.h has it. */
#define FIRST_DAY(month)                                                                     \
	"CAST(strftime('%s', printf('%04d-%02d-01', (" month ") / 12, (" month ") % 12 + 1)) AS" \
	" INTEGER) / 86400"

static const char asked_sql[] =
	"WITH RECURSIVE number (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n < 30),"
	" asked (device, name, day, next) AS MATERIALIZED (SELECT DISTINCT s.device, s.name,"
	" " FIRST_DAY("s.month") ", " FIRST_DAY("s.month + 1") " FROM sum_month s WHERE 1";
/* `+`, or SQLite would hand a time that is asked for down to the table, and read all names of it. */
static const char days_sql[] =
	"), found (device, name, time, class, count) AS (SELECT s.device, s.name, +s.day, s.class,"
	" s.count FROM asked a CROSS JOIN number i CROSS JOIN sum_day s ON s.device = a.device"
	" AND s.day = a.day + i.n AND s.name = a.name WHERE a.day + i.n < a.next"
	" UNION ALL SELECT s.device, s.name, s.hour / 24, s.class, s.count" UNROLLED;
static const char hours_sql[] =
	"), dated (device, name, day) AS MATERIALIZED (SELECT DISTINCT s.device, s.name, s.day"
	" FROM asked a CROSS JOIN number i CROSS JOIN sum_day s ON s.device = a.device"
	" AND s.day = a.day + i.n AND s.name = a.name WHERE a.day + i.n < a.next),"
	" found (device, name, time, class, count) AS (SELECT s.device, s.name, +s.hour, s.class,"
	" s.count FROM dated a CROSS JOIN number i CROSS JOIN sum_hour s ON s.device = a.device"
	" AND s.hour = a.day * 24 + i.n AND s.name = a.name"
	" WHERE i.n < 24 AND +s.hour < (SELECT rolled_until FROM progress)"
	" UNION ALL SELECT s.device, s.name, s.hour, s.class, s.count" UNROLLED;
static const char found_sql[] =
	") SELECT d.key, d.name, ifnull(n.text, ''), c.action, c.standing, c.country, f.time, f.count FROM found f"
	" CROSS JOIN device d ON d.id = f.device CROSS JOIN class c ON c.id = f.class"
	" LEFT JOIN name n ON n.id = f.name WHERE 1";

static int add_who(struct sqlite_store *store, struct question *question,
                   const struct store_filter *filter, const char *device)
{
	int result = PF_OK;
	if (filter->name)
		result = ask_filter_name(store, question, filter->name, "s.name");
	if (result == PF_OK && filter->domain)
		result = ask_filter_domain(store, question, filter->domain, "s.name");
	return result == PF_OK ? ask_filter_devices(store, question, filter, device) : result;
}

static int begin_few(struct sqlite_store *store, struct question *question, enum store_sums what,
                     const struct store_filter *filter)
{
	ask_add(question, asked_sql);
	if (filter->since_wall_us)
		ask_add_number(question, " AND " FIRST_DAY("s.month + 1") " > ?",
		               filter->since_wall_us / US_PER_DAY);
	if (filter->until_wall_us)
		ask_add_number(question, " AND " FIRST_DAY("s.month") " <= ?",
		               filter->until_wall_us / US_PER_DAY);
	int result = add_who(store, question, filter, "s.device");
	ask_add(question, what == STORE_SUMS_NAME_DAYS ? days_sql : hours_sql);
	if (result == PF_OK)
		result = add_who(store, question, filter, "d.id");
	ask_add(question, found_sql);
	return result;
}

/* ---- of all, or of many ------------------------------------------------------------------ */

static int begin_all(struct sqlite_store *store, struct question *question, enum store_sums what,
                     const struct store_filter *filter)
{
	struct store_filter who = *filter;
	if (!tables[what].names)
		who.name = who.domain = NULL;
	ask_add(question, "WITH found (device, name, time, class, count) AS (");
	ask_add(question, tables[what].rolled);
	int result = add_who(store, question, &who, "d.id");
	if (filter->since_wall_us)
		ask_add_number(question, tables[what].since, filter->since_wall_us / tables[what].unit_us);
	if (filter->until_wall_us)
		ask_add_number(question, tables[what].until, filter->until_wall_us / tables[what].unit_us);
	if (tables[what].unrolled) {
		ask_add(question, " UNION ALL ");
		ask_add(question, tables[what].unrolled);
	}
	if (result == PF_OK && tables[what].unrolled)
		result = add_who(store, question, &who, "d.id");
	ask_add(question, found_sql);
	return result;
}

/* ---- asking ------------------------------------------------------------------------------ */

int ask_sums(struct store *base, enum store_sums what, const struct store_filter *filter,
             int (*each)(void *data, const struct store_sum *row), void *data)
{
	struct sqlite_store *store = (struct sqlite_store *)base;
	struct question question;
	what = table_of(what, filter);
	struct sums sums = {each, tables[what].unit_us};
	bool named = tables[what].names && (filter->name || filter->domain), few = false;
	int result = ask_begin(store, &question);
	if (result == PF_OK && ask_counted_needed(filter)) {
		result = ask_counted(store, filter, tables[what].names, sums.unit_us, each, data);
		return ask_end(store, &question, result);
	}
	if (result == PF_OK && named)
		result = ask_names_are_few(store, &question, filter, &few);
	if (result == PF_OK)
		result = few ? begin_few(store, &question, what, filter)
		             : begin_all(store, &question, what, filter);
	if (filter->action)
		ask_add_text(&question, " AND c.action = ?", filter->action);
	if (filter->standing)
		ask_add_text(&question, " AND c.standing = ?", filter->standing);
	if (filter->location)
		ask_add_text(&question, " AND c.country = ?", filter->location);
	if (filter->since_wall_us)
		ask_add_number(&question, " AND f.time >= ?", filter->since_wall_us / sums.unit_us);
	if (filter->until_wall_us)
		ask_add_number(&question, " AND f.time <= ?", filter->until_wall_us / sums.unit_us);
	if (result == PF_OK)
		result = ask_walk(store, &question, hand_sum, &sums, data);
	return ask_end(store, &question, result);
}
