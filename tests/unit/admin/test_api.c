/* The API over real HTTP: every path, method and parameter, the journal's rows, problems, and what strangers send. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "journal/sqlite/sqlite.h"
#include "report/report.h"
#include "unit/admin/http.h"
#include "unit/admin/world.h"
#include "unit/journal/sample.h"

static int make(void **state)
{
	*state = world_new();
	return 0;
}

static int clean(void **state)
{
	world_free((struct world **)state);
	return 0;
}

#define READ_COUNT 8 /* of `paths`: the rest change something */
static const char *const paths[] = {"/api/v1/status",      "/api/v1/devices", "/api/v1/queries",
                                    "/api/v1/endpoints",   "/api/v1/lists",   "/api/v1/rules",
                                    "/api/v1/events",      "/api/v1/explain", "/api/v1/reload",
                                    "/api/v1/lists/update"};

/* The status and a word of the problem's sentence; the document must be one of RFC 9457. */
static void expect_problem(struct http_answer *answer, int status, const char *word,
                           const char *what)
{
	if (answer->status != status || !answer->json)
		fail_msg("%s: %d instead of %d: %s", what, answer->status, status, answer->text);
	assert_string_equal(http_header(answer, "Content-Type"), "application/problem+json");
	assert_string_equal(http_header(answer, "Cache-Control"), "no-store");
	assert_string_equal(json_string_value(json_object_get(answer->json, "type")), "about:blank");
	assert_int_equal(json_integer_value(json_object_get(answer->json, "status")), status);
	assert_true(json_string_length(json_object_get(answer->json, "title")) > 0);
	const char *detail = json_string_value(json_object_get(answer->json, "detail"));
	assert_non_null(detail);
	if (!strstr(detail, word))
		fail_msg("%s: no \"%s\" in \"%s\"", what, word, detail);
	http_free(answer);
}

static void expect_json(struct http_answer *answer, json_t *expected)
{
	assert_int_equal(answer->status, 200);
	assert_non_null(answer->json);
	json_object_del(answer->json, "before"); /* where a page begins is the API's own */
	if (!json_equal(answer->json, expected)) {
		char *text = json_dumps(expected, JSON_COMPACT);
		fail_msg("expected %s\ngot %s", text, answer->body);
	}
	json_decref(expected);
	http_free(answer);
}

static void answers_have_their_headers(void **state)
{
	struct world *world = *state;
	for (size_t i = 0; i < READ_COUNT - 1; i++) {
		struct http_answer answer = http_get(world->socket_path, paths[i]);
		assert_int_equal(answer.status, 200);
		assert_true(json_is_object(answer.json));
		assert_string_equal(http_header(&answer, "Content-Type"), "application/json");
		assert_string_equal(http_header(&answer, "Cache-Control"), "no-store");
		assert_string_equal(http_header(&answer, "X-Content-Type-Options"), "nosniff");
		size_t length = strlen(answer.body);
		http_free(&answer);

		answer = http_ask(world->socket_path, "HEAD", paths[i], NULL, NULL);
		assert_int_equal(answer.status, 200);
		assert_string_equal(answer.body, "");
		assert_int_equal(atoi(http_header(&answer, "Content-Length")), length);
		http_free(&answer);
	}
}

static void what_the_daemon_says_is_passed_on(void **state)
{
	struct world *world = *state;
	struct http_answer answer = http_get(world->socket_path, "/api/v1/rules");
	expect_json(&answer,
	            world_json("{'rules': [{'rule': 1, 'name': 'firmware updates', 'tags': ['coffee'],"
	                       "'action': 'allow', 'stage': 'names', 'matches': 17}]}"));
	answer =
		http_get(world->socket_path, "/api/v1/explain?name=A.example.cn&device=lobby%20coffee");
	assert_int_equal(answer.status, 200);
	assert_string_equal(json_string_value(json_object_get(answer.json, "name")), "A.example.cn");
	assert_string_equal(json_string_value(json_object_get(answer.json, "type")), "A");
	http_free(&answer);
	answer = http_get(world->socket_path, "/api/v1/explain?device=lobby+coffee&name=b&type=HTTPS");
	assert_string_equal(json_string_value(json_object_get(answer.json, "type")), "HTTPS");
	http_free(&answer);
	assert_int_equal(world->calls, 3);
}

