/* `report`: what a device, those with a tag, or all of them talked to. The journal's file is read here, and the databases for whom to
 * credit. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cli/export.h"
#include "cli/table.h"
#include "cli/text.h"
#include "geo/geo.h"
#include "report/out.h"
#include "report/summary.h"

#define SINCE_DEFAULT "30d"
#define REPORT_BYTES_MAX (64u << 20)
#define HEAD_MAX 32

/* ---- for terminals --------------------------------------------------------------------------- */

static const char shades[][8] = {"·", "░", "▒", "▓", "█"};

static void print_heat(json_t *document)
{
	static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
	json_t *week = json_object_get(document, "hours"), *day, *hour;
	json_int_t most = 1;
	size_t d, h;
	json_array_foreach(week, d, day)
		json_array_foreach(day, h, hour) if (json_integer_value(hour) > most) most =
			json_integer_value(hour);
	printf("\nHow often, and when (%s)\n     0     6     12    18\n", cli_string(document, "zone"));
	json_array_foreach(week, d, day)
	{
		if (d >= PF_COUNT(days))
			break;
		printf("%s  ", days[d]);
		json_array_foreach(day, h, hour)
		{
			json_int_t count = json_integer_value(hour);
			size_t shade = count ? 1 + (size_t)(count * 3 / most) : 0;
			fputs(shades[shade], stdout);
		}
		putchar('\n');
	}
}

static void add_joined(struct cli_table *table, json_t *object)
{
	struct buffer words;
	buffer_init(&words, REPORT_BYTES_MAX);
	summary_counts(&words, object);
	cli_table_cell(table, NULL, "%s", words.data ? words.data : "");
	buffer_deinit(&words);
}

static void print_owners(json_t *document)
{
	static const char *const heads[] = {"WHO",       ">QUERIES",   ">NAMES",
	                                    "STANDS IN", "RUN FROM",   "STANDING",
	                                    ">FLAGGED",  ">SINKHOLED", ""};
	size_t i;
	json_t *row;
	struct cli_table *table = cli_table_new(heads, PF_COUNT(heads));
	printf("\nWho it talks to\n");
	json_array_foreach(json_object_get(document, "owners"), i, row)
	{
		cli_table_cell(table, NULL, "%s", cli_string(row, "domain"));
		cli_table_cell(table, NULL, "%s", cli_number(cli_integer(row, "queries")).bytes);
		cli_table_cell(table, NULL, "%s", cli_number(cli_integer(row, "names_count")).bytes);
		add_joined(table, json_object_get(row, "locations"));
		add_joined(table, json_object_get(row, "controls"));
		add_joined(table, json_object_get(row, "standings"));
		cli_table_cell(table, NULL, "%s", cli_number(cli_integer(row, "flag")).bytes);
		cli_table_cell(table, NULL, "%s", cli_number(cli_integer(row, "sinkhole")).bytes);
		cli_table_cell(table, NULL, "%s", json_is_true(json_object_get(row, "new")) ? "new" : "");
	}
	(void)!cli_table_print(&table, stdout);
}

/* "First seen" is FIRST SEEN here, as in every table of the command. */
static void shout(const char *head, char out[HEAD_MAX])
{
	size_t i = 0;
	for (; head[i] && i < HEAD_MAX - 1; i++)
		out[i] = (char)toupper((unsigned char)head[i]);
	out[i] = '\0';
}

static void print_list(json_t *document, const struct summary_list *list)
{
	char heads[PF_COUNT(list->columns)][HEAD_MAX];
	const char *shown[PF_COUNT(list->columns)], *members[PF_COUNT(list->columns)];
	size_t count = 0, i;
	json_t *rows = json_object_get(document, list->member), *row;
	for (size_t c = 0; c < PF_COUNT(list->columns) && list->columns[c].head; c++) {
		if (list->columns[c].wide)
			continue;
		shout(list->columns[c].head, heads[count]);
		shown[count] = heads[count];
		members[count++] = list->columns[c].member;
	}
	printf("\n%s\n", list->title);
	if (!json_array_size(rows)) {
		printf("Nothing.\n");
		return;
	}
	struct cli_table *table = cli_table_new(shown, count);
	json_array_foreach(rows, i, row) for (size_t c = 0; c < count; c++)
	{
		struct buffer value;
		buffer_init(&value, REPORT_BYTES_MAX);
		summary_value(&value, row, members[c]);
		cli_table_cell(table, NULL, "%s", value.data ? value.data : "");
		buffer_deinit(&value);
	}
	(void)!cli_table_print(&table, stdout);
}

static void print_sentences(json_t *list)
{
	size_t i;
	json_t *sentence;
	json_array_foreach(list, i, sentence) cli_say(stdout, "%s", json_string_value(sentence));
}

static void print_text(json_t *document)
{
	print_sentences(json_object_get(document, "findings"));
	print_owners(document);
	print_heat(document);
	for (size_t i = 0; i < SUMMARY_LISTS; i++)
		print_list(document, &summary_lists[i]);
	printf("\nWhat can not be known\n");
	print_sentences(json_object_get(document, "unknowable"));
	printf("\n");
	print_sentences(json_object_get(document, "sources"));
}

