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

enum what { QUERIES, ENDPOINTS, DEVICES, ASKED, EVENTS, SUMS };

struct question {
	const char *text;
	enum what what;
	struct store_filter filter;
	enum store_sums sums;
	bool none; /* there is nothing to find */
};

/* All but the sums; sums; and one that has nothing to find. */
#define ASK(text, what, ...)                               \
	{                                                      \
		text, what, {__VA_ARGS__}, STORE_SUMS_HOURS, false \
	}
#define COUNT_UP(text, sums, ...)              \
	{                                          \
		text, SUMS, {__VA_ARGS__}, sums, false \
	}
#define FIND_NONE(text, ...)                                 \
	{                                                        \
		text, QUERIES, {__VA_ARGS__}, STORE_SUMS_HOURS, true \
	}

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
	case SUMS: return store->sums(store, question->sums, filter, on_sum, answer);
	}
	return PF_EINVAL;
}

static unsigned ask_all(const char *path, const struct question *questions, size_t count)
{
	unsigned faults = 0;
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
		bool wrong = !answer.rows != questions[i].none;
		faults += longest > GOAL_MS || wrong;
		printf("%s %7.1f ms (%.1f ms of CPU) %8llu rows  %s%s\n",
		       longest > GOAL_MS ? "SLOW" : "    ", longest, least, (unsigned long long)answer.rows,
		       questions[i].text, wrong ? ": WRONG, so many should not be found" : "");
	}
	return faults;
}

static unsigned log_questions(const char *path, int64_t middle)
{
	const struct question questions[] = {
		ASK("log: the newest", QUERIES, .limit = 100),
		ASK("log of an hour in the middle", QUERIES, .since_wall_us = middle,
	        .until_wall_us = middle + DAY_US / 24, .limit = 100),
		ASK("log of a device", QUERIES, .device = "device 20", .limit = 100),
		ASK("log of a name that few ask", QUERIES, .name = "www.site-2900.example100.com",
	        .limit = 100),
		FIND_NONE("log of a name that nobody asked", .name = "none.example.org", .limit = 100),
		ASK("log of *.vendor39.example.com", QUERIES, .name = "*.vendor39.example.com",
	        .limit = 100),
		ASK("log of a registered domain", QUERIES, .domain = "example0.com", .limit = 100),
		ASK("log of a location", QUERIES, .location = "DE", .limit = 100),
		ASK("log of a control", QUERIES, .control = "US", .limit = 100),
		ASK("log of a country", QUERIES, .country = "DE", .limit = 100),
		ASK("log of a network", QUERIES, .asn = 64500, .limit = 100),
		ASK("log of a standing", QUERIES, .standing = "overseas", .limit = 100),
		ASK("log of what was sinkholed", QUERIES, .action = "sinkhole", .limit = 100),
		ASK("log of a rule", QUERIES, .rule = "vendor telemetry", .limit = 100),
		ASK("log of a type", QUERIES, .type = "HTTPS", .limit = 100),
		FIND_NONE("log of a device, a country and sinkholed: none", .device = "device 20",
	              .country = "DE", .action = "sinkhole", .limit = 100),
	};
	return ask_all(path, questions, PF_COUNT(questions));
}

