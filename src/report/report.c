/* The journal's rows as JSON, see report.h. */
#include "report/report.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "dns/registered.h"
#include "report/text.h"

static json_t *time_json(int64_t wall_us)
{
	char text[CLOCK_TEXT_MAX];
	clock_format(wall_us, text);
	return json_string(text);
}

/* ---- rows -------------------------------------------------------------------------------- */

/* Steals `value`; a missing one or no room makes the whole object fail. */
static bool set(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new_nocheck(object, key, value) == 0;
}

static bool set_text(json_t *object, const char *key, const char *text)
{
	return set(object, key, report_text(text));
}

static bool set_number(json_t *object, const char *key, int64_t number)
{
	return set(object, key, json_integer(number));
}

static bool set_time(json_t *object, const char *key, int64_t wall_us)
{
	return set(object, key, time_json(wall_us));
}

/* Appends the row when it is whole. */
static int append(json_t *rows, json_t *object, bool whole)
{
	if (!whole) {
		json_decref(object);
		return PF_ENOMEM;
	}
	return json_array_append_new(rows, object) ? PF_ENOMEM : PF_OK;
}

struct collected {
	json_t *rows;
	int64_t last_row;
};

/* The object when it is whole. */
static json_t *whole_or_null(json_t *object, bool whole)
{
	if (whole)
		return object;
	json_decref(object);
	return NULL;
}

json_t *report_query(const struct store_query *row)
{
	json_t *object = json_object();
	return whole_or_null(
		object,
		object && set_number(object, "row", row->row) &&
			set_time(object, "time", row->time_wall_us) &&
			set_text(object, "device", row->device) && set_text(object, "client", row->client) &&
			set_text(object, "name", row->name) && set_text(object, "type", row->type) &&
			set_text(object, "rcode", row->rcode) && set_text(object, "action", row->action) &&
			set_text(object, "rule", row->rule) && set_text(object, "reason", row->reason) &&
			set_text(object, "standing", row->standing) &&
			set_text(object, "confidence", row->confidence) &&
			set_text(object, "source", row->source) &&
			set_text(object, "upstream", row->upstream) &&
			set_text(object, "protocol", row->protocol) &&
			set_text(object, "dnssec", row->dnssec) && set_number(object, "took_us", row->took_us));
}

json_t *report_domain(const char *text)
{
	struct dns_name name, domain;
	char found[NAME_TEXT_MAX];
	if (dns_name_from_text(text, &name) != PF_OK || dns_registered_domain(&name, &domain) != PF_OK)
		return json_null();
	dns_name_to_text(&domain, found);
	return report_text(found);
}

/* The names of `via`, each with its owner's domain. */
static json_t *hops_json(const char *via)
{
	json_t *rows = json_array();
	char name[NAME_TEXT_MAX];
	for (const char *at = via; rows && *at;) {
		size_t length = strcspn(at, " ");
		snprintf(name, sizeof name, "%.*s", (int)length, at);
		json_t *row =
			json_pack("{s:o, s:o}", "name", report_text(name), "domain", report_domain(name));
		if (!row || json_array_append_new(rows, row)) {
			json_decref(rows);
			return NULL;
		}
		at += length + (at[length] == ' ');
	}
	return rows;
}

static int add_query(void *data, const struct store_query *row)
{
	struct collected *collected = data;
	json_t *object = report_query(row);
	collected->last_row = row->row;
	return append(collected->rows, object, object);
}