static void nothing_stands_elsewhere(void **state)
{
	struct world *world = *state;
	static const char *const elsewhere[] = {
		"/",
		"/api",
		"/api/v1",
		"/api/v1/",
		"/api/v1/status/",
		"/api/v1/status/more",
		"//api/v1/status",
		"/API/v1/status",
		"/api/v1/../v1/status",
		"/api/v1/./status",
		"/../../../etc/passwd",
		"/..%2f..%2fetc/passwd",
		"/api/v1/%2e%2e/status",
		"/api/v1/%73tatus",
		"/api/v1/status%00",
		"/api/v1/status%00.html",
		"/api/v1/status;x",
		"/api/v1/nothing?limit=1",
		"/%ff%fe/\xc3\xa4",
	};
	for (size_t i = 0; i < PF_COUNT(elsewhere); i++) {
		struct http_answer answer = http_get(world->socket_path, elsewhere[i]);
		expect_problem(&answer, 404, "/api/v1/", elsewhere[i]);
	}
	assert_int_equal(world->calls, 0);
}

static void each_path_has_its_methods(void **state)
{
	struct world *world = *state;
	static const char *const methods[] = {"POST",    "PUT",   "DELETE", "PATCH",
	                                      "OPTIONS", "TRACE", "get",    "BREW"};
	for (size_t i = 0; i < READ_COUNT; i++)
		for (size_t m = 0; m < PF_COUNT(methods); m++) {
			struct http_answer answer =
				http_ask(world->socket_path, methods[m], paths[i], NULL, NULL);
			assert_string_equal(http_header(&answer, "Allow"), "GET, HEAD");
			expect_problem(&answer, 405, "GET, HEAD", methods[m]);
		}
	for (size_t m = 1; m < PF_COUNT(methods); m++) {
		struct http_answer answer =
			http_ask(world->socket_path, methods[m], "/api/v1/reload", NULL, NULL);
		assert_string_equal(http_header(&answer, "Allow"), "POST");
		expect_problem(&answer, 405, "POST", methods[m]);
	}
	struct http_answer answer = http_get(world->socket_path, "/api/v1/reload");
	expect_problem(&answer, 405, "POST", "GET");
	assert_int_equal(world->reloads, 0);
}

/* What each path takes; all else is refused by its name, and so is the same thing twice. */
static void parameters_are_known_or_refused(void **state)
{
	struct world *world = *state;
	static const char *const names[] = {"device", "name",   "action", "standing", "type", "since",
	                                    "until",  "after",  "limit",  "unknown",  "kind", "Device",
	                                    "x",      "before", "format", ""};
	static const char *const takes[PF_COUNT(paths)] = {
		"",
		" unknown after limit ",
		" device name action standing type since until after limit before format ",
		" device name action standing type since until limit before format ",
		"",
		"",
		" device kind since until limit before ",
		" device name type ",
		"",
		" name "};
	for (size_t i = 0; i < PF_COUNT(paths); i++) {
		const char *method = i >= READ_COUNT ? "POST" : "GET";
		for (size_t n = 0; n < PF_COUNT(names); n++) {
			char word[32], target[128];
			snprintf(word, sizeof word, " %s ", names[n]);
			bool known = *names[n] && strstr(takes[i], word);
			snprintf(target, sizeof target, "%s?%s=1", paths[i], names[n]);
			struct http_answer answer = http_ask(world->socket_path, method, target, NULL, NULL);
			const char *detail = json_string_value(json_object_get(answer.json, "detail"));
			bool refused = detail && strstr(detail, "There is no parameter");
			if (refused == known)
				fail_msg("%s: %s", target, answer.text);
			if (!known) {
				snprintf(word, sizeof word, "\"%s\"", names[n]);
				expect_problem(&answer, 400, word, target);
				continue;
			}
			http_free(&answer);
			snprintf(target, sizeof target, "%s?%s=1&%s=1", paths[i], names[n], names[n]);
			answer = http_ask(world->socket_path, method, target, NULL, NULL);
			expect_problem(&answer, 400, "given twice", target);
		}
	}
	assert_int_equal(world->reloads, 0);
}

