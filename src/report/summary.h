/* The report: what a device, those with a tag, or all of them talked to in a time, for the one who owns them. Made from endpoints,
 * sums, and the decisions that the raw queries still tell. */
#ifndef PF_REPORT_SUMMARY_H
#define PF_REPORT_SUMMARY_H

#include <jansson.h>
#include <stdbool.h>

#include "base/buffer.h"
#include "journal/store.h"

#define SUMMARY_OWNERS_MAX 200 /* registered domains that are shown; the others are counted */
#define SUMMARY_ROWS_MAX 200   /* rows of each other list */
#define SUMMARY_NAMES_MAX 8    /* names shown of one domain */
#define SUMMARY_RETRIES_MAX 50

struct summary_subject {
	const char *device, *tag; /* as asked; NULL: not given */
	const char *home;         /* "US, CA"; "" when none is set */
};

/* {"subject": {"device": … or null, "tag": … or null, "home": "US"}, "range": {"since": …, "until": …},
 *  "devices": [{"id", "name", "first", "last", "queries", "flagged", "sinkholed"}, …],        of all time
 *  "totals": {"queries", "allow", "flag", "sinkhole", "names", "domains", "addresses", "authenticated"},
 *  "owners": [{"domain", "queries", "flag", "sinkhole", "names": [{"name", "queries"}, …], "names_count", "locations": {"CN": 3},
 *              "controls": {"US": 2}, "networks": {"AS37963 Alibaba": 3}, "standings": {"overseas": 3}, "new": true}, …],
 *  "locations": [{"country", "addresses", "domains"}, …], "controls": the same,
 *  "days": [{"day": "2026-11-23", "allow", "flag", "sinkhole"}, …], "zone": "CET", "hours": 7 × 24 counts, from Monday 0:00,
 *  "new": [{"device", "name", "domain", "first", "location", "network"}, …], "moved": as report_events has them,
 *  "decided": [{"action", "rule", "device", "name", "count", "first", "last", "reason"}, …],
 *  "retried": [{"device", "name", "since", "before_per_day", "after_per_day", "before_days", "after_days", "after"}, …],
 *  "cut": {"owners": 0, …: rows that are not shown}, "unknowable": [sentence, …],
 *  "findings": [sentence, …]: the above in short}
 * Counts of queries are to the hour, those of `owners` to the day. A new reference, or NULL with the reason in the store. */
json_t *summary_make(struct store *store, const struct store_filter *filter,
                     const struct summary_subject *subject);

/* A list of the document as a table, the same in each form. '>' before a head aligns its column to the right; what is `wide` a terminal leaves
 * out. Countries come first (SUMMARY_COUNTRY_LISTS). */
struct summary_list {
	const char *title, *member;
	struct summary_column {
		const char *head, *member;
		bool wide;
	} columns[8]; /* up to the first without a head */
};
#define SUMMARY_COUNTRY_LISTS 2
#define SUMMARY_LISTS 6
extern const struct summary_list summary_lists[SUMMARY_LISTS];

/* The text of a cell as it is, unsafe: numbers with commas, times to the minute, "–" for what is not known. */
void summary_value(struct buffer *out, json_t *row, const char *member);
/* "CN 3, US 1" of {"CN": 3, "US": 1}; one alone without its count. */
void summary_counts(struct buffer *out, json_t *object);

/* The document for people. HTML is one file that needs no other, and prints. Strangers' text is escaped for each. */
enum summary_format { SUMMARY_MARKDOWN, SUMMARY_HTML };
void summary_render(json_t *document, enum summary_format format, struct buffer *out);

#endif
