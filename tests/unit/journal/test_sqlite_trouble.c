/* The SQLite sink in trouble: databases that are not ours, no room, locks, crashes, damage; and its retention. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/journal/check.h"
#include "unit/journal/idle.h"

/* ---- what is refused --------------------------------------------------------------------- */

static void write_file(const char *path, const void *bytes, size_t length, off_t at)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, length, at), length);
	close(fd);
}

static void wrong_databases_are_refused(void **state)
{
	struct place *place = *state;
	run_sql(place->path, "CREATE TABLE recipes (text)");
	assert_refused(place->path, "is the database of another program");
	unlink(place->path);
	run_sql(place->path, "PRAGMA application_id = 77; CREATE TABLE recipes (text)");
	assert_refused(place->path, "is the database of another program");
	unlink(place->path);

	struct sink *sink = open_sink(place->path);
	sink->close(&sink);
	run_sql(place->path, "PRAGMA user_version = 99");
	assert_refused(place->path, "has schema 99 of a newer portafilter");
	run_sql(place->path, "PRAGMA user_version = 0");
	assert_refused(place->path, "is damaged: it has no schema version");
	unlink(place->path);

	static const char garbage[] = "This is no database at all, but a shopping list: milk, beans.";
	char page[4096];
	for (size_t i = 0; i < sizeof page; i++)
		page[i] = garbage[i % sizeof garbage];
	write_file(place->path, page, sizeof page, 0);
	assert_refused(place->path, "is damaged: file is not a database; move it away");
}

static void one_journal_has_one_writer(void **state)
{
	struct place *place = *state;
	struct sink *sink = open_sink(place->path);
	assert_refused(place->path, "is written by another portafilterd already");
	sink->close(&sink);
	sink = open_sink(place->path);
	sink->close(&sink);
}

/* A record that can never be written goes alone; the batch around it is whole. */
static void a_bad_record_leaves_its_batch(void **state)
{
	struct place *place = *state;
	struct sink *sink = open_sink(place->path);
	char error[256], reason[RECORD_REASON_MAX + 1];
	memset(reason, 'x', sizeof reason - 1);
	reason[sizeof reason - 1] = '\0';
	begin_batch(sink);
	for (unsigned i = 0; i < 100; i++) {
		struct sample sample;
		sample_fill(&sample, i, true);
		struct record bad = sample.record;
		bad.action = 7;
		assert_int_equal(sink->write(sink, &bad, error, sizeof error), PF_EINVAL);
		bad = sample.record;
		bad.reason = reason;
		assert_int_equal(sink->write(sink, &bad, error, sizeof error), PF_EINVAL);
		write_record(sink, &sample.record);
	}
	commit_batch(sink);
	sink->close(&sink);
	assert_queries(place->path, 100);
	assert_int_equal(number_in(place->path, "SELECT sum(queries) FROM device"), 100);
}

/* Killed before endpoints were written: the next start counts them from the queries. */
static void a_crash_costs_no_endpoint(void **state)
{
	struct place *place = *state;
	bool seen[SAMPLE_NAMES] = {false};
	pid_t child = fork();
	assert_true(child >= 0);
	if (!child) {
		char error[256];
		struct sink *sink = sqlite_sink_open(place->path, KEEP_US, error, sizeof error);
		write_samples(sink, 0, 7000, seen);
		kill(getpid(), SIGKILL);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_queries(place->path, 7000);
	/* Under load endpoints follow once a second: where 7,000 queries take longer (valgrind), all of them may be there. */
	if (number_in(place->path, "SELECT summed_until FROM progress") == 7000)
		skip();
	struct sink *sink = open_sink(place->path);
	write_samples(sink, 7000, 8000, seen);
	sink->close(&sink);
	assert_samples_endpoints(place->path, 8000);
	assert_int_equal(number_in(place->path, "SELECT summed_until FROM progress"), 8000);
	assert_sound(place->path);
}

static void places_that_do_not_serve_are_named(void **state)
{
	struct place *place = *state;
	char path[200];
	snprintf(path, sizeof path, "%s/none/here/journal.db", place->folder);
	assert_refused(path, "/none/here for the journal; make it with mkdir -p");
	assert_refused(place->folder, "is no file; change journal.path");
	snprintf(path, sizeof path, "%s/file", place->folder);
	write_file(path, "", 0, 0);
	strcat(path, "/journal.db");
	assert_refused(path, "Not a directory");
}

static void a_read_only_folder_is_told(void **state)
{
	struct place *place = *state;
	assert_int_equal(chmod(place->folder, 0555), 0);
	sample_be_nobody(true);
	assert_refused(place->path, "can not be opened: Permission denied; give this user the right");
	sample_be_nobody(false);
	assert_int_equal(chmod(place->folder, 0755), 0);
}

static void damage_is_told_and_survived(void **state)
{
	struct place *place = *state;
	bool seen[SAMPLE_NAMES] = {false};
	struct sink *sink = open_sink(place->path);
	write_samples(sink, 0, 8000, seen);
	sink->close(&sink);
	/* The first page stays, so that it opens; all others are noise. */
	struct stat status;
	assert_int_equal(stat(place->path, &status), 0);
	uint8_t noise[4096];
	for (size_t i = 0; i < sizeof noise; i++)
		noise[i] = (uint8_t)(i * 131 + 7);
	for (off_t at = 8192; at < status.st_size; at += 4096)
		write_file(place->path, noise, sizeof noise, at);
	char error[512] = "";
	sink = sqlite_sink_open(place->path, KEEP_US, error, sizeof error);
	for (unsigned i = 0; sink && i < 3 && !error[0]; i++) {
		struct sample sample;
		sample_fill(&sample, 8000 + i, true);
		if (sink->begin(sink, error, sizeof error) == PF_OK &&
		    sink->write(sink, &sample.record, error, sizeof error) == PF_OK)
			sink->commit(sink, error, sizeof error);
	}
	assert_non_null(strstr(error, "is damaged: "));
	assert_non_null(strstr(error, "move it away to start a new one."));
	if (sink)
		sink->close(&sink);
}

/* ---- trouble that passes ----------------------------------------------------------------- */

static void another_lock_is_waited_out(void **state)
{
	struct place *place = *state;
	bool seen[SAMPLE_NAMES] = {false};
	char error[256] = "";
	struct sink *sink = open_sink(place->path);
	write_samples(sink, 0, 1000, seen);
	sqlite3 *db = open_db(place->path);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sink->begin(sink, error, sizeof error), PF_EIO);
	assert_non_null(strstr(error, "is locked by another program"));
	assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	write_samples(sink, 1000, 2000, seen);
	sink->close(&sink);
	assert_queries(place->path, 2000);
}