static void values_are_checked(void **state)
{
	struct world *world = *state;
	static const struct {
		const char *target, *word;
		int status;
	} rows[] = {
		{"queries?limit=0", "limit", 400},
		{"queries?limit=100001", "limit", 400},
		{"queries?limit=-1", "limit", 400},
		{"queries?limit=1e3", "limit", 400},
		{"queries?limit=", "limit", 400},
		{"queries?limit", "limit", 400},
		{"queries?limit=99999999999999999999", "limit", 400},
		{"endpoints?limit=100001", "limit", 400},
		{"queries?after=x", "after", 400},
		{"queries?since=yesterday", "since", 400},
		{"queries?since=10", "since", 400},
		{"queries?until=2026-13-01", "until", 400},
		{"queries?since=2026-11-23T20:26:23Zx", "since", 400},
		{"queries?action=block", "action", 400},
		{"queries?standing=abroad", "standing", 400},
		{"endpoints?standing=", "standing", 400},
		{"events?kind=flagged", "standing-changed or new-country", 400},
		{"events?action=flag", "action", 400},
		{"queries?type=NONSENSE", "NONSENSE", 400},
		{"endpoints?type=NONSENSE", "NONSENSE", 400},
		{"queries?device=a%00b", "NUL", 400},
		{"queries?%00device=a", "NUL", 400},
		{"devices?unknown=yes", "unknown", 400},
		{"devices?unknown", "unknown", 400},
		{"explain", "device", 400},
		{"explain?device=x", "name", 400},
		{"explain?name=x&device=", "device", 400},
		{"explain?name=x&device=nobody", "nobody", 404},
		{"explain?name=x&device=%ff%c3", "There is no device", 404},
		{"explain?name=x&device=speechless", "no answer", 500},
	};
	for (size_t i = 0; i < PF_COUNT(rows); i++) {
		char target[128];
		snprintf(target, sizeof target, "/api/v1/%s", rows[i].target);
		struct http_answer answer = http_get(world->socket_path, target);
		expect_problem(&answer, rows[i].status, rows[i].word, target);
	}
	char target[3000] = "/api/v1/queries?name=";
	memset(target + strlen(target), 'x', 2000);
	struct http_answer answer = http_get(world->socket_path, target);
	expect_problem(&answer, 400, "longer", "a long name");
	strcpy(target, "/api/v1/queries?");
	for (int i = 0; i < 40; i++)
		sprintf(target + strlen(target), "p%d=1&", i);
	answer = http_get(world->socket_path, target);
	expect_problem(&answer, 400, "parameters", "many parameters");
}

/* A stranger's bytes in a sentence: cut inside a character, or none at all. */
static void problems_are_always_json(void **state)
{
	struct world *world = *state;
	char target[2000] = "/api/v1/explain?name=x&device=";
	for (int i = 0; i < 200; i++)
		strcat(target, "%c3%a4");
	struct http_answer answer = http_get(world->socket_path, target);
	expect_problem(&answer, 404, "There is no device", "200 umlauts");
	strcpy(target, "/api/v1/x");
	for (int i = 0; i < 150; i++)
		strcat(target, "\xc3\xa4");
	answer = http_get(world->socket_path, target);
	expect_problem(&answer, 404, "There is nothing", "a path of umlauts");
	answer = http_get(world->socket_path, "/api/v1/queries?%22%0a%1b[31m=1");
	expect_problem(&answer, 400, "\"\"\n\x1b[31m\"", "control bytes"); /* escaped in the JSON */
}

/* ---- the journal ------------------------------------------------------------------------- */

