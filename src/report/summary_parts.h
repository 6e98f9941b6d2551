/* Private to report/: what the walks of the report gather, and the lists that are made of it. */
#ifndef PF_REPORT_SUMMARY_PARTS_H
#define PF_REPORT_SUMMARY_PARTS_H

#include "report/summary.h"

struct parts {
	struct store *store;
	const struct store_filter *filter;
	json_t *domains;    /* name to its domain */
	json_t *first_seen; /* device id to its first microsecond; only devices of the subject */
	json_t *devices, *new;
	json_t *totals, *days, *owners, *names, *locations, *controls, *addresses;
	json_t *decided_by; /* "action\nrule\ndevice id\nname" to its row */
	json_t *cut;
	int64_t hours[7][24];
	char zone[16];
};

void parts_add(json_t *object, const char *key, int64_t count);
/* The member, which is made when there is none. Borrowed. */
json_t *parts_member(json_t *object, const char *key, json_t *(*make)(void));
const char *parts_domain(struct parts *parts, const char *name);

/* Gathers what was flagged and sinkholed. */
PF_MUST_CHECK int parts_decisions(struct parts *parts);
/* What was asked for again after it was sinkholed. */
PF_MUST_CHECK int parts_retries(struct parts *parts, json_t **retried);

/* Lists in the order in which people want them; all return new references or NULL. */
json_t *parts_owners(struct parts *parts);
json_t *parts_countries(struct parts *parts, json_t *countries);
json_t *parts_days(struct parts *parts);
json_t *parts_new(struct parts *parts);
json_t *parts_decided(struct parts *parts);
json_t *parts_events(struct parts *parts);
json_t *parts_unknowable(const struct parts *parts);

#endif
