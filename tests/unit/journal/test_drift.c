/* Names that move, countries that are met, and what only a new database has moved. */
#include <stdio.h>
#include <string.h>

#include "unit/journal/check.h"

#define DAY_MS INT64_C(86400000)
#define START_US INT64_C(1790000000000000)

struct told {
	size_t count;
	struct event events[16];
};

static void take(void *data, const struct event *event)
{
	struct told *told = data;
	assert_true(told->count < PF_COUNT(told->events));
	told->events[told->count++] = *event;
}

/* One query of a device at hour `hour`, with an answer of one address. */
struct ask {
	const char *device, *name, *address, *country, *release;
	enum standing standing;
	unsigned hour;
};

static void write_of(struct sink *sink, const struct ask *ask, enum privacy privacy)
{
	struct dns_name name;
	struct record_address address = {.standing = (uint8_t)ask->standing,
	                                 .confidence = CONFIDENCE_HIGH,
	                                 .asn = 1};
	struct record_answer answer = {.standing = address.standing,
	                               .confidence = CONFIDENCE_HIGH,
	                               .address_count = 1,
	                               .judged_count = 1,
	                               .addresses = &address};
	char id[DEVICE_ID_MAX];
	assert_int_equal(dns_name_from_text(ask->name, &name), PF_OK);
	assert_int_equal(addr_parse(ask->address, &address.address), PF_OK);
	snprintf(address.location.code, sizeof address.location.code, "%s", ask->country);
	snprintf(address.evidence, sizeof address.evidence, "%s %s", ask->release, ask->country);
	snprintf(id, sizeof id, "name:%s", ask->device);
	uint64_t answer_id = 1;
	for (const char *c = ask->address; *c; c++)
		answer_id = answer_id * 131 + (uint8_t)*c;
	for (const char *c = address.evidence; *c; c++)
		answer_id = answer_id * 131 + (uint8_t)*c;
	struct record record = {.time_wall_us = START_US + ask->hour * INT64_C(3600000000),
	                        .client = {4, {192, 168, 1, 7}},
	                        .device_id = id,
	                        .device_name = ask->device,
	                        .name = &name,
	                        .type = 1,
	                        .source = SOURCE_UPSTREAM,
	                        .rule_name = "",
	                        .reason = "",
	                        .upstream = "192.0.2.53:53",
	                        .standing = address.standing,
	                        .confidence = CONFIDENCE_HIGH,
	                        .privacy = (uint8_t)privacy,
	                        .answer_id = answer_id,
	                        .answer = &answer};
	begin_batch(sink);
	write_record(sink, &record);
	commit_batch(sink);
}

static void write(struct sink *sink, const struct ask *ask)
{
	write_of(sink, ask, PRIVACY_FULL);
}

static struct sink *open_told(const struct place *place, struct told *told)
{
	struct sink *sink = open_sink(place->path);
	memset(told, 0, sizeof *told);
	sqlite_sink_tell(sink, (struct event_outlet){take, told});
	return sink;
}

static void expect(const struct told *told, size_t index, enum event_kind kind, const char *before,
                   const char *after)
{
	assert_true(index < told->count);
	assert_int_equal(told->events[index].kind, kind);
	assert_string_equal(told->events[index].before, before);
	assert_string_equal(told->events[index].after, after);
}

