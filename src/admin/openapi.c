/* The table of routes as OpenAPI. What an answer holds is written in short here: "name:type name:type …", all of them there, others
 * possible. A type is s (string), i (integer), n (number), b (boolean), o (object), or @NAME (one of `shapes`); [T] is an array of
 * it, ?T may be null. tests/system/test_web.py holds the answers against it. */
#include <config.h>

#include "admin/openapi.h"

#include <string.h>

struct shape {
	const char *name; /* or the path of an answer */
	const char *members;
};

#define DEVICE                                                                  \
	"id:s name:s known:b tags:[s] tag_origins:o mac:?s addresses:[s] vendor:s " \
	"hostname:s mac_is_local:b named_by:s"

static const struct shape shapes[] = {
	{"Query", "row:i time:s device:s client:s name:s type:s rcode:s action:s rule:s reason:s "
              "standing:s confidence:s source:s upstream:s took_us:i protocol:s dnssec:s"},
	{"Endpoint", "device:s name:s type:s address:s location:s control:s asn:i organisation:s "
                 "standing:s confidence:s first:s last:s count:i domain:s hops:[o] dnssec:s"},
	{"Address", "address:s special:b anycast:b locations:o location:?s registered:?s asn:?i "
                "organisation:?s control:?s standing:s confidence:s"},
	{"Event", "time:s kind:s device:s device_id:s name:s before:s after:s evidence:s cause:s"},
	{"Device", DEVICE},
	{"List", "name:s file:s format:s names:i patterns:i networks:i lines:i skipped:[o] hits:i "
             "modified:?s source:?o"},
	{"Proposal",
     "id:s device:s names:i unknown_domains:i vendor:?s kind:?s score:n reason:s for:[o] "
     "against:[o]"},
	{"Rule", "rule:i name:s added:b file:s line:i tags:[s] action:s stage:s matches:i "
             "shadowed_by:?s warnings:[s] text:?s"},
	{"Upstream",
     "address:s client_subnet:s protocol:s queries:i answers:i timeouts:i junk:i rtt_ms:?n loss:n latency:o "
     "loses_case:b connections:i resumed:i failures:i"},
	{"Forward", "zones:[s] upstreams:[@Upstream]"},
	{"Token", "name:s role:s created:s"},
	{"Country", "country:s name:s standing:s queries:i devices:i"},
	{"Problem", "type:s title:s status:i detail:s"},
};

static const struct shape answers[] = {
	{"/api/v1/session", "role:?s password_set:b expires:?s"},
	{"/api/v1/login", "role:s expires:s"},
	{"/api/v1/logout", "role:?s"},
	{"/api/v1/password", "role:s password_set:b"},
	{"/api/v1/tokens", "tokens:[@Token]"},
	{"/api/v1/tokens/new", "name:s role:s token:s"},
	{"/api/v1/tokens/revoke", "tokens:[@Token]"},
	{"/healthz", "status:s"},
	{"/readyz", "status:s"},
	{"/api/v1/status",
     "version:s pid:i started:s uptime_s:i snapshot:o workers:i listen:[s] home:[s] "
     "pauses:[o] queries:o sources:o cache:o upstreams:[@Upstream] forward:[@Forward] journal:o notify:o "
     "databases:[o] devices:o lists:o rules:o warnings:[s]"},
	{"/api/v1/devices", "devices:[@Device] after:?s"},
	{"/api/v1/queries", "queries:[@Query] last_row:i before:?s"},
	{"/api/v1/endpoints", "endpoints:[@Endpoint] before:?s"},
	{"/api/v1/events", "events:[@Event] before:?s"},
	{"/api/v1/lists", "lists:[@List]"},
	{"/api/v1/rules", "rules:[@Rule]"},
	{"/api/v1/countries", "range:o home:[s] countries:[@Country]"},
	{"/api/v1/overview",
     "range:o step:s queries:i flag:i sinkhole:i hours:[o] countries:[o] devices:[o] home:[s]"},
	{"/api/v1/names", "all:i names:[o]"},
	{"/api/v1/report", "subject:o range:o devices:[o] totals:o owners:[o] findings:[s]"},
	{"/api/v1/explain",
     "device:o name:s type:s action:s rule:i rule_name:s stage:s reason:s rcode:s "
     "addresses:[o] lists:[o] rules:[o]"},
	{"/api/v1/proposals", "proposals:[@Proposal] more:b"},
	{"/api/v1/geo", "sources:[o] home:[s] addresses:[@Address]"},
	{"/api/v1/simulate",
     "range:o queries:i same:i unseen:i breaks:b changes:[o] look_first:[o] devices:[o] cut:o "
     "rows:[o]"},
	{"/api/v1/lists/update", "lists:[o]"},
	{"/api/v1/tag", DEVICE},
	{"/api/v1/untag", DEVICE},
	{"/api/v1/name", DEVICE},
	{"/api/v1/pause", "pauses:[o] stored:b"},
	{"/api/v1/reload", "epoch:i warnings:[s]"},
	{"/api/v1/rules/add", "epoch:i warnings:[s] added:[s]"},
	{"/api/v1/rules/replace", "epoch:i warnings:[s] added:[s]"},
	{"/api/v1/rules/move", "epoch:i warnings:[s] added:[s]"},
	{"/api/v1/rules/remove", "epoch:i warnings:[s] added:[s]"},
};

