/* Private to journal/sqlite/: a journal of an earlier version becomes one of this version. */
#ifndef PF_JOURNAL_SQLITE_MIGRATE_H
#define PF_JOURNAL_SQLITE_MIGRATE_H

#include <stddef.h>

#include "base/error.h"

/* After schema_lock: rewrites the journal when it is of version 1, into a file beside it that takes its place only when it is whole
 * and on the disk; the old file stays as PATH.v1-backup. An interruption or a full disk leaves the old one where it was.
 * PF_EIO with a sentence in `error`. */
PF_MUST_CHECK int migrate(const char *path, char *error, size_t error_size);

#endif