static void names_that_move_are_told_once_a_day(void **state)
{
	const struct place *place = *state;
	struct told told;
	struct sink *sink = open_told(place, &told);
	struct ask de = {"yard camera",  "cam.example", "9.0.0.1", "DE",
	                 "dbip 2026-06", STANDING_HOME, 0};
	struct ask cn = {"yard camera",  "cam.example",     "8.0.0.1", "CN",
	                 "dbip 2026-06", STANDING_OVERSEAS, 1};
	write(sink, &de);
	assert_int_equal(told.count, 0); /* home is nothing to tell */
	write(sink, &cn);
	assert_int_equal(told.count, 2);
	expect(&told, 0, EVENT_STANDING_CHANGED, "DE (home, high)", "CN (overseas, high)");
	assert_string_equal(told.events[0].name, "cam.example");
	assert_string_equal(told.events[0].device_name, "yard camera");
	assert_string_equal(told.events[0].evidence, "8.0.0.1: dbip 2026-06 CN; as 192.0.2.53:53 "
	                                             "answered, asked without client subnet");
	assert_non_null(strstr(told.events[0].text, told.events[0].evidence));
	assert_non_null(
		strstr(told.events[0].text, "yard camera: cam.example stood in DE (home, high)"));
	expect(&told, 1, EVENT_NEW_COUNTRY, "", "CN");
	assert_string_equal(told.events[1].evidence, told.events[0].evidence);
	/* Back, and there again, on the same day. */
	de.hour = 2;
	de.address = "9.0.0.2";
	write(sink, &de);
	cn.hour = 3;
	cn.address = "8.0.0.2";
	write(sink, &cn);
	assert_int_equal(told.count, 2);
	/* The next day once more, to addresses that were known all the time. */
	de.hour = 30;
	write(sink, &de);
	assert_int_equal(told.count, 3);
	expect(&told, 2, EVENT_STANDING_CHANGED, "CN (overseas, high)", "DE (home, high)");
	/* Another device has its own memory. */
	cn.device = "lobby coffee";
	cn.hour = 31;
	write(sink, &cn);
	assert_int_equal(told.count, 4);
	expect(&told, 3, EVENT_NEW_COUNTRY, "", "CN");
	sink->close(&sink);
	assert_int_equal(number_in(place->path, "SELECT count(*) FROM v_events"), 4);
	assert_int_equal(number_in(place->path, "SELECT count(*) FROM v_events WHERE cause = 'moved'"),
	                 4);
	assert_int_equal(number_in(place->path, "SELECT count(*) FROM v_seen WHERE device ="
	                                        " 'yard camera' AND countries LIKE '%CN%'"
	                                        " AND countries LIKE '%DE%'"),
	                 1);
	assert_sound(place->path);
}

/* Each way by which an answer comes to be looked at: of who keeps endpoints only, and counted from the blocks after a crash. */
static void the_upstream_is_part_of_the_evidence(void **state)
{
	const struct place *place = *state;
	const char *said = "8.0.0.1: dbip 2026-06 CN; as 192.0.2.53:53 answered, asked without client "
					   "subnet";
	struct told told;
	struct sink *sink = open_told(place, &told);
	struct ask cn = {"tv", "a.example", "8.0.0.1", "CN", "dbip 2026-06", STANDING_OVERSEAS, 0};
	write(sink, &cn);
	cn.device = "camera";
	write_of(sink, &cn, PRIVACY_ENDPOINTS_ONLY);
	assert_int_equal(told.count, 2);
	assert_string_equal(told.events[0].evidence, said);
	assert_string_equal(told.events[1].evidence, said);
	sink->close(&sink);
	run_sql(place->path, "DELETE FROM endpoint; DELETE FROM met; UPDATE progress SET summed_until"
	                     " = 0");
	sink = open_told(place, &told);
	cn.device = "lamp";
	write(sink, &cn);
	sink->close(&sink);
	assert_int_equal(told.count, 2);
	assert_string_equal(told.events[0].device_name, "tv");
	assert_string_equal(told.events[0].evidence, said);
}

/* The same address with another country: the database has moved, not the name. */
static void new_databases_raise_nothing(void **state)
{
	const struct place *place = *state;
	struct told told;
	struct sink *sink = open_told(place, &told);
	struct ask before = {"tv", "a.example", "9.0.0.1", "DE", "dbip 2026-06", STANDING_HOME, 0};
	struct ask after = {"tv", "a.example", "9.0.0.1", "CN", "dbip 2026-07", STANDING_OVERSEAS, 50};
	write(sink, &before);
	write(sink, &after);
	assert_int_equal(told.count, 0);
	sink->close(&sink);
	assert_int_equal(number_in(place->path,
	                           "SELECT count(*) FROM v_events WHERE cause = 'database'"),
	                 2);
	/* It is remembered over a restart, and a real move is told. */
	sink = open_told(place, &told);
	struct ask moved = {"tv", "a.example", "9.0.0.9", "DE", "dbip 2026-07", STANDING_HOME, 60};
	write(sink, &moved);
	assert_int_equal(told.count, 1);
	expect(&told, 0, EVENT_STANDING_CHANGED, "CN (overseas, high)", "DE (home, high)");
	sink->close(&sink);
}

