/* No question reads a large table from end to end when a filter says which rows it wants: every statement that the store runs, with every
 * filter alone and with every pair of them, is held against SQLite's own plan for it. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/sqlite/sqlite.h"
#include "unit/journal/idle.h"
#include "unit/journal/sample.h"

#define RECORDS 200
#define STATEMENTS_MAX 2048

/* What the store has asked, each once. */
struct asked {
	char *sql[STATEMENTS_MAX];
	size_t count, checked;
};

/* SQLite hands no context to those who are told of new connections. */
static struct asked *told;

static int on_statement(unsigned type, void *context, void *statement, void *text)
{
	struct asked *asked = context;
	const char *sql = sqlite3_sql(statement);
	(void)type;
	(void)text;
	for (size_t i = 0; i < asked->count; i++)
		if (!strcmp(asked->sql[i], sql))
			return 0;
	assert_true(asked->count < STATEMENTS_MAX);
	asked->sql[asked->count] = strdup(sql);
	assert_non_null(asked->sql[asked->count++]);
	return 0;
}

static int on_connection(sqlite3 *db, const char **error, const struct sqlite3_api_routines *api)
{
	(void)error;
	(void)api;
	return sqlite3_trace_v2(db, SQLITE_TRACE_STMT, on_statement, told);
}

/* ---- plans ------------------------------------------------------------------------------- */

/* These grow with every query, or with every answer, name or endpoint that was ever seen. Dictionaries of words (names for a wildcard, devices) may be read. */
static const char *const large[] = {"block",     "block_summary", "kind",           "answer",
                                    "endpoint",  "answer_hop",    "answer_address", "fact",
                                    "sum_hour",  "sum_day",       "sum_month",      "total_hour",
                                    "total_day", "total_month",   "reason",         "name_day",
                                    "name_month"};

/* Which table does "SCAN e USING …" mean? Its alias stands in the statement behind its name: "endpoint e". */
static bool scans_large(const char *plan, const char *sql)
{
	char alias[32], place[64];
	if (sscanf(plan, "SCAN %31s", alias) != 1)
		return false;
	for (size_t i = 0; i < PF_COUNT(large); i++) {
		if (!strcmp(alias, large[i]))
			return true;
		snprintf(place, sizeof place, " %s %s ", large[i], alias);
		if (strstr(sql, place))
			return true;
	}
	return false;
}

