/* `endpoints`: where the answers point, as a table or for other programs. */
#include <string.h>

#include "base/buffer.h"
#include "cli/client.h"
#include "cli/export.h"
#include "cli/table.h"
#include "cli/text.h"

#define HOPS_BYTES_MAX 65536 /* a journal's answer has 16 names at most */

static void add_run_by(struct cli_table *table, json_t *row)
{
	json_int_t asn = cli_integer(row, "asn");
	const char *control = cli_string(row, "control");
	if (asn)
		cli_table_cell(table, NULL, "AS%lld %s (%s)", (long long)asn,
		               cli_string(row, "organisation"), *control ? control : "?");
	else
		cli_table_cell(table, NULL, "?");
}

/* "a.vendor.com → akamaiedge.net": the name, and whose names lead on from there, each owner once in a row. */
static void add_name(struct cli_table *table, json_t *row)
{
	json_t *hop;
	size_t i;
	struct buffer text;
	const char *before = cli_string(row, "domain");
	buffer_init(&text, HOPS_BYTES_MAX);
	buffer_print(&text, "%s", cli_string(row, "name"));
	json_array_foreach(json_object_get(row, "hops"), i, hop)
	{
		const char *owner = cli_string(hop, "domain");
		if (!*owner)
			owner = cli_string(hop, "name");
		if (strcmp(owner, before) != 0)
			buffer_print(&text, " → %s", owner);
		before = owner;
	}
	cli_table_cell(table, NULL, "%s", text.data ? text.data : "");
	buffer_deinit(&text);
}

static int print_table(json_t *rows)
{
	static const char *const heads[] = {"DEVICE", "NAME",     "TYPE",   "ADDRESS",  "STANDS IN",
	                                    "RUN BY", "STANDING", ">COUNT", "LAST SEEN"};
	struct cli_table *table = cli_table_new(heads, PF_COUNT(heads));
	json_t *row;
	size_t i;
	json_array_foreach(rows, i, row)
	{
		const char *location = cli_string(row, "location"), *standing = cli_string(row, "standing");
		cli_table_cell(table, NULL, "%s", cli_string(row, "device"));
		add_name(table, row);
		cli_table_cell(table, NULL, "%s", cli_string(row, "type"));
		cli_table_cell(table, NULL, "%s", cli_string(row, "address"));
		cli_table_cell(table, NULL, "%s", *location ? location : "?");
		add_run_by(table, row);
		bool secure = !strcmp(cli_string(row, "dnssec"), "secure");
		cli_table_cell(table, cli_colour(standing), "%s/%s%s", standing,
		               cli_string(row, "confidence"), secure ? ", secure" : "");
		cli_table_cell(table, NULL, "%s", cli_number(cli_integer(row, "count")).bytes);
		cli_table_cell(table, NULL, "%s", cli_time(cli_string(row, "last")).bytes);
	}
	int result = cli_table_print(&table, stdout) == PF_OK ? CLI_DONE : CLI_NO;
	fflush(stdout);
	if (!json_array_size(rows))
		cli_say(stderr, "The journal has no such endpoint.");
	cli_say(stderr, "DNS can not show bare addresses: what a device dials without asking, or asks "
	                "elsewhere, is not in here. Another resolver, at another place, may be given "
	                "other addresses.");
	return result;
}

int verb_endpoints(const struct cli *cli)
{
	struct client *client;
	struct params params = {0};
	json_t *document;
	if (cli->json && cli->format) {
		cli_complain("--json is a format of its own: leave --format away.");
		return CLI_USAGE;
	}
	if (cli->format && strcmp(cli->format, "table") != 0) {
		int format = export_find_format(cli->format, false);
		return format < 0 ? CLI_USAGE : export_run(cli, (enum export_format)format, false);
	}
	if (!export_needs_format(cli))
		return CLI_USAGE;
	int result = client_open(cli, &client);
	if (result != CLI_DONE)
		return result;
	client_filter_params(&params, cli);
	client_param(&params, "since", cli->since);
	/* An export is whole unless somebody says otherwise. */
	client_param(&params, "limit", cli->limit ? cli->limit : "0");
	result = client_ask_journal(client, "endpoints", &params, &document);
	if (document && cli->json)
		cli_print_json(document);
	else if (result == CLI_DONE)
		result = print_table(json_object_get(document, "endpoints"));
	json_decref(document);
	client_close(&client);
	return result;
}
