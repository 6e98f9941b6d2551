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

/* Rows `s` of sum_hour that stand in no longer sum yet (tables.c). Each device is looked up by itself, so that its rows are found by the
 * primary key; who adds a condition on `hour` writes +s.hour, or SQLite would take that for the beginning of the search. */
#define TABLES_UNROLLED                                                                 \
	" FROM progress p CROSS JOIN device d CROSS JOIN sum_hour s ON s.device = d.id"     \
	" AND (s.hour, s.name) > (CASE WHEN d.id > p.rolled_device THEN p.rolled_until - 1" \
	" WHEN d.id = p.rolled_device THEN p.rolled_hour ELSE p.rolling_until - 1 END,"     \
	" CASE WHEN d.id = p.rolled_device THEN p.rolled_name ELSE 9223372036854775807 END)"

/* outcome.dnssec and endpoint.dnssec are numbers (enum dnssec), so that the best of several is the greatest; in words, or NULL. */
#define TABLES_DNSSEC(column) \
	"CASE " column            \
	" WHEN 1 THEN 'indeterminate' WHEN 2 THEN 'bogus' WHEN 3 THEN 'insecure' WHEN 4 THEN 'secure' END"

extern const char tables_sql[];
/* What version 3 has more than version 2, and fills it. */
extern const char tables_added_sql[];
/* The same of version 4 and version 3. */
extern const char tables_added4_sql[];
/* And of version 5. */
extern const char tables_added5_sql[];
/* Came later than the tables; made when a journal is opened for writing and has none. */
extern const char tables_indices_sql[];
extern const char tables_views_sql[], tables_views_drop_sql[];

#endif
