/* The SQLite journal with the traffic of a household: how fast records become rows, beside the least that SQLite takes for a row
 * of the same columns, in the same batches, with the same pragmas; bytes a query on disk; how long each question takes; and how long
 * retention makes others wait. Records come as fast as they are written, by the real clock, and once more with a clock that goes a
 * month for ten million of them: then a month's hours, days and endpoints are summed up in seconds, as after a capture.
 *
 *   bench_journal [RECORDS [BATCH [KEEP]]]     a million, in batches of 1,000; KEEP: a file for a copy of the month's journal
 *   bench_journal ask KEEP RECORDS             the questions alone, of such a file
 *   bench_journal rate RECORDS ROUNDS          bare rows and the journal by the real clock, in turn
 *
 * 40 devices, six of them with people before them: their names follow Zipf's law over 3,000, those of the others over 60. A name has up to
 * six answers that take turns, and types A, AAAA and HTTPS; one in seven is sinkholed by its name. Ten million come in 30 days, so a million in three. */
#include <math.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bench/journal_questions.h"
#include "journal/flat.h"
#include "journal/sqlite/state.h"
#include "unit/journal/sample.h"

#define DEVICES 40
#define PEOPLE 6 /* the first of them */
#define NAMES_PEOPLE 3000
#define NAMES_THING 60
#define ANSWERS 6
#define VARIANTS 24
#define DRAWS (1u << 20)
#define MONTH_US (INT64_C(30) * 86400 * 1000000)
#define STEP_US (MONTH_US / 10000000)

