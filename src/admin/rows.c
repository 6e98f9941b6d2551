/* Rows of the journal as text: the store is walked once, each row goes through report/, where its shape is
 * known, and is forgotten. */
#define _GNU_SOURCE /* fopencookie */
#include "admin/rows.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/export.h"
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
	return write_row(walk, report_queries(&walk->one, &any), "queries");
}

static int on_endpoint(void *data, const struct store_endpoint *row)
{
	static const struct store_filter any = {0};
	struct walk *walk = data;
	walk->endpoint = row;
	return write_row(walk, report_endpoints(&walk->one, &any), "endpoints");
}

static int on_event(void *data, const struct store_event *row)
{
	static const struct store_filter any = {0};
	struct walk *walk = data;
	walk->event = row;
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

enum rows_format rows_format(const char *accept, enum rows_kind kind)
{
	if (!accept || kind == ROWS_EVENTS)
		return ROWS_JSON;
	if (strstr(accept, "text/csv"))
		return ROWS_CSV;
	return strstr(accept, "application/jsonl") || strstr(accept, "application/x-ndjson")
	           ? ROWS_JSONL
	           : ROWS_JSON;
}

const char *rows_type(enum rows_format format)
{
	static const char *const types[] = {
		[ROWS_CSV] = "text/csv; charset=utf-8; header=present", [ROWS_JSONL] = "application/jsonl"};
	return types[format];
}

static ssize_t write_text(void *data, const char *bytes, size_t length)
{
	struct rows_answer *answer = data;
	buffer_append(&answer->text, bytes, length);
	return answer->text.failed || charge(answer) != PF_OK ? 0 : (ssize_t)length;
}

/* The export of the command, into memory. */
static int export(struct store *store, enum rows_kind kind, const struct store_filter *filter,
                  enum rows_format format, struct rows_answer *answer)
{
	const struct export_options options = {.format =
	                                           format == ROWS_CSV ? EXPORT_CSV : EXPORT_JSONL};
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
		buffer_print(&answer->text, "],\"last_row\":%lld}", (long long)walk.last_row);
	} else if (kind == ROWS_EVENTS) {
		buffer_print(&answer->text, "{\"events\":[");
		result = store->events(store, filter, on_event, &walk);
		buffer_print(&answer->text, "]}");
	} else {
		buffer_print(&answer->text, "{\"endpoints\":[");
		result = store->endpoints(store, filter, on_endpoint, &walk);
		buffer_print(&answer->text, "]}");
	}
	if (result == PF_OK && answer->text.failed)
		result = PF_ENOMEM;
	return result == PF_OK ? charge(answer) : result;
}

int rows_ask(struct store *store, enum rows_kind kind, const struct store_filter *filter,
             enum rows_format format, struct rows_budget *budget, struct rows_answer **out,
             char error[500])
{
	struct rows_answer *answer = calloc(1, sizeof *answer);
	*out = NULL;
	if (!answer)
		return fail(PF_ENOMEM, store, budget, error);
	answer->budget = budget;
	buffer_init(&answer->text, budget->answer_bytes_max);
	int result = format == ROWS_JSON ? ask_json(store, kind, filter, answer)
	                                 : export(store, kind, filter, format, answer);
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
