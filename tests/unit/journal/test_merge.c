/* Devices that turned out to be others: history goes to whom it belongs, once, and to nobody else; however the journal is asked. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "journal/changes.h"
#include "journal/sqlite/merge.h"
#include "unit/journal/check.h"

#define START_US INT64_C(1790000000000000)
#define SECOND_US INT64_C(1000000)

#define PROVISIONAL "ip:192.168.1.7"
#define COFFEE "mac:64:bc:0c:80:7e:1f"
#define CAMERA "mac:24:0a:c4:00:00:07"

/* The n-th second: a device asks for a name, and is given an address of that number. */
static void ask(struct sink *sink, const char *id, const char *name_text, unsigned number,
                int64_t second)
{
	struct dns_name name;
	struct record_address address = {.address = {4,
	                                             {9, 0, (uint8_t)(number >> 8), (uint8_t)number}},
	                                 .standing = STANDING_OVERSEAS,
	                                 .confidence = CONFIDENCE_HIGH,
	                                 .location = {"CN"}};
	struct record_answer answer = {.standing = STANDING_OVERSEAS,
	                               .confidence = CONFIDENCE_HIGH,
	                               .address_count = 1,
	                               .judged_count = 1,
	                               .overseas_count = 1,
	                               .addresses = &address};
	assert_int_equal(dns_name_from_text(name_text, &name), PF_OK);
	struct record record = {.time_wall_us = START_US + second * SECOND_US,
	                        .client = {4, {192, 168, 1, 7}},
	                        .device_id = id,
	                        .device_name = strchr(id, ':') + 1,
	                        .name = &name,
	                        .type = 1,
	                        .action = ACTION_FLAG,
	                        .rule = 1,
	                        .rule_name = "r",
	                        .reason = "because",
	                        .source = SOURCE_UPSTREAM,
	                        .upstream = "192.0.2.53:53",
	                        .standing = STANDING_OVERSEAS,
	                        .confidence = CONFIDENCE_HIGH,
	                        .answer_id = 1000 + number,
	                        .answer = &answer};
	write_record(sink, &record);
}

static void ask_once(struct sink *sink, const char *id, const char *name, unsigned number,
                     int64_t second)
{
	begin_batch(sink);
	ask(sink, id, name, number, second);
	commit_batch(sink);
}

static void change(struct sink *sink, enum device_change_kind kind, const char *from,
                   const char *into, int64_t since_s, int64_t at_s)
{
	char error[256] = "";
	struct device_change change = {.kind = kind,
	                               .since_wall_us = START_US + since_s * SECOND_US,
	                               .wall_us = START_US + at_s * SECOND_US,
	                               .why = "for a test"};
	strcpy(change.from, from);
	strcpy(change.into, into);
	strcpy(change.into_name, strchr(into, ':') + 1);
	begin_batch(sink);
	assert_int_equal(sink->change(sink, &change, error, sizeof error), PF_OK);
	commit_batch(sink);
}

static void settle(struct sink *sink, int64_t second)
{
	sink->idle(sink, START_US + second * SECOND_US);
}

static int64_t queries_of(const char *path, const char *device)
{
	char sql[256];
	snprintf(sql, sizeof sql, "SELECT count(*) FROM v_queries WHERE device = '%s'",
	         strchr(device, ':') + 1);
	return number_in(path, sql);
}

/* ---- what a store says ------------------------------------------------------------------- */

struct seen {
	int64_t rows, queries, flagged, overseas;
	bool others;
	const char *wanted;
};

static int see_query(void *data, const struct store_query *row)
{
	struct seen *seen = data;
	seen->rows++;
	seen->others = seen->others || strcmp(row->device, strchr(seen->wanted, ':') + 1) != 0;
	return 0;
}

static int see_device(void *data, const struct store_device *row)
{
	struct seen *seen = data;
	seen->rows++;
	if (strcmp(row->id, seen->wanted))
		return 0;
	seen->queries = row->queries;
	seen->flagged = row->flagged;
	seen->overseas = row->overseas_names;
	assert_string_equal(row->name, strchr(seen->wanted, ':') + 1);
	return 0;
}

static int see_asked(void *data, const struct store_asked *row)
{
	struct seen *seen = data;
	seen->rows++;
	seen->others = seen->others || strcmp(row->device_id, seen->wanted) != 0;
	return 0;
}

