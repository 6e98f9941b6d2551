/* A journal of version 1, as that version wrote it (version1.sql: the samples 0..59), becomes one of this version: nothing of it is lost,
 * it stays as a backup, and whatever comes in between leaves it where it was. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/sqlite/schema.h"
#include "unit/journal/check.h"
#include "unit/journal/idle.h"

#define QUERIES 60

static char *read_file(const char *path, size_t *length)
{
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	struct stat status;
	assert_int_equal(fstat(fileno(file), &status), 0);
	char *bytes = calloc(1, (size_t)status.st_size + 1);
	*length = fread(bytes, 1, (size_t)status.st_size, file);
	fclose(file);
	return bytes;
}

static void make_version1(const char *path)
{
	sqlite3 *db;
	size_t length;
	char *sql = read_file(TESTS_DIR "/unit/journal/version1.sql", &length);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA auto_vacuum = INCREMENTAL", NULL, NULL, NULL),
	                 SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
	                              "PRAGMA journal_mode = WAL; PRAGMA application_id = 0x50666a6e;"
	                              "PRAGMA user_version = 1",
	                              NULL, NULL, NULL),
	                 SQLITE_OK);
	sqlite3_close(db);
	free(sql);
}

static void path_of(const struct place *place, const char *end, char path[160])
{
	snprintf(path, 160, "%s%s", place->path, end);
}

static bool is_there(const struct place *place, const char *end)
{
	char path[160];
	path_of(place, end, path);
	return !access(path, F_OK);
}

static void migrate_and_check(const struct place *place)
{
	char backup[160];
	struct sink *sink = open_sink(place->path);
	sink->close(&sink);
	assert_int_equal(number_in(place->path, "PRAGMA user_version"), SCHEMA_VERSION);
	assert_queries_from(place->path, QUERIES, QUERIES);
	assert_samples_endpoints_from(place->path, QUERIES, QUERIES);
	assert_sound(place->path);
	/* Version 1 did not know whose the names are. */
	assert_int_equal(number_in(place->path, "SELECT count(*) FROM name WHERE domain = ''"), 0);
	assert_true(number_in(place->path, "SELECT count(*) FROM name WHERE domain = 'example.cn'") >
	            0);
	path_of(place, ".v1-backup", backup);
	assert_int_equal(number_in(backup, "PRAGMA user_version"), 1);
	assert_int_equal(number_in(backup, "SELECT count(*) FROM v_queries"), QUERIES);
	assert_false(is_there(place, ".new"));
	assert_false(is_there(place, ".new-wal"));
	assert_false(is_there(place, ".new-lock"));
}

static void nothing_is_lost(void **state)
{
	struct place *place = *state;
	bool seen[SAMPLE_NAMES] = {false};
	uint64_t positions[2];
	make_version1(place->path);
	migrate_and_check(place);
	sqlite3 *db = open_db(place->path);
	assert_int_equal(db_number(db, "SELECT min(row) = 1 AND max(row) = 60 FROM v_rows"), 1);
	/* The sums are those of the queries, in all their forms. */
	assert_int_equal(db_number(db, "SELECT sum(count) FROM sum_hour"), QUERIES);
	static const char *const views[] = {"v_days", "v_months", "v_total_hours", "v_total_days"};
	for (size_t i = 0; i < PF_COUNT(views); i++) {
		char sql[64];
		snprintf(sql, sizeof sql, "SELECT sum(count) FROM %s", views[i]);
		assert_int_equal(db_number(db, sql), QUERIES);
	}
	assert_int_equal(db_number(db, "SELECT count(*) FROM (SELECT substr(time, 1, 13), device, name,"
	                               " action, standing, count(*) FROM v_queries"
	                               " GROUP BY 1, 2, 3, 4, 5 EXCEPT SELECT substr(hour, 1, 13),"
	                               " device, name, action, standing, sum(count) FROM v_sums"
	                               " GROUP BY 1, 2, 3, 4, 5)"),
	                 0);
	assert_true(db_number(db, "SELECT count(*) FROM v_sums WHERE country IS NOT NULL") > 0);
	assert_true(db_number(db, "SELECT count(*) FROM v_events") > 0);
	sqlite3_close(db);
	/* It goes on where it was: in the rings, and in the numbers of rows. */
	struct sink *sink = open_sink(place->path);
	assert_true(sink->resume(sink, 12345, positions, 2));
	assert_int_equal(positions[0], 4096);
	assert_int_equal(positions[1], 77);
	write_samples(sink, QUERIES, 2 * QUERIES, seen);
	sink->close(&sink);
	assert_queries_from(place->path, QUERIES, 2 * QUERIES);
	assert_samples_endpoints_from(place->path, QUERIES, 2 * QUERIES);
	assert_int_equal(number_in(place->path, "SELECT count(DISTINCT row) FROM v_rows"), 2 * QUERIES);
}

