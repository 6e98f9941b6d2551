/* Passive DNS, Common Output Format (draft-dulaunoy-dnsop-passive-dns-cof): one JSON object a line for each record that was seen,
 * whoever asked. Of a name with CNAMEs the address belongs to the last of them, as it does in the DNS.
 *
 * Not in it: who asked; addresses that stand nowhere (RFC 6890), which are the house's own; address hints of HTTPS and SVCB records,
 * because the journal keeps the addresses and not the record. Of these the CNAMEs that led there are in it. */
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "report/format.h"
#include "report/report.h"
#include "report/text.h"
#include "value/special.h"

#define COF_SENSOR "portafilter"

struct record {
	char *name, *data; /* owned */
	char type[16];
	int64_t first_us, last_us, count;
};

struct cof {
	struct record *records;
	size_t count, room;
	/* The CNAMEs of the question that is being read: each once, however many addresses it led to. */
	size_t question_first; /* of records; those from here on are its CNAMEs */
	char *question;        /* "device\nname\ntype" */
};

static int cof_begin(struct format_run *run)
{
	run->state = calloc(1, sizeof(struct cof));
	return run->state ? PF_OK : PF_ENOMEM;
}

static void cof_close(struct format_run *run)
{
	struct cof *cof = run->state;
	if (!cof)
		return;
	for (size_t i = 0; i < cof->count; i++) {
		free(cof->records[i].name);
		free(cof->records[i].data);
	}
	free(cof->records);
	free(cof->question);
	free(cof);
}

/* Takes over nothing. */
static int put(struct cof *cof, const struct record *record)
{
	if (cof->count == cof->room) {
		size_t room = cof->room ? 2 * cof->room : 1024;
		struct record *records = realloc(cof->records, room * sizeof *records);
		if (!records)
			return PF_ENOMEM;
		cof->records = records;
		cof->room = room;
	}
	struct record *to = &cof->records[cof->count];
	*to = *record;
	to->name = strdup(record->name);
	to->data = strdup(record->data);
	if (to->name && to->data) {
		cof->count++;
		return PF_OK;
	}
	free(to->name);
	free(to->data);
	return PF_ENOMEM;
}

static void widen(struct record *to, const struct record *from)
{
	if (from->first_us < to->first_us)
		to->first_us = from->first_us;
	if (from->last_us > to->last_us)
		to->last_us = from->last_us;
}

/* Rows come by device, name, type: all addresses of one question stand together. */
static int begin_question(struct cof *cof, const struct store_endpoint *row)
{
	size_t size = strlen(row->device_id) + strlen(row->name) + strlen(row->type) + 3;
	char *question = malloc(size);
	if (!question)
		return PF_ENOMEM;
	snprintf(question, size, "%s\n%s\n%s", row->device_id, row->name, row->type);
	if (cof->question && !strcmp(cof->question, question)) {
		free(question);
		return PF_OK;
	}
	free(cof->question);
	cof->question = question;
	cof->question_first = cof->count;
	return PF_OK;
}

/* A CNAME was there as often as the address that it led to most. */
static int see_cname(struct cof *cof, struct record *record)
{
	for (size_t i = cof->question_first; i < cof->count; i++) {
		struct record *known = &cof->records[i];
		if (strcmp(known->type, "CNAME") || strcmp(known->name, record->name) ||
		    strcmp(known->data, record->data))
			continue;
		widen(known, record);
		known->count = known->count > record->count ? known->count : record->count;
		return PF_OK;
	}
	return put(cof, record);
}

static int cof_endpoint(struct format_run *run, const struct store_endpoint *row)
{
	struct cof *cof = run->state;
	struct addr addr;
	char owner[1024], target[1024];
	const char *via = row->via, *name;
	size_t length;
	int result = begin_question(cof, row);
	if (addr_parse(row->address, &addr) != PF_OK)
		return PF_EINVAL;
	addr = special_unwrap(&addr);
	if (special_is(&addr)) {
		run->result->left_out++;
		return result;
	}
	snprintf(owner, sizeof owner, "%s", row->name);
	struct record record = {.name = owner,
	                        .data = target,
	                        .type = "CNAME",
	                        .first_us = row->first_wall_us,
	                        .last_us = row->last_wall_us,
	                        .count = row->count};
	while (result == PF_OK && (length = via_next(&via, &name))) {
		snprintf(target, sizeof target, "%.*s", (int)length, name);
		result = see_cname(cof, &record);
		strcpy(owner, target);
	}
	if (strcmp(row->type, "A") && strcmp(row->type, "AAAA")) {
		run->result->left_out++;
		return result;
	}
	snprintf(record.type, sizeof record.type, "%s", row->type);
	snprintf(target, sizeof target, "%s", row->address);
	return result == PF_OK ? put(cof, &record) : result;
}

static int compare(const void *a, const void *b)
{
	const struct record *x = a, *y = b;
	int order = strcmp(x->name, y->name);
	if (!order)
		order = strcmp(x->type, y->type);
	return order ? order : strcmp(x->data, y->data);
}

static int write_record(struct format_run *run, const struct record *record)
{
	const char *sensor = run->options->sensor;
	json_t *object =
		json_pack("{s:o, s:s, s:o, s:I, s:I, s:I, s:o, s:s}", "rrname", report_text(record->name),
	              "rrtype", record->type, "rdata", report_text(record->data), "time_first",
	              (json_int_t)(record->first_us / 1000000), "time_last",
	              (json_int_t)(record->last_us / 1000000), "count", (json_int_t)record->count,
	              "bailiwick", report_domain(record->name), "sensor_id",
	              sensor ? sensor : COF_SENSOR);
	/* It is a guess at the zone, and not all names have one. */
	if (object && json_is_null(json_object_get(object, "bailiwick")))
		json_object_del(object, "bailiwick");
	if (object && run->options->origin &&
	    json_object_set_new(object, "origin", json_string(run->options->origin))) {
		json_decref(object);
		object = NULL;
	}
	if (!out_json(run->out, object))
		return PF_ENOMEM;
	out_text(run->out, "\n");
	return PF_OK;
}

static int cof_end(struct format_run *run)
{
	struct cof *cof = run->state;
	int result = PF_OK;
	if (cof->count)
		qsort(cof->records, cof->count, sizeof *cof->records, compare);
	for (size_t i = 0; i < cof->count && result == PF_OK;) {
		struct record sum = cof->records[i];
		for (i++; i < cof->count && !compare(&sum, &cof->records[i]); i++) {
			widen(&sum, &cof->records[i]);
			sum.count += cof->records[i].count;
		}
		result = write_record(run, &sum);
	}
	return result;
}

const struct format format_cof = {.begin = cof_begin,
                                  .endpoint = cof_endpoint,
                                  .end = cof_end,
                                  .close = cof_close};
