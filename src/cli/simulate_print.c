/* What a simulation found, for people and for programs. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/simulate.h"
#include "cli/table.h"
#include "cli/text.h"
#include "report/text.h"

#define NAMES_SHOWN 20
#define DEVICES_SHOWN 20

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

static json_t *change_json(const struct simulate_parts *parts, const struct simulate_change *change)
{
	struct policy_rule_info rule = {.name = ""};
	if (change->rule)
		policy_rule_info(parts->policy, change->rule, &rule);
	const char *list = change->list ? lists_info(parts->lists, change->list - 1u)->name : "";
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
static json_t *names_json(const struct simulate_parts *parts, json_t *rows)
{
	json_t *all = json_object(), *list = json_array();
	for (size_t i = 0; i < parts->result.change_count; i++) {
		const struct simulate_change *change = &parts->result.changes[i];
		const char *what = effect(change);
		json_t *row = json_array_get(rows, i), *devices;
		if (!what || strcmp(what, "sinkholed") != 0)
			continue;
		json_t *name = find(all, list, cli_string(row, "name"));
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
static json_t *devices_json(const struct simulate_parts *parts, json_t *rows)
{
	json_t *all = json_object(), *list = json_array();
	for (size_t i = 0; i < parts->result.change_count; i++) {
		const struct simulate_change *change = &parts->result.changes[i];
		const char *what = effect(change);
		json_t *row = json_array_get(rows, i);
		if (!what)
			continue;
		json_t *device = find(all, list, cli_string(row, "device_id"));
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

static json_t *document_of(const struct store_filter *filter, const struct simulate_parts *parts)
{
	const struct simulate_result *result = &parts->result;
	json_t *rows = json_array();
	for (size_t i = 0; i < result->change_count; i++)
		json_array_append_new(rows, change_json(parts, &result->changes[i]));
	json_t *names = names_json(parts, rows), *devices = devices_json(parts, rows);
	return json_pack("{s:s, s:{s:o, s:o}, s:I, s:I, s:I, s:b, s:o, s:o, s:o, s:o}", "rules",
	                 parts->config->file, "range", "since", report_time(filter->since_wall_us),
	                 "until", report_time(filter->until_wall_us), "queries",
	                 (json_int_t)result->queries, "same", (json_int_t)result->same, "unseen",
	                 (json_int_t)result->unseen, "breaks", simulate_breaks(result), "changes",
	                 matrix_json(result), "look_first", names, "devices", devices, "rows", rows);
}

/* ---- for people ------------------------------------------------------------------------------ */

static void say_devices(char out[160], json_t *devices)
{
	size_t count = json_array_size(devices), shown = count > 3 ? 2 : count, i;
	json_t *device;
	out[0] = '\0';
	json_array_foreach(devices, i, device)
	{
		size_t used = strlen(out);
		if (i < shown)
			snprintf(out + used, 160 - used, "%s%.60s", i ? ", " : "", json_string_value(device));
	}
	size_t used = strlen(out);
	if (count > shown)
		snprintf(out + used, 160 - used, " and %zu more", count - shown);
}

static void print_names(json_t *names)
{
	static const char *const heads[] = {">QUERIES", "NAME", "DEVICES", "RULE", "LIST"};
	size_t i;
	json_t *row;
	if (!json_array_size(names))
		return;
	printf("\nWould be sinkholed and was not: look at these names first\n");
	struct cli_table *table = cli_table_new(heads, PF_COUNT(heads));
	json_array_foreach(names, i, row)
	{
		char devices[160];
		if (i == NAMES_SHOWN)
			break;
		say_devices(devices, json_object_get(row, "devices"));
		cli_table_cell(table, NULL, "%s", cli_number(cli_integer(row, "sinkholed")).bytes);
		cli_table_cell(table, NULL, "%s", cli_string(row, "name"));
		cli_table_cell(table, NULL, "%s", devices);
		cli_table_cell(table, NULL, "%s", cli_string(row, "rule_name"));
		cli_table_cell(table, NULL, "%s", cli_string(row, "list"));
	}
	(void)!cli_table_print(&table, stdout);
	if (json_array_size(names) > NAMES_SHOWN)
		cli_say(stdout, "and %s; --json has them all.",
		        cli_count((json_int_t)(json_array_size(names) - NAMES_SHOWN), "more name").bytes);
}

static void print_devices(json_t *devices)
{
	static const char *const heads[] = {"DEVICE", ">SINKHOLED", ">FREED", ">NAMES"};
	size_t i;
	json_t *row;
	if (!json_array_size(devices))
		return;
	printf("\nQueries that would come out differently, by device\n");
	struct cli_table *table = cli_table_new(heads, PF_COUNT(heads));
	json_array_foreach(devices, i, row)
	{
		if (i == DEVICES_SHOWN)
			break;
		cli_table_cell(table, NULL, "%s", cli_string(row, "device"));
		cli_table_cell(table, NULL, "%s", cli_number(cli_integer(row, "sinkholed")).bytes);
		cli_table_cell(table, NULL, "%s", cli_number(cli_integer(row, "freed")).bytes);
		cli_table_cell(table, NULL, "%s", cli_number(cli_integer(row, "names")).bytes);
	}
	(void)!cli_table_print(&table, stdout);
}

static void print_people(json_t *document)
{
	size_t i;
	json_t *row;
	json_int_t unseen = cli_integer(document, "unseen");
	cli_say(stdout, "%s queries since %s: %s would be decided as they were.",
	        cli_number(cli_integer(document, "queries")).bytes,
	        cli_time(cli_string(json_object_get(document, "range"), "since")).bytes,
	        cli_number(cli_integer(document, "same")).bytes);
	json_array_foreach(json_object_get(document, "changes"), i, row)
		cli_say(stdout, "  %-8s → %-8s  %s", cli_string(row, "from"), cli_string(row, "to"),
	            cli_number(cli_integer(row, "queries")).bytes);
	if (unseen)
		cli_say(stdout,
		        "%s were sinkholed by their name and would not be by these: where they would have "
		        "led was never seen, so that rules on answers are not counted for them.",
		        cli_number(unseen).bytes);
	print_names(json_object_get(document, "look_first"));
	print_devices(json_object_get(document, "devices"));
	fflush(stdout);
	cli_say(
		stderr,
		"A device whose name is sinkholed may ask for others instead; no journal can show that.");
}

int simulate_print(const struct cli *cli, const struct store_filter *filter,
                   const struct simulate_parts *parts)
{
	json_t *document = document_of(filter, parts);
	if (!document)
		cli_complain(
			"there is no memory for so many changes; ask for a device, or a shorter time.");
	else if (cli->json)
		cli_print_json(document);
	else
		print_people(document);
	json_decref(document);
	return !document || simulate_breaks(&parts->result) ? CLI_NO : CLI_DONE;
}
