/* Private to journal/: the event of a flagged query whose answer stands overseas. It is raised by the writer, behind the rings, so
 * that no worker ever waits for whoever is told. */
#ifndef PF_JOURNAL_FLAGGED_H
#define PF_JOURNAL_FLAGGED_H

#include "journal/record.h"
#include "value/event.h"

static inline bool flagged_is(uint8_t action, uint8_t standing)
{
	return action == ACTION_FLAG && standing == STANDING_OVERSEAS;
}

/* Does nothing for other records. */
void flagged_raise(const struct event_outlet *outlet, const struct record *record);

#endif
