/* Rows of the journal as text: the store is walked once, each row goes through report/, where its shape is
 * known, and is forgotten. */
#define _GNU_SOURCE /* fopencookie */
#include "admin/rows.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/report.h"

/* A walk, and the store of one row that report/ is shown. */
struct walk {
	struct store one; /* first: what report/ sees */
	const struct store_query *query;
	const struct store_endpoint *endpoint;
	const struct store_event *event;
	struct rows_answer *answer;
	size_t count;
	int64_t last_row;
	int64_t first_row, first_wall_us; /* of the row that comes before all others */
};

static int one_query(struct store *store, const struct store_filter *filter,
                     int (*each)(void *data, const struct store_query *row), void *data)
{
	(void)filter;
	return each(data, ((struct walk *)store)->query);
}

static int one_endpoint(struct store *store, const struct store_filter *filter,
                        int (*each)(void *data, const struct store_endpoint *row), void *data)
{
	(void)filter;
	return each(data, ((struct walk *)store)->endpoint);
}

static int one_event(struct store *store, const struct store_filter *filter,
                     int (*each)(void *data, const struct store_event *row), void *data)
{
	(void)filter;
	return each(data, ((struct walk *)store)->event);
}

static int write_bytes(const char *bytes, size_t length, void *data)
{
	buffer_append(data, bytes, length);
	return 0;
}

static int charge(struct rows_answer *answer)
{
	size_t more = answer->text.length - answer->charged_bytes;
	answer->charged_bytes += more;
	size_t held = __atomic_add_fetch(&answer->budget->held_bytes, more, __ATOMIC_RELAXED);
	return held > answer->budget->held_bytes_max ? PF_ENOMEM : PF_OK;
}

static void note_first(struct walk *walk, int64_t wall_us, int64_t row)
{
	bool first = !walk->first_row || wall_us < walk->first_wall_us ||
	             (wall_us == walk->first_wall_us && row < walk->first_row);
	if (!first)
		return;
	walk->first_row = row;
	walk->first_wall_us = wall_us;
}

/* Writes the only row of `document`, which it takes over. */
static int write_row(struct walk *walk, json_t *document, const char *key)
{
	struct buffer *text = &walk->answer->text;
	json_t *row = json_array_get(json_object_get(document, key), 0);
	if (walk->count++)
		buffer_append(text, ",", 1);
	int failed = json_dump_callback(row, write_bytes, text, JSON_COMPACT);
	json_decref(document);
	if (text->failed) /* the buffer does not tell whether it was its bound or the memory */
		return text->length > text->max / 2 ? PF_EFULL : PF_ENOMEM;
	return failed ? PF_ENOMEM : charge(walk->answer);
}

static int on_query(void *data, const struct store_query *row)
{
	static const struct store_filter any = {0};
	struct walk *walk = data;
	walk->query = row;
	walk->last_row = row->row;
	note_first(walk, 0, row->row);
	return write_row(walk, report_queries(&walk->one, &any), "queries");
}

static int on_endpoint(void *data, const struct store_endpoint *row)
{
	static const struct store_filter any = {0};
	struct walk *walk = data;
	walk->endpoint = row;
	note_first(walk, row->last_wall_us, row->row);
	return write_row(walk, report_endpoints(&walk->one, &any), "endpoints");
}

static int on_event(void *data, const struct store_event *row)
{
	static const struct store_filter any = {0};
	struct walk *walk = data;
	walk->event = row;
	note_first(walk, row->time_wall_us, row->row);
	return write_row(walk, report_events(&walk->one, &any), "events");
}

static int fail(int result, const struct store *store, const struct rows_budget *budget,
                char error[500])
{
	if (result == PF_EFULL)
		snprintf(error, 500,
		         "These are more than %zu KiB of rows: ask for a device, a name, a standing, a "
		         "time (since), or with a limit.",
		         budget->answer_bytes_max >> 10);
	else if (result == PF_ENOMEM)
		snprintf(error, 500,
		         "The daemon has no memory for so many rows now: ask again later, or for fewer.");
	else
		snprintf(error, 500, "%s", *store->error ? store->error : "The journal can not be read.");
	return result;
}

/* ---- csv and lines ----------------------------------------------------------------------- */

/* The media types of the formats that have one; all have a name. */
static const char *const types[EXPORT_COUNT] = {
	[EXPORT_CSV] = "text/csv; charset=utf-8; header=present",
	[EXPORT_JSONL] = "application/jsonl",
	[EXPORT_COF] = "application/x-ndjson",
	[EXPORT_DOT] = "text/vnd.graphviz",
	[EXPORT_GEOJSON] = "application/geo+json",
	[EXPORT_MUD] = "application/mud+json",
	[EXPORT_ZEEK] = "text/tab-separated-values",
};

bool rows_can_show(enum export_format format, enum rows_kind kind)
{
	const struct export_format_info *info = export_format_info(format);
	return kind == ROWS_QUERIES ? info->queries : kind == ROWS_ENDPOINTS && info->endpoints;
}

