/* What each rule says, in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "unit/policy/fixture.h"

struct why_row {
	const char *rule; /* what stands in it besides name and action */
	struct ask ask;
	const char *why; /* with the result before it */
};

static const char *const results[] = {
	[STEP_MATCHES] = "matches",
	[STEP_SHADOWED] = "shadowed",
	[STEP_NO_MATCH] = "no match",
	[STEP_NOT_ASKED] = "not asked",
};

static void check_step(const struct policy_step *step, const char *expected)
{
	char text[FIXTURE_TEXT_MAX];
	snprintf(text, sizeof text, "%s: %s", results[step->result], step->why);
	if (strcmp(text, expected))
		fail_msg("rule %u: \"%s\" should be \"%s\"", step->rule, text, expected);
}

static const char cn[] = "overseas medium, 203.0.113.7 overseas CN CN 37963";
static const struct why_row rows[] = {
	{"tags: [coffee, camera]",
     {.name = "x.example"},
     "no match: the device has none of the tags coffee, camera"},
	{"types: [AAAA, HTTPS]", {.name = "x.example"}, "no match: the type A is none of AAAA, HTTPS"},
	{"names: [\"*.update.example.com\"]",
     {.name = "x.example"},
     "no match: the name is none of *.update.example.com"},
	{"lists: [tv, xiaomi]",
     {.name = "x.example", .lists = "other"},
     "no match: the name is on none of the lists tv, xiaomi"},
	{"standing: overseas",
     {.name = "x.example", .facts = "home high, 192.0.2.1 home US US 1"},
     "no match: the answer stands home, not overseas"},
	{"standing: overseas",
     {.name = "x.example", .facts = "none none"},
     "no match: the answer holds no address"},
	{"standing: overseas, confidence: high",
     {.name = "x.example", .facts = cn},
     "no match: the confidence is medium, the rule needs high"},
	{"standing: unknown",
     {.name = "x.example", .facts = "unknown none, 192.0.2.1 unknown - - 0"},
     "no match: the confidence is none, the rule needs low"},
	{"standing: overseas, match: all",
     {.name = "x.example",
      .facts = "overseas low, 192.0.2.1 home US US 1, 192.0.2.2 overseas CN CN 1"},
     "no match: not all addresses: 192.0.2.1 stands home"},
	{"location: CN, match: all",
     {.name = "x.example",
      .facts = "overseas low, 192.0.2.2 overseas CN CN 1, 192.0.2.1 home US US 1"},
     "no match: not all addresses: 192.0.2.1 is not in CN"},
	{"location: RU", {.name = "x.example", .facts = cn}, "no match: no address is in RU"},
	{"location: [\"!CN\", \"!RU\"]",
     {.name = "x.example", .facts = cn},
     "no match: no address is in a known country outside CN, RU"},
	{"control: [RU, DE]",
     {.name = "x.example", .facts = cn},
     "no match: no address is controlled from RU, DE"},
	{"control: \"!CN\"",
     {.name = "x.example", .facts = cn},
     "no match: no address is controlled from a known country outside CN"},
	{"asn: [1, 45090]",
     {.name = "x.example", .facts = cn},
     "no match: no address is run by AS1, AS45090"},
	{"addresses: [10.0.0.0/8, 192.0.2.1]",
     {.name = "x.example", .facts = cn},
     "no match: no address is in 10.0.0.0/8, 192.0.2.1/32"},
	{"addresses: [10.0.0.0/8]",
     {.name = "x.example", .facts = "none none"},
     "no match: no address is in 10.0.0.0/8"},
	{"location: IE, control: CN",
     {.name = "x.example",
      .facts = "overseas high, 192.0.2.1 overseas IE US 1, 192.0.2.2 overseas DE CN 1"},
     "no match: no single address meets all that the rule asks of one"},
	{"location: IE, control: CN",
     {.name = "x.example",
      .facts = "overseas high, 192.0.2.1 overseas IE US 1, 192.0.2.2 overseas DE US 1"},
     "no match: no address is controlled from CN"},
	{"cname: [c.example, \"*.d.example\"]",
     {.name = "x.example", .facts = cn, .hops = "e.example"},
     "no match: no CNAME is any of c.example, *.d.example"},
	{"cname: [c.example]", {.name = "x.example", .facts = cn}, "no match: the answer has no CNAME"},
	{"standing: overseas", {.name = "x.example"}, "not asked: there is no answer to look at"},
	{"types: [A]", {.name = "x.example"}, "matches: it asks for nothing that the query has not"},
	{"names: [\"*.example\"]", {.name = "x.example"}, "matches: the name matches *.example"},
	{"lists: [tv, xiaomi]",
     {.name = "x.example", .lists = "xiaomi"},
     "matches: the name is on the list xiaomi"},
	{"cname: [c.example]",
     {.name = "x.example", .facts = cn, .hops = "e.example c.example"},
     "matches: the CNAME number 2 matches c.example"},
	{"standing: overseas",
     {.name = "x.example", .facts = cn},
     "matches: the answer stands overseas with medium confidence, and 203.0.113.7 meets the rule"},
};

