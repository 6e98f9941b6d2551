/* The API's paths. What concerns the running daemon is asked of it; what concerns the past is asked of the
 * journal, through a store that is opened for the request. */
#include "admin/routes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/metrics.h"
#include "admin/openapi.h"
#include "admin/routes_access.h"
#include "admin/routes_changes.h"
#include "admin/routes_more.h"
#include "journal/sqlite/sqlite.h"
#include "report/names.h"
#include "report/overview.h"
#include "report/proposals.h"
#include "report/report.h"
#include "report/summary.h"
#include "report/tagged.h"

#define OVERVIEW_SINCE_US (INT64_C(86400) * 1000000)
#define REPORT_SINCE_US (INT64_C(30) * 86400 * 1000000) /* when nobody says since when */

void routes_fail(struct routes_answer *answer, int http, const char *sentence)
{
	answer->http = http;
	snprintf(answer->error, sizeof answer->error, "%s", sentence);
}

/* ---- the running daemon ------------------------------------------------------------------ */

static void get_status(struct routes_context *context, const struct params *params,
                       struct routes_answer *answer)
{
	(void)params;
	answer->body = context->ops.status(context->ops.data, &answer->http, answer->error);
}

static void get_lists(struct routes_context *context, const struct params *params,
                      struct routes_answer *answer)
{
	(void)params;
	answer->body = context->ops.lists(context->ops.data, &answer->http, answer->error);
}

static void get_rules(struct routes_context *context, const struct params *params,
                      struct routes_answer *answer)
{
	(void)params;
	answer->body = context->ops.rules(context->ops.data, &answer->http, answer->error);
}

static void get_metrics(struct routes_context *context, const struct params *params,
                        struct routes_answer *answer)
{
	(void)params;
	const struct admin_ops *ops = &context->ops;
	json_t *status = ops->status(ops->data, &answer->http, answer->error);
	json_t *lists = ops->lists(ops->data, &answer->http, answer->error);
	json_t *rules = ops->rules(ops->data, &answer->http, answer->error);
	struct buffer *text = answer->http < 400 ? malloc(sizeof *text) : NULL;
	if (text) {
		buffer_init(text, METRICS_BYTES_MAX);
		metrics_write(text, status, lists, rules);
	}
	if (text && !text->failed) {
		answer->text = text;
		answer->type = METRICS_TYPE;
	} else {
		if (text)
			buffer_deinit(text);
		free(text);
		if (answer->http < 400)
			routes_fail(answer, 503, "The daemon has no memory for its figures.");
	}
	json_decref(status);
	json_decref(lists);
	json_decref(rules);
}

static void post_reload(struct routes_context *context, const struct params *params,
                        struct routes_answer *answer)
{
	(void)params;
	answer->body = context->ops.reload(context->ops.data, &answer->http, answer->error);
}

static void post_update_lists(struct routes_context *context, const struct params *params,
                              struct routes_answer *answer)
{
	answer->body = context->ops.update_lists(context->ops.data, params_get(params, "name"),
	                                         &answer->http, answer->error);
}

static void post_pause(struct routes_context *context, const struct params *params,
                       struct routes_answer *answer)
{
	const char *duration = params_get(params, "for"), *tag = params_get(params, "tag");
	if (!duration || !*duration)
		routes_fail(answer, 400, "Say for how long (\"for\"): 10m, or off.");
	else
		answer->body = context->ops.pause(context->ops.data, duration, tag && *tag ? tag : "all",
		                                  &answer->http, answer->error);
}

static void get_explain(struct routes_context *context, const struct params *params,
                        struct routes_answer *answer)
{
	const char *device = params_get(params, "device"), *name = params_get(params, "name");
	const char *type = params_get(params, "type");
	if (!device || !*device || !name || !*name) {
		routes_fail(answer, 400, "Give a \"device\" and a \"name\".");
		return;
	}
	answer->body = context->ops.explain(context->ops.data, device, name, type ? type : "A",
	                                    &answer->http, answer->error);
}

/* ---- the journal ------------------------------------------------------------------------- */

struct store *routes_open_store(struct routes_context *context, struct routes_answer *answer)
{
	if (!context->journal_path) {
		routes_fail(answer, 409, ROUTES_NO_JOURNAL);
		return NULL;
	}
	struct store *store =
		sqlite_store_open(context->journal_path, answer->error, sizeof answer->error);
	if (!store)
		answer->http = 503;
	return store;
}