/* By id and by name: as many queries, and as many names. */
static void assert_store(const char *path, const char *id, int64_t queries, int64_t names)
{
	char error[256];
	struct store *store = sqlite_store_open(path, error, sizeof error);
	assert_non_null(store);
	const char *keys[] = {id, strchr(id, ':') + 1};
	for (size_t i = 0; i < PF_COUNT(keys); i++) {
		for (int64_t limit = 0; limit <= 2000; limit += 2000) {
			struct seen seen = {.wanted = id};
			struct store_filter filter = {.device = keys[i], .limit = limit};
			assert_int_equal(store->queries(store, &filter, see_query, &seen), PF_OK);
			assert_int_equal(seen.rows, queries);
			assert_false(seen.others);
		}
		struct seen seen = {.wanted = id};
		struct store_filter filter = {.device = keys[i]};
		assert_int_equal(store->asked(store, &filter, see_asked, &seen), PF_OK);
		assert_int_equal(seen.rows, names);
		assert_false(seen.others);
	}
	struct seen seen = {.wanted = id};
	assert_int_equal(store->devices(store, see_device, &seen), PF_OK);
	assert_int_equal(seen.queries, queries);
	assert_int_equal(seen.flagged, queries);
	assert_int_equal(seen.overseas, names);
	store->close(&store);
}

/* ---- tests ------------------------------------------------------------------------------- */

static void first_packets_are_given_to_the_device(void **state)
{
	const struct place *place = *state;
	struct sink *sink = open_sink(place->path);
	ask_once(sink, COFFEE, "old.example", 1, 0);
	ask_once(sink, PROVISIONAL, "first.example", 2, 10);
	ask_once(sink, PROVISIONAL, "old.example", 1, 11);
	ask_once(sink, PROVISIONAL, "old.example", 1, 12);
	ask_once(sink, COFFEE, "later.example", 3, 13);
	change(sink, DEVICE_MERGED, PROVISIONAL, COFFEE, 10, 14);
	settle(sink, 20);
	assert_int_equal(queries_of(place->path, COFFEE), 5);
	assert_int_equal(queries_of(place->path, PROVISIONAL), 0);
	assert_store(place->path, COFFEE, 5, 3);
	/* one endpoint for each name and address, with all that was counted */
	assert_int_equal(number_in(place->path, "SELECT count(*) FROM v_endpoints"), 3);
	assert_int_equal(number_in(place->path,
	                           "SELECT count FROM v_endpoints WHERE name = 'old.example'"
	                           " AND last LIKE '%:32.000Z' AND first LIKE '%:20.000Z'"),
	                 3);
	assert_int_equal(number_in(place->path,
	                           "SELECT count(*) FROM v_device_changes WHERE kind = 'merged' AND"
	                           " former = '" PROVISIONAL "' AND id = '" COFFEE "'"),
	                 1);
	/* the same change twice changes nothing */
	change(sink, DEVICE_MERGED, PROVISIONAL, COFFEE, 10, 14);
	assert_int_equal(number_in(place->path, "SELECT count(*) FROM v_device_changes"), 1);
	sink->close(&sink);
	assert_store(place->path, COFFEE, 5, 3);
	assert_sound(place->path);
}

static void an_address_is_many_devices_in_turn(void **state)
{
	const struct place *place = *state;
	struct sink *sink = open_sink(place->path);
	ask_once(sink, PROVISIONAL, "a.example", 1, 0);
	change(sink, DEVICE_MERGED, PROVISIONAL, COFFEE, 0, 1);
	ask_once(sink, PROVISIONAL, "b.example", 2, 3600);
	change(sink, DEVICE_MERGED, PROVISIONAL, CAMERA, 3600, 3601);
	ask_once(sink, PROVISIONAL, "c.example", 3, 7200);
	settle(sink, 7300);
	assert_store(place->path, COFFEE, 1, 1);
	assert_store(place->path, CAMERA, 1, 1);
	assert_store(place->path, PROVISIONAL, 1, 1);
	/* the camera is renamed: what it did before it was known too */
	begin_batch(sink);
	struct sample sample;
	sample_fill(&sample, 0, true);
	sample.record.device_id = CAMERA;
	sample.record.device_name = "yard camera";
	write_record(sink, &sample.record);
	commit_batch(sink);
	assert_int_equal(number_in(place->path,
	                           "SELECT count(*) FROM v_queries WHERE device = 'yard camera'"),
	                 2);
	sink->close(&sink);
	assert_sound(place->path);
}

