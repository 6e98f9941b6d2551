/* The walk of proposals.h: names come device by device, each device is decided when the next one begins. */
#include "report/proposals.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/text.h"

struct walk {
	struct recognise_case *names;
	json_t *rows;
	char *id, *device; /* of the device whose names are being added; NULL: none yet */
	int64_t limit;     /* 0: all */
	bool more;
};

/* Figures for people: so many decimals, and no more. */
static json_t *rounded(double value, double scale)
{
	return json_real(round(value * scale) / scale);
}

static json_t *text_or_null(const char *text)
{
	return text ? report_text(text) : json_null();
}

static json_t *evidence_json(const struct recognise_evidence *list, size_t count)
{
	json_t *rows = json_array();
	for (size_t i = 0; rows && i < count; i++) {
		const struct recognise_evidence *one = &list[i];
		json_t *row =
			json_pack("{s:o, s:o, s:o, s:o, s:I, s:o, s:o}", "suffix", report_text(one->suffix),
		              "vendor", report_text(one->vendor), "kind", text_or_null(one->kind), "weight",
		              rounded(one->weight, 100), "names", (json_int_t)one->names_count, "example",
		              report_text(one->name), "sources", report_text(one->sources));
		if (!row || json_array_append_new(rows, row)) {
			json_decref(rows);
			rows = NULL;
		}
	}
	return rows;
}

/* Decides on the device whose names have been added. */
static int finish_device(struct walk *walk)
{
	struct recognise_proposal p;
	if (!walk->id)
		return PF_OK;
	recognise_case_decide(walk->names, &p);
	json_t *row =
		json_pack("{s:o, s:o, s:I, s:I, s:o, s:o, s:o, s:s, s:o, s:o}", "id", report_text(walk->id),
	              "device", report_text(walk->device), "names", (json_int_t)p.names_count,
	              "unknown_domains", (json_int_t)p.unknown_count, "vendor", text_or_null(p.vendor),
	              "kind", text_or_null(p.kind), "score", rounded(p.score, 1000), "reason", p.reason,
	              "for", evidence_json(p.speaks_for, p.for_count), "against",
	              evidence_json(p.against, p.against_count));
	return row && !json_array_append_new(walk->rows, row) ? PF_OK : PF_ENOMEM;
}

static int next_device(struct walk *walk, const struct store_asked *row)
{
	int result = finish_device(walk);
	free(walk->id);
	free(walk->device);
	walk->id = strdup(row->device_id);
	walk->device = strdup(row->device);
	recognise_case_clear(walk->names);
	if (result == PF_OK && (!walk->id || !walk->device))
		result = PF_ENOMEM;
	return result;
}

/* PF_EFULL ends the walk: there are more devices than were asked for. */
static int add_name(void *data, const struct store_asked *row)
{
	struct walk *walk = data;
	if (!walk->id || strcmp(walk->id, row->device_id)) {
		if (walk->limit && walk->id && (int64_t)json_array_size(walk->rows) + 1 == walk->limit) {
			walk->more = true;
			return PF_EFULL;
		}
		int result = next_device(walk, row);
		if (result != PF_OK)
			return result;
	}
	return recognise_case_add(walk->names, row->name);
}

json_t *report_proposals(struct store *store, const struct recognise *table,
                         const struct store_filter *filter)
{
	struct walk walk = {.names = recognise_case_new(table),
	                    .rows = json_array(),
	                    .limit = filter->limit};
	json_t *document = NULL;
	int result = PF_ENOMEM;
	if (walk.names && walk.rows)
		result = store->asked(store, filter, add_name, &walk);
	if (result == PF_OK || walk.more)
		result = finish_device(&walk);
	if (result == PF_OK)
		document = json_pack("{s:O, s:b}", "proposals", walk.rows, "more", walk.more);
	if (!document && (result == PF_OK || result == PF_ENOMEM))
		snprintf(
			store->error, sizeof store->error,
			"There is no memory for so many devices; ask for fewer, with a limit or a device.");
	json_decref(walk.rows);
	free(walk.id);
	free(walk.device);
	recognise_case_free(&walk.names);
	return document;
}