static int http_of(int error)
{
	return error == PF_EINVAL || error == PF_EFULL ? 400 : 503;
}

bool routes_read_filter(struct routes_context *context, const struct params *params,
                        struct store_filter *filter, struct tagged *tagged,
                        struct routes_answer *answer)
{
	const char *tag = params_get(params, "tag");
	*tagged = (struct tagged){0};
	if (params_filter(params, clock_now(), filter, answer->error) != PF_OK) {
		answer->http = 400;
		return false;
	}
	if (!tag)
		return true;
	json_t *devices = context->ops.devices(context->ops.data, &answer->http, answer->error);
	if (!devices)
		return false;
	int error = tagged_init(tagged, devices, tag, filter, answer->error);
	if (error != PF_OK)
		answer->http = error == PF_ENOMEM ? 503 : error == PF_ENOENT ? 404 : 400;
	return error == PF_OK;
}

static void ask_journal(struct routes_context *context, const struct store_filter *filter,
                        const char *named, enum rows_kind kind, struct routes_answer *answer)
{
	int format = rows_format(named, answer->caller->accept, kind, answer->error);
	if (format < 0) {
		answer->http = 400;
		return;
	}
	struct store *store = routes_open_store(context, answer);
	if (!store)
		return;
	int error =
		rows_ask(store, kind, filter, format, &context->budget, &answer->rows, answer->error);
	answer->type = rows_type(format);
	if (error != PF_OK)
		answer->http = http_of(error);
	store->close(&store);
}

static void get_queries(struct routes_context *context, const struct params *params,
                        struct routes_answer *answer)
{
	struct store_filter filter;
	struct tagged tagged;
	bool read = routes_read_filter(context, params, &filter, &tagged, answer);
	/* To the store 0 means all, and a month of queries is no answer for one request. */
	if (read && !filter.limit) {
		snprintf(answer->error, sizeof answer->error,
		         "\"0\" is no number from 1 to %d for \"limit\".", PARAM_LIMIT_MAX);
		answer->http = 400;
	} else if (read) {
		ask_journal(context, &filter, params_get(params, "format"), ROWS_QUERIES, answer);
	}
	tagged_deinit(&tagged);
}

/* Here a limit of 0 is allowed: an export is whole, or refused by its size. */
static void ask_rows(struct routes_context *context, const struct params *params,
                     enum rows_kind kind, struct routes_answer *answer)
{
	struct store_filter filter;
	struct tagged tagged;
	if (routes_read_filter(context, params, &filter, &tagged, answer))
		ask_journal(context, &filter, params_get(params, "format"), kind, answer);
	tagged_deinit(&tagged);
}

static void get_endpoints(struct routes_context *context, const struct params *params,
                          struct routes_answer *answer)
{
	ask_rows(context, params, ROWS_ENDPOINTS, answer);
}

/* What it needs besides the journal is the daemon's: its home, for the words. */
static void get_report(struct routes_context *context, const struct params *params,
                       struct routes_answer *answer)
{
	struct store_filter filter;
	struct tagged tagged;
	struct now now = clock_now();
	if (routes_read_filter(context, params, &filter, &tagged, answer)) {
		struct store *store = routes_open_store(context, answer);
		json_t *status = context->ops.status(context->ops.data, &answer->http, answer->error);
		char home[128] = "";
		size_t i;
		json_t *code;
		json_array_foreach(json_object_get(status, "home"), i, code)
		{
			size_t used = strlen(home);
			snprintf(home + used, sizeof home - used, "%s%s", i ? ", " : "",
			         json_string_value(code));
		}
		if (!filter.since_wall_us)
			filter.since_wall_us = now.wall_us - REPORT_SINCE_US;
		if (!filter.until_wall_us)
			filter.until_wall_us = now.wall_us;
		const struct summary_subject subject = {filter.device, params_get(params, "tag"), home};
		if (store && status)
			answer->body = summary_make(store, &filter, &subject);
		if (store && status && !answer->body)
			routes_fail(answer, 503, *store->error ? store->error : "The journal can not be read.");
		json_decref(status);
		if (store)
			store->close(&store);
	}
	tagged_deinit(&tagged);
}

