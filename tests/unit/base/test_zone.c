/* Time zones: held against the C library over all zones of this machine, and against files that are wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/diag.h"
#include "base/zone.h"
#include "base/zone_rule.h"
#include "support/effort.h"

#define DAY_S 86400

static void need_zones(void)
{
	if (access("/usr/share/zoneinfo/Europe/Berlin", R_OK)) {
		print_message("there is no tz database on this machine\n");
		skip();
	}
}

static long libc_offset_s(int64_t utc_s)
{
	time_t moment = (time_t)utc_s;
	struct tm local;
	assert_non_null(localtime_r(&moment, &local));
	return local.tm_gmtoff;
}

static void compare(const char *name, int64_t from_s, int64_t until_s, int64_t step_s)
{
	struct zone *zone;
	char variable[ZONE_NAME_MAX + 1];
	snprintf(variable, sizeof variable, ":%s", name);
	setenv("TZ", variable, 1);
	tzset();
	if (zone_load(name, &zone) != PF_OK)
		fail_msg("%s can not be read", name);
	for (int64_t at_s = from_s; at_s < until_s; at_s += step_s * 10 / effort(10)) {
		long expected = libc_offset_s(at_s);
		if (zone_offset_s(zone, at_s) != expected)
			fail_msg("%s at %lld: %d should be %ld", name, (long long)at_s,
			         zone_offset_s(zone, at_s), expected);
	}
	zone_free(&zone);
	assert_null(zone);
	unsetenv("TZ");
	tzset();
}

/* Every hour for 20 years, and every 5 hours until the rules' end. */
static void test_against_libc(void **state)
{
	static const char *const names[] = {"Europe/Berlin",       "America/New_York",
	                                    "Australia/Lord_Howe", "America/Sao_Paulo",
	                                    "Africa/Casablanca",   "Europe/Dublin",
	                                    "Asia/Kathmandu",      "Pacific/Chatham"};
	(void)state;
	need_zones();
	for (size_t i = 0; i < PF_COUNT(names); i++) {
		compare(names[i], zone_year_s(2015), zone_year_s(2035), 3600);
		compare(names[i], zone_year_s(1970), zone_year_s(ZONE_YEAR_LAST), 5 * 3600 + 7);
	}
}

static void test_every_zone(void **state)
{
	(void)state;
	need_zones();
	FILE *table = fopen("/usr/share/zoneinfo/tzdata.zi", "r");
	char line[500], target[100], name[100];
	size_t count = 0;
	if (!table)
		skip();
	while (fgets(line, sizeof line, table)) {
		char path[200];
		struct stat status;
		if (sscanf(line, "Z %99s", name) != 1 && sscanf(line, "L %99s %99s", target, name) != 2)
			continue;
		snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name);
		if (stat(path, &status))
			continue;
		compare(name, zone_year_s(2020), zone_year_s(2060), 37 * DAY_S + 3601);
		count++;
	}
	fclose(table);
	print_message("%zu zones\n", count);
	assert_true(count > 300);
}

static void test_week(void **state)
{
	(void)state;
	struct zone *zone;
	need_zones();
	assert_int_equal(zone_load("UTC", &zone), PF_OK);
	assert_int_equal(zone_week_minute(zone, 0), 3 * 1440); /* a Thursday */
	assert_int_equal(zone_week_minute(zone, -1), 3 * 1440 - 1);
	assert_int_equal(zone_week_minute(zone, 4 * DAY_S), 0);
	assert_int_equal(zone_week_minute(zone, 4 * DAY_S - 1), WEEK_MINUTES - 1);
	zone_free(&zone);
	assert_int_equal(zone_load("Europe/Berlin", &zone), PF_OK);
	/* 2026-03-29, a Sunday: 01:00 UTC is 03:00 there, a minute earlier it was 01:59. */
	assert_int_equal(zone_week_minute(zone, 1774746000), 6 * 1440 + 180);
	assert_int_equal(zone_week_minute(zone, 1774746000 - 60), 6 * 1440 + 119);
	zone_free(&zone);
}

