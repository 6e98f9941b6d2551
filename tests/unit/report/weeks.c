/* See weeks.h. */
#include "unit/report/weeks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "journal/sqlite/sqlite.h"
#include "unit/journal/idle.h"
#include "unit/journal/sample.h"

#define HOUR_US INT64_C(3600000000)
#define KEEP_US (INT64_C(3650) * 24 * HOUR_US)

struct spot {
	const char *name, *hop, *address, *location, *control, *organisation;
	uint32_t asn;
	uint8_t standing, confidence;
};

static const struct spot telemetry = {"log.brew.example.cn",
                                      "e7.cdn.example.net",
                                      "203.0.113.7",
                                      "CN",
                                      "CN",
                                      "Alibaba (China) Technology",
                                      37963,
                                      STANDING_OVERSEAS,
                                      CONFIDENCE_HIGH};
static const struct spot ntp = {
	"time.brew.example.com", NULL,  "198.51.100.4", "US",           "US",
	"Amazon.com, Inc.",      16509, STANDING_HOME,  CONFIDENCE_HIGH};
static const struct spot video[] = {
	{"play.stream.example.com", "a.edge.example.net", "198.51.100.20", "IE", "US",
     "Amazon.com, Inc.", 16509, STANDING_OVERSEAS, CONFIDENCE_MEDIUM},
	{"\\060img\\032src=x\\062.stream.example.com", NULL, "198.51.100.21", "US", "US",
     "Evil \"><script>alert(1)</script>", 64500, STANDING_HOME, CONFIDENCE_HIGH},
	{"ads.tracker.example", NULL, "198.51.100.30", "", "US", "Cloudflare, Inc.", 13335,
     STANDING_INDETERMINATE, CONFIDENCE_LOW}};
static const struct spot camera[] = {{"p2p.cam.example.org", NULL, "192.0.2.9", "DE", "DE",
                                      "Hetzner Online GmbH", 24940, STANDING_OVERSEAS,
                                      CONFIDENCE_HIGH},
                                     {"new.cam.example.org", NULL, "192.0.2.77", "SG", "CN",
                                      "Tencent Building", 132203, STANDING_OVERSEAS,
                                      CONFIDENCE_HIGH}};

struct ask {
	const char *device_id, *device;
	const struct spot *place;
	int64_t time_us;
	uint8_t action;
	bool seen; /* the answer was journalled before */
};

static void put(struct sink *sink, const struct ask *ask)
{
	char error[256];
	const struct spot *place = ask->place;
	struct dns_name name, hop;
	struct record_address address = {.standing = place->standing,
	                                 .confidence = place->confidence,
	                                 .asn = place->asn,
	                                 .anycast = place->standing == STANDING_INDETERMINATE};
	struct record_answer answer = {.standing = place->standing,
	                               .confidence = place->confidence,
	                               .overseas_count = place->standing == STANDING_OVERSEAS,
	                               .judged_count = 1,
	                               .address_count = 1,
	                               .hop_count = place->hop != NULL,
	                               .hops = &hop,
	                               .addresses = &address};
	bool sinkholed = ask->action == ACTION_SINKHOLE;
	strcpy(address.location.code, place->location);
	strcpy(address.control.code, place->control);
	strcpy(address.organisation, place->organisation);
	strcpy(address.evidence, "dbip 2026-06 agrees");
	assert_int_equal(addr_parse(place->address, &address.address), PF_OK);
	assert_int_equal(dns_name_from_text(place->name, &name), PF_OK);
	if (place->hop)
		assert_int_equal(dns_name_from_text(place->hop, &hop), PF_OK);
	const struct record record = {
		.time_wall_us = ask->time_us,
		.took_us = 300,
		.client = {.family = 4, .bytes = {192, 168, 1, 11}},
		.device_id = ask->device_id,
		.device_name = ask->device,
		.name = &name,
		.type = 1,
		.action = ask->action,
		.source = sinkholed ? SOURCE_POLICY : SOURCE_UPSTREAM,
		.rule = ask->action != ACTION_ALLOW,
		.rule_name = ask->action != ACTION_ALLOW ? "coffee stays home" : "",
		.reason = ask->action != ACTION_ALLOW ? "sinkholed by rule 1 \"coffee stays home\"" : "",
		.upstream = sinkholed ? "" : "9.9.9.9:53",
		.standing = sinkholed ? STANDING_NONE : place->standing,
		.confidence = sinkholed ? CONFIDENCE_NONE : place->confidence,
		.dnssec = sinkholed             ? DNSSEC_NONE
	              : place == &telemetry ? DNSSEC_SECURE
	                                    : DNSSEC_INSECURE,
		.answer_id = sinkholed ? 0 : (uint64_t)(uintptr_t)place,
		.answer = sinkholed ? NULL : &answer,
	};
	assert_int_equal(sink->write(sink, &record, error, sizeof error), PF_OK);
}

