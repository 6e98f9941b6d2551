/* The verbs that ask the running daemon: status, devices, lists, reload. */
#include <stdio.h>
#include <string.h>

#include "cli/client.h"

/* Asks, prints JSON where it is wanted, else has it printed for people. */
static int ask_and_print(const struct cli *cli, const char *path, const struct client_param *params,
                         size_t count, bool post, void (*print)(json_t *document))
{
	struct client *client = client_open(cli);
	json_t *document = NULL;
	if (!client)
		return CLI_USAGE;
	int result = post ? client_post(client, path, &document)
	                  : client_get(client, path, params, count, &document);
	if (result == CLI_NO_DAEMON)
		client_no_daemon(client);
	else if (cli->json && document)
		cli_print_json(document);
	else if (result == CLI_DONE)
		print(document);
	json_decref(document);
	client_close(&client);
	return result;
}

/* ---- status ------------------------------------------------------------------------------ */

static const char *figure(json_t *object, const char *member)
{
	return cli_number(json_integer_value(json_object_get(object, member)));
}

static void print_upstreams(json_t *status)
{
	size_t i;
	json_t *row;
	json_array_foreach(json_object_get(status, "upstreams"), i, row)
	{
		json_t *rtt = json_object_get(row, "rtt_ms");
		printf("upstream   %s: %s queries, %s answers, %s timeouts, %s junk",
		       cli_text(row, "address"), figure(row, "queries"), figure(row, "answers"),
		       figure(row, "timeouts"), figure(row, "junk"));
		if (json_is_real(rtt))
			printf(", %.1f ms", json_real_value(rtt));
		putchar('\n');
	}
}

static void print_databases(json_t *status)
{
	size_t i;
	json_t *row;
	json_array_foreach(json_object_get(status, "databases"), i, row)
		printf("database   %s, %s, built %s, %s days old: %s\n", cli_text(row, "label"),
	           cli_text(row, "kind"), cli_text(row, "built"), figure(row, "age_days"),
	           cli_text(row, "path"));
}

static void print_journal(json_t *journal)
{
	if (!json_is_true(json_object_get(journal, "enabled"))) {
		printf("journal    off\n");
		return;
	}
	printf("journal    %s: %s journalled, %s dropped\n", cli_text(journal, "path"),
	       figure(journal, "journalled"), figure(journal, "dropped"));
	if (*cli_text(journal, "last_error"))
		printf("           %s\n", cli_text(journal, "last_error"));
}

static void print_status(json_t *status)
{
	json_t *queries = json_object_get(status, "queries"), *cache = json_object_get(status, "cache");
	json_t *snapshot = json_object_get(status, "snapshot"),
		   *devices = json_object_get(status, "devices");
	json_t *lists = json_object_get(status, "lists"), *rules = json_object_get(status, "rules");
	size_t i;
	json_t *line;
	printf("portafilter %s, up since %s, %s workers\n", cli_text(status, "version"),
	       cli_time(json_string_value(json_object_get(status, "started"))),
	       figure(status, "workers"));
	printf("snapshot   %s of %s, built %s\n", figure(snapshot, "epoch"),
	       cli_text(snapshot, "config"),
	       cli_time(json_string_value(json_object_get(snapshot, "built"))));
	printf("queries    %s answered: %s allowed, %s flagged, %s sinkholed; %s in flight\n",
	       figure(queries, "answered"), figure(queries, "allow"), figure(queries, "flag"),
	       figure(queries, "sinkhole"), figure(queries, "in_flight"));
	printf("           %s malformed, %s refused, %s overloaded\n", figure(queries, "malformed"),
	       figure(queries, "refused"), figure(queries, "overloaded"));
	printf("cache      %s answers in %s of %s bytes; %s hits, %s misses\n",
	       figure(cache, "entries"), figure(cache, "bytes"), figure(cache, "bytes_max"),
	       figure(cache, "hits"), figure(cache, "misses"));
	print_upstreams(status);
	print_journal(json_object_get(status, "journal"));
	printf("policy     %s devices, %s neighbours, %s lists with %s names, %s rules\n",
	       figure(devices, "configured"), figure(devices, "neighbours"), figure(lists, "count"),
	       figure(lists, "names"), figure(rules, "count"));
	print_databases(status);
	json_array_foreach(json_object_get(status, "warnings"), i, line)
		printf("warning    %s\n", cli_safe(json_string_value(line)));
}

