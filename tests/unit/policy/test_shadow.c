/* Which rule shadows which. That no shadowed rule ever decides is shown by lot in test_program.c. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy/shadow.h"
#include "unit/policy/fixture.h"

struct pair {
	const char *earlier, *later;
	bool shadows;
};

static const struct pair pairs[] = {
	{"", "", true},
	{"", "names: a", true},
	{"names: a", "", false},
	{"names: [a, b.c]", "names: b.c", true},
	{"names: [a, b.c]", "names: [b.c, d]", false},
	{"names: \"*.c\"", "names: [b.c, \"*.b.c\", \"*.c\"]", true},
	{"names: \"*.c\"", "names: c", false},
	{"names: \"*.b.c\"", "names: \"*.c\"", false},
	{"names: [\"*.c\", \"!x.c\"]", "names: b.c", false},
	{"names: [\"*.c\", \"!x.c\"]", "names: [b.c, \"!x.c\"]", true},
	{"names: [\"*.c\", \"!x.c\"]", "names: [b.c, \"!*.c\"]", true},
	{"names: \"!x.c\"", "names: \"!*.c\"", true},
	{"names: \"!*.c\"", "names: \"!x.c\"", false},
	{"tags: coffee", "tags: coffee, names: a", true},
	{"tags: coffee", "names: a", false},
	{"tags: [coffee, camera]", "tags: camera", true},
	{"tags: camera", "tags: [coffee, camera]", false},
	{"tags: camera", "tags-all: [coffee, camera]", true},
	{"tags-all: [coffee, camera]", "tags: camera", false},
	{"tags-all: camera", "tags: camera", true},
	{"tags: [coffee, \"!camera\"]", "tags: coffee", false},
	{"tags: [coffee, \"!camera\"]", "tags: [coffee, \"!camera\", \"!tv-set\"]", true},
	{"tags: all", "tags: coffee", true},
	{"types: [A, AAAA]", "types: A", true},
	{"types: A", "types: [A, AAAA]", false},
	{"types: \"!A\"", "types: AAAA", true},
	{"types: \"!A\"", "types: A", false},
	{"types: \"!A\"", "types: [\"!A\", \"!AAAA\"]", true},
	{"types: [\"!A\", \"!AAAA\"]", "types: \"!A\"", false},
	{"types: A", "types: \"!AAAA\"", false},
	{"lists: [tv, xiaomi]", "lists: tv", true},
	{"lists: tv", "lists: [tv, xiaomi]", false},
	{"lists: [tv, \"!xiaomi\"]", "lists: tv", false},
	{"lists: [tv, \"!xiaomi\"]", "lists: [tv, \"!xiaomi\"]", true},
	/* A list also catches CNAMEs, where a rule on names does not act. */
	{"names: \"*.c\"", "names: \"*.c\", lists: tv", false},
	{"lists: tv, follow-cname: off", "lists: tv", false},
	{"lists: tv", "lists: tv, follow-cname: off", true},
	{"during: mon-fri", "during: tue 08:00-09:00", true},
	{"during: tue 08:00-09:00", "during: mon-fri", false},
	{"during: mon-fri", "names: a", false},
	{"during: {at: mon, zone: UTC}", "during: mon", false},
	{"standing: overseas, confidence: low", "standing: overseas", true},
	{"standing: overseas", "standing: overseas, confidence: low", false},
	{"standing: overseas", "standing: home", false},
	{"location: [CN, US], match: any", "location: CN, match: any", true},
	{"location: \"!US\", match: any", "location: CN, match: any", true},
	{"location: \"!US\", match: any", "location: \"!CN\", match: any", false},
	{"location: CN, match: all", "location: CN, match: any", false},
	{"location: CN, match: any", "location: CN, match: all", true},
	{"asn: [1, 2], match: any", "asn: 1, location: CN, match: any", true},
	{"addresses: 192.0.2.0/24, match: any", "addresses: 192.0.2.128/25, match: any", true},
	{"addresses: 192.0.2.128/25, match: any", "addresses: 192.0.2.0/24, match: any", false},
	{"addresses: \"!192.0.2.128/25\", match: any", "addresses: \"!192.0.2.0/24\", match: any",
     true},
	{"addresses: \"!192.0.2.0/24\", match: any", "addresses: \"!192.0.2.128/25\", match: any",
     false},
	{"addresses: \"::/0\", match: any", "addresses: 192.0.2.0/24, match: any", false},
	{"cname: \"*.c\"", "cname: b.c", true},
	{"cname: b.c", "cname: \"*.c\"", false},
	/* Another stage: what is flagged by its name is looked at again. */
	{"names: a", "names: a, location: CN", false},
	{"names: a, location: CN", "names: a", false},
};

