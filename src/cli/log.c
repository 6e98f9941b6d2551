/* `log`: the queries of the journal, from the daemon or from the file, once or as they come. */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/export.h"
#include "cli/text.h"

#define FOLLOW_PAUSE_MS 250
#define FOLLOW_START_ROWS "20"
#define FOLLOW_ROWS "100000" /* nothing of a burst is left out: the most that the daemon gives */
#define DEVICE_COLUMNS 18
#define QUESTION_COLUMNS 44
#define ACTION_COLUMNS 11

static void print_row(json_t *row)
{
	const char *action = cli_string(row, "action"), *reason = cli_string(row, "reason");
	const char *rcode = cli_string(row, "rcode"), *colour = cli_colour(action);
	const char *protocol = cli_string(row, "protocol"), *dnssec = cli_string(row, "dnssec");
	bool allowed = !strcmp(action, "allow");
	cli_put(stdout, "%s  ", cli_time(cli_string(row, "time")).bytes);
	cli_pad(stdout, DEVICE_COLUMNS, "%s ", cli_string(row, "device"));
	cli_pad(stdout, QUESTION_COLUMNS, "%s %s ", cli_string(row, "name"), cli_string(row, "type"));
	if (colour)
		printf("\033[%sm", colour);
	cli_pad(stdout, ACTION_COLUMNS, "%s%s",
	        allowed                   ? "  "
	        : !strcmp(action, "flag") ? "! "
	                                  : "x ",
	        action);
	if (colour)
		fputs("\033[0m", stdout);
	cli_put_standing(stdout, row);
	if (allowed && strcmp(rcode, "NOERROR"))
		cli_put(stdout, "%s%s", *cli_string(row, "standing") ? "  " : "", rcode);
	/* What is usual is not said. */
	if (*protocol && strcmp(protocol, "udp"))
		cli_put(stdout, "  %s", protocol);
	if (!strcmp(dnssec, "secure") || !strcmp(dnssec, "bogus"))
		cli_put(stdout, "  %s", dnssec);
	putchar('\n');
	if (!allowed)
		cli_say(stdout, "    %s", reason);
}

static void print_rows(const struct cli *cli, json_t *document)
{
	json_t *row;
	size_t i;
	json_array_foreach(json_object_get(document, "queries"), i, row)
	{
		if (cli->json)
			cli_print_json_line(row);
		else
			print_row(row);
	}
}

/* Waits a little. False when nobody reads what we write any more. */
static bool pause_reading(void)
{
	struct pollfd out = {.fd = STDOUT_FILENO, .events = 0};
	return poll(&out, 1, FOLLOW_PAUSE_MS) <= 0 || !(out.revents & (POLLERR | POLLHUP | POLLNVAL));
}

/* Until a signal ends the process, or nobody reads any more. */
static int follow(const struct cli *cli, struct client *client, const struct params *filter)
{
	char after[24];
	struct params params = *filter;
	client_param(&params, "since", cli->since);
	client_param(&params, "limit", cli->limit ? cli->limit : cli->since ? NULL : FOLLOW_START_ROWS);
	for (;;) {
		json_t *document;
		int result = client_ask_journal(client, "queries", &params, &document);
		if (result == CLI_DONE) {
			print_rows(cli, document);
			snprintf(after, sizeof after, "%lld", (long long)cli_integer(document, "last_row"));
		}
		json_decref(document);
		if (result != CLI_DONE)
			return result;
		if (fflush(stdout) || !pause_reading())
			return CLI_DONE;
		/* What has been shown is not asked for again. */
		params = *filter;
		client_param(&params, "after", after);
		client_param(&params, "limit", FOLLOW_ROWS);
	}
}

static int show(const struct cli *cli, struct client *client, const struct params *filter)
{
	struct params params = *filter;
	json_t *document;
	client_param(&params, "since", cli->since);
	client_param(&params, "limit", cli->limit);
	int result = client_ask_journal(client, "queries", &params, &document);
	if (document && cli->json) {
		cli_print_json(document);
	} else if (result == CLI_DONE) {
		print_rows(cli, document);
		fflush(stdout);
		if (!json_array_size(json_object_get(document, "queries")))
			cli_say(stderr, "The journal has no such query.");
		cli_say(stderr, "What a device dials without asking this DNS is not in here.");
	}
	json_decref(document);
	return result;
}

int verb_log(const struct cli *cli)
{
	struct client *client;
	struct params filter = {0};
	if (cli->limit && !strtoull(cli->limit, NULL, 10)) {
		cli_complain("--limit is a number from 1 to %d, not %s.", PARAM_LIMIT_MAX, cli->limit);
		return CLI_USAGE;
	}
	if (cli->format && strcmp(cli->format, "table") != 0) {
		int format = export_find_format(cli->format, true);
		if (format >= 0 && !cli->follow && !cli->json)
			return export_run(cli, (enum export_format)format, true);
		if (format >= 0)
			cli_complain("--format does not go with %s.", cli->json ? "--json" : "--follow");
		return CLI_USAGE;
	}
	if (!export_needs_format(cli))
		return CLI_USAGE;
	int result = client_open(cli, &client);
	if (result != CLI_DONE)
		return result;
	client_filter_params(&filter, cli);
	signal(SIGPIPE, SIG_DFL);
	result = cli->follow ? follow(cli, client, &filter) : show(cli, client, &filter);
	client_close(&client);
	return result;
}
