/* devices, tag, untag: who is here, and what people call it. */
#include <string.h>

#include "cli/client.h"
#include "cli/table.h"
#include "cli/text.h"

#define TAGS_SHOWN_MAX 8
#define ADDRESSES_SHOWN_MAX 3

/* The first texts of a list, and how many more there are. Not safe yet. */
static void join(json_t *list, size_t most, struct buffer *out)
{
	size_t i;
	json_t *item;
	buffer_append(out, "", 0);
	json_array_foreach(list, i, item)
	{
		if (i == most) {
			buffer_print(out, " +%zu", json_array_size(list) - most);
			return;
		}
		buffer_print(out, "%s%s", i ? " " : "",
		             json_is_string(item) ? json_string_value(item) : "");
	}
}

static void add_list(struct cli_table *table, json_t *list, size_t most)
{
	struct buffer text;
	buffer_init(&text, 16 << 10);
	join(list, most, &text);
	cli_table_cell(table, NULL, "%s", text.data ? text.data : "");
	buffer_deinit(&text);
}

/* "all coffee iot(rule) guest(person)": a tag without a word is the configuration's or built in. */
static void add_tags(struct cli_table *table, json_t *row)
{
	json_t *tags = json_object_get(row, "tags"), *shown = json_array(), *tag;
	size_t i;
	json_array_foreach(tags, i, tag)
	{
		const char *name = json_is_string(tag) ? json_string_value(tag) : "";
		const char *by =
			cli_string(json_object_get(json_object_get(row, "tag_origins"), name), "by");
		bool plain = strcmp(by, "rule") && strcmp(by, "person");
		json_array_append_new(shown, json_sprintf(plain ? "%s" : "%s(%s)", name, by));
	}
	add_list(table, shown, TAGS_SHOWN_MAX);
	json_decref(shown);
}

static void add_figure(struct cli_table *table, json_t *row, const char *member, const char *action)
{
	json_int_t value = cli_integer(row, member);
	cli_table_cell(table, value ? cli_colour(action) : NULL, "%s", cli_number(value).bytes);
}

static void print_devices(json_t *document)
{
	static const char *const heads[] = {"DEVICE",          "TAGS",     "ID",
	                                    "HOST NAME",       "VENDOR",   "ADDRESSES",
	                                    ">QUERIES",        ">FLAGGED", ">SINKHOLED",
	                                    ">OVERSEAS NAMES", "LAST SEEN"};
	json_t *devices = json_object_get(document, "devices"), *row;
	struct cli_table *table = cli_table_new(heads, PF_COUNT(heads));
	size_t i;
	json_array_foreach(devices, i, row)
	{
		const char *last = cli_string(row, "last");
		cli_table_cell(table, NULL, "%s", cli_string(row, "name"));
		add_tags(table, row);
		cli_table_cell(table, NULL, "%s", cli_string(row, "id"));
		cli_table_cell(table, NULL, "%s", cli_string(row, "hostname"));
		cli_table_cell(table, NULL, "%s",
		               json_is_true(json_object_get(row, "mac_is_local"))
		                   ? "(MAC is made up)"
		                   : cli_string(row, "vendor"));
		add_list(table, json_object_get(row, "addresses"), ADDRESSES_SHOWN_MAX);
		add_figure(table, row, "queries", "");
		add_figure(table, row, "flagged", "flag");
		add_figure(table, row, "sinkholed", "sinkhole");
		add_figure(table, row, "overseas_names", "overseas");
		cli_table_cell(table, NULL, "%s", *last ? cli_time(last).bytes : "never");
	}
	(void)!cli_table_print(&table, stdout);
	if (!json_array_size(devices))
		cli_say(stderr, "There is no such device yet.");
}

int verb_devices(const struct cli *cli)
{
	struct params params = {0};
	if (cli->proposals)
		return verb_proposals(cli);
	if (cli->device || cli->since || cli->limit) {
		cli_complain("--device, --since and --limit go with devices --proposals.");
		return CLI_USAGE;
	}
	client_param(&params, "unknown", cli->unknown ? "1" : NULL);
	return client_run(cli, "/api/v1/devices", &params, false, print_devices);
}

/* ---- tags -------------------------------------------------------------------------------- */

static const char *origin_words(const char *by)
{
	return !strcmp(by, "configuration") ? "from the configuration"
	       : !strcmp(by, "rule")        ? "by the tag rule"
	       : !strcmp(by, "person")      ? "given by hand"
	                                    : "built in";
}

static void print_tags(json_t *document)
{
	json_t *tags = json_object_get(document, "tags"), *tag;
	size_t i;
	cli_say(stdout, "%s (%s):", cli_string(document, "name"), cli_string(document, "id"));
	json_array_foreach(tags, i, tag)
	{
		const char *name = json_is_string(tag) ? json_string_value(tag) : "";
		json_t *origin = json_object_get(json_object_get(document, "tag_origins"), name);
		const char *rule = cli_string(origin, "rule"), *since = cli_string(origin, "since");
		cli_say(stdout, "  %s: %s%s%s%s%s", name, origin_words(cli_string(origin, "by")),
		        *rule ? " " : "", rule, *since ? " at " : "", *since ? cli_time(since).bytes : "");
	}
}

static int change_tags(const struct cli *cli, const char *path)
{
	struct params params = {0};
	struct buffer tags;
	buffer_init(&tags, 16 << 10);
	for (size_t i = 1; i < cli->positional_count; i++)
		buffer_print(&tags, "%s%s", i > 1 ? "," : "", cli->positional[i]);
	client_param(&params, "device", cli->positional[0]);
	client_param(&params, "tags", tags.data);
	int result = client_run(cli, path, &params, true, print_tags);
	buffer_deinit(&tags);
	return result;
}

int verb_tag(const struct cli *cli)
{
	return change_tags(cli, "/api/v1/tag");
}

int verb_untag(const struct cli *cli)
{
	return change_tags(cli, "/api/v1/untag");
}

/* ---- names ------------------------------------------------------------------------------- */

static void print_name(json_t *document)
{
	cli_say(stdout, "%s is called %s.", cli_string(document, "id"), cli_string(document, "name"));
}

int verb_name(const struct cli *cli)
{
	struct params params = {0};
	client_param(&params, "device", cli->positional[0]);
	client_param(&params, "name", cli->positional[1]);
	return client_run(cli, "/api/v1/name", &params, true, print_name);
}