static int format_by_name(const char *name, enum rows_kind kind, char error[500])
{
	int format = strcmp(name, "json") ? export_format_parse(name) : ROWS_JSON;
	if (format == ROWS_JSON || (format >= 0 && rows_can_show(format, kind)))
		return format;
	int used = snprintf(error, 500, "\"%.60s\" is no format for these rows: json", name);
	for (int i = 0; i < EXPORT_COUNT; i++)
		if (rows_can_show(i, kind))
			used +=
				snprintf(error + used, (size_t)(500 - used), ", %s", export_format_info(i)->name);
	return PF_EINVAL;
}

int rows_format(const char *format, const char *accept, enum rows_kind kind, char error[500])
{
	if (format)
		return format_by_name(format, kind, error);
	for (int i = 0; accept && i < EXPORT_COUNT; i++) {
		char type[80];
		snprintf(type, sizeof type, "%.*s", (int)strcspn(types[i], ";"), types[i]);
		if (rows_can_show(i, kind) && strstr(accept, type))
			return i;
	}
	return ROWS_JSON;
}

const char *rows_type(int format)
{
	return format == ROWS_JSON ? NULL : types[format];
}

static ssize_t write_text(void *data, const char *bytes, size_t length)
{
	struct rows_answer *answer = data;
	buffer_append(&answer->text, bytes, length);
	return answer->text.failed || charge(answer) != PF_OK ? 0 : (ssize_t)length;
}

/* The export of the command, into memory. */
static int export(struct store *store, enum rows_kind kind, const struct store_filter *filter,
                  enum export_format format, struct rows_answer *answer)
{
	const struct export_options options = {.format = format};
	struct export_result result = {0};
	struct out out = {.file =
	                      fopencookie(answer, "w", (cookie_io_functions_t){.write = write_text})};
	if (!out.file)
		return PF_ENOMEM;
	int error = kind == ROWS_QUERIES ? export_queries(store, filter, &options, &out, &result)
	                                 : export_endpoints(store, filter, &options, &out, &result);
	bool failed = fflush(out.file) || ferror(out.file);
	fclose(out.file);
	if (answer->text.failed)
		return PF_EFULL;
	return error == PF_OK && failed ? PF_ENOMEM : error;
}

/* As params_filter reads it. Fewer rows than were asked for: there are no others. */
static void put_before(const struct walk *walk, const struct store_filter *filter)
{
	struct buffer *text = &walk->answer->text;
	if (filter->limit <= 0 || walk->count < (size_t)filter->limit)
		buffer_print(text, ",\"before\":null}");
	else if (walk->first_wall_us)
		buffer_print(text, ",\"before\":\"%lld-%lld\"}", (long long)(walk->first_wall_us / 1000),
		             (long long)walk->first_row);
	else
		buffer_print(text, ",\"before\":\"%lld\"}", (long long)walk->first_row);
}

static int ask_json(struct store *store, enum rows_kind kind, const struct store_filter *filter,
                    struct rows_answer *answer)
{
	struct walk walk = {.one = {.queries = one_query,
	                            .endpoints = one_endpoint,
	                            .events = one_event},
	                    .answer = answer,
	                    .last_row = filter->after_row};
	int result;
	if (kind == ROWS_QUERIES) {
		buffer_print(&answer->text, "{\"queries\":[");
		result = store->queries(store, filter, on_query, &walk);
		buffer_print(&answer->text, "],\"last_row\":%lld", (long long)walk.last_row);
	} else if (kind == ROWS_EVENTS) {
		buffer_print(&answer->text, "{\"events\":[");
		result = store->events(store, filter, on_event, &walk);
		buffer_print(&answer->text, "]");
	} else {
		buffer_print(&answer->text, "{\"endpoints\":[");
		result = store->endpoints(store, filter, on_endpoint, &walk);
		buffer_print(&answer->text, "]");
	}
	put_before(&walk, filter);
	if (result == PF_OK && answer->text.failed)
		result = PF_ENOMEM;
	return result == PF_OK ? charge(answer) : result;
}

int rows_ask(struct store *store, enum rows_kind kind, const struct store_filter *filter,
             int format, struct rows_budget *budget, struct rows_answer **out, char error[500])
{
	struct rows_answer *answer = calloc(1, sizeof *answer);
	*out = NULL;
	if (!answer)
		return fail(PF_ENOMEM, store, budget, error);
	answer->budget = budget;
	buffer_init(&answer->text, budget->answer_bytes_max);
	int result = format == ROWS_JSON
	                 ? ask_json(store, kind, filter, answer)
	                 : export(store, kind, filter, (enum export_format)format, answer);
	if (result != PF_OK) {
		rows_free(answer);
		return fail(result, store, budget, error);
	}
	*out = answer;
	return PF_OK;
}

void rows_free(void *answer)
{
	struct rows_answer *old = answer;
	if (!old)
		return;
	__atomic_sub_fetch(&old->budget->held_bytes, old->charged_bytes, __ATOMIC_RELAXED);
	buffer_deinit(&old->text);
	free(old);
}
