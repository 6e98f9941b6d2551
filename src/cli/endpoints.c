/* `endpoints`: where the answers point, as a table or for other programs. */
#include <string.h>

#include "cli/client.h"
#include "cli/table.h"
#include "cli/text.h"

static const char *const members[] = {"device",  "name", "type",         "address",  "location",
                                      "control", "asn",  "organisation", "standing", "confidence",
                                      "first",   "last", "count",        "domain"};

#define HOPS_BYTES_MAX 65536 /* a journal's answer has 16 names at most */

/* All hops' `member`, or "-" where it is null: "e7.akamaiedge.net e7.g.example". */
static void join_hops(struct buffer *out, json_t *row, const char *member)
{
	json_t *hop;
	size_t i;
	buffer_append(out, "", 0);
	json_array_foreach(json_object_get(row, "hops"), i, hop)
	{
		const char *text = cli_string(hop, member);
		buffer_print(out, "%s%s", i ? " " : "", *text ? text : "-");
	}
}

static void print_csv_row(json_t *row)
{
	const char *cells[PF_COUNT(members) + 2];
	char numbers[PF_COUNT(members)][24];
	struct buffer hops, owners;
	buffer_init(&hops, HOPS_BYTES_MAX);
	buffer_init(&owners, HOPS_BYTES_MAX);
	join_hops(&hops, row, "name");
	join_hops(&owners, row, "domain");
	for (size_t m = 0; m < PF_COUNT(members); m++) {
		cells[m] = cli_string(row, members[m]);
		if (!json_is_integer(json_object_get(row, members[m])))
			continue;
		snprintf(numbers[m], sizeof numbers[m], "%lld", (long long)cli_integer(row, members[m]));
		cells[m] = numbers[m];
	}
	cells[PF_COUNT(members)] = hops.data ? hops.data : "";
	cells[PF_COUNT(members) + 1] = owners.data ? owners.data : "";
	cli_print_csv(stdout, cells, PF_COUNT(cells));
	buffer_deinit(&hops);
	buffer_deinit(&owners);
}

static int print_csv(json_t *rows)
{
	const char *heads[PF_COUNT(members) + 2];
	json_t *row;
	size_t i;
	memcpy(heads, members, sizeof members);
	heads[PF_COUNT(members)] = "hops";
	heads[PF_COUNT(members) + 1] = "hop_domains";
	cli_print_csv(stdout, heads, PF_COUNT(heads));
	json_array_foreach(rows, i, row) print_csv_row(row);
	return CLI_DONE;
}

static int print_lines(json_t *rows)
{
	json_t *row;
	size_t i;
	json_array_foreach(rows, i, row) cli_print_json_line(row);
	return CLI_DONE;
}

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
		cli_table_cell(table, cli_colour(standing), "%s/%s", standing,
		               cli_string(row, "confidence"));
		cli_table_cell(table, NULL, "%s", cli_number(cli_integer(row, "count")).bytes);
		cli_table_cell(table, NULL, "%s", cli_time(cli_string(row, "last")).bytes);
	}
	int result = cli_table_print(&table, stdout) == PF_OK ? CLI_DONE : CLI_NO;
	fflush(stdout);
	if (!json_array_size(rows))
		cli_say(stderr, "The journal has no such endpoint.");
	cli_say(stderr, "DNS can not show bare addresses: what a device dials without asking, or asks "
	                "elsewhere, is not in here.");
	return result;
}

static const struct {
	const char *name;
	int (*print)(json_t *rows);
} formats[] = {{"table", print_table}, {"csv", print_csv}, {"jsonl", print_lines}};

/* The index of the format, or PF_EINVAL after a sentence. */
static int find_format(const struct cli *cli)
{
	if (cli->json && cli->format) {
		cli_complain("--json is a format of its own: leave --format away.");
		return PF_EINVAL;
	}
	for (size_t i = 0; i < PF_COUNT(formats); i++)
		if (!strcmp(cli->format ? cli->format : "table", formats[i].name))
			return (int)i;
	cli_complain("\"%s\" is no format: table, csv or jsonl.", cli->format);
	return PF_EINVAL;
}

int verb_endpoints(const struct cli *cli)
{
	struct client *client;
	struct params params = {0};
	json_t *document;
	int format = find_format(cli);
	if (format < 0)
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
		result = formats[format].print(json_object_get(document, "endpoints"));
	json_decref(document);
	client_close(&client);
	return result;
}
