/* Sums say what the queries say, hour by hour and day by day, of all names and of few, of hours that are rolled up and of those that are not
 * yet; also when months pass within one batch, which is when sums are gathered in memory for long. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/dns.h"
#include "journal/sqlite/state.h"
#include "unit/journal/check.h"

#define RECORDS 120
#define STEP_US (INT64_C(13) * 3600 * 1000000 + 7) /* 120 of them are 65 days */
#define HOUR_US (INT64_C(3600) * 1000000)
#define MONTH_US INT64_C(1793491200000000) /* 2026-11-01T00:00:00Z: the third month of them */

static int64_t time_of(unsigned i)
{
	return SAMPLE_TIME_US + i * STEP_US;
}

/* What the journal should say: the queries themselves. */
struct query {
	char name[NAME_TEXT_MAX], device[DEVICE_NAME_MAX];
	int64_t time_us;
};

struct house {
	char folder[64], path[128];
	struct query queries[RECORDS];
	int64_t shift_us; /* added to the times of what is written */
	struct sink *sink;
	struct store *store;
};

static void write_some(struct house *house, unsigned from, unsigned to)
{
	char error[256];
	struct sample *sample = malloc(sizeof *sample);
	assert_non_null(sample);
	assert_int_equal(house->sink->begin(house->sink, error, sizeof error), PF_OK);
	for (unsigned i = from; i < to; i++) {
		struct query *query = &house->queries[i];
		sample_fill(sample, i, true);
		sample->record.time_wall_us = query->time_us = time_of(i) + house->shift_us;
		dns_name_to_text(&sample->name, query->name);
		strcpy(query->device, sample->device_name);
		assert_int_equal(house->sink->write(house->sink, &sample->record, error, sizeof error),
		                 PF_OK);
	}
	assert_int_equal(house->sink->commit(house->sink, error, sizeof error), PF_OK);
	free(sample);
}

static int setup(void **state)
{
	char error[256];
	struct house *house = calloc(1, sizeof *house);
	assert_non_null(house);
	sample_make_folder(house->folder);
	snprintf(house->path, sizeof house->path, "%s/journal.db", house->folder);
	house->sink = sqlite_sink_open(house->path, KEEP_US, error, sizeof error);
	assert_non_null(house->sink);
	house->store = sqlite_store_open(house->path, error, sizeof error);
	assert_non_null(house->store);
	*state = house;
	return 0;
}

static int teardown(void **state)
{
	struct house *house = *state;
	house->store->close(&house->store);
	house->sink->close(&house->sink);
	sample_remove_folder(house->folder);
	free(house);
	return 0;
}

/* ---- asking ------------------------------------------------------------------------------ */

struct seen {
	const struct house *house;
	int64_t unit_us, count;
	char ending[64]; /* names must end so */
};

/* Is the query one of those that the row counts, as far as the row says which? */
static bool belongs(const struct seen *seen, const struct store_sum *row, const struct query *query)
{
	return (!*row->device || !strcmp(query->device, row->device)) &&
	       (!*row->name || !strcmp(query->name, row->name)) &&
	       query->time_us / seen->unit_us == row->time_wall_us / seen->unit_us;
}

/* Rows differ in action, standing and country too, so no row has more than there is. */
static int on_sum(void *data, const struct store_sum *row)
{
	struct seen *seen = data;
	int64_t most = 0;
	for (unsigned i = 0; i < RECORDS; i++)
		most += belongs(seen, row, &seen->house->queries[i]);
	assert_in_range(row->count, 1, most);
	if (*row->name)
		assert_string_equal(row->name + strlen(row->name) - strlen(seen->ending), seen->ending);
	seen->count += row->count;
	return 0;
}