static double cpu_s(void)
{
	struct timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double wall_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* ---- traffic ----------------------------------------------------------------------------- */

/* Records that were made beforehand, as they stand in a ring, and the order in which they come. */
struct traffic {
	uint8_t **bytes;
	size_t *lengths;
	size_t count;
	uint32_t draws[DRAWS];
};

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void fill_address(struct record_address *address, unsigned host, unsigned position)
{
	memset(address, 0, sizeof *address);
	address->address =
		(struct addr){.family = 4,
	                  .bytes = {203, (uint8_t)(host >> 8), (uint8_t)host, (uint8_t)(position + 1)}};
	strcpy(address->location.code, host % 3 ? "US" : "DE");
	strcpy(address->control.code, "US");
	address->standing = host % 3 ? STANDING_HOME : STANDING_OVERSEAS;
	address->confidence = CONFIDENCE_HIGH;
	address->asn = 64496 + host % 40;
	snprintf(address->organisation, sizeof address->organisation, "Network %u", host % 40);
	snprintf(address->evidence, sizeof address->evidence, "dbip 2026-06 %s",
	         address->location.code);
}

static void fill_answer(struct sample *sample, unsigned site, unsigned variant)
{
	struct record_answer *answer = &sample->answer;
	sample->record.answer_id =
		((uint64_t)site * VARIANTS + variant) * UINT64_C(0x9e3779b97f4a7c15) + 1;
	sample->record.answer = answer;
	answer->address_count = (uint16_t)(1 + site % 3);
	answer->hop_count = (uint16_t)(site % 2);
	answer->judged_count = answer->address_count;
	for (unsigned i = 0; i < answer->hop_count; i++) {
		char text[64];
		snprintf(text, sizeof text, "edge%u.cdn%u.example.net", site % 500, site % 20);
		assert_int_equal(dns_name_from_text(text, &sample->hops[i]), PF_OK);
	}
	for (unsigned i = 0; i < answer->address_count; i++)
		fill_address(&sample->addresses[i], (site * 7 + variant * 3 + i) % 30000, i);
	answer->standing = sample->addresses[0].standing;
	answer->confidence = CONFIDENCE_HIGH;
	answer->hops = sample->hops;
	answer->addresses = sample->addresses;
	sample->record.standing = answer->standing;
	sample->record.confidence = CONFIDENCE_HIGH;
}

static void fill(struct sample *sample, unsigned device, unsigned name, unsigned variant)
{
	static const uint16_t types[] = {1, 1, 28, 65};
	char text[96];
	bool people = device < PEOPLE;
	memset(sample, 0, sizeof *sample);
	snprintf(sample->device_id, sizeof sample->device_id, "mac:64:bc:0c:80:7e:%02x", device);
	snprintf(sample->device_name, sizeof sample->device_name, "device %u", device);
	snprintf(text, sizeof text,
	         people ? "www.site-%u.example%u.com" : "api%u.things.vendor%u.example.com", name,
	         people ? name % 700 : device);
	assert_int_equal(dns_name_from_text(text, &sample->name), PF_OK);
	sample->record = (struct record){
		.client = {.family = 4, .bytes = {192, 168, 1, (uint8_t)(10 + device)}},
		.device_id = sample->device_id,
		.device_name = sample->device_name,
		.name = &sample->name,
		.type = types[variant % 4],
		.source = variant % 3 ? SOURCE_CACHE : SOURCE_UPSTREAM,
		.rule_name = "",
		.reason = sample->reason,
		.upstream = "9.9.9.9:53",
	};
	if (name % 7 != 3) {
		fill_answer(sample, people ? name : device * 1000 + NAMES_PEOPLE + name,
		            variant % (1 + name % ANSWERS) * 4 + variant % 4);
		return;
	}
	sample->record.action = ACTION_SINKHOLE;
	sample->record.source = SOURCE_POLICY;
	sample->record.rule = 3;
	sample->record.rule_name = "vendor telemetry";
	sample->record.upstream = "";
	snprintf(sample->reason, sizeof sample->reason,
	         "sinkholed by rule 3 \"vendor telemetry\": %s is in list tv, line %u", text, name);
}

static uint32_t make_record(struct traffic *traffic, struct sample *sample)
{
	size_t at = traffic->count++;
	traffic->lengths[at] = flat_bytes(&sample->record);
	traffic->bytes[at] = malloc(traffic->lengths[at]);
	assert_non_null(traffic->bytes[at]);
	flat_write(&sample->record, traffic->bytes[at]);
	return (uint32_t)at;
}

static void make_traffic(struct traffic *traffic)
{
	uint64_t state = 20261129;
	struct sample *sample = malloc(sizeof *sample);
	traffic->bytes = calloc(DRAWS, sizeof *traffic->bytes);
	traffic->lengths = calloc(DRAWS, sizeof *traffic->lengths);
	/* (device, name, variant) to the record that was made of it, + 1 */
	uint32_t *made = calloc((size_t)DEVICES * NAMES_PEOPLE * VARIANTS, sizeof *made);
	assert_true(sample && traffic->bytes && traffic->lengths && made);
	for (size_t i = 0; i < DRAWS; i++) {
		unsigned device = (unsigned)(next_random(&state) % DEVICES);
		if (next_random(&state) % 2)
			device %= PEOPLE; /* they ask half of it */
		unsigned names = device < PEOPLE ? NAMES_PEOPLE : NAMES_THING;
		double drawn = (double)(next_random(&state) % 1000000) / 1e6;
		unsigned name = (unsigned)pow(names, drawn) - 1; /* Zipf's law */
		/* Mostly the same few. */
		unsigned variant =
			(unsigned)(next_random(&state) % (next_random(&state) % 32 ? 2 : VARIANTS));
		uint32_t *at = &made[((size_t)device * NAMES_PEOPLE + name) * VARIANTS + variant];
		if (!*at) {
			fill(sample, device, name, variant);
			*at = make_record(traffic, sample) + 1;
		}
		traffic->draws[i] = *at - 1;
	}
	free(made);
	free(sample);
}

static void traffic_free(struct traffic *traffic)
{
	for (size_t i = 0; i < traffic->count; i++)
		free(traffic->bytes[i]);
	free(traffic->bytes);
	free(traffic->lengths);
}

/* ---- writing ----------------------------------------------------------------------------- */

#define BATCH 1000
#define IDLE_MS 1000        /* the writer's */
#define INDEXED_MAX 1000000 /* rows with indices cost more and more: a million is enough to tell */

/* How time goes for the records: a month for ten million of them, or as it really goes. */
enum pace { PACE_MONTH, PACE_LIVE };

struct run {
	char path[128];
	struct sink *sink;
	double spent_s; /* CPU, all of it */
	double commit_s, idle_s,
		rest_s; /* of it: commits, idle work, what was left when the last batch was in */
	double commit_ms_max, idle_ms_max; /* the longest that the rings waited */
};

static int64_t time_of(enum pace pace, unsigned number, double begin_ms)
{
	return pace == PACE_MONTH ? SAMPLE_TIME_US + number * STEP_US
	                          : SAMPLE_TIME_US + (int64_t)((wall_ms() - begin_ms) * 1e3);
}

static void keep_max(double *max, double since_ms)
{
	double spent = wall_ms() - since_ms;
	*max = spent > *max ? spent : *max;
}

/* Is all that was put off done? */
static bool settled(struct sink *base, int64_t now_us)
{
	const struct sqlite_sink *sink = (struct sqlite_sink *)base;
	return sums_whole(sink) && sink->roll.to == sink->roll.until &&
	       sink->roll.until >= now_us / INT64_C(3600000000);
}

/* What the journal's writer does: batches, and once a second its idle work; to the last sum. */
static void run_sink(struct run *run, const struct traffic *traffic, unsigned records,
                     unsigned batch, enum pace pace)
{
	char error[256];
	struct sink *sink = sqlite_sink_open(run->path, MONTH_US * 2, error, sizeof error);
	struct flat_record *read = malloc(sizeof *read);
	assert_true(sink && read);
	double begin = cpu_s(), begin_ms = wall_ms(), idle_ms = begin_ms, before;
	int64_t time_us = 0;
	for (unsigned i = 0; i < records; i += batch) {
		assert_int_equal(sink->begin(sink, error, sizeof error), PF_OK);
		time_us = time_of(pace, i, begin_ms);
		for (unsigned k = i; k < i + batch; k++) {
			uint32_t kind = traffic->draws[k % DRAWS];
			struct record *record = &read->record;
			assert_int_equal(flat_read(traffic->bytes[kind], traffic->lengths[kind], read), PF_OK);
			record->time_wall_us = pace == PACE_MONTH ? time_of(pace, k, 0) : time_us;
			record->took_us = record->source == SOURCE_UPSTREAM ? 8000 + k % 40000 : 40 + k % 90;
			assert_int_equal(sink->write(sink, record, error, sizeof error), PF_OK);
		}
		before = wall_ms();
		double before_s = cpu_s();
		assert_int_equal(sink->commit(sink, error, sizeof error), PF_OK);
		keep_max(&run->commit_ms_max, before);
		run->commit_s += cpu_s() - before_s;
		before = wall_ms();
		if (before - idle_ms < IDLE_MS)
			continue;
		before_s = cpu_s();
		sink->idle(sink, time_us);
		keep_max(&run->idle_ms_max, before);
		run->idle_s += cpu_s() - before_s;
		idle_ms = before;
	}
	double rest = cpu_s();
	/* It is quiet now: the rest, in steps. */
	for (int64_t at = time_us; !settled(sink, at); at += 1000000) {
		before = wall_ms();
		sink->idle(sink, at);
		keep_max(&run->idle_ms_max, before);
	}
	run->sink = sink;
	run->spent_s = cpu_s() - begin;
	run->rest_s = cpu_s() - rest;
	free(read);
}

static void run_sql(sqlite3 *db, const char *sql)
{
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* The least that SQLite takes for rows of the same columns, with the same pragmas and in the same batches: with no index at all, or with
 * the three without which nothing can be asked of a time, a device or a name. CPU seconds. */
static double run_bare(const char *folder, unsigned records, unsigned batch, const char *indices)
{
	char path[128];
	sqlite3 *db;
	sqlite3_stmt *insert;
	snprintf(path, sizeof path, "%s/bare.db", folder);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	run_sql(
		db,
		"PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
		"PRAGMA secure_delete = ON; PRAGMA cell_size_check = ON; PRAGMA cache_size = -32768;"
		"PRAGMA wal_autocheckpoint = 4000;"
		"CREATE TABLE query (id INTEGER PRIMARY KEY, a INTEGER NOT NULL, b INTEGER NOT NULL,"
		" c INTEGER NOT NULL, d INTEGER NOT NULL, e INTEGER NOT NULL, f INTEGER, g INTEGER,"
		" h INTEGER NOT NULL) STRICT");
	run_sql(db, indices);
	assert_int_equal(sqlite3_prepare_v2(db, "INSERT INTO query VALUES (?,?,?,?,?,?,?,?,?)", -1,
	                                    &insert, NULL),
	                 SQLITE_OK);
	double begin = cpu_s();
	for (unsigned i = 0; i < records; i += batch) {
		run_sql(db, "BEGIN IMMEDIATE");
		for (unsigned k = i; k < i + batch; k++) {
			/* id; time, device, client, name, outcome, reason, answer, microseconds */
			const int64_t values[] = {k + 1,        (SAMPLE_TIME_US + k * STEP_US) / 1000,
			                          k / 7 % 40,   k % 40,
			                          k * 7 % 5000, k % 30,
			                          k % 100,      k % 9000,
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
	assert_int_equal(unlink(path), 0);
	return spent;
}

static void print_rate(const char *what, double spent_s, unsigned records, double bare_s)
{
	printf("%-34s %9.0f /s %6.2f µs each %5.0f %%\n", what, records / spent_s,
	       spent_s / records * 1e6, bare_s / spent_s * 100);
}

/* ---- reading and retention --------------------------------------------------------------- */

static int count_history(void *data, const struct store_history *row)
{
	*(int64_t *)data += row->count;
	return 0;
}

static void read_history(const char *path, int64_t expected)
{
	char error[256];
	struct store *store = sqlite_store_open(path, error, sizeof error);
	assert_non_null(store);
	struct store_filter all = {0};
	int64_t count = 0;
	double begin = wall_ms();
	assert_int_equal(store->history(store, &all, NULL, count_history, &count), PF_OK);
	printf("%.2f s to read all %lld queries (history, for simulate)\n", (wall_ms() - begin) / 1e3,
	       (long long)count);
	assert_int_equal(count, expected);
	store->close(&store);
}

static int ignore(void *data, const struct store_query *row)
{
	(void)data;
	(void)row;
	return 0;
}

struct reader {
	const char *path;
	_Atomic bool stop;
	double ms_max;
	unsigned count;
};

static void *read_on(void *data)
{
	struct reader *reader = data;
	char error[256];
	struct store *store = sqlite_store_open(reader->path, error, sizeof error);
	struct store_filter filter = {.limit = 100};
	while (store && !reader->stop) {
		double begin = wall_ms();
		if (store->queries(store, &filter, ignore, NULL) != PF_OK)
			break;
		double spent = wall_ms() - begin;
		reader->ms_max = spent > reader->ms_max ? spent : reader->ms_max;
		reader->count++;
	}
	if (store)
		store->close(&store);
	return NULL;
}

/* Half of it becomes too old at once: how long is one call, and how long waits a reader? */
static void run_retention(struct run *run, int64_t middle_us)
{
	struct reader reader = {.path = run->path};
	pthread_t thread;
	struct stat before, after;
	double ms_max = 0;
	unsigned calls = 0;
	int64_t now_us = middle_us + MONTH_US * 2;
	assert_int_equal(stat(run->path, &before), 0);
	assert_int_equal(pthread_create(&thread, NULL, read_on, &reader), 0);
	for (unsigned quiet = 0; quiet < 50 && calls < 100000; calls++) {
		double begin = wall_ms();
		run->sink->idle(run->sink, now_us += 1000000);
		double spent = wall_ms() - begin;
		ms_max = spent > ms_max ? spent : ms_max;
		quiet = spent < 0.2 ? quiet + 1 : 0;
	}
	reader.stop = true;
	pthread_join(thread, NULL);
	assert_int_equal(stat(run->path, &after), 0);
	printf("retention     %8u calls     the longest %.1f ms; of %u questions meanwhile the longest "
	       "%.1f ms\n",
	       calls, ms_max, reader.count, reader.ms_max);
	printf("file          %8.1f MB, then %.1f MB\n", (double)before.st_size / 1e6,
	       (double)after.st_size / 1e6);
}

/* The same traffic by the real clock, in a journal of its own. */
static void run_live(struct run *run, const char *folder, const struct traffic *traffic,
                     unsigned records, unsigned batch)
{
	snprintf(run->path, sizeof run->path, "%s/live.db", folder);
	run_sink(run, traffic, records, batch, PACE_LIVE);
	run->sink->close(&run->sink);
	assert_int_equal(unlink(run->path), 0);
}

static void print_waits(const char *what, const struct run *run)
{
	printf("  %s: the longest commit %.1f ms, the longest idle work %.1f ms\n", what,
	       run->commit_ms_max, run->idle_ms_max);
}

static void keep_copy(const char *path, const char *copy)
{
	sqlite3 *db;
	char sql[512];
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	sqlite3_snprintf(sizeof sql, sql, "VACUUM INTO %Q", copy);
	run_sql(db, sql);
	sqlite3_close(db);
}

/* The questions alone, of a copy: a year is made of it. */
static int ask_file(const char *file, unsigned records)
{
	char folder[64], path[128];
	sample_make_folder(folder);
	snprintf(path, sizeof path, "%s/journal.db", folder);
	keep_copy(file, path);
	int64_t end_us = SAMPLE_TIME_US + records * STEP_US;
	unsigned faults = questions_month(path, SAMPLE_TIME_US, end_us);
	faults += questions_year(path, SAMPLE_TIME_US, end_us);
	printf("%u questions over 100 ms, or without an answer\n", faults);
	sample_remove_folder(folder);
	return faults > 0;
}

/* The rate alone. In turn, so that both meet the same machine: what it does besides is another thing each minute. */
static int compare_rates(unsigned records, unsigned rounds)
{
	static struct traffic traffic;
	char folder[64];
	make_traffic(&traffic);
	sample_make_folder(folder);
	records = records / BATCH * BATCH;
	for (unsigned i = 0; i < rounds; i++) {
		struct run live = {0};
		double bare = run_bare(folder, records, BATCH, "");
		run_live(&live, folder, &traffic, records, BATCH);
		print_rate("bare SQLite rows, no index", bare, records, bare);
		print_rate("journal, by the real clock", live.spent_s, records, bare);
		printf("  of it commits %.2f s, idle work %.2f s, the rest at the end %.2f s\n",
		       live.commit_s, live.idle_s, live.rest_s);
		print_waits("real clock", &live);
	}
	sample_remove_folder(folder);
	traffic_free(&traffic);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "ask"))
		return ask_file(argv[2], (unsigned)atoi(argv[3]));
	if (argc == 4 && !strcmp(argv[1], "rate"))
		return compare_rates((unsigned)atoi(argv[2]), (unsigned)atoi(argv[3]));
	unsigned records = argc > 1 ? (unsigned)atoi(argv[1]) : 1000000;
	unsigned batch = argc > 2 ? (unsigned)atoi(argv[2]) : BATCH;
	static struct traffic traffic;
	struct run month = {0}, live = {0};
	char folder[64];
	struct stat status;
	if (!records || !batch) {
		fprintf(stderr, "usage: bench_journal [RECORDS [BATCH [KEEP]]]\n");
		return 2;
	}
	records = records / batch * batch;
	make_traffic(&traffic);
	sample_make_folder(folder);
	snprintf(month.path, sizeof month.path, "%s/journal.db", folder);
	int64_t end_us = SAMPLE_TIME_US + records * STEP_US;
	double bare = run_bare(folder, records, batch, "");
	run_live(&live, folder, &traffic, records, batch);
	run_sink(&month, &traffic, records, batch, PACE_MONTH);
	unsigned some = records < INDEXED_MAX ? records : INDEXED_MAX;
	double indexed = run_bare(folder, some, batch,
	                          "CREATE INDEX by_time ON query (a); CREATE INDEX by_device ON query"
	                          " (b, a); CREATE INDEX by_name ON query (d, a)");
	printf("%u records of %zu kinds in batches of %u; CPU time, share of bare rows\n", records,
	       traffic.count, batch);
	print_rate("bare SQLite rows, no index", bare, records, bare);
	print_rate("bare SQLite rows, three indices", indexed * records / some, records, bare);
	print_rate("journal, by the real clock", live.spent_s, records, bare);
	print_rate("journal, a month for 10 million", month.spent_s, records, bare);
	print_waits("real clock", &live);
	print_waits("a month", &month);
	assert_int_equal(stat(month.path, &status), 0);
	printf("%.1f bytes a query on disk (%.1f MB)\n", (double)status.st_size / records,
	       (double)status.st_size / 1e6);
	read_history(month.path, records);
	unsigned faults = questions_month(month.path, SAMPLE_TIME_US, end_us);
	if (argc > 3)
		keep_copy(month.path, argv[3]);
	run_retention(&month, SAMPLE_TIME_US + records * STEP_US / 2);
	month.sink->close(&month.sink);
	faults += questions_year(month.path, SAMPLE_TIME_US, end_us);
	printf("%u questions over 100 ms, or without an answer\n", faults);
	sample_remove_folder(folder);
	traffic_free(&traffic);
	return faults > 0;
}
