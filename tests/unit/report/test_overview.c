/* The first look at a journal whose habits are known: its sums are held against a count of every query. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "journal/sqlite/sqlite.h"
#include "report/overview.h"
#include "unit/journal/sample.h"
#include "unit/report/weeks.h"

#define DAY_US INT64_C(86400000000)
#define HOUR_US INT64_C(3600000000)

static json_t *make(struct place *place, const struct store_filter *filter)
{
	json_t *document;
	if (overview_make(place->store, filter, &document) != PF_OK)
		fail_msg("%s", place->store->error);
	return document;
}

/* What the raw queries say of the same time. */
struct counted {
	int64_t queries, sinkhole, overseas, coffee;
	int64_t hours[OVERVIEW_HOURS_MAX];
	int64_t since;
};

static int count(void *data, const struct store_query *query)
{
	struct counted *counted = data;
	bool sunk = !strcmp(query->action, "sinkhole");
	counted->queries++;
	counted->sinkhole += sunk;
	counted->overseas += !sunk && !strcmp(query->standing, "overseas");
	counted->coffee += !strcmp(query->device, "lobby coffee");
	counted->hours[(query->time_wall_us - counted->since) / HOUR_US]++;
	return PF_OK;
}

static int64_t all_places(json_t *object)
{
	static const char *const places[] = {"home",    "overseas", "disputed", "indeterminate",
	                                     "unknown", "none",     "sinkhole"};
	int64_t sum = 0;
	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		sum += number(object, places[i]);
	return sum;
}

static void it_counts_what_was_asked(void **state)
{
	struct place *place = *state;
	struct store_filter filter = {.since_wall_us = WEEKS_END_US - 7 * DAY_US,
	                              .until_wall_us = WEEKS_END_US - 1};
	struct counted counted = {.since = filter.since_wall_us};
	assert_int_equal(place->store->queries(place->store, &filter, count, &counted), PF_OK);
	assert_true(counted.queries > 500 && counted.sinkhole > 200 && counted.overseas > 100);

	json_t *document = make(place, &filter);
	json_t *hours = json_object_get(document, "hours");
	int64_t overseas = 0;
	assert_int_equal(number(document, "queries"), counted.queries);
	assert_int_equal(number(document, "sinkhole"), counted.sinkhole);
	assert_int_equal(json_array_size(hours), 7 * 24);
	for (size_t i = 0; i < 7 * 24; i++) {
		assert_int_equal(all_places(json_array_get(hours, i)), counted.hours[i]);
		overseas += number(json_array_get(hours, i), "overseas");
	}
	assert_int_equal(overseas, counted.overseas);
	json_t *coffee = row(document, "devices", "device", "lobby coffee");
	assert_int_equal(number(coffee, "queries"), counted.coffee);
	assert_int_equal(all_places(coffee), counted.coffee);
	assert_int_equal(number(coffee, "sinkhole"), counted.sinkhole);
	json_decref(document);
}

static void countries_are_those_of_the_answers(void **state)
{
	struct place *place = *state;
	const struct store_filter filter = {.since_wall_us = WEEKS_START_US,
	                                    .until_wall_us = WEEKS_START_US + DAY_US - 1};
	json_t *document = make(place, &filter);
	json_t *china = row(document, "countries", "country", "CN");
	assert_int_equal(number(china, "queries"), 14);
	assert_int_equal(number(china, "devices"), 1);
	assert_string_equal(word(china, "standing"), "overseas");
	assert_string_equal(word(row(document, "countries", "country", "US"), "standing"), "home");
	/* Where an anycast address answers nobody can say. */
	assert_string_equal(word(row(document, "countries", "country", ""), "standing"),
	                    "indeterminate");
	json_decref(document);
}

static void one_device_alone(void **state)
{
	struct place *place = *state;
	const struct store_filter filter = {.device = "yard camera",
	                                    .since_wall_us = WEEKS_END_US - DAY_US,
	                                    .until_wall_us = WEEKS_END_US - 1};
	json_t *document = make(place, &filter);
	assert_int_equal(json_array_size(json_object_get(document, "devices")), 1);
	assert_null(row(document, "countries", "country", "CN"));
	assert_non_null(row(document, "countries", "country", "SG"));
	json_decref(document);
}

/* More than a month is told by the day, and says the same. */
static void a_long_time_is_told_by_the_day(void **state)
{
	struct place *place = *state;
	struct store_filter filter = {.since_wall_us = WEEKS_START_US - 300 * DAY_US + 5 * HOUR_US,
	                              .until_wall_us = WEEKS_START_US + 7 * DAY_US - 1};
	struct store_filter week = {.since_wall_us = WEEKS_START_US,
	                            .until_wall_us = filter.until_wall_us};
	json_t *document = make(place, &filter), *hours = make(place, &week);
	json_t *steps = json_object_get(document, "hours");
	int64_t steps_sum = 0;
	assert_string_equal(word(document, "step"), "day");
	assert_string_equal(word(hours, "step"), "hour");
	assert_int_equal(json_array_size(steps), 307);
	for (size_t i = 0; i < json_array_size(steps); i++)
		steps_sum += all_places(json_array_get(steps, i));
	assert_true(number(hours, "queries") > 100);
	assert_int_equal(steps_sum, number(hours, "queries"));
	assert_int_equal(number(document, "queries"), number(hours, "queries"));
	assert_true(
		json_equal(json_object_get(document, "countries"), json_object_get(hours, "countries")));
	assert_true(
		json_equal(json_object_get(document, "devices"), json_object_get(hours, "devices")));
	json_decref(document);
	json_decref(hours);
}

static void too_long_a_time_is_refused(void **state)
{
	struct place *place = *state;
	const struct store_filter filter = {.since_wall_us = WEEKS_START_US,
	                                    .until_wall_us = WEEKS_START_US + 402 * DAY_US};
	json_t *document;
	assert_int_equal(overview_make(place->store, &filter, &document), PF_EINVAL);
	assert_null(document);
	assert_non_null(strstr(place->store->error, "400 days"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_counts_what_was_asked),
		cmocka_unit_test(countries_are_those_of_the_answers),
		cmocka_unit_test(one_device_alone),
		cmocka_unit_test(a_long_time_is_told_by_the_day),
		cmocka_unit_test(too_long_a_time_is_refused),
	};
	return cmocka_run_group_tests(tests, weeks_open, weeks_close);
}
