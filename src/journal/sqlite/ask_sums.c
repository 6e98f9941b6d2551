/* Questions to the sums: how often, and when. Each is answered by the coarsest sums that are exact (span.h); what is not rolled up yet is
 * added from the hours. Rows are read as numbers and put together here, and only what comes of that gets its words: a join for each row
 * costs five times as much as the row. */
#include <stdlib.h>
#include <string.h>

#include "journal/sqlite/ask_counted.h"
#include "journal/sqlite/dictionary.h"
#include "journal/sqlite/span.h"
#include "journal/sqlite/tables.h"

#define US_PER_HOUR INT64_C(3600000000)
#define US_PER_DAY (24 * US_PER_HOUR)
#define HOURS_PER_DAY 24
#define CELLS_MAX (1u << 22) /* 300 MB; who needs more asks for less */

/* How finely times are told apart, and what else is. */
static const struct {
	enum grain finest, coarsest; /* of the sums that are read */
	int64_t unit_us;             /* of the times that are told; 0: none */
	bool devices, names;
	enum store_sums of_names; /* what stands for it when the filter has a name or a domain */
} of[] = {
	[STORE_SUMS_HOURS] = {GRAIN_HOUR, GRAIN_HOUR, US_PER_HOUR, false, false, STORE_SUMS_NAME_HOURS},
	[STORE_SUMS_DAYS] = {GRAIN_HOUR, GRAIN_DAY, US_PER_DAY, false, false, STORE_SUMS_NAME_DAYS},
	[STORE_SUMS_DEVICES] = {GRAIN_HOUR, GRAIN_MONTH, 0, true, false, STORE_SUMS_NAMES},
	[STORE_SUMS_NAMES] = {GRAIN_DAY, GRAIN_MONTH, 0, true, true, STORE_SUMS_NAMES},
	[STORE_SUMS_ALL_NAMES] = {GRAIN_DAY, GRAIN_MONTH, 0, false, true, STORE_SUMS_NAMES},
	[STORE_SUMS_NAME_DAYS] = {GRAIN_DAY, GRAIN_DAY, US_PER_DAY, true, true, STORE_SUMS_NAME_DAYS},
	[STORE_SUMS_NAME_HOURS] = {GRAIN_HOUR, GRAIN_HOUR, US_PER_HOUR, true, true,
                               STORE_SUMS_NAME_HOURS},
};

/* ---- what is counted ------------------------------------------------------------------------ */

/* Ids; 0: not told apart. */
struct key {
	int64_t device, name, time, class;
};

struct cell {
	struct key key;
	int64_t count;
};

struct sums {
	struct dictionary counts; /* a key to its count */
	int64_t unit_us;
	struct cell *cells; /* owned: the same, in order */
	sqlite3_stmt *device, *name, *class;
	char **classes; /* owned: by id, "action\0standing\0country", as far as they are known */
	int64_t class_max;
	int (*each)(void *data, const struct store_sum *row);
};

static int take_row(sqlite3_stmt *row, void *each, void *data)
{
	struct sums *sums = each;
	const struct key key = {sqlite3_column_int64(row, 0), sqlite3_column_int64(row, 1),
	                        sums->unit_us ? sqlite3_column_int64(row, 2) : 0,
	                        sqlite3_column_int64(row, 3)};
	int64_t count = sqlite3_column_int64(row, 4);
	(void)data;
	struct dictionary_entry *entry = dictionary_find(&sums->counts, &key, sizeof key);
	if (entry) {
		entry->id += count;
		return PF_OK;
	}
	bool full = sums->counts.entry_count == CELLS_MAX;
	return !full && dictionary_add(&sums->counts, &key, sizeof key, count) ? PF_OK : PF_ENOMEM;
}

/* ---- filters -------------------------------------------------------------------------------- */

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

