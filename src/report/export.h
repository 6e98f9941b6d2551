/* The journal in the formats of other programs. Each export is a walk through the store, written as it comes or, where lines have
 * to be joined first, at its end; the same rows give the same bytes. */
#ifndef PF_REPORT_EXPORT_H
#define PF_REPORT_EXPORT_H

#include "journal/store.h"
#include "report/out.h"

enum export_format {
	EXPORT_CSV,     /* RFC 4180 */
	EXPORT_JSONL,   /* the rows of report.h, one a line */
	EXPORT_COF,     /* passive DNS, draft-dulaunoy-dnsop-passive-dns-cof; no clients in it */
	EXPORT_DOT,     /* Graphviz: device, name, CNAMEs, address, network, country */
	EXPORT_GEOJSON, /* RFC 7946; a country's point stands for all that is in it */
	EXPORT_MUD,     /* RFC 8520, of one device, "observed, DNS only" */
	EXPORT_ZEEK,    /* Zeek's dns.log */
	EXPORT_COUNT,
};

struct export_format_info {
	const char *name;
	bool endpoints, queries; /* what it can show */
};
const struct export_format_info *export_format_info(enum export_format format);
/* PF_EINVAL */
int export_format_parse(const char *name);

struct export_options {
	enum export_format format;
	const char *sensor; /* COF's sensor_id; NULL: "portafilter" */
	const char *origin; /* COF's origin, a URI; NULL: it has none */
};

/* What became of the rows. */
struct export_result {
	int64_t rows;     /* that were read */
	int64_t left_out; /* of these, what the format can not show, or must not */
	struct digest
		*digest; /* of the rows as JSON lines, whatever the format; borrowed, NULL: not wanted */
};

/* PF_OK; PF_ENOMEM, PF_EINVAL, PF_EIO with a sentence in the store. */
PF_MUST_CHECK int export_endpoints(struct store *store, const struct store_filter *filter,
                                   const struct export_options *options, struct out *out,
                                   struct export_result *result);
PF_MUST_CHECK int export_queries(struct store *store, const struct store_filter *filter,
                                 const struct export_options *options, struct out *out,
                                 struct export_result *result);

/* ISO 3166 code to a place in its country, in tenths of a degree. False: there is none for it. */
bool export_country_point(const char *code, int *longitude_tenths, int *latitude_tenths);

#endif
