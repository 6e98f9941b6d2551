/* The journal's rows as JSON, see report.h. */
#include "report/report.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
#define TEXT_BYTES_MAX (64u << 10) /* of one member; what the journal holds is far shorter */
#define UTF8_BYTES_MAX 4

/* ---- text -------------------------------------------------------------------------------- */

/* Bytes of the character at `text` (RFC 3629), 0 when it is none. Stops at the NUL. */
static size_t character_bytes(const unsigned char *text)
{
	static const struct {
		unsigned char mask, lead;
		uint32_t least; /* shorter ways to write the same are refused */
	} forms[UTF8_BYTES_MAX] = {{0x80, 0x00, 0},
	                           {0xe0, 0xc0, 0x80},
	                           {0xf0, 0xe0, 0x800},
	                           {0xf8, 0xf0, 0x10000}};
	for (size_t i = 0; i < UTF8_BYTES_MAX; i++) {
		if ((text[0] & forms[i].mask) != forms[i].lead)
			continue;
		uint32_t code = text[0] & (unsigned char)~forms[i].mask;
		for (size_t k = 1; k <= i; k++) {
			if ((text[k] & 0xc0) != 0x80)
				return 0;
			code = code << 6 | (text[k] & 0x3f);
		}
		bool surrogate = code >= 0xd800 && code <= 0xdfff;
		return code < forms[i].least || code > 0x10ffff || surrogate ? 0 : i + 1;
	}
	return 0;
}

/* A JSON string; bytes that are no UTF-8 become U+FFFD. NULL without memory. */
static json_t *text_json(const char *text)
{
	json_t *string = json_string(text);
	if (string)
		return string;
	struct buffer clean;
	buffer_init(&clean, TEXT_BYTES_MAX);
	for (const char *c = text; *c;) {
		size_t bytes = character_bytes((const unsigned char *)c);
		buffer_append(&clean, bytes ? c : REPLACEMENT, bytes ? bytes : strlen(REPLACEMENT));
		c += bytes ? bytes : 1;
	}
	if (!clean.failed && clean.data)
		string = json_string(clean.data);
	buffer_deinit(&clean);
	return string;
}

static json_t *time_json(int64_t wall_us)
{
	char text[CLOCK_TEXT_MAX];
	clock_format(wall_us, text);
	return json_string(text);
}

/* ---- rows -------------------------------------------------------------------------------- */

/* Steals `value`; a missing one or no room makes the whole object fail. */
static bool set(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new_nocheck(object, key, value) == 0;
}

static bool set_text(json_t *object, const char *key, const char *text)
{
	return set(object, key, text_json(text));
}

static bool set_number(json_t *object, const char *key, int64_t number)
{
	return set(object, key, json_integer(number));
}

static bool set_time(json_t *object, const char *key, int64_t wall_us)
{
	return set(object, key, time_json(wall_us));
}

/* Appends the row when it is whole. */
static int append(json_t *rows, json_t *object, bool whole)
{
	if (!whole) {
		json_decref(object);
		return PF_ENOMEM;
	}
	return json_array_append_new(rows, object) ? PF_ENOMEM : PF_OK;
}

struct collected {
	json_t *rows;
	int64_t last_row;
};

static int add_query(void *data, const struct store_query *row)
{
	struct collected *collected = data;
	json_t *object = json_object();
	collected->last_row = row->row;
	return append(collected->rows, object,
	              object && set_number(object, "row", row->row) &&
	                  set_time(object, "time", row->time_wall_us) &&
	                  set_text(object, "device", row->device) &&
	                  set_text(object, "client", row->client) &&
	                  set_text(object, "name", row->name) && set_text(object, "type", row->type) &&
	                  set_text(object, "rcode", row->rcode) &&
	                  set_text(object, "action", row->action) &&
	                  set_text(object, "rule", row->rule) &&
	                  set_text(object, "reason", row->reason) &&
	                  set_text(object, "standing", row->standing) &&
	                  set_text(object, "confidence", row->confidence) &&
	                  set_text(object, "source", row->source) &&
	                  set_text(object, "upstream", row->upstream) &&
	                  set_number(object, "took_us", row->took_us));
}

static int add_endpoint(void *data, const struct store_endpoint *row)
{
	struct collected *collected = data;
	json_t *object = json_object();
	return append(collected->rows, object,
	              object && set_text(object, "device", row->device) &&
	                  set_text(object, "name", row->name) && set_text(object, "type", row->type) &&
	                  set_text(object, "address", row->address) &&
	                  set_text(object, "location", row->location) &&
	                  set_text(object, "control", row->control) &&
	                  set_number(object, "asn", row->asn) &&
	                  set_text(object, "organisation", row->organisation) &&
	                  set_text(object, "standing", row->standing) &&
	                  set_text(object, "confidence", row->confidence) &&
	                  set_time(object, "first", row->first_wall_us) &&
	                  set_time(object, "last", row->last_wall_us) &&
	                  set_number(object, "count", row->count));
}

static int add_device(void *data, const struct store_device *row)
{
	struct collected *collected = data;
	json_t *object = json_object();
	return append(collected->rows, object,
	              object && set_text(object, "id", row->id) &&
	                  set_text(object, "name", row->name) &&
	                  set_time(object, "first", row->first_wall_us) &&
	                  set_time(object, "last", row->last_wall_us) &&
	                  set_number(object, "queries", row->queries) &&
	                  set_number(object, "flagged", row->flagged) &&
	                  set_number(object, "sinkholed", row->sinkholed) &&
	                  set_number(object, "overseas_names", row->overseas_names));
}

/* ---- reports ----------------------------------------------------------------------------- */

/* {"KEY": rows}; takes the rows. NULL, with the reason in the store, when `result` is a failure. */
static json_t *finish(struct store *store, const char *key, json_t *rows, int result)
{
	json_t *object = NULL;
	if (result == PF_OK) {
		object = json_object();
		if (object && json_object_set_nocheck(object, key, rows)) {
			json_decref(object);
			object = NULL;
		}
	}
	json_decref(rows);
	if (!object && (result == PF_OK || result == PF_ENOMEM))
		snprintf(store->error, sizeof store->error,
		         "There is no memory for so many rows; ask for fewer, with a limit or a filter.");
	return object;
}

json_t *report_queries(struct store *store, const struct store_filter *filter)
{
	struct collected collected = {json_array(), filter->after_row};
	int result = PF_ENOMEM;
	if (collected.rows)
		result = store->queries(store, filter, add_query, &collected);
	json_t *report = finish(store, "queries", collected.rows, result);
	if (report && !set_number(report, "last_row", collected.last_row)) {
		json_decref(report);
		return finish(store, "queries", NULL, PF_ENOMEM);
	}
	return report;
}

json_t *report_endpoints(struct store *store, const struct store_filter *filter)
{
	struct collected collected = {json_array(), 0};
	int result = PF_ENOMEM;
	if (collected.rows)
		result = store->endpoints(store, filter, add_endpoint, &collected);
	return finish(store, "endpoints", collected.rows, result);
}

json_t *report_devices(struct store *store)
{
	struct collected collected = {json_array(), 0};
	int result = PF_ENOMEM;
	if (collected.rows)
		result = store->devices(store, add_device, &collected);
	return finish(store, "devices", collected.rows, result);
}