static void what_nobody_knows_has_not_moved(void **state)
{
	const struct place *place = *state;
	struct told told;
	struct sink *sink = open_told(place, &told);
	struct ask known = {"tv", "a.example", "9.0.0.1", "DE", "dbip 2026-06", STANDING_HOME, 0};
	struct ask unknown = {"tv", "a.example", "9.0.0.2", "", "dbip 2026-06", STANDING_UNKNOWN, 1};
	write(sink, &known);
	write(sink, &unknown);
	known.hour = 2;
	known.address = "9.0.0.3";
	write(sink, &known);
	assert_int_equal(told.count, 0);
	sink->close(&sink);
	assert_int_equal(number_in(place->path, "SELECT count(*) FROM v_events"), 0);
}

/* A journal of before has no such tables: it gets them, and nobody is told of countries that were met long ago. */
static void older_journals_are_taken_on(void **state)
{
	const struct place *place = *state;
	struct told told;
	struct sink *sink = open_told(place, &told);
	struct ask ask = {"tv", "a.example", "9.0.0.1", "CN", "dbip 2026-06", STANDING_OVERSEAS, 0};
	write(sink, &ask);
	assert_int_equal(told.count, 1);
	sink->close(&sink);
	run_sql(place->path, "DROP VIEW v_events; DROP VIEW v_seen; DROP TABLE event; DROP TABLE met;"
	                     " DROP TABLE drift");
	sink = open_told(place, &told);
	ask.name = "b.example";
	ask.address = "9.0.0.2";
	ask.hour = 1;
	write(sink, &ask);
	assert_int_equal(told.count, 0);
	sink->close(&sink);
	assert_sound(place->path);
}

/* ---- read again -------------------------------------------------------------------------- */

struct read {
	size_t count;
	char lines[16][256];
};

static int keep(void *data, const struct store_event *row)
{
	struct read *read = data;
	assert_true(read->count < PF_COUNT(read->lines));
	assert_true(row->time_wall_us >= START_US / 1000 * 1000 && *row->evidence);
	snprintf(read->lines[read->count++], sizeof read->lines[0], "%s|%s|%s|%s|%s|%s", row->kind,
	         row->device_id, row->name, row->before, row->after, row->cause);
	return PF_OK;
}

static struct read ask_events(struct store *store, const struct store_filter *filter)
{
	struct read read = {0};
	assert_int_equal(store->events(store, filter, keep, &read), PF_OK);
	return read;
}

