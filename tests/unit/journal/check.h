/* What the tests of the SQLite journal share: a place with a database, batches of samples, and ways to read the
 * database with SQLite itself, against a naive account of the same records. */
#ifndef CHECK_H
#define CHECK_H

#include <sqlite3.h>

#include "journal/sqlite/sqlite.h"
#include "unit/journal/sample.h"

#define KEEP_US (INT64_C(30) * 86400 * 1000000)
#define DAY_US (INT64_C(86400) * 1000000)

struct place {
	char folder[64];
	char path[128];
};

/* cmocka's setup and teardown: `*state` is the place. */
int place_make(void **state);
int place_remove(void **state);

struct sink *open_sink(const char *path);
/* Opening fails with a sentence that holds `part`. */
void assert_refused(const char *path, const char *part);

void begin_batch(struct sink *sink);
void commit_batch(struct sink *sink);
void write_record(struct sink *sink, const struct record *record);
/* Samples from..to-1, each answer with its content the first time, in batches. `seen` remembers which. */
void write_samples(struct sink *sink, unsigned from, unsigned to, bool seen[SAMPLE_NAMES]);

sqlite3 *open_db(const char *path);
/* The first column of the first row. */
int64_t db_number(sqlite3 *db, const char *sql);
int64_t number_in(const char *path, const char *sql);
void run_sql(const char *path, const char *sql);
/* SQLite finds the file whole, and no reference leads nowhere. */
void assert_sound(const char *path);

/* v_queries shows exactly the samples 0..count-1. */
void assert_queries(const char *path, unsigned count);
/* Of those before `known` nobody has written down what version 4 has more. */
void assert_queries_from(const char *path, unsigned known, unsigned count);

/* Endpoints as somebody would count them who has all the time in the world. */
struct naive {
	char device[DEVICE_NAME_MAX], name[128], type[16], address[ADDR_TEXT_MAX];
	struct record_address facts;
	int64_t first_us, last_us;
	unsigned count;
	uint8_t dnssec; /* the best */
	size_t next;    /* in its bucket, + 1 */
};

#define NAIVE_BUCKETS 4096

struct naive_table {
	struct naive *rows;
	size_t count, room;
	size_t buckets[NAIVE_BUCKETS]; /* the first row, + 1 */
};

void naive_add(struct naive_table *table, const struct record *record);
/* v_endpoints shows exactly these. */
void assert_endpoints(const char *path, struct naive_table *table);
/* Those of the samples 0..count-1. */
void assert_samples_endpoints(const char *path, unsigned count);
void assert_samples_endpoints_from(const char *path, unsigned known, unsigned count);

#endif
