/* More verbs that ask the running daemon: lists, reload. */
#include <stdio.h>
#include <string.h>

#include "cli/client.h"
#include "cli/text.h"

/* ---- lists ------------------------------------------------------------------------------- */

static void print_skipped(json_t *list)
{
	size_t i;
	json_t *skipped;
	json_array_foreach(json_object_get(list, "skipped"), i, skipped)
	{
		json_t *lines = json_object_get(skipped, "lines"), *line;
		json_int_t count = cli_integer(skipped, "count");
		size_t n;
		cli_put(stdout, "  %s skipped, %s: line", cli_number(count).bytes,
		        cli_string(skipped, "reason"));
		json_array_foreach(lines, n, line)
			cli_put(stdout, "%s %lld", n ? "," : "", (long long)json_integer_value(line));
		cli_say(stdout, "%s", count > (json_int_t)json_array_size(lines) ? " …" : "");
	}
}

/* Of a list that comes from elsewhere: how fresh it is, and what is wrong. */
static void print_source(json_t *source)
{
	if (!json_is_object(source))
		return;
	const char *fetched = cli_string(source, "fetched"), *checked = cli_string(source, "checked");
	const char *next = cli_string(source, "next"), *error = cli_string(source, "error");
	cli_put(stdout, "  from %s: ", cli_string(source, "from"));
	if (json_is_true(json_object_get(source, "expired")))
		cli_put(stdout, "EXPIRED and not used; ");
	if (json_is_integer(json_object_get(source, "serial")))
		cli_put(stdout, "serial %lld, ", (long long)cli_integer(source, "serial"));
	bool running = !strcmp(cli_string(source, "phase"), "running");
	if (*fetched)
		cli_put(stdout, "fetched %s, ", cli_time(fetched).bytes);
	else
		cli_put(stdout, "never fetched, ");
	if (*fetched && !running) /* else they are those of the round that is under way */
		cli_put(stdout, "%s bytes, ", cli_number(cli_integer(source, "bytes")).bytes);
	if (*checked)
		cli_put(stdout, "checked %s, ", cli_time(checked).bytes);
	if (running)
		cli_say(stdout, "%s bytes have come so far",
		        cli_number(cli_integer(source, "bytes")).bytes);
	else
		cli_say(stdout, "next %s UTC", cli_time(next).bytes);
	if (*error)
		cli_say(stdout, "  it could not be fetched: %s", error);
}

/* ", 3 patterns"; nothing when there are none, as in most lists. */
static void add_count(char *text, size_t size, json_t *row, const char *key, const char *what)
{
	size_t used = strlen(text);
	if (cli_integer(row, key) > 0)
		snprintf(text + used, size - used, ", %s", cli_count(cli_integer(row, key), what).bytes);
}

static void print_lists(json_t *document)
{
	json_t *lists = json_object_get(document, "lists"), *row;
	size_t i;
	json_array_foreach(lists, i, row)
	{
		char more[2 * sizeof(struct cli_text)] = "";
		add_count(more, sizeof more, row, "patterns", "pattern");
		add_count(more, sizeof more, row, "networks", "network");
		cli_say(stdout, "%s: %s, %s%s, %s, format %s, of %s UTC: %s", cli_string(row, "name"),
		        cli_count(cli_integer(row, "names"), "name").bytes,
		        cli_count(cli_integer(row, "exceptions"), "exception").bytes, more,
		        cli_count(cli_integer(row, "lines"), "line").bytes, cli_string(row, "format"),
		        cli_time(cli_string(row, "modified")).bytes, cli_string(row, "file"));
		print_source(json_object_get(row, "source"));
		print_skipped(row);
	}
	if (!json_array_size(lists))
		cli_say(stderr, "No lists are configured; see `lists` in portafilter.yaml(5).");
}

static void print_updated(json_t *document)
{
	json_t *lists = json_object_get(document, "lists"), *row;
	size_t i;
	json_array_foreach(lists, i, row)
	{
		cli_say(stdout, "%s:", cli_string(row, "name"));
		print_source(row);
	}
	if (!json_array_size(lists))
		cli_say(stderr, "No list is configured with `url` or `rpz`.");
}

int verb_lists(const struct cli *cli)
{
	struct params params = {0};
	const char *what = cli->positional_count ? cli->positional[0] : NULL;
	if (what && strcmp(what, "update")) {
		cli_complain("`lists` does not know \"%s\"; it is `lists` or `lists update [NAME]`.", what);
		return CLI_USAGE;
	}
	if (what) {
		client_param(&params, "name", cli->positional_count > 1 ? cli->positional[1] : NULL);
		return client_run(cli, "/api/v1/lists/update", &params, true, print_updated);
	}
	return client_run(cli, "/api/v1/lists", NULL, false, print_lists);
}

/* ---- pause ------------------------------------------------------------------------------- */

void cli_print_pauses(json_t *pauses)
{
	json_t *row;
	size_t i;
	json_array_foreach(pauses, i, row)
	{
		const char *tag = cli_string(row, "tag");
		bool all = !strcmp(tag, "all");
		cli_say(stdout, "paused     %s%s until %s UTC (%s left): nothing is sinkholed",
		        all ? "all devices" : "devices with the tag ", all ? "" : tag,
		        cli_time(cli_string(row, "until")).bytes,
		        cli_duration(cli_integer(row, "left_s")).bytes);
	}
}

static void print_pause(json_t *document)
{
	json_t *pauses = json_object_get(document, "pauses");
	cli_print_pauses(pauses);
	if (!json_array_size(pauses))
		cli_say(stdout, "Nothing is paused: rules act as they say.");
	if (!json_is_true(json_object_get(document, "stored")))
		cli_say(stderr, "It could not be written down: a restart of the daemon forgets it.");
}

int verb_pause(const struct cli *cli)
{
	struct params params = {0};
	client_param(&params, "for", cli->positional[0]);
	client_param(&params, "tag", cli->tag);
	return client_run(cli, "/api/v1/pause", &params, true, print_pause);
}

/* ---- reload ------------------------------------------------------------------------------ */

static void print_reload(json_t *document)
{
	json_t *line;
	size_t i;
	json_array_foreach(json_object_get(document, "warnings"), i, line)
		cli_say(stderr, "%s", json_is_string(line) ? json_string_value(line) : "");
	cli_say(stdout, "Reloaded: snapshot %s is in force.",
	        cli_number(cli_integer(document, "epoch")).bytes);
}

int verb_reload(const struct cli *cli)
{
	return client_run(cli, "/api/v1/reload", NULL, true, print_reload);
}
