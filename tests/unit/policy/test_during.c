/* `during`: when rules act, with the clock in our hand. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "unit/policy/fixture.h"

/* "2026-11-25T18:00Z" */
static int64_t utc(const char *text)
{
	struct tm moment = {0};
	assert_non_null(strptime(text, "%Y-%m-%dT%H:%MZ", &moment));
	return timegm(&moment);
}

struct moment {
	const char *utc;
	bool acts;
};

static void check_moments(const char *during, const struct moment *moments, size_t count)
{
	struct fixture fixture;
	char rules[300];
	snprintf(rules, sizeof rules, "  - {name: a, during: %s, action: sinkhole}\n", during);
	fixture_init(&fixture, rules);
	for (size_t i = 0; i < count; i++) {
		char text[FIXTURE_TEXT_MAX];
		struct ask ask = {.name = "x.example", .wall_s = utc(moments[i].utc)};
		fixture_decide(&fixture, &ask, text, NULL);
		bool acts = strcmp(text, NOTHING) != 0;
		if (acts != moments[i].acts)
			fail_msg("%s at %s: %s", during, moments[i].utc, text);
	}
	fixture_deinit(&fixture);
}

#define MOMENTS(during, ...)                                  \
	do {                                                      \
		static const struct moment moments[] = {__VA_ARGS__}; \
		check_moments(during, moments, PF_COUNT(moments));    \
	} while (0)

static void need_zones(void)
{
	if (access("/usr/share/zoneinfo/Europe/Berlin", R_OK))
		skip();
}

/* 2026-11-23 is a Monday. */
static void test_windows(void **state)
{
	(void)state;
	MOMENTS("{at: \"08:00-17:30\", zone: UTC}", {"2026-11-23T07:59Z", false},
	        {"2026-11-23T08:00Z", true}, {"2026-11-29T17:29Z", true}, {"2026-11-29T17:30Z", false});
	MOMENTS("{at: \"mon-wed,Sat 08:00-17:30\", zone: UTC}", {"2026-11-23T08:00Z", true},
	        {"2026-11-25T08:00Z", true}, {"2026-11-26T08:00Z", false}, {"2026-11-28T08:00Z", true},
	        {"2026-11-29T08:00Z", false});
	MOMENTS("{at: sat-mon, zone: UTC}", {"2026-11-27T23:59Z", false}, {"2026-11-28T00:00Z", true},
	        {"2026-11-29T12:00Z", true}, {"2026-11-30T23:59Z", true}, {"2026-12-01T00:00Z", false});
	MOMENTS("{at: [mon 08:00-09:00, \"tue 23:00-24:00\"], zone: UTC}", {"2026-11-23T08:30Z", true},
	        {"2026-11-23T23:30Z", false}, {"2026-11-24T23:59Z", true},
	        {"2026-11-25T00:00Z", false});
}

/* A window over midnight belongs to the day on which it begins; Sunday's ends on Monday. */
static void test_over_midnight(void **state)
{
	(void)state;
	MOMENTS("{at: \"fri,sun 22:00-06:00\", zone: UTC}", {"2026-11-27T05:59Z", false},
	        {"2026-11-27T21:59Z", false}, {"2026-11-27T22:00Z", true}, {"2026-11-28T05:59Z", true},
	        {"2026-11-28T06:00Z", false}, {"2026-11-28T22:00Z", false}, {"2026-11-29T23:00Z", true},
	        {"2026-11-30T05:59Z", true}, {"2026-11-30T06:00Z", false});
	MOMENTS("{at: \"22:00-00:00\", zone: UTC}", {"2026-11-27T22:00Z", true},
	        {"2026-11-27T23:59Z", true}, {"2026-11-28T00:00Z", false});
}

/* In 2026 Berlin's summer begins on March 29 at 01:00 UTC (02:00 becomes 03:00) and ends on October 25 at 01:00 UTC
 * (03:00 becomes 02:00). */
static void test_berlin(void **state)
{
	(void)state;
	need_zones();
	MOMENTS("{at: \"08:00-17:00\", zone: Europe/Berlin}", {"2026-03-28T06:59Z", false},
	        {"2026-03-28T07:00Z", true}, {"2026-03-29T05:59Z", false}, {"2026-03-29T06:00Z", true},
	        {"2026-03-29T14:59Z", true}, {"2026-03-29T15:00Z", false}, {"2026-10-24T06:00Z", true},
	        {"2026-10-25T06:00Z", false}, {"2026-10-25T07:00Z", true});
	/* The hour that does not exist in spring, and exists twice in autumn. */
	MOMENTS("{at: \"02:00-03:00\", zone: Europe/Berlin}", {"2026-03-28T01:30Z", true},
	        {"2026-03-29T00:59Z", false}, {"2026-03-29T01:00Z", false},
	        {"2026-03-29T01:30Z", false}, {"2026-10-25T00:00Z", true}, {"2026-10-25T00:59Z", true},
	        {"2026-10-25T01:00Z", true}, {"2026-10-25T01:59Z", true}, {"2026-10-25T02:00Z", false});
	/* Over midnight and the change: it ends at 06:00 of the new time. */
	MOMENTS("{at: \"sat 22:00-06:00\", zone: Europe/Berlin}", {"2026-03-28T20:59Z", false},
	        {"2026-03-28T21:00Z", true}, {"2026-03-29T03:59Z", true}, {"2026-03-29T04:00Z", false},
	        {"2026-10-24T20:00Z", true}, {"2026-10-25T04:59Z", true}, {"2026-10-25T05:00Z", false});
	/* Years that stand in no table of the file, only in its rule. */
	MOMENTS("{at: \"08:00-17:00\", zone: Europe/Berlin}", {"2060-07-01T06:00Z", true},
	        {"2060-07-01T15:00Z", false}, {"2060-12-01T06:30Z", false},
	        {"2060-12-01T15:30Z", true});
}