/* Writes records from..to-1 in one batch; PF_EIO with the reason when there is no room. */
static int try_batch(struct sink *sink, unsigned from, unsigned to, char error[256])
{
	if (sink->begin(sink, error, 256) != PF_OK)
		return PF_EIO;
	for (unsigned i = from; i < to; i++) {
		struct sample sample;
		sample_fill(&sample, i, true);
		if (sink->write(sink, &sample.record, error, 256) != PF_OK)
			return PF_EIO;
	}
	return sink->commit(sink, error, 256);
}

static void a_full_disk_loses_nothing(void **state)
{
	struct place *place = *state;
	struct rlimit before, tight;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_IGN);
	tight = before;
	tight.rlim_cur = 1000 * 1024;
	struct sink *sink = open_sink(place->path);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	char error[256] = "";
	unsigned done = 0, failures = 0;
	while (done < 8000 && failures < 5) {
		if (try_batch(sink, done, done + 1000, error) == PF_OK)
			done += 1000;
		else
			failures++;
	}
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(failures, 5); /* the limit was met, and met again */
	assert_true(done > 0);
	assert_non_null(strstr(error, place->path));
	for (; done < 8000; done += 1000)
		assert_int_equal(try_batch(sink, done, done + 1000, error), PF_OK);
	sink->close(&sink);
	assert_queries(place->path, 8000);
	assert_samples_endpoints(place->path, 8000);
	assert_sound(place->path);
}

/* All the way: workers, rings, thread and a database that is locked for a while. */
static void the_whole_journal_adds_up(void **state)
{
	struct place *place = *state;
	char error[256];
	/* The thread's clock is the real one: the samples must not be too old for it. */
	struct sink *sink = sqlite_sink_open(place->path, 100 * 366 * DAY_US, error, sizeof error);
	struct journal_options options = {.sinks = &sink, .sink_count = 1, .ring_count = 2};
	struct journal *journal = journal_start(&options);
	assert_non_null(journal);
	sqlite3 *db = open_db(place->path);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	for (unsigned i = 0; i < 5000; i++) {
		struct sample sample;
		sample_fill(&sample, i, i < 2000);
		assert_int_equal(journal_put(journal, i % 2, &sample.record), PF_OK);
	}
	struct journal_stats stats = {0};
	for (int i = 0; i < 60 && !*stats.last_error;
	     i++) { /* on a busy machine the writer comes late */
		assert_int_equal(journal_flush(journal, 700), PF_ETIMEOUT);
		journal_stats(journal, &stats);
	}
	assert_int_equal(stats.journalled, 0);
	assert_non_null(strstr(stats.last_error, "is locked by another program"));
	assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(journal_flush(journal, 10000), PF_OK);
	journal_stats(journal, &stats);
	assert_int_equal(stats.put, 5000);
	assert_int_equal(stats.journalled, 5000);
	assert_int_equal(stats.dropped, 0);
	journal_stop(&journal);
	assert_queries(place->path, 5000);
	assert_samples_endpoints(place->path, 5000);
}

/* ---- retention --------------------------------------------------------------------------- */

static bool file_holds(const char *path, const char *text)
{
	FILE *file = fopen(path, "rb");
	if (!file)
		return false; /* a -wal that is gone */
	bool found = false;
	size_t length = strlen(text);
	static char bytes[16 << 20];
	size_t got = fread(bytes, 1, sizeof bytes, file);
	fclose(file);
	found = memmem(bytes, got, text, length) != NULL;
	return found;
}

