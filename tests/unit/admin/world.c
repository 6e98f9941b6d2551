/* See world.h. */
#include "unit/admin/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/sqlite/sqlite.h"
#include "unit/journal/sample.h"

#define KEEP_US (INT64_C(30) * 86400 * 1000000)

static const char status_text[] =
	"{'version': '0.1.0', 'pid': 1, 'started': '2026-11-23T20:26:23.123Z', 'uptime_s': 93784,"
	"'snapshot': {'epoch': 1, 'built': '2026-11-23T20:26:24.000Z', 'config': '/p.yaml'},"
	"'workers': 2, 'listen': ['127.0.0.1:5353', '[::1]:5353'], 'home': ['US'],"
	"'queries': {'received': 1234567, 'answered': 1234560, 'malformed': 3, 'refused': 2,"
	"  'limited': 7, 'overloaded': 1, 'dropped': 4, 'allow': 1234000, 'flag': 500, 'sinkhole': 60,"
	"  'in_flight': 1},"
	"'sources': {'policy': 60, 'cache': 1000000, 'stale': 0, 'upstream': 234500},"
	"'cache': {'entries': 31, 'bytes': 9000, 'bytes_max': 67108864, 'hits': 3, 'misses': 4,"
	"  'evicted': 0},"
	"'upstreams': [{'address': '127.0.0.1:5300', 'queries': 3, 'answers': 3, 'timeouts': 0,"
	"  'junk': 0, 'rtt_ms': 0.4}, {'address': '127.0.0.2:5300', 'queries': 0, 'answers': 0,"
	"  'timeouts': 0, 'junk': 0, 'rtt_ms': null}],"
	"'journal': {'enabled': true, 'path': '/j.db', 'put': 8, 'journalled': 8, 'dropped': 0,"
	"  'last_error': ''},"
	"'databases': [{'kind': 'location', 'label': 'dbip 2026-06', 'path': '/d.mmdb',"
	"  'built': '2026-06-01', 'age_days': 175, 'entries': 0, 'old': true}],"
	"'devices': {'configured': 6, 'neighbours': 12}, 'lists': {'count': 3, 'names': 12345},"
	"'rules': {'count': 4}, 'warnings': ['The database dbip 2026-06 is 175 days old.']}";

/* The first is in the journal, the second has never asked, the third is a stranger with a mischievous name. */
static const char devices_text[] =
	"{'devices': [{'id': 'mac:64:bc:0c:80:7e:00', 'name': 'lobby coffee', 'known': true,"
	"  'tags': ['all', 'coffee'], 'mac': '64:bc:0c:80:7e:00', 'addresses': ['127.0.0.11/32']},"
	"{'id': 'name:never', 'name': 'never', 'known': true, 'tags': ['all'], 'mac': null,"
	"  'addresses': []},"
	"{'id': 'ip:192.0.2.9', 'name': 'a\\u001b[31m\\u202eb', 'known': false,"
	"  'tags': ['all', 'unknown'], 'mac': null, 'addresses': ['192.0.2.9']}]}";

static const char lists_text[] =
	"{'lists': [{'name': 'tv', 'file': '/l/tv.txt', 'format': 'plain', 'names': 12345,"
	"  'exceptions': 1, 'lines': 12400, 'comments': 2, 'skipped': [{'reason':"
	"  'not a domain name', 'count': 4, 'lines': [4, 9, 11]}],"
	"  'modified': '2026-11-01T00:00:00.000Z'}]}";

static const char rules_text[] =
	"{'rules': [{'rule': 1, 'name': 'firmware updates', 'tags': ['coffee'], 'action': 'allow',"
	"  'stage': 'names', 'matches': 17}]}";

static const char explain_text[] =
	"{'device': {'id': 'mac:64:bc:0c:80:7e:00', 'name': 'lobby coffee', 'known': true,"
	"  'tags': ['all', 'coffee']}, 'action': 'sinkhole', 'rule': 3, 'rule_name':"
	"  'coffee stays home', 'stage': 'answers', 'reason': 'sinkholed by rule 3 \\\"coffee stays"
	" home\\\": a.example.cn → 203.0.113.7 in CN', 'reply': 'nxdomain', 'rcode': 'NXDOMAIN',"
	"  'standing': 'overseas', 'confidence': 'high', 'source': 'cache',"
	"  'upstream': '127.0.0.1:5300', 'hops': ['a.example.net'], 'addresses': [{'address':"
	"  '203.0.113.7', 'location': 'CN', 'control': null, 'asn': 37963, 'organisation':"
	"  'Größe', 'standing': 'overseas', 'confidence': 'high', 'evidence':"
	"  'dbip 2026-06 CN', 'special': false, 'anycast': true}, {'address': '192.0.2.1',"
	"  'location': null, 'control': null, 'asn': 0, 'organisation': '', 'standing': 'unknown',"
	"  'confidence': 'low', 'evidence': '', 'special': true, 'anycast': false}],"
	"  'lists': [{'name': 'tv', 'file': '/l/tv.txt', 'entry': 'example.cn', 'line': 12,"
	"  'text': '||example.cn^'}],"
	"  'rules': [{'rule': 1, 'name': 'firmware updates', 'action': 'allow', 'stage': 'names',"
	"  'result': 'no match', 'why': 'the name is none of *.update.example.com'},"
	"  {'rule': 3, 'name': 'coffee stays home', 'action': 'sinkhole', 'stage': 'answers',"
	"  'result': 'matches', 'why': ''}]}";

