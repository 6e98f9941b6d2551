/* `--format` of `endpoints` and `log`, see export.h. The file is read here, not through the daemon: an export is whole, whatever its
 * size, and of one moment. */
#include "cli/export.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/text.h"
#include "report/pseudonym.h"

int export_find_format(const char *name, bool queries)
{
	char all[128] = "";
	int format = export_format_parse(name);
	for (int i = 0; i < EXPORT_COUNT; i++) {
		const struct export_format_info *info = export_format_info(i);
		bool fits = queries ? info->queries : info->endpoints;
		if (fits && format == i)
			return format;
		if (fits)
			snprintf(all + strlen(all), sizeof all - strlen(all), ", %s", info->name);
	}
	cli_complain("\"%s\" is no format for %s: table%s.", name, queries ? "queries" : "endpoints",
	             all);
	return PF_EINVAL;
}

bool export_needs_format(const struct cli *cli)
{
	const char *const given[][2] = {{"--manifest", cli->manifest},
	                                {"--pseudonym", cli->pseudonym ? "" : NULL},
	                                {"--key", cli->key},
	                                {"--sensor", cli->sensor},
	                                {"--origin", cli->origin}};
	for (size_t i = 0; i < PF_COUNT(given); i++) {
		if (!given[i][1])
			continue;
		cli_complain("%s is for exports: give a --format that is none for people.", given[i][0]);
		return false;
	}
	return true;
}

static void tell_left_out(enum export_format format, int64_t count)
{
	static const char *const why[EXPORT_COUNT] = {
		[EXPORT_COF] = "addresses of the house, and address hints of HTTPS records, of which the "
					   "journal keeps no more",
		[EXPORT_MUD] = "names that no host can have",
	};
	if (count)
		cli_say(stderr, "%s not in it: %s.", cli_count(count, "endpoint").bytes,
		        why[format] ? why[format] : "");
}

static int load_pseudonym(const struct cli *cli, const struct config *config, struct ask *ask,
                          struct pseudonym *pseudonym, struct store **store)
{
	char path[PATH_MAX], error[500];
	*store = ask->store;
	if (!cli->pseudonym)
		return CLI_DONE;
	snprintf(path, sizeof path, "%s/pseudonym.key", config->state);
	if (pseudonym_load(cli->key ? cli->key : path, pseudonym, error) != PF_OK) {
		cli_complain("%s", error);
		return CLI_NO;
	}
	*store = pseudonym_store(ask->store, pseudonym);
	if (!*store)
		cli_complain("there is no memory.");
	return *store ? CLI_DONE : CLI_NO;
}

/* All but the beginning and the end. */
static int write_rows(const struct cli *cli, struct store *store, bool queries,
                      const struct export_options *options, struct manifest *manifest)
{
	struct out out = {.file = stdout, .digest = cli->manifest ? digest_new() : NULL};
	struct export_result rows = {.digest = cli->manifest ? digest_new() : NULL};
	int result = queries ? export_queries(store, manifest->filter, options, &out, &rows)
	                     : export_endpoints(store, manifest->filter, options, &out, &rows);
	if (cli->manifest && (!out.digest || !rows.digest)) {
		cli_complain("there is no memory for a digest.");
		result = PF_ENOMEM;
	} else if (result != PF_OK) {
		cli_complain("%s", store->error);
	} else if (cli->manifest) {
		digest_text(out.digest, manifest->output_sha256);
		digest_text(rows.digest, manifest->rows_sha256);
		manifest->rows = rows.rows;
		manifest->left_out = rows.left_out;
		manifest->output_bytes = out.bytes;
	}
	digest_free(&out.digest);
	digest_free(&rows.digest);
	tell_left_out(options->format, rows.left_out);
	return result == PF_OK ? CLI_DONE : CLI_NO;
}

static int run(const struct cli *cli, struct client *client, const struct export_options *options,
               bool queries)
{
	struct params params = {0};
	struct ask ask;
	struct pseudonym pseudonym;
	struct store *store;
	char error[500];
	struct now now = clock_now();
	client_filter_params(&params, cli);
	client_param(&params, "since", cli->since);
	/* An export is whole unless somebody says otherwise. */
	client_param(&params, "limit", cli->limit ? cli->limit : "0");
	const struct config *config = client_config(client);
	int result = ask_filter(client, &params, now, &ask, error);
	if (result == CLI_DONE)
		result = ask_open(config, &ask, error);
	if (result != CLI_DONE) {
		cli_complain("%s", error);
		ask_close(&ask);
		return result;
	}
	struct manifest manifest = {.cli = cli,
	                            .config = config,
	                            .filter = &ask.filter,
	                            .format = export_format_info(options->format)->name,
	                            .now = now};
	result = load_pseudonym(cli, config, &ask, &pseudonym, &store);
	if (result == CLI_DONE)
		result = write_rows(cli, store, queries, options, &manifest);
	if (result == CLI_DONE && cli->manifest)
		result = manifest_write(&manifest);
	if (store != ask.store)
		free(store);
	ask_close(&ask);
	return result;
}

int export_run(const struct cli *cli, enum export_format format, bool queries)
{
	struct client *client;
	const struct export_options options = {format, cli->sensor, cli->origin};
	int result = client_open(cli, &client);
	if (result != CLI_DONE)
		return result;
	result = run(cli, client, &options, queries);
	client_close(&client);
	return result;
}
