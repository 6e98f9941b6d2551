/* The API's paths. What concerns the running daemon is asked of it; what concerns the past is asked of the
 * journal, through a store that is opened for the request. */
#include "admin/routes.h"

#include <stdio.h>
#include <string.h>

#include "journal/sqlite/sqlite.h"
#include "report/report.h"

static json_t *fail(int *http, int status, char error[500], const char *sentence)
{
	*http = status;
	snprintf(error, 500, "%s", sentence);
	return NULL;
}

/* ---- the running daemon ------------------------------------------------------------------ */

static json_t *get_status(struct routes_context *context, const struct params *params, int *http,
                          char error[500])
{
	(void)params;
	return context->ops.status(context->ops.data, http, error);
}

static json_t *get_lists(struct routes_context *context, const struct params *params, int *http,
                         char error[500])
{
	(void)params;
	return context->ops.lists(context->ops.data, http, error);
}

static json_t *get_rules(struct routes_context *context, const struct params *params, int *http,
                         char error[500])
{
	(void)params;
	return context->ops.rules(context->ops.data, http, error);
}

static json_t *post_reload(struct routes_context *context, const struct params *params, int *http,
                           char error[500])
{
	(void)params;
	return context->ops.reload(context->ops.data, http, error);
}

static json_t *get_explain(struct routes_context *context, const struct params *params, int *http,
                           char error[500])
{
	const char *device = params_get(params, "device"), *name = params_get(params, "name");
	const char *type = params_get(params, "type");
	if (!device || !*device || !name || !*name)
		return fail(http, 400, error, "Give a \"device\" and a \"name\".");
	return context->ops.explain(context->ops.data, device, name, type ? type : "A", http, error);
}

/* ---- the journal ------------------------------------------------------------------------- */

static struct store *open_store(struct routes_context *context, int *http, char error[500])
{
	if (!context->journal_path) {
		fail(http, 409, error, "No journal is kept (journal: off).");
		return NULL;
	}
	struct store *store = sqlite_store_open(context->journal_path, error, 500);
	if (!store)
		*http = 503;
	return store;
}

static json_t *ask_journal(struct routes_context *context, const struct params *params, int *http,
                           char error[500],
                           json_t *(*ask)(struct store *, const struct store_filter *))
{
	struct store_filter filter;
	if (params_filter(params, clock_now(), &filter, error) != PF_OK) {
		*http = 400;
		return NULL;
	}
	struct store *store = open_store(context, http, error);
	if (!store)
		return NULL;
	json_t *result = ask(store, &filter);
	if (!result)
		fail(http, 503, error, *store->error ? store->error : "The journal could not be read.");
	store->close(&store);
	return result;
}

static json_t *get_queries(struct routes_context *context, const struct params *params, int *http,
                           char error[500])
{
	return ask_journal(context, params, http, error, report_queries);
}

static json_t *get_endpoints(struct routes_context *context, const struct params *params, int *http,
                             char error[500])
{
	return ask_journal(context, params, http, error, report_endpoints);
}

/* ---- devices: who is here, and what the journal knows of them ---------------------------- */

static json_t *row_of(json_t *devices, const char *id)
{
	size_t i;
	json_t *row;
	json_array_foreach(devices, i, row) if (!strcmp(json_string_value(json_object_get(row, "id")),
	                                                id)) return row;
	return NULL;
}

/* A device that is in the journal only: it was here once. */
static json_t *past_device(json_t *devices, const char *id, json_t *name)
{
	json_t *mac = strncmp(id, "mac:", 4) ? json_null() : json_string(id + 4);
	json_t *row = json_pack("{s:s, s:O, s:b, s:[s, s], s:o, s:[]}", "id", id, "name", name, "known",
	                        0, "tags", "all", "unknown", "mac", mac, "addresses");
	json_array_append_new(devices, row);
	return row;
}

static void join(json_t *devices, json_t *seen)
{
	static const char *const members[] = {"first",   "last",      "queries",
	                                      "flagged", "sinkholed", "overseas_names"};
	size_t i;
	json_t *from, *row;
	json_array_foreach(seen, i, from)
	{
		const char *id = json_string_value(json_object_get(from, "id"));
		row = row_of(devices, id);
		if (!row)
			row = past_device(devices, id, json_object_get(from, "name"));
		for (size_t m = 0; m < PF_COUNT(members); m++)
			json_object_set(row, members[m], json_object_get(from, members[m]));
	}
	json_array_foreach(devices, i, row)
	{
		for (size_t m = 0; m < PF_COUNT(members); m++)
			if (!json_object_get(row, members[m]))
				json_object_set_new(row, members[m], m < 2 ? json_null() : json_integer(0));
	}
}

static void keep_unknown(json_t *devices)
{
	for (size_t i = json_array_size(devices); i > 0; i--)
		if (json_is_true(json_object_get(json_array_get(devices, i - 1), "known")))
			json_array_remove(devices, i - 1);
}

static json_t *get_devices(struct routes_context *context, const struct params *params, int *http,
                           char error[500])
{
	const char *unknown = params_get(params, "unknown");
	if (unknown && strcmp(unknown, "1"))
		return fail(http, 400, error, "\"unknown\" takes 1.");
	json_t *result = context->ops.devices(context->ops.data, http, error);
	json_t *devices = json_object_get(result, "devices"), *seen = NULL;
	if (!devices)
		return result;
	if (context->journal_path) {
		struct store *store = open_store(context, http, error);
		seen = store ? report_devices(store) : NULL;
		if (store && !seen)
			fail(http, 503, error, store->error);
		if (store)
			store->close(&store);
		if (!seen) {
			json_decref(result);
			return NULL;
		}
	}
	join(devices, json_object_get(seen, "devices"));
	json_decref(seen);
	if (unknown)
		keep_unknown(devices);
	return result;
}

/* ---- the table --------------------------------------------------------------------------- */

static const char *const no_params[] = {NULL};
static const char *const device_params[] = {"unknown", NULL};
static const char *const explain_params[] = {"device", "name", "type", NULL};
static const char *const query_params[] = {"device", "name",  "action", "standing", "type",
                                           "since",  "until", "after",  "limit",    NULL};
static const char *const endpoint_params[] = {"device", "name",  "standing", "type",
                                              "since",  "until", "limit",    NULL};

static const struct route routes[] = {
	{"/api/v1/status", false, no_params, get_status},
	{"/api/v1/devices", false, device_params, get_devices},
	{"/api/v1/queries", false, query_params, get_queries},
	{"/api/v1/endpoints", false, endpoint_params, get_endpoints},
	{"/api/v1/lists", false, no_params, get_lists},
	{"/api/v1/rules", false, no_params, get_rules},
	{"/api/v1/explain", false, explain_params, get_explain},
	{"/api/v1/reload", true, no_params, post_reload},
};

const struct route *route_find(const char *path)
{
	for (size_t i = 0; i < PF_COUNT(routes); i++)
		if (!strcmp(routes[i].path, path))
			return &routes[i];
	return NULL;
}
