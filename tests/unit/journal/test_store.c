/* The SQLite store: every filter against a naive walk over the same records, while the sink writes and after it
 * has ended. */
#define _GNU_SOURCE
#include <fnmatch.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "dns/dns.h"
#include "journal/sqlite/sqlite.h"
#include "unit/journal/idle.h"
#include "unit/journal/sample.h"

#define KEEP_US (INT64_C(30) * 86400 * 1000000)
#define RECORDS 6000u

struct place {
	char folder[64];
	char path[128];
	struct sink *sink; /* still open */
};

static const char *program; /* argv[0], for a second process */

static void write_batch(struct sink *sink, unsigned from, unsigned to)
{
	char error[256];
	assert_int_equal(sink->begin(sink, error, sizeof error), PF_OK);
	for (unsigned i = from; i < to; i++) {
		struct sample sample;
		sample_fill(&sample, i, true);
		assert_int_equal(sink->write(sink, &sample.record, error, sizeof error), PF_OK);
	}
	assert_int_equal(sink->commit(sink, error, sizeof error), PF_OK);
}

static int make_journal(void **state)
{
	struct place *place = calloc(1, sizeof *place);
	char error[256];
	sample_make_folder(place->folder);
	snprintf(place->path, sizeof place->path, "%s/journal.db", place->folder);
	place->sink = sqlite_sink_open(place->path, KEEP_US, error, sizeof error);
	assert_non_null(place->sink);
	for (unsigned i = 0; i < RECORDS; i += 500)
		write_batch(place->sink, i, i + 500);
	sample_idle(place->sink, SAMPLE_TIME_US + 60000000); /* endpoints may come a second later */
	*state = place;
	return 0;
}

static int remove_journal(void **state)
{
	struct place *place = *state;
	if (place->sink)
		place->sink->close(&place->sink);
	sample_remove_folder(place->folder);
	free(place);
	return 0;
}

static struct store *open_store(const char *path)
{
	char error[512] = "";
	struct store *store = sqlite_store_open(path, error, sizeof error);
	assert_string_equal(error, "");
	assert_non_null(store);
	return store;
}

/* ---- queries ----------------------------------------------------------------------------- */

static bool naive_match(const struct store_filter *filter, const struct record *record, unsigned i)
{
	char name[NAME_TEXT_MAX], type[DNS_TYPE_TEXT_MAX];
	dns_name_to_text(record->name, name);
	dns_type_to_text(record->type, type);
	int64_t ms = record->time_wall_us / 1000;
	return (!filter->device || !strcmp(filter->device, record->device_name) ||
	        !strcmp(filter->device, record->device_id)) &&
	       /* fnmatch knows '[', the store does not; no name has one */
	       (!filter->name || !strchr(filter->name, '[')) &&
	       (!filter->name || !fnmatch(filter->name, name, FNM_CASEFOLD | FNM_NOESCAPE)) &&
	       (!filter->action || !strcmp(filter->action, action_word(record->action))) &&
	       (!filter->standing || !strcmp(filter->standing, standing_word(record->standing))) &&
	       (!filter->type || !strcasecmp(filter->type, type)) &&
	       (!filter->since_wall_us || ms >= filter->since_wall_us / 1000) &&
	       (!filter->until_wall_us || ms <= filter->until_wall_us / 1000) &&
	       (!filter->after_row || (int64_t)i + 1 > filter->after_row);
}

struct expected {
	const struct store_filter *filter;
	unsigned rows[RECORDS]; /* numbers of the samples */
	size_t count, at;
};

static void expect(struct expected *expected, const struct store_filter *filter)
{
	expected->filter = filter;
	expected->count = expected->at = 0;
	for (unsigned i = 0; i < RECORDS; i++) {
		struct sample sample;
		sample_fill(&sample, i, false);
		if (naive_match(filter, &sample.record, i))
			expected->rows[expected->count++] = i;
	}
	if (filter->limit > 0 && expected->count > (size_t)filter->limit)
		expected->at = expected->count - (size_t)filter->limit;
}

