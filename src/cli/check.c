/* `check`: builds a snapshot as the daemon would, and says what is wrong. Needs no daemon. */
#include "base/printable.h"
#include "cli/cli.h"
#include "cli/text.h"
#include "pipeline/snapshot.h"

static json_t *findings(const struct diag *diag, enum diag_level level)
{
	json_t *list = json_array();
	for (size_t i = 0; i < diag->count; i++) {
		struct buffer safe;
		char text[DIAG_TEXT_MAX];
		if (diag->entries[i].level != level)
			continue;
		diag_format(&diag->entries[i], text, sizeof text);
		json_t *line = json_string(text);
		/* A file's bytes that are no UTF-8, or a sentence cut inside a character. */
		buffer_init(&safe, sizeof text * 8);
		printable_append(&safe, text);
		json_array_append_new(list, line ? line : json_string(safe.data));
		buffer_deinit(&safe);
	}
	return list;
}

static void print_findings(const struct diag *diag)
{
	for (size_t i = 0; i < diag->count; i++) {
		char text[DIAG_TEXT_MAX];
		diag_format(&diag->entries[i], text, sizeof text);
		cli_say(stderr, "%s", text);
	}
	if (diag->errors + diag->warnings > diag->count)
		cli_say(stderr, "… and %s more",
		        cli_number((json_int_t)(diag->errors + diag->warnings - diag->count)).bytes);
}

static void print_figures(const struct cli *cli, const struct snapshot *snapshot,
                          const struct diag *diag)
{
	json_int_t names = 0;
	size_t lists = lists_count(snapshot->lists);
	for (size_t i = 0; i < lists; i++)
		names += (json_int_t)lists_info(snapshot->lists, i)->names;
	cli_say(stdout, "%s is right: %s, %s with %s, %s, %s; %s", cli->config,
	        cli_count((json_int_t)registry_count(snapshot->registry), "device").bytes,
	        cli_count((json_int_t)lists, "list").bytes, cli_count(names, "name").bytes,
	        cli_count((json_int_t)policy_rule_count(snapshot->policy), "rule").bytes,
	        cli_count((json_int_t)geo_source_count(snapshot->geo), "database").bytes,
	        cli_count((json_int_t)diag->warnings, "warning").bytes);
}

static void print_json(bool ok, const struct diag *diag)
{
	json_t *document = json_pack("{s:b, s:o, s:o}", "ok", ok, "errors", findings(diag, DIAG_ERROR),
	                             "warnings", findings(diag, DIAG_WARNING));
	cli_print_json(document);
	json_decref(document);
}

int verb_check(const struct cli *cli)
{
	struct diag diag;
	struct snapshot *snapshot = NULL;
	diag_init(&diag);
	int error = snapshot_build(cli->config, 1, clock_now(), &diag, &snapshot);
	if (cli->json)
		print_json(error == PF_OK, &diag);
	else
		print_findings(&diag);
	if (!cli->json && error == PF_OK)
		print_figures(cli, snapshot, &diag);
	else if (!cli->json)
		cli_say(stderr, "%s is not right: %s, %s%s%s", cli->config,
		        cli_count((json_int_t)diag.errors, "error").bytes,
		        cli_count((json_int_t)diag.warnings, "warning").bytes, diag.errors ? "" : "; ",
		        diag.errors ? "" : pf_strerror(error));
	snapshot_free(&snapshot);
	diag_deinit(&diag);
	return error == PF_OK ? CLI_DONE : CLI_NO;
}