/* The rows of a request are those that the report gives for the same filter. */
static void expect_rows(struct world *world, const char *target, struct store_filter filter)
{
	char error[256];
	struct store *store = sqlite_store_open(world->journal_path, error, sizeof error);
	assert_non_null(store);
	bool queries = strstr(target, "/queries") != NULL;
	json_t *expected = queries ? report_queries(store, &filter) : report_endpoints(store, &filter);
	assert_non_null(expected);
	store->close(&store);
	struct http_answer answer = http_get(world->socket_path, target);
	expect_json(&answer, expected);
}

static size_t count_rows(struct world *world, const char *target)
{
	struct http_answer answer = http_get(world->socket_path, target);
	assert_int_equal(answer.status, 200);
	json_t *rows =
		json_object_get(answer.json, strstr(target, "/queries") ? "queries" : "endpoints");
	assert_true(json_is_array(rows));
	size_t count = json_array_size(rows);
	http_free(&answer);
	return count;
}

static void rows_are_those_of_the_report(void **state)
{
	struct world *world = *state;
	char target[256], since[CLOCK_TEXT_MAX], until[CLOCK_TEXT_MAX];
	expect_rows(world, "/api/v1/queries", (struct store_filter){.limit = 1000});
	expect_rows(world, "/api/v1/queries?limit=7", (struct store_filter){.limit = 7});
	expect_rows(world, "/api/v1/queries?after=650", (struct store_filter){.after_row = 650});
	expect_rows(world, "/api/v1/queries?after=9999", (struct store_filter){.after_row = 9999});
	expect_rows(world, "/api/v1/queries?device=device%203&action=sinkhole&type=a&name=*.com",
	            (struct store_filter){
					.device = "device 3", .action = "sinkhole", .type = "A", .name = "*.com"});
	expect_rows(world, "/api/v1/queries?standing=overseas",
	            (struct store_filter){.standing = "overseas"});
	expect_rows(world, "/api/v1/queries?device=no+such",
	            (struct store_filter){.device = "no such"});
	int64_t from = SAMPLE_TIME_US + 100 * 1500, to = SAMPLE_TIME_US + 200 * 1500;
	clock_format(from, since);
	clock_format(to, until);
	snprintf(target, sizeof target, "/api/v1/queries?since=%s&until=%s", since, until);
	expect_rows(world, target, (struct store_filter){.since_wall_us = from, .until_wall_us = to});
	assert_in_range(count_rows(world, target), 99, 102);

	expect_rows(world, "/api/v1/endpoints?limit=0", (struct store_filter){0});
	expect_rows(world, "/api/v1/endpoints?limit=3", (struct store_filter){.limit = 3});
	expect_rows(world, "/api/v1/endpoints?device=device%201&standing=overseas&name=host1*",
	            (struct store_filter){.device = "device 1",
	                                  .standing = "overseas",
	                                  .name = "host1*"});
	assert_int_equal(count_rows(world, "/api/v1/queries"), WORLD_ROWS);
	assert_true(count_rows(world, "/api/v1/endpoints?limit=0") > 500);
}

/* The sample is of 2026-09-21: all of it lies in the last 90 years, none in the last second. */
static void durations_count_back_from_now(void **state)
{
	struct world *world = *state;
	assert_int_equal(count_rows(world, "/api/v1/queries?until=1ms"),
	                 clock_now().wall_us > SAMPLE_TIME_US + WORLD_ROWS * 1500 ? WORLD_ROWS : 0);
	assert_int_equal(count_rows(world, "/api/v1/queries?since=4000w"), WORLD_ROWS);
	assert_int_equal(count_rows(world, "/api/v1/queries?since=2026-09-22"), 0);
	assert_int_equal(count_rows(world, "/api/v1/queries?since=2026-09-21"), WORLD_ROWS);
	assert_int_equal(count_rows(world, "/api/v1/queries?until=2026-09-21T13:33Z"), 0);
}