/* So many are there whose names end so, in the time of the filter, which counts to its unit. */
static int64_t expected(const struct house *house, const char *ending,
                        const struct store_filter *filter, int64_t unit_us)
{
	int64_t count = 0;
	for (unsigned i = 0; i < RECORDS; i++) {
		const struct query *query = &house->queries[i];
		size_t length = strlen(query->name), its = strlen(ending);
		int64_t time = query->time_us / unit_us;
		count += length >= its && !strcmp(query->name + length - its, ending) &&
		         time >= filter->since_wall_us / unit_us &&
		         (!filter->until_wall_us || time <= filter->until_wall_us / unit_us);
	}
	return count;
}

static void check(struct house *house, enum store_sums what, const struct store_filter *filter,
                  const char *ending)
{
	bool named = filter->name || filter->domain;
	bool days = what == STORE_SUMS_NAME_DAYS || (what == STORE_SUMS_DAYS && named);
	bool names = what == STORE_SUMS_NAMES || what == STORE_SUMS_ALL_NAMES ||
	             (what == STORE_SUMS_DEVICES && named);
	struct seen seen = {.house = house, .unit_us = HOUR_US};
	if (days || what == STORE_SUMS_DAYS)
		seen.unit_us = 24 * HOUR_US;
	if (names || what == STORE_SUMS_DEVICES)
		seen.unit_us = INT64_MAX;
	strcpy(seen.ending, ending);
	assert_int_equal(house->store->sums(house->store, what, filter, on_sum, &seen), PF_OK);
	assert_int_equal(seen.count,
	                 expected(house, ending, filter, days || names ? 24 * HOUR_US : HOUR_US));
	assert_true(seen.count > 0 || filter->since_wall_us || filter->until_wall_us);
}

/* Of the first `count` cases. */
static void check_all(struct house *house, size_t count)
{
	const char *name = house->queries[RECORDS - 1].name;
	/* Within a month, at its first and last hour, in the hours that are not rolled up, and after all of them. */
	const int64_t times[] = {0,
	                         time_of(RECORDS / 3),
	                         MONTH_US - 1,
	                         MONTH_US,
	                         MONTH_US + 24 * HOUR_US - 1,
	                         MONTH_US + 24 * HOUR_US,
	                         time_of(RECORDS - 5),
	                         time_of(RECORDS + 5)};
	const struct {
		struct store_filter filter;
		const char *ending;
	} cases[] = {
		{{0}, ""},
		{{.name = name}, name},
		{{.name = "*.cn"}, ".cn"},
		{{.name = "*"}, ""},
		{{.domain = "example.cn"}, ".example.cn"},
	};
	for (size_t i = 0; i < count && i < PF_COUNT(cases); i++)
		for (size_t k = i % 2; k < PF_COUNT(times); k += 1 + i) {
			struct store_filter filter = cases[i].filter;
			filter.since_wall_us = times[k];
			filter.until_wall_us = times[(k + 3) % PF_COUNT(times)];
			if (filter.until_wall_us < filter.since_wall_us)
				filter.until_wall_us = 0;
			for (unsigned what = 0; what <= STORE_SUMS_NAME_HOURS; what++)
				check(house, what, &filter, cases[i].ending);
		}
}

static void test_sums(void **state)
{
	struct house *house = *state;
	write_some(house, 0, RECORDS - 10);
	house->sink->idle(house->sink, time_of(RECORDS - 10));
	write_some(house, RECORDS - 10, RECORDS); /* these are not rolled up */
	house->sink->idle(house->sink, time_of(RECORDS - 10) + 1);
	check_all(house, SIZE_MAX);
}

/* ---- rolling up -------------------------------------------------------------------------- */