static int check_query(void *data, const struct store_query *row)
{
	struct expected *expected = data;
	struct sample sample;
	char text[NAME_TEXT_MAX];
	assert_true(expected->at < expected->count);
	unsigned i = expected->rows[expected->at++];
	sample_fill(&sample, i, false);
	const struct record *record = &sample.record;
	assert_int_equal(row->row, i + 1);
	assert_int_equal(row->time_wall_us, record->time_wall_us / 1000 * 1000);
	assert_string_equal(row->device, record->device_name);
	addr_format(&record->client, text);
	assert_string_equal(row->client, text);
	dns_name_to_text(record->name, text);
	assert_string_equal(row->name, text);
	dns_type_to_text(record->type, text);
	assert_string_equal(row->type, text);
	dns_rcode_to_text(record->rcode, text);
	assert_string_equal(row->rcode, record->dropped_reply ? "DROPPED" : text);
	assert_string_equal(row->action, action_word(record->action));
	assert_string_equal(row->rule, record->rule_name);
	assert_string_equal(row->reason, record->rule ? record->reason : "allowed: no rule matched");
	assert_string_equal(row->standing, standing_word(record->standing));
	assert_string_equal(row->confidence, confidence_word(record->confidence));
	assert_string_equal(row->source, record_source_word(record->source));
	assert_string_equal(row->protocol, protocol_word(record->protocol));
	assert_string_equal(row->dnssec, dnssec_word(record->dnssec));
	assert_string_equal(row->upstream, record->upstream);
	assert_int_equal(row->took_us, record->took_us);
	return PF_OK;
}

static size_t check_filter(struct store *store, const struct store_filter *filter)
{
	struct expected *expected = malloc(sizeof *expected);
	expect(expected, filter);
	size_t rows = expected->count - expected->at;
	int result = store->queries(store, filter, check_query, expected);
	assert_string_equal(store->error, "");
	assert_int_equal(result, PF_OK);
	assert_int_equal(expected->at, expected->count);
	free(expected);
	return rows;
}

static void filters_find_what_a_walk_finds(void **state)
{
	struct place *place = *state;
	struct store *store = open_store(place->path);
	int64_t middle_us = SAMPLE_TIME_US + RECORDS / 2 * INT64_C(1500);
	const struct store_filter filters[] = {
		{0},
		{.limit = 100},
		{.device = "device 3"},
		{.device = "mac:64:bc:0c:80:7e:04", .limit = 50},
		{.name = "host4.vendor4.example.cn"},
		{.name = "HOST4.Vendor4.example.CN", .device = "device 2"},
		{.name = "*.cn"},
		{.name = "host1?.*", .limit = 20},
		{.name = "*"},
		{.action = "sinkhole"},
		{.action = "flag", .device = "device 1", .limit = 3},
		{.standing = "overseas"},
		{.standing = "home", .action = "allow", .type = "https"},
		{.type = "A", .since_wall_us = middle_us},
		{.since_wall_us = middle_us, .until_wall_us = middle_us + 100000},
		{.until_wall_us = middle_us},
		{.until_wall_us = middle_us, .limit = 7},
		{.after_row = RECORDS - 10},
		{.after_row = 100, .limit = 10, .device = "device 5"},
		{.name = "*vendor1*", .action = "sinkhole", .since_wall_us = middle_us, .limit = 5},
	};
	for (size_t i = 0; i < PF_COUNT(filters); i++)
		if (!check_filter(store, &filters[i]))
			fail_msg("filter %zu finds nothing and so proves nothing", i);
	const struct store_filter empty[] = {
		{.device = "nobody"},
		{.name = "not.there.example"},
		{.name = "*.not.there"},
		{.name = "host[4].vendor4.example.cn"},
		{.name = "host[4]*"},
		{.action = "burn"},
		{.standing = "disputed"},
		{.type = "TYPE4711"},
		{.since_wall_us = SAMPLE_TIME_US + INT64_C(3600000000)},
		{.until_wall_us = SAMPLE_TIME_US - 5000},
		{.after_row = RECORDS},
	};
	for (size_t i = 0; i < PF_COUNT(empty); i++)
		assert_int_equal(check_filter(store, &empty[i]), 0);
	store->close(&store);
	assert_null(store);
}

