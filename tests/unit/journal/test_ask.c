/* Filters of the store by place, network, rule, domain and device: each against a naive walk over the same records, and by the
 * plan that the database makes for it. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/registered.h"
#include "journal/sqlite/ask.h"
#include "journal/sqlite/sqlite.h"
#include "unit/journal/idle.h"
#include "unit/journal/sample.h"

#define KEEP_US (INT64_C(30) * 86400 * 1000000)
#define RECORDS 2000u

struct place {
	char folder[64], path[128];
	struct sink *sink;
	struct store *store;
};

static int make_journal(void **state)
{
	struct place *place = calloc(1, sizeof *place);
	char error[512];
	sample_make_folder(place->folder);
	snprintf(place->path, sizeof place->path, "%s/journal.db", place->folder);
	place->sink = sqlite_sink_open(place->path, KEEP_US, error, sizeof error);
	assert_non_null(place->sink);
	assert_int_equal(place->sink->begin(place->sink, error, sizeof error), PF_OK);
	for (unsigned i = 0; i < RECORDS; i++) {
		struct sample sample;
		sample_fill(&sample, i, true);
		assert_int_equal(place->sink->write(place->sink, &sample.record, error, sizeof error),
		                 PF_OK);
	}
	assert_int_equal(place->sink->commit(place->sink, error, sizeof error), PF_OK);
	sample_idle(place->sink, SAMPLE_TIME_US + 60000000);
	place->store = sqlite_store_open(place->path, error, sizeof error);
	assert_non_null(place->store);
	*state = place;
	return 0;
}

static int remove_journal(void **state)
{
	struct place *place = *state;
	place->store->close(&place->store);
	place->sink->close(&place->sink);
	sample_remove_folder(place->folder);
	free(place);
	return 0;
}

/* ---- a naive reading of the filter --------------------------------------------------------- */

static bool fits_place(const struct store_filter *filter, const struct record_address *address)
{
	const char *location = address->location.code, *control = address->control.code;
	return (!filter->location || !strcmp(filter->location, location)) &&
	       (!filter->control || !strcmp(filter->control, control)) &&
	       (!filter->country || !strcmp(filter->country, location) ||
	        !strcmp(filter->country, control)) &&
	       (!filter->asn || filter->asn == address->asn);
}

static bool asks_place(const struct store_filter *filter)
{
	return filter->location || filter->control || filter->country || filter->asn;
}

static bool fits_device(const struct store_filter *filter, const struct record *record)
{
	bool listed = !filter->devices;
	for (size_t i = 0; i < filter->device_count; i++)
		listed = listed || !strcmp(filter->devices[i], record->device_id);
	return listed && (!filter->device || !strcmp(filter->device, record->device_name));
}

static bool fits_domain(const struct store_filter *filter, const struct record *record)
{
	struct dns_name domain;
	char text[NAME_TEXT_MAX];
	if (!filter->domain)
		return true;
	assert_int_equal(dns_registered_domain(record->name, &domain), PF_OK);
	dns_name_to_text(&domain, text);
	return !strcmp(text, filter->domain);
}

static unsigned expect_queries(const struct store_filter *filter)
{
	unsigned count = 0;
	for (unsigned i = 0; i < RECORDS; i++) {
		struct sample sample;
		sample_fill(&sample, i, true);
		const struct record *record = &sample.record;
		bool place = !asks_place(filter);
		for (unsigned a = 0; record->answer && a < record->answer->address_count; a++)
			place = place || fits_place(filter, &record->answer->addresses[a]);
		count += place && fits_device(filter, record) && fits_domain(filter, record) &&
		         (!filter->rule || !strcmp(filter->rule, record->rule_name));
	}
	return count;
}

