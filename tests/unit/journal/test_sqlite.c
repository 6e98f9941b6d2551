/* The SQLite sink with real files: what it writes is read back through the promised views and held against a naive
 * account of the same records. */
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

#include "journal/sqlite/dictionary.h"
#include "unit/journal/check.h"

static void every_row_and_endpoint_is_there(void **state)
{
	struct place *place = *state;
	bool seen[SAMPLE_NAMES] = {false};
	struct sink *sink = open_sink(place->path);
	write_samples(sink, 0, 20000, seen);
	sink->close(&sink);
	assert_null(sink);
	assert_queries(place->path, 20000);
	assert_samples_endpoints(place->path, 20000);
	assert_sound(place->path);
	sqlite3 *db = open_db(place->path);
	assert_int_equal(db_number(db, "SELECT sum(queries) FROM device"), 20000);
	assert_int_equal(db_number(db, "SELECT sum(flagged) FROM device"),
	                 db_number(db, "SELECT count(*) FROM v_queries WHERE action = 'flag'"));
	assert_int_equal(db_number(db, "SELECT sum(sinkholed) FROM device"),
	                 db_number(db, "SELECT count(*) FROM v_queries WHERE action = 'sinkhole'"));
	assert_true(db_number(db, "SELECT count(*) FROM answer_hop") > 100);
	assert_true(db_number(db, "SELECT count(*) FROM v_queries WHERE rcode = 'DROPPED'") > 0);
	sqlite3_close(db);
	struct stat status;
	assert_int_equal(stat(place->path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0640);
}

static void a_restart_goes_on(void **state)
{
	struct place *place = *state;
	bool seen[SAMPLE_NAMES] = {false};
	for (unsigned from = 0; from < 6000; from += 1000) {
		struct sink *sink = open_sink(place->path);
		if (from >= 3000) /* workers forget at a restart, and bring content again */
			memset(seen, 0, sizeof seen);
		write_samples(sink, from, from + 1000, seen);
		sink->close(&sink);
	}
	assert_queries(place->path, 6000);
	assert_samples_endpoints(place->path, 6000);
	assert_sound(place->path);
	assert_int_equal(number_in(place->path, "SELECT max(row) - min(row) + 1 FROM v_rows"), 6000);
}

/* One record in a batch whose commit fails: the files may not grow. */
static void fail_commit(struct sink *sink, const char *path, const struct record *record)
{
	char error[256] = "", wal[160];
	struct rlimit before, tight;
	struct stat status;
	snprintf(wal, sizeof wal, "%s-wal", path);
	assert_int_equal(stat(wal, &status), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_IGN);
	tight = before;
	tight.rlim_cur = (rlim_t)status.st_size;
	begin_batch(sink);
	write_record(sink, record);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	int result = sink->commit(sink, error, sizeof error);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(result, PF_EIO);
}

/* A record of another ring may speak of an answer before the one that carries it is written. */
static void content_may_come_late(void **state)
{
	struct place *place = *state;
	struct sink *sink = open_sink(place->path);
	struct naive_table table = {0};
	struct sample early, late, never;
	sample_fill(&early, 4, false);
	sample_fill(&late, 4, true);
	sample_fill(&never, 2, false);
	assert_true(early.record.answer_id && never.record.answer_id);
	early.record.device_id = early.record.device_name = "early";
	late.record.time_wall_us += 5000000;

	begin_batch(sink);
	write_record(sink, &early.record);
	write_record(sink, &never.record);
	commit_batch(sink);
	assert_int_equal(number_in(place->path, "SELECT count(*) FROM v_queries"), 2);
	assert_int_equal(number_in(place->path, "SELECT count(*) FROM v_endpoints"), 0);

	/* A batch that fails must not use up what waits. */
	fail_commit(sink, place->path, &late.record);
	assert_int_equal(number_in(place->path, "SELECT count(*) FROM v_endpoints"), 0);
	begin_batch(sink);
	write_record(sink, &late.record);
	commit_batch(sink);
	early.record.answer = late.record.answer;
	naive_add(&table, &early.record);
	naive_add(&table, &late.record);
	assert_endpoints(place->path, &table);

	begin_batch(sink);
	write_record(sink, &late.record);
	commit_batch(sink);
	naive_add(&table, &late.record);
	assert_endpoints(place->path, &table);
	sink->close(&sink);
	assert_sound(place->path);
	free(table.rows);
}

static void endpoints_have_the_latest_facts(void **state)
{
	struct place *place = *state;
	struct sink *sink = open_sink(place->path);
	struct sample sample;
	struct naive_table table = {0};
	sample_fill(&sample, 4, true);
	for (unsigned i = 0; i < 3; i++) {
		sample.record.answer_id += i;
		sample.record.time_wall_us += 1000000;
		strcpy(sample.addresses[0].location.code, i == 0 ? "US" : i == 1 ? "CN" : "DE");
		strcpy(sample.addresses[0].organisation, i == 1 ? "Somebody Else" : "First");
		begin_batch(sink);
		write_record(sink, &sample.record);
		commit_batch(sink);
		naive_add(&table, &sample.record);
	}
	/* An older record that comes late counts, but its facts are not the latest. */
	int64_t now_us = sample.record.time_wall_us;
	sample.record.answer_id += 100;
	sample.record.time_wall_us = now_us - 10000000;
	strcpy(sample.addresses[0].location.code, "FR");
	begin_batch(sink);
	write_record(sink, &sample.record);
	commit_batch(sink);
	naive_add(&table, &sample.record);
	for (size_t i = 0; i < table.count; i++)
		if (!strcmp(table.rows[i].facts.location.code, "FR"))
			strcpy(table.rows[i].facts.location.code, "DE");
	assert_endpoints(place->path, &table);
	sink->close(&sink);
	free(table.rows);
}

static void a_device_has_its_latest_name(void **state)
{
	struct place *place = *state;
	struct sink *sink = open_sink(place->path);
	static const char *const names[] = {"old", "new", "old", "last"};
	for (size_t i = 0; i < PF_COUNT(names); i++) {
		struct sample sample;
		sample_fill(&sample, (unsigned)i, true);
		sample.record.device_name = names[i];
		begin_batch(sink);
		write_record(sink, &sample.record);
		commit_batch(sink);
	}
	sink->close(&sink);
	assert_int_equal(number_in(place->path, "SELECT count(*) FROM device"), 1);
	assert_int_equal(number_in(place->path, "SELECT count(*) FROM v_queries WHERE device = 'last'"),
	                 4);
}

static void addresses_of_both_families_are_clients(void **state)
{
	struct place *place = *state;
	struct sink *sink = open_sink(place->path);
	struct sample four, six;
	sample_fill(&four, 1, false);
	sample_fill(&six, 1, false);
	four.record.client = (struct addr){.family = 4, .bytes = {0x20, 0x01, 0x0d, 0xb8}};
	six.record.client = (struct addr){.family = 6, .bytes = {0x20, 0x01, 0x0d, 0xb8}};
	begin_batch(sink);
	write_record(sink, &four.record);
	write_record(sink, &six.record);
	commit_batch(sink);
	sink->close(&sink);
	assert_int_equal(number_in(place->path,
	                           "SELECT count(*) FROM v_queries WHERE client = '32.1.13.184'"),
	                 1);
	assert_int_equal(number_in(place->path,
	                           "SELECT count(*) FROM v_queries WHERE client = '2001:db8::'"),
	                 1);
}

/* ---- the dictionary ---------------------------------------------------------------------- */

static void a_dictionary_knows_or_forgets(void **state)
{
	(void)state;
	struct dictionary dictionary;
	dictionary_init(&dictionary, 1024);
	assert_null(dictionary_find(&dictionary, "a", 1));
	for (int64_t i = 0; i < 1024; i++) {
		char key[32];
		int length = snprintf(key, sizeof key, "key %lld", (long long)i);
		assert_non_null(dictionary_add(&dictionary, key, (size_t)length, i));
	}
	for (int64_t i = 0; i < 1024; i++) {
		char key[32];
		int length = snprintf(key, sizeof key, "key %lld", (long long)i);
		struct dictionary_entry *entry = dictionary_find(&dictionary, key, (size_t)length);
		assert_non_null(entry);
		assert_int_equal(entry->id, i);
	}
	assert_non_null(dictionary_add(&dictionary, "one more", 8, 7));
	assert_null(dictionary_find(&dictionary, "key 1", 5)); /* full: all is forgotten */
	assert_int_equal(dictionary_find(&dictionary, "one more", 8)->id, 7);
	assert_int_equal(dictionary.entry_count, 1);
	dictionary_clear(&dictionary);
	assert_null(dictionary_find(&dictionary, "one more", 8));
	dictionary_deinit(&dictionary);
}

#define test(name) cmocka_unit_test_setup_teardown(name, place_make, place_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(every_row_and_endpoint_is_there),
		test(a_restart_goes_on),
		test(content_may_come_late),
		test(endpoints_have_the_latest_facts),
		test(a_device_has_its_latest_name),
		test(addresses_of_both_families_are_clients),
		cmocka_unit_test(a_dictionary_knows_or_forgets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
