/* The lists of the report, see summary_parts.h. */
#include "report/summary_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/report.h"
#include "report/text.h"

#define US_PER_HOUR INT64_C(3600000000)
#define US_PER_DAY (24 * US_PER_HOUR)

/* ---- order ----------------------------------------------------------------------------------- */

struct entry {
	const char *key;
	json_t *value;
	int64_t weight;
};

static int heavier(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	if (x->weight != y->weight)
		return x->weight < y->weight ? 1 : -1;
	return strcmp(x->key, y->key);
}

static int64_t weight_of(json_t *value, const char *member)
{
	if (json_is_integer(value))
		return json_integer_value(value);
	json_t *weight = json_object_get(value, member);
	return json_is_object(weight) ? (int64_t)json_object_size(weight) : json_integer_value(weight);
}

/* The members, those with the most of `member` first; the caller's (free), NULL without memory. */
static struct entry *sorted(json_t *object, const char *member, size_t *count)
{
	struct entry *entries = calloc(json_object_size(object) + 1, sizeof *entries);
	const char *key;
	json_t *value;
	*count = 0;
	if (!entries)
		return NULL;
	json_object_foreach(object, key, value) entries[(*count)++] =
		(struct entry){key, value, weight_of(value, member)};
	qsort(entries, *count, sizeof *entries, heavier);
	return entries;
}

/* Cuts the list and says by how much. */
static size_t at_most(struct parts *parts, const char *what, size_t count, size_t max)
{
	if (count <= max)
		return count;
	json_object_set_new(parts->cut, what, json_integer((json_int_t)(count - max)));
	return max;
}

/* ---- owners, countries, days ----------------------------------------------------------------- */

static json_t *names_of(json_t *names)
{
	size_t count;
	json_t *list = json_array();
	struct entry *entries = sorted(names, NULL, &count);
	for (size_t i = 0; entries && i < count && i < SUMMARY_NAMES_MAX; i++)
		json_array_append_new(list, json_pack("{s:o, s:I}", "name", report_text(entries[i].key),
		                                      "queries", (json_int_t)entries[i].weight));
	free(entries);
	return list;
}

static json_t *copy_or_empty(json_t *owner, const char *member)
{
	json_t *object = json_object_get(owner, member);
	return object ? json_incref(object) : json_object();
}

static json_t *owner_json(const char *domain, json_t *owner)
{
	json_t *names = json_object_get(owner, "names");
	bool known = json_object_get(owner, "known"), placed = json_object_get(owner, "addresses");
	return json_pack("{s:o, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:I, s:b}", "domain",
	                 report_text(domain), "queries", (json_int_t)weight_of(owner, "queries"),
	                 "flag", (json_int_t)weight_of(owner, "flag"), "sinkhole",
	                 (json_int_t)weight_of(owner, "sinkhole"), "names_count",
	                 (json_int_t)json_object_size(names), "names", names_of(names), "locations",
	                 copy_or_empty(owner, "locations"), "controls",
	                 copy_or_empty(owner, "controls"), "networks", copy_or_empty(owner, "networks"),
	                 "standings", copy_or_empty(owner, "standings"), "addresses",
	                 (json_int_t)json_object_size(json_object_get(owner, "addresses")), "new",
	                 placed && !known);
}

json_t *parts_owners(struct parts *parts)
{
	size_t count;
	json_t *list = json_array();
	struct entry *entries = sorted(parts->owners, "queries", &count);
	if (!entries)
		count = 0;
	count = at_most(parts, "owners", count, SUMMARY_OWNERS_MAX);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, owner_json(entries[i].key, entries[i].value));
	free(entries);
	return list;
}

json_t *parts_countries(struct parts *parts, json_t *countries)
{
	size_t count;
	json_t *list = json_array();
	struct entry *entries = sorted(countries, "addresses", &count);
	(void)parts;
	for (size_t i = 0; entries && i < count; i++)
		json_array_append_new(list,
		                      json_pack("{s:o, s:I, s:I}", "country", report_text(entries[i].key),
		                                "addresses", (json_int_t)entries[i].weight, "domains",
		                                (json_int_t)weight_of(entries[i].value, "domains")));
	free(entries);
	return list;
}

static int earlier(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->key, ((const struct entry *)b)->key);
}

json_t *parts_days(struct parts *parts)
{
	size_t count;
	json_t *list = json_array();
	struct entry *entries = sorted(parts->days, "allow", &count);
	if (entries)
		qsort(entries, count, sizeof *entries, earlier);
	for (size_t i = 0; entries && i < count; i++)
		json_array_append_new(list,
		                      json_pack("{s:s, s:I, s:I, s:I}", "day", entries[i].key, "allow",
		                                (json_int_t)weight_of(entries[i].value, "allow"), "flag",
		                                (json_int_t)weight_of(entries[i].value, "flag"), "sinkhole",
		                                (json_int_t)weight_of(entries[i].value, "sinkhole")));
	free(entries);
	return list;
}