/* Who asked from the address long before the device came may have been another. */
static void a_strangers_past_is_not_given_away(void **state)
{
	const struct place *place = *state;
	struct sink *sink = open_sink(place->path);
	ask_once(sink, PROVISIONAL, "stranger.example", 1, 0);
	ask_once(sink, PROVISIONAL, "mine.example", 2, 7200);
	change(sink, DEVICE_MERGED, PROVISIONAL, COFFEE, 7200, 7201);
	settle(sink, 7300);
	assert_store(place->path, PROVISIONAL, 2, 2);
	assert_int_equal(number_in(place->path, "SELECT count(*) FROM v_device_changes"), 0);
	sink->close(&sink);
}

static void chains_lead_to_the_end(void **state)
{
	const struct place *place = *state;
	struct sink *sink = open_sink(place->path);
	ask_once(sink, PROVISIONAL, "a.example", 1, 0);
	change(sink, DEVICE_MERGED, PROVISIONAL, "mac:02:00:00:00:00:01", 0, 1);
	ask_once(sink, "mac:02:00:00:00:00:01", "b.example", 2, 2);
	change(sink, DEVICE_MERGED, "mac:02:00:00:00:00:01", "mac:02:00:00:00:00:02", 0, 3);
	settle(sink, 10);
	assert_store(place->path, "mac:02:00:00:00:00:02", 2, 2);
	/* apart again: both are recorded, and the MAC begins anew */
	change(sink, DEVICE_SPLIT, "mac:02:00:00:00:00:02", "mac:02:00:00:00:00:01", 20, 20);
	ask_once(sink, "mac:02:00:00:00:00:01", "c.example", 3, 21);
	settle(sink, 30);
	assert_store(place->path, "mac:02:00:00:00:00:02", 2, 2);
	assert_store(place->path, "mac:02:00:00:00:00:01", 1, 1);
	assert_int_equal(number_in(place->path,
	                           "SELECT count(*) FROM v_device_changes WHERE kind = 'split'"),
	                 1);
	/* a merge of devices is written down even when neither has asked */
	change(sink, DEVICE_MERGED, "mac:02:00:00:00:00:03", "mac:02:00:00:00:00:04", 30, 31);
	assert_int_equal(number_in(place->path, "SELECT count(*) FROM v_device_changes"), 4);
	sink->close(&sink);
	assert_sound(place->path);
}

/* More endpoints than one step moves; the journal is closed on the way. */
static void endpoints_move_in_steps(void **state)
{
	const struct place *place = *state;
	struct sink *sink = open_sink(place->path);
	begin_batch(sink);
	for (unsigned i = 0; i < MERGE_ENDPOINTS_STEP_MAX * 2 + 3; i++)
		ask(sink, PROVISIONAL, i % 2 ? "odd.example" : "even.example", i, (int64_t)i % 30);
	commit_batch(sink);
	change(sink, DEVICE_MERGED, PROVISIONAL, COFFEE, 0, 60);
	sink->close(&sink);
	/* under the right name already */
	assert_int_equal(number_in(place->path, "SELECT count(*) FROM v_endpoints WHERE device = "
	                                        "'64:bc:0c:80:7e:1f'"),
	                 MERGE_ENDPOINTS_STEP_MAX * 2 + 3);
	sink = open_sink(place->path);
	settle(sink, 100);
	assert_int_equal(number_in(place->path, "SELECT count(*) FROM endpoint WHERE device <>"
	                                        " (SELECT id FROM device WHERE key = '" COFFEE "')"),
	                 0);
	assert_int_equal(number_in(place->path, "SELECT count(*) FROM merged WHERE moved = 0"), 0);
	assert_store(place->path, COFFEE, MERGE_ENDPOINTS_STEP_MAX * 2 + 3, 2);
	sink->close(&sink);
	assert_sound(place->path);
}