static const json_t *device_of(const json_t *document, const char *id)
{
	size_t i;
	json_t *row;
	json_array_foreach(json_object_get(document, "devices"), i,
	                   row) if (!strcmp(json_string_value(json_object_get(row, "id")),
	                                    id)) return row;
	fail_msg("no device %s", id);
	return NULL;
}

static void devices_are_joined_with_the_journal(void **state)
{
	struct world *world = *state;
	struct http_answer answer = http_get(world->socket_path, "/api/v1/devices");
	assert_int_equal(answer.status, 200);
	/* One is in both. */
	assert_int_equal(json_array_size(json_object_get(answer.json, "devices")),
	                 3 + SAMPLE_DEVICES - 1);
	const json_t *coffee = device_of(answer.json, "mac:64:bc:0c:80:7e:00");
	assert_string_equal(json_string_value(json_object_get(coffee, "name")), "lobby coffee");
	assert_true(json_is_true(json_object_get(coffee, "known")));
	assert_true(json_integer_value(json_object_get(coffee, "queries")) > 50);
	assert_true(json_integer_value(json_object_get(coffee, "sinkholed")) > 0);
	assert_true(json_integer_value(json_object_get(coffee, "overseas_names")) > 0);
	char first[CLOCK_TEXT_MAX];
	clock_format(SAMPLE_TIME_US, first);
	assert_string_equal(json_string_value(json_object_get(coffee, "first")), first);
	const json_t *never = device_of(answer.json, "name:never");
	assert_true(json_is_null(json_object_get(never, "first")));
	assert_true(json_is_null(json_object_get(never, "last")));
	assert_int_equal(json_integer_value(json_object_get(never, "queries")), 0);
	const json_t *past = device_of(answer.json, "mac:64:bc:0c:80:7e:05");
	json_t *expected = world_json("{'name': 'device 5', 'known': false, 'tags': ['all', 'unknown'],"
	                              "'mac': '64:bc:0c:80:7e:05', 'addresses': []}");
	const char *member;
	json_t *value;
	json_object_foreach(expected, member, value)
		assert_true(json_equal(json_object_get(past, member), value));
	json_decref(expected);
	http_free(&answer);

	answer = http_get(world->socket_path, "/api/v1/devices?unknown=1");
	assert_int_equal(json_array_size(json_object_get(answer.json, "devices")), SAMPLE_DEVICES);
	size_t i;
	json_array_foreach(json_object_get(answer.json, "devices"), i, value)
		assert_true(json_is_false(json_object_get(value, "known")));
	http_free(&answer);
}

static void without_a_journal(void **state)
{
	struct world *world = *state;
	char error[500], path[128];
	admin_stop(&world->admin);
	struct admin_options options = {.socket_path = world->socket_path, .ops = world_ops(world)};
	assert_int_equal(admin_start(&options, &world->admin, error), PF_OK);
	struct http_answer answer = http_get(world->socket_path, "/api/v1/queries");
	expect_problem(&answer, 409, "No journal is kept", "queries");
	answer = http_get(world->socket_path, "/api/v1/endpoints");
	expect_problem(&answer, 409, "No journal is kept", "endpoints");
	answer = http_get(world->socket_path, "/api/v1/devices");
	assert_int_equal(json_array_size(json_object_get(answer.json, "devices")), 3);
	http_free(&answer);

	/* One that is damaged. */
	admin_stop(&world->admin);
	snprintf(path, sizeof path, "%s/damaged.db", world->folder);
	FILE *file = fopen(path, "w");
	fputs("this is no database at all, though it is long enough to be looked at", file);
	fclose(file);
	options.journal_path = path;
	assert_int_equal(admin_start(&options, &world->admin, error), PF_OK);
	static const char *const asked[] = {"/api/v1/queries", "/api/v1/endpoints", "/api/v1/devices"};
	for (size_t i = 0; i < PF_COUNT(asked); i++) {
		answer = http_get(world->socket_path, asked[i]);
		expect_problem(&answer, 503, "damaged.db", asked[i]);
	}
	answer = http_get(world->socket_path, "/api/v1/status");
	assert_int_equal(answer.status, 200);
	http_free(&answer);
}