/* ---- making ---------------------------------------------------------------------------------- */

/* Whom the databases want to be credited: ["dbip 2026-06: IP Geolocation by DB-IP …"]. */
static json_t *sources_json(const struct config *config)
{
	struct diag diag;
	struct geo *geo = NULL;
	json_t *list = json_array();
	diag_init(&diag);
	int loaded = geo_load(config, clock_now(), 1, &diag, &geo);
	diag_deinit(&diag);
	for (size_t i = 0; loaded == PF_OK && i < geo_source_count(geo); i++) {
		struct geo_source source;
		char text[GEO_LABEL_MAX + GEO_CREDIT_MAX + 8];
		geo_source(geo, i, &source);
		snprintf(text, sizeof text, "%s%s%s", source.label, *source.credit ? ": " : "",
		         source.credit);
		json_array_append_new(list, json_string(text));
	}
	geo_free(&geo);
	return list;
}

static void home_of(const struct config *config, char home[128])
{
	home[0] = '\0';
	for (size_t i = 0; i < config->home_count; i++) {
		size_t used = strlen(home);
		snprintf(home + used, 128 - used, "%s%s", i ? ", " : "", config->home[i].code);
	}
}

static int print(const struct cli *cli, const char *format, json_t *document, struct out *out)
{
	struct buffer text;
	if (!strcmp(format, "text")) {
		print_text(document);
		return CLI_DONE;
	}
	if (!strcmp(format, "json")) {
		(void)!out_json(out, json_incref(document));
		out_text(out, "\n");
		return CLI_DONE;
	}
	(void)cli;
	buffer_init(&text, REPORT_BYTES_MAX);
	summary_render(document, !strcmp(format, "html") ? SUMMARY_HTML : SUMMARY_MARKDOWN, &text);
	if (text.failed)
		cli_complain("the report is too large; ask for a device, or a shorter time.");
	else
		out_bytes(out, text.data, text.length);
	int result = text.failed ? CLI_NO : CLI_DONE;
	buffer_deinit(&text);
	return result;
}

static int report(const struct cli *cli, const char *format, struct client *client, struct ask *ask)
{
	const struct config *config = client_config(client);
	char home[128];
	home_of(config, home);
	const struct summary_subject subject = {cli->device, cli->tag, home};
	json_t *document = summary_make(ask->store, &ask->filter, &subject);
	if (!document) {
		cli_complain("%s", *ask->store->error ? ask->store->error : "the journal can not be read.");
		return CLI_NO;
	}
	if (!json_array_size(json_object_get(document, "devices")))
		cli_say(stderr, "The journal knows no such device.");
	json_object_set_new(document, "sources", sources_json(config));
	struct out out = {.file = stdout, .digest = cli->manifest ? digest_new() : NULL};
	int result = print(cli, format, document, &out);
	if (result == CLI_DONE && out.digest) {
		struct manifest manifest = {.cli = cli,
		                            .config = config,
		                            .filter = &ask->filter,
		                            .format = format,
		                            .now = clock_now(),
		                            .output_bytes = out.bytes};
		digest_text(out.digest, manifest.output_sha256);
		result = manifest_write(&manifest);
	}
	digest_free(&out.digest);
	json_decref(document);
	return result;
}

static const char *find_format(const struct cli *cli)
{
	static const char *const formats[] = {"text", "md", "html", "json"};
	const char *format = cli->json ? "json" : cli->format ? cli->format : "text";
	if (cli->json && cli->format) {
		cli_complain("--json is a format of its own: leave --format away.");
		return NULL;
	}
	if (cli->manifest && !strcmp(format, "text")) {
		cli_complain("--manifest is for files: give --format md, html or json.");
		return NULL;
	}
	for (size_t i = 0; i < PF_COUNT(formats); i++)
		if (!strcmp(format, formats[i]))
			return formats[i];
	cli_complain("\"%s\" is no format for a report: text, md, html or json.", format);
	return NULL;
}

int verb_report(const struct cli *cli)
{
	struct client *client;
	struct params params = {0};
	struct ask ask;
	char error[500];
	const char *format = find_format(cli);
	struct now now = clock_now();
	if (!format)
		return CLI_USAGE;
	int result = client_open(cli, &client);
	if (result != CLI_DONE)
		return result;
	client_filter_params(&params, cli);
	client_param(&params, "since", cli->since ? cli->since : SINCE_DEFAULT);
	client_param(&params, "limit", "0");
	result = ask_filter(client, &params, now, &ask, error);
	if (!ask.filter.until_wall_us)
		ask.filter.until_wall_us = now.wall_us;
	if (result == CLI_DONE)
		result = ask_open(client_config(client), &ask, error);
	if (result == CLI_DONE)
		result = report(cli, format, client, &ask);
	else
		cli_complain("%s", error);
	ask_close(&ask);
	client_close(&client);
	return result;
}
