/* Reports against a store of our own: the members that are promised, text that is no UTF-8, and failures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/report.h"

/* A store that gives what it is told. */
struct fake {
	struct store store;
	const struct store_query *queries;
	const struct store_endpoint *endpoints;
	const struct store_device *devices;
	const struct store_event *events;
	size_t count;
	int result;
};

static int fake_queries(struct store *store, const struct store_filter *filter,
                        int (*each)(void *data, const struct store_query *row), void *data)
{
	struct fake *fake = (struct fake *)store;
	(void)filter;
	for (size_t i = 0; i < fake->count; i++)
		assert_int_equal(each(data, &fake->queries[i]), PF_OK);
	return fake->result;
}

static int fake_endpoints(struct store *store, const struct store_filter *filter,
                          int (*each)(void *data, const struct store_endpoint *row), void *data)
{
	struct fake *fake = (struct fake *)store;
	(void)filter;
	for (size_t i = 0; i < fake->count; i++)
		assert_int_equal(each(data, &fake->endpoints[i]), PF_OK);
	return fake->result;
}

static int fake_devices(struct store *store,
                        int (*each)(void *data, const struct store_device *row), void *data)
{
	struct fake *fake = (struct fake *)store;
	for (size_t i = 0; i < fake->count; i++)
		assert_int_equal(each(data, &fake->devices[i]), PF_OK);
	return fake->result;
}

static int fake_events(struct store *store, const struct store_filter *filter,
                       int (*each)(void *data, const struct store_event *row), void *data)
{
	struct fake *fake = (struct fake *)store;
	(void)filter;
	for (size_t i = 0; i < fake->count; i++)
		assert_int_equal(each(data, &fake->events[i]), PF_OK);
	return fake->result;
}

static struct fake make_fake(size_t count)
{
	return (struct fake){.store = {.queries = fake_queries,
	                               .endpoints = fake_endpoints,
	                               .devices = fake_devices,
	                               .events = fake_events},
	                     .count = count};
}

static const struct store_query one_query = {
	.row = 17,
	.time_wall_us = INT64_C(1795465583123000),
	.device = "lobby coffee",
	.client = "127.0.0.11",
	.name = "a.example.cn",
	.type = "A",
	.rcode = "NXDOMAIN",
	.action = "sinkhole",
	.rule = "coffee stays home",
	.reason = "sinkholed by rule 3 \"coffee stays home\"",
	.standing = "overseas",
	.confidence = "high",
	.source = "cache",
	.upstream = "127.0.0.1:5300",
	.protocol = "dot",
	.dnssec = "",
	.took_us = 312,
};

static void assert_json(json_t *json, const char *expected)
{
	assert_non_null(json);
	char *text = json_dumps(json, JSON_COMPACT);
	assert_string_equal(text, expected);
	free(text);
	json_decref(json);
}

static void queries_have_the_promised_members(void **state)
{
	(void)state;
	struct fake fake = make_fake(1);
	fake.queries = &one_query;
	assert_json(
		report_queries(&fake.store, &(struct store_filter){0}),
		"{\"queries\":[{\"row\":17,\"time\":\"2026-11-23T20:26:23.123Z\","
		"\"device\":\"lobby coffee\",\"client\":\"127.0.0.11\",\"name\":\"a.example.cn\","
		"\"type\":\"A\",\"rcode\":\"NXDOMAIN\",\"action\":\"sinkhole\","
		"\"rule\":\"coffee stays home\","
		"\"reason\":\"sinkholed by rule 3 \\\"coffee stays home\\\"\","
		"\"standing\":\"overseas\",\"confidence\":\"high\",\"source\":\"cache\","
		"\"upstream\":\"127.0.0.1:5300\",\"protocol\":\"dot\",\"dnssec\":\"\",\"took_us\":312}],\"last_row\":17}");
}

static void without_rows_the_last_row_stays(void **state)
{
	(void)state;
	struct fake fake = make_fake(0);
	assert_json(report_queries(&fake.store, &(struct store_filter){.after_row = 41}),
	            "{\"queries\":[],\"last_row\":41}");
	assert_json(report_endpoints(&fake.store, &(struct store_filter){0}), "{\"endpoints\":[]}");
	assert_json(report_devices(&fake.store), "{\"devices\":[]}");
}

