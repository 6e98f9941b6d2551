/* Private to journal/sqlite/: the events that the journal keeps (drift.h), read for the store. */
#ifndef PF_JOURNAL_SQLITE_EVENTS_H
#define PF_JOURNAL_SQLITE_EVENTS_H

#include <sqlite3.h>

#include "journal/store.h"

/* store->events of the database `db`: PF_OK, what `each` returned, or PF_EIO, of which SQLite knows the reason. A journal of a
 * version without events has none. */
PF_MUST_CHECK int events_walk(sqlite3 *db, const struct store_filter *filter,
                              int (*each)(void *data, const struct store_event *row), void *data);

#endif