static const char explain_nothing_text[] =
	"{'device': {'id': 'ip:192.0.2.9', 'name': '192.0.2.9', 'known': false, 'tags': ['all',"
	"  'unknown']}, 'action': 'allow', 'rule': 0, 'rule_name': '', 'stage': '', 'reason':"
	"  'allowed: no rule matched', 'reply': '', 'rcode': 'NOERROR', 'standing': '',"
	"  'confidence': '', 'source': 'upstream', 'upstream': '127.0.0.1:5300', 'hops': [],"
	"  'addresses': [], 'lists': [], 'rules': []}";

json_t *world_json(const char *text)
{
	json_error_t error;
	char *copy = strdup(text);
	assert_non_null(copy);
	for (char *c = copy; *c; c++)
		if (*c == '\'')
			*c = '"';
	json_t *json = json_loads(copy, JSON_DECODE_ANY, &error);
	if (!json)
		fail_msg("%s at %d: %s", error.text, error.position, copy);
	free(copy);
	return json;
}

static json_t *canned(void *data, const char *text)
{
	struct world *world = data;
	__atomic_add_fetch(&world->calls, 1, __ATOMIC_RELAXED);
	return world_json(text);
}

static json_t *give_status(void *data, int *http, char error[500])
{
	(void)http;
	(void)error;
	return canned(data, status_text);
}

static json_t *give_devices(void *data, int *http, char error[500])
{
	(void)http;
	(void)error;
	return canned(data, devices_text);
}

/* A person may give the first device any tag but "fixed", and take only "guest" away. */
static json_t *change_tag(void *data, const char *device, const char *tags, bool untag, int *http,
                          char error[500])
{
	if (strcmp(device, "lobby coffee")) {
		*http = 404;
		snprintf(error, 500, "There is no device \"%.100s\".", device);
		return NULL;
	}
	if (!strcmp(tags, "fixed") || (untag && strcmp(tags, "guest"))) {
		*http = 409;
		snprintf(error, 500, "The tag \"%.40s\" is from the configuration.", tags);
		return NULL;
	}
	json_t *result = canned(
		data,
		"{'id': 'mac:64:bc:0c:80:7e:00', 'name': 'lobby coffee', 'known': true, 'tags':"
		" ['all', 'coffee', 'iot'], 'tag_origins': {'all': {'by': 'built-in'}, 'coffee': {'by':"
		" 'configuration'}, 'iot': {'by': 'rule', 'rule': 'vendor Espressif*'}}}");
	json_t *list = json_object_get(result, "tags"),
		   *origins = json_object_get(result, "tag_origins");
	char copy[200], *rest = copy;
	snprintf(copy, sizeof copy, "%s", tags);
	for (char *tag = strsep(&rest, ","); tag && !untag; tag = strsep(&rest, ",")) {
		json_array_append_new(list, json_string(tag));
		json_object_set_new(origins, tag,
		                    world_json("{'by': 'person', 'since': '2026-11-23T20:26:23.123Z'}"));
	}
	return result;
}

static json_t *give_lists(void *data, int *http, char error[500])
{
	(void)http;
	(void)error;
	return canned(data, lists_text);
}

static json_t *give_rules(void *data, int *http, char error[500])
{
	(void)http;
	(void)error;
	return canned(data, rules_text);
}

/* A daemon without words: NULL, and nothing said. */
static json_t *give_explanation(void *data, const char *device, const char *name, const char *type,
                                int *http, char error[500])
{
	struct world *world = data;
	if (!strcmp(device, "speechless"))
		return NULL;
	if (strcmp(device, "lobby coffee")) {
		*http = 404;
		snprintf(error, 500, "There is no device \"%.100s\".", device);
		return NULL;
	}
	json_t *result = canned(data, world->without_rules ? explain_nothing_text : explain_text);
	json_object_set_new(result, "name", json_string(name));
	json_object_set_new(result, "type", json_string(type));
	return result;
}

