/* What was asked for, by name, in a time: made from the sums of each name's days, so that no raw query is read. */
#ifndef PF_REPORT_NAMES_H
#define PF_REPORT_NAMES_H

#include <jansson.h>

#include "journal/store.h"

/* {"all": how many names fit,
 *  "names": [{"name", "queries", "flag", "sinkhole", "days": on how many days (UTC, at most 64) it was asked for}, …]}, those that were sinkholed
 * most first, then those that were asked for most; at most filter->limit (0: all). Counts are to the day. PF_OK with a new reference;
 * PF_EINVAL, PF_EIO or PF_ENOMEM, with the reason in the store. */
PF_MUST_CHECK int names_make(struct store *store, const struct store_filter *filter,
                             json_t **document);

#endif