/* New York: March 8 at 07:00 UTC, November 1 at 06:00 UTC. */
static void test_new_york(void **state)
{
	(void)state;
	need_zones();
	MOMENTS("{at: \"sun 01:00-02:00\", zone: America/New_York}", {"2026-03-08T05:59Z", false},
	        {"2026-03-08T06:00Z", true}, {"2026-03-08T06:59Z", true}, {"2026-03-08T07:00Z", false},
	        {"2026-11-01T05:00Z", true}, {"2026-11-01T05:59Z", true}, {"2026-11-01T06:00Z", true},
	        {"2026-11-01T06:59Z", true}, {"2026-11-01T07:00Z", false});
	MOMENTS("{at: \"mon 00:00-08:00\", zone: America/New_York}", {"2026-03-09T03:59Z", false},
	        {"2026-03-09T04:00Z", true}, {"2026-03-09T11:59Z", true}, {"2026-03-09T12:00Z", false},
	        {"2026-11-02T04:59Z", false}, {"2026-11-02T05:00Z", true},
	        {"2026-11-02T13:00Z", false});
}

static void test_system_zone(void **state)
{
	(void)state;
	need_zones();
	setenv("TZ", "Asia/Tokyo", 1);
	MOMENTS("\"tue 08:00-09:00\"", {"2026-11-23T22:59Z", false}, {"2026-11-23T23:00Z", true},
	        {"2026-11-24T00:00Z", false});
	unsetenv("TZ");
}

static void check_why(const char *during, const char *at, const char *why)
{
	struct fixture fixture;
	char rules[300];
	struct ask ask = {.name = "x.example", .wall_s = utc(at)};
	snprintf(rules, sizeof rules, "  - {name: a, during: %s, action: flag}\n", during);
	fixture_init(&fixture, rules);
	struct policy_step *steps = fixture_explain(&fixture, &ask);
	assert_string_equal(steps[0].why, why);
	free(steps);
	fixture_deinit(&fixture);
}

static void test_explained(void **state)
{
	(void)state;
	need_zones();
	check_why("{at: [mon-fri 08:00-17:00, \"sat\"], zone: Europe/Berlin}", "2026-11-25T18:23Z",
	          "it is Wed 19:23 in Europe/Berlin, and the rule acts mon-fri 08:00-17:00, sat");
	setenv("TZ", "UTC", 1);
	check_why("sat", "2026-11-25T18:23Z", "it is Wed 18:23 here, and the rule acts sat");
	unsetenv("TZ");
}

/* Rules that share a zone share its table, and one that they do not share is found too. */
static void test_many_zones(void **state)
{
	(void)state;
	need_zones();
	static const char rules[] =
		"  - {name: a, during: {at: 08:00-09:00, zone: Europe/Berlin}, action: flag}\n"
		"  - {name: b, during: {at: 08:00-09:00, zone: America/New_York}, action: flag}\n"
		"  - {name: c, during: {at: 10:00-11:00, zone: Europe/Berlin}, action: flag}\n"
		"  - {name: d, during: {at: 08:00-09:00, zone: UTC}, action: flag}\n";
	const struct row rows[] = {
		{{.name = "x", .wall_s = utc("2026-01-05T07:00Z")}, "flag by 1 in names: always"},
		{{.name = "x", .wall_s = utc("2026-01-05T13:00Z")}, "flag by 2 in names: always"},
		{{.name = "x", .wall_s = utc("2026-01-05T09:00Z")}, "flag by 3 in names: always"},
		{{.name = "x", .wall_s = utc("2026-01-05T08:00Z")}, "flag by 4 in names: always"},
		{{.name = "x", .wall_s = utc("2026-01-05T12:00Z")}, NOTHING},
	};
	CHECK(rules, rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_windows),     cmocka_unit_test(test_over_midnight),
		cmocka_unit_test(test_berlin),      cmocka_unit_test(test_new_york),
		cmocka_unit_test(test_system_zone), cmocka_unit_test(test_explained),
		cmocka_unit_test(test_many_zones),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
