/* The database of database.h. */
#include "import/pihole/database.h"

#include <stdio.h>
#include <unistd.h>

#define VALUE_BYTES_MAX 65536 /* the longest comment that anybody writes */
#define BUSY_MS 2000          /* Pi-hole writes once a minute */

static int explain(sqlite3 *db, const char *path, char error[IMPORT_ERROR_MAX])
{
	int code = db ? sqlite3_errcode(db) : SQLITE_NOMEM;
	const char *why = db ? sqlite3_errmsg(db) : "out of memory";
	if (code == SQLITE_NOTADB)
		snprintf(error, IMPORT_ERROR_MAX, "%s is no SQLite database.", path);
	else if (code == SQLITE_CORRUPT)
		snprintf(error, IMPORT_ERROR_MAX,
		         "%s is damaged (%s); try a copy made with `sqlite3 FILE .recover | sqlite3 NEW`.",
		         path, why);
	else
		snprintf(error, IMPORT_ERROR_MAX, "%s can not be read: %s.", path, why);
	return code == SQLITE_NOMEM ? PF_ENOMEM : PF_EINVAL;
}

int database_open(const char *path, sqlite3 **db, char error[IMPORT_ERROR_MAX])
{
	*db = NULL;
	if (access(path, R_OK)) {
		snprintf(error, IMPORT_ERROR_MAX, "%s can not be read: %m.", path);
		return PF_EIO;
	}
	int result = sqlite3_open_v2(path, db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
	if (result == SQLITE_OK) {
		sqlite3_busy_timeout(*db, BUSY_MS);
		sqlite3_limit(*db, SQLITE_LIMIT_LENGTH, VALUE_BYTES_MAX * 16);
		sqlite3_db_config(*db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
		sqlite3_db_config(*db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
		result =
			sqlite3_exec(*db, "PRAGMA cell_size_check = ON; SELECT count(*) FROM sqlite_master",
		                 NULL, NULL, NULL);
	}
	if (result == SQLITE_OK)
		return PF_OK;
	int told = explain(*db, path, error);
	sqlite3_close(*db);
	*db = NULL;
	return told;
}

bool database_has(sqlite3 *db, const char *table, const char *column)
{
	sqlite3_stmt *statement = NULL;
	bool found = false;
	if (sqlite3_prepare_v2(db, "SELECT 1 FROM pragma_table_info(?1) WHERE ?2 IS NULL OR name = ?2",
	                       -1, &statement, NULL) == SQLITE_OK) {
		sqlite3_bind_text(statement, 1, table, -1, SQLITE_STATIC);
		if (column)
			sqlite3_bind_text(statement, 2, column, -1, SQLITE_STATIC);
		found = sqlite3_step(statement) == SQLITE_ROW;
	}
	sqlite3_finalize(statement);
	return found;
}

int database_prepare(sqlite3 *db, const char *path, const char *sql, sqlite3_stmt **statement,
                     char error[IMPORT_ERROR_MAX])
{
	return sqlite3_prepare_v2(db, sql, -1, statement, NULL) == SQLITE_OK ? PF_OK
	                                                                     : explain(db, path, error);
}

int database_step(sqlite3_stmt *statement, const char *path, char error[IMPORT_ERROR_MAX])
{
	switch (sqlite3_step(statement)) {
	case SQLITE_ROW: return PF_OK;
	case SQLITE_DONE: return PF_ENOENT;
	default: return explain(sqlite3_db_handle(statement), path, error);
	}
}

const char *database_text(sqlite3_stmt *statement, int column)
{
	const unsigned char *text = sqlite3_column_text(statement, column);
	return text && sqlite3_column_bytes(statement, column) <= VALUE_BYTES_MAX ? (const char *)text
	                                                                          : "";
}

int import_look(const char *path, enum import_database *database, char error[IMPORT_ERROR_MAX])
{
	sqlite3 *db;
	int result = database_open(path, &db, error);
	if (result != PF_OK)
		return result;
	if (database_has(db, "queries", "domain")) {
		*database = IMPORT_QUERIES;
	} else if (database_has(db, "domainlist", "type") && database_has(db, "adlist", "address")) {
		*database = IMPORT_GRAVITY;
	} else {
		snprintf(
			error, IMPORT_ERROR_MAX,
			"%s is neither gravity.db (domainlist, adlist) nor pihole-FTL.db (queries) of Pi-hole 5 or 6.",
			path);
		result = PF_EINVAL;
	}
	sqlite3_close(db);
	return result;
}
