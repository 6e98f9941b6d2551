/* Private to journal/sqlite/: devices that turned out to be others. A device that was merged keeps its row, under the name of the
 * one that it is and with an id that nobody asks under, so that no query has to be rewritten: `merged` says whose it is. Its counts
 * are the other's at once, its endpoints and sums in small steps. The next who comes under the old id gets a row of its own. */
#ifndef PF_JOURNAL_SQLITE_MERGE_H
#define PF_JOURNAL_SQLITE_MERGE_H

#include "journal/sqlite/state.h"
#include "value/change.h"

/* What began that much before the change says is not another's: a first sight may have been lost on the way. */
#define MERGE_SLACK_MS 60000
#define MERGE_ENDPOINTS_STEP_MAX 500 /* moved in one transaction; of each table of sums too */

/* Makes the tables when there are none. NULL: the database says why, or there is no memory. */
struct merge *merge_open(struct sqlite_sink *sink);
void merge_close(struct merge **merge);

/* Within a transaction. PF_OK, PF_EIO (the database says why). */
PF_MUST_CHECK int merge_change(struct sqlite_sink *sink, const struct device_change *change);

/* Moves endpoints, in at most `steps` transactions; when all endpoints that were gathered are written. */
void merge_idle(struct sqlite_sink *sink, int steps);

/* So that a journal of an earlier version can be asked like the others. SQLITE_OK. */
int merge_prepare_reader(sqlite3 *db);

#endif