/* `before`: " AND s.class IN (". */
static void add_class(struct question *question, const struct store_filter *filter,
                      const char *before)
{
	if (!filter->action && !filter->standing && !filter->location)
		return;
	ask_add(question, before);
	ask_add(question, "SELECT id FROM class WHERE 1");
	if (filter->action)
		ask_add_text(question, " AND action = ?", filter->action);
	if (filter->standing)
		ask_add_text(question, " AND standing = ?", filter->standing);
	if (filter->location)
		ask_add_text(question, " AND country = ?", filter->location);
	ask_add(question, ")");
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
	" UNION ALL SELECT s.device, s.name, s.hour / 24, s.class, s.count" TABLES_UNROLLED " WHERE 1";
static const char hours_sql[] =
	"), dated (device, name, day) AS MATERIALIZED (SELECT DISTINCT s.device, s.name, s.day"
	" FROM asked a CROSS JOIN number i CROSS JOIN sum_day s ON s.device = a.device"
	" AND s.day = a.day + i.n AND s.name = a.name WHERE a.day + i.n < a.next),"
	" found (device, name, time, class, count) AS (SELECT s.device, s.name, +s.hour, s.class,"
	" s.count FROM dated a CROSS JOIN number i CROSS JOIN sum_hour s ON s.device = a.device"
	" AND s.hour = a.day * 24 + i.n AND s.name = a.name"
	" WHERE i.n < 24"
	" UNION SELECT s.device, s.name, s.hour, s.class, s.count" TABLES_UNROLLED " WHERE 1";
static const char found_sql[] =
	") SELECT f.device, f.name, f.time, f.class, f.count FROM found f WHERE 1";

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
	ask_add(question, of[what].finest == GRAIN_DAY ? days_sql : hours_sql);
	if (result == PF_OK)
		result = add_who(store, question, filter, "d.id");
	int64_t unit_us = of[what].finest == GRAIN_DAY ? US_PER_DAY : US_PER_HOUR;
	ask_add(question, found_sql);
	if (filter->since_wall_us)
		ask_add_number(question, " AND f.time >= ?", filter->since_wall_us / unit_us);
	if (filter->until_wall_us)
		ask_add_number(question, " AND f.time <= ?", filter->until_wall_us / unit_us);
	add_class(question, filter, " AND f.class IN (");
	return result;
}

/* ---- of all, or of many ------------------------------------------------------------------ */

static const char *const grain_words[] = {"hour", "day", "month"};

/* "s.device, s.name, s.day, s.class, s.count", with 0 for what is not told apart. */
static void add_columns(struct question *question, enum store_sums what, enum grain grain)
{
	bool to_days = of[what].unit_us == US_PER_DAY && grain == GRAIN_HOUR;
	buffer_print(&question->sql, "SELECT %s, %s, s.%s%s, s.class, s.count",
	             of[what].devices ? "s.device" : "0", of[what].names ? "s.name" : "0",
	             grain_words[grain], to_days ? " / 24" : "");
}

/* Which table has it: sums of names of each device, of names, of devices, or of all together. */
static const char *table_of(enum store_sums what, const struct store_filter *filter)
{
	bool by_device = of[what].devices || filter->device || filter->devices;
	if (of[what].names)
		return by_device ? "sum" : "name";
	return by_device ? "total" : "all";
}

static int begin_span(struct sqlite_store *store, struct question *question, enum store_sums what,
                      const struct store_filter *filter, const struct span *span)
{
	const char *table = table_of(what, filter), *time = grain_words[span->grain];
	bool by_device = !strcmp(table, "sum") || !strcmp(table, "total");
	add_columns(question, what, span->grain);
	if (by_device)
		buffer_print(&question->sql, " FROM device d CROSS JOIN %s_%s s ON s.device = d.id", table,
		             time);
	else
		buffer_print(&question->sql, " FROM %s_%s s", table, time);
	buffer_print(&question->sql, by_device ? " AND s.%s >= " : " WHERE s.%s >= ", time);
	ask_add_number(question, "?", span->from);
	buffer_print(&question->sql, " AND s.%s <= ", time);
	ask_add_number(question, "?", span->to);
	if (by_device)
		ask_add(question, " WHERE 1");
	add_class(question, filter, " AND s.class IN (");
	return by_device ? add_who(store, question, filter, "d.id") : PF_OK;
}

/* Hours that are not rolled up, of the same time. */
static int begin_unrolled(struct sqlite_store *store, struct question *question,
                          enum store_sums what, const struct store_filter *filter, int64_t from,
                          int64_t to)
{
	if (of[what].finest == GRAIN_DAY) {
		from -= from % HOURS_PER_DAY;
		to += to == INT64_MAX ? 0 : HOURS_PER_DAY - 1 - to % HOURS_PER_DAY;
	}
	add_columns(question, what, GRAIN_HOUR);
	ask_add(question, TABLES_UNROLLED);
	ask_add_number(question, " WHERE +s.hour >= ?", from);
	ask_add_number(question, " AND +s.hour <= ?", to);
	add_class(question, filter, " AND s.class IN (");
	return add_who(store, question, filter, "d.id");
}