static void test_names(void **state)
{
	static const char *const wrong[] = {
		"",   "../../../etc/passwd", "/etc/localtime", "Europe/Berl", "Europe", "Europe/../UTC",
		"-x", "Europe/Berlin ",      "\xc3\xa4"};
	(void)state;
	struct zone *zone;
	for (size_t i = 0; i < PF_COUNT(wrong); i++) {
		assert_int_not_equal(zone_load(wrong[i], &zone), PF_OK);
		assert_null(zone);
	}
	setenv("TZ", ":Asia/Tokyo", 1);
	need_zones();
	assert_int_equal(zone_load(NULL, &zone), PF_OK);
	assert_int_equal(zone_offset_s(zone, 1774746000), 9 * 3600);
	zone_free(&zone);
	unsetenv("TZ");
	assert_int_equal(zone_load(NULL, &zone), PF_OK);
	zone_free(&zone);
}

static void test_rules(void **state)
{
	static const char *const wrong[] = {
		"",
		"C1",
		"CET",
		"CET-",
		"CET-1CEST,M3.5.0",
		"CET-1CEST",
		"CET-1C,M3.5.0,M10.5.0/3",
		"CET-1CEST,M13.5.0,M10.5.0",
		"CET-1CEST,M3.6.0,M10.5.0",
		"CET-1CEST,M3.5.7,M10.5.0",
		"CET-1CEST,J0,J3",
		"CET-1CEST,366,3",
		"CET-1CEST,M3.5.0,M10.5.0/3x",
		"CET-168",
		"CET-1:60",
		"<+03-3",
		"CET-1CEST,M3.5.0,M10.5.0/1234",
		"CET-1:",
		"CET-1CEST,,",
	};
	(void)state;
	struct zone_rule rule;
	for (size_t i = 0; i < PF_COUNT(wrong); i++)
		if (zone_rule_parse(wrong[i], &rule) != PF_EINVAL)
			fail_msg("\"%s\" is taken", wrong[i]);
	assert_int_equal(zone_rule_parse("<-03>3", &rule), PF_OK);
	assert_int_equal(rule.standard_s, -3 * 3600);
	assert_false(rule.has_summer);
	assert_int_equal(zone_rule_parse("IST-1GMT0,M10.5.0,M3.5.0/1", &rule), PF_OK);
	assert_int_equal(rule.summer_s, 0);
	assert_int_equal(zone_rule_parse("AAA3:30:15BBB,J60/-1,59/25:00", &rule), PF_OK);
	assert_int_equal(rule.standard_s, -(3 * 3600 + 30 * 60 + 15));
	/* March 1 in both years; and the day before it. */
	assert_int_equal(zone_rule_start(&rule, 2023), 1677628800 - 3600 - rule.standard_s);
	assert_int_equal(zone_rule_start(&rule, 2024), 1709251200 - 3600 - rule.standard_s);
	assert_int_equal(zone_rule_end(&rule, 2024), 1709164800 + 90000 - rule.summer_s);
}

/* Every byte of a real file wrong in turn, and every length: refused or taken, never a crash. */
static void test_damaged(void **state)
{
	(void)state;
	need_zones();
	static uint8_t bytes[ZONE_FILE_BYTES_MAX];
	struct zone *zone;
	FILE *file = fopen("/usr/share/zoneinfo/Europe/Berlin", "r");
	assert_non_null(file);
	size_t length = fread(bytes, 1, sizeof bytes, file), refused = 0;
	fclose(file);
	assert_int_equal(zone_parse(bytes, length, &zone), PF_OK);
	zone_free(&zone);
	for (size_t i = 0; i < length; i++) {
		uint8_t *copy = malloc(i + 1);
		assert_non_null(copy);
		memcpy(copy, bytes, i);
		refused += zone_parse(copy, i, &zone) != PF_OK;
		zone_free(&zone);
		free(copy);
		uint8_t was = bytes[i];
		bytes[i] ^= 0xff;
		if (zone_parse(bytes, length, &zone) == PF_OK)
			(void)zone_offset_s(zone, 1774746000);
		zone_free(&zone);
		bytes[i] = was;
	}
	assert_int_equal(refused, length);
	assert_int_equal(zone_parse(bytes, ZONE_FILE_BYTES_MAX + 1, &zone), PF_EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_libc), cmocka_unit_test(test_every_zone),
		cmocka_unit_test(test_week),         cmocka_unit_test(test_names),
		cmocka_unit_test(test_rules),        cmocka_unit_test(test_damaged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
