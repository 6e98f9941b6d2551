/* Private to journal/sqlite/: the tables and views of a journal, as SQL. tables.c draws them. */
#ifndef PF_JOURNAL_SQLITE_TABLES_H
#define PF_JOURNAL_SQLITE_TABLES_H

/* What `reason` says of a query that no rule matched; it is not stored. */
#define TABLES_REASON_NONE "allowed: no rule matched"

#define TABLES_MS_PER_HOUR INT64_C(3600000)

/* The month of an hour (since 1970), as a number that grows by one each month: year * 12 + month - 1, UTC. */
#define TABLES_MONTH(hour)                                                  \
	"(CAST(strftime('%Y', (" hour ") * 3600, 'unixepoch') AS INTEGER) * 12" \
	" + CAST(strftime('%m', (" hour ") * 3600, 'unixepoch') AS INTEGER) - 1)"

extern const char tables_sql[];
/* Came later than the tables; made when a journal is opened for writing and has none. */
extern const char tables_indices_sql[];
extern const char tables_views_sql[];

#endif
