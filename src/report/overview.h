/* The first look: how much was asked in each hour, where the answers stood, and which devices that was. Made from sums alone,
 * so that a month of a household costs as much as a few thousand rows. */
#ifndef PF_REPORT_OVERVIEW_H
#define PF_REPORT_OVERVIEW_H

#include <jansson.h>

#include "journal/store.h"

#define OVERVIEW_HOURS_MAX \
	(31 * 24)                 /* a longer time is told by the day: nobody draws more points */
#define OVERVIEW_DAYS_MAX 400 /* sums are kept for so long */

/* {"range": {"since", "until"}, "step": "hour" or "day", "queries", "flag", "sinkhole",
 *  "hours": [{"time": …, "flag": 2, PLACE: 12, …}, …],                 every step (UTC) of the range, without a gap
 *  "countries": [{"country": "CN", "standing": "overseas", "queries": 12, "devices": 2}, …],   most queries first
 *  "devices": [{"id", "device", "queries", "flag", PLACE: 12, …}, …]}                          most queries first
 * PLACE is a standing, "none" (an answer without addresses, or no answer at all), or "sinkhole": each query counts in one of
 * them. `country` is "" where no place can be told, as with anycast; `standing` is the one that most answers there had.
 * Counts are to the hour. Needs since and until in the filter. PF_OK with a new reference; PF_EINVAL (more than
 * OVERVIEW_DAYS_MAX), PF_EIO or PF_ENOMEM, with the reason in the store. */
PF_MUST_CHECK int overview_make(struct store *store, const struct store_filter *filter,
                                json_t **document);

#endif
