/* Private to journal/sqlite/: retention, in small steps between the batches. */
#ifndef PF_JOURNAL_SQLITE_RETENTION_H
#define PF_JOURNAL_SQLITE_RETENTION_H

#include "journal/sqlite/state.h"

struct retention;

/* NULL without memory. */
struct retention *retention_new(void);
void retention_free(struct retention **retention);

void retention_idle(struct sink *sink, int64_t now_wall_us);

/* A row that was met: a sweep that is going on must not take it, whatever it saw before. */
void retention_keep(struct sqlite_sink *sink, enum table table, int64_t id);

#endif