static void endpoints_and_devices_too(void **state)
{
	(void)state;
	const struct store_endpoint endpoint = {
		.device = "lobby coffee",
		.name = "a.example.cn",
		.type = "A",
		.address = "203.0.113.7",
		.location = "CN",
		.control = "CN",
		.asn = 37963,
		.organisation = "Alibaba",
		.standing = "overseas",
		.confidence = "high",
		.first_wall_us = INT64_C(1795465583123000),
		.last_wall_us = INT64_C(1795465584007000),
		.count = 3,
		.domain = "example.cn",
		.via = "e7.akamaiedge.net co.uk",
		.dnssec = "secure",
	};
	const struct store_device device = {
		.id = "mac:64:bc:0c:80:7e:1f",
		.name = "lobby coffee",
		.first_wall_us = INT64_C(1795465583123000),
		.last_wall_us = INT64_C(1795465584007000),
		.queries = 9,
		.flagged = 1,
		.sinkholed = 2,
		.overseas_names = 4,
	};
	struct fake fake = make_fake(1);
	fake.endpoints = &endpoint;
	fake.devices = &device;
	assert_json(report_endpoints(&fake.store, &(struct store_filter){0}),
	            "{\"endpoints\":[{\"device\":\"lobby coffee\",\"name\":\"a.example.cn\","
	            "\"type\":\"A\",\"address\":\"203.0.113.7\",\"location\":\"CN\","
	            "\"control\":\"CN\",\"asn\":37963,\"organisation\":\"Alibaba\","
	            "\"standing\":\"overseas\",\"confidence\":\"high\",\"dnssec\":\"secure\","
	            "\"first\":\"2026-11-23T20:26:23.123Z\",\"last\":\"2026-11-23T20:26:24.007Z\","
	            "\"count\":3,\"domain\":\"example.cn\",\"hops\":["
	            "{\"name\":\"e7.akamaiedge.net\",\"domain\":\"akamaiedge.net\"},"
	            "{\"name\":\"co.uk\",\"domain\":null}]}]}");
	assert_json(report_devices(&fake.store),
	            "{\"devices\":[{\"id\":\"mac:64:bc:0c:80:7e:1f\",\"name\":\"lobby coffee\","
	            "\"first\":\"2026-11-23T20:26:23.123Z\",\"last\":\"2026-11-23T20:26:24.007Z\","
	            "\"queries\":9,\"flagged\":1,\"sinkholed\":2,\"overseas_names\":4}]}");
}

static void events_have_the_promised_members(void **state)
{
	(void)state;
	const struct store_event event = {
		.time_wall_us = INT64_C(1795465583123000),
		.kind = "standing-changed",
		.device_id = "name:yard camera",
		.device = "yard camera",
		.name = "cam.example",
		.before = "DE (home, high)",
		.after = "CN (overseas, high)",
		.evidence = "203.0.113.7: dbip 2026-06 CN",
		.cause = "moved",
	};
	struct fake fake = make_fake(1);
	fake.events = &event;
	assert_json(report_events(&fake.store, &(struct store_filter){0}),
	            "{\"events\":[{\"time\":\"2026-11-23T20:26:23.123Z\","
	            "\"kind\":\"standing-changed\",\"device\":\"yard camera\","
	            "\"device_id\":\"name:yard camera\",\"name\":\"cam.example\","
	            "\"before\":\"DE (home, high)\",\"after\":\"CN (overseas, high)\","
	            "\"evidence\":\"203.0.113.7: dbip 2026-06 CN\",\"cause\":\"moved\"}]}");
}

/* The text as it comes out in JSON for the member `device`. */
static void assert_text(const char *text, const char *expected)
{
	struct store_query query = one_query;
	struct fake fake = make_fake(1);
	query.device = text;
	fake.queries = &query;
	json_t *report = report_queries(&fake.store, &(struct store_filter){0});
	assert_non_null(report);
	json_t *row = json_array_get(json_object_get(report, "queries"), 0);
	assert_string_equal(json_string_value(json_object_get(row, "device")), expected);
	/* What jansson writes it must read again: it is valid JSON and UTF-8. */
	char *dump = json_dumps(report, 0);
	json_t *again = json_loads(dump, 0, NULL);
	assert_true(json_equal(report, again));
	json_decref(again);
	free(dump);
	json_decref(report);
}