/* Endpoints of the records: (device, name, type, address), each once. */
static unsigned expect_endpoints(const struct store_filter *filter)
{
	static char seen[SAMPLE_DEVICES][65536][SAMPLE_ADDRESSES_MAX];
	unsigned count = 0;
	memset(seen, 0, sizeof seen);
	for (unsigned i = 0; i < RECORDS; i++) {
		struct sample sample;
		sample_fill(&sample, i, true);
		const struct record *record = &sample.record;
		unsigned device = 0, name = 0;
		char text[NAME_TEXT_MAX];
		dns_name_to_text(record->name, text);
		assert_int_equal(sscanf(record->device_name, "device %u", &device), 1);
		assert_int_equal(sscanf(text, "host%u", &name), 1);
		for (unsigned a = 0; record->answer && a < record->answer->address_count; a++) {
			if (seen[device][name][a])
				continue;
			seen[device][name][a] = 1;
			count += fits_place(filter, &record->answer->addresses[a]) &&
			         fits_device(filter, record) && fits_domain(filter, record);
		}
	}
	return count;
}

/* ---- what the store says ------------------------------------------------------------------- */

static int count_query(void *data, const struct store_query *row)
{
	(void)row;
	++*(unsigned *)data;
	return PF_OK;
}

static int count_endpoint(void *data, const struct store_endpoint *row)
{
	(void)row;
	++*(unsigned *)data;
	return PF_OK;
}

static const char *const two_devices[] = {"mac:64:bc:0c:80:7e:01", "mac:64:bc:0c:80:7e:04",
                                          "mac:nobody"};
static const char *const nobody[] = {"mac:nobody"};

static const struct store_filter filters[] = {
	{.location = "CN"},
	{.control = "US"},
	{.control = "CN"},
	{.country = "CN"},
	{.country = "US"},
	{.location = "CN", .control = "US"},
	{.asn = 64498},
	{.asn = 64498, .location = "DE"},
	{.asn = 1},
	{.domain = "example.cn"},
	{.domain = "example.com", .country = "CN"},
	{.domain = "nobody.example"},
	{.devices = two_devices, .device_count = 3},
	{.devices = two_devices, .device_count = 3, .device = "device 4"},
	{.devices = two_devices, .device_count = 3, .device = "device 5"},
	{.devices = nobody, .device_count = 1},
	{.devices = nobody, .device_count = 0},
	{.devices = two_devices, .device_count = 3, .domain = "example.cn", .location = "CN"},
};

static void filters_find_what_a_naive_walk_finds(void **state)
{
	struct place *place = *state;
	unsigned some = 0;
	for (size_t i = 0; i < PF_COUNT(filters); i++) {
		unsigned queries = 0, endpoints = 0, expected = expect_queries(&filters[i]);
		assert_int_equal(place->store->queries(place->store, &filters[i], count_query, &queries),
		                 PF_OK);
		assert_int_equal(queries, expected);
		assert_int_equal(place->store->endpoints(place->store, &filters[i], count_endpoint,
		                                         &endpoints),
		                 PF_OK);
		assert_int_equal(endpoints, expect_endpoints(&filters[i]));
		some += expected && expected < RECORDS;
	}
	assert_true(some >= 9);
	const struct store_filter by_rule = {.rule = "coffee stays home"};
	unsigned queries = 0, expected = expect_queries(&by_rule);
	assert_int_equal(place->store->queries(place->store, &by_rule, count_query, &queries), PF_OK);
	assert_true(expected > 0);
	assert_int_equal(queries, expected);
}

static void what_is_no_domain_is_told(void **state)
{
	static const char *const cases[][2] = {
		{"co.uk", "\"co.uk\" is a public suffix"},
		{"a.example.com", "that is \"example.com\""},
		{"a..b", "is no domain"},
	};
	struct place *place = *state;
	for (size_t i = 0; i < PF_COUNT(cases); i++) {
		struct store_filter filter = {.domain = cases[i][0]};
		unsigned count = 0;
		assert_int_equal(place->store->queries(place->store, &filter, count_query, &count),
		                 PF_EINVAL);
		assert_non_null(strstr(place->store->error, cases[i][1]));
		assert_int_equal(place->store->endpoints(place->store, &filter, count_endpoint, &count),
		                 PF_EINVAL);
		assert_int_equal(count, 0);
	}
	struct store_filter many = {.devices = nobody, .device_count = STORE_DEVICES_MAX + 1};
	unsigned count = 0;
	assert_int_equal(place->store->queries(place->store, &many, count_query, &count), PF_EINVAL);
	assert_non_null(strstr(place->store->error, "4096"));
}

