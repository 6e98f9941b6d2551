/* What the API tells of lists that come from elsewhere, and `portafilter lists update`. Called from the admin's threads. */
#include <stdio.h>
#include <string.h>

#include "daemon/state.h"

#define UPDATE_WAIT_S \
	600 /* a list of a gigabyte over a thin line; then it goes on without whoever asked */

static json_t *source_json(const struct fetch_status *status)
{
	static const char *const phases[] = {
		[FETCH_RESTING] = "resting", [FETCH_WAITING] = "waiting", [FETCH_RUNNING] = "running"};
	bool zone = status->has_serial;
	return json_pack("{s:s, s:s, s:I, s:o, s:o, s:o, s:o, s:b, s:o}", "from", status->url, "phase",
	                 phases[status->phase], "bytes", (json_int_t)status->bytes, "fetched",
	                 api_time(status->fetched_wall_us), "checked",
	                 api_time(status->checked_wall_us), "next", api_time(status->next_wall_us),
	                 "serial", zone ? json_integer(status->serial) : json_null(), "expired",
	                 status->expired, "error",
	                 *status->error ? json_string(status->error) : json_null());
}

static void add_source(void *data, const struct fetch_status *status)
{
	json_object_set_new(data, status->list, source_json(status));
}

json_t *api_subscriptions(struct daemon *daemon)
{
	json_t *sources = json_object();
	if (daemon->fetch)
		fetch_each(daemon->fetch, add_source, sources);
	return sources;
}

/* The rows of an update; whether one failed. */
struct updated {
	json_t *rows;
	size_t failed;
};

static void add_updated(void *data, const struct fetch_status *status)
{
	struct updated *updated = data;
	json_t *row = source_json(status);
	json_object_set_new(row, "name", json_string(status->list));
	json_array_append_new(updated->rows, row);
	updated->failed += *status->error != '\0';
}

json_t *api_update_lists(void *data, const char *name, int *http, char error[500])
{
	struct daemon *daemon = data;
	struct updated updated = {json_array(), 0};
	int result = fetch_update(daemon->fetch, name, UPDATE_WAIT_S, add_updated, &updated);
	if (result == PF_OK && !updated.failed)
		return json_pack("{s:o}", "lists", updated.rows);
	if (result == PF_OK) {
		*http = 502;
		snprintf(error, 500, "%zu of %zu lists could not be fetched.", updated.failed,
		         json_array_size(updated.rows));
		return json_pack("{s:o}", "lists", updated.rows);
	}
	json_decref(updated.rows);
	*http = result == PF_ENOENT ? 404 : result == PF_ECONFLICT ? 503 : 504;
	if (result == PF_ENOENT)
		snprintf(error, 500, "No list \"%.100s\" is configured with `url` or `rpz`.", name);
	else if (result == PF_ECONFLICT)
		snprintf(error, 500, "The daemon is ending.");
	else
		snprintf(error, 500,
		         "The update takes longer than %d s and goes on; see `portafilter lists`.",
		         UPDATE_WAIT_S);
	return NULL;
}
