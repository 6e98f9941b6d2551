/* Private to journal/sqlite/: who registered the names. `name.domain` is the registered domain (dns/registered.h, '' when there is none)
 * of each name that was asked for or passed by on the way of an answer; `endpoint.via` are the CNAMEs that led to the address when it
 * was found last, divided by spaces, which no name's text has. */
#ifndef PF_JOURNAL_SQLITE_OWNER_H
#define PF_JOURNAL_SQLITE_OWNER_H

#include <sqlite3.h>

/* registered_domain(text) for SQL, before statements are prepared. SQLite's result. */
int owner_open(sqlite3 *db);

#endif
