/* One walk for all formats, see export.h. */
#define _GNU_SOURCE
#include "report/export.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "report/format.h"
#include "report/report.h"

static const struct {
	struct export_format_info info;
	const struct format *format;
} formats[EXPORT_COUNT] = {
	[EXPORT_CSV] = {{"csv", true, true}, &format_csv},
	[EXPORT_JSONL] = {{"jsonl", true, true}, &format_jsonl},
	[EXPORT_COF] = {{"cof", true, false}, &format_cof},
	[EXPORT_DOT] = {{"dot", true, false}, &format_dot},
	[EXPORT_GEOJSON] = {{"geojson", true, false}, &format_geojson},
	[EXPORT_MUD] = {{"mud", true, false}, &format_mud},
	[EXPORT_ZEEK] = {{"zeek", false, true}, &format_zeek},
};

const struct export_format_info *export_format_info(enum export_format format)
{
	return &formats[format].info;
}

int export_format_parse(const char *name)
{
	for (int i = 0; i < EXPORT_COUNT; i++)
		if (!strcmp(formats[i].info.name, name))
			return i;
	return PF_EINVAL;
}

bool export_country_point(const char *code, int *longitude_tenths, int *latitude_tenths)
{
	static const struct point {
		char code[3];
		short longitude, latitude;
	} points[] = {
#include "report/country_points.inc"
	};
	const struct point *found =
		bsearch(code, points, PF_COUNT(points), sizeof points[0],
	            (int (*)(const void *, const void *))strcmp); /* the code comes first */
	if (!found)
		return false;
	*longitude_tenths = found->longitude;
	*latitude_tenths = found->latitude;
	return true;
}

/* ---- lines ------------------------------------------------------------------------------- */

int lines_add(struct lines *lines, const char *format, ...)
{
	if (lines->count == lines->room) {
		size_t room = lines->room ? 2 * lines->room : 256;
		char **list = realloc(lines->list, room * sizeof *list);
		if (!list)
			return PF_ENOMEM;
		lines->list = list;
		lines->room = room;
	}
	va_list arguments;
	char *text = NULL;
	va_start(arguments, format);
	int length = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (length < 0)
		return PF_ENOMEM;
	lines->list[lines->count++] = text;
	return PF_OK;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void lines_settle(struct lines *lines)
{
	size_t kept = 0;
	if (!lines->count)
		return;
	qsort(lines->list, lines->count, sizeof *lines->list, compare);
	for (size_t i = 0; i < lines->count; i++) {
		if (kept && !strcmp(lines->list[kept - 1], lines->list[i]))
			free(lines->list[i]);
		else
			lines->list[kept++] = lines->list[i];
	}
	lines->count = kept;
}

void lines_free(struct lines *lines)
{
	for (size_t i = 0; i < lines->count; i++)
		free(lines->list[i]);
	free(lines->list);
	*lines = (struct lines){0};
}

size_t via_next(const char **at, const char **name)
{
	size_t length = strcspn(*at, " ");
	*name = *at;
	*at += length + ((*at)[length] == ' ');
	return length;
}

/* ---- the walk ---------------------------------------------------------------------------- */

struct walk {
	struct format_run run;
	const struct format *format;
};

static int add_digest(const char *bytes, size_t length, void *data)
{
	digest_add(data, bytes, length);
	return 0;
}

/* The row as `--format jsonl` writes it, so that everybody can check it. Takes the row over. */
static int note(struct export_result *result, json_t *row)
{
	result->rows++;
	if (!row)
		return PF_ENOMEM;
	json_dump_callback(row, add_digest, result->digest, JSON_COMPACT | JSON_ENSURE_ASCII);
	digest_add(result->digest, "\n", 1);
	json_decref(row);
	return PF_OK;
}

static int on_endpoint(void *data, const struct store_endpoint *row)
{
	struct walk *walk = data;
	struct export_result *result = walk->run.result;
	int noted = PF_OK;
	if (result->digest)
		noted = note(result, report_endpoint(row));
	else
		result->rows++;
	return noted == PF_OK ? walk->format->endpoint(&walk->run, row) : noted;
}

static int on_query(void *data, const struct store_query *row)
{
	struct walk *walk = data;
	struct export_result *result = walk->run.result;
	int noted = PF_OK;
	if (result->digest)
		noted = note(result, report_query(row));
	else
		result->rows++;
	return noted == PF_OK ? walk->format->query(&walk->run, row) : noted;
}

static struct walk make_walk(const struct export_options *options, struct out *out,
                             struct export_result *result)
{
	return (struct walk){
		.run = {.options = options, .out = out, .result = result},
		.format = formats[options->format].format,
	};
}

/* `result` is the walk's. */
static int finish(struct store *store, struct walk *walk, int result)
{
	if (result == PF_OK && walk->format->end)
		result = walk->format->end(&walk->run);
	if (walk->format->close)
		walk->format->close(&walk->run);
	if (*walk->run.error)
		snprintf(store->error, sizeof store->error, "%s", walk->run.error);
	else if (result == PF_ENOMEM)
		snprintf(store->error, sizeof store->error,
		         "There is no memory for so many rows; ask for fewer, with a limit or a filter.");
	return result;
}

int export_endpoints(struct store *store, const struct store_filter *filter,
                     const struct export_options *options, struct out *out,
                     struct export_result *result)
{
	struct walk walk = make_walk(options, out, result);
	int done = walk.format->begin ? walk.format->begin(&walk.run) : PF_OK;
	if (done == PF_OK)
		done = store->endpoints(store, filter, on_endpoint, &walk);
	return finish(store, &walk, done);
}

int export_queries(struct store *store, const struct store_filter *filter,
                   const struct export_options *options, struct out *out,
                   struct export_result *result)
{
	struct walk walk = make_walk(options, out, result);
	walk.run.queries = true;
	int done = walk.format->begin ? walk.format->begin(&walk.run) : PF_OK;
	if (done == PF_OK)
		done = store->queries(store, filter, on_query, &walk);
	return finish(store, &walk, done);
}