static void test_pairs(void **state)
{
	(void)state;
	for (size_t i = 0; i < PF_COUNT(pairs); i++) {
		struct fixture fixture;
		char rules[500];
		const struct pair *pair = &pairs[i];
		snprintf(rules, sizeof rules,
		         "  - {name: earlier, action: sinkhole%s%s}\n"
		         "  - {name: later, action: sinkhole%s%s}\n",
		         *pair->earlier ? ", " : "", pair->earlier, *pair->later ? ", " : "", pair->later);
		assert_int_equal(fixture_compile(&fixture, rules), PF_OK);
		if (policy_shadows(&fixture.config->rules[0], &fixture.config->rules[1]) != pair->shadows)
			fail_msg("{%s} and {%s}", pair->earlier, pair->later);
		size_t told = 0;
		for (size_t k = 0; k < fixture.diag.count; k++)
			told += strstr(fixture.diag.entries[k].text, "can never decide") != NULL;
		assert_int_equal(told, pair->shadows);
		fixture_deinit(&fixture);
	}
}

static void test_told(void **state)
{
	(void)state;
	struct fixture fixture;
	assert_int_equal(fixture_compile(&fixture,
	                                 "  - {name: all of it, names: \"*.example\", action: flag}\n"
	                                 "  - {name: x, names: x.test, action: flag}\n"
	                                 "  - {name: a, names: a.example, action: sinkhole}\n"),
	                 PF_OK);
	assert_int_equal(fixture.diag.warnings, 1);
	const struct diag_entry *entry = &fixture.diag.entries[0];
	const struct config_pos pos = fixture.config->rules[2].pos;
	assert_int_equal(entry->line, pos.line);
	assert_int_equal(entry->column, pos.column);
	char words[100];
	snprintf(words, sizeof words, "\"a\" can never decide: \"all of it\" on line %u", pos.line - 2);
	assert_non_null(strstr(entry->text, words));
	fixture_deinit(&fixture);
}

/* What a rule does is not asked: sinkhole, flag and allow before each other. */
static void test_actions(void **state)
{
	(void)state;
	static const char *const actions[] = {"sinkhole", "flag", "allow"};
	for (size_t i = 0; i < PF_COUNT(actions); i++)
		for (size_t k = 0; k < PF_COUNT(actions); k++) {
			struct fixture fixture;
			char rules[300];
			snprintf(rules, sizeof rules,
			         "  - {name: earlier, names: \"*.test\", action: %s}\n"
			         "  - {name: later, names: a.test, action: %s}\n",
			         actions[i], actions[k]);
			assert_int_equal(fixture_compile(&fixture, rules), PF_OK);
			/* An `allow` also lets a CNAME of that name pass, which the earlier one does only when it is one too; behind
			 * a sinkhole that is not what its author wants. */
			bool warns = k != 2 || i != 1;
			if ((fixture.diag.warnings == 1) != warns)
				fail_msg("%s, %s: %zu", actions[i], actions[k], fixture.diag.warnings);
			if (warns)
				assert_non_null(
					strstr(fixture.diag.entries[0].text,
				           i == 0 && k == 2
				               ? "\"later\" allows none of its names: \"earlier\" on line"
				               : "\"later\" can never decide"));
			fixture_deinit(&fixture);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_pairs), cmocka_unit_test(test_told),
	                                   cmocka_unit_test(test_actions)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
