/* The SQLite journal: a sink that writes it, a store that reads it. All SQL of the project stands
 * in this folder. */
#ifndef PF_JOURNAL_SQLITE_SQLITE_H
#define PF_JOURNAL_SQLITE_SQLITE_H

#include "base/error.h"
#include "journal/sink.h"
#include "journal/store.h"
#include "value/event.h"

/* Opens or makes the database (mode 0640, WAL, STRICT tables), and PATH-lock, which keeps a second writer away.
 * Queries stand in the database after each commit; endpoints follow within a second or two when there are many, and at
 * the latest when the sink is closed. After a crash the next open makes up for them. `keep_us`: raw queries older than this
 * are deleted in small steps. NULL with a full sentence in `error` on failure: no such folder, not ours
 * (another application's database, a newer schema), damaged. */
struct sink *sqlite_sink_open(const char *path, int64_t keep_us, char *error, size_t error_size);

/* Does each commit wait until it is on the disk? It does after sqlite_sink_open. Before journal_start. */
void sqlite_sink_durable(struct sink *sink, bool durable);

/* Who is told of names that moved and countries that were met, from the journal's thread; before journal_start. `sink` comes
 * from sqlite_sink_open. */
void sqlite_sink_tell(struct sink *sink, struct event_outlet outlet);

/* Opens it for reading. NULL with a sentence in `error`. */
struct store *sqlite_store_open(const char *path, char *error, size_t error_size);

#endif