/* What was counted in hours was counted in all the others, by the views and by the tables without devices. */
static void check_tables(struct house *house)
{
	static const char *const agree[] = {
		"SELECT device, day, name, class, sum(count) FROM v_days GROUP BY 1, 2, 3, 4 EXCEPT"
		" SELECT device, hour / 24, name, class, sum(count) FROM sum_hour GROUP BY 1, 2, 3, 4",
		"SELECT device, hour, class, sum(count) FROM v_total_hours GROUP BY 1, 2, 3 EXCEPT"
		" SELECT device, hour, class, sum(count) FROM sum_hour GROUP BY 1, 2, 3",
		"SELECT hour, class, count FROM all_hour EXCEPT"
		" SELECT hour, class, sum(count) FROM total_hour GROUP BY 1, 2",
		"SELECT day, class, count FROM all_day EXCEPT"
		" SELECT day, class, sum(count) FROM total_day GROUP BY 1, 2",
		"SELECT device, month, class, count FROM total_month EXCEPT"
		" SELECT device, month, class, sum(count) FROM sum_month GROUP BY 1, 2, 3",
		"SELECT day, name, class, count FROM name_day EXCEPT"
		" SELECT day, name, class, sum(count) FROM sum_day GROUP BY 1, 2, 3",
		"SELECT month, name, class, count FROM name_month EXCEPT"
		" SELECT month, name, class, sum(count) FROM sum_month GROUP BY 1, 2, 3",
		"SELECT sum(count) FROM all_hour EXCEPT SELECT sum(count) FROM name_day",
		"SELECT sum(count) FROM all_hour EXCEPT SELECT sum(count) FROM name_month",
		"SELECT sum(count) FROM all_hour EXCEPT SELECT sum(count) FROM all_day",
		"SELECT sum(count) FROM all_hour EXCEPT SELECT sum(count) FROM total_month",
		"SELECT sum(count) FROM v_months EXCEPT SELECT count(*) FROM v_rows",
	};
	for (size_t i = 0; i < PF_COUNT(agree); i++) {
		char sql[512];
		snprintf(sql, sizeof sql, "SELECT count(*) FROM (%s)", agree[i]);
		if (number_in(house->path, sql))
			fail_msg("%s", agree[i]);
	}
}

/* Halfway through each device and hour the sums say the same, also when a late query comes, and after a new start. */
static void test_steps(void **state)
{
	struct house *house = *state;
	char error[256];
	unsigned steps = 0, late = RECORDS - 20;
	int64_t hour = time_of(RECORDS - 30) / HOUR_US, rows;
	write_some(house, 0, late);
	house->sink->idle(house->sink, 0);
	while ((rows = roll_step((struct sqlite_sink *)house->sink, hour, 1 + steps % 17)) > 0) {
		assert_true(rows <= 1 + steps % 17 + ROLL_DEVICE_ROWS + 1);
		if (++steps % 5)
			continue;
		check_tables(house);
		if (late < RECORDS) {
			house->shift_us = -INT64_C(3) * 86400 * 1000000 * (steps % 20);
			write_some(house, late, late + 1);
			house->sink->idle(house->sink, 0);
			late++;
		}
		if (steps % 15 == 0) {
			house->sink->close(&house->sink);
			house->sink = sqlite_sink_open(house->path, KEEP_US, error, sizeof error);
			assert_non_null(house->sink);
		}
	}
	assert_int_equal(rows, 0);
	assert_true(steps > 15 && late > RECORDS - 20);
	write_some(house, late, RECORDS);
	house->sink->idle(house->sink, 0);
	check_tables(house);
	check_all(house, 2);
}

/* ---- writing in steps -------------------------------------------------------------------- */

static void copy_file(const char *from, const char *to, const char *end)
{
	char source[160], target[160], bytes[4096];
	size_t length;
	snprintf(source, sizeof source, "%s%s", from, end);
	snprintf(target, sizeof target, "%s%s", to, end);
	FILE *in = fopen(source, "rb"), *out = fopen(target, "wb");
	assert_true(in && out);
	while ((length = fread(bytes, 1, sizeof bytes, in)) > 0)
		assert_int_equal(fwrite(bytes, 1, length, out), length);
	fclose(in);
	assert_int_equal(fclose(out), 0);
}