static int count_query(void *data, const struct store_query *row)
{
	(void)row;
	return ++*(int *)data == 5 ? -77 : PF_OK;
}

static void a_walk_can_be_ended(void **state)
{
	struct place *place = *state;
	struct store *store = open_store(place->path);
	int count = 0;
	assert_int_equal(store->queries(store, &(struct store_filter){0}, count_query, &count), -77);
	assert_int_equal(count, 5);
	/* and the store is as good as before */
	check_filter(store, &(struct store_filter){.limit = 10});
	store->close(&store);
}

static void wrong_filters_are_told(void **state)
{
	struct place *place = *state;
	struct store *store = open_store(place->path);
	char name[3000];
	int count = 0;
	assert_int_equal(store->queries(store, &(struct store_filter){.type = "NONE SUCH"}, count_query,
	                                &count),
	                 PF_EINVAL);
	assert_non_null(strstr(store->error, "\"NONE SUCH\" is no type"));
	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	assert_int_equal(store->queries(store, &(struct store_filter){.name = name}, count_query,
	                                &count),
	                 PF_EINVAL);
	assert_non_null(strstr(store->error, "longer than any name"));
	memset(name, '[', 1000);
	name[1000] = '*';
	name[1001] = '\0';
	assert_int_equal(store->queries(store, &(struct store_filter){.name = name}, count_query,
	                                &count),
	                 PF_OK);
	/* what looks like SQL is text */
	assert_int_equal(
		store->queries(store, &(struct store_filter){.device = "' OR 1 --", .action = "\" OR 1 --"},
	                   count_query, &count),
		PF_OK);
	assert_int_equal(count, 0);
	store->close(&store);
}

/* ---- endpoints and devices --------------------------------------------------------------- */

struct endpoints {
	size_t rows;
	int64_t count;
	char before[512];
	const struct store_filter *filter;
};

static int check_endpoint(void *data, const struct store_endpoint *row)
{
	struct endpoints *endpoints = data;
	const struct store_filter *filter = endpoints->filter;
	char key[512];
	snprintf(key, sizeof key, "%s|%s", row->device, row->name);
	assert_true(strcmp(endpoints->before, key) <= 0); /* in order */
	strcpy(endpoints->before, key);
	endpoints->rows++;
	endpoints->count += row->count;
	if (filter->device)
		assert_string_equal(row->device, filter->device);
	if (filter->name)
		assert_int_equal(fnmatch(filter->name, row->name, 0), 0);
	if (filter->standing)
		assert_string_equal(row->standing, filter->standing);
	if (filter->type)
		assert_string_equal(row->type, filter->type);
	if (filter->since_wall_us)
		assert_true(row->last_wall_us >= filter->since_wall_us / 1000 * 1000);
	assert_true(row->first_wall_us <= row->last_wall_us && row->count > 0);
	assert_int_equal(row->asn == 0, row->location[0] == '\0');
	return PF_OK;
}

static struct endpoints endpoints_of(struct store *store, const struct store_filter *filter)
{
	struct endpoints endpoints = {.filter = filter};
	assert_int_equal(store->endpoints(store, filter, check_endpoint, &endpoints), PF_OK);
	return endpoints;
}

