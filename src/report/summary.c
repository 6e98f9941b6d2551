/* What the report tells, see summary.h: some walks through the store, each of which fills its part of one document. */
#include "report/summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "report/report.h"
#include "report/summary_parts.h"
#include "report/summary_render.h"
#include "report/text.h"
#include "value/dnssec.h"

#define US_PER_S INT64_C(1000000)
#define US_PER_HOUR (3600 * US_PER_S)
#define US_PER_DAY (24 * US_PER_HOUR)

/* ---- small things about JSON -------------------------------------------------------------- */

void parts_add(json_t *object, const char *key, int64_t count)
{
	json_t *old = json_object_get(object, key);
	json_object_set_new(object, key, json_integer(json_integer_value(old) + count));
}

json_t *parts_member(json_t *object, const char *key, json_t *(*make)(void))
{
	json_t *member = json_object_get(object, key);
	if (member)
		return member;
	json_object_set_new(object, key, make());
	return json_object_get(object, key);
}

/* The registered domain, or the name itself where nobody has registered one: "nas.lan" has, "localhost" has not. Borrowed from
 * the cache of the walk. */
const char *parts_domain(struct parts *parts, const char *name)
{
	json_t *known = json_object_get(parts->domains, name);
	if (!known) {
		known = report_domain(name);
		if (json_is_null(known))
			known = report_text(name);
		json_object_set_new(parts->domains, name, known);
	}
	const char *text = json_string_value(json_object_get(parts->domains, name));
	return text ? text : name;
}

/* ---- devices, sums ------------------------------------------------------------------------- */

static bool is_subject(const struct store_filter *filter, const struct store_device *row)
{
	if (filter->device && strcmp(filter->device, row->name) != 0 &&
	    strcmp(filter->device, row->id) != 0)
		return false;
	bool listed = !filter->devices;
	for (size_t i = 0; i < filter->device_count && !listed; i++)
		listed = !strcmp(filter->devices[i], row->id);
	return listed;
}

static int on_device(void *data, const struct store_device *row)
{
	struct parts *parts = data;
	if (!is_subject(parts->filter, row))
		return PF_OK;
	json_object_set_new(parts->first_seen, row->id, json_integer(row->first_wall_us));
	return json_array_append_new(parts->devices,
	                             json_pack("{s:o, s:o, s:o, s:o, s:I, s:I, s:I}", "id",
	                                       report_text(row->id), "name", report_text(row->name),
	                                       "first", report_time(row->first_wall_us), "last",
	                                       report_time(row->last_wall_us), "queries",
	                                       (json_int_t)row->queries, "flagged",
	                                       (json_int_t)row->flagged, "sinkholed",
	                                       (json_int_t)row->sinkholed))
	           ? PF_ENOMEM
	           : PF_OK;
}

/* Weekdays and hours are the house's own, since that is how its people live. */
static int on_hour(void *data, const struct store_sum *row)
{
	struct parts *parts = data;
	time_t seconds = (time_t)(row->time_wall_us / US_PER_S);
	struct tm local;
	char day[16];
	localtime_r(&seconds, &local);
	strftime(day, sizeof day, "%Y-%m-%d", &local);
	parts->hours[(local.tm_wday + 6) % 7][local.tm_hour] += row->count;
	snprintf(parts->zone, sizeof parts->zone, "%s", local.tm_zone ? local.tm_zone : "UTC");
	json_t *sums = parts_member(parts->days, day, json_object);
	parts_add(sums, row->action, row->count);
	parts_add(parts->totals, row->action, row->count);
	parts_add(parts->totals, "queries", row->count);
	return PF_OK;
}

static int on_name(void *data, const struct store_sum *row)
{
	struct parts *parts = data;
	json_t *owner = parts_member(parts->owners, parts_domain(parts, row->name), json_object);
	parts_add(owner, "queries", row->count);
	if (strcmp(row->action, "allow") != 0)
		parts_add(owner, row->action, row->count);
	parts_add(parts_member(owner, "names", json_object), row->name, row->count);
	parts_add(parts->names, row->name, row->count);
	return PF_OK;
}

