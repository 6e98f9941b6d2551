/* Events on their way to a loop: bounded, told once a day, and as JSON that others can read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/clock.h"
#include "notify/state.h"

#define DAY_US (INT64_C(86400) * 1000000)

static struct event sample(unsigned device, const char *name, const char *after, int64_t wall_us)
{
	struct event event = {.kind = EVENT_FLAGGED, .time_wall_us = wall_us};
	snprintf(event.device_id, sizeof event.device_id, "mac:00:00:00:00:00:%02x", device);
	snprintf(event.device_name, sizeof event.device_name, "device %u", device);
	snprintf(event.name, sizeof event.name, "%s", name);
	snprintf(event.after, sizeof event.after, "%s", after);
	return event;
}

static void the_same_is_told_once_a_day(void **state)
{
	(void)state;
	struct notify *notify = calloc(1, sizeof *notify);
	notify->key = hash_key_random();
	struct event first = sample(1, "a.test", "overseas", DAY_US * 100);
	assert_false(remember_told(notify, &first));
	assert_true(remember_told(notify, &first));
	struct event others[] = {
		sample(2, "a.test", "overseas", first.time_wall_us),
		sample(1, "b.test", "overseas", first.time_wall_us),
		sample(1, "a.test", "home", first.time_wall_us),
		first,
	};
	others[3].kind = EVENT_STANDING_CHANGED;
	for (size_t i = 0; i < PF_COUNT(others); i++) {
		assert_false(remember_told(notify, &others[i]));
		assert_true(remember_told(notify, &others[i]));
	}
	/* Texts do not run into each other. */
	struct event left = sample(1, "ab", "c", 0), right = sample(1, "a", "bc", 0);
	assert_false(remember_told(notify, &left));
	assert_false(remember_told(notify, &right));

	first.time_wall_us += DAY_US - 1;
	assert_true(remember_told(notify, &first));
	first.time_wall_us += 1;
	assert_false(remember_told(notify, &first));
	/* A clock that was set back by a year. */
	first.time_wall_us -= 365 * DAY_US;
	assert_false(remember_told(notify, &first));
	free(notify);
}

static void the_oldest_are_forgotten_first(void **state)
{
	(void)state;
	struct notify *notify = calloc(1, sizeof *notify);
	char name[32];
	notify->key = hash_key_random();
	for (unsigned i = 0; i <= NOTIFY_REMEMBERED_MAX; i++) {
		snprintf(name, sizeof name, "n%u.test", i);
		struct event event = sample(1, name, "", 0);
		assert_false(remember_told(notify, &event));
	}
	struct event last = sample(1, name, "", 0), second = sample(1, "n1.test", "", 0),
				 first = sample(1, "n0.test", "", 0);
	assert_true(remember_told(notify, &last));
	assert_true(remember_told(notify, &second));
	assert_false(remember_told(notify, &first));
	free(notify);
}

static void what_finds_no_room_is_counted(void **state)
{
	(void)state;
	uv_loop_t loop;
	uint64_t dropped = 0;
	assert_int_equal(uv_loop_init(&loop), 0);
	struct notify *notify = notify_new(&loop, NULL);
	assert_non_null(notify);
	struct event_outlet outlet = notify_outlet(notify);
	for (unsigned i = 0; i < NOTIFY_RAISED_MAX + 7; i++) {
		struct event event = sample(i % 200, "a.test", "", 0);
		event_raise(&outlet, &event);
	}
	assert_int_equal(notify->raised_count, NOTIFY_RAISED_MAX);
	uv_run(&loop, UV_RUN_NOWAIT);
	assert_int_equal(notify->raised_count, 0);
	assert_int_equal(notify->told_count, 200);
	notify_stop(notify);
	struct event late = sample(1, "late.test", "", 0);
	event_raise(&outlet, &late);
	notify_each(notify, NULL, NULL, &dropped);
	assert_int_equal(dropped, 8);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	notify_free(&notify);
	assert_null(notify);
}

static void hostile_text_is_json(void **state)
{
	(void)state;
	struct buffer body;
	struct event event = sample(1, "a\\010\\\"b.test", "", INT64_C(1790000000123456));
	strcpy(event.text, "line\n\x1b[31m \"quoted\" </script> \xf0\x9f\x92\xa9");
	buffer_init(&body, BODY_BYTES_MAX);
	assert_true(message_json(&event, &body));
	assert_null(strchr(body.data, '\n'));
	json_t *json = json_loads(body.data, 0, NULL);
	assert_non_null(json);
	assert_string_equal(json_string_value(json_object_get(json, "text")), event.text);
	assert_string_equal(json_string_value(json_object_get(json, "name")), event.name);
	assert_string_equal(json_string_value(json_object_get(json, "time")),
	                    "2026-09-21T14:13:20.123Z");
	assert_true(json_is_null(json_object_get(json, "before")));
	json_decref(json);
	buffer_deinit(&body);
}

static void the_largest_event_fits(void **state)
{
	(void)state;
	struct buffer body;
	struct event event = {.kind = EVENT_NEW_COUNTRY};
	/* A control byte takes six bytes in JSON. */
	memset(event.device_id, 1, sizeof event.device_id - 1);
	memset(event.device_name, 1, sizeof event.device_name - 1);
	memset(event.name, 1, sizeof event.name - 1);
	memset(event.before, 1, sizeof event.before - 1);
	memset(event.after, 1, sizeof event.after - 1);
	memset(event.evidence, 1, sizeof event.evidence - 1);
	memset(event.text, 1, sizeof event.text - 1);
	buffer_init(&body, BODY_BYTES_MAX);
	assert_true(message_json(&event, &body));
	assert_false(body.failed);
	buffer_deinit(&body);
}

/* RFC 4231, test case 2. */
static void signatures_are_hmac_sha_256(void **state)
{
	(void)state;
	char out[SIGNATURE_MAX];
	const char *body = "what do ya want for nothing?";
	assert_int_equal(message_sign("Jefe", 4, body, strlen(body), out), PF_OK);
	assert_string_equal(out,
	                    "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_is_told_once_a_day),
		cmocka_unit_test(the_oldest_are_forgotten_first),
		cmocka_unit_test(what_finds_no_room_is_counted),
		cmocka_unit_test(hostile_text_is_json),
		cmocka_unit_test(the_largest_event_fits),
		cmocka_unit_test(signatures_are_hmac_sha_256),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
