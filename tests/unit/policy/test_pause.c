/* Pauses: what is decided meanwhile, whom they concern, and their file. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy/pause.h"
#include "unit/policy/fixture.h"

#define HOME "home high, 192.0.2.1 home US US 1"
#define CN "overseas high, 203.0.113.7 overseas CN CN 37963"
#define MINUTE 60000000LL

static void test_decided(void **state)
{
	(void)state;
	static const char rules[] = "  - {name: allowed, names: ok.example, action: allow}\n"
								"  - {name: flagged, names: flag.example, action: flag}\n"
								"  - {name: sunk, lists: [tv], action: sinkhole, reply: drop}\n"
								"  - {name: far, standing: overseas, action: sinkhole}\n";
	static const struct row rows[] = {
		{{.paused = true, .name = "ok.example", .facts = CN},
	     "allow by 1 in names: name ok.example"},
		{{.paused = true, .name = "x.example", .facts = HOME}, NOTHING},
		{{.paused = true, .name = "x.example", .lists = "tv", .facts = CN},
	     "allow by 3 in names, paused 3: list 0"},
		{{.paused = true, .name = "x.example", .facts = CN},
	     "allow by 4 in answers, paused 4: address 0"},
		{{.paused = true, .name = "x.example", .facts = CN, .hops = "t", .hop_lists = "tv"},
	     "allow by 3 in answers, paused 3: cname 0 list 0"},
		{{.paused = true, .name = "flag.example", .facts = HOME},
	     "flag by 2 in names: name flag.example"},
		/* The flag stands, and what else would have been is known. */
		{{.paused = true, .name = "flag.example", .facts = CN},
	     "flag by 2 in names, paused 4: name flag.example"},
		{{.paused = true, .name = "flag.example", .facts = CN, .hops = "t", .hop_lists = "tv"},
	     "flag by 2 in names, paused 3: name flag.example"},
		{{.name = "flag.example", .facts = CN}, "sinkhole by 4 in answers: address 0"},
	};
	CHECK(rules, rows);
}

static void test_explained(void **state)
{
	(void)state;
	struct fixture fixture;
	fixture_init(&fixture, "  - {name: a, names: flag.example, action: flag}\n"
	                       "  - {name: b, standing: overseas, action: sinkhole}\n");
	struct ask ask = {.paused = true, .name = "flag.example", .facts = CN};
	struct policy_step *steps = fixture_explain(&fixture, &ask);
	assert_int_equal(steps[0].result, STEP_MATCHES);
	assert_int_equal(steps[1].result, STEP_SHADOWED);
	assert_non_null(strstr(steps[1].why, "203.0.113.7 meets the rule; but it is paused"));
	free(steps);
	fixture_deinit(&fixture);
}

static void test_set(void **state)
{
	(void)state;
	struct pauses pauses = {.count = 0};
	char tag[TAG_NAME_MAX];
	assert_int_equal(pauses_set(&pauses, "all", 10 * MINUTE, MINUTE), PF_OK);
	assert_int_equal(pauses_set(&pauses, "tv", 20 * MINUTE, MINUTE), PF_OK);
	assert_int_equal(pauses_set(&pauses, "tv", 5 * MINUTE, MINUTE),
	                 PF_OK); /* the last word counts */
	assert_int_equal(pauses.count, 2);
	assert_int_equal(pauses_set(&pauses, "tv", 0, MINUTE), PF_OK);
	assert_int_equal(pauses.count, 1);
	assert_int_equal(pauses_set(&pauses, "tv", 0, MINUTE), PF_OK);
	assert_int_equal(pauses_set(&pauses, "camera", 30 * MINUTE, 11 * MINUTE), PF_OK);
	assert_int_equal(pauses.count, 1); /* that of all was over */
	assert_string_equal(pauses.list[0].tag, "camera");
	for (size_t i = 1; i < PAUSE_COUNT_MAX; i++) {
		snprintf(tag, sizeof tag, "t%zu", i);
		assert_int_equal(pauses_set(&pauses, tag, 30 * MINUTE, 11 * MINUTE), PF_OK);
	}
	assert_int_equal(pauses_set(&pauses, "more", 30 * MINUTE, 11 * MINUTE), PF_EFULL);
	assert_int_equal(pauses_set(&pauses, "more", 60 * MINUTE, 30 * MINUTE), PF_OK);
	assert_int_equal(pauses.count, 1);
}