/* One type; `*text` stands behind it afterwards. */
static json_t *type_json(const char **text)
{
	static const struct {
		char letter;
		const char *word;
	} words[] = {
		{'s', "string"}, {'i', "integer"}, {'n', "number"}, {'b', "boolean"}, {'o', "object"}};
	char c = *(*text)++;
	if (c == '?')
		return json_pack("{s:[o, {s:s}]}", "anyOf", type_json(text), "type", "null");
	if (c == '[') {
		json_t *array = json_pack("{s:s, s:o}", "type", "array", "items", type_json(text));
		(*text)++; /* ] */
		return array;
	}
	if (c == '@') {
		size_t length = strcspn(*text, " ]");
		json_t *reference =
			json_pack("{s:o}", "$ref",
		              json_sprintf("#/components/schemas/%.*s", (int)length, *text));
		*text += length;
		return reference;
	}
	for (size_t i = 0; i < PF_COUNT(words); i++)
		if (words[i].letter == c)
			return json_pack("{s:s}", "type", words[i].word);
	return json_object();
}

static json_t *members_json(const char *members)
{
	json_t *properties = json_object(), *required = json_array();
	while (*members) {
		size_t length = strcspn(members, ":");
		json_t *name = json_stringn(members, length);
		members += length + 1;
		json_object_set_new(properties, json_string_value(name), type_json(&members));
		json_array_append_new(required, name);
		members += *members == ' ';
	}
	return json_pack("{s:s, s:o, s:o}", "type", "object", "properties", properties, "required",
	                 required);
}

static json_t *content_json(const struct route *route)
{
	static const struct {
		const char *path, *type;
	} others[] = {{"/metrics", "text/plain"}, {"/api/v1/live", "text/event-stream"}};
	for (size_t i = 0; i < PF_COUNT(others); i++)
		if (!strcmp(others[i].path, route->path))
			return json_pack("{s:{s:{s:s}}}", others[i].type, "schema", "type", "string");
	json_t *schema = NULL;
	for (size_t i = 0; i < PF_COUNT(answers) && !schema; i++)
		if (!strcmp(answers[i].name, route->path))
			schema = members_json(answers[i].members);
	json_t *content = json_pack("{s:{s:o}}", "application/json", "schema",
	                            schema ? schema : json_pack("{s:s}", "type", "object"));
	const bool queries = !strcmp(route->path, "/api/v1/queries");
	for (int i = 0; (queries || !strcmp(route->path, "/api/v1/endpoints")) && i < EXPORT_COUNT; i++)
		if (rows_can_show(i, queries ? ROWS_QUERIES : ROWS_ENDPOINTS))
			json_object_set_new(content, rows_type(i),
			                    json_pack("{s:{s:s}}", "schema", "type", "string"));
	return content;
}

/* Parameters of the query string. */
static json_t *parameters_json(const struct route *route)
{
	json_t *list = json_array();
	for (const char *const *name = route->params; *name; name++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:{s:s}}", "name", *name, "in", "query",
		                                      "schema", "type", "string"));
	return list;
}

/* The same as members of a JSON object. */
static json_t *body_json(const struct route *route)
{
	json_t *properties = json_object();
	for (const char *const *name = route->params; *name && !(route->flags & ROUTE_OWN_BODY); name++)
		json_object_set_new(properties, *name, json_object());
	return json_pack("{s:{s:{s:{s:s, s:o}}}}", "content", "application/json", "schema", "type",
	                 "object", "properties", properties);
}

static json_t *operation_json(const struct route *route)
{
	bool changes = route->flags & ROUTE_CHANGES;
	json_t *operation =
		json_pack("{s:{s:{s:s, s:o}, s:{s:s, s:{s:{s:{s:s}}}}}}", "responses", "200", "description",
	              "Done.", "content", content_json(route), "default", "description",
	              "What is wrong, in a sentence.", "content", "application/problem+json", "schema",
	              "$ref", "#/components/schemas/Problem");
	if (changes)
		json_object_set_new(operation, "requestBody", body_json(route));
	if (!changes || route->flags & ROUTE_OWN_BODY)
		json_object_set_new(operation, "parameters", parameters_json(route));
	if (route->flags & ROUTE_FOR_ALL)
		json_object_set_new(operation, "security", json_array());
	return operation;
}

void get_openapi(struct routes_context *context, const struct params *params,
                 struct routes_answer *answer)
{
	(void)context;
	(void)params;
	const struct route *route;
	json_t *paths = json_object(), *schemas = json_object();
	for (size_t i = 0; (route = route_at(i)); i++)
		json_object_set_new(paths, route->path,
		                    json_pack("{s:o}", route->flags & ROUTE_CHANGES ? "post" : "get",
		                              operation_json(route)));
	for (size_t i = 0; i < PF_COUNT(shapes); i++)
		json_object_set_new(schemas, shapes[i].name, members_json(shapes[i].members));
	answer->body = json_pack(
		"{s:s, s:{s:s, s:s}, s:o, s:{s:o, s:{s:{s:s, s:s}, s:{s:s, s:s, s:s}}}, s:[{s:[]}, {s:[]}]}",
		"openapi", "3.1.0", "info", "title", "portafilter", "version", PACKAGE_VERSION, "paths",
		paths, "components", "schemas", schemas, "securitySchemes", "token", "type", "http",
		"scheme", "bearer", "session", "type", "apiKey", "in", "cookie", "name", "portafilter",
		"security", "token", "session");
}