static void test_one_rule(void **state)
{
	(void)state;
	for (size_t i = 0; i < PF_COUNT(rows); i++) {
		struct fixture fixture;
		char rule[300];
		snprintf(rule, sizeof rule, "  - {name: r, %s, action: flag}\n", rows[i].rule);
		fixture_init(&fixture, rule);
		struct policy_step *steps = fixture_explain(&fixture, &rows[i].ask);
		check_step(&steps[0], rows[i].why);
		free(steps);
		fixture_deinit(&fixture);
	}
}

static void check_steps(const char *rules, const struct ask *ask, const char *const *expected)
{
	struct fixture fixture;
	fixture_init(&fixture, rules);
	struct policy_step *steps = fixture_explain(&fixture, ask);
	for (size_t i = 0; i < policy_rule_count(fixture.policy); i++)
		check_step(&steps[i], expected[i]);
	free(steps);
	fixture_deinit(&fixture);
}

static const char overseas[] = "overseas high, 203.0.113.7 overseas CN CN 1";
#define MEETS \
	"matches: the answer stands overseas with high confidence, and 203.0.113.7 meets the rule"

static void test_shadowed(void **state)
{
	(void)state;
	static const char rules[] = "  - {name: a, names: [y.example], action: allow}\n"
								"  - {name: b, names: [x.example], action: sinkhole}\n"
								"  - {name: c, standing: overseas, action: sinkhole}\n"
								"  - {name: d, names: [\"*.example\"], action: allow}\n";
	static const char *const expected[] = {
		"no match: the name is none of y.example",
		"matches: the name matches x.example",
		"not asked: rule 2 has decided by names alone",
		"shadowed: an earlier rule has decided (rule 2)",
	};
	check_steps(rules, &(struct ask){.name = "x.example", .facts = overseas}, expected);
}

static void test_both_stages(void **state)
{
	(void)state;
	static const char rules[] = "  - {name: a, standing: overseas, action: allow}\n"
								"  - {name: b, names: [x.example], action: flag}\n"
								"  - {name: c, standing: overseas, action: sinkhole}\n";
	static const char *const kept[] = {
		"shadowed: the name is flagged already (rule 2), and only a sinkhole would change that",
		"matches: the name matches x.example",
		"shadowed: an earlier rule has decided (rule 1)",
	};
	static const char *const without_flag[] = {
		MEETS,
		"no match: the name is none of x.example",
		"shadowed: an earlier rule has decided (rule 1)",
	};
	static const char sinking[] = "  - {name: a, names: [x.example], action: flag}\n"
								  "  - {name: b, standing: overseas, action: sinkhole}\n";
	static const char *const sunk[] = {
		"shadowed: it flags, but rule 2 sinkholes the answer",
		MEETS,
	};
	check_steps(rules, &(struct ask){.name = "x.example", .facts = overseas}, kept);
	check_steps(rules, &(struct ask){.name = "y.example", .facts = overseas}, without_flag);
	check_steps(sinking, &(struct ask){.name = "x.example", .facts = overseas}, sunk);
}

/* Long lists of what a rule names are cut with their number, never in the middle of the text's memory. */
static void test_long(void **state)
{
	(void)state;
	char rules[8000] = "  - {name: r, action: flag, names: [n0.example";
	for (unsigned i = 1; i < 200; i++)
		sprintf(rules + strlen(rules), ", n%u.example", i);
	strcat(rules, "]}\n  - {name: s, action: flag, names: [");
	for (unsigned i = 0; i < 62; i++)
		strcat(rules, i % 2 ? ".a" : "a");
	for (unsigned i = 0; i < 60; i++)
		strcat(rules, ".b");
	strcat(rules, ", c.example]}\n");
	struct fixture fixture;
	fixture_init(&fixture, rules);
	struct policy_step *steps =
		fixture_explain(&fixture, &(struct ask){.name = "x.example", .facts = overseas});
	size_t length = strlen(steps[0].why);
	assert_true(length < sizeof steps[0].why);
	const char *rest = strstr(steps[0].why, " and ");
	assert_non_null(rest);
	unsigned shown = 0, more = 0;
	for (const char *at = steps[0].why; (at = strstr(at, ".example")); at++)
		shown++;
	assert_int_equal(sscanf(rest, " and %u more", &more), 1);
	assert_int_equal(shown + more, 200);
	assert_int_equal(strlen(steps[1].why), sizeof steps[1].why - 1);
	free(steps);
	fixture_deinit(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_rule),
		cmocka_unit_test(test_shadowed),
		cmocka_unit_test(test_both_stages),
		cmocka_unit_test(test_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
