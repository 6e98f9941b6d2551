/* Cloaked names: a name that is on no list, but leads over one that is. */
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

#define HOME "home high, 192.0.2.1 home US US 1"
#define CN "overseas high, 203.0.113.7 overseas CN CN 37963"

static void test_hops(void **state)
{
	(void)state;
	static const char rules[] =
		"  - {name: allowed, names: ok.tracker.example, action: allow}\n"
		"  - {name: flagged, tags: camera, lists: other, action: flag}\n"
		"  - {name: sunk, lists: [tv, xiaomi], types: [A, AAAA], action: sinkhole}\n"
		"  - {name: not followed, lists: other, follow-cname: off, tags: coffee, action: sinkhole}\n"
		"  - {name: far, standing: overseas, action: sinkhole}\n";
	static const struct row rows[] = {
		{{.name = "shop.example", .facts = HOME, .hops = "t.example", .hop_lists = "-"}, NOTHING},
		{{.name = "shop.example", .facts = HOME, .hops = "t.example", .hop_lists = "tv"},
	     "sinkhole by 3 in answers: cname 0 list 0"},
		{{.name = "shop.example", .facts = HOME, .hops = "t.example"}, NOTHING},
		{{.name = "shop.example", .facts = HOME, .hops = "a b c", .hop_lists = "- other xiaomi"},
	     "sinkhole by 3 in answers: cname 2 list 1"},
		{{.name = "shop.example",
	      .type = "HTTPS",
	      .facts = HOME,
	      .hops = "t.example",
	      .hop_lists = "tv"},
	     NOTHING},
		/* What is allowed when it is asked for is left alone on the way, and nothing more. */
		{{.name = "shop.example", .facts = HOME, .hops = "ok.tracker.example", .hop_lists = "tv"},
	     NOTHING},
		{{.name = "shop.example", .facts = CN, .hops = "ok.tracker.example", .hop_lists = "tv"},
	     "sinkhole by 5 in answers: address 0"},
		{{.name = "shop.example",
	      .facts = HOME,
	      .hops = "ok.tracker.example other.tracker.example",
	      .hop_lists = "tv tv"},
	     "sinkhole by 3 in answers: cname 1 list 0"},
		/* A name that is allowed itself may lead where it wants. */
		{{.name = "ok.tracker.example", .facts = HOME, .hops = "t.example", .hop_lists = "tv"},
	     "allow by 1 in names: name ok.tracker.example"},
		/* The name itself comes first. */
		{{.name = "x.example", .lists = "tv", .facts = HOME, .hops = "t", .hop_lists = "xiaomi"},
	     "sinkhole by 3 in names: list 0"},
		/* A flag is kept, and a sinkhole of a later hop or of the answer wins. */
		{{.tags = "camera", .name = "s.example", .facts = HOME, .hops = "t", .hop_lists = "other"},
	     "flag by 2 in answers: cname 0 list 2"},
		{{.tags = "camera",
	      .name = "s.example",
	      .facts = HOME,
	      .hops = "t u",
	      .hop_lists = "other tv"},
	     "sinkhole by 3 in answers: cname 1 list 0"},
		{{.tags = "camera", .name = "s.example", .facts = CN, .hops = "t", .hop_lists = "other"},
	     "sinkhole by 5 in answers: address 0"},
		{{.tags = "camera",
	      .name = "s.example",
	      .lists = "other",
	      .facts = HOME,
	      .hops = "t",
	      .hop_lists = "other"},
	     "flag by 2 in names: list 2"},
		{{.tags = "camera",
	      .name = "s.example",
	      .lists = "other",
	      .facts = HOME,
	      .hops = "t",
	      .hop_lists = "other,tv"},
	     "flag by 2 in names: list 2"}, /* for the hop, too, the first rule decides */
		{{.tags = "coffee", .name = "s.example", .facts = HOME, .hops = "t", .hop_lists = "other"},
	     NOTHING},
	};
	CHECK(rules, rows);
}