static unsigned sums_questions(const char *path, int64_t begin_us, int64_t end_us)
{
	int64_t day = end_us - DAY_US, week = end_us - 7 * DAY_US;
	struct store_filter month = {.since_wall_us = begin_us};
	struct store_filter device = {.device = "device 3", .since_wall_us = begin_us};
	struct store_filter thing = {.device = "device 20", .since_wall_us = begin_us};
	struct store_filter country = {.location = "DE", .since_wall_us = begin_us};
	struct store_filter name = {.name = "www.site-10.example10.com", .since_wall_us = begin_us};
	struct store_filter names = {.device = "device 3", .since_wall_us = day};
	struct store_filter people = {.device = "device 3", .since_wall_us = week};
	const struct question questions[] = {
		{"overview: by the hour", SUMS, month, STORE_SUMS_HOURS, false},
		{"overview: devices, countries, standings", SUMS, month, STORE_SUMS_DEVICES, false},
		COUNT_UP("overview of a day: by the hour", STORE_SUMS_HOURS, .since_wall_us = day),
		COUNT_UP("overview of a day: devices, countries", STORE_SUMS_DEVICES, .since_wall_us = day),
		{"a device: its hours (heat map)", SUMS, device, STORE_SUMS_HOURS, false},
		{"a country: its hours", SUMS, country, STORE_SUMS_HOURS, false},
		{"a country: its devices", SUMS, country, STORE_SUMS_DEVICES, false},
		{"top names of all devices", SUMS, month, STORE_SUMS_ALL_NAMES, false},
		COUNT_UP("top names of all devices, of a day", STORE_SUMS_ALL_NAMES, .since_wall_us = day),
		{"top names of a device", SUMS, thing, STORE_SUMS_NAMES, false},
		{"top names of one with a browser", SUMS, device, STORE_SUMS_NAMES, false},
		{"top names of one with a browser, of a week", SUMS, people, STORE_SUMS_NAMES, false},
		{"names of a device by the day", SUMS, thing, STORE_SUMS_NAME_DAYS, false},
		{"names of one with a browser by the hour, of a day", SUMS, names, STORE_SUMS_NAME_HOURS,
	     false},
		{"a name: its days", SUMS, name, STORE_SUMS_NAME_DAYS, false},
		{"a name: its hours", SUMS, name, STORE_SUMS_NAME_HOURS, false},
		ASK("what all devices asked (proposals)", ASKED, .limit = 0),
	};
	return ask_all(path, questions, PF_COUNT(questions));
}

unsigned questions_month(const char *path, int64_t begin_us, int64_t end_us)
{
	const struct question questions[] = {
		ASK("devices: the list", DEVICES, 0),
		ASK("endpoints: the newest", ENDPOINTS, .limit = 100),
		ASK("endpoints of a device", ENDPOINTS, .device = "device 20"),
		ASK("endpoints of one with a browser", ENDPOINTS, .device = "device 3", .limit = 1000),
		ASK("endpoints of a name (with their CNAMEs)", ENDPOINTS,
	        .name = "www.site-11.example11.com"),
		ASK("endpoints of a registered domain", ENDPOINTS, .domain = "example0.com", .limit = 1000),
		ASK("endpoints of a country", ENDPOINTS, .country = "DE", .limit = 1000),
		ASK("endpoints of a country, of a day", ENDPOINTS, .location = "DE",
	        .since_wall_us = end_us - DAY_US, .limit = 200),
		ASK("endpoints of a network", ENDPOINTS, .asn = 64500, .limit = 1000),
		ASK("endpoints of a standing", ENDPOINTS, .standing = "overseas", .limit = 1000),
		ASK("endpoints of a time alone", ENDPOINTS, .since_wall_us = end_us - DAY_US / 24,
	        .limit = 1000),
		ASK("what is new: events of a month", EVENTS, .since_wall_us = begin_us, .limit = 1000),
		ASK("what a device asked", ASKED, .device = "device 20", .since_wall_us = begin_us),
	};
	unsigned faults = log_questions(path, begin_us + (end_us - begin_us) / 2);
	faults += sums_questions(path, begin_us, end_us);
	return faults + ask_all(path, questions, PF_COUNT(questions));
}

/* Eleven months of `step` units each, before those that are there. */
static void copy_months(sqlite3 *db, const char *table, const char *columns, const char *time,
                        int step)
{
	char sql[512];
	snprintf(sql, sizeof sql, "CREATE TEMP TABLE old AS SELECT * FROM %s", table);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	for (int month = 1; month < 12; month++) {
		snprintf(sql, sizeof sql,
		         "UPDATE old SET %s = %s - %d; INSERT OR IGNORE INTO %s (%s, class, count)"
		         " SELECT %s, class, count FROM old",
		         time, time, step, table, columns, columns);
		assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	}
	assert_int_equal(sqlite3_exec(db, "DROP TABLE old", NULL, NULL, NULL), SQLITE_OK);
}