/* When nothing speaks of a merged device any more its row goes, and a month of addresses takes no room for ever. */
static void what_is_over_goes(void **state)
{
	const struct place *place = *state;
	struct sink *sink = open_sink(place->path);
	ask_once(sink, PROVISIONAL, "a.example", 1, 0);
	change(sink, DEVICE_MERGED, PROVISIONAL, COFFEE, 0, 1);
	settle(sink, 2);
	assert_int_equal(number_in(place->path, "SELECT count(*) FROM device"), 2);
	for (unsigned i = 0; i < 2000; i += 500) { /* spans end with their 1,000th row */
		begin_batch(sink);
		for (unsigned k = 0; k < 500; k++)
			ask(sink, COFFEE, "a.example", 1, 86400 * 40);
		commit_batch(sink);
	}
	/* A step does what it has time for, by the machine's clock. */
	for (int i = 0; i < 400 && number_in(place->path, "SELECT count(*) FROM device") > 1; i++)
		sink->idle(sink, START_US + (86400 * 75 + i * 3600) * SECOND_US);
	assert_int_equal(number_in(place->path, "SELECT count(*) FROM device"), 1);
	assert_int_equal(number_in(place->path, "SELECT count(*) FROM merged"), 0);
	assert_int_equal(number_in(place->path, "SELECT queries FROM device"), 2001);
	sink->close(&sink);
	assert_sound(place->path);
}

/* A journal that no writer of this version has opened can be read all the same. */
static void a_journal_of_before_is_read(void **state)
{
	const struct place *place = *state;
	struct sink *sink = open_sink(place->path);
	ask_once(sink, COFFEE, "a.example", 1, 0);
	sink->close(&sink);
	run_sql(place->path, "DROP VIEW v_device_changes; DROP TABLE device_change; DROP TABLE merged");
	assert_store(place->path, COFFEE, 1, 1);
}

/* The thread's: a change waits for what was put before it. */
static void a_change_comes_behind_the_records(void **state)
{
	const struct place *place = *state;
	struct sink *sink = open_sink(place->path);
	struct journal_options options = {.sinks = &sink, .sink_count = 1, .ring_count = 1};
	struct journal *journal = journal_start(&options);
	struct sample sample;
	int64_t now_us = clock_now().wall_us;
	struct device_change merged = {.kind = DEVICE_MERGED,
	                               .since_wall_us = now_us,
	                               .wall_us = now_us,
	                               .from = PROVISIONAL,
	                               .into = COFFEE,
	                               .into_name = "coffee"};
	assert_non_null(journal);
	for (unsigned i = 0; i < 300; i++) {
		sample_fill(&sample, i, true);
		sample.record.device_id = PROVISIONAL;
		sample.record.device_name = "192.168.1.7";
		sample.record.time_wall_us = now_us; /* retention goes by the clock of the wall */
		assert_int_equal(journal_put(journal, 0, &sample.record), PF_OK);
	}
	assert_int_equal(journal_flush(journal, 60000), PF_OK);
	assert_int_equal(journal_change(journal, &merged), PF_OK);
	unsigned more = 0;
	while (journal_change(journal, &merged) == PF_OK)
		assert_true(++more <= CHANGES_MAX * 8); /* bounded; the writer may have taken some */
	journal_stop(&journal);
	assert_int_equal(number_in(place->path,
	                           "SELECT count(*) FROM v_queries WHERE device = 'coffee'"),
	                 300);
	assert_sound(place->path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(first_packets_are_given_to_the_device, place_make,
	                                    place_remove),
		cmocka_unit_test_setup_teardown(an_address_is_many_devices_in_turn, place_make,
	                                    place_remove),
		cmocka_unit_test_setup_teardown(a_strangers_past_is_not_given_away, place_make,
	                                    place_remove),
		cmocka_unit_test_setup_teardown(chains_lead_to_the_end, place_make, place_remove),
		cmocka_unit_test_setup_teardown(endpoints_move_in_steps, place_make, place_remove),
		cmocka_unit_test_setup_teardown(what_is_over_goes, place_make, place_remove),
		cmocka_unit_test_setup_teardown(a_journal_of_before_is_read, place_make, place_remove),
		cmocka_unit_test_setup_teardown(a_change_comes_behind_the_records, place_make,
	                                    place_remove),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