json_t *parts_new(struct parts *parts)
{
	size_t count = json_array_size(parts->new);
	size_t kept = at_most(parts, "new", count, SUMMARY_ROWS_MAX);
	while (count > kept)
		json_array_remove(parts->new, --count);
	return json_incref(parts->new);
}

/* ---- decisions ------------------------------------------------------------------------------- */

static int on_decision(void *data, const struct store_history *row)
{
	struct parts *parts = data;
	struct buffer key;
	buffer_init(&key, 4096);
	buffer_print(&key, "%s\n%s\n%s\n%s", row->action, row->rule, row->device_id, row->name);
	json_t *safe = key.data ? report_text(key.data) : NULL;
	buffer_deinit(&key);
	if (!safe)
		return PF_ENOMEM;
	json_t *one = parts_member(parts->decided_by, json_string_value(safe), json_object);
	json_decref(safe);
	int64_t first = json_integer_value(json_object_get(one, "first_us"));
	int64_t last = json_integer_value(json_object_get(one, "last_us"));
	parts_add(one, "count", row->count);
	if (!first || row->first_wall_us < first)
		json_object_set_new(one, "first_us", json_integer(row->first_wall_us));
	if (row->last_wall_us < last)
		return PF_OK;
	json_object_set_new(one, "last_us", json_integer(row->last_wall_us));
	json_object_set_new(one, "action", report_text(row->action));
	json_object_set_new(one, "rule", report_text(row->rule));
	json_object_set_new(one, "device_id", report_text(row->device_id));
	json_object_set_new(one, "device", report_text(row->device));
	json_object_set_new(one, "name", report_text(row->name));
	json_object_set_new(one, "reason", report_text(row->reason));
	return PF_OK;
}

int parts_decisions(struct parts *parts)
{
	static const char *const actions[] = {"flag", "sinkhole"};
	int result = PF_OK;
	for (size_t i = 0; i < PF_COUNT(actions) && result == PF_OK; i++) {
		struct store_filter filter = *parts->filter;
		if (filter.action && strcmp(filter.action, actions[i]) != 0)
			continue;
		filter.action = actions[i];
		filter.limit = 0;
		result = parts->store->history(parts->store, &filter, NULL, on_decision, parts);
	}
	return result;
}

json_t *parts_decided(struct parts *parts)
{
	static const char *const told[] = {"action", "rule", "device", "name", "reason"};
	size_t count;
	json_t *list = json_array();
	struct entry *entries = sorted(parts->decided_by, "count", &count);
	if (!entries)
		count = 0;
	count = at_most(parts, "decided", count, SUMMARY_ROWS_MAX);
	for (size_t i = 0; i < count; i++) {
		json_t *row = json_object(), *from = entries[i].value;
		for (size_t m = 0; m < PF_COUNT(told); m++)
			json_object_set(row, told[m], json_object_get(from, told[m]));
		json_object_set_new(row, "count", json_integer((json_int_t)entries[i].weight));
		json_object_set_new(row, "first", report_time(weight_of(from, "first_us")));
		json_object_set_new(row, "last", report_time(weight_of(from, "last_us")));
		json_array_append_new(list, row);
	}
	free(entries);
	return list;
}

/* ---- retries --------------------------------------------------------------------------------- */

/* How often a device asked for a name, before the hour in which it was sinkholed first and from then on. */
struct rates {
	int64_t cut_us;            /* that hour */
	int64_t before, after;     /* queries */
	int64_t first_us, last_us; /* hours in which there were any */
	int64_t sinkholed_us;      /* the first hour with a sinkhole; 0: none yet */
};

static int find_first(void *data, const struct store_sum *row)
{
	struct rates *rates = data;
	if (!strcmp(row->action, "sinkhole") && (!rates->cut_us || row->time_wall_us < rates->cut_us))
		rates->cut_us = row->time_wall_us;
	if (!rates->first_us || row->time_wall_us < rates->first_us)
		rates->first_us = row->time_wall_us;
	if (row->time_wall_us > rates->last_us)
		rates->last_us = row->time_wall_us;
	return PF_OK;
}

static int count_around(void *data, const struct store_sum *row)
{
	struct rates *rates = data;
	if (row->time_wall_us < rates->cut_us)
		rates->before += row->count;
	else
		rates->after += row->count;
	return PF_OK;
}

static json_t *per_day(int64_t count, int64_t hours)
{
	return hours > 0 ? json_real((double)count * 24 / (double)hours) : json_null();
}

