/* `devices --proposals`: who made the devices, by the names that they ask for, with what speaks for it and against. */
#include "cli/client.h"
#include "cli/text.h"

#define WEIGHT_COLUMNS 8
#define SUFFIX_COLUMNS 34
#define VENDOR_COLUMNS 22

static void print_evidence(json_t *list, char sign)
{
	size_t i;
	json_t *row;
	json_array_foreach(list, i, row)
	{
		json_int_t names = cli_integer(row, "names");
		cli_put(stdout, "    ");
		cli_pad(stdout, WEIGHT_COLUMNS, "%c %.2f", sign,
		        json_number_value(json_object_get(row, "weight")));
		cli_pad(stdout, SUFFIX_COLUMNS, "%s ", cli_string(row, "suffix"));
		cli_pad(stdout, VENDOR_COLUMNS, "%s ", cli_string(row, "vendor"));
		cli_say(stdout, "%s: %s, by %s", cli_count(names, "name").bytes, cli_string(row, "example"),
		        cli_string(row, "sources"));
	}
}

static void print_proposal(json_t *row)
{
	const char *vendor = cli_string(row, "vendor"), *kind = cli_string(row, "kind");
	cli_put(stdout, "%s (%s): ", cli_string(row, "device"), cli_string(row, "id"));
	if (*vendor)
		cli_say(stdout, "%s%s%s, score %.3f", vendor, *kind ? ", " : "", kind,
		        json_number_value(json_object_get(row, "score")));
	else
		cli_say(stdout, "no proposal");
	cli_say(stdout, "    %s", cli_string(row, "reason"));
	print_evidence(json_object_get(row, "for"), '+');
	print_evidence(json_object_get(row, "against"), '-');
}

static void print_proposals(json_t *document)
{
	json_t *proposals = json_object_get(document, "proposals"), *row;
	size_t i;
	json_array_foreach(proposals, i, row) print_proposal(row);
	if (!json_array_size(proposals))
		cli_say(stderr, "The journal has no such device.");
	if (json_is_true(json_object_get(document, "more")))
		cli_say(stderr,
		        "There are more devices; ask for them with --limit 0, or for one with --device.");
	cli_say(stderr, "These are proposals: nothing is tagged by them.");
}

int verb_proposals(const struct cli *cli)
{
	struct client *client;
	struct params params = {0};
	json_t *document;
	if (cli->unknown) {
		cli_complain("--unknown does not go with --proposals.");
		return CLI_USAGE;
	}
	int result = client_open(cli, &client);
	if (result != CLI_DONE)
		return result;
	client_param(&params, "device", cli->device);
	client_param(&params, "since", cli->since);
	client_param(&params, "limit", cli->limit);
	result = client_ask_journal(client, "proposals", &params, &document);
	if (document && cli->json)
		cli_print_json(document);
	else if (result == CLI_DONE)
		print_proposals(document);
	json_decref(document);
	client_close(&client);
	return result;
}