/* ---- walking ----------------------------------------------------------------------------- */

/* One statement's rows are counted; `span` NULL: those that are not rolled up. */
static int walk_one(struct sqlite_store *store, struct sums *sums, enum store_sums what,
                    const struct store_filter *filter, const struct span *span, int64_t from,
                    int64_t to)
{
	struct question question;
	ask_init(&question);
	int result = span ? begin_span(store, &question, what, filter, span)
	                  : begin_unrolled(store, &question, what, filter, from, to);
	if (result == PF_OK)
		result = ask_walk(store, &question, take_row, sums, NULL);
	ask_deinit(&question);
	return result;
}

static int walk_all(struct sqlite_store *store, struct sums *sums, enum store_sums what,
                    const struct store_filter *filter)
{
	struct span spans[SPANS_MAX];
	int64_t newest, from = filter->since_wall_us / US_PER_HOUR;
	int64_t to = filter->until_wall_us ? filter->until_wall_us / US_PER_HOUR : INT64_MAX;
	/* Of names the hours are all in one table. */
	bool all = of[what].names && of[what].coarsest == GRAIN_HOUR;
	int result =
		ask_number(store, "SELECT rolling_until - 1 FROM progress WHERE id > ?", NULL, 0, &newest);
	/* Nothing that is newer is rolled up: the last day and month are as whole as can be. */
	size_t count = spans_cover(from, !all && to >= newest ? INT64_MAX : to, of[what].finest,
	                           of[what].coarsest, spans);
	for (size_t i = 0; i < count && result == PF_OK; i++)
		result = walk_one(store, sums, what, filter, &spans[i], 0, 0);
	return result == PF_OK && !all ? walk_one(store, sums, what, filter, NULL, from, to) : result;
}

static int walk_few(struct sqlite_store *store, struct sums *sums, enum store_sums what,
                    const struct store_filter *filter)
{
	struct question question;
	ask_init(&question);
	int result = begin_few(store, &question, what, filter);
	if (result == PF_OK)
		result = ask_walk(store, &question, take_row, sums, NULL);
	ask_deinit(&question);
	return result;
}

/* ---- words ---------------------------------------------------------------------------------- */

static int by_key(const void *left, const void *right)
{
	const struct key *a = &((const struct cell *)left)->key;
	const struct key *b = &((const struct cell *)right)->key;
	const int64_t parts[][2] = {{a->device, b->device},
	                            {a->name, b->name},
	                            {a->time, b->time},
	                            {a->class, b->class}};
	for (size_t i = 0; i < PF_COUNT(parts); i++)
		if (parts[i][0] != parts[i][1])
			return parts[i][0] < parts[i][1] ? -1 : 1;
	return 0;
}

/* In order, so that a device and a name are looked up once. */
static int sort(struct sums *sums)
{
	size_t count = sums->counts.entry_count;
	sums->cells = malloc((count ? count : 1) * sizeof *sums->cells);
	if (!sums->cells)
		return PF_ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const struct dictionary_entry *entry = &sums->counts.entries[i];
		memcpy(&sums->cells[i].key, sums->counts.keys + entry->key_offset, sizeof(struct key));
		sums->cells[i].count = entry->id;
	}
	qsort(sums->cells, count, sizeof *sums->cells, by_key);
	return PF_OK;
}

static int prepare(struct sqlite_store *store, struct sums *sums)
{
	const struct {
		sqlite3_stmt **statement;
		const char *sql;
	} all[] = {
		{&sums->device, "SELECT t.key, t.name FROM device d LEFT JOIN merged m ON m.device = d.id"
	                    " JOIN device t ON t.id = ifnull(m.target, d.id) WHERE d.id = ?"},
		{&sums->name, "SELECT text FROM name WHERE id = ?"},
		{&sums->class, "SELECT action, standing, country FROM class WHERE id = ?"},
	};
	for (size_t i = 0; i < PF_COUNT(all); i++)
		if (sqlite3_prepare_v2(store->db, all[i].sql, -1, all[i].statement, NULL) != SQLITE_OK)
			return ask_explain(store);
	int result = ask_number(store, "SELECT ifnull(max(id), 0) FROM class WHERE id > ?", NULL, 0,
	                        &sums->class_max);
	sums->classes = calloc((size_t)sums->class_max + 1, sizeof *sums->classes);
	return sums->classes ? result : PF_ENOMEM;
}

