/* `events`: what the journal found to have moved, and countries that a device met for the first time. */
#include <string.h>

#include "cli/client.h"
#include "cli/table.h"
#include "cli/text.h"

static const char *or_dash(const char *text)
{
	return *text ? text : "-";
}

static int print_table(json_t *rows)
{
	static const char *const heads[] = {"TIME",   "DEVICE", "EVENT",    "NAME",
	                                    "BEFORE", "AFTER",  "EVIDENCE", "CAUSE"};
	struct cli_table *table = cli_table_new(heads, PF_COUNT(heads));
	json_t *row;
	size_t i;
	bool databases = false;
	json_array_foreach(rows, i, row)
	{
		bool database = !strcmp(cli_string(row, "cause"), "database");
		databases = databases || database;
		cli_table_cell(table, NULL, "%s", cli_time(cli_string(row, "time")).bytes);
		cli_table_cell(table, NULL, "%s", cli_string(row, "device"));
		cli_table_cell(table, NULL, "%s", cli_string(row, "kind"));
		cli_table_cell(table, NULL, "%s", cli_string(row, "name"));
		cli_table_cell(table, NULL, "%s", or_dash(cli_string(row, "before")));
		cli_table_cell(table, NULL, "%s", cli_string(row, "after"));
		cli_table_cell(table, NULL, "%s", cli_string(row, "evidence"));
		cli_table_cell(table, NULL, "%s", database ? "database release" : "moved");
	}
	int result = cli_table_print(&table, stdout) == PF_OK ? CLI_DONE : CLI_NO;
	fflush(stdout);
	if (!json_array_size(rows))
		cli_say(stderr, "The journal has no such event.");
	else
		cli_say(stderr,
		        "Another resolver may be given other addresses: the evidence says who answered.");
	if (databases)
		cli_say(stderr, "A database release is no event of the world: only the databases say "
		                "something new of addresses that were known; nobody was told of it.");
	return result;
}

int verb_events(const struct cli *cli)
{
	struct client *client;
	struct params params = {0};
	json_t *document;
	int result = client_open(cli, &client);
	if (result != CLI_DONE)
		return result;
	client_param(&params, "device", cli->device);
	client_param(&params, "kind", cli->kind);
	client_param(&params, "since", cli->since);
	client_param(&params, "limit", cli->limit);
	result = client_ask_journal(client, "events", &params, &document);
	if (document && cli->json)
		cli_print_json(document);
	else if (result == CLI_DONE)
		result = print_table(json_object_get(document, "events"));
	json_decref(document);
	client_close(&client);
	return result;
}