json_t *report_endpoint(const struct store_endpoint *row)
{
	json_t *object = json_object();
	return whole_or_null(object, object && set_text(object, "device", row->device) &&
	                                 set_text(object, "name", row->name) &&
	                                 set_text(object, "type", row->type) &&
	                                 set_text(object, "address", row->address) &&
	                                 set_text(object, "location", row->location) &&
	                                 set_text(object, "control", row->control) &&
	                                 set_number(object, "asn", row->asn) &&
	                                 set_text(object, "organisation", row->organisation) &&
	                                 set_text(object, "standing", row->standing) &&
	                                 set_text(object, "confidence", row->confidence) &&
	                                 set_text(object, "dnssec", row->dnssec) &&
	                                 set_time(object, "first", row->first_wall_us) &&
	                                 set_time(object, "last", row->last_wall_us) &&
	                                 set_number(object, "count", row->count) &&
	                                 set_text(object, "domain", row->domain) &&
	                                 set(object, "hops", hops_json(row->via)));
}

static int add_endpoint(void *data, const struct store_endpoint *row)
{
	struct collected *collected = data;
	json_t *object = report_endpoint(row);
	return append(collected->rows, object, object);
}

static int add_device(void *data, const struct store_device *row)
{
	struct collected *collected = data;
	json_t *object = json_object();
	return append(collected->rows, object,
	              object && set_text(object, "id", row->id) &&
	                  set_text(object, "name", row->name) &&
	                  set_time(object, "first", row->first_wall_us) &&
	                  set_time(object, "last", row->last_wall_us) &&
	                  set_number(object, "queries", row->queries) &&
	                  set_number(object, "flagged", row->flagged) &&
	                  set_number(object, "sinkholed", row->sinkholed) &&
	                  set_number(object, "overseas_names", row->overseas_names));
}

static int add_event(void *data, const struct store_event *row)
{
	struct collected *collected = data;
	json_t *object = json_object();
	return append(
		collected->rows, object,
		object && set_time(object, "time", row->time_wall_us) &&
			set_text(object, "kind", row->kind) && set_text(object, "device", row->device) &&
			set_text(object, "device_id", row->device_id) && set_text(object, "name", row->name) &&
			set_text(object, "before", row->before) && set_text(object, "after", row->after) &&
			set_text(object, "evidence", row->evidence) && set_text(object, "cause", row->cause));
}

/* ---- reports ----------------------------------------------------------------------------- */

/* {"KEY": rows}; takes the rows. NULL, with the reason in the store, when `result` is a failure. */
static json_t *finish(struct store *store, const char *key, json_t *rows, int result)
{
	json_t *object = NULL;
	if (result == PF_OK) {
		object = json_object();
		if (object && json_object_set_nocheck(object, key, rows)) {
			json_decref(object);
			object = NULL;
		}
	}
	json_decref(rows);
	if (!object && (result == PF_OK || result == PF_ENOMEM))
		snprintf(store->error, sizeof store->error,
		         "There is no memory for so many rows; ask for fewer, with a limit or a filter.");
	return object;
}

json_t *report_queries(struct store *store, const struct store_filter *filter)
{
	struct collected collected = {json_array(), filter->after_row};
	int result = PF_ENOMEM;
	if (collected.rows)
		result = store->queries(store, filter, add_query, &collected);
	json_t *report = finish(store, "queries", collected.rows, result);
	if (report && !set_number(report, "last_row", collected.last_row)) {
		json_decref(report);
		return finish(store, "queries", NULL, PF_ENOMEM);
	}
	return report;
}

json_t *report_endpoints(struct store *store, const struct store_filter *filter)
{
	struct collected collected = {json_array(), 0};
	int result = PF_ENOMEM;
	if (collected.rows)
		result = store->endpoints(store, filter, add_endpoint, &collected);
	return finish(store, "endpoints", collected.rows, result);
}

json_t *report_events(struct store *store, const struct store_filter *filter)
{
	struct collected collected = {json_array(), 0};
	int result = PF_ENOMEM;
	if (collected.rows)
		result = store->events(store, filter, add_event, &collected);
	return finish(store, "events", collected.rows, result);
}

json_t *report_devices(struct store *store)
{
	struct collected collected = {json_array(), 0};
	int result = PF_ENOMEM;
	if (collected.rows)
		result = store->devices(store, add_device, &collected);
	return finish(store, "devices", collected.rows, result);
}