static void test_resolved(void **state)
{
	(void)state;
	struct fixture fixture;
	struct pauses pauses = {.generation = 7};
	struct paused paused;
	fixture_init(&fixture, "  []\n");
	const tag_set all = tag_bit(TAG_ALL), coffee = tag_bit(TAG_BUILTIN_COUNT);
	assert_string_equal(policy_tag_name(fixture.policy, TAG_BUILTIN_COUNT), "coffee");
	paused_resolve(&paused, NULL, fixture.policy);
	assert_int_equal(paused.generation, 0);
	assert_int_equal(paused_until(&paused, all, 0), 0);
	assert_int_equal(pauses_set(&pauses, "coffee", 10 * MINUTE, 1), PF_OK);
	assert_int_equal(pauses_set(&pauses, "gone", 90 * MINUTE, 1), PF_OK);
	paused_resolve(&paused, &pauses, fixture.policy);
	assert_int_equal(paused.generation, 7);
	assert_int_equal(paused_until(&paused, all, 2), 0);
	assert_int_equal(paused_until(&paused, all | coffee, 2), 10 * MINUTE);
	assert_int_equal(paused_until(&paused, all | coffee, 10 * MINUTE - 1), 10 * MINUTE);
	assert_int_equal(paused_until(&paused, all | coffee, 10 * MINUTE), 0); /* by itself */
	assert_int_equal(pauses_set(&pauses, "all", 20 * MINUTE, 1), PF_OK);
	paused_resolve(&paused, &pauses, fixture.policy);
	assert_int_equal(paused_until(&paused, all, 2), 20 * MINUTE);
	assert_int_equal(paused_until(&paused, all | coffee, 2), 20 * MINUTE);
	fixture_deinit(&fixture);
}

static void test_file(void **state)
{
	(void)state;
	struct pauses pauses = {.count = 0}, read;
	char text[PAUSE_FILE_BYTES_MAX];
	assert_int_equal(pauses_set(&pauses, "all", 10 * MINUTE, 1), PF_OK);
	assert_int_equal(pauses_set(&pauses, "tv-set_1", 20 * MINUTE, 1), PF_OK);
	size_t length = pauses_write(&pauses, text);
	assert_int_equal(pauses_read(&read, text, length, 1), PF_OK);
	assert_int_equal(read.count, 2);
	assert_string_equal(read.list[1].tag, "tv-set_1");
	assert_int_equal(read.list[1].until_wall_us, 20 * MINUTE);
	/* What is over meanwhile. */
	assert_int_equal(pauses_read(&read, text, length, 10 * MINUTE), PF_OK);
	assert_int_equal(read.count, 1);
	/* A clock that runs behind by more than the longest pause. */
	assert_int_equal(pauses_read(&read, text, length, 20 * MINUTE - PAUSE_DURATION_MAX_US - 1),
	                 PF_EINVAL);
	assert_int_equal(read.count, 0);
	/* Cut at every place, and every byte wrong in turn: nothing, or times that are possible. */
	for (size_t i = 0; i < length; i++) {
		assert_int_equal(pauses_read(&read, text, i, 1), PF_EINVAL);
		for (int bit = 0; bit < 8; bit++) {
			text[i] = (char)(text[i] ^ 1 << bit);
			int error = pauses_read(&read, text, length, 1);
			assert_true(error == PF_OK || read.count == 0);
			for (size_t k = 0; k < read.count; k++)
				assert_true(read.list[k].until_wall_us <= 1 + PAUSE_DURATION_MAX_US);
			text[i] = (char)(text[i] ^ 1 << bit);
		}
	}
	static const char *const wrong[] = {
		"",
		"end\n",
		"portafilter pauses 2\nend\n",
		"portafilter pauses 1\nend\nend\n",
		"portafilter pauses 1\nall\nend\n",
		"portafilter pauses 1\nall x\nend\n",
		"portafilter pauses 1\nall 1 \nend\n",
		"portafilter pauses 1\n 5\nend\n",
		"portafilter pauses 1\nALL 5\nend\n",
		"portafilter pauses 1\nall 9999999999999999999\nend\n",
	};
	for (size_t i = 0; i < PF_COUNT(wrong); i++)
		assert_int_equal(pauses_read(&read, wrong[i], strlen(wrong[i]), 1), PF_EINVAL);
	pauses.count = 0;
	length = pauses_write(&pauses, text);
	assert_int_equal(pauses_read(&read, text, length, 1), PF_OK);
	assert_int_equal(read.count, 0);
	static char large[PAUSE_FILE_BYTES_MAX + 1];
	assert_int_equal(pauses_read(&read, large, sizeof large, 1), PF_EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decided), cmocka_unit_test(test_explained),
		cmocka_unit_test(test_set),     cmocka_unit_test(test_resolved),
		cmocka_unit_test(test_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