/* Its row stays until the next call; without one its columns are empty. */
static int look_up(struct sqlite_store *store, sqlite3_stmt *statement, int64_t id)
{
	sqlite3_reset(statement);
	if (sqlite3_bind_int64(statement, 1, id) != SQLITE_OK)
		return ask_explain(store);
	int step = sqlite3_step(statement);
	return step == SQLITE_ROW || step == SQLITE_DONE ? PF_OK : ask_explain(store);
}

static int class_words(struct sqlite_store *store, struct sums *sums, int64_t id,
                       struct store_sum *row)
{
	if (id < 0 || id > sums->class_max)
		return PF_EIO; /* a row that nobody of us wrote */
	if (!sums->classes[id]) {
		int result = look_up(store, sums->class, id);
		if (result != PF_OK)
			return result;
		char text[64] = "";
		size_t length = 0;
		for (int column = 0; column < 3; column++) {
			size_t bytes = strlen(ask_text_of(sums->class, column)) + 1;
			if (length + bytes > sizeof text)
				return PF_EIO;
			memcpy(text + length, ask_text_of(sums->class, column), bytes);
			length += bytes;
		}
		sums->classes[id] = malloc(length);
		if (!sums->classes[id])
			return PF_ENOMEM;
		memcpy(sums->classes[id], text, length);
	}
	row->action = sums->classes[id];
	row->standing = row->action + strlen(row->action) + 1;
	row->country = row->standing + strlen(row->standing) + 1;
	return PF_OK;
}

static int hand_out(struct sqlite_store *store, struct sums *sums, void *data)
{
	const struct key *before = NULL;
	int result = PF_OK;
	for (size_t i = 0; i < sums->counts.entry_count && result == PF_OK; i++) {
		const struct key *key = &sums->cells[i].key;
		struct store_sum row = {.time_wall_us = key->time * sums->unit_us,
		                        .count = sums->cells[i].count};
		if (!before || before->device != key->device)
			result = look_up(store, sums->device, key->device);
		if (result == PF_OK && (!before || before->name != key->name))
			result = look_up(store, sums->name, key->name);
		if (result == PF_OK)
			result = class_words(store, sums, key->class, &row);
		row.device_id = ask_text_of(sums->device, 0);
		row.device = ask_text_of(sums->device, 1);
		row.name = ask_text_of(sums->name, 0);
		if (result == PF_OK)
			result = sums->each(data, &row);
		before = key;
	}
	return result;
}

static void sums_deinit(struct sums *sums)
{
	sqlite3_finalize(sums->device);
	sqlite3_finalize(sums->name);
	sqlite3_finalize(sums->class);
	for (int64_t i = 0; sums->classes && i <= sums->class_max; i++)
		free(sums->classes[i]);
	free(sums->classes);
	free(sums->cells);
	dictionary_deinit(&sums->counts);
}

/* ---- asking ------------------------------------------------------------------------------ */

static int ask(struct sqlite_store *store, struct question *question, struct sums *sums,
               enum store_sums what, const struct store_filter *filter)
{
	bool few = false;
	int result = PF_OK;
	if (filter->name || filter->domain)
		result = ask_names_are_few(store, question, filter, &few);
	if (result == PF_OK)
		result = few ? walk_few(store, sums, what, filter) : walk_all(store, sums, what, filter);
	if (result == PF_OK)
		result = sort(sums);
	return result == PF_OK ? prepare(store, sums) : result;
}

int ask_sums(struct store *base, enum store_sums what, const struct store_filter *filter,
             int (*each)(void *data, const struct store_sum *row), void *data)
{
	struct sqlite_store *store = (struct sqlite_store *)base;
	struct question question;
	if (filter->name || filter->domain)
		what = of[what].of_names;
	struct sums sums = {.unit_us = of[what].unit_us, .each = each};
	int result = ask_begin(store, &question);
	if (result == PF_OK && ask_counted_needed(filter)) {
		result = ask_counted(store, filter, of[what].names, sums.unit_us, each, data);
		return ask_end(store, &question, result);
	}
	dictionary_init(&sums.counts, CELLS_MAX);
	if (result == PF_OK)
		result = ask(store, &question, &sums, what, filter);
	if (result == PF_OK)
		result = hand_out(store, &sums, data);
	sums_deinit(&sums);
	return ask_end(store, &question, result);
}
