/* Lists that rules mention with what of them counts. */
#include "unit/config/fixture.h"

#include <string.h>

#define LISTS                                             \
	"upstreams: 192.0.2.1\ngeo: {location: []}\n"         \
	"lists:\n"                                            \
	"  - {name: tv, file: tv.txt}\n"                      \
	"  - {name: good, file: tv.txt, evidence: B}\n"       \
	"  - {name: updates, file: tv.txt, kinds: update}\n"  \
	"  - {name: far, url: \"https://lists.example/a\"}\n" \
	"  - {name: zone, file: tv.txt, format: rpz}\n"       \
	"rules:\n"

static void check_list(const struct config_list *list, const char *name, unsigned kinds,
                       char evidence)
{
	assert_string_equal(list->name, name);
	assert_int_equal(list->marks.kinds, kinds);
	assert_int_equal(list->marks.evidence, evidence);
}

static void test_some_lines(void **state)
{
	(void)state;
	struct parsed parsed = parse_clean(
		LISTS
		"  - {name: a, lists: [good, {name: tv, evidence: B}], action: flag}\n"
		"  - {name: b, lists: [{name: tv, evidence: B}], action: flag}\n"
		"  - {name: c, lists: [{name: good, evidence: A, kinds: [telemetry, update]}], action: flag}\n"
		"  - {name: d, lists: [far, {name: \"!far\", kinds: required}], action: flag}\n"
		"  - {name: e, lists: [{name: good, evidence: C}], action: flag}\n");
	const struct config *config = parsed.config;
	const struct config_rule *rules = config->rules;
	assert_int_equal(config->list_count, 8);
	check_list(&config->lists[5], "tv (evidence B)", 0, 'B');
	assert_string_equal(config->lists[5].file, config->lists[0].file);
	assert_true(config->lists[5].mentioned && !config->lists[5].of_copy);
	assert_true(list_set_has(&rules[0].lists, 1) && list_set_has(&rules[0].lists, 5));
	assert_false(list_set_has(&rules[0].lists, 0));
	/* mentioned twice, and one list all the same */
	assert_true(list_set_has(&rules[1].lists, 5));
	check_list(&config->lists[6], "good (telemetry, update, evidence A)",
	           1u << MARK_TELEMETRY | 1u << MARK_UPDATE, 'A');
	assert_true(list_set_has(&rules[2].lists, 6));
	check_list(&config->lists[7], "far (required)", 1u << MARK_REQUIRED, 0);
	assert_true(config->lists[7].of_copy && !config->lists[7].url);
	assert_true(list_set_has(&rules[3].lists, 3) && list_set_has(&rules[3].not_lists, 7));
	/* less than the list asks for itself: that list */
	assert_true(list_set_has(&rules[4].lists, 1));
	parsed_deinit(&parsed);
}

static void test_mistakes(void **state)
{
	(void)state;
	static const struct mistake mistakes[] = {
		{LISTS "  - {name: a, lists: [{name: tvs, evidence: B}], action: flag}\n", 10, 30,
	     "unknown list `tvs`|did you mean `tv`"},
		{LISTS "  - {name: a, lists: [{name: tv, evidence: high}], action: flag}\n", 10, 44,
	     "`evidence`|`high`"},
		{LISTS "  - {name: a, lists: [{name: tv, evidense: B}], action: flag}\n", 10, 34,
	     "`evidense`|`evidence`"},
		{LISTS "  - {name: a, lists: [tv, {evidence: B}], action: flag}\n", 10, 27,
	     "a list of a rule|`name`"},
		{LISTS "  - {name: a, lists: [{name: zone, evidence: B}], action: flag}\n", 10, 23,
	     "mean nothing to a zone|`zone`"},
		{LISTS "  - {name: a, lists: [{name: updates, kinds: required}], action: flag}\n", 10, 23,
	     "nothing is left|`updates`"},
	};
	check_mistakes(mistakes, PF_COUNT(mistakes));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_some_lines),
		cmocka_unit_test(test_mistakes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