static json_t *give_pause(void *data, const char *duration, const char *tag, int *http,
                          char error[500])
{
	(void)data;
	if (!strcmp(duration, "10m") || !strcmp(duration, "off"))
		return json_pack("{s:[{s:s, s:s, s:i}], s:b}", "pauses", "tag", tag, "until",
		                 "2026-11-23T20:36:23.123Z", "left_s", 600, "stored", 1);
	*http = 400;
	snprintf(error, 500, "\"%s\" is no duration.", duration);
	return NULL;
}

static json_t *give_update(void *data, const char *name, int *http, char error[500])
{
	if (!name)
		return canned(
			data,
			"{'lists': [{'name': 'feed', 'from': 'https://l.example/f.txt', 'phase': 'resting',"
			"  'bytes': 5000, 'fetched': '2026-11-25T18:00:00.000Z',"
			"  'checked': '2026-11-25T19:00:00.000Z', 'next': '2026-11-26T18:00:00.000Z',"
			"  'serial': null, 'expired': false, 'error': null}]}");
	*http = 502;
	snprintf(error, 500, "1 of 1 lists could not be fetched.");
	return canned(data, "{'lists': [{'name': 'feed', 'error': 'it is a page'}]}");
}

static json_t *give_reload(void *data, int *http, char error[500])
{
	struct world *world = data;
	world->reloads++;
	if (!world->refuses_reload)
		return canned(data, "{'epoch': 2, 'warnings': ['p.yaml:1:1: warning: it is late.']}");
	*http = 422;
	snprintf(error, 500, "The configuration is not taken; the old one stays in force.");
	return canned(data, "{'errors': ['p.yaml:1:2: error: one.', 'p.yaml:3:4: error: two.']}");
}

static char *give_recognise_path(void *data)
{
	(void)data;
	return strdup(TESTS_DIR "/../src/recognise/evidence.tsv");
}

struct admin_ops world_ops(struct world *world)
{
	return (struct admin_ops){
		.data = world,
		.status = give_status,
		.devices = give_devices,
		.tag = change_tag,
		.lists = give_lists,
		.rules = give_rules,
		.explain = give_explanation,
		.update_lists = give_update,
		.reload = give_reload,
		.pause = give_pause,
		.recognise_path = give_recognise_path,
	};
}

static void write_journal(const char *path)
{
	char error[256];
	struct sink *sink = sqlite_sink_open(path, KEEP_US, error, sizeof error);
	assert_non_null(sink);
	assert_int_equal(sink->begin(sink, error, sizeof error), PF_OK);
	for (unsigned i = 0; i < WORLD_ROWS; i++) {
		struct sample sample;
		sample_fill(&sample, i, true);
		assert_int_equal(sink->write(sink, &sample.record, error, sizeof error), PF_OK);
	}
	assert_int_equal(sink->commit(sink, error, sizeof error), PF_OK);
	sink->close(&sink);
}

void world_configure(struct world *world, const char *text)
{
	FILE *file = fopen(world->config_path, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

void world_start(struct world *world)
{
	char error[500] = "";
	struct admin_options options = {.socket_path = world->socket_path,
	                                .journal_path = world->journal_path,
	                                .ops = world_ops(world),
	                                .state_folder = world->folder};
	if (admin_start(&options, &world->admin, error) != PF_OK)
		fail_msg("%s", error);
}

struct world *world_new(void)
{
	struct world *world = calloc(1, sizeof *world);
	char text[600];
	assert_non_null(world);
	sample_make_folder(world->folder);
	snprintf(world->socket_path, sizeof world->socket_path, "%s/control.sock", world->folder);
	snprintf(world->journal_path, sizeof world->journal_path, "%s/journal.db", world->folder);
	snprintf(world->config_path, sizeof world->config_path, "%s/portafilter.yaml", world->folder);
	snprintf(text, sizeof text,
	         "listen: {dns: [\"127.0.0.1:5353\"], control: %s}\nupstreams: [\"127.0.0.1:5300\"]\n"
	         "journal: {path: %s}\n",
	         world->socket_path, world->journal_path);
	write_journal(world->journal_path);
	world_configure(world, text);
	world_start(world);
	return world;
}

void world_free(struct world **world)
{
	admin_stop(&(*world)->admin);
	sample_remove_folder((*world)->folder);
	free(*world);
	*world = NULL;
}
