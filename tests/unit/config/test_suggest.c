/* The nearest word. */
#include "fixture.h"

#include "config/countries.h"
#include "config/suggest.h"

static void test_distance(void **state)
{
	(void)state;
	assert_int_equal(suggest_distance("", ""), 0);
	assert_int_equal(suggest_distance("tags", "tags"), 0);
	assert_int_equal(suggest_distance("tag", "tags"), 1);
	assert_int_equal(suggest_distance("tgas", "tags"), 1);
	assert_int_equal(suggest_distance("", "tags"), 4);
	assert_int_equal(suggest_distance("kitten", "sitting"), 3);
	assert_int_equal(suggest_distance("Allow_From", "allow-from"), 0);
	static const char longest[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	assert_int_equal(sizeof longest, SUGGEST_BYTES_MAX);
	assert_int_equal(suggest_distance(longest, ""), SUGGEST_BYTES_MAX - 1);
	assert_int_equal(
		suggest_distance("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "a"),
		SUGGEST_BYTES_MAX);
}

static void test_nearest(void **state)
{
	(void)state;
	static const char *const words[] = {"A", "AAAA", "overseas", "home", "null"};
	assert_int_equal(suggest_nearest("oversaes", words, 5), 2);
	assert_int_equal(suggest_nearest("over", words, 5), 2);
	assert_int_equal(suggest_nearest("ov", words, 5), -1);
	assert_int_equal(suggest_nearest("X", words, 5), -1);
	assert_int_equal(suggest_nearest("AAA", words, 5), 1);
	assert_int_equal(suggest_nearest("hoem", words, 5), 3);
	assert_int_equal(suggest_nearest("", words, 5), -1);
	assert_int_equal(suggest_nearest("x", words, 0), -1);
}

static void test_country(void **state)
{
	(void)state;
	const char *name;
	assert_string_equal(countries_suggest("DEU", &name), "DE");
	assert_string_equal(countries_suggest("germany", &name), "DE");
	assert_string_equal(countries_suggest("Swizterland", &name), "CH");
	assert_null(countries_suggest("ZZ", &name));
	assert_null(countries_suggest("Atlantis and more", &name));
}

/* Every code stands for itself, and the table is whole. */
static void test_all_countries(void **state)
{
	(void)state;
	size_t count = 0;
	for (char a = 'A'; a <= 'Z'; a++)
		for (char b = 'A'; b <= 'Z'; b++) {
			struct country found[BLOC_MEMBERS_MAX];
			char code[3] = {a, b, '\0'};
			bool renamed;
			size_t one = countries_find(code, found, &renamed);
			if (one != 1 || renamed)
				continue;
			assert_string_equal(found[0].code, code);
			count++;
		}
	assert_int_equal(count, COUNTRIES_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_distance),
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_country),
		cmocka_unit_test(test_all_countries),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
