/* Unit tests of src/value: tags, list sets, words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "value/facts.h"
#include "value/listset.h"
#include "value/tags.h"
#include "value/verdict.h"

static void tags_are_a_bounded_table(void **state)
{
	(void)state;
	struct tag_table table;
	tag_table_init(&table);
	assert_int_equal(tag_find(&table, "all"), TAG_ALL);
	assert_int_equal(tag_find(&table, "unknown"), TAG_UNKNOWN);
	assert_int_equal(tag_find(&table, "new"), TAG_NEW);
	assert_int_equal(tag_add(&table, "coffee"), TAG_BUILTIN_COUNT);
	assert_int_equal(tag_add(&table, "coffee"), TAG_BUILTIN_COUNT);
	assert_int_equal(tag_find(&table, "tea"), PF_ENOENT);
	static const char *const bad[] = {"",    "Coffee", "-x",  "_x",
	                                  "a b", "é",      "a,b", "0123456789012345678901234567890123"};
	for (size_t i = 0; i < PF_COUNT(bad); i++)
		assert_int_equal(tag_add(&table, bad[i]), PF_EINVAL);
	for (int i = TAG_BUILTIN_COUNT + 1; i < TAG_MAX; i++) {
		char name[16];
		snprintf(name, sizeof name, "t%d", i);
		assert_int_equal(tag_add(&table, name), i);
	}
	assert_int_equal(tag_add(&table, "one-more"), PF_EFULL);
	assert_int_equal(tag_add(&table, "coffee"), TAG_BUILTIN_COUNT);
	assert_true(tag_bit(TAG_MAX - 1) == 0x8000000000000000u);
}

static void list_sets_hold_every_list(void **state)
{
	(void)state;
	struct list_set a = {0}, b = {0};
	assert_int_equal(list_set_first_common(&a, &b), -1);
	for (size_t i = 0; i < LIST_MAX; i++) {
		assert_false(list_set_has(&a, i));
		list_set_add(&a, i);
		assert_true(list_set_has(&a, i));
	}
	list_set_add(&b, 200);
	list_set_add(&b, 70);
	assert_int_equal(list_set_first_common(&a, &b), 70);
	list_set_remove(&a, 70);
	assert_int_equal(list_set_first_common(&a, &b), 200);
	list_set_remove(&b, 200);
	assert_int_equal(list_set_first_common(&a, &b), -1);
}

static void words_go_both_ways(void **state)
{
	(void)state;
	for (enum standing i = STANDING_UNKNOWN; i <= STANDING_INDETERMINATE; i++)
		assert_int_equal(standing_parse(standing_word(i)), i);
	for (enum confidence i = CONFIDENCE_LOW; i <= CONFIDENCE_HIGH; i++)
		assert_int_equal(confidence_parse(confidence_word(i)), i);
	for (enum action i = ACTION_ALLOW; i <= ACTION_SINKHOLE; i++)
		assert_int_equal(action_parse(action_word(i)), i);
	assert_int_equal(standing_parse(""), PF_EINVAL);
	assert_int_equal(standing_parse("abroad"), PF_EINVAL);
	assert_int_equal(confidence_parse("High"), PF_EINVAL);
	assert_int_equal(action_parse("block"), PF_EINVAL);
	assert_string_equal(standing_word(STANDING_NONE), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tags_are_a_bounded_table),
		cmocka_unit_test(list_sets_hold_every_list),
		cmocka_unit_test(words_go_both_ways),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
