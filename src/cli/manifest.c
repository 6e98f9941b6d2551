/* What a file was made from, so that others can make it again: the command, the time, the rows that were read, the configuration,
 * databases and lists, each with its digest. Nothing in it depends on when it is written: two runs over the same rows give the same
 * bytes, when the times are given as dates (a duration counts back from now, and is another range in each run). */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/replace.h"
#include "cli/export.h"
#include "cli/text.h"
#include "geo/geo.h"
#include "report/text.h"

/* {"path": …, "sha256": … or null, "bytes": …} */
static json_t *file_json(const char *path)
{
	char text[DIGEST_TEXT_MAX];
	uint64_t bytes;
	bool read = digest_file(path, &bytes, text) == PF_OK;
	if (!read)
		cli_complain("%s can not be read (%s): the manifest has no digest of it.", path,
		             strerror(errno));
	return json_pack("{s:s, s:o, s:I}", "path", path, "sha256",
	                 read ? json_string(text) : json_null(), "bytes", (json_int_t)bytes);
}

/* As the daemon reads them: a source that can not be loaded is told, and left out. */
static json_t *databases_json(const struct manifest *manifest)
{
	struct diag diag;
	struct geo *geo = NULL;
	json_t *list = json_array();
	diag_init(&diag);
	if (geo_load(manifest->config, manifest->now, 1, &diag, &geo) != PF_OK)
		cli_complain("the databases can not be loaded: the manifest does not have them; see "
		             "`portafilter check`.");
	diag_deinit(&diag);
	for (size_t i = 0; geo && i < geo_source_count(geo); i++) {
		struct geo_source source;
		char built[CLOCK_TEXT_MAX];
		geo_source_of_day(geo, i, &source, built);
		/* One that came with the program is no file: the version says which it is. */
		bool built_in = source.path[0] != '/';
		json_t *row =
			built_in ? json_pack("{s:s, s:n, s:b}", "path", source.path, "sha256", "built_in", 1)
					 : file_json(source.path);
		json_object_set_new(row, "kind", json_string(source.kind));
		json_object_set_new(row, "label", json_string(source.label));
		json_object_set_new(row, "built", json_string(built));
		json_object_set_new(row, "credit", json_string(source.credit));
		json_array_append_new(list, row);
	}
	geo_free(&geo);
	return list;
}

static json_t *lists_json(const struct config *config)
{
	json_t *list = json_array();
	for (size_t i = 0; i < config->list_count; i++) {
		json_t *row = file_json(config->lists[i].file);
		json_object_set_new(row, "name", json_string(config->lists[i].name));
		json_array_append_new(list, row);
	}
	return list;
}

static json_t *command_json(const struct cli *cli)
{
	json_t *words = json_array();
	json_array_append_new(words, json_string("portafilter"));
	for (int i = 1; i < cli->argc; i++)
		json_array_append_new(words, json_string(cli->argv[i]));
	return words;
}

static json_t *manifest_json(const struct manifest *m)
{
	json_t *rows =
		json_pack("{s:I, s:I}", "count", (json_int_t)m->rows, "left_out", (json_int_t)m->left_out);
	if (*m->rows_sha256)
		json_object_set_new(rows, "jsonl_sha256", json_string(m->rows_sha256));
	json_t *inputs =
		json_pack("{s:o, s:{s:s}, s:o, s:o}", "configuration", file_json(m->config->file),
	              "journal", "path", m->config->journal_path, "databases", databases_json(m),
	              "lists", lists_json(m->config));
	return json_pack("{s:s, s:o, s:s, s:b, s:{s:o, s:o}, s:o, s:o, s:{s:s, s:I}}", "portafilter",
	                 PACKAGE_VERSION, "command", command_json(m->cli), "format", m->format,
	                 "pseudonyms", m->cli->pseudonym, "range", "since",
	                 report_time(m->filter->since_wall_us), "until",
	                 report_time(m->filter->until_wall_us), "rows", rows, "inputs", inputs,
	                 "output", "sha256", m->output_sha256, "bytes", (json_int_t)m->output_bytes);
}

int manifest_write(const struct manifest *manifest)
{
	const char *path = manifest->cli->manifest;
	json_t *document = manifest_json(manifest);
	char *text = document ? json_dumps(document, JSON_INDENT(2) | JSON_ENSURE_ASCII) : NULL;
	json_decref(document);
	if (!text) {
		cli_complain("the manifest can not be written: the command line or a path is no UTF-8, or "
		             "there is no memory.");
		return CLI_NO;
	}
	size_t length = strlen(text);
	text[length] = '\n'; /* in the place of the NUL */
	int result = replace_file(path, text, length + 1);
	free(text);
	if (result == PF_OK)
		return CLI_DONE;
	cli_complain("the manifest %s can not be written: %s.", path, strerror(errno));
	return CLI_NO;
}