static void make_year(const char *path)
{
	sqlite3 *db;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	copy_months(db, "total_hour", "device, hour", "hour", 720);
	copy_months(db, "total_day", "device, day", "day", 30);
	copy_months(db, "total_month", "device, month", "month", 1);
	copy_months(db, "all_hour", "hour", "hour", 720);
	copy_months(db, "all_day", "day", "day", 30);
	copy_months(db, "name_day", "day, name", "day", 30);
	copy_months(db, "name_month", "month, name", "month", 1);
	copy_months(db, "sum_day", "device, day, name", "day", 30);
	copy_months(db, "sum_month", "device, month, name", "month", 1);
	sqlite3_close(db);
}

unsigned questions_year(const char *path, int64_t begin_us, int64_t end_us)
{
	int64_t year = begin_us - 335 * DAY_US;
	/* Its ends lie within a month, a day and an hour. */
	int64_t since = begin_us - 328 * DAY_US, until = end_us - DAY_US;
	struct store_filter all = {.since_wall_us = year};
	struct store_filter part = {.since_wall_us = since, .until_wall_us = until};
	struct store_filter device = {.device = "device 3", .since_wall_us = year};
	struct store_filter device_part = {.device = "device 3",
	                                   .since_wall_us = since,
	                                   .until_wall_us = until};
	struct store_filter thing = {.device = "device 20", .since_wall_us = year};
	struct store_filter country = {.location = "DE", .since_wall_us = year};
	struct store_filter name = {.name = "www.site-10.example10.com", .since_wall_us = year};
	struct store_filter domain = {.domain = "example0.com", .since_wall_us = year};
	make_year(path);
	const struct question questions[] = {
		{"a year: by the hour (heat map)", SUMS, all, STORE_SUMS_HOURS, false},
		{"a year: by the day", SUMS, all, STORE_SUMS_DAYS, false},
		{"a year: devices, countries, standings", SUMS, all, STORE_SUMS_DEVICES, false},
		{"a year less some days: by the day", SUMS, part, STORE_SUMS_DAYS, false},
		{"a year less some days: devices", SUMS, part, STORE_SUMS_DEVICES, false},
		{"a year of a device: its hours", SUMS, device, STORE_SUMS_HOURS, false},
		{"a year of a country: its hours", SUMS, country, STORE_SUMS_HOURS, false},
		{"a year of a country: its days", SUMS, country, STORE_SUMS_DAYS, false},
		{"a year of a device: its names", SUMS, thing, STORE_SUMS_NAMES, false},
		{"a year of a device: its names by the day", SUMS, thing, STORE_SUMS_NAME_DAYS, false},
		{"a year of one with a browser: its names", SUMS, device, STORE_SUMS_NAMES, false},
		{"a year less some days of one with a browser: its names", SUMS, device_part,
	     STORE_SUMS_NAMES, false},
		{"a year of all devices: top names", SUMS, all, STORE_SUMS_ALL_NAMES, false},
		{"a year of a name: its days", SUMS, name, STORE_SUMS_NAME_DAYS, false},
		{"a year of a registered domain: its days", SUMS, domain, STORE_SUMS_NAME_DAYS, false},
		{"a year of a registered domain: its names", SUMS, domain, STORE_SUMS_NAMES, false},
		{"what a device asked, in a year", ASKED, thing, STORE_SUMS_HOURS, false},
		ASK("what all devices asked, in a year (proposals)", ASKED, .limit = 0),
	};
	return ask_all(path, questions, PF_COUNT(questions));
}
