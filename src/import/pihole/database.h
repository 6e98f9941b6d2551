/* Private to import/pihole/: a stranger's SQLite database, opened for reading only. SQL about the tables of Pi-hole stands in this folder. */
#ifndef PF_IMPORT_PIHOLE_DATABASE_H
#define PF_IMPORT_PIHOLE_DATABASE_H

#include <sqlite3.h>

#include "import/import.h"

/* PF_OK and the caller's `*db` (sqlite3_close); else a sentence: it is not there, no database, damaged. */
PF_MUST_CHECK int database_open(const char *path, sqlite3 **db, char error[IMPORT_ERROR_MAX]);
/* Is there such a table or view, with this column (NULL: any)? */
bool database_has(sqlite3 *db, const char *table, const char *column);
PF_MUST_CHECK int database_prepare(sqlite3 *db, const char *path, const char *sql,
                                   sqlite3_stmt **statement, char error[IMPORT_ERROR_MAX]);
/* PF_OK: a row; PF_ENOENT: no more; PF_EINVAL with a sentence: damaged. */
PF_MUST_CHECK int database_step(sqlite3_stmt *statement, const char *path,
                                char error[IMPORT_ERROR_MAX]);
/* Text of a column; "" for NULL. Good until the next step. */
const char *database_text(sqlite3_stmt *statement, int column);

#endif
