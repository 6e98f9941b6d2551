/* The report of a journal whose habits are known, and what strangers' text becomes in its forms.
 * test_summary PATH writes that journal, for a look at it with `portafilter report`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "journal/sqlite/sqlite.h"
#include "report/summary.h"
#include "unit/journal/sample.h"
#include "unit/report/weeks.h"

#define DAY_US INT64_C(86400000000)

static json_t *make(void **state, const char *device, int64_t since_us)
{
	struct place *place = *state;
	const struct store_filter filter = {.device = device,
	                                    .since_wall_us = since_us,
	                                    .until_wall_us = WEEKS_END_US - 1};
	const struct summary_subject subject = {device, NULL, "US"};
	json_t *document = summary_make(place->store, &filter, &subject);
	if (!document)
		fail_msg("%s", place->store->error);
	return document;
}

static void a_device_is_told_whole(void **state)
{
	json_t *document = make(state, "lobby coffee", WEEKS_START_US);
	json_t *totals = json_object_get(document, "totals");
	const int64_t before = 14 * WEEKS_SINKHOLED_DAY;
	const int64_t after = 3 * 14 * (WEEKS_DAYS - WEEKS_SINKHOLED_DAY);
	const int64_t ntp = 4 * WEEKS_DAYS;
	assert_int_equal(number(totals, "queries"), before + after + ntp);
	assert_int_equal(number(totals, "sinkhole"), after);
	assert_int_equal(number(totals, "names"), 2);
	assert_int_equal(number(totals, "addresses"), 2);
	assert_int_equal(number(totals, "authenticated"), 1);
	json_t *findings = json_object_get(document, "findings");
	assert_non_null(strstr(json_string_value(json_array_get(findings, 2)), "1 of 2 addresses"));
	assert_int_equal(json_array_size(json_object_get(document, "devices")), 1);
	json_t *owner = row(document, "owners", "domain", "example.cn");
	assert_int_equal(number(owner, "queries"), before + after);
	assert_int_equal(number(owner, "sinkhole"), after);
	assert_int_equal(number(json_object_get(owner, "locations"), "CN"), 1);
	assert_int_equal(number(json_object_get(owner, "networks"),
	                        "AS37963 Alibaba (China) Technology"),
	                 1);
	assert_int_equal(number(json_object_get(owner, "standings"), "overseas"), 1);
	assert_int_equal(number(row(document, "locations", "country", "CN"), "addresses"), 1);
	json_t *retry = row(document, "retried", "name", "log.brew.example.cn");
	assert_non_null(retry);
	assert_int_equal(number(retry, "before"), before);
	assert_int_equal(number(retry, "after"), after);
	double was = json_number_value(json_object_get(retry, "before_per_day"));
	double is = json_number_value(json_object_get(retry, "after_per_day"));
	assert_true(was > 13.5 && was < 14.5);
	assert_true(is > 41 && is < 43.5);
	json_t *decided = row(document, "decided", "name", "log.brew.example.cn");
	assert_int_equal(number(decided, "count"), after);
	assert_string_equal(word(decided, "rule"), "coffee stays home");
	json_decref(document);
}

static void hours_are_those_of_the_week(void **state)
{
	json_t *document = make(state, "lobby coffee", WEEKS_START_US);
	json_t *monday = json_array_get(json_object_get(document, "hours"), 0);
	/* Four weeks before and two after; the time at 6, 12, 18, 0. */
	assert_int_equal(json_integer_value(json_array_get(monday, 7)), 4 + 3 * 2);
	assert_int_equal(json_integer_value(json_array_get(monday, 6)), 4 + 3 * 2 + 6);
	assert_int_equal(json_integer_value(json_array_get(monday, 5)), 0);
	assert_int_equal(json_integer_value(json_array_get(monday, 20)), 0);
	assert_string_equal(word(document, "zone"), "UTC");
	json_t *day = row(document, "days", "day", "2026-10-26");
	assert_int_equal(number(day, "sinkhole"), 42);
	assert_int_equal(number(day, "allow"), 4);
	json_decref(document);
}

static void what_is_new_is_new_to_the_device(void **state)
{
	json_t *document = make(state, "yard camera", WEEKS_END_US - 14 * DAY_US);
	assert_int_equal(json_array_size(json_object_get(document, "new")), 1);
	json_t *new = row(document, "new", "name", "new.cam.example.org");
	assert_string_equal(word(new, "location"), "SG");
	assert_string_equal(word(new, "first"), "2026-11-02T03:00:00.000Z");
	assert_null(row(document, "new", "name", "p2p.cam.example.org"));
	assert_non_null(row(document, "moved", "kind", "new-country"));
	assert_int_equal(number(json_object_get(document, "totals"), "queries"), 14 * 24 + 7);
	json_decref(document);
	document = make(state, "yard camera", WEEKS_START_US - DAY_US);
	assert_int_equal(json_array_size(json_object_get(document, "new")), 0);
	json_decref(document);
}

static char *render(json_t *document, enum summary_format format)
{
	struct buffer out;
	buffer_init(&out, 64u << 20);
	summary_render(document, format, &out);
	assert_false(out.failed);
	return out.data;
}

static void strangers_text_is_only_text(void **state)
{
	json_t *document = make(state, NULL, WEEKS_START_US);
	char *html = render(document, SUMMARY_HTML);
	assert_null(strstr(html, "<script"));
	assert_null(strstr(html, "<img"));
	assert_null(strstr(html, "<b>tv"));
	assert_non_null(strstr(html, "&lt;b&gt;tv&lt;/b&gt; &amp; &quot;co&quot;"));
	assert_non_null(strstr(html, "Evil &quot;&gt;&lt;script&gt;"));
	assert_null(strstr(html, "http://"));
	assert_null(strstr(html, "https://"));
	assert_non_null(strstr(html, "default-src 'none'"));
	char *markdown = render(document, SUMMARY_MARKDOWN);
	assert_null(strstr(markdown, "<script"));
	assert_null(strstr(markdown, "<b>"));
	assert_non_null(strstr(markdown, "&lt;b\\>tv"));
	free(html);
	free(markdown);
	json_decref(document);
}

static void two_runs_give_the_same(void **state)
{
	json_t *first = make(state, NULL, WEEKS_START_US), *second = make(state, NULL, WEEKS_START_US);
	char *a = render(first, SUMMARY_HTML), *b = render(second, SUMMARY_HTML);
	assert_true(json_equal(first, second));
	assert_string_equal(a, b);
	free(a);
	free(b);
	json_decref(first);
	json_decref(second);
}

static void nobody_has_an_empty_report(void **state)
{
	json_t *document = make(state, "nobody", WEEKS_START_US);
	assert_int_equal(json_array_size(json_object_get(document, "devices")), 0);
	assert_int_equal(number(json_object_get(document, "totals"), "queries"), 0);
	char *html = render(document, SUMMARY_HTML);
	assert_non_null(strstr(html, "nobody"));
	free(html);
	json_decref(document);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_device_is_told_whole),
		cmocka_unit_test(hours_are_those_of_the_week),
		cmocka_unit_test(what_is_new_is_new_to_the_device),
		cmocka_unit_test(strangers_text_is_only_text),
		cmocka_unit_test(two_runs_give_the_same),
		cmocka_unit_test(nobody_has_an_empty_report),
	};
	if (argc == 2) {
		weeks_write(argv[1]);
		return 0;
	}
	return cmocka_run_group_tests_name("report: summary", tests, weeks_open, weeks_close);
}
