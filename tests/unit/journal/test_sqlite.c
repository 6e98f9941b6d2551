/* The SQLite sink with real files: what it writes is read back through the promised views, with SQLite itself, and
 * held against a naive account of the same records. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "dns/dns.h"
#include "journal/sqlite/dictionary.h"
#include "journal/sqlite/sqlite.h"
#include "unit/journal/sample.h"

#define KEEP_US (INT64_C(30) * 86400 * 1000000)
#define DAY_US (INT64_C(86400) * 1000000)

struct place {
	char folder[64];
	char path[128];
};

static int make_place(void **state)
{
	struct place *place = calloc(1, sizeof *place);
	sample_make_folder(place->folder);
	snprintf(place->path, sizeof place->path, "%s/journal.db", place->folder);
	*state = place;
	return 0;
}

static int remove_place(void **state)
{
	struct place *place = *state;
	sample_remove_folder(place->folder);
	free(place);
	return 0;
}

static struct sink *open_sink(const char *path)
{
	char error[512] = "";
	struct sink *sink = sqlite_sink_open(path, KEEP_US, error, sizeof error);
	assert_string_equal(error, "");
	assert_non_null(sink);
	return sink;
}

static void assert_refused(const char *path, const char *part)
{
	char error[512] = "";
	struct sink *sink = sqlite_sink_open(path, KEEP_US, error, sizeof error);
	assert_null(sink);
	if (!strstr(error, part))
		fail_msg("\"%s\" is not in: %s", part, error);
	assert_int_equal(error[strlen(error) - 1], '.');
}

static void begin(struct sink *sink)
{
	char error[256] = "";
	assert_int_equal(sink->begin(sink, error, sizeof error), PF_OK);
}

static void commit(struct sink *sink)
{
	char error[256] = "";
	int result = sink->commit(sink, error, sizeof error);
	assert_string_equal(error, "");
	assert_int_equal(result, PF_OK);
}

static void write_record(struct sink *sink, const struct record *record)
{
	char error[256] = "";
	int result = sink->write(sink, record, error, sizeof error);
	assert_string_equal(error, "");
	assert_int_equal(result, PF_OK);
}

/* Records from..to-1, each answer with its content the first time, in batches. `seen` remembers which. */
static void write_samples(struct sink *sink, unsigned from, unsigned to, bool seen[SAMPLE_NAMES])
{
	for (unsigned i = from; i < to;) {
		begin(sink);
		for (unsigned k = 0; k < 900 && i < to; k++, i++) {
			struct sample sample;
			sample_fill(&sample, i, false);
			unsigned name = (unsigned)(sample.record.answer_id * UINT64_C(0xf1de83e19937733d)) - 1;
			if (sample.record.answer_id && !seen[name]) {
				seen[name] = true;
				sample.record.answer = &sample.answer;
			}
			write_record(sink, &sample.record);
		}
		commit(sink);
	}
}

/* ---- reading with plain SQLite ----------------------------------------------------------- */

static sqlite3 *open_db(const char *path)
{
	sqlite3 *db;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	return db;
}

static int64_t number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *statement;
	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	int64_t result = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return result;
}

static int64_t number_in(const char *path, const char *sql)
{
	sqlite3 *db = open_db(path);
	int64_t result = number(db, sql);
	sqlite3_close(db);
	return result;
}

