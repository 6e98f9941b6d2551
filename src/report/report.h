/* Questions to the journal as JSON: the same rows for the API and for the command, with or without
 * the daemon. */
#ifndef PF_REPORT_REPORT_H
#define PF_REPORT_REPORT_H

#include <jansson.h>

#include "journal/store.h"

/* All return a new reference, or NULL with the reason in `store->error`. Times are ISO 8601 in UTC with
 * milliseconds. Member names are the columns of v_queries and v_endpoints. */

/* {"queries": [{"row": 17, "time": …, "device": …, "client": …, "name": …, "type": …, "rcode": …, "action": …,
 *   "rule": …, "reason": …, "standing": …, "confidence": …, "source": …, "upstream": …, "took_us": 312}, …],
 *  "last_row": 17}   — oldest first; last_row is filter->after_row when there is none */
json_t *report_queries(struct store *store, const struct store_filter *filter);

/* {"endpoints": [{"device": …, "name": …, "type": …, "address": …, "location": …, "control": …, "asn": 37963,
 *   "organisation": …, "standing": …, "confidence": …, "first": …, "last": …, "count": 3,
 *   "domain": "vendor.com", "hops": [{"name": "e7.akamaiedge.net", "domain": "akamaiedge.net" or null}, …]}, …]}
 * — `domain` is the registered domain of the name, "" when it has none; `hops` are the CNAMEs that led to the address */
json_t *report_endpoints(struct store *store, const struct store_filter *filter);

/* One row of each. */
json_t *report_query(const struct store_query *row);
json_t *report_endpoint(const struct store_endpoint *row);

/* The registered domain of a name; JSON's null: it has none. */
json_t *report_domain(const char *text);

/* {"devices": [{"id": …, "name": …, "first": …, "last": …, "queries": …, "flagged": …, "sinkholed": …,
 *   "overseas_names": …}, …]} */
json_t *report_devices(struct store *store);

/* {"events": [{"time": …, "kind": "standing-changed" or "new-country", "device": …, "device_id": …, "name": …, "before": …,
 *   "after": …, "evidence": …, "cause": "moved" or "database"}, …]}   — oldest first */
json_t *report_events(struct store *store, const struct store_filter *filter);

#endif
