/* Proposals against a store of our own: device by device, with a limit, odd names, and failures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/proposals.h"

static const struct store_asked rows[] = {
	{"mac:1", "lamp", "a1.tuyaus.com"},           {"mac:1", "lamp", "m2.tuyaeu.com"},
	{"mac:2", "lamp", "www.example.org"}, /* another device of the same name */
	{"name:t\xffv", "t\xffv", "api.sr.roku.com"}, {"name:t\xffv", "t\xffv", "api.rokutime.com"},
};

struct fake {
	struct store store;
	int result;
	int64_t since_wall_us;
	const char *device;
};

static int fake_asked(struct store *store, const struct store_filter *filter,
                      int (*each)(void *data, const struct store_asked *row), void *data)
{
	struct fake *fake = (struct fake *)store;
	fake->since_wall_us = filter->since_wall_us;
	fake->device = filter->device;
	for (size_t i = 0; i < PF_COUNT(rows) && fake->result == PF_OK; i++) {
		int result = each(data, &rows[i]);
		if (result != PF_OK)
			return result;
	}
	return fake->result;
}

static int set_up(void **state)
{
	struct recognise *table;
	char error[500];
	assert_int_equal(recognise_load(TESTS_DIR "/../src/recognise/evidence.tsv", &table, error),
	                 PF_OK);
	*state = table;
	return 0;
}

static int tear_down(void **state)
{
	struct recognise *table = *state;
	recognise_free(&table);
	return 0;
}

static const char *member(json_t *row, const char *name)
{
	return json_string_value(json_object_get(row, name));
}

static void each_device_is_decided(void **state)
{
	struct fake fake = {.store.asked = fake_asked};
	const struct store_filter filter = {.device = "lamp", .since_wall_us = 7};
	json_t *document = report_proposals(&fake.store, *state, &filter);
	json_t *list = json_object_get(document, "proposals");
	assert_int_equal(json_array_size(list), 3);
	assert_false(json_is_true(json_object_get(document, "more")));
	assert_int_equal(fake.since_wall_us, 7);
	assert_string_equal(fake.device, "lamp");
	json_t *lamp = json_array_get(list, 0), *other = json_array_get(list, 1);
	json_t *tv = json_array_get(list, 2);
	assert_string_equal(member(lamp, "id"), "mac:1");
	assert_string_equal(member(lamp, "vendor"), "Tuya");
	assert_true(json_is_null(json_object_get(lamp, "kind")));
	assert_int_equal(json_array_size(json_object_get(lamp, "for")), 2);
	assert_string_equal(member(other, "id"), "mac:2");
	assert_true(json_is_null(json_object_get(other, "vendor")));
	assert_int_equal(json_integer_value(json_object_get(other, "unknown_domains")), 1);
	assert_string_equal(member(tv, "device"), "t\xef\xbf\xbdv");
	assert_string_equal(member(tv, "vendor"), "Roku");
	assert_string_equal(member(tv, "kind"), "tv");
	assert_int_equal(json_integer_value(json_object_get(tv, "names")), 2);
	json_decref(document);
}

static void a_limit_tells_that_there_is_more(void **state)
{
	static const struct {
		int64_t limit;
		size_t count;
		bool more;
	} cases[] = {{1, 1, true}, {2, 2, true}, {3, 3, false}, {4, 3, false}, {0, 3, false}};
	for (size_t i = 0; i < PF_COUNT(cases); i++) {
		struct fake fake = {.store.asked = fake_asked};
		const struct store_filter filter = {.limit = cases[i].limit};
		json_t *document = report_proposals(&fake.store, *state, &filter);
		assert_int_equal(json_array_size(json_object_get(document, "proposals")), cases[i].count);
		assert_int_equal(json_is_true(json_object_get(document, "more")), cases[i].more);
		json_decref(document);
	}
}

static void a_store_that_fails_is_no_empty_answer(void **state)
{
	struct fake fake = {.store.asked = fake_asked, .result = PF_EIO};
	snprintf(fake.store.error, sizeof fake.store.error, "The journal is damaged.");
	const struct store_filter filter = {0};
	assert_null(report_proposals(&fake.store, *state, &filter));
	assert_string_equal(fake.store.error, "The journal is damaged.");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_device_is_decided),
		TEST(a_limit_tells_that_there_is_more),
		TEST(a_store_that_fails_is_no_empty_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
