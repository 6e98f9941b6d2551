/* Countries, the live stream, health. */
#include "admin/routes_more.h"

#include <stdlib.h>
#include <string.h>

#include "admin/live.h"
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
	struct now now = clock_now();
	struct live_wish wish = {.journal_path = context->journal_path,
	                         .params = params,
	                         .tagged = &tagged,
	                         .after_row = -1,
	                         .blocks = caller->local};
	if (*caller->session)
		wish.ends_mono_us = now.mono_us + caller->expires_wall_us - now.wall_us;
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