static void events_are_read_by_filters(void **state)
{
	const struct place *place = *state;
	char error[256];
	struct told told;
	struct sink *sink = open_told(place, &told);
	struct ask ask = {"tv", "a.example", "9.0.0.1", "DE", "dbip 2026-06", STANDING_HOME, 0};
	write(sink, &ask);
	ask = (struct ask){"tv", "a.example", "8.0.0.1", "CN", "dbip 2026-06", STANDING_OVERSEAS, 1};
	write(sink, &ask);
	ask = (struct ask){"tv", "a.example", "8.0.0.1", "DE", "dbip 2026-07", STANDING_HOME, 50};
	write(sink, &ask);
	ask =
		(struct ask){"camera", "b.example", "7.0.0.1", "RU", "dbip 2026-07", STANDING_OVERSEAS, 60};
	write(sink, &ask);
	sink->close(&sink);
	struct store *store = sqlite_store_open(place->path, error, sizeof error);
	assert_non_null(store);
	struct read all = ask_events(store, &(struct store_filter){0});
	static const char *const expected[] = {
		"standing-changed|name:tv|a.example|DE (home, high)|CN (overseas, high)|moved",
		"new-country|name:tv|a.example||CN|moved",
		"standing-changed|name:tv|a.example|CN (overseas, high)|DE (home, high)|database",
		"new-country|name:camera|b.example||RU|moved"};
	assert_int_equal(all.count, PF_COUNT(expected));
	for (size_t i = 0; i < all.count; i++)
		assert_string_equal(all.lines[i], expected[i]);
	assert_int_equal(ask_events(store, &(struct store_filter){.device = "tv"}).count, 3);
	assert_int_equal(ask_events(store, &(struct store_filter){.device = "name:camera"}).count, 1);
	assert_int_equal(ask_events(store, &(struct store_filter){.device = "name"}).count, 0);
	assert_int_equal(ask_events(store, &(struct store_filter){.kind = "new-country"}).count, 2);
	int64_t hour_50_us = START_US + 50 * INT64_C(3600000000);
	assert_int_equal(ask_events(store, &(struct store_filter){.since_wall_us = hour_50_us}).count,
	                 2);
	assert_int_equal(ask_events(store, &(struct store_filter){.until_wall_us = hour_50_us}).count,
	                 3);
	struct read newest = ask_events(store, &(struct store_filter){.limit = 2});
	assert_int_equal(newest.count, 2);
	assert_string_equal(newest.lines[0], expected[2]);
	assert_string_equal(newest.lines[1], expected[3]);
	store->close(&store);
	/* A journal of before has no such table. */
	run_sql(place->path, "DROP VIEW v_events; DROP TABLE event");
	store = sqlite_store_open(place->path, error, sizeof error);
	assert_int_equal(ask_events(store, &(struct store_filter){0}).count, 0);
	store->close(&store);
}

/* What a device is given by a merge it has: that a name of it is older than its newest is found out again. */
static void a_merge_brings_what_was_known(void **state)
{
	const struct place *place = *state;
	struct told told;
	char error[256] = "";
	struct sink *sink = open_told(place, &told);
	struct ask own = {"laptop", "a.example", "9.0.0.1", "DE", "dbip 2026-06", STANDING_HOME, 0};
	struct ask other = {"guest", "b.example", "9.0.0.2", "DE", "dbip 2026-06", STANDING_HOME, 0};
	struct ask moved = {"laptop",       "b.example",       "8.0.0.1", "CN",
	                    "dbip 2026-06", STANDING_OVERSEAS, 30};
	struct device_change change = {.kind = DEVICE_MERGED,
	                               .from = "name:guest",
	                               .into = "name:laptop",
	                               .into_name = "laptop",
	                               .since_wall_us = START_US,
	                               .wall_us = START_US,
	                               .why = "for a test"};
	write(sink, &own);
	write(sink, &other);
	begin_batch(sink);
	assert_int_equal(sink->change(sink, &change, error, sizeof error), PF_OK);
	commit_batch(sink);
	own.hour = 25; /* the newest name of the laptop is known now; then the guest's rows come */
	write(sink, &own);
	sink->idle(sink, START_US + 25 * INT64_C(3600000000));
	assert_int_equal(number_in(place->path, "SELECT count(*) FROM merged WHERE moved = 0"), 0);
	write(sink, &moved);
	assert_int_equal(told.count, 2);
	expect(&told, 0, EVENT_STANDING_CHANGED, "DE (home, high)", "CN (overseas, high)");
	expect(&told, 1, EVENT_NEW_COUNTRY, "", "CN");
	sink->close(&sink);
	/* And what was known before a restart. */
	sink = open_told(place, &told);
	other.device = "laptop";
	other.hour = 60;
	write(sink, &other);
	assert_int_equal(told.count, 1);
	expect(&told, 0, EVENT_STANDING_CHANGED, "CN (overseas, high)", "DE (home, high)");
	sink->close(&sink);
	assert_sound(place->path);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, place_make, place_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(names_that_move_are_told_once_a_day), CASE(the_upstream_is_part_of_the_evidence),
		CASE(new_databases_raise_nothing),         CASE(what_nobody_knows_has_not_moved),
		CASE(older_journals_are_taken_on),         CASE(events_are_read_by_filters),
		CASE(a_merge_brings_what_was_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
