/* The questions of journal_questions.h. Each is asked three times, of a store that was opened for it, and the slowest counts; the
 * least CPU time beside it tells what a machine with other work adds. */
#include "bench/journal_questions.h"

#include <sqlite3.h>
#include <stdio.h>
#include <time.h>

#include "journal/sqlite/sqlite.h"
#include "unit/journal/sample.h"

#define GOAL_MS 100
#define TIMES 3
#define DAY_US (INT64_C(86400) * 1000000)

enum what { QUERIES, ENDPOINTS, DEVICES, ASKED, EVENTS, HOURS, NAME_DAYS, NAME_HOURS };

struct question {
	const char *text;
	enum what what;
	struct store_filter filter;
};

struct answer {
	struct store *store;
	uint64_t rows;
};

static double clock_ms(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double wall_ms(void)
{
	return clock_ms(CLOCK_MONOTONIC);
}

static double cpu_ms(void)
{
	return clock_ms(CLOCK_THREAD_CPUTIME_ID);
}

static int on_hop(void *data, const struct store_answer *row)
{
	(void)data;
	(void)row;
	return 0;
}

/* The log shows the CNAMEs of each query that it shows. */
static int on_query(void *data, const struct store_query *row)
{
	struct answer *answer = data;
	answer->rows++;
	return row->answer ? answer->store->answer(answer->store, row->answer, on_hop, NULL) : 0;
}

#define COUNT(function, row_type)                               \
	static int function(void *data, const struct row_type *row) \
	{                                                           \
		(void)row;                                              \
		((struct answer *)data)->rows++;                        \
		return 0;                                               \
	}
COUNT(on_endpoint, store_endpoint)
COUNT(on_device, store_device)
COUNT(on_asked, store_asked)
COUNT(on_event, store_event)
COUNT(on_sum, store_sum)

static int ask(struct store *store, const struct question *question, struct answer *answer)
{
	const struct store_filter *filter = &question->filter;
	switch (question->what) {
	case QUERIES: return store->queries(store, filter, on_query, answer);
	case ENDPOINTS: return store->endpoints(store, filter, on_endpoint, answer);
	case DEVICES: return store->devices(store, on_device, answer);
	case ASKED: return store->asked(store, filter, on_asked, answer);
	case EVENTS: return store->events(store, filter, on_event, answer);
	case HOURS: return store->sums(store, STORE_SUMS_HOURS, filter, on_sum, answer);
	case NAME_DAYS: return store->sums(store, STORE_SUMS_NAME_DAYS, filter, on_sum, answer);
	case NAME_HOURS: return store->sums(store, STORE_SUMS_NAME_HOURS, filter, on_sum, answer);
	}
	return PF_EINVAL;
}

static unsigned ask_all(const char *path, const struct question *questions, size_t count)
{
	unsigned slow = 0;
	for (size_t i = 0; i < count; i++) {
		double longest = 0, least = 1e9;
		struct answer answer = {0};
		for (int time = 0; time < TIMES; time++) {
			char error[256];
			answer = (struct answer){sqlite_store_open(path, error, sizeof error), 0};
			assert_non_null(answer.store);
			double begin = wall_ms(), begin_cpu = cpu_ms();
			assert_int_equal(ask(answer.store, &questions[i], &answer), PF_OK);
			double spent = wall_ms() - begin, spent_cpu = cpu_ms() - begin_cpu;
			longest = spent > longest ? spent : longest;
			least = spent_cpu < least ? spent_cpu : least;
			answer.store->close(&answer.store);
		}
		slow += longest > GOAL_MS;
		printf("%s %7.1f ms (%.1f ms of CPU) %8llu rows  %s\n", longest > GOAL_MS ? "SLOW" : "    ",
		       longest, least, (unsigned long long)answer.rows, questions[i].text);
	}
	return slow;
}

static unsigned log_questions(const char *path, int64_t middle)
{
	const struct question questions[] = {
		{"log: the newest", QUERIES, {.limit = 100}},
		{"log of an hour, three weeks ago",
	     QUERIES,
	     {.since_wall_us = middle, .until_wall_us = middle + DAY_US / 24, .limit = 100}},
		{"log of a device", QUERIES, {.device = "device 20", .limit = 100}},
		{"log of a name that few ask",
	     QUERIES,
	     {.name = "www.site-2900.example0.com", .limit = 100}},
		{"log of a name that nobody asked", QUERIES, {.name = "none.example.org", .limit = 100}},
		{"log of *.vendor39.example.com",
	     QUERIES,
	     {.name = "*.vendor39.example.com", .limit = 100}},
		{"log of a registered domain", QUERIES, {.domain = "example0.com", .limit = 100}},
		{"log of a location", QUERIES, {.location = "DE", .limit = 100}},
		{"log of a control", QUERIES, {.control = "US", .limit = 100}},
		{"log of a country", QUERIES, {.country = "DE", .limit = 100}},
		{"log of a network", QUERIES, {.asn = 64500, .limit = 100}},
		{"log of a standing", QUERIES, {.standing = "overseas", .limit = 100}},
		{"log of what was sinkholed", QUERIES, {.action = "sinkhole", .limit = 100}},
		{"log of a rule", QUERIES, {.rule = "vendor telemetry", .limit = 100}},
		{"log of a type", QUERIES, {.type = "HTTPS", .limit = 100}},
		{"log of a device, a country and sinkholed: none",
	     QUERIES,
	     {.device = "device 20", .country = "DE", .action = "sinkhole", .limit = 100}},
	};
	return ask_all(path, questions, PF_COUNT(questions));
}

unsigned questions_month(const char *path, int64_t begin_us, int64_t end_us)
{
	int64_t day = end_us - DAY_US;
	const struct question questions[] = {
		{"devices: the list", DEVICES, {0}},
		{"overview: queries by hour, action, standing and country (map, time series, heat map)",
	     HOURS,
	     {.since_wall_us = begin_us}},
		{"a device: its hours (heat map)",
	     HOURS,
	     {.device = "device 3", .since_wall_us = begin_us}},
		{"a country: its hours", HOURS, {.location = "DE", .since_wall_us = begin_us}},
		{"a day: its hours", HOURS, {.since_wall_us = day}},
		{"top names of a day", NAME_DAYS, {.since_wall_us = day}},
		{"top names of a device, in a month",
	     NAME_DAYS,
	     {.device = "device 20", .since_wall_us = begin_us}},
		{"top names of one with a browser, in a month",
	     NAME_DAYS,
	     {.device = "device 3", .since_wall_us = begin_us}},
		{"a name: its days, in a month",
	     NAME_DAYS,
	     {.name = "www.site-10.example10.com", .since_wall_us = begin_us}},
		{"a name: its hours, in a month",
	     NAME_HOURS,
	     {.name = "www.site-10.example10.com", .since_wall_us = begin_us}},
		{"a device: its names by the hour, of a day",
	     NAME_HOURS,
	     {.device = "device 3", .since_wall_us = day}},
		{"endpoints: the newest", ENDPOINTS, {.limit = 100}},
		{"endpoints of a device", ENDPOINTS, {.device = "device 20"}},
		{"endpoints of one with a browser", ENDPOINTS, {.device = "device 3", .limit = 1000}},
		{"endpoints of a name (with their CNAMEs)",
	     ENDPOINTS,
	     {.name = "www.site-11.example11.com"}},
		{"endpoints of a registered domain", ENDPOINTS, {.domain = "example0.com", .limit = 1000}},
		{"endpoints of a country", ENDPOINTS, {.country = "DE", .limit = 1000}},
		{"endpoints of a network", ENDPOINTS, {.asn = 64500, .limit = 1000}},
		{"endpoints of a standing", ENDPOINTS, {.standing = "overseas", .limit = 1000}},
		{"endpoints of a time alone",
	     ENDPOINTS,
	     {.since_wall_us = end_us - DAY_US / 24, .limit = 1000}},
		{"what is new: events of a month", EVENTS, {.since_wall_us = begin_us, .limit = 1000}},
		{"what a device asked, in a month",
	     ASKED,
	     {.device = "device 20", .since_wall_us = begin_us}},
	};
	unsigned slow = log_questions(path, begin_us + (end_us - begin_us) / 2);
	return slow + ask_all(path, questions, PF_COUNT(questions));
}

/* `table` has its times in units of `unit`; each month is `step` of them earlier. */
static void copy_months(sqlite3 *db, const char *table, const char *time, const char *name,
                        const char *step)
{
	char sql[512];
	snprintf(sql, sizeof sql,
	         "WITH RECURSIVE m (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM m WHERE n < 11)"
	         " INSERT OR IGNORE INTO %s SELECT s.device, s.%s - m.n * %s%s, s.class, s.count"
	         " FROM (SELECT * FROM %s) s, m",
	         table, time, step, name, table);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

unsigned questions_year(const char *path, int64_t begin_us, int64_t end_us)
{
	int64_t year = begin_us - 335 * DAY_US;
	sqlite3 *db;
	(void)end_us;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	copy_months(db, "total_hour", "hour", "", "720");
	copy_months(db, "total_day", "day", "", "30");
	copy_months(db, "sum_day", "day", ", s.name", "30");
	copy_months(db, "sum_month", "month", ", s.name", "1");
	sqlite3_close(db);
	const struct question questions[] = {
		{"a year: queries by hour, action, standing and country", HOURS, {.since_wall_us = year}},
		{"a year of a device: its hours", HOURS, {.device = "device 3", .since_wall_us = year}},
		{"a year of a country: its hours", HOURS, {.location = "DE", .since_wall_us = year}},
		{"a year of a device: its names by the day",
	     NAME_DAYS,
	     {.device = "device 20", .since_wall_us = year}},
		{"a year of one with a browser: its names by the day",
	     NAME_DAYS,
	     {.device = "device 3", .since_wall_us = year}},
		{"a year of a name: its days",
	     NAME_DAYS,
	     {.name = "www.site-10.example10.com", .since_wall_us = year}},
		{"a year of a registered domain: its days",
	     NAME_DAYS,
	     {.domain = "example0.com", .since_wall_us = year}},
		{"what a device asked, in a year", ASKED, {.device = "device 20", .since_wall_us = year}},
	};
	return ask_all(path, questions, PF_COUNT(questions));
}
