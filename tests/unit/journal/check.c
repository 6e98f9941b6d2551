/* See check.h. */
#include "unit/journal/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "dns/dns.h"

int place_make(void **state)
{
	struct place *place = calloc(1, sizeof *place);
	sample_make_folder(place->folder);
	snprintf(place->path, sizeof place->path, "%s/journal.db", place->folder);
	*state = place;
	return 0;
}

int place_remove(void **state)
{
	struct place *place = *state;
	sample_remove_folder(place->folder);
	free(place);
	return 0;
}

struct sink *open_sink(const char *path)
{
	char error[512] = "";
	struct sink *sink = sqlite_sink_open(path, KEEP_US, error, sizeof error);
	assert_string_equal(error, "");
	assert_non_null(sink);
	return sink;
}

void assert_refused(const char *path, const char *part)
{
	char error[512] = "";
	struct sink *sink = sqlite_sink_open(path, KEEP_US, error, sizeof error);
	assert_null(sink);
	if (!strstr(error, part))
		fail_msg("\"%s\" is not in: %s", part, error);
	assert_int_equal(error[strlen(error) - 1], '.');
}

void begin_batch(struct sink *sink)
{
	char error[256] = "";
	assert_int_equal(sink->begin(sink, error, sizeof error), PF_OK);
}

void commit_batch(struct sink *sink)
{
	char error[256] = "";
	int result = sink->commit(sink, error, sizeof error);
	assert_string_equal(error, "");
	assert_int_equal(result, PF_OK);
}

void write_record(struct sink *sink, const struct record *record)
{
	char error[256] = "";
	int result = sink->write(sink, record, error, sizeof error);
	assert_string_equal(error, "");
	assert_int_equal(result, PF_OK);
}

/* Records from..to-1, each answer with its content the first time, in batches. `seen` remembers which. */
void write_samples(struct sink *sink, unsigned from, unsigned to, bool seen[SAMPLE_NAMES])
{
	for (unsigned i = from; i < to;) {
		begin_batch(sink);
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
		commit_batch(sink);
	}
}

/* ---- reading with plain SQLite ----------------------------------------------------------- */

sqlite3 *open_db(const char *path)
{
	sqlite3 *db;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	return db;
}

int64_t db_number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *statement;
	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	int64_t result = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return result;
}

int64_t number_in(const char *path, const char *sql)
{
	sqlite3 *db = open_db(path);
	int64_t result = db_number(db, sql);
	sqlite3_close(db);
	return result;
}

void run_sql(const char *path, const char *sql)
{
	sqlite3 *db = open_db(path);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

void assert_sound(const char *path)
{
	sqlite3 *db = open_db(path);
	assert_int_equal(
		db_number(db, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"),
		0);
	assert_int_equal(db_number(db, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
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

static void assert_query(sqlite3_stmt *row, const struct record *record, bool known)
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
	assert_text(row, 14, known ? protocol_word(record->protocol) : "");
	assert_text(row, 15, known ? dnssec_word(record->dnssec) : "");
}

void assert_queries(const char *path, unsigned count)
{
	assert_queries_from(path, 0, count);
}

void assert_queries_from(const char *path, unsigned known, unsigned count)
{
	sqlite3 *db = open_db(path);
	sqlite3_stmt *statement;
	assert_columns(db, "v_queries",
	               "time, device, client, name, type, rcode, action, rule, reason, standing, "
	               "confidence, source, upstream, took_us, protocol, dnssec");
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT * FROM v_queries ORDER BY time", -1, &statement,
	                                    NULL),
	                 SQLITE_OK);
	for (unsigned i = 0; i < count; i++) {
		struct sample sample;
		sample_fill(&sample, i, false);
		assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
		assert_query(statement, &sample.record, i >= known);
	}
	assert_int_equal(sqlite3_step(statement), SQLITE_DONE);
	sqlite3_finalize(statement);
	sqlite3_close(db);
}

/* ---- endpoints, naively ------------------------------------------------------------------ */

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

void naive_add(struct naive_table *table, const struct record *record)
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
		row->dnssec = record->dnssec > row->dnssec ? record->dnssec : row->dnssec;
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
	assert_text(row, 13, dnssec_word(naive->dnssec));
}

void assert_endpoints(const char *path, struct naive_table *table)
{
	sqlite3 *db = open_db(path);
	sqlite3_stmt *statement;
	assert_columns(db, "v_endpoints",
	               "device, name, type, address, location, control, asn, organisation, standing, "
	               "confidence, first, last, count, dnssec");
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

void assert_samples_endpoints(const char *path, unsigned count)
{
	assert_samples_endpoints_from(path, 0, count);
}

void assert_samples_endpoints_from(const char *path, unsigned known, unsigned count)
{
	struct naive_table table = {0};
	for (unsigned i = 0; i < count; i++) {
		struct sample sample;
		sample_fill(&sample, i, true);
		if (i < known)
			sample.record.dnssec = DNSSEC_NONE;
		if (sample.record.answer)
			naive_add(&table, &sample.record);
	}
	assert_true(table.count > count / 10);
	assert_endpoints(path, &table);
	free(table.rows);
}