static void get_names(struct routes_context *context, const struct params *params,
                      struct routes_answer *answer)
{
	struct store_filter filter;
	struct tagged tagged;
	if (routes_read_filter(context, params, &filter, &tagged, answer)) {
		struct store *store = routes_open_store(context, answer);
		int error = store ? names_make(store, &filter, &answer->body) : PF_OK;
		if (error != PF_OK)
			routes_fail(answer, http_of(error),
			            *store->error ? store->error : "The journal can not be read.");
		if (store)
			store->close(&store);
	}
	tagged_deinit(&tagged);
}

/* The last day, when nothing else is asked for. */
void get_overview(struct routes_context *context, const struct params *params,
                  struct routes_answer *answer)
{
	struct store_filter filter;
	struct now now = clock_now();
	if (params_filter(params, now, &filter, answer->error) != PF_OK) {
		answer->http = 400;
		return;
	}
	if (!filter.until_wall_us)
		filter.until_wall_us = now.wall_us;
	if (!filter.since_wall_us)
		filter.since_wall_us = now.wall_us - OVERVIEW_SINCE_US;
	struct store *store = routes_open_store(context, answer);
	if (!store)
		return;
	json_t *status = context->ops.status(context->ops.data, &answer->http, answer->error);
	int error = status ? overview_make(store, &filter, &answer->body) : PF_OK;
	if (answer->body)
		json_object_set(answer->body, "home", json_object_get(status, "home"));
	else if (error != PF_OK)
		routes_fail(answer, http_of(error),
		            *store->error ? store->error : "The journal can not be read.");
	json_decref(status);
	store->close(&store);
}

static void get_events(struct routes_context *context, const struct params *params,
                       struct routes_answer *answer)
{
	ask_rows(context, params, ROWS_EVENTS, answer);
}

/* The table is read for each question: it has some hundred lines, and one that was replaced counts at once. */
static void get_proposals(struct routes_context *context, const struct params *params,
                          struct routes_answer *answer)
{
	struct store_filter filter;
	struct recognise *table = NULL;
	if (params_filter(params, clock_now(), &filter, answer->error) != PF_OK) {
		answer->http = 400;
		return;
	}
	char *path = context->ops.recognise_path(context->ops.data);
	if (!path)
		routes_fail(answer, 409, "Devices are not recognised by their names (recognise: off).");
	else if (recognise_load(path, &table, answer->error) != PF_OK)
		answer->http = 503;
	free(path);
	if (!table)
		return;
	struct store *store = routes_open_store(context, answer);
	if (store) {
		answer->body = report_proposals(store, table, &filter);
		if (!answer->body)
			routes_fail(answer, 503, *store->error ? store->error : "The journal can not be read.");
		store->close(&store);
	}
	recognise_free(&table);
}

/* ---- the table --------------------------------------------------------------------------- */

static const char *const no_params[] = {NULL};
static const char *const name_params[] = {"name", NULL};
static const char *const rule_params[] = {"rule", "place", NULL};
static const char *const replace_params[] = {"name", "rule", "place", NULL};
static const char *const move_params[] = {"name", "place", NULL};
static const char *const address_params[] = {"address", NULL};
static const char *const call_params[] = {"device", "name", NULL};
static const char *const pause_params[] = {"for", "tag", NULL};
static const char *const device_params[] = {"unknown", "after", "limit", NULL};
static const char *const proposal_params[] = {"device", "since", "limit", NULL};
static const char *const tag_params[] = {"device", "tags", NULL};
static const char *const explain_params[] = {"device", "name", "type", NULL};
#define PLACE_PARAMS "domain", "country", "location", "control", "asn", "tag"
static const char *const query_params[] = {"device", "name",   "action",     "rule",  "standing",
                                           "type",   "since",  "until",      "after", "limit",
                                           "before", "format", PLACE_PARAMS, NULL};
static const char *const endpoint_params[] = {"device", "name",  "action",     "rule",  "standing",
                                              "type",   "since", "until",      "limit", "before",
                                              "format", "new",   PLACE_PARAMS, NULL};
static const char *const report_params[] = {"device",     "name", "action", "rule",  "standing",
                                            PLACE_PARAMS, "type", "since",  "until", NULL};