/* All that is counted is what the queries say. */
static void check_counts(const char *path)
{
	static const char *const agree[] = {
		"SELECT k.device, q.time / 3600000, k.name, count(*) FROM v_rows q JOIN kind k ON k.id = q.kind"
		" GROUP BY 1, 2, 3 EXCEPT SELECT device, hour, name, sum(count) FROM sum_hour GROUP BY 1, 2, 3",
		"SELECT k.device, count(*) FROM v_rows q JOIN kind k ON k.id = q.kind GROUP BY 1 EXCEPT"
		" SELECT id, queries FROM device",
		"SELECT sum(count) FROM sum_hour EXCEPT SELECT count(*) FROM v_rows",
		"SELECT summed_until FROM progress EXCEPT SELECT count(*) FROM v_rows",
	};
	for (size_t i = 0; i < PF_COUNT(agree); i++) {
		char sql[512];
		snprintf(sql, sizeof sql, "SELECT count(*) FROM (%s)", agree[i]);
		if (number_in(path, sql))
			fail_msg("%s", agree[i]);
	}
}

/* As it would be found after kill -9. */
static void check_killed(const struct house *house, unsigned count)
{
	char copy[160];
	snprintf(copy, sizeof copy, "%s/killed.db", house->folder);
	copy_file(house->path, copy, "");
	copy_file(house->path, copy, "-wal");
	struct sink *sink = open_sink(copy);
	sink->close(&sink);
	check_counts(copy);
	assert_samples_endpoints(copy, count);
}

static int refuse(void *data)
{
	(void)data;
	return 1;
}

/* A transaction that ends in nothing: what memory counted in it and before is counted again. */
static void fail_batch(struct sink *sink, unsigned next)
{
	char error[256];
	struct sample sample;
	begin_batch(sink);
	sample_fill(&sample, next, true);
	write_record(sink, &sample.record);
	sqlite3_commit_hook(((struct sqlite_sink *)sink)->db, refuse, NULL);
	assert_int_not_equal(sink->commit(sink, error, sizeof error), PF_OK);
	sqlite3_commit_hook(((struct sqlite_sink *)sink)->db, NULL, NULL);
}

/* Sums and endpoints are written some at a time while more comes; whatever ends the daemon or a transaction between. */
static void test_flush(void **state)
{
	struct house *house = *state;
	struct sqlite_sink *sink = (struct sqlite_sink *)house->sink;
	bool seen[SAMPLE_NAMES] = {false};
	unsigned written = 80, steps = 0;
	int changes_max = 0;
	write_samples(house->sink, 0, 1, seen);
	write_samples(house->sink, 1, written, seen);
	assert_false(sums_whole(sink));
	while (!sums_whole(sink)) {
		int before = sqlite3_total_changes(sink->db);
		assert_true(sink_write_sums(sink, 1 + steps % 6));
		int changes = sqlite3_total_changes(sink->db) - before;
		changes_max = changes > changes_max ? changes : changes_max;
		if (++steps % 6 == 0)
			check_killed(house, written);
		if (steps % 7 == 0 && written < 140) {
			write_samples(house->sink, written, written + 20, seen);
			written += 20;
		}
		if (steps % 10 == 0)
			fail_batch(house->sink, written);
		assert_true(steps < 500);
	}
	assert_true(steps > 20 && written == 140);
	/* Of six rows, and the rest of a name; an endpoint has three addresses and what drift.h keeps. */
	assert_in_range(changes_max, 6, 40);
	check_counts(house->path);
	assert_samples_endpoints(house->path, written);
}

static unsigned runs_of(const struct sqlite_sink *sink, enum statement statement)
{
	return (unsigned)sqlite3_stmt_status(sink->statements[statement], SQLITE_STMTSTATUS_RUN, 0);
}

/* The same names again and again: rows that are there are changed on walks along their tables, but for those that say something else
 * meanwhile. */
