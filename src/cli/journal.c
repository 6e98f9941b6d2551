/* `log` and `endpoints`: rows of the journal, from the daemon or from the file. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/client.h"

#define FOLLOW_PAUSE_MS 250
#define FOLLOW_START_ROWS "20"
#define FOLLOW_ROWS_MAX "100000" /* in one pause */

/* ---- log --------------------------------------------------------------------------------- */

static void print_query(json_t *row)
{
	const char *action = cli_text(row, "action"), *standing = cli_text(row, "standing");
	bool plain = !strcmp(action, "allow");
	printf("%s  %-16s %s %s  %s", cli_time(json_string_value(json_object_get(row, "time"))),
	       cli_text(row, "device"), cli_text(row, "name"), cli_text(row, "type"),
	       plain ? cli_text(row, "rcode") : action);
	if (*standing)
		printf("  %s%s%s", cli_standing(standing), *cli_text(row, "confidence") ? "/" : "",
		       cli_text(row, "confidence"));
	printf("  [%s]", cli_text(row, "source"));
	if (*cli_text(row, "rule"))
		printf("\n    %s", cli_text(row, "reason"));
	putchar('\n');
}

static void print_queries(const struct cli *cli, json_t *document)
{
	size_t i;
	json_t *row;
	json_array_foreach(json_object_get(document, "queries"), i, row)
	{
		if (!cli->json) {
			print_query(row);
			continue;
		}
		json_dumpf(row, stdout, JSON_COMPACT);
		putchar('\n');
	}
	fflush(stdout);
}

enum { PARAM_LIMIT = 6, PARAM_AFTER = 7, PARAM_COUNT };

/* Asks and prints again and again, each time for the rows behind the last one, until a signal ends the
 * process, nobody reads any more or nobody answers. The first rows may be limited, what follows is not. */
static int follow(const struct cli *cli, struct client *client,
                  struct client_param params[PARAM_COUNT])
{
	static const struct timespec pause = {0, FOLLOW_PAUSE_MS * 1000000L};
	char last[32];
	signal(SIGPIPE, SIG_DFL);
	for (;;) {
		json_t *document;
		int result = client_ask_journal(client, "queries", params, PARAM_COUNT, &document);
		if (result == CLI_DONE) {
			print_queries(cli, document);
			snprintf(last, sizeof last, "%lld",
			         (long long)json_integer_value(json_object_get(document, "last_row")));
			params[PARAM_AFTER].value = last;
			params[PARAM_LIMIT].value = FOLLOW_ROWS_MAX;
		}
		json_decref(document);
		if (result != CLI_DONE)
			return result;
		nanosleep(&pause, NULL);
	}
}

int verb_log(const struct cli *cli)
{
	struct client *client = client_open(cli);
	json_t *document = NULL;
	int result;
	if (!client)
		return CLI_USAGE;
	struct client_param params[PARAM_COUNT] = {
		{"device", cli->device},     {"name", cli->name}, {"action", cli->action},
		{"standing", cli->standing}, {"type", cli->type}, {"since", cli->since},
		{"limit", cli->limit},       {"after", NULL},
	};
	if (cli->follow) {
		if (!cli->limit && !cli->since)
			params[PARAM_LIMIT].value = FOLLOW_START_ROWS;
		result = follow(cli, client, params);
	} else {
		result = client_ask_journal(client, "queries", params, PARAM_COUNT, &document);
		if (result == CLI_DONE && cli->json)
			cli_print_json(document);
		else if (result == CLI_DONE)
			print_queries(cli, document);
	}
	json_decref(document);
	client_close(&client);
	return result;
}

/* ---- endpoints --------------------------------------------------------------------------- */

static const char *const endpoint_members[] = {"device",   "name",       "type",  "address",
                                               "location", "control",    "asn",   "organisation",
                                               "standing", "confidence", "first", "last",
                                               "count"};

static void print_csv(json_t *rows)
{
	size_t i;
	json_t *row;
	csv_print(endpoint_members, PF_COUNT(endpoint_members));
	json_array_foreach(rows, i, row)
	{
		const char *cells[PF_COUNT(endpoint_members)];
		for (size_t m = 0; m < PF_COUNT(endpoint_members); m++)
			cells[m] = cli_text(row, endpoint_members[m]);
		csv_print(cells, PF_COUNT(endpoint_members));
	}
}

static void print_lines(json_t *rows)
{
	size_t i;
	json_t *row;
	json_array_foreach(rows, i, row)
	{
		json_dumpf(row, stdout, JSON_COMPACT);
		putchar('\n');
	}
}

static void print_table(json_t *rows)
{
	static const char *const heads[] = {"DEVICE", "NAME",     "TYPE",  "ADDRESS", "STANDS IN",
	                                    "RUN BY", "STANDING", "COUNT", "LAST"};
	struct cli_table *table = cli_table_new(PF_COUNT(heads), heads);
	size_t i;
	json_t *row;
	json_array_foreach(rows, i, row)
	{
		char run_by[512] = "", standing[128];
		if (*cli_text(row, "asn"))
			snprintf(run_by, sizeof run_by, "AS%s %.200s (%s)", cli_text(row, "asn"),
			         cli_text(row, "organisation"),
			         *cli_text(row, "control") ? cli_text(row, "control") : "?");
		snprintf(standing, sizeof standing, "%s/%s", cli_standing(cli_text(row, "standing")),
		         cli_text(row, "confidence"));
		const char *cells[] = {
			cli_text(row, "device"),
			cli_text(row, "name"),
			cli_text(row, "type"),
			cli_text(row, "address"),
			*cli_text(row, "location") ? cli_text(row, "location") : "?",
			run_by,
			standing,
			cli_number(json_integer_value(json_object_get(row, "count"))),
			cli_time(json_string_value(json_object_get(row, "last"))),
		};
		cli_table_add(table, cells);
	}
	cli_table_print(&table);
	fflush(stdout);
	fprintf(stderr,
	        "What a device dials without asking DNS, or asks another resolver, is not in here.\n");
}

int verb_endpoints(const struct cli *cli)
{
	const char *format = cli->format ? cli->format : "table";
	bool csv = !strcmp(format, "csv"), lines = !strcmp(format, "jsonl");
	if (!csv && !lines && strcmp(format, "table")) {
		fprintf(stderr, "portafilter: \"%s\" is no format: table, csv or jsonl.\n",
		        cli_safe(format));
		return CLI_USAGE;
	}
	struct client *client = client_open(cli);
	json_t *document = NULL;
	if (!client)
		return CLI_USAGE;
	/* An export is whole unless somebody says otherwise. */
	struct client_param params[] = {
		{"device", cli->device}, {"name", cli->name},   {"standing", cli->standing},
		{"type", cli->type},     {"since", cli->since}, {"limit", cli->limit ? cli->limit : "0"},
	};
	int result = client_ask_journal(client, "endpoints", params, PF_COUNT(params), &document);
	json_t *rows = json_object_get(document, "endpoints");
	if (result != CLI_DONE)
		;
	else if (cli->json)
		cli_print_json(document);
	else if (csv)
		print_csv(rows);
	else if (lines)
		print_lines(rows);
	else
		print_table(rows);
	json_decref(document);
	client_close(&client);
	return result;
}