/* NULL without memory. `until_us`: where the report ends. */
static json_t *rates_json(const struct rates *rates, json_t *decided, int64_t until_us)
{
	int64_t before_hours = (rates->cut_us - rates->first_us) / US_PER_HOUR;
	int64_t after_hours = (until_us - rates->cut_us + US_PER_HOUR - 1) / US_PER_HOUR;
	return json_pack("{s:O, s:O, s:o, s:I, s:I, s:f, s:f, s:o, s:o}", "device",
	                 json_object_get(decided, "device"), "name", json_object_get(decided, "name"),
	                 "since", report_time(weight_of(decided, "first_us")), "before",
	                 (json_int_t)rates->before, "after", (json_int_t)rates->after, "before_days",
	                 (double)before_hours / 24, "after_days", (double)after_hours / 24,
	                 "before_per_day", per_day(rates->before, before_hours), "after_per_day",
	                 per_day(rates->after, after_hours));
}

static int add_retry(struct parts *parts, json_t *decided, json_t *list)
{
	struct rates rates = {0};
	/* All that the sums know of it: what came before may be before the report's time. */
	struct store_filter filter = {
		.device = json_string_value(json_object_get(decided, "device_id")),
		.name = json_string_value(json_object_get(decided, "name")),
		.until_wall_us = parts->filter->until_wall_us,
	};
	struct store *store = parts->store;
	if (!filter.name || strpbrk(filter.name, "*?"))
		return PF_OK; /* it would be a pattern */
	int result = store->sums(store, STORE_SUMS_NAME_HOURS, &filter, find_first, &rates);
	if (result == PF_OK && rates.cut_us)
		result = store->sums(store, STORE_SUMS_NAME_HOURS, &filter, count_around, &rates);
	if (result != PF_OK || !rates.cut_us)
		return result;
	return json_array_append_new(list, rates_json(&rates, decided, parts->filter->until_wall_us))
	           ? PF_ENOMEM
	           : PF_OK;
}

int parts_retries(struct parts *parts, json_t **retried)
{
	size_t count, shown = 0;
	int result = PF_OK;
	json_t *seen = json_object();
	struct entry *entries = sorted(parts->decided_by, "count", &count);
	*retried = json_array();
	for (size_t i = 0; entries && i < count && shown < SUMMARY_RETRIES_MAX && result == PF_OK;
	     i++) {
		const char *action = json_string_value(json_object_get(entries[i].value, "action"));
		const char *what = strchr(entries[i].key, '\n'); /* behind the action: rule, device, name */
		what = what ? strchr(what + 1, '\n') : NULL;
		if (!action || !what || strcmp(action, "sinkhole") != 0 || json_object_get(seen, what))
			continue;
		json_object_set_new(seen, what, json_true());
		result = add_retry(parts, entries[i].value, *retried);
		shown++;
	}
	free(entries);
	json_decref(seen);
	return result;
}

/* ---- what moved, and what nobody can know ------------------------------------------------------ */

/* Of other questions than "which device, and when" only what moved under the names that were found. */
static bool is_narrow(const struct store_filter *filter)
{
	return filter->name || filter->domain || filter->country || filter->location ||
	       filter->control || filter->asn || filter->rule || filter->action || filter->standing ||
	       filter->type;
}

static bool is_told(const struct parts *parts, json_t *event)
{
	const char *id = json_string_value(json_object_get(event, "device_id"));
	const char *name = json_string_value(json_object_get(event, "name"));
	if (!id || !name || !json_object_get(parts->first_seen, id))
		return false;
	return !is_narrow(parts->filter) || json_object_get(parts->names, name);
}

json_t *parts_events(struct parts *parts)
{
	struct store_filter filter = *parts->filter;
	json_t *kept = json_array(), *row;
	size_t i;
	filter.limit = 0;
	json_t *document = report_events(parts->store, &filter);
	if (!document) {
		json_decref(kept);
		return NULL;
	}
	json_array_foreach(json_object_get(document, "events"), i, row)
	{
		if (is_told(parts, row) && json_array_size(kept) < SUMMARY_ROWS_MAX)
			json_array_append(kept, row);
	}
	json_decref(document);
	return kept;
}

json_t *parts_unknowable(const struct parts *parts)
{
	(void)parts;
	return json_pack(
		"[s, s, s, s, s, s]",
		"DNS shows what was asked for, not what was sent: whether a connection followed, what it carried and how "
		"much cannot be known from here.",
		"A device that dials an address without asking, or asks another resolver (its own DNS over HTTPS, a "
		"built-in server), is not in here at all.",
		"Where an address stands is what the databases of the day said. They err, most of all for anycast networks "
		"and for content delivery, which serve the same address from many places.",
		"Where a name leads may depend on who asks and by which resolver: these are the answers that the upstreams named with "
		"the queries gave, asked without client subnet unless one is named with them. Another resolver may be given other addresses.",
		"Who runs a network is not who owns the data: a rented server is the landlord's network and the tenant's "
		"secret, and data travels on from where it first arrives.",
		"A name that was sinkholed before anything was asked upstream has no address here: where it would have led "
		"is not known.");
}
