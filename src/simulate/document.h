/* The outcome of a simulation as one JSON document, the same for the command and for the API. */
#ifndef PF_SIMULATE_DOCUMENT_H
#define PF_SIMULATE_DOCUMENT_H

#include <jansson.h>

#include "simulate/simulate.h"

/* {"rules": FILE, "range": {"since", "until"}, "queries", "same", "unseen", "breaks": true,
 *  "changes": [{"from", "to", "queries"}, …],
 *  "look_first": [{"name", "sinkholed", "devices": [NAME, …], "rule_name", "list"}, …],    what would be sinkholed, the most first
 *  "devices": [{"device_id", "device", "sinkholed", "freed", "names"}, …],
 *  "cut": {"look_first", "devices", "rows": how many are left out},
 *  "rows": [{"device_id", "device", "name", "from", "to", "rule", "rule_name", "list", "count", "first", "last"}, …]}
 * Each list has at most `rows_max`, 0: all. A new reference; NULL without memory. */
json_t *simulate_document(const struct store_filter *filter, const struct simulate_rules *rules,
                          const struct simulate_result *result, size_t rows_max);

#endif