/* ---- endpoints ------------------------------------------------------------------------------ */

static int64_t first_seen(const struct parts *parts, const char *device_id)
{
	return json_integer_value(json_object_get(parts->first_seen, device_id));
}

/* A device that was not here before has nothing new: all of it is. */
static bool is_new(const struct parts *parts, const struct store_endpoint *row)
{
	int64_t since = parts->filter->since_wall_us;
	int64_t device = first_seen(parts, row->device_id);
	return row->first_wall_us >= since && device && device < since;
}

/* Per domain, an address once. */
static void add_place(json_t *owner, const struct store_endpoint *row)
{
	json_t *seen = parts_member(owner, "addresses", json_object);
	char network[160];
	if (json_object_get(seen, row->address))
		return;
	json_object_set_new(seen, row->address, json_true());
	parts_add(parts_member(owner, "locations", json_object), *row->location ? row->location : "?",
	          1);
	parts_add(parts_member(owner, "controls", json_object), *row->control ? row->control : "?", 1);
	parts_add(parts_member(owner, "standings", json_object),
	          *row->standing ? row->standing : "unknown", 1);
	if (row->asn) {
		snprintf(network, sizeof network, "AS%lld %s", (long long)row->asn, row->organisation);
		json_t *name = report_text(network);
		parts_add(parts_member(owner, "networks", json_object), json_string_value(name), 1);
		json_decref(name);
	}
}

static void count_country(json_t *countries, const char *country, const char *address,
                          const char *domain)
{
	json_t *one = parts_member(countries, *country ? country : "?", json_object);
	json_object_set_new(parts_member(one, "addresses", json_object), address, json_true());
	json_object_set_new(parts_member(one, "domains", json_object), domain, json_true());
}

static int add_new(struct parts *parts, const struct store_endpoint *row, const char *domain)
{
	char network[160] = "";
	/* A name is new once for a device, whatever the number of its addresses. */
	json_t *last = json_array_get(parts->new, json_array_size(parts->new) - 1);
	const char *name = json_string_value(json_object_get(last, "name"));
	const char *device = json_string_value(json_object_get(last, "device"));
	if (name && device && !strcmp(name, row->name) && !strcmp(device, row->device))
		return PF_OK;
	if (row->asn)
		snprintf(network, sizeof network, "AS%lld %s", (long long)row->asn, row->organisation);
	return json_array_append_new(parts->new,
	                             json_pack("{s:o, s:o, s:s, s:o, s:s, s:s, s:o, s:s}", "device",
	                                       report_text(row->device), "name", report_text(row->name),
	                                       "domain", domain, "first",
	                                       report_time(row->first_wall_us), "location",
	                                       row->location, "control", row->control, "network",
	                                       report_text(network), "standing", row->standing))
	           ? PF_ENOMEM
	           : PF_OK;
}

/* Once each; is there an answer that was authenticated among those that named it? */
static void count_address(struct parts *parts, const struct store_endpoint *row)
{
	bool before = json_is_true(json_object_get(parts->addresses, row->address));
	bool secure = !strcmp(row->dnssec, dnssec_word(DNSSEC_SECURE));
	if (secure && !before)
		parts_add(parts->totals, "authenticated", 1);
	json_object_set_new(parts->addresses, row->address, json_boolean(before || secure));
}

static int on_endpoint(void *data, const struct store_endpoint *row)
{
	struct parts *parts = data;
	const char *domain = parts_domain(parts, row->name);
	json_t *owner = parts_member(parts->owners, domain, json_object);
	add_place(owner, row);
	count_country(parts->locations, row->location, row->address, domain);
	count_country(parts->controls, row->control, row->address, domain);
	count_address(parts, row);
	if (!is_new(parts, row))
		json_object_set_new(owner, "known", json_true());
	else if (add_new(parts, row, domain) != PF_OK)
		return PF_ENOMEM;
	return PF_OK;
}

/* ---- the document --------------------------------------------------------------------------- */

