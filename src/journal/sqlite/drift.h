/* Private to journal/sqlite/: what moved. The journal remembers the standing of each name of each device, and the countries that each
 * device has met; what differs becomes a row of `event`, and is told to an outlet once it is committed. */
#ifndef PF_JOURNAL_SQLITE_DRIFT_H
#define PF_JOURNAL_SQLITE_DRIFT_H

#include "journal/sqlite/state.h"
#include "value/event.h"

#define DRIFT_CHECKED_MAX 131072 /* (device, name, type, answer) that were looked at today */
#define DRIFT_RAISED_MAX \
	64 /* events of one transaction; the others are in the journal all the same */

/* Makes the tables when there are none, and knows whom a device has met from the endpoints of older journals. NULL: the database
 * says why, or there is no memory. */
struct drift *drift_open(struct sqlite_sink *sink);
void drift_close(struct drift **drift);

/* Looks at a group before its endpoints are written: an answer with content. One look a day for each. */
PF_MUST_CHECK int drift_see(struct sqlite_sink *sink, const struct group *group,
                            const struct content *content);
/* Was that today's? */
bool drift_saw(const struct sqlite_sink *sink, const struct group *group);

/* The transaction's end: what it found is told, or forgotten. */
void drift_committed(struct sqlite_sink *sink);
void drift_rolled_back(struct sqlite_sink *sink);
/* Rows may be gone, or belong to another device: what they said is read again. */
void drift_forget(struct drift *drift);

void drift_tell(struct drift *drift, struct event_outlet outlet);

#endif