static void run(const char *path, const char *sql)
{
	sqlite3 *db = open_db(path);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void assert_sound(const char *path)
{
	sqlite3 *db = open_db(path);
	assert_int_equal(
		number(db, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"), 0);
	assert_int_equal(number(db, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
	sqlite3_close(db);
}

static void assert_columns(sqlite3 *db, const char *view, const char *expected)
{
	char sql[64], names[512] = "";
	sqlite3_stmt *statement;
	snprintf(sql, sizeof sql, "SELECT * FROM %s", view);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
	for (int i = 0; i < sqlite3_column_count(statement); i++) {
		strcat(names, i ? ", " : "");
		strcat(names, sqlite3_column_name(statement, i));
	}
	sqlite3_finalize(statement);
	assert_string_equal(names, expected);
}

static void assert_text(sqlite3_stmt *statement, int column, const char *expected)
{
	const char *text = (const char *)sqlite3_column_text(statement, column);
	if (!expected[0])
		assert_null(text); /* what is not known is NULL */
	else
		assert_string_equal(text, expected);
}

/* ---- queries ----------------------------------------------------------------------------- */

static void assert_query(sqlite3_stmt *row, const struct record *record)
{
	char text[NAME_TEXT_MAX];
	clock_format(record->time_wall_us, text);
	assert_text(row, 0, text);
	assert_text(row, 1, record->device_name);
	addr_format(&record->client, text);
	assert_text(row, 2, text);
	dns_name_to_text(record->name, text);
	assert_text(row, 3, text);
	dns_type_to_text(record->type, text);
	assert_text(row, 4, text);
	dns_rcode_to_text(record->rcode, text);
	assert_text(row, 5, record->dropped_reply ? "DROPPED" : text);
	assert_text(row, 6, action_word(record->action));
	assert_text(row, 7, record->rule_name);
	assert_text(row, 8, record->rule ? record->reason : "allowed: no rule matched");
	assert_text(row, 9, standing_word(record->standing));
	assert_text(row, 10, confidence_word(record->confidence));
	assert_text(row, 11, record_source_word(record->source));
	assert_text(row, 12, record->upstream);
	assert_int_equal(sqlite3_column_int64(row, 13), record->took_us);
}

static void assert_queries(const char *path, unsigned count)
{
	sqlite3 *db = open_db(path);
	sqlite3_stmt *statement;
	assert_columns(db, "v_queries",
	               "time, device, client, name, type, rcode, action, rule, reason, standing, "
	               "confidence, source, upstream, took_us");
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT * FROM v_queries ORDER BY time", -1, &statement,
	                                    NULL),
	                 SQLITE_OK);
	for (unsigned i = 0; i < count; i++) {
		struct sample sample;
		sample_fill(&sample, i, false);
		assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
		assert_query(statement, &sample.record);
	}
	assert_int_equal(sqlite3_step(statement), SQLITE_DONE);
	sqlite3_finalize(statement);
	sqlite3_close(db);
}

/* ---- endpoints, naively ------------------------------------------------------------------ */

struct naive {
	char device[DEVICE_NAME_MAX], name[128], type[16], address[ADDR_TEXT_MAX];
	struct record_address facts;
	int64_t first_us, last_us;
	unsigned count;
	size_t next; /* in its bucket, + 1 */
};

#define NAIVE_BUCKETS 4096

struct naive_table {
	struct naive *rows;
	size_t count, room;
	size_t buckets[NAIVE_BUCKETS]; /* the first row, + 1 */
};

static size_t naive_bucket(const char *device, const char *name, const char *address)
{
	size_t sum = 5381;
	for (const char *c = device; *c; c++)
		sum = sum * 33 + (unsigned char)*c;
	for (const char *c = name; *c; c++)
		sum = sum * 33 + (unsigned char)*c;
	for (const char *c = address; *c; c++)
		sum = sum * 33 + (unsigned char)*c;
	return sum % NAIVE_BUCKETS;
}

static struct naive *naive_find(struct naive_table *table, const char *device, const char *name,
                                const char *type, const char *address)
{
	size_t *bucket = &table->buckets[naive_bucket(device, name, address)];
	for (size_t i = *bucket; i; i = table->rows[i - 1].next) {
		struct naive *row = &table->rows[i - 1];
		if (!strcmp(row->address, address) && !strcmp(row->name, name) &&
		    !strcmp(row->device, device) && !strcmp(row->type, type))
			return row;
	}
	if (table->count == table->room) {
		table->room = table->room ? table->room * 2 : 1024;
		table->rows = realloc(table->rows, table->room * sizeof *table->rows);
		assert_non_null(table->rows);
	}
	struct naive *row = &table->rows[table->count++];
	*row = (struct naive){.first_us = INT64_MAX, .next = *bucket};
	*bucket = table->count;
	strcpy(row->device, device);
	strcpy(row->name, name);
	strcpy(row->type, type);
	strcpy(row->address, address);
	return row;
}

static void naive_add(struct naive_table *table, const struct record *record)
{
	char name[NAME_TEXT_MAX], type[DNS_TYPE_TEXT_MAX], address[ADDR_TEXT_MAX];
	dns_name_to_text(record->name, name);
	dns_type_to_text(record->type, type);
	for (size_t i = 0; i < record->answer->address_count; i++) {
		addr_format(&record->answer->addresses[i].address, address);
		struct naive *row = naive_find(table, record->device_name, name, type, address);
		row->facts = record->answer->addresses[i];
		row->first_us = record->time_wall_us < row->first_us ? record->time_wall_us : row->first_us;
		row->last_us = record->time_wall_us > row->last_us ? record->time_wall_us : row->last_us;
		row->count++;
	}
}

static void assert_endpoint(sqlite3_stmt *row, const struct naive *naive)
{
	char first[CLOCK_TEXT_MAX], last[CLOCK_TEXT_MAX];
	clock_format(naive->first_us, first);
	clock_format(naive->last_us, last);
	assert_text(row, 4, naive->facts.location.code);
	assert_text(row, 5, naive->facts.control.code);
	assert_int_equal(sqlite3_column_int64(row, 6), naive->facts.asn);
	assert_int_equal(sqlite3_column_type(row, 6) == SQLITE_NULL, naive->facts.asn == 0);
	assert_text(row, 7, naive->facts.organisation);
	assert_text(row, 8, standing_word(naive->facts.standing));
	assert_text(row, 9, confidence_word(naive->facts.confidence));
	assert_text(row, 10, first);
	assert_text(row, 11, last);
	assert_int_equal(sqlite3_column_int64(row, 12), naive->count);
}

static void assert_endpoints(const char *path, struct naive_table *table)
{
	sqlite3 *db = open_db(path);
	sqlite3_stmt *statement;
	assert_columns(db, "v_endpoints",
	               "device, name, type, address, location, control, asn, organisation, standing, "
	               "confidence, first, last, count");
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT * FROM v_endpoints", -1, &statement, NULL),
	                 SQLITE_OK);
	size_t rows = 0, known = table->count;
	for (; sqlite3_step(statement) == SQLITE_ROW; rows++) {
		struct naive *naive = naive_find(table, (const char *)sqlite3_column_text(statement, 0),
		                                 (const char *)sqlite3_column_text(statement, 1),
		                                 (const char *)sqlite3_column_text(statement, 2),
		                                 (const char *)sqlite3_column_text(statement, 3));
		assert_int_equal(table->count, known); /* else it is an invented one */
		assert_endpoint(statement, naive);
	}
	assert_int_equal(rows, known);
	sqlite3_finalize(statement);
	sqlite3_close(db);
}

static void assert_samples_endpoints(const char *path, unsigned count)
{
	struct naive_table table = {0};
	for (unsigned i = 0; i < count; i++) {
		struct sample sample;
		sample_fill(&sample, i, true);
		if (sample.record.answer)
			naive_add(&table, &sample.record);
	}
	assert_true(table.count > 2000);
	assert_endpoints(path, &table);
	free(table.rows);
}

/* ---- tests ------------------------------------------------------------------------------- */

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
	assert_int_equal(number(db, "SELECT sum(queries) FROM device"), 20000);
	assert_int_equal(number(db, "SELECT sum(flagged) FROM device"),
	                 number(db, "SELECT count(*) FROM v_queries WHERE action = 'flag'"));
	assert_int_equal(number(db, "SELECT sum(sinkholed) FROM device"),
	                 number(db, "SELECT count(*) FROM v_queries WHERE action = 'sinkhole'"));
	assert_true(number(db, "SELECT count(*) FROM answer_hop") > 100);
	assert_true(number(db, "SELECT count(*) FROM v_queries WHERE rcode = 'DROPPED'") > 0);
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
	assert_int_equal(number_in(place->path, "SELECT max(id) - min(id) + 1 FROM query"), 6000);
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
	begin(sink);
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

	begin(sink);
	write_record(sink, &early.record);
	write_record(sink, &never.record);
	commit(sink);
	assert_int_equal(number_in(place->path, "SELECT count(*) FROM v_queries"), 2);
	assert_int_equal(number_in(place->path, "SELECT count(*) FROM v_endpoints"), 0);

	/* A batch that fails must not use up what waits. */
	fail_commit(sink, place->path, &late.record);
	assert_int_equal(number_in(place->path, "SELECT count(*) FROM v_endpoints"), 0);
	begin(sink);
	write_record(sink, &late.record);
	commit(sink);
	early.record.answer = late.record.answer;
	naive_add(&table, &early.record);
	naive_add(&table, &late.record);
	assert_endpoints(place->path, &table);

	begin(sink);
	write_record(sink, &late.record);
	commit(sink);
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
		begin(sink);
		write_record(sink, &sample.record);
		commit(sink);
		naive_add(&table, &sample.record);
	}
	/* An older record that comes late counts, but its facts are not the latest. */
	int64_t now_us = sample.record.time_wall_us;
	sample.record.answer_id += 100;
	sample.record.time_wall_us = now_us - 10000000;
	strcpy(sample.addresses[0].location.code, "FR");
	begin(sink);
	write_record(sink, &sample.record);
	commit(sink);
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
		begin(sink);
		write_record(sink, &sample.record);
		commit(sink);
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
	begin(sink);
	write_record(sink, &four.record);
	write_record(sink, &six.record);
	commit(sink);
	sink->close(&sink);
	assert_int_equal(number_in(place->path,
	                           "SELECT count(*) FROM v_queries WHERE client = '32.1.13.184'"),
	                 1);
	assert_int_equal(number_in(place->path,
	                           "SELECT count(*) FROM v_queries WHERE client = '2001:db8::'"),
	                 1);
}

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
	run(place->path, "CREATE TABLE recipes (text)");
	assert_refused(place->path, "is the database of another program");
	unlink(place->path);
	run(place->path, "PRAGMA application_id = 77; CREATE TABLE recipes (text)");
	assert_refused(place->path, "is the database of another program");
	unlink(place->path);

	struct sink *sink = open_sink(place->path);
	sink->close(&sink);
	run(place->path, "PRAGMA user_version = 99");
	assert_refused(place->path, "has schema 99 of a newer portafilter");
	run(place->path, "PRAGMA user_version = 0");
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
	begin(sink);
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
	commit(sink);
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
	assert_true(number_in(place->path, "SELECT endpoints_until FROM progress") < 7000);
	struct sink *sink = open_sink(place->path);
	write_samples(sink, 7000, 8000, seen);
	sink->close(&sink);
	assert_samples_endpoints(place->path, 8000);
	assert_int_equal(number_in(place->path, "SELECT endpoints_until FROM progress"), 8000);
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
	tight.rlim_cur = 500 * 1024;
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
	struct journal *journal = journal_start(&sink, 1, 2);
	assert_non_null(journal);
	sqlite3 *db = open_db(place->path);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	for (unsigned i = 0; i < 5000; i++) {
		struct sample sample;
		sample_fill(&sample, i, i < 2000);
		assert_int_equal(journal_put(journal, i % 2, &sample.record), PF_OK);
	}
	assert_int_equal(journal_flush(journal, 700), PF_ETIMEOUT);
	struct journal_stats stats;
	journal_stats(journal, &stats);
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

