/* What a simulation found as JSON, see document.h. */
#include "simulate/document.h"

#include <stdio.h>
#include <string.h>

#include "report/text.h"

static bool lets_through(unsigned action)
{
	return action != ACTION_SINKHOLE;
}

/* "sinkholes" and "frees", of a change; NULL: from a flag to none, or back. */
static const char *effect(const struct simulate_change *change)
{
	if (lets_through(change->from) == lets_through(change->to))
		return NULL;
	return lets_through(change->to) ? "freed" : "sinkholed";
}

static json_t *change_json(const struct simulate_rules *rules, const struct simulate_change *change)
{
	struct policy_rule_info rule = {.name = ""};
	if (change->rule)
		policy_rule_info(rules->policy, change->rule, &rule);
	const char *list = change->list ? lists_info(rules->lists, change->list - 1u)->name : "";
	return json_pack("{s:o, s:o, s:o, s:s, s:s, s:I, s:o, s:o, s:I, s:o, s:o}", "device_id",
	                 report_text(change->device_id), "device", report_text(change->device), "name",
	                 report_text(change->name), "from", action_word(change->from), "to",
	                 action_word(change->to), "rule", (json_int_t)change->rule, "rule_name",
	                 report_text(rule.name), "list", report_text(list), "count",
	                 (json_int_t)change->count, "first", report_time(change->first_wall_us), "last",
	                 report_time(change->last_wall_us));
}

static void add(json_t *object, const char *key, int64_t count)
{
	json_object_set_new(object, key,
	                    json_integer(json_integer_value(json_object_get(object, key)) + count));
}

/* The object of `key` in `all`, in which `list` has them in the order in which they came. Borrowed. */
static json_t *find(json_t *all, json_t *list, const char *key)
{
	json_t *one = json_object_get(all, key);
	if (one)
		return one;
	one = json_object();
	json_object_set_new(all, key, one);
	json_array_append(list, one);
	return one;
}

/* [{"name": …, "sinkholed": n, "devices": [DEVICE, …], "rule_name": …, "list": …}, …], the most first */
static json_t *names_json(const struct simulate_result *result, json_t *rows)
{
	json_t *all = json_object(), *list = json_array();
	for (size_t i = 0; i < result->change_count; i++) {
		const struct simulate_change *change = &result->changes[i];
		const char *what = effect(change);
		json_t *row = json_array_get(rows, i), *devices;
		if (!what || strcmp(what, "sinkholed") != 0)
			continue;
		json_t *name = find(all, list, report_member(row, "name"));
		if (!json_object_get(name, "name")) {
			json_object_set(name, "name", json_object_get(row, "name"));
			json_object_set(name, "rule_name", json_object_get(row, "rule_name"));
			json_object_set(name, "list", json_object_get(row, "list"));
			json_object_set_new(name, "devices", json_array());
		}
		add(name, what, change->count);
		devices = json_object_get(name, "devices");
		json_t *last = json_array_get(devices, json_array_size(devices) - 1);
		if (!last || !json_equal(last, json_object_get(row, "device")))
			json_array_append(devices, json_object_get(row, "device"));
	}
	json_decref(all);
	return list;
}

/* [{"device_id": …, "device": …, "sinkholed": n, "freed": n, "names": n}, …] */
static json_t *devices_json(const struct simulate_result *result, json_t *rows)
{
	json_t *all = json_object(), *list = json_array();
	for (size_t i = 0; i < result->change_count; i++) {
		const struct simulate_change *change = &result->changes[i];
		const char *what = effect(change);
		json_t *row = json_array_get(rows, i);
		if (!what)
			continue;
		json_t *device = find(all, list, report_member(row, "device_id"));
		json_object_set(device, "device_id", json_object_get(row, "device_id"));
		json_object_set(device, "device", json_object_get(row, "device"));
		add(device, "sinkholed", !strcmp(what, "sinkholed") ? change->count : 0);
		add(device, "freed", !strcmp(what, "freed") ? change->count : 0);
		add(device, "names", 1);
	}
	json_decref(all);
	return list;
}

static json_t *matrix_json(const struct simulate_result *result)
{
	json_t *list = json_array();
	for (unsigned from = 0; from < 3; from++)
		for (unsigned to = 0; to < 3; to++)
			if (result->changed[from][to])
				json_array_append_new(list, json_pack("{s:s, s:s, s:I}", "from", action_word(from),
				                                      "to", action_word(to), "queries",
				                                      (json_int_t)result->changed[from][to]));
	return list;
}

/* At most `max`; how many are left out. */
static size_t cut(json_t *list, size_t max)
{
	size_t left_out = 0;
	for (; max && json_array_size(list) > max; left_out++)
		json_array_remove(list, json_array_size(list) - 1);
	return left_out;
}

json_t *simulate_document(const struct store_filter *filter, const struct simulate_rules *rules,
                          const struct simulate_result *result, size_t rows_max)
{
	json_t *rows = json_array();
	for (size_t i = 0; i < result->change_count; i++)
		json_array_append_new(rows, change_json(rules, &result->changes[i]));
	json_t *names = names_json(result, rows), *devices = devices_json(result, rows);
	size_t names_cut = cut(names, rows_max), devices_cut = cut(devices, rows_max);
	return json_pack(
		"{s:s, s:{s:o, s:o}, s:I, s:I, s:I, s:b, s:o, s:o, s:o, s:{s:I, s:I, s:I}, s:o}", "rules",
		rules->config->file, "range", "since", report_time(filter->since_wall_us), "until",
		report_time(filter->until_wall_us), "queries", (json_int_t)result->queries, "same",
		(json_int_t)result->same, "unseen", (json_int_t)result->unseen, "breaks",
		simulate_breaks(result), "changes", matrix_json(result), "look_first", names, "devices",
		devices, "cut", "look_first", (json_int_t)names_cut, "devices", (json_int_t)devices_cut,
		"rows", (json_int_t)cut(rows, rows_max), "rows", rows);
}
