/* Private to journal/sqlite/: the tables and views, and how a database is opened. */
#ifndef PF_JOURNAL_SQLITE_SCHEMA_H
#define PF_JOURNAL_SQLITE_SCHEMA_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define SCHEMA_APPLICATION_ID 0x50666a6e /* "Pfjn" */
#define SCHEMA_VERSION 5
#define SCHEMA_BUSY_MS 100 /* longer is not waited for another's lock: the batch comes again */

/* Makes the file when there is none (mode 0640), and keeps a second daemon from writing the same
 * journal, with a lock on PATH-lock for as long as `*descriptor` is open: two writers would number the
 * same rows. PF_EIO with a sentence in `error`. */
PF_MUST_CHECK int schema_lock(const char *path, int *descriptor, char *error, size_t error_size);

/* Opens the file for writing, after schema_lock; makes the tables when there are none. PF_EIO with a sentence
 * in `error`; `*db` is then NULL. */
PF_MUST_CHECK int schema_open_writer(const char *path, sqlite3 **db, char *error,
                                     size_t error_size);

/* Opens for reading. The same errors. */
PF_MUST_CHECK int schema_open_reader(const char *path, sqlite3 **db, char *error,
                                     size_t error_size);

/* A sentence about the last failure on `db`. */
void schema_explain(sqlite3 *db, const char *path, char *error, size_t error_size);

#endif