int verb_status(const struct cli *cli)
{
	return ask_and_print(cli, "/api/v1/status", NULL, 0, false, print_status);
}

/* ---- devices ----------------------------------------------------------------------------- */

static void join_texts(json_t *list, char *out, size_t size, size_t most)
{
	size_t used = 0, i;
	json_t *item;
	out[0] = '\0';
	json_array_foreach(list, i, item)
	{
		if (i == most) {
			snprintf(out + used, size - used, " +%zu", json_array_size(list) - most);
			return;
		}
		int more = snprintf(out + used, size - used, "%s%s", i ? " " : "",
		                    cli_safe(json_string_value(item)));
		if (more < 0 || (size_t)more >= size - used)
			return;
		used += (size_t)more;
	}
}

static void print_devices(json_t *document)
{
	static const char *const heads[] = {"DEVICE",    "TAGS",           "MAC",
	                                    "ADDRESSES", "QUERIES",        "FLAGGED",
	                                    "SINKHOLED", "OVERSEAS NAMES", "LAST SEEN"};
	struct cli_table *table = cli_table_new(PF_COUNT(heads), heads);
	size_t i;
	json_t *row;
	json_array_foreach(json_object_get(document, "devices"), i, row)
	{
		char tags[512], addresses[512];
		json_t *last = json_object_get(row, "last");
		join_texts(json_object_get(row, "tags"), tags, sizeof tags, 8);
		join_texts(json_object_get(row, "addresses"), addresses, sizeof addresses, 3);
		const char *cells[] = {
			cli_text(row, "name"),
			tags,
			cli_text(row, "mac"),
			addresses,
			figure(row, "queries"),
			figure(row, "flagged"),
			figure(row, "sinkholed"),
			figure(row, "overseas_names"),
			json_is_string(last) ? cli_time(json_string_value(last)) : "never",
		};
		cli_table_add(table, cells);
	}
	cli_table_print(&table);
}

int verb_devices(const struct cli *cli)
{
	struct client_param params[] = {{"unknown", cli->unknown ? "1" : NULL}};
	return ask_and_print(cli, "/api/v1/devices", params, PF_COUNT(params), false, print_devices);
}

/* ---- lists ------------------------------------------------------------------------------- */

static void print_skipped(json_t *list)
{
	size_t i;
	json_t *skipped;
	json_array_foreach(json_object_get(list, "skipped"), i, skipped)
	{
		json_t *lines = json_object_get(skipped, "lines"), *line;
		size_t l;
		printf("  skipped %s: %s (line", figure(skipped, "count"), cli_text(skipped, "reason"));
		json_array_foreach(lines, l, line)
			printf("%s %lld", l ? "," : "", (long long)json_integer_value(line));
		printf("%s)\n", json_integer_value(json_object_get(skipped, "count")) >
		                        (json_int_t)json_array_size(lines)
		                    ? " …"
		                    : "");
	}
}

static void print_lists(json_t *document)
{
	size_t i;
	json_t *row;
	json_array_foreach(json_object_get(document, "lists"), i, row)
	{
		printf("%s: %s names, %s exceptions, %s lines, %s, of %s: %s\n", cli_text(row, "name"),
		       figure(row, "names"), figure(row, "exceptions"), figure(row, "lines"),
		       cli_text(row, "format"),
		       cli_time(json_string_value(json_object_get(row, "modified"))),
		       cli_text(row, "file"));
		print_skipped(row);
	}
	if (!json_array_size(json_object_get(document, "lists")))
		printf("No lists are configured; see `lists` in portafilter.yaml(5).\n");
}

int verb_lists(const struct cli *cli)
{
	return ask_and_print(cli, "/api/v1/lists", NULL, 0, false, print_lists);
}

/* ---- reload ------------------------------------------------------------------------------ */

static void print_reload(json_t *document)
{
	size_t i;
	json_t *line;
	json_array_foreach(json_object_get(document, "warnings"), i, line)
		fprintf(stderr, "%s\n", cli_safe(json_string_value(line)));
	printf("Reloaded: snapshot %s is in force.\n", figure(document, "epoch"));
}

int verb_reload(const struct cli *cli)
{
	return ask_and_print(cli, "/api/v1/reload", NULL, 0, true, print_reload);
}