/* What an interrupted attempt may leave: half a file, or the backup's name for the journal itself. */
static void an_interruption_costs_nothing(void **state)
{
	struct place *place = *state;
	char path[160];
	make_version1(place->path);
	path_of(place, ".new", path);
	FILE *half = fopen(path, "w");
	fputs("SQLite format 3", half);
	fclose(half);
	path_of(place, ".v1-backup", path);
	assert_int_equal(link(place->path, path), 0);
	migrate_and_check(place);
}

static void assert_untouched(const struct place *place, const char *before, size_t length,
                             const char *part)
{
	size_t now_length;
	assert_refused(place->path, part);
	char *now = read_file(place->path, &now_length);
	assert_int_equal(now_length, length);
	assert_memory_equal(now, before, length);
	free(now);
	assert_false(is_there(place, ".new"));
}

static void what_is_in_the_way_is_named(void **state)
{
	struct place *place = *state;
	struct rlimit before, tight;
	char path[160];
	size_t length;
	make_version1(place->path);
	char *bytes = read_file(place->path, &length);
	/* No room: files may not grow. */
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_IGN);
	tight = before;
	tight.rlim_cur = 100 * 1024;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	char error[512] = "";
	struct sink *sink = sqlite_sink_open(place->path, KEEP_US, error, sizeof error);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_null(sink);
	assert_non_null(strstr(error, "journal.db"));
	assert_int_equal(error[strlen(error) - 1], '.');
	assert_false(is_there(place, ".v1-backup"));
	/* Another backup has the name. */
	path_of(place, ".v1-backup", path);
	FILE *other = fopen(path, "w");
	fclose(other);
	assert_untouched(place, bytes, length, "can not be kept as");
	unlink(path);
	/* Somebody reads it. */
	sqlite3 *db = open_db(place->path);
	assert_int_equal(db_number(db, "SELECT count(*) FROM query"), QUERIES);
	assert_untouched(place, bytes, length, "another program reads it");
	sqlite3_close(db);
	/* A reader of this version says what is to be done. */
	assert_null(sqlite_store_open(place->path, error, sizeof error));
	assert_non_null(strstr(error, "is rewritten when portafilterd is started"));
	free(bytes);
	migrate_and_check(place);
}

/* ---- from version 4 ---------------------------------------------------------------------- */

/* What version 5 has more goes. */
static const char downgrade4_sql[] =
	"DROP TABLE name_day; DROP TABLE name_month; PRAGMA user_version = 4;";

static void version4_gets_sums_of_names(void **state)
{
	struct place *place = *state;
	bool seen[SAMPLE_NAMES] = {false};
	char backup[160];
	struct sink *sink = open_sink(place->path);
	write_samples(sink, 0, QUERIES, seen);
	sample_idle(sink, SAMPLE_TIME_US + INT64_C(7200) * 1000000); /* all of them are rolled up */
	sink->close(&sink);
	run_sql(place->path, downgrade4_sql);
	sink = open_sink(place->path);
	write_samples(sink, QUERIES, 2 * QUERIES, seen);
	sink->close(&sink);
	assert_int_equal(number_in(place->path, "PRAGMA user_version"), SCHEMA_VERSION);
	assert_queries(place->path, 2 * QUERIES);
	assert_sound(place->path);
	assert_int_equal(number_in(place->path, "SELECT sum(count) FROM name_day"), 2 * QUERIES);
	assert_int_equal(number_in(place->path, "SELECT sum(count) FROM name_month"), 2 * QUERIES);
	path_of(place, ".v4-backup", backup);
	assert_int_equal(number_in(backup, "PRAGMA user_version"), 4);
	assert_int_equal(number_in(backup, "SELECT count(*) FROM v_queries"), QUERIES);
	assert_false(is_there(place, ".new"));
}

/* ---- from version 3 ---------------------------------------------------------------------- */

/* What version 4 has more goes; no two outcomes of the samples differ in that alone. */
static const char downgrade3_sql[] =
	"DROP VIEW v_queries; DROP VIEW v_endpoints;"
	"ALTER TABLE endpoint DROP COLUMN dnssec;"
	"CREATE TABLE outcome_3 (id INTEGER PRIMARY KEY, type INTEGER NOT NULL REFERENCES type,"
	" rcode TEXT NOT NULL, action TEXT NOT NULL, standing TEXT NOT NULL, confidence TEXT NOT NULL,"
	" source TEXT NOT NULL, upstream TEXT NOT NULL,"
	" UNIQUE (type, rcode, action, standing, confidence, source, upstream)) STRICT;"
	"INSERT INTO outcome_3 SELECT id, type, rcode, action, standing, confidence, source, upstream"
	" FROM outcome;"
	"DROP TABLE outcome; ALTER TABLE outcome_3 RENAME TO outcome;"
	"CREATE VIEW v_queries (time, name, action) AS SELECT q.time, n.text, o.action FROM v_rows q"
	" JOIN kind k ON k.id = q.kind JOIN name n ON n.id = k.name JOIN outcome o ON o.id = k.outcome;"
	"PRAGMA user_version = 3;";