static void endpoints_are_filtered(void **state)
{
	struct place *place = *state;
	struct store *store = open_store(place->path);
	struct endpoints all = endpoints_of(store, &(struct store_filter){0});
	int64_t sum = 0;
	for (unsigned i = 0; i < RECORDS; i++) {
		struct sample sample;
		sample_fill(&sample, i, true);
		sum += sample.record.answer ? sample.answer.address_count : 0;
	}
	assert_int_equal(all.count, sum);
	size_t rows = 0;
	static const char *const devices[] = {"device 0", "device 1", "device 2",
	                                      "device 3", "device 4", "device 5"};
	for (size_t i = 0; i < PF_COUNT(devices); i++)
		rows += endpoints_of(store, &(struct store_filter){.device = devices[i]}).rows;
	assert_int_equal(rows, all.rows);
	rows = 0;
	static const char *const standings[] = {"home", "overseas", "unknown"};
	for (size_t i = 0; i < PF_COUNT(standings); i++) {
		size_t some = endpoints_of(store, &(struct store_filter){.standing = standings[i]}).rows;
		assert_true(some > 0);
		rows += some;
	}
	assert_int_equal(rows, all.rows);
	rows = endpoints_of(store, &(struct store_filter){.type = "A"}).rows;
	rows += endpoints_of(store, &(struct store_filter){.type = "HTTPS"}).rows;
	assert_int_equal(rows, all.rows);
	rows = endpoints_of(store, &(struct store_filter){.name = "*.cn"}).rows;
	rows += endpoints_of(store, &(struct store_filter){.name = "*.com"}).rows;
	assert_int_equal(rows, all.rows);
	assert_int_equal(endpoints_of(store, &(struct store_filter){.limit = 12}).rows, 12);
	int64_t since_us = SAMPLE_TIME_US + (RECORDS - 200) * INT64_C(1500);
	rows = endpoints_of(store, &(struct store_filter){.since_wall_us = since_us}).rows;
	assert_true(rows > 0 && rows < all.rows);
	store->close(&store);
}

struct devices {
	size_t rows;
	int64_t queries, flagged, sinkholed, overseas;
};

static int add_device(void *data, const struct store_device *row)
{
	struct devices *devices = data;
	char name[DEVICE_NAME_MAX], id[DEVICE_ID_MAX];
	snprintf(name, sizeof name, "device %zu", devices->rows);
	snprintf(id, sizeof id, "mac:64:bc:0c:80:7e:%02zx", devices->rows);
	assert_string_equal(row->name, name);
	assert_string_equal(row->id, id);
	assert_int_equal(row->first_wall_us,
	                 (SAMPLE_TIME_US + (int64_t)devices->rows * 7 * 1500) / 1000 * 1000);
	assert_true(row->last_wall_us > SAMPLE_TIME_US + (RECORDS - 50) * INT64_C(1500));
	devices->rows++;
	devices->queries += row->queries;
	devices->flagged += row->flagged;
	devices->sinkholed += row->sinkholed;
	devices->overseas += row->overseas_names;
	return PF_OK;
}

static void devices_have_their_sums(void **state)
{
	struct place *place = *state;
	struct store *store = open_store(place->path);
	struct devices devices = {0};
	int64_t flagged = 0, sinkholed = 0;
	for (unsigned i = 0; i < RECORDS; i++) {
		struct sample sample;
		sample_fill(&sample, i, false);
		flagged += sample.record.action == ACTION_FLAG;
		sinkholed += sample.record.action == ACTION_SINKHOLE;
	}
	assert_int_equal(store->devices(store, add_device, &devices), PF_OK);
	assert_int_equal(devices.rows, SAMPLE_DEVICES);
	assert_int_equal(devices.queries, RECORDS);
	assert_int_equal(devices.flagged, flagged);
	assert_int_equal(devices.sinkholed, sinkholed);
	assert_true(devices.overseas > 100 && devices.overseas < SAMPLE_NAMES * SAMPLE_DEVICES);
	store->close(&store);
}

/* ---- beside the writer, and after it ----------------------------------------------------- */

static int last_row(void *data, const struct store_query *row)
{
	*(int64_t *)data = row->row;
	return PF_OK;
}

static void a_reader_follows_the_writer(void **state)
{
	struct place *place = *state;
	struct store *store = open_store(place->path);
	int64_t row = 0;
	assert_int_equal(store->queries(store, &(struct store_filter){.limit = 1}, last_row, &row),
	                 PF_OK);
	assert_int_equal(row, RECORDS);
	for (unsigned i = 0; i < 5; i++) {
		write_batch(place->sink, RECORDS + i * 10, RECORDS + i * 10 + 10);
		assert_int_equal(store->queries(store, &(struct store_filter){.after_row = row}, last_row,
		                                &row),
		                 PF_OK);
		assert_int_equal(row, RECORDS + i * 10 + 10);
	}
	/* Closing a reader must not take the writer's locks away, or the next process that closes the database
	 * would believe to be the last one, and remove the -wal under the writer. */
	store->close(&store);
	char command[300], path[160];
	snprintf(command, sizeof command, "%s --open-and-close %s", program, place->path);
	assert_int_equal(system(command), 0);
	snprintf(path, sizeof path, "%s-wal", place->path);
	assert_int_equal(access(path, F_OK), 0);
	write_batch(place->sink, RECORDS + 50, RECORDS + 60);
	place->sink->close(&place->sink);
	assert_int_not_equal(access(path, F_OK), 0);
	store = open_store(place->path);
	assert_int_equal(store->queries(store, &(struct store_filter){.after_row = row}, last_row,
	                                &row),
	                 PF_OK);
	assert_int_equal(row, RECORDS + 60);
	store->close(&store);
}