static void coffee(struct sink *sink, int day, int hour, int64_t at)
{
	struct ask ask = {"mac:64:bc:0c:80:7e:1f", "lobby coffee", &telemetry, at, ACTION_ALLOW, false};
	bool sinkholed = day >= WEEKS_SINKHOLED_DAY;
	ask.action = sinkholed ? ACTION_SINKHOLE : ACTION_ALLOW;
	for (int i = 0; hour >= 6 && hour < 20 && i < (sinkholed ? 3 : 1); i++, ask.time_us += 60000000)
		put(sink, &ask);
	ask.action = ACTION_ALLOW;
	ask.place = &ntp;
	if (hour % 6 == 0)
		put(sink, &ask);
}

static void television(struct sink *sink, int day, int hour, int64_t at)
{
	struct ask ask = {
		"mac:00:11:22:33:44:55", "<b>tv</b> & \"co\"", video, at, ACTION_ALLOW, false};
	int length = day % 7 >= 5 ? 9 : 4; /* a weekend has more evening */
	if (hour < 23 - length || hour >= 23)
		return;
	for (size_t i = 0; i < PF_COUNT(video); i++, ask.time_us += 1000000) {
		ask.place = &video[i];
		ask.action = i == 2 ? ACTION_FLAG : ACTION_ALLOW;
		put(sink, &ask);
	}
}

void weeks_write(const char *path)
{
	char error[512] = "";
	struct sink *sink = sqlite_sink_open(path, KEEP_US, error, sizeof error);
	assert_string_equal(error, "");
	assert_non_null(sink);
	for (int day = 0; day < WEEKS_DAYS; day++) {
		assert_int_equal(sink->begin(sink, error, sizeof error), PF_OK);
		for (int hour = 0; hour < 24; hour++) {
			int64_t at = WEEKS_START_US + (day * 24 + hour) * HOUR_US;
			struct ask ask = {
				"mac:aa:bb:cc:00:00:01", "yard camera", camera, at, ACTION_ALLOW, false};
			coffee(sink, day, hour, at);
			television(sink, day, hour, at);
			put(sink, &ask);
			ask.place = &camera[1];
			if (day >= WEEKS_NEW_DAY && hour == 3)
				put(sink, &ask);
		}
		assert_int_equal(sink->commit(sink, error, sizeof error), PF_OK);
	}
	sample_idle(sink, WEEKS_END_US);
	sink->close(&sink);
}

int weeks_open(void **state)
{
	struct place *place = calloc(1, sizeof *place);
	char path[128], error[512];
	setenv("TZ", "UTC", 1);
	sample_make_folder(place->folder);
	snprintf(path, sizeof path, "%s/journal.db", place->folder);
	weeks_write(path);
	place->store = sqlite_store_open(path, error, sizeof error);
	assert_non_null(place->store);
	*state = place;
	return 0;
}

int weeks_close(void **state)
{
	struct place *place = *state;
	place->store->close(&place->store);
	sample_remove_folder(place->folder);
	free(place);
	return 0;
}

int64_t number(json_t *object, const char *member)
{
	return json_integer_value(json_object_get(object, member));
}

const char *word(json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));
	return text ? text : "(none)";
}

json_t *row(json_t *document, const char *list, const char *member, const char *value)
{
	size_t i;
	json_t *one;
	json_array_foreach(json_object_get(document, list), i,
	                   one) if (!strcmp(word(one, member), value)) return one;
	return NULL;
}