static void version3_gets_protocols(void **state)
{
	struct place *place = *state;
	bool seen[SAMPLE_NAMES] = {false};
	char backup[160];
	struct sink *sink = open_sink(place->path);
	write_samples(sink, 0, QUERIES, seen);
	sink->close(&sink);
	run_sql(place->path, downgrade4_sql);
	run_sql(place->path, downgrade3_sql);
	sink = open_sink(place->path);
	write_samples(sink, QUERIES, 2 * QUERIES, seen);
	sink->close(&sink);
	assert_int_equal(number_in(place->path, "PRAGMA user_version"), SCHEMA_VERSION);
	assert_queries_from(place->path, QUERIES, 2 * QUERIES);
	assert_samples_endpoints_from(place->path, QUERIES, 2 * QUERIES);
	assert_sound(place->path);
	path_of(place, ".v3-backup", backup);
	assert_int_equal(number_in(backup, "PRAGMA user_version"), 3);
	assert_int_equal(number_in(backup, "SELECT count(*) FROM v_queries"), QUERIES);
	assert_false(is_there(place, ".new"));
}

/* ---- from version 2 ---------------------------------------------------------------------- */

/* What version 3 has more goes, and what the views were then comes back. */
static const char downgrade_sql[] =
	"DROP VIEW v_days; DROP VIEW v_months; DROP VIEW v_total_hours; DROP VIEW v_total_days;"
	"DROP TABLE total_month; DROP TABLE all_hour; DROP TABLE all_day;"
	"ALTER TABLE progress DROP COLUMN rolling_until; ALTER TABLE progress DROP COLUMN rolled_device;"
	"ALTER TABLE progress DROP COLUMN rolled_hour; ALTER TABLE progress DROP COLUMN rolled_name;"
	"ALTER TABLE progress DROP COLUMN flushing_until; ALTER TABLE progress DROP COLUMN flushed_device;"
	"ALTER TABLE progress DROP COLUMN flushed_name;"
	"CREATE VIEW v_days (device, day, name, class, count) AS SELECT device, day, name, class, count"
	" FROM sum_day UNION ALL SELECT h.device, h.hour / 24, h.name, h.class, h.count FROM device d CROSS"
	" JOIN sum_hour h ON h.device = d.id AND h.hour >= (SELECT rolled_until FROM progress);"
	"PRAGMA user_version = 2;";

static void version2_gets_its_sums(void **state)
{
	struct place *place = *state;
	bool seen[SAMPLE_NAMES] = {false};
	char backup[160];
	struct stat status;
	struct sink *sink = open_sink(place->path);
	write_samples(sink, 0, QUERIES, seen);
	sample_idle(sink, SAMPLE_TIME_US + INT64_C(7200) * 1000000); /* all of them are rolled up */
	sink->close(&sink);
	run_sql(place->path, downgrade4_sql);
	run_sql(place->path, downgrade3_sql);
	run_sql(place->path, downgrade_sql);
	sink = open_sink(place->path);
	write_samples(sink, QUERIES, 2 * QUERIES, seen);
	sink->close(&sink);
	assert_int_equal(number_in(place->path, "PRAGMA user_version"), SCHEMA_VERSION);
	assert_int_equal(number_in(place->path, "PRAGMA auto_vacuum"), 2);
	assert_queries_from(place->path, QUERIES, 2 * QUERIES);
	assert_sound(place->path);
	static const char *const sums[] = {"v_days",       "v_months", "v_total_hours",
	                                   "v_total_days", "all_day",  "all_hour",
	                                   "total_month",  "name_day", "name_month"};
	for (size_t i = 0; i < PF_COUNT(sums); i++) {
		char sql[64];
		snprintf(sql, sizeof sql, "SELECT sum(count) FROM %s", sums[i]);
		assert_int_equal(number_in(place->path, sql), 2 * QUERIES);
	}
	assert_int_equal(stat(place->path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0640);
	path_of(place, ".v2-backup", backup);
	assert_int_equal(number_in(backup, "PRAGMA user_version"), 2);
	assert_int_equal(number_in(backup, "SELECT count(*) FROM v_queries"), QUERIES);
	assert_false(is_there(place, ".new"));
}

#define test(name) cmocka_unit_test_setup_teardown(name, place_make, place_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(nothing_is_lost),
		test(an_interruption_costs_nothing),
		test(what_is_in_the_way_is_named),
		test(version2_gets_its_sums),
		test(version3_gets_protocols),
		test(version4_gets_sums_of_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