static void assert_not_opened(const char *path, const char *part)
{
	char error[512] = "";
	assert_null(sqlite_store_open(path, error, sizeof error));
	if (!strstr(error, part))
		fail_msg("\"%s\" is not in: %s", part, error);
}

static void who_may_only_read_reads(void **state)
{
	struct place *place = *state;
	char path[160];
	int64_t row = 0;
	snprintf(path, sizeof path, "%s-wal", place->path);
	/* Closed well: all is in the one file. */
	place->sink->close(&place->sink);
	assert_int_equal(chmod(place->path, 0444), 0);
	assert_int_equal(chmod(place->folder, 0555), 0);
	sample_be_nobody(true);
	struct store *store = open_store(place->path);
	assert_int_equal(store->queries(store, &(struct store_filter){.limit = 1}, last_row, &row),
	                 PF_OK);
	assert_int_equal(row, RECORDS);
	store->close(&store);
	sample_be_nobody(false);

	/* Left by a crash: the -wal must be replayed, and he may not. */
	assert_int_equal(chmod(place->folder, 0755), 0);
	FILE *wal = fopen(path, "w");
	assert_non_null(wal);
	fputs("something", wal);
	fclose(wal);
	assert_int_equal(chmod(place->folder, 0555), 0);
	sample_be_nobody(true);
	assert_not_opened(place->path, "this user may not write to its folder");
	sample_be_nobody(false);

	assert_int_equal(chmod(place->path, 0000), 0);
	sample_be_nobody(true);
	assert_not_opened(place->path, "can not be opened: Permission denied");
	sample_be_nobody(false);
	assert_int_equal(chmod(place->folder, 0755), 0);
}

static void what_is_no_journal_is_told(void **state)
{
	struct place *place = *state;
	char path[160], error[512] = "";
	snprintf(path, sizeof path, "%s/none.db", place->folder);
	assert_null(sqlite_store_open(path, error, sizeof error));
	assert_non_null(strstr(error, "There is no journal "));
	assert_int_not_equal(access(path, F_OK), 0); /* and none is made */
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fclose(file);
	assert_null(sqlite_store_open(path, error, sizeof error));
	assert_non_null(strstr(error, "is empty; nothing was written to it yet."));
	snprintf(path, sizeof path, "%s/nowhere/none.db", place->folder);
	assert_null(sqlite_store_open(path, error, sizeof error));
	assert_non_null(strstr(error, "There is no folder "));
}

#define test(name) cmocka_unit_test_setup_teardown(name, make_journal, remove_journal)

/* What another process does: opens the database, looks, and closes it. */
static int open_and_close(const char *path)
{
	sqlite3 *db;
	int result = sqlite3_open(path, &db);
	if (result == SQLITE_OK)
		result = sqlite3_exec(db, "SELECT count(*) FROM v_queries", NULL, NULL, NULL);
	sqlite3_close(db);
	return result;
}

int main(int argc, char **argv)
{
	program = argv[0];
	if (argc == 3 && !strcmp(argv[1], "--open-and-close"))
		return open_and_close(argv[2]);
	const struct CMUnitTest tests[] = {
		test(filters_find_what_a_walk_finds), test(a_walk_can_be_ended),
		test(wrong_filters_are_told),         test(endpoints_are_filtered),
		test(devices_have_their_sums),        test(a_reader_follows_the_writer),
		test(who_may_only_read_reads),        test(what_is_no_journal_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
