/* `simulate`: the journal against other rules. Reads the journal's file, the rules, and the lists that they name; asks nobody but the
 * daemon, and only for tags that it gave itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/ask.h"
#include "cli/table.h"
#include "cli/text.h"
#include "simulate/document.h"
#include "simulate/house.h"

#define SINCE_DEFAULT "30d"
#define NAMES_SHOWN 20
#define DEVICES_SHOWN 20

struct parts {
	struct config *config;
	struct lists *lists;
	struct policy *policy;
};

/* ---- the rules ------------------------------------------------------------------------------- */

static int load_rules(const char *path, const struct config *base, struct parts *parts)
{
	struct diag diag;
	diag_init(&diag);
	int error = config_load_over(path, base, &diag, &parts->config);
	if (error == PF_OK)
		error = lists_load(parts->config, &diag, &parts->lists);
	if (error == PF_OK)
		error = policy_compile(parts->config, &diag, &parts->policy);
	for (size_t i = 0; i < diag.count; i++) {
		char text[DIAG_TEXT_MAX];
		if (error == PF_OK && diag.entries[i].level == DIAG_ERROR)
			continue;
		diag_format(&diag.entries[i], text, sizeof text);
		cli_say(stderr, "%s", text);
	}
	diag_deinit(&diag);
	if (error != PF_OK)
		cli_complain("%s can not be simulated: %s.", path, pf_strerror(error));
	return error == PF_OK ? CLI_DONE : CLI_USAGE;
}

/* Standing was journalled for the homes of the day. */
static void warn_of_homes(const struct config *before, const struct config *after)
{
	bool same = before->home_count == after->home_count;
	for (size_t i = 0; same && i < before->home_count; i++)
		same = country_equal(before->home[i], after->home[i]);
	if (!same)
		cli_say(stderr,
		        "`home` is another in %s: rules on standing are simulated with what the journal "
		        "says, which is the standing for the home of its day.",
		        after->file);
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

/* ---- the verb -------------------------------------------------------------------------------- */

static int print(const struct cli *cli, json_t *document)
{
	if (!document)
		cli_complain(
			"there is no memory for so many changes; ask for a device, or a shorter time.");
	else if (cli->json)
		cli_print_json(document);
	else
		print_people(document);
	return !document || json_is_true(json_object_get(document, "breaks")) ? CLI_NO : CLI_DONE;
}

/* The devices of the new configuration, with what the daemon knows of them, if it is there. */
static struct house *find_house(struct client *client, const struct config *config)
{
	json_t *devices = NULL, *document = house_devices(config);
	if (document && client_get(client, "/api/v1/devices", NULL, &devices) == CLI_DONE)
		house_add(document, devices);
	struct house *house = document ? house_new(document, config) : NULL;
	json_decref(devices);
	json_decref(document);
	return house;
}

static int run(const struct cli *cli, struct client *client, struct ask *ask,
               const struct parts *parts)
{
	struct simulate_result found = {0};
	struct house *house = find_house(client, parts->config);
	const struct simulate_rules rules = {.config = parts->config,
	                                     .policy = parts->policy,
	                                     .lists = parts->lists,
	                                     .device = house_find,
	                                     .device_data = house};
	int result = CLI_NO;
	if (!house) {
		cli_complain("there is no memory.");
	} else if (simulate_run(ask->store, &ask->filter, &rules, &found) != PF_OK) {
		cli_complain("%s", *ask->store->error ? ask->store->error : "the journal can not be read.");
	} else {
		json_t *document = simulate_document(&ask->filter, &rules, &found, 0);
		result = print(cli, document);
		json_decref(document);
	}
	simulate_free(&found);
	house_free(&house);
	return result;
}

int verb_simulate(const struct cli *cli)
{
	struct client *client;
	struct params params = {0};
	struct ask ask = {0};
	struct parts parts = {0};
	char error[500];
	int result = client_open(cli, &client);
	if (result != CLI_DONE)
		return result == CLI_NO ? CLI_USAGE : result;
	client_filter_params(&params, cli);
	client_param(&params, "since", cli->since ? cli->since : SINCE_DEFAULT);
	client_param(&params, "limit", "0");
	result = load_rules(cli->positional[0], client_config(client), &parts);
	if (result == CLI_DONE) {
		warn_of_homes(client_config(client), parts.config);
		result = ask_filter(client, &params, clock_now(), &ask, error);
		if (result == CLI_DONE)
			result = ask_open(client_config(client), &ask, error);
		/* 1 has a meaning of its own here. */
		if (result != CLI_DONE) {
			cli_complain("%s", error);
			result = CLI_USAGE;
		} else {
			result = run(cli, client, &ask, &parts);
		}
		ask_close(&ask);
	}
	policy_free(&parts.policy);
	lists_free(&parts.lists);
	config_free(&parts.config);
	client_close(&client);
	return result;
}