/* ---- plans --------------------------------------------------------------------------------- */

#define ASKED_MAX 64

struct asked {
	char *sql[ASKED_MAX];
	char last[2048]; /* what was run last, without its values */
	size_t count;
};

/* Of statements that are run: their text, with the values in it. */
static int keep_sql(unsigned kind, void *data, void *statement, void *unused)
{
	struct asked *asked = data;
	(void)kind;
	(void)unused;
	if (!strncmp(asked->last, sqlite3_sql(statement), sizeof asked->last - 1))
		return 0;
	snprintf(asked->last, sizeof asked->last, "%s", sqlite3_sql(statement));
	assert_true(asked->count < ASKED_MAX);
	asked->sql[asked->count++] = sqlite3_expanded_sql(statement);
	return 0;
}

/* Large tables, by the names that questions give them; all others are dictionaries, or have a row for 1,000 queries. */
static void assert_no_scan(sqlite3 *db, const char *sql)
{
	static const char *const large[] = {"SCAN k",    "SCAN e",        "SCAN a",      "SCAN h",
	                                    "SCAN kind", "SCAN endpoint", "SCAN answer", "SCAN block"};
	struct buffer text;
	sqlite3_stmt *plan = NULL;
	buffer_init(&text, 65536);
	buffer_print(&text, "EXPLAIN QUERY PLAN %s", sql);
	assert_int_equal(sqlite3_prepare_v2(db, text.data, -1, &plan, NULL), SQLITE_OK);
	while (sqlite3_step(plan) == SQLITE_ROW) {
		const char *step = (const char *)sqlite3_column_text(plan, 3);
		for (size_t i = 0; i < PF_COUNT(large); i++) {
			size_t length = strlen(large[i]);
			if (!strncmp(step, large[i], length) && (!step[length] || step[length] == ' '))
				fail_msg("%s: %s", step, sql);
		}
	}
	sqlite3_finalize(plan);
	buffer_deinit(&text);
}

static void no_filter_reads_a_whole_table(void **state)
{
	static const struct store_filter more[] = {
		{.device = "device 1"},
		{.name = "host1.vendor1.example.com"},
		{.name = "*.cn"},
		{.standing = "overseas"},
	};
	struct place *place = *state;
	sqlite3 *db = ((struct sqlite_store *)place->store)->db;
	for (size_t i = 0; i < PF_COUNT(filters) + PF_COUNT(more); i++) {
		struct asked asked = {.count = 0};
		struct store_filter filter =
			i < PF_COUNT(filters) ? filters[i] : more[i - PF_COUNT(filters)];
		unsigned count = 0;
		sqlite3_trace_v2(db, SQLITE_TRACE_STMT, keep_sql, &asked);
		assert_int_equal(place->store->queries(place->store, &filter, count_query, &count), PF_OK);
		filter.limit = 10;
		assert_int_equal(place->store->queries(place->store, &filter, count_query, &count), PF_OK);
		assert_int_equal(place->store->endpoints(place->store, &filter, count_endpoint, &count),
		                 PF_OK);
		sqlite3_trace_v2(db, 0, NULL, NULL);
		assert_true(asked.count > 3);
		while (asked.count) {
			char *sql = asked.sql[--asked.count];
			if (!strncmp(sql, "SELECT", 6))
				assert_no_scan(db, sql);
			sqlite3_free(sql);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(filters_find_what_a_naive_walk_finds),
		cmocka_unit_test(what_is_no_domain_is_told),
		cmocka_unit_test(no_filter_reads_a_whole_table),
	};
	return cmocka_run_group_tests(tests, make_journal, remove_journal);
}
