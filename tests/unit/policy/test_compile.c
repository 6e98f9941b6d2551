/* Compiling: regexes that are wrong, what the policy says about itself, and that it stands on its own. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "unit/policy/fixture.h"

static void check_error(const struct fixture *fixture, size_t i, unsigned line, unsigned column,
                        const char *text)
{
	assert_true(i < fixture->diag.count);
	const struct diag_entry *entry = &fixture->diag.entries[i];
	assert_int_equal(entry->level, DIAG_ERROR);
	assert_string_equal(entry->file, "test.yaml");
	assert_int_equal(entry->line, line);
	assert_int_equal(entry->column, column);
	if (!strstr(entry->text, text))
		fail_msg("\"%s\" does not say \"%s\"", entry->text, text);
}

#define HEAD_LINES 8 /* of the fixture, before the first rule */

/* All that are wrong are told, those of names and of cname, and those of other rules. */
static void test_wrong_regexes(void **state)
{
	(void)state;
	struct fixture fixture;
	static const char rules[] =
		"  - {name: a, names: [\"/a(b/\", ok.example, \"/fine/\", \"/(x)\\\\1/\"], cname: [\"/[z/\"], action: flag}\n"
		"  - {name: b, names: [\"/right/\"], action: flag}\n"
		"  - {name: c, names: [\"/a(?=b)/\"], action: flag}\n";
	assert_int_equal(fixture_compile(&fixture, rules), PF_EINVAL);
	assert_null(fixture.policy);
	assert_int_equal(fixture.diag.errors, 4);
	check_error(&fixture, 0, HEAD_LINES + 1, 23,
	            "the regular expression `/a(b/` can not be used: ");
	check_error(&fixture, 1, HEAD_LINES + 1, 54, "`/(x)\\1/` can not be used: ");
	check_error(&fixture, 2, HEAD_LINES + 1, 75, "`/[z/` can not be used: ");
	check_error(&fixture, 3, HEAD_LINES + 3, 23, "`/a(?=b)/` can not be used: ");
	for (size_t i = 0; i < fixture.diag.count; i++)
		print_message("%s\n", fixture.diag.entries[i].text);
	fixture_deinit(&fixture);
}

/* Expressions that hold up engines that try all ways: compiled, and asked with the worst name. */
static void test_hostile_regexes(void **state)
{
	(void)state;
	struct fixture fixture;
	char text[FIXTURE_TEXT_MAX], name[256] = "";
	fixture_init(
		&fixture,
		"  - {name: a, names: [\"/^(a+)+$/\", \"/(a|aa)+b$/\", \"/(.*)*x/\"], action: flag}\n");
	for (unsigned i = 0; i < 126; i++)
		strcat(name, i ? ".a" : "a");
	fixture_decide(&fixture, &(struct ask){.name = name}, text, NULL);
	assert_string_equal(text, "allow by 0 in none");
	fixture_deinit(&fixture);
}

/* Each thread has a scratch of its own, and they do not depend on each other. */
static void test_scratches(void **state)
{
	(void)state;
	struct fixture fixture;
	char text[FIXTURE_TEXT_MAX];
	fixture_init(&fixture, "  - {name: a, names: [\"/ads/\"], action: flag}\n");
	struct policy_scratch *other = policy_scratch_new(fixture.policy);
	assert_non_null(other);
	policy_scratch_free(&fixture.scratch);
	fixture.scratch = other;
	fixture_decide(&fixture, &(struct ask){.name = "ads.example"}, text, NULL);
	assert_string_equal(text, "flag by 1 in names: name /ads/");
	fixture_deinit(&fixture);
}

static void test_infos(void **state)
{
	(void)state;
	static const char rules[] =
		"  - {name: one, tags: [coffee], lists: [tv], follow-cname: off, action: sinkhole}\n"
		"  - {name: two, tags: [camera], standing: overseas, action: flag}\n"
		"  - {name: three, types: [A], action: allow}\n"
		"  - {name: four, tags: [tv-set], location: CN, lists: [tv], action: flag}\n";
	struct fixture fixture;
	struct policy_rule_info info;
	fixture_init(&fixture, rules);
	const struct policy *policy = fixture.policy;
	assert_int_equal(policy_rule_count(policy), 4);
	policy_rule_info(policy, 1, &info);
	assert_string_equal(info.name, "one");
	assert_int_equal(info.action, ACTION_SINKHOLE);
	assert_int_equal(info.stage, STAGE_NAMES);
	assert_string_equal(policy_tag_name(policy, (size_t)__builtin_ctzll(info.tags)), "coffee");
	tag_set coffee = info.tags;
	policy_rule_info(policy, 2, &info);
	assert_int_equal(info.stage, STAGE_ANSWERS);
	tag_set camera = info.tags;
	policy_rule_info(policy, 3, &info);
	assert_int_equal(info.action, ACTION_ALLOW);
	assert_true(info.tags == tag_bit(TAG_ALL));
	policy_rule_info(policy, 4, &info);
	tag_set tv = info.tags;
	assert_true(policy_needs_answer(policy, fixture.scratch, camera, 1, NULL, 1));
	assert_true(policy_needs_answer(policy, fixture.scratch, tv, 1, NULL, 1));
	assert_false(policy_needs_answer(policy, fixture.scratch, coffee, 1, NULL, 1));
	assert_false(policy_needs_answer(policy, fixture.scratch, tag_bit(TAG_ALL), 1, NULL, 1));
	assert_true(policy_needs_lists(policy, fixture.scratch, coffee));
	assert_true(policy_needs_lists(policy, fixture.scratch, tv | tag_bit(TAG_ALL)));
	assert_false(policy_needs_lists(policy, fixture.scratch, camera | tag_bit(TAG_ALL)));
	fixture_deinit(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong_regexes),
		cmocka_unit_test(test_hostile_regexes),
		cmocka_unit_test(test_scratches),
		cmocka_unit_test(test_infos),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