/* A query 40 days after the others: it must outlive them. */
static void write_late_query(struct sink *sink)
{
	struct sample late;
	sample_fill(&late, 4, true);
	late.record.time_wall_us = SAMPLE_TIME_US + 40 * DAY_US;
	assert_int_equal(dns_name_from_text("kept.example.org", &late.name), PF_OK);
	begin_batch(sink);
	write_record(sink, &late.record);
	commit_batch(sink);
}

static void old_queries_go_and_leave_nothing(void **state)
{
	struct place *place = *state;
	char wal[160];
	bool seen[SAMPLE_NAMES] = {false};
	struct sink *sink = open_sink(place->path);
	snprintf(wal, sizeof wal, "%s-wal", place->path);
	write_samples(sink, 0, 20000, seen);
	write_late_query(sink);
	assert_true(file_holds(place->path, "host1.vendor1.example.com") ||
	            file_holds(wal, "host1.vendor1.example.com"));

	/* Nothing is old yet; then the first half of the raw queries is. */
	int64_t now_us = SAMPLE_TIME_US + KEEP_US;
	sample_idle(sink, now_us);
	assert_int_equal(number_in(place->path, "SELECT count(*) FROM v_rows"), 20001);
	int64_t cutoff_us = SAMPLE_TIME_US + 10000 * INT64_C(1500);
	sink->idle(sink, cutoff_us + KEEP_US);
	int64_t left = number_in(place->path, "SELECT count(*) FROM v_rows");
	assert_true(left < 20001);
	now_us = cutoff_us + KEEP_US + 2000000;
	for (unsigned i = 0; i < 5; i++)
		sink->idle(sink, now_us += 1000000);
	sqlite3 *db = open_db(place->path);
	int64_t cutoff_ms = (now_us - KEEP_US) / 1000;
	/* 1.5 ms apart, in blocks of 1,000: a block goes when all of it is too old. */
	unsigned kept = 0;
	for (unsigned i = 0; i < 20000; i++)
		kept += (SAMPLE_TIME_US + i * INT64_C(1500)) / 1000 >= cutoff_ms;
	kept = (kept + 999) / 1000 * 1000;
	assert_int_equal(db_number(db, "SELECT count(*) FROM v_rows"), kept + 1);
	assert_true(kept > 0 && kept < 20000);
	sqlite3_close(db);

	/* All of them; endpoints stay, and with them their names. */
	now_us = SAMPLE_TIME_US + 35 * DAY_US;
	for (unsigned i = 0; i < 40; i++)
		sink->idle(sink, now_us += DAY_US / 100);
	assert_int_equal(number_in(place->path, "SELECT count(*) FROM v_rows"), 1);
	assert_int_equal(number_in(place->path, "SELECT count(*) FROM answer"), 1);
	assert_int_equal(number_in(place->path, "SELECT count(*) FROM reason"), 0);
	assert_true(number_in(place->path, "SELECT count(*) FROM v_endpoints") > 2000);
	assert_sound(place->path);
	/* 400 days later they go too, and nothing of their names is left in any file. */
	now_us = SAMPLE_TIME_US + 410 * DAY_US;
	for (unsigned i = 0; i < 60; i++)
		sink->idle(sink, now_us += DAY_US / 3);
	assert_int_equal(number_in(place->path,
	                           "SELECT count(*) FROM v_endpoints WHERE name <> 'kept.example.org'"),
	                 0);
	assert_false(file_holds(place->path, "host1.vendor1.example.com"));
	assert_false(file_holds(wal, "host1.vendor1.example.com"));
	assert_false(file_holds(place->path, "cdn"));
	/* nor of who asked, but for the one whose query is younger: addresses can be made up */
	assert_int_equal(number_in(place->path, "SELECT count(*) FROM device"), 1);
	assert_int_equal(number_in(place->path, "SELECT count(*) FROM met WHERE device NOT IN"
	                                        " (SELECT id FROM device)"),
	                 0);
	struct stat status;
	assert_int_equal(stat(place->path, &status), 0);
	assert_in_range(status.st_size, 1, 400 * 1024); /* it has really shrunk */

	/* Row numbers go on, memory does not believe in rows that are gone. */
	memset(seen, 0, sizeof seen);
	write_samples(sink, 0, 3000, seen);
	assert_true(number_in(place->path, "SELECT min(row) FROM v_rows WHERE time < 1800000000000") >
	            20000);
	sink->close(&sink);
	assert_sound(place->path);
	assert_int_equal(number_in(place->path, "SELECT count(*) FROM v_queries"), 3000);
}

#define test(name) cmocka_unit_test_setup_teardown(name, place_make, place_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(wrong_databases_are_refused),        test(one_journal_has_one_writer),
		test(a_bad_record_leaves_its_batch),      test(a_crash_costs_no_endpoint),
		test(places_that_do_not_serve_are_named), test(a_read_only_folder_is_told),
		test(damage_is_told_and_survived),        test(another_lock_is_waited_out),
		test(a_full_disk_loses_nothing),          test(the_whole_journal_adds_up),
		test(old_queries_go_and_leave_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