static unsigned check_plan(sqlite3 *db, const char *sql, const char *what)
{
	char explain[8192];
	sqlite3_stmt *rows;
	unsigned scans = 0;
	if (strncmp(sql, "SELECT", 6) && strncmp(sql, "WITH", 4))
		return 0;
	assert_true(snprintf(explain, sizeof explain, "EXPLAIN QUERY PLAN %s", sql) <
	            (int)sizeof explain);
	if (sqlite3_prepare_v2(db, explain, -1, &rows, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sqlite3_errmsg(db), sql);
	while (sqlite3_step(rows) == SQLITE_ROW) {
		const char *plan = (const char *)sqlite3_column_text(rows, 3);
		if (!scans_large(plan, sql))
			continue;
		print_error("%s: %s\n  in %s\n", what, plan, sql);
		scans++;
	}
	sqlite3_finalize(rows);
	return scans;
}

static unsigned check_all(sqlite3 *db, struct asked *asked, const char *what)
{
	unsigned scans = 0;
	while (asked->checked < asked->count)
		scans += check_plan(db, asked->sql[asked->checked++], what);
	return scans;
}

/* ---- questions --------------------------------------------------------------------------- */

#define IGNORE(function, row_type)                              \
	static int function(void *data, const struct row_type *row) \
	{                                                           \
		(void)data;                                             \
		(void)row;                                              \
		return 0;                                               \
	}
IGNORE(on_query, store_query)
IGNORE(on_endpoint, store_endpoint)
IGNORE(on_history, store_history)
IGNORE(on_sum, store_sum)
IGNORE(on_asked, store_asked)
IGNORE(on_event, store_event)

static int64_t last_us(void)
{
	return SAMPLE_TIME_US + RECORDS * INT64_C(1500);
}

/* Filter number `i`; false: there are no more. */
static bool set_filter(struct store_filter *filter, unsigned i)
{
	switch (i) {
	case 0: filter->device = "device 2"; return true;
	case 1: filter->name = "host11.vendor11.example.com"; return true;
	case 2: filter->name = "*.example.com"; return true;
	case 3: filter->domain = "example.cn"; return true;
	case 4: filter->country = "DE"; return true;
	case 5: filter->location = "US"; return true;
	case 6: filter->control = "US"; return true;
	case 7: filter->asn = 64496; return true;
	case 8: filter->standing = "overseas"; return true;
	case 9: filter->action = "sinkhole"; return true;
	case 10: filter->rule = "coffee stays home"; return true;
	case 11: filter->type = "AAAA"; return true;
	case 12: filter->since_wall_us = last_us() - 1000000; return true;
	case 13: filter->until_wall_us = SAMPLE_TIME_US + 1000000; return true;
	case 14: filter->limit = 10; return true;
	default: return false;
	}
}

static unsigned ask_all(sqlite3 *db, struct store *store, struct asked *asked,
                        const struct store_filter *filter, unsigned first, unsigned second)
{
	char what[64];
	bool by_device = filter->device, limit_alone = first == second && filter->limit;
	int results[] = {
		store->queries(store, filter, on_query, NULL),
		/* The newest, of all; and a type has a third of all, so that reading them is the best way. */
		limit_alone || filter->type ? PF_OK : store->endpoints(store, filter, on_endpoint, NULL),
		store->history(store, filter, NULL, on_history, NULL),
		store->sums(store, STORE_SUMS_HOURS, filter, on_sum, NULL),
		store->sums(store, STORE_SUMS_DAYS, filter, on_sum, NULL),
		store->sums(store, STORE_SUMS_DEVICES, filter, on_sum, NULL),
		store->sums(store, STORE_SUMS_NAMES, filter, on_sum, NULL),
		store->sums(store, STORE_SUMS_ALL_NAMES, filter, on_sum, NULL),
		store->sums(store, STORE_SUMS_NAME_DAYS, filter, on_sum, NULL),
		store->sums(store, STORE_SUMS_NAME_HOURS, filter, on_sum, NULL),
		/* It knows no other filters. */
		by_device || filter->since_wall_us ? store->asked(store, filter, on_asked, NULL) : PF_OK,
		store->events(store, filter, on_event, NULL),
	};
	for (size_t i = 0; i < PF_COUNT(results); i++)
		assert_int_equal(results[i], PF_OK);
	snprintf(what, sizeof what, "filters %u and %u", first, second);
	return check_all(db, asked, what);
}

static void fill(struct sink *sink)
{
	char error[256];
	struct sample *sample = malloc(sizeof *sample);
	assert_non_null(sample);
	assert_int_equal(sink->begin(sink, error, sizeof error), PF_OK);
	for (unsigned i = 0; i < RECORDS; i++) {
		sample_fill(sample, i, i < RECORDS / 2);
		assert_int_equal(sink->write(sink, &sample->record, error, sizeof error), PF_OK);
	}
	assert_int_equal(sink->commit(sink, error, sizeof error), PF_OK);
	sample_idle(sink, last_us());
	free(sample);
}

static void test_no_filter_scans(void **state)
{
	char folder[64], path[128], error[256];
	static struct asked asked;
	sqlite3 *db;
	unsigned scans = 0, questions = 0;
	(void)state;
	sample_make_folder(folder);
	snprintf(path, sizeof path, "%s/journal.db", folder);
	struct sink *sink = sqlite_sink_open(path, INT64_C(400) * 86400 * 1000000, error, sizeof error);
	assert_non_null(sink);
	fill(sink);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA automatic_index = OFF", NULL, NULL, NULL), SQLITE_OK);
	told = &asked;
	assert_int_equal(sqlite3_auto_extension((void (*)(void))on_connection), SQLITE_OK);
	struct store *store = sqlite_store_open(path, error, sizeof error);
	assert_non_null(store);
	check_all(db, &asked, "opening");
	for (unsigned i = 0; set_filter(&(struct store_filter){0}, i); i++)
		for (unsigned k = i; k < 15; k++) {
			struct store_filter filter = {0};
			set_filter(&filter, i);
			set_filter(&filter, k);
			scans += ask_all(db, store, &asked, &filter, i, k);
			questions++;
		}
	assert_int_equal(questions, 120);
	assert_int_equal(scans, 0);
	assert_true(asked.count > 300);
	for (size_t i = 0; i < asked.count; i++)
		free(asked.sql[i]);
	sqlite3_cancel_auto_extension((void (*)(void))on_connection);
	store->close(&store);
	sqlite3_close(db);
	sink->close(&sink);
	sample_remove_folder(folder);
}

/* The check itself: it finds what it looks for. */
static void test_a_scan_is_found(void **state)
{
	(void)state;
	assert_true(scans_large("SCAN e", "SELECT e.id FROM endpoint e WHERE e.count > 3"));
	assert_true(scans_large("SCAN block USING INDEX x", "SELECT id FROM block"));
	assert_false(scans_large("SCAN d", "SELECT d.id FROM device d JOIN endpoint e "));
	assert_false(scans_large("SEARCH e USING INDEX endpoint_last (last>?)", "FROM endpoint e "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_filter_scans),
		cmocka_unit_test(test_a_scan_is_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