/* ---- bodies and bytes -------------------------------------------------------------------- */

static void reload_answers_and_refuses(void **state)
{
	struct world *world = *state;
	struct http_answer answer =
		http_ask(world->socket_path, "POST", "/api/v1/reload", "Content-Length: 0\r\n", NULL);
	expect_json(&answer, world_json("{'epoch': 2, 'warnings': "
	                                "['p.yaml:1:1: warning: it is late.']}"));
	world->refuses_reload = true;
	answer = http_ask(world->socket_path, "POST", "/api/v1/reload", NULL, NULL);
	assert_int_equal(json_array_size(json_object_get(answer.json, "errors")), 2);
	expect_problem(&answer, 422, "stays in force", "reload");
	assert_int_equal(world->reloads, 2);
}

static void bodies_have_a_limit(void **state)
{
	struct world *world = *state;
	static const struct {
		size_t bytes;
		int status; /* 0: may hang up */
	} rows[] = {{2, 200}, {64 << 10, 200}, {(64 << 10) + 1, 413}, {200000, 413}, {900000, 413}};
	unsigned reloads = 0;
	for (size_t i = 0; i < PF_COUNT(rows); i++) {
		char headers[64], *body = malloc(rows[i].bytes + 32);
		memset(body, ' ', rows[i].bytes);
		memcpy(body, "{}", 2);
		body[rows[i].bytes] = '\0';
		snprintf(headers, sizeof headers, "Content-Length: %zu\r\n", rows[i].bytes);
		struct http_answer answer =
			http_ask(world->socket_path, "POST", "/api/v1/reload", headers, body);
		assert_int_equal(answer.status, rows[i].status);
		http_free(&answer);

		/* The same in one chunk, whose length nobody announces. */
		char *chunked;
		assert_true(asprintf(&chunked, "%zx\r\n%s\r\n0\r\n\r\n", rows[i].bytes, body) > 0);
		answer = http_ask(world->socket_path, "POST", "/api/v1/reload",
		                  "Transfer-Encoding: chunked\r\n", chunked);
		assert_int_equal(answer.status, rows[i].status);
		http_free(&answer);
		reloads += rows[i].status == 200 ? 2 : 0;
		free(chunked);
		free(body);
	}
	assert_int_equal(world->reloads, reloads);
	struct http_answer answer = http_ask(world->socket_path, "POST", "/api/v1/reload",
	                                     "Content-Length: 99999999999\r\n", "x");
	expect_problem(&answer, 413, "64 KiB", "a huge length");
	assert_int_equal(world->reloads, reloads);
}

/* More than anybody reads: it hangs up, and is there for the next one. */
static void an_endless_body_is_cut_off(void **state)
{
	struct world *world = *state;
	static const size_t bytes = 8 << 20;
	char *body = malloc(bytes + 64);
	int length = sprintf(body, "%zx\r\n", bytes);
	memset(body + length, 'x', bytes);
	body[(size_t)length + bytes] = '\0';
	struct http_answer answer = http_ask(world->socket_path, "POST", "/api/v1/reload",
	                                     "Transfer-Encoding: chunked\r\n", body);
	assert_true(answer.status == 0 || answer.status == 413);
	http_free(&answer);
	free(body);
	assert_int_equal(world->reloads, 0);
	assert_int_equal(count_rows(world, "/api/v1/queries?limit=1"), 1);
}

