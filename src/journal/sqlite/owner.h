/* Private to journal/sqlite/: who registered the names. `name.domain` is the registered domain (dns/registered.h, '' when there is none)
 * of each name that was asked for or passed by on the way of an answer; `endpoint.via` are the CNAMEs that led to the address when it
 * was found last, divided by spaces, which no name's text has. */
#ifndef PF_JOURNAL_SQLITE_OWNER_H
#define PF_JOURNAL_SQLITE_OWNER_H

#include <sqlite3.h>
#include <stdbool.h>

/* For the writer, before it prepares its statements: registered_domain(text) for SQL, and both columns in journals that were made
 * without them, with the domains of the names that they have. SQLite's result. */
int owner_open(sqlite3 *db);

/* For readers: does this journal have the columns? One that no newer daemon has opened has not. */
bool owner_known(sqlite3 *db);

#endif
