/* Private to journal/sqlite/: sums with a filter that no table of sums knows. */
#ifndef PF_JOURNAL_SQLITE_ASK_COUNTED_H
#define PF_JOURNAL_SQLITE_ASK_COUNTED_H

#include "journal/sqlite/ask.h"

/* Does the filter say what sums do not tell apart? */
bool ask_counted_needed(const struct store_filter *filter);

/* Within the snapshot of ask_begin: `each` for every device, action, standing (and name, with `names`) and unit of time, in no order, from
 * the raw queries; `country` is "". PF_OK, PF_EINVAL or PF_EIO (store->error says why), PF_ENOMEM, or what `each` returned. */
PF_MUST_CHECK int ask_counted(struct sqlite_store *store, const struct store_filter *filter,
                              bool names, int64_t unit_us,
                              int (*each)(void *data, const struct store_sum *row), void *data);

#endif