static void test_again(void **state)
{
	struct house *house = *state;
	struct sqlite_sink *sink = (struct sqlite_sink *)house->sink;
	bool seen[SAMPLE_NAMES] = {false};
	const unsigned some = 1200;
	for (unsigned i = 0; i < 3; i++) {
		write_samples(house->sink, i * some, (i + 1) * some, seen);
		assert_true(sink_write_sums(sink, SIZE_MAX));
		check_counts(house->path);
		assert_samples_endpoints(house->path, (i + 1) * some);
	}
	assert_true(runs_of(sink, ST_SUM_AGAIN) && runs_of(sink, ST_ENDPOINT_AGAIN));
	/* As if other answers had led there since: a part of what an answer says is to be written in the other way. */
	run_sql(house->path, "UPDATE endpoint SET via = 'elsewhere' WHERE id % 3 = 0");
	unsigned upserts = runs_of(sink, ST_ENDPOINT_UPSERT);
	write_samples(house->sink, 3 * some, 4 * some, seen);
	assert_true(sink_write_sums(sink, SIZE_MAX));
	assert_true(runs_of(sink, ST_ENDPOINT_UPSERT) > upserts);
	check_counts(house->path);
	assert_samples_endpoints(house->path, 4 * some);
	char sql[160];
	snprintf(sql, sizeof sql,
	         "SELECT count(*) FROM endpoint WHERE via = 'elsewhere' AND last >= %lld",
	         (long long)(SAMPLE_TIME_US + 3 * some * 1500) / 1000);
	assert_int_equal(number_in(house->path, sql), 0);
	assert_sound(house->path);
}

/* Each query is of another hour, as in a capture: they are gathered in memory, and no commit writes all of them at once. */
static void test_hours_like_seconds(void **state)
{
	struct house *house = *state;
	struct sqlite_sink *sink = (struct sqlite_sink *)house->sink;
	char error[256];
	size_t gathered_max = 0;
	int changes_max = 0;
	struct sample *sample = malloc(sizeof *sample);
	assert_non_null(sample);
	sink->flush.many = 100;
	for (unsigned i = 0; i < 3000; i++) {
		if (i % 300 == 0)
			assert_int_equal(house->sink->begin(house->sink, error, sizeof error), PF_OK);
		sample_fill(sample, i, true);
		sample->record.time_wall_us = SAMPLE_TIME_US + i * HOUR_US;
		assert_int_equal(house->sink->write(house->sink, &sample->record, error, sizeof error),
		                 PF_OK);
		if (i % 300 != 299)
			continue;
		gathered_max = sink->sum_count > gathered_max ? sink->sum_count : gathered_max;
		int before = sqlite3_total_changes(sink->db);
		assert_int_equal(house->sink->commit(house->sink, error, sizeof error), PF_OK);
		int changes = sqlite3_total_changes(sink->db) - before;
		changes_max = changes > changes_max ? changes : changes_max;
	}
	/* A step of 1,200 rows, and the rest of a name; if only the clock said when, all of them would be gathered in the end. */
	assert_in_range(changes_max, 300, 2500);
	assert_in_range(gathered_max, 50, 1000);
	assert_true(sink_write_sums(sink, SIZE_MAX));
	check_counts(house->path);
	/* Once more, of rows that are there and that no walk leads along: sixteen in a statement, and the rest one by one. */
	unsigned many = runs_of(sink, ST_SUM_HOUR_MANY), single = runs_of(sink, ST_SUM_HOUR);
	assert_int_equal(house->sink->begin(house->sink, error, sizeof error), PF_OK);
	for (unsigned i = 0; i < 300; i++) {
		sample_fill(sample, i, true);
		sample->record.time_wall_us = SAMPLE_TIME_US + i * HOUR_US;
		assert_int_equal(house->sink->write(house->sink, &sample->record, error, sizeof error),
		                 PF_OK);
	}
	assert_int_equal(house->sink->commit(house->sink, error, sizeof error), PF_OK);
	assert_true(sink_write_sums(sink, SIZE_MAX));
	assert_true(runs_of(sink, ST_SUM_HOUR_MANY) > many);
	assert_true(runs_of(sink, ST_SUM_HOUR) > single);
	check_counts(house->path);
	free(sample);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_sums, setup, teardown),
		cmocka_unit_test_setup_teardown(test_steps, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flush, setup, teardown),
		cmocka_unit_test_setup_teardown(test_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hours_like_seconds, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
