/* CSV and JSON lines: the rows as they are. */
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "report/format.h"
#include "report/report.h"

/* ---- CSV --------------------------------------------------------------------------------- */

static const char *const endpoint_heads[] = {"device",   "name",       "type",  "address",
                                             "location", "control",    "asn",   "organisation",
                                             "standing", "confidence", "first", "last",
                                             "count",    "domain",     "hops",  "hop_domains",
                                             "dnssec"};
static const char *const query_heads[] = {"row",      "time",       "device", "client",   "name",
                                          "type",     "rcode",      "action", "rule",     "reason",
                                          "standing", "confidence", "source", "upstream", "took_us",
                                          "protocol", "dnssec"};

#define HOPS_BYTES_MAX 65536 /* a journal's answer has 16 names at most */

/* All hops' owners, "-" for none: "akamaiedge.net -". */
static void join_owners(struct buffer *out, const char *via)
{
	const char *name;
	char text[1024];
	size_t length;
	buffer_append(out, "", 0);
	while ((length = via_next(&via, &name))) {
		snprintf(text, sizeof text, "%.*s", (int)length, name);
		json_t *domain = report_domain(text);
		buffer_print(out, "%s%s", out->length ? " " : "",
		             json_is_string(domain) ? json_string_value(domain) : "-");
		json_decref(domain);
	}
}

static int csv_begin(struct format_run *run)
{
	if (run->queries)
		out_csv(run->out, query_heads, PF_COUNT(query_heads));
	else
		out_csv(run->out, endpoint_heads, PF_COUNT(endpoint_heads));
	return PF_OK;
}

static int csv_endpoint(struct format_run *run, const struct store_endpoint *row)
{
	char asn[24], count[24], first[CLOCK_TEXT_MAX], last[CLOCK_TEXT_MAX];
	struct buffer owners;
	buffer_init(&owners, HOPS_BYTES_MAX);
	join_owners(&owners, row->via);
	snprintf(asn, sizeof asn, "%lld", (long long)row->asn);
	snprintf(count, sizeof count, "%lld", (long long)row->count);
	clock_format(row->first_wall_us, first);
	clock_format(row->last_wall_us, last);
	out_csv(run->out,
	        (const char *const[]){row->device, row->name, row->type, row->address, row->location,
	                              row->control, asn, row->organisation, row->standing,
	                              row->confidence, first, last, count, row->domain, row->via,
	                              owners.data ? owners.data : "", row->dnssec},
	        PF_COUNT(endpoint_heads));
	buffer_deinit(&owners);
	return PF_OK;
}

static int csv_query(struct format_run *run, const struct store_query *row)
{
	char number[24], took[24], time[CLOCK_TEXT_MAX];
	snprintf(number, sizeof number, "%lld", (long long)row->row);
	snprintf(took, sizeof took, "%lld", (long long)row->took_us);
	clock_format(row->time_wall_us, time);
	out_csv(run->out,
	        (const char *const[]){number, time, row->device, row->client, row->name, row->type,
	                              row->rcode, row->action, row->rule, row->reason, row->standing,
	                              row->confidence, row->source, row->upstream, took, row->protocol,
	                              row->dnssec},
	        PF_COUNT(query_heads));
	return PF_OK;
}

const struct format format_csv = {.begin = csv_begin, .endpoint = csv_endpoint, .query = csv_query};

/* ---- JSON lines -------------------------------------------------------------------------- */

static int json_line(struct format_run *run, json_t *row)
{
	if (!out_json(run->out, row))
		return PF_ENOMEM;
	out_text(run->out, "\n");
	return PF_OK;
}

static int jsonl_endpoint(struct format_run *run, const struct store_endpoint *row)
{
	return json_line(run, report_endpoint(row));
}

static int jsonl_query(struct format_run *run, const struct store_query *row)
{
	return json_line(run, report_query(row));
}

const struct format format_jsonl = {.endpoint = jsonl_endpoint, .query = jsonl_query};

/* ---- GeoJSON ----------------------------------------------------------------------------- */

static int geojson_begin(struct format_run *run)
{
	out_text(run->out, "{\"type\":\"FeatureCollection\",\"features\":[");
	return PF_OK;
}

/* The point is the country's: DNS and its databases know no better, and a house in Kansas has suffered for it before. */
static int geojson_endpoint(struct format_run *run, const struct store_endpoint *row)
{
	int longitude, latitude;
	json_t *geometry = json_null();
	if (export_country_point(row->location, &longitude, &latitude))
		geometry = json_pack("{s:s, s:[f, f]}", "type", "Point", "coordinates", longitude / 10.0,
		                     latitude / 10.0);
	json_t *properties = report_endpoint(row);
	if (properties)
		json_object_set_new(properties, "precision",
		                    json_is_null(geometry) ? json_null() : json_string("country"));
	json_t *feature = json_pack("{s:s, s:o, s:o}", "type", "Feature", "geometry", geometry,
	                            "properties", properties);
	if (run->result->rows > 1)
		out_text(run->out, ",");
	return out_json(run->out, feature) ? PF_OK : PF_ENOMEM;
}

static int geojson_end(struct format_run *run)
{
	out_text(run->out, "]}\n");
	return PF_OK;
}

const struct format format_geojson = {.begin = geojson_begin,
                                      .endpoint = geojson_endpoint,
                                      .end = geojson_end};