#define FFFD "\xef\xbf\xbd"

static void any_bytes_become_text(void **state)
{
	(void)state;
	assert_text("", "");
	assert_text("Größe & Söhne 咖啡 \xf0\x9f\x98\x80", "Größe & Söhne 咖啡 \xf0\x9f\x98\x80");
	assert_text("tab\tquote\"back\\slash\x01\x7f", "tab\tquote\"back\\slash\x01\x7f");
	assert_text("Gr\xf6\xdf"
	            "e",
	            "Gr" FFFD FFFD "e");                      /* Latin-1 */
	assert_text("cut \xe5\x92", "cut " FFFD FFFD);        /* the end of a character is missing */
	assert_text("\xc0\xaf", FFFD FFFD);                   /* '/' written too long */
	assert_text("\xed\xa0\x80", FFFD FFFD FFFD);          /* half of a UTF-16 pair */
	assert_text("\xf4\x90\x80\x80", FFFD FFFD FFFD FFFD); /* beyond U+10FFFF */
	assert_text("\xff\xc3\xa4", FFFD "ä");
}

static void any_two_bytes_become_text(void **state)
{
	(void)state;
	for (unsigned a = 1; a < 256; a += 3)
		for (unsigned b = 1; b < 256; b += 5) {
			const char text[] = {(char)a, (char)b, '\0'};
			struct store_device device = {.id = text, .name = "x"};
			struct fake fake = make_fake(1);
			fake.devices = &device;
			json_t *report = report_devices(&fake.store);
			assert_non_null(report);
			json_decref(report);
		}
}

static void failures_are_handed_on(void **state)
{
	(void)state;
	struct fake fake = make_fake(1);
	struct store_endpoint endpoint = {.device = "d", .name = "n", .type = "A", .address = "a"};
	endpoint.location = endpoint.control = endpoint.organisation = endpoint.standing = "";
	endpoint.confidence = endpoint.domain = endpoint.via = endpoint.dnssec = "";
	struct store_device device = {.id = "i", .name = "n"};
	fake.queries = &one_query;
	fake.endpoints = &endpoint;
	fake.devices = &device;
	fake.result = PF_EIO;
	strcpy(fake.store.error, "The journal is damaged.");
	assert_null(report_queries(&fake.store, &(struct store_filter){0}));
	assert_null(report_endpoints(&fake.store, &(struct store_filter){0}));
	assert_null(report_devices(&fake.store));
	assert_string_equal(fake.store.error, "The journal is damaged.");
	fake.result = PF_ENOMEM;
	assert_null(report_queries(&fake.store, &(struct store_filter){0}));
	assert_non_null(strstr(fake.store.error, "ask for fewer"));
}

/* jansson's memory fails at the nth request: no row may be half, none may leak. */
static size_t allocations_left;

static void *failing_malloc(size_t size)
{
	return allocations_left && allocations_left-- ? malloc(size) : NULL;
}

static void no_memory_is_told(void **state)
{
	(void)state;
	json_set_alloc_funcs(failing_malloc, free);
	size_t failed = 0;
	for (size_t n = 0;; n++) {
		struct fake fake = make_fake(0); /* rows would stop at the fake's own assert */
		allocations_left = n;
		json_t *report = report_queries(&fake.store, &(struct store_filter){0});
		allocations_left = SIZE_MAX;
		if (report) {
			json_decref(report);
			break;
		}
		assert_non_null(strstr(fake.store.error, "There is no memory"));
		failed++;
	}
	json_set_alloc_funcs(malloc, free);
	assert_true(failed >= 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(queries_have_the_promised_members),
		cmocka_unit_test(without_rows_the_last_row_stays),
		cmocka_unit_test(endpoints_and_devices_too),
		cmocka_unit_test(events_have_the_promised_members),
		cmocka_unit_test(any_bytes_become_text),
		cmocka_unit_test(any_two_bytes_become_text),
		cmocka_unit_test(failures_are_handed_on),
		cmocka_unit_test(no_memory_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