/* Rules on names, and those that only leave lists out, say nothing of what a name leads to. */
static void test_not_followed(void **state)
{
	(void)state;
	static const char rules[] =
		"  - {name: names, names: [\"*.t.example\"], action: sinkhole}\n"
		"  - {name: default, tags: camera, lists: \"!tv\", action: sinkhole}\n"
		"  - {name: both, lists: other, names: [\"*.b.example\", \"!c.b.example\"], action: flag}\n";
	static const struct row rows[] = {
		{{.name = "s.example", .facts = HOME, .hops = "x.t.example", .hop_lists = "-"}, NOTHING},
		{{.tags = "camera",
	      .name = "s.example",
	      .lists = "tv",
	      .facts = HOME,
	      .hops = "x.example",
	      .hop_lists = "-"},
	     NOTHING},
		{{.name = "s.example", .facts = HOME, .hops = "x.b.example", .hop_lists = "other"},
	     "flag by 3 in answers: cname 0 list 2"},
		{{.name = "s.example", .facts = HOME, .hops = "c.b.example", .hop_lists = "other"},
	     NOTHING},
		{{.name = "x.b.example", .facts = HOME, .hops = "s.example", .hop_lists = "other"},
	     NOTHING},
	};
	CHECK(rules, rows);
}

static void test_needed(void **state)
{
	(void)state;
	struct fixture fixture;
	fixture_init(&fixture, "  - {name: a, tags: coffee, lists: tv, action: sinkhole}\n"
	                       "  - {name: b, tags: camera, lists: tv, action: allow}\n"
	                       "  - {name: c, tags: tv-set, lists: \"!tv\", action: flag}\n"
	                       "  - {name: d, tags: unknown, lists: tv, follow-cname: off, "
	                       "action: sinkhole}\n");
	const tag_set all = tag_bit(TAG_ALL);
	struct policy_scratch *scratch = fixture.scratch;
	const struct policy *policy = fixture.policy;
	tag_set coffee = all | tag_bit(TAG_BUILTIN_COUNT),
			camera = all | tag_bit(TAG_BUILTIN_COUNT + 1),
			tv = all | tag_bit(TAG_BUILTIN_COUNT + 2);
	assert_string_equal(policy_tag_name(policy, TAG_BUILTIN_COUNT), "coffee");
	assert_true(policy_follows(policy, scratch, coffee));
	assert_true(policy_needs_answer(policy, scratch, coffee, 1, NULL, 1));
	assert_false(policy_follows(policy, scratch, camera)); /* there is nothing to be let pass */
	assert_false(policy_needs_answer(policy, scratch, camera, 1, NULL, 1));
	assert_true(policy_needs_lists(policy, scratch, camera));
	assert_false(policy_follows(policy, scratch, tv));
	assert_true(policy_needs_lists(policy, scratch, tv));
	assert_false(policy_follows(policy, scratch, all | tag_bit(TAG_UNKNOWN)));
	assert_false(policy_needs_lists(policy, scratch, all));
	assert_true(policy_follows(policy, NULL, coffee | camera));
	fixture_deinit(&fixture);
}

static void test_explained(void **state)
{
	(void)state;
	struct fixture fixture;
	fixture_init(&fixture, "  - {name: a, names: ok.example, action: allow}\n"
	                       "  - {name: b, lists: other, action: flag}\n"
	                       "  - {name: c, lists: tv, action: sinkhole}\n"
	                       "  - {name: d, standing: home, action: flag}\n");
	struct ask ask = {.name = "s.example",
	                  .facts = HOME,
	                  .hops = "ok.example u.example t.example",
	                  .hop_lists = "tv other tv"};
	struct policy_step *steps = fixture_explain(&fixture, &ask);
	assert_string_equal(steps[0].why, "it lets the CNAME number 1 pass: ok.example");
	assert_int_equal(steps[0].result, STEP_NO_MATCH);
	assert_string_equal(steps[1].why, "it flags, but rule 3 sinkholes the answer");
	assert_int_equal(steps[1].result, STEP_SHADOWED);
	assert_string_equal(steps[2].why, "the CNAME number 3 is on the list tv: t.example");
	assert_int_equal(steps[2].result, STEP_MATCHES);
	assert_int_equal(steps[2].stage, STAGE_ANSWERS);
	assert_int_equal(steps[3].result, STEP_NOT_ASKED);
	free(steps);
	fixture_deinit(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hops),
		cmocka_unit_test(test_not_followed),
		cmocka_unit_test(test_needed),
		cmocka_unit_test(test_explained),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
