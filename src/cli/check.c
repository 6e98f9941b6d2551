/* `check`: builds a snapshot as the daemon would, and says what is wrong. Needs no daemon. */
#include <stdio.h>

#include "cli/cli.h"
#include "pipeline/snapshot.h"

static json_t *findings(const struct diag *diag, enum diag_level level)
{
	json_t *list = json_array();
	for (size_t i = 0; i < diag->count; i++) {
		char text[DIAG_TEXT_MAX + 512];
		if (diag->entries[i].level != level)
			continue;
		diag_format(&diag->entries[i], text, sizeof text);
		json_array_append_new(list, json_string(text));
	}
	return list;
}

static void print_findings(const struct diag *diag)
{
	for (size_t i = 0; i < diag->count; i++) {
		char text[DIAG_TEXT_MAX + 512];
		diag_format(&diag->entries[i], text, sizeof text);
		fprintf(stderr, "%s\n", cli_safe(text));
	}
	if (diag->errors + diag->warnings > diag->count)
		fprintf(stderr, "… and %zu more\n", diag->errors + diag->warnings - diag->count);
}

static void print_figures(const struct cli *cli, const struct snapshot *snapshot, size_t warnings)
{
	size_t names = 0;
	for (size_t i = 0; i < lists_count(snapshot->lists); i++)
		names += lists_info(snapshot->lists, i)->names;
	printf(
		"%s is right: %zu devices, %zu lists with %s names, %zu rules, %zu databases; %zu warnings.\n",
		cli_safe(cli->config), registry_count(snapshot->registry), lists_count(snapshot->lists),
		cli_number((json_int_t)names), policy_rule_count(snapshot->policy),
		geo_source_count(snapshot->geo), warnings);
}

int verb_check(const struct cli *cli)
{
	struct diag diag;
	struct snapshot *snapshot = NULL;
	diag_init(&diag);
	int error = snapshot_build(cli->config, 1, clock_now(), &diag, &snapshot);
	if (cli->json) {
		json_t *document =
			json_pack("{s:b, s:o, s:o}", "ok", error == PF_OK, "errors",
		              findings(&diag, DIAG_ERROR), "warnings", findings(&diag, DIAG_WARNING));
		cli_print_json(document);
		json_decref(document);
	} else {
		print_findings(&diag);
		if (error == PF_OK)
			print_figures(cli, snapshot, diag.warnings);
		else
			fprintf(stderr, "%s: %zu errors, %zu warnings%s%s\n", cli_safe(cli->config),
			        diag.errors, diag.warnings, diag.errors ? "" : ": ",
			        diag.errors ? "" : pf_strerror(error));
	}
	snapshot_free(&snapshot);
	diag_deinit(&diag);
	return error == PF_OK ? CLI_DONE : CLI_NO;
}