static void garbage_harms_nobody(void **state)
{
	struct world *world = *state;
	static char endless[200000];
	memset(endless, 'y', sizeof endless);
	memcpy(endless, "GET /api/v1/status HTTP/1.1\r\nX: ", 32);
	static const char nothing[4000];
	static const char *const texts[] = {
		"GET / HTTP/9.9\r\n\r\n",
		"GET /api/v1/status HTTP/1.1\r\n\r\n", /* no Host */
		"GET /api/v1/status\r\n\r\n",
		"POST /api/v1/reload HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
		"POST /api/v1/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
		"POST /api/v1/reload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"POST /api/v1/reload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
		"ffffffffffffffff1\r\n",
		"\r\n\r\n\r\n",
	};
	for (size_t i = 0; i < PF_COUNT(texts); i++) {
		struct http_answer answer = http_raw(world->socket_path, texts[i], strlen(texts[i]));
		if (answer.status == 200)
			fail_msg("200 for %s", texts[i]);
		http_free(&answer);
	}
	struct http_answer answer = http_raw(world->socket_path, nothing, sizeof nothing);
	assert_int_not_equal(answer.status, 200);
	http_free(&answer);
	answer = http_raw(world->socket_path, endless, sizeof endless);
	assert_int_not_equal(answer.status, 200);
	http_free(&answer);
	assert_int_equal(world->reloads, 0);
	assert_int_equal(count_rows(world, "/api/v1/queries?limit=1"), 1);
}

/* Two requests on one connection, sent at once. */
static void a_connection_can_be_kept(void **state)
{
	struct world *world = *state;
	static const char two[] = "GET /api/v1/rules HTTP/1.1\r\nHost: x\r\n\r\n"
							  "GET /api/v1/lists HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
	struct http_answer answer = http_raw(world->socket_path, two, sizeof two - 1);
	assert_int_equal(answer.status, 200);
	assert_non_null(strstr(answer.text, "firmware updates"));
	assert_non_null(strstr(answer.text, "tv.txt"));
	http_free(&answer);
}

#define CLIENTS 8
#define CLIENT_REQUESTS 12

static void *ask_much(void *data)
{
	static const char *const targets[] = {"/api/v1/queries?limit=50", "/api/v1/devices",
	                                      "/api/v1/status", "/api/v1/endpoints?limit=50"};
	struct world *world = data;
	size_t good = 0;
	for (size_t i = 0; i < CLIENT_REQUESTS; i++) {
		struct http_answer answer = http_get(world->socket_path, targets[i % PF_COUNT(targets)]);
		good += answer.status == 200 && json_is_object(answer.json);
		http_free(&answer);
	}
	return (void *)good;
}

static void many_ask_at_once(void **state)
{
	pthread_t threads[CLIENTS];
	for (size_t i = 0; i < CLIENTS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask_much, *state), 0);
	for (size_t i = 0; i < CLIENTS; i++) {
		void *good;
		pthread_join(threads[i], &good);
		assert_int_equal((size_t)good, CLIENT_REQUESTS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(answers_have_their_headers, make, clean),
		cmocka_unit_test_setup_teardown(what_the_daemon_says_is_passed_on, make, clean),
		cmocka_unit_test_setup_teardown(nothing_stands_elsewhere, make, clean),
		cmocka_unit_test_setup_teardown(each_path_has_its_methods, make, clean),
		cmocka_unit_test_setup_teardown(parameters_are_known_or_refused, make, clean),
		cmocka_unit_test_setup_teardown(values_are_checked, make, clean),
		cmocka_unit_test_setup_teardown(problems_are_always_json, make, clean),
		cmocka_unit_test_setup_teardown(rows_are_those_of_the_report, make, clean),
		cmocka_unit_test_setup_teardown(durations_count_back_from_now, make, clean),
		cmocka_unit_test_setup_teardown(devices_are_joined_with_the_journal, make, clean),
		cmocka_unit_test_setup_teardown(without_a_journal, make, clean),
		cmocka_unit_test_setup_teardown(reload_answers_and_refuses, make, clean),
		cmocka_unit_test_setup_teardown(bodies_have_a_limit, make, clean),
		cmocka_unit_test_setup_teardown(an_endless_body_is_cut_off, make, clean),
		cmocka_unit_test_setup_teardown(garbage_harms_nobody, make, clean),
		cmocka_unit_test_setup_teardown(a_connection_can_be_kept, make, clean),
		cmocka_unit_test_setup_teardown(many_ask_at_once, make, clean),
	};
	return cmocka_run_group_tests_name("admin: API", tests, NULL, NULL);
}