static void old_queries_go_and_leave_nothing(void **state)
{
	struct place *place = *state;
	char wal[160];
	bool seen[SAMPLE_NAMES] = {false};
	struct sink *sink = open_sink(place->path);
	snprintf(wal, sizeof wal, "%s-wal", place->path);
	write_samples(sink, 0, 20000, seen);
	struct sample late;
	sample_fill(&late, 4, true);
	late.record.time_wall_us = SAMPLE_TIME_US + 40 * DAY_US;
	assert_int_equal(dns_name_from_text("kept.example.org", &late.name), PF_OK);
	begin(sink);
	write_record(sink, &late.record);
	commit(sink);
	assert_true(file_holds(place->path, "host1.vendor1.example.com") ||
	            file_holds(wal, "host1.vendor1.example.com"));

	/* Nothing is old yet; then the first half of the raw queries is. */
	int64_t now_us = SAMPLE_TIME_US + KEEP_US;
	sink->idle(sink, now_us);
	assert_int_equal(number_in(place->path, "SELECT count(*) FROM query"), 20001);
	int64_t cutoff_us = SAMPLE_TIME_US + 10000 * INT64_C(1500);
	sink->idle(sink, cutoff_us + KEEP_US); /* within the second: nothing is looked at */
	now_us = cutoff_us + KEEP_US + 1000000 - 1000000 % 1000;
	int64_t expected = number_in(place->path, "SELECT count(*) FROM query");
	sink->idle(sink, now_us);
	int64_t left = number_in(place->path, "SELECT count(*) FROM query");
	assert_true(left < expected);
	for (unsigned i = 0; i < 5; i++)
		sink->idle(sink, now_us += 1000000);
	sqlite3 *db = open_db(place->path);
	int64_t cutoff_ms = (now_us - KEEP_US) / 1000;
	char sql[128];
	snprintf(sql, sizeof sql, "SELECT count(*) FROM query WHERE time < %lld", (long long)cutoff_ms);
	assert_int_equal(number(db, sql), 0);
	/* 1.5 ms apart: exactly those from the cutoff on are left. */
	unsigned kept = 0;
	for (unsigned i = 0; i < 20000; i++)
		kept += (SAMPLE_TIME_US + i * INT64_C(1500)) / 1000 >= cutoff_ms;
	assert_int_equal(number(db, "SELECT count(*) FROM query"), kept + 1);
	assert_true(kept > 0 && kept < 20000);
	sqlite3_close(db);

	/* All of them; endpoints stay, and with them their names. */
	now_us = SAMPLE_TIME_US + 35 * DAY_US;
	for (unsigned i = 0; i < 40; i++)
		sink->idle(sink, now_us += DAY_US / 100);
	assert_int_equal(number_in(place->path, "SELECT count(*) FROM query"), 1);
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
	struct stat status;
	assert_int_equal(stat(place->path, &status), 0);
	assert_in_range(status.st_size, 1, 400 * 1024); /* it has really shrunk */

	/* Row numbers go on, memory does not believe in rows that are gone. */
	memset(seen, 0, sizeof seen);
	write_samples(sink, 0, 3000, seen);
	assert_true(number_in(place->path, "SELECT min(id) FROM query WHERE time < 1800000000000") >
	            20000);
	sink->close(&sink);
	assert_sound(place->path);
	assert_int_equal(number_in(place->path, "SELECT count(*) FROM v_queries"), 3000);
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

#define test(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(every_row_and_endpoint_is_there),
		test(a_restart_goes_on),
		test(content_may_come_late),
		test(endpoints_have_the_latest_facts),
		test(a_device_has_its_latest_name),
		test(addresses_of_both_families_are_clients),
		test(wrong_databases_are_refused),
		test(one_journal_has_one_writer),
		test(a_bad_record_leaves_its_batch),
		test(a_crash_costs_no_endpoint),
		test(places_that_do_not_serve_are_named),
		test(a_read_only_folder_is_told),
		test(damage_is_told_and_survived),
		test(another_lock_is_waited_out),
		test(a_full_disk_loses_nothing),
		test(the_whole_journal_adds_up),
		test(old_queries_go_and_leave_nothing),
		cmocka_unit_test(a_dictionary_knows_or_forgets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
