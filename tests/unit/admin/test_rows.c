/* Rows as text against a store of our own: their bounds, and what is given back to the budget. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/rows.h"
#include "unit/admin/world.h"

#define ANSWER_BYTES_MAX (1u << 20)
#define HELD_BYTES_MAX (2u << 20)

/* A store that repeats one row. */
struct fake {
	struct store store;
	size_t count;
	int result; /* at the end of the walk */
	struct store_query query;
	struct store_endpoint endpoint;
};

static int give_queries(struct store *store, const struct store_filter *filter,
                        int (*each)(void *data, const struct store_query *row), void *data)
{
	struct fake *fake = (struct fake *)store;
	(void)filter;
	for (size_t i = 0; i < fake->count; i++) {
		fake->query.row = (int64_t)i + 1;
		int result = each(data, &fake->query);
		if (result)
			return result;
	}
	return fake->result;
}

static int give_endpoints(struct store *store, const struct store_filter *filter,
                          int (*each)(void *data, const struct store_endpoint *row), void *data)
{
	struct fake *fake = (struct fake *)store;
	(void)filter;
	for (size_t i = 0; i < fake->count; i++) {
		int result = each(data, &fake->endpoint);
		if (result)
			return result;
	}
	return fake->result;
}

static struct fake make_fake(size_t count, const char *text)
{
	return (struct fake){
		.store = {.queries = give_queries, .endpoints = give_endpoints},
		.count = count,
		.query = {0, 0, "id", text, "c", "n", "A", "", "", "", "", "", "", "", "", "", "", 5},
		.endpoint = {"id", text, "n", "A", "1.2.3.4", "", "", "", "", "", 7, 0, 0, 3, "", "", ""},
	};
}

static int ask(struct fake *fake, enum rows_kind kind, struct rows_budget *budget,
               struct rows_answer **answer, char error[500])
{
	static const struct store_filter any = {.after_row = 42};
	error[0] = '\0';
	return rows_ask(&fake->store, kind, &any, ROWS_JSON, budget, answer, error);
}

static void the_text_is_whole(void **state)
{
	(void)state;
	struct rows_budget budget = {ANSWER_BYTES_MAX, HELD_BYTES_MAX, 0};
	struct rows_answer *answer;
	char error[500];
	struct fake fake = make_fake(2, "d\"\n\xff");
	assert_int_equal(ask(&fake, ROWS_QUERIES, &budget, &answer, error), PF_OK);
	json_t *json = json_loadb(answer->text.data, answer->text.length, 0, NULL);
	assert_int_equal(json_array_size(json_object_get(json, "queries")), 2);
	json_t *row = json_array_get(json_object_get(json, "queries"), 1);
	assert_string_equal(json_string_value(json_object_get(row, "device")), "d\"\n\xef\xbf\xbd");
	assert_int_equal(json_integer_value(json_object_get(json, "last_row")), 2);
	assert_int_equal(budget.held_bytes, answer->text.length);
	json_decref(json);
	rows_free(answer);
	assert_int_equal(budget.held_bytes, 0);

	fake = make_fake(0, "d");
	assert_int_equal(ask(&fake, ROWS_QUERIES, &budget, &answer, error), PF_OK);
	assert_string_equal(answer->text.data, "{\"queries\":[],\"last_row\":42,\"before\":null}");
	rows_free(answer);
	assert_int_equal(ask(&fake, ROWS_ENDPOINTS, &budget, &answer, error), PF_OK);
	assert_string_equal(answer->text.data, "{\"endpoints\":[],\"before\":null}");
	rows_free(answer);
	rows_free(NULL);
}

static void an_answer_has_a_limit(void **state)
{
	(void)state;
	struct rows_budget budget = {ANSWER_BYTES_MAX, HELD_BYTES_MAX, 0};
	struct rows_answer *answer;
	char error[500], *text = malloc(60001);
	memset(text, 'x', 60000);
	text[60000] = '\0';
	struct fake fake = make_fake(SIZE_MAX, text);
	assert_int_equal(ask(&fake, ROWS_QUERIES, &budget, &answer, error), PF_EFULL);
	assert_null(answer);
	assert_non_null(strstr(error, "1024 KiB"));
	assert_int_equal(budget.held_bytes, 0);
	assert_int_equal(ask(&fake, ROWS_ENDPOINTS, &budget, &answer, error), PF_EFULL);
	assert_int_equal(budget.held_bytes, 0);
	free(text);
}

static void all_answers_together_have_a_limit(void **state)
{
	(void)state;
	struct rows_budget budget = {ANSWER_BYTES_MAX, HELD_BYTES_MAX, HELD_BYTES_MAX - 1000};
	struct rows_answer *answer;
	char error[500];
	struct fake fake = make_fake(100, "d");
	assert_int_equal(ask(&fake, ROWS_QUERIES, &budget, &answer, error), PF_ENOMEM);
	assert_non_null(strstr(error, "ask again later"));
	assert_int_equal(budget.held_bytes, HELD_BYTES_MAX - 1000);
	fake.count = 1;
	assert_int_equal(ask(&fake, ROWS_QUERIES, &budget, &answer, error), PF_OK);
	rows_free(answer);
	assert_int_equal(budget.held_bytes, HELD_BYTES_MAX - 1000);
}

static void a_store_that_fails(void **state)
{
	(void)state;
	struct rows_budget budget = {ANSWER_BYTES_MAX, HELD_BYTES_MAX, 0};
	struct rows_answer *answer;
	char error[500];
	struct fake fake = make_fake(3, "d");
	fake.result = PF_EIO;
	strcpy(fake.store.error, "The disk is gone.");
	assert_int_equal(ask(&fake, ROWS_QUERIES, &budget, &answer, error), PF_EIO);
	assert_string_equal(error, "The disk is gone.");
	fake.store.error[0] = '\0';
	assert_int_equal(ask(&fake, ROWS_ENDPOINTS, &budget, &answer, error), PF_EIO);
	assert_string_equal(error, "The journal can not be read.");
	assert_int_equal(budget.held_bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_text_is_whole),
		cmocka_unit_test(an_answer_has_a_limit),
		cmocka_unit_test(all_answers_together_have_a_limit),
		cmocka_unit_test(a_store_that_fails),
	};
	return cmocka_run_group_tests_name("admin: rows", tests, NULL, NULL);
}