static bool parts_init(struct parts *parts, struct store *store, const struct store_filter *filter)
{
	*parts = (struct parts){.store = store, .filter = filter, .zone = "UTC"};
	json_t **const objects[] = {&parts->domains,    &parts->first_seen, &parts->totals,
	                            &parts->days,       &parts->owners,     &parts->names,
	                            &parts->locations,  &parts->controls,   &parts->addresses,
	                            &parts->decided_by, &parts->cut};
	json_t **const arrays[] = {&parts->devices, &parts->new};
	bool whole = true;
	for (size_t i = 0; i < PF_COUNT(objects); i++)
		whole = (*objects[i] = json_object()) && whole;
	for (size_t i = 0; i < PF_COUNT(arrays); i++)
		whole = (*arrays[i] = json_array()) && whole;
	return whole;
}

static void parts_deinit(struct parts *parts)
{
	json_t *const all[] = {parts->domains,   parts->first_seen, parts->totals,    parts->days,
	                       parts->owners,    parts->names,      parts->locations, parts->controls,
	                       parts->addresses, parts->decided_by, parts->cut,       parts->devices,
	                       parts->new};
	for (size_t i = 0; i < PF_COUNT(all); i++)
		json_decref(all[i]);
}

static json_t *hours_json(const struct parts *parts)
{
	json_t *week = json_array();
	for (size_t day = 0; day < 7; day++) {
		json_t *hours = json_array();
		for (size_t hour = 0; hour < 24; hour++)
			json_array_append_new(hours, json_integer(parts->hours[day][hour]));
		json_array_append_new(week, hours);
	}
	return week;
}

static int collect(struct parts *parts)
{
	struct store *store = parts->store;
	struct store_filter filter = *parts->filter;
	filter.limit = 0;
	int result = store->devices(store, on_device, parts);
	if (result == PF_OK)
		result = store->sums(store, STORE_SUMS_HOURS, &filter, on_hour, parts);
	if (result == PF_OK)
		result = store->sums(store, STORE_SUMS_ALL_NAMES, &filter, on_name, parts);
	if (result == PF_OK)
		result = store->endpoints(store, &filter, on_endpoint, parts);
	if (result == PF_OK)
		result = parts_decisions(parts);
	return result;
}

json_t *summary_make(struct store *store, const struct store_filter *filter,
                     const struct summary_subject *subject)
{
	struct parts parts;
	json_t *document = NULL, *retried = NULL, *moved = NULL;
	int result = parts_init(&parts, store, filter) ? collect(&parts) : PF_ENOMEM;
	if (result == PF_OK)
		result = parts_retries(&parts, &retried);
	if (result == PF_OK)
		moved = parts_events(&parts);
	if (result == PF_OK && moved) {
		parts_add(parts.totals, "names", (int64_t)json_object_size(parts.names));
		parts_add(parts.totals, "domains", (int64_t)json_object_size(parts.owners));
		parts_add(parts.totals, "addresses", (int64_t)json_object_size(parts.addresses));
		document = json_pack(
			"{s:{s:s?, s:s?, s:s}, s:{s:o, s:o}, s:O, s:O, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, "
			"s:o, s:O, s:O, s:o}",
			"subject", "device", subject->device, "tag", subject->tag, "home", subject->home,
			"range", "since", report_time(filter->since_wall_us), "until",
			report_time(filter->until_wall_us), "devices", parts.devices, "totals", parts.totals,
			"owners", parts_owners(&parts), "locations", parts_countries(&parts, parts.locations),
			"controls", parts_countries(&parts, parts.controls), "days", parts_days(&parts), "zone",
			parts.zone, "hours", hours_json(&parts), "new", parts_new(&parts), "decided",
			parts_decided(&parts), "moved", moved, "retried", retried, "cut", parts.cut,
			"unknowable", parts_unknowable(&parts));
		moved = NULL;
		if (document)
			json_object_set_new(document, "findings", summary_findings(document));
	}
	if (!document && (result == PF_OK || result == PF_ENOMEM))
		snprintf(store->error, sizeof store->error,
		         "There is no memory for so large a report; ask for a device, or a shorter time.");
	json_decref(retried);
	json_decref(moved);
	parts_deinit(&parts);
	return document;
}
