/* Who made the devices, proposed from the names that they asked for, as JSON. Nothing is tagged by it. */
#ifndef PF_REPORT_PROPOSALS_H
#define PF_REPORT_PROPOSALS_H

#include <jansson.h>

#include "journal/store.h"
#include "recognise/recognise.h"

/* {"proposals": [{"id": …, "device": …, "names": 17, "unknown_domains": 2, "vendor": "Tuya" or null, "kind": "plug" or null,
 *    "score": 0.987, "reason": one sentence, "for": [{"suffix": "tuyaeu.com", "vendor": "Tuya", "kind": …,
 *    "weight": 4.3, "names": 2, "example": "m2.tuyaeu.com", "sources": "publisher,publisher"}, …], "against": […]}, …],
 *  "more": false}   — by device; vendor null: it abstains, and `for` is what speaks for the best it could think of.
 * Of the filter count device, since and limit (of devices; 0: all; "more" tells that there were more). A new reference, or NULL with
 * the reason in `store->error`. */
json_t *report_proposals(struct store *store, const struct recognise *table,
                         const struct store_filter *filter);

#endif
