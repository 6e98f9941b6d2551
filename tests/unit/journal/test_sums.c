/* Sums say what the queries say, hour by hour and day by day, of all names and of few, of hours that are rolled up and of those that are not
 * yet; also when months pass within one batch, which is when sums are gathered in memory for long. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/dns.h"
#include "journal/sqlite/sqlite.h"
#include "unit/journal/sample.h"

#define RECORDS 200
#define STEP_US (INT64_C(8) * 3600 * 1000000 + 7) /* 200 of them are 67 days */
#define HOUR_US (INT64_C(3600) * 1000000)
#define KEEP_US (INT64_C(400) * 86400 * 1000000)

static int64_t time_of(unsigned i)
{
	return SAMPLE_TIME_US + i * STEP_US;
}

/* What the journal should say: the queries themselves. */
struct query {
	char name[NAME_TEXT_MAX], device[DEVICE_NAME_MAX];
	int64_t time_us;
};

struct place {
	char folder[64], path[128];
	struct query queries[RECORDS];
	struct sink *sink;
	struct store *store;
};

static void write_some(struct place *place, unsigned from, unsigned to)
{
	char error[256];
	struct sample *sample = malloc(sizeof *sample);
	assert_non_null(sample);
	assert_int_equal(place->sink->begin(place->sink, error, sizeof error), PF_OK);
	for (unsigned i = from; i < to; i++) {
		struct query *query = &place->queries[i];
		sample_fill(sample, i, true);
		sample->record.time_wall_us = query->time_us = time_of(i);
		dns_name_to_text(&sample->name, query->name);
		strcpy(query->device, sample->device_name);
		assert_int_equal(place->sink->write(place->sink, &sample->record, error, sizeof error),
		                 PF_OK);
	}
	assert_int_equal(place->sink->commit(place->sink, error, sizeof error), PF_OK);
	free(sample);
}

static int setup(void **state)
{
	char error[256];
	struct place *place = calloc(1, sizeof *place);
	assert_non_null(place);
	sample_make_folder(place->folder);
	snprintf(place->path, sizeof place->path, "%s/journal.db", place->folder);
	place->sink = sqlite_sink_open(place->path, KEEP_US, error, sizeof error);
	assert_non_null(place->sink);
	write_some(place, 0, RECORDS - 10);
	place->sink->idle(place->sink, time_of(RECORDS - 10));
	write_some(place, RECORDS - 10, RECORDS); /* these are not rolled up */
	place->sink->idle(place->sink, time_of(RECORDS - 10) + 1);
	place->store = sqlite_store_open(place->path, error, sizeof error);
	assert_non_null(place->store);
	*state = place;
	return 0;
}

static int teardown(void **state)
{
	struct place *place = *state;
	place->store->close(&place->store);
	place->sink->close(&place->sink);
	sample_remove_folder(place->folder);
	free(place);
	return 0;
}

/* ---- asking ------------------------------------------------------------------------------ */

struct seen {
	const struct place *place;
	int64_t unit_us, count;
	char ending[64]; /* names must end so */
};

/* Each row of one device, name and time: rows differ in action, standing and country too, so no row has more than there is. */
static int on_sum(void *data, const struct store_sum *row)
{
	struct seen *seen = data;
	int64_t most = 0;
	for (unsigned i = 0; i < RECORDS; i++) {
		const struct query *query = &seen->place->queries[i];
		most += !strcmp(query->device, row->device) &&
		        (!*row->name || !strcmp(query->name, row->name)) &&
		        query->time_us / seen->unit_us == row->time_wall_us / seen->unit_us;
	}
	assert_in_range(row->count, 1, most);
	if (*row->name)
		assert_string_equal(row->name + strlen(row->name) - strlen(seen->ending), seen->ending);
	seen->count += row->count;
	return 0;
}

/* So many are there whose names end so, from `since` on (to its unit). */
static int64_t expected(const struct place *place, const char *ending, int64_t since_us,
                        int64_t unit_us)
{
	int64_t count = 0;
	for (unsigned i = 0; i < RECORDS; i++) {
		const struct query *query = &place->queries[i];
		size_t length = strlen(query->name), its = strlen(ending);
		count += length >= its && !strcmp(query->name + length - its, ending) &&
		         query->time_us / unit_us >= since_us / unit_us;
	}
	return count;
}

static void check(struct place *place, enum store_sums what, const struct store_filter *filter,
                  const char *ending)
{
	struct seen seen = {.place = place,
	                    .unit_us = what == STORE_SUMS_NAME_DAYS ? 24 * HOUR_US : HOUR_US};
	strcpy(seen.ending, ending);
	assert_int_equal(place->store->sums(place->store, what, filter, on_sum, &seen), PF_OK);
	assert_int_equal(seen.count, expected(place, ending, filter->since_wall_us, seen.unit_us));
	assert_true(seen.count > 0 || filter->since_wall_us);
}

static void test_sums(void **state)
{
	struct place *place = *state;
	const char *name = place->queries[RECORDS - 1].name;
	const int64_t since[] = {0, time_of(RECORDS / 3), time_of(RECORDS - 90), time_of(RECORDS - 5)};
	const struct {
		struct store_filter filter;
		const char *ending;
	} cases[] = {
		{{0}, ""},
		{{.name = name}, name},
		{{.name = "*.cn"}, ".cn"},
		{{.name = "*"}, ""},
		{{.domain = "example.cn"}, ".example.cn"},
	};
	for (size_t i = 0; i < PF_COUNT(cases); i++)
		for (size_t k = 0; k < PF_COUNT(since); k++) {
			struct store_filter filter = cases[i].filter;
			filter.since_wall_us = since[k];
			check(place, STORE_SUMS_HOURS, &filter, cases[i].ending);
			check(place, STORE_SUMS_NAME_DAYS, &filter, cases[i].ending);
			check(place, STORE_SUMS_NAME_HOURS, &filter, cases[i].ending);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_sums, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
