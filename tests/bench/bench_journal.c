/* How fast records become rows: the sink as the writer drives it, beside the least that SQLite takes for a row of the same
 * columns, in the same batches, with the same pragmas.
 *
 *   bench_journal [RECORDS [BATCH]]     prints records a second, and the share of the bare limit */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "journal/flat.h"
#include "journal/sqlite/sqlite.h"
#include "unit/journal/sample.h"

#define KINDS 8192 /* different records, made beforehand */

static double cpu_s(void)
{
	struct timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct kinds {
	uint8_t *bytes[KINDS];
	size_t lengths[KINDS];
};

static void make_kinds(struct kinds *kinds)
{
	for (unsigned i = 0; i < KINDS; i++) {
		struct sample sample;
		sample_fill(&sample, i, true);
		kinds->lengths[i] = flat_bytes(&sample.record);
		kinds->bytes[i] = malloc(kinds->lengths[i]);
		flat_write(&sample.record, kinds->bytes[i]);
	}
}

static double run_sink(const char *folder, const struct kinds *kinds, unsigned records,
                       unsigned batch)
{
	char path[128], error[256];
	snprintf(path, sizeof path, "%s/journal.db", folder);
	struct sink *sink = sqlite_sink_open(path, INT64_C(1) << 60, error, sizeof error);
	struct flat_record *read = malloc(sizeof *read);
	assert_non_null(sink);
	double begin = cpu_s();
	for (unsigned i = 0; i < records; i += batch) {
		assert_int_equal(sink->begin(sink, error, sizeof error), PF_OK);
		for (unsigned k = i; k < i + batch; k++) {
			assert_int_equal(flat_read(kinds->bytes[k % KINDS], kinds->lengths[k % KINDS], read),
			                 PF_OK);
			read->record.time_wall_us = SAMPLE_TIME_US + k * INT64_C(1500);
			assert_int_equal(sink->write(sink, &read->record, error, sizeof error), PF_OK);
		}
		assert_int_equal(sink->commit(sink, error, sizeof error), PF_OK);
	}
	double spent = cpu_s() - begin;
	sink->close(&sink);
	free(read);
	return spent;
}

static void run_sql(sqlite3 *db, const char *sql)
{
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

static double run_bare(const char *folder, unsigned records, unsigned batch)
{
	char path[128];
	sqlite3 *db;
	sqlite3_stmt *insert;
	snprintf(path, sizeof path, "%s/bare.db", folder);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	run_sql(
		db,
		"PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
		"PRAGMA secure_delete = ON; PRAGMA cell_size_check = ON; PRAGMA cache_size = -32768;"
		"CREATE TABLE query (id INTEGER PRIMARY KEY, a INTEGER NOT NULL, b INTEGER NOT NULL,"
		" c INTEGER NOT NULL, d INTEGER NOT NULL, e INTEGER NOT NULL, f INTEGER, g INTEGER,"
		" h INTEGER NOT NULL) STRICT");
	assert_int_equal(sqlite3_prepare_v2(db, "INSERT INTO query VALUES (?,?,?,?,?,?,?,?,?)", -1,
	                                    &insert, NULL),
	                 SQLITE_OK);
	double begin = cpu_s();
	for (unsigned i = 0; i < records; i += batch) {
		run_sql(db, "BEGIN IMMEDIATE");
		for (unsigned k = i; k < i + batch; k++) {
			const int64_t values[] = {k + 1,     (SAMPLE_TIME_US + k * INT64_C(1500)) / 1000,
			                          k / 7 % 6, k % 6,
			                          k % 200,   k % 30,
			                          k % 100,   k % 90,
			                          k % 4000};
			for (int v = 0; v < 9; v++)
				sqlite3_bind_int64(insert, v + 1, values[v]);
			assert_int_equal(sqlite3_step(insert), SQLITE_DONE);
			sqlite3_reset(insert);
		}
		run_sql(db, "COMMIT");
	}
	double spent = cpu_s() - begin;
	sqlite3_finalize(insert);
	sqlite3_close(db);
	return spent;
}

int main(int argc, char **argv)
{
	unsigned records = argc > 1 ? (unsigned)atoi(argv[1]) : 1000000;
	unsigned batch = argc > 2 ? (unsigned)atoi(argv[2]) : 1000;
	static struct kinds kinds;
	char folder[64];
	if (!records || !batch) {
		fprintf(stderr, "usage: bench_journal [RECORDS [BATCH]]\n");
		return 2;
	}
	records = records / batch * batch;
	make_kinds(&kinds);
	sample_make_folder(folder);
	double sink = run_sink(folder, &kinds, records, batch), bare = run_bare(folder, records, batch);
	printf("%u records in batches of %u, CPU time\n", records, batch);
	printf("journal       %8.0f records/s   %.2f µs each\n", records / sink, sink / records * 1e6);
	printf("bare SQLite   %8.0f rows/s      %.2f µs each\n", records / bare, bare / records * 1e6);
	printf("share         %8.0f %%\n", bare / sink * 100);
	sample_remove_folder(folder);
	for (unsigned i = 0; i < KINDS; i++)
		free(kinds.bytes[i]);
	return 0;
}
