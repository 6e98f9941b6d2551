/* Where records end: one small interface, so that SQLite is one of several. A sink lives in the
 * writer thread; every call comes from there, between `open`'s return and `close`. */
#ifndef PF_JOURNAL_SINK_H
#define PF_JOURNAL_SINK_H

#include <stddef.h>

#include "journal/record.h"

struct sink {
	const char *name; /* "sqlite" */
	/* A batch: begin, some records, commit. After a failure of either the sink has rolled back the
	 * whole batch and says why in `error`; the writer tries the same batch again later (it is kept
	 * in the ring) and drops it when the ring is full. */
	int (*begin)(struct sink *sink, char *error, size_t error_size);
	int (*write)(struct sink *sink, const struct record *record, char *error, size_t error_size);
	int (*commit)(struct sink *sink, char *error, size_t error_size);
	/* Called between batches, for retention in small steps; `now_wall_us`. May do nothing. */
	void (*idle)(struct sink *sink, int64_t now_wall_us);
	void (*close)(struct sink **sink);
};

#endif
