/* Who is here, where addresses stand, countries, the live stream, health. */
#include "admin/routes_more.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/devices.h"
#include "admin/live.h"
#include "report/addresses.h"
#include "report/report.h"
#include "report/tagged.h"

/* ---- health ------------------------------------------------------------------------------ */

/* Does the admin answer? */
void get_health(struct routes_context *context, const struct params *params,
                struct routes_answer *answer)
{
	(void)context;
	(void)params;
	answer->body = json_pack("{s:s}", "status", "ok");
}

/* Are queries answered? Nothing else is told: it is for everybody. */
void get_ready(struct routes_context *context, const struct params *params,
               struct routes_answer *answer)
{
	(void)params;
	json_t *status = context->ops.status(context->ops.data, &answer->http, answer->error);
	json_int_t hung = json_integer_value(json_object_get(status, "workers_hung"));
	if (status && !hung)
		answer->body = json_pack("{s:s}", "status", "ready");
	else if (status)
		routes_fail(answer, 503, "Some of the threads that answer do not come round.");
	json_decref(status);
}

/* ---- devices ----------------------------------------------------------------------------- */

void get_devices(struct routes_context *context, const struct params *params,
                 struct routes_answer *answer)
{
	const char *unknown = params_get(params, "unknown");
	const char *after = params_get(params, "after"), *limit = params_get(params, "limit");
	char *end = NULL;
	long most = limit ? strtol(limit, &end, 10) : 0;
	json_t *seen = NULL;
	if (unknown && strcmp(unknown, "1")) {
		routes_fail(answer, 400, "\"unknown\" takes 1.");
		return;
	}
	if (limit && (*limit < '1' || *limit > '9' || *end || most > PARAM_LIMIT_MAX)) {
		routes_fail(answer, 400, "\"limit\" takes a number from 1 to 100000.");
		return;
	}
	if (context->journal_path) {
		struct store *store = routes_open_store(context, answer);
		if (!store)
			return;
		seen = report_devices(store);
		if (!seen)
			routes_fail(answer, 503, *store->error ? store->error : "The journal can not be read.");
		store->close(&store);
		if (!seen)
			return;
	}
	answer->body = context->ops.devices(context->ops.data, &answer->http, answer->error);
	if (answer->body && answer->http < 400 &&
	    (devices_join(answer->body, json_object_get(seen, "devices"), unknown) != PF_OK ||
	     devices_page(answer->body, after, (size_t)most) != PF_OK))
		routes_fail(answer, 503, "The daemon has no memory for so many devices.");
	json_decref(seen);
}

/* ---- addresses --------------------------------------------------------------------------- */

void get_geo(struct routes_context *context, const struct params *params,
             struct routes_answer *answer)
{
	const char *text = params_get(params, "address");
	struct addr addresses[ADDRESSES_ASKED_MAX];
	size_t count = 0;
	for (const char *at = text; at && *at; at += *at == ',') {
		char one[ADDR_TEXT_MAX];
		size_t length = strcspn(at, ",");
		snprintf(one, sizeof one, "%.*s", (int)(length < sizeof one ? length : 0), at);
		if (count == ADDRESSES_ASKED_MAX || addr_parse(one, &addresses[count++]) != PF_OK) {
			routes_fail(answer, 400,
			            "\"address\" takes addresses like 192.0.2.1 or 2001:db8::1, divided by "
			            "commas, at most 256.");
			return;
		}
		at += length;
	}
	if (count)
		answer->body =
			context->ops.geo(context->ops.data, addresses, count, &answer->http, answer->error);
	else
		routes_fail(answer, 400, "Give an \"address\", or several, divided by commas.");
}

/* ---- countries --------------------------------------------------------------------------- */

/* The overview's countries, with what people call them. */
void get_countries(struct routes_context *context, const struct params *params,
                   struct routes_answer *answer)
{
	json_t *country;
	size_t i;
	get_overview(context, params, answer);
	json_t *overview = answer->body;
	if (!overview || answer->http >= 400)
		return;
	json_array_foreach(json_object_get(overview, "countries"), i, country)
	{
		const char *code = json_string_value(json_object_get(country, "country"));
		const char *name = code ? config_country_name(code) : NULL;
		json_object_set_new(country, "name", json_string(name ? name : ""));
	}
	answer->body = json_pack("{s:O?, s:O?, s:O?}", "range", json_object_get(overview, "range"),
	                         "home", json_object_get(overview, "home"), "countries",
	                         json_object_get(overview, "countries"));
	json_decref(overview);
}

/* ---- the live stream --------------------------------------------------------------------- */

/* "queries", "events"; both when nothing is said. */
static bool read_what(const char *what, struct live_wish *wish)
{
	wish->queries = !what || !strcmp(what, "queries") || !strcmp(what, "queries,events");
	wish->events = !what || !strcmp(what, "events") || !strcmp(what, "queries,events");
	return wish->queries || wish->events;
}

void get_live(struct routes_context *context, const struct params *params,
              struct routes_answer *answer)
{
	struct store_filter filter;
	struct tagged tagged = {0};
	const struct caller *caller = answer->caller;
	struct live_wish wish = {.journal_path = context->journal_path,
	                         .params = params,
	                         .tagged = &tagged,
	                         .after_row = -1,
	                         .access = context->access,
	                         .caller = caller,
	                         .blocks = caller->local};
	if (caller->last_event)
		wish.after_row = strtoll(caller->last_event, NULL, 10);
	if (wish.after_row <= 0)
		wish.after_row = -1;
	if (!read_what(params_get(params, "what"), &wish))
		routes_fail(answer, 400, "\"what\" is queries, events, or queries,events.");
	else if (!context->live)
		routes_fail(answer, 409, "This daemon has no live streams.");
	else if (routes_read_filter(context, params, &filter, &tagged, answer) &&
	         live_open(context->live, &wish, &answer->live, answer->error) != PF_OK)
		answer->http = 503;
	tagged_deinit(&tagged);
}