static const char *const names_params[] = {"device", "tag",   "domain", "action",
                                           "since",  "until", "limit",  NULL};
static const char *const overview_params[] = {"device", "since", "until", NULL};
static const char *const simulate_params[] = {"add",    "instead", "place",    "device",     "name",
                                              "action", "rule",    "standing", PLACE_PARAMS, "type",
                                              "since",  "until",   "limit",    NULL};
static const char *const event_params[] = {"device", "kind",   "since", "until",
                                           "limit",  "before", NULL};

static const char *const live_params[] = {"what",     "device", "name",       "action", "rule",
                                          "standing", "type",   PLACE_PARAMS, NULL};
static const char *const login_params[] = {"password", NULL};
static const char *const password_params[] = {"role", "password", "current", NULL};
static const char *const token_params[] = {"name", "may", NULL};

static const struct route routes[] = {
	{"/api/v1/session", ROUTE_FOR_ALL, no_params, get_session},
	{"/api/v1/login", ROUTE_CHANGES | ROUTE_FOR_ALL, login_params, post_login},
	{"/api/v1/logout", ROUTE_CHANGES | ROUTE_FOR_ALL, no_params, post_logout},
	{"/api/v1/password", ROUTE_CHANGES, password_params, post_password},
	{"/api/v1/tokens", 0, no_params, get_tokens},
	{"/api/v1/tokens/new", ROUTE_CHANGES, token_params, post_token},
	{"/api/v1/tokens/revoke", ROUTE_CHANGES, name_params, post_revoke_token},
	{"/api/v1/openapi.json", ROUTE_FOR_ALL, no_params, get_openapi},
	{"/healthz", ROUTE_FOR_ALL, no_params, get_health},
	{"/readyz", ROUTE_FOR_ALL, no_params, get_ready},
	{"/api/v1/countries", 0, overview_params, get_countries},
	{"/api/v1/live", 0, live_params, get_live},
	{"/metrics", 0, no_params, get_metrics},
	{"/api/v1/status", 0, no_params, get_status},
	{"/api/v1/devices", 0, device_params, get_devices},
	{"/api/v1/proposals", 0, proposal_params, get_proposals},
	{"/api/v1/queries", 0, query_params, get_queries},
	{"/api/v1/endpoints", 0, endpoint_params, get_endpoints},
	{"/api/v1/names", 0, names_params, get_names},
	{"/api/v1/report", 0, report_params, get_report},
	{"/api/v1/overview", 0, overview_params, get_overview},
	{"/api/v1/events", 0, event_params, get_events},
	{"/api/v1/lists", 0, no_params, get_lists},
	{"/api/v1/rules", 0, no_params, get_rules},
	{"/api/v1/explain", 0, explain_params, get_explain},
	{"/api/v1/geo", 0, address_params, get_geo},
	{"/api/v1/lists/update", ROUTE_CHANGES, name_params, post_update_lists},
	{"/api/v1/pause", ROUTE_CHANGES, pause_params, post_pause},
	{"/api/v1/rules/add", ROUTE_CHANGES, rule_params, post_add_rule},
	{"/api/v1/rules/replace", ROUTE_CHANGES, replace_params, post_replace_rule},
	{"/api/v1/rules/move", ROUTE_CHANGES, move_params, post_move_rule},
	{"/api/v1/rules/remove", ROUTE_CHANGES, name_params, post_remove_rule},
	{"/api/v1/tag", ROUTE_CHANGES, tag_params, post_tag},
	{"/api/v1/untag", ROUTE_CHANGES, tag_params, post_untag},
	{"/api/v1/name", ROUTE_CHANGES, call_params, post_name},
	{"/api/v1/simulate", ROUTE_CHANGES | ROUTE_OWN_BODY, simulate_params, post_simulate},
	{"/api/v1/reload", ROUTE_CHANGES, no_params, post_reload},
};

const struct route *route_at(size_t number)
{
	return number < PF_COUNT(routes) ? &routes[number] : NULL;
}

const struct route *route_find(const char *path)
{
	for (size_t i = 0; i < PF_COUNT(routes); i++)
		if (!strcmp(routes[i].path, path))
			return &routes[i];
	return NULL;
}
