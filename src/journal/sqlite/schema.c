/* Whose database it is, and how it is opened. What stands in it: tables.c. */
#include "journal/sqlite/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/sqlite/tables.h"

#define STRINGIFY(x) #x
#define NUMBER(x) STRINGIFY(x)

/* ---- sentences --------------------------------------------------------------------------- */

void schema_explain(sqlite3 *db, const char *path, char *error, size_t error_size)
{
	int code = db ? sqlite3_errcode(db) & 0xff : SQLITE_NOMEM;
	int system_error = db ? sqlite3_system_errno(db) : 0;
	const char *detail = db ? sqlite3_errmsg(db) : "out of memory";
	switch (code) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		snprintf(error, error_size,
		         "The journal %s is damaged: %s; move it away to start a new one.", path, detail);
		break;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		snprintf(error, error_size,
		         "The journal %s is locked by another program; end its transaction.", path);
		break;
	case SQLITE_FULL:
		snprintf(error, error_size,
		         "The journal %s can not grow: the disk is full; make room on it, or set a shorter "
		         "journal.keep.",
		         path);
		break;
	case SQLITE_READONLY:
	case SQLITE_PERM:
		snprintf(error, error_size,
		         "The journal %s can not be written: %s; give this user the right to write to the "
		         "file and its folder.",
		         path, detail);
		break;
	case SQLITE_IOERR:
		snprintf(error, error_size,
		         "The journal %s can not be read or written: %s (%s); look at the disk.", path,
		         detail, system_error ? strerror(system_error) : "no reason given");
		break;
	default: snprintf(error, error_size, "The journal %s failed: %s.", path, detail); break;
	}
}

static int fail(sqlite3 **db, const char *path, char *error, size_t error_size)
{
	schema_explain(*db, path, error, error_size);
	sqlite3_close(*db);
	*db = NULL;
	return PF_EIO;
}

/* The folder of `path`, without its last slash; "." when it has none. */
static void folder_of(const char *path, char *folder, size_t size)
{
	const char *slash = strrchr(path, '/');
	if (!slash)
		snprintf(folder, size, ".");
	else if (slash == path)
		snprintf(folder, size, "/");
	else
		snprintf(folder, size, "%.*s", (int)(slash - path), path);
}

/* Why can the file not be opened? `open_error` is an errno. */
static int explain_open(const char *path, int open_error, char *error, size_t error_size)
{
	char folder[4096];
	struct stat status;
	folder_of(path, folder, sizeof folder);
	if (stat(folder, &status) && errno == ENOENT)
		snprintf(error, error_size,
		         "There is no folder %s for the journal; make it with mkdir -p, or change "
		         "journal.path.",
		         folder);
	else if (open_error == ENOENT)
		snprintf(error, error_size,
		         "There is no journal %s; it is made when portafilterd runs with this "
		         "journal.path.",
		         path);
	else
		snprintf(error, error_size,
		         "The journal %s can not be opened: %s; give this user the right to it and its "
		         "folder, or change journal.path.",
		         path, strerror(open_error));
	return PF_EIO;
}

/* SQLite gives its -wal and -shm the mode of the database, so the file is made here. A file that is there is never
 * opened and closed by hand: closing any descriptor drops all locks that this process has on it (POSIX),
 * those of an open SQLite connection too. */
static int touch(const char *path, char *error, size_t error_size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (fd >= 0) {
		close(fd);
		return PF_OK;
	}
	struct stat status;
	if (errno != EEXIST)
		return explain_open(path, errno, error, error_size);
	if (faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) || stat(path, &status))
		return explain_open(path, errno, error, error_size);
	if (S_ISREG(status.st_mode))
		return PF_OK;
	snprintf(error, error_size, "The journal %s is no file; change journal.path.", path);
	return PF_EIO;
}

int schema_lock(const char *path, int *descriptor, char *error, size_t error_size)
{
	char lock[4096];
	int result = touch(path, error, error_size);
	if (result != PF_OK)
		return result;
	if (snprintf(lock, sizeof lock, "%s-lock", path) >= (int)sizeof lock)
		return explain_open(path, ENAMETOOLONG, error, error_size);
	int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (fd < 0)
		return explain_open(path, errno, error, error_size);
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		snprintf(
			error, error_size,
			"The journal %s is written by another portafilterd already; stop that one, or give "
			"this one another journal.path.",
			path);
		close(fd);
		return PF_EIO;
	}
	*descriptor = fd;
	return PF_OK;
}

/* ---- whose database is it? --------------------------------------------------------------- */

static int64_t read_number(sqlite3 *db, const char *sql, int *result)
{
	sqlite3_stmt *statement = NULL;
	int64_t number = 0;
	*result = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
	if (*result == SQLITE_OK) {
		*result = sqlite3_step(statement);
		if (*result == SQLITE_ROW)
			number = sqlite3_column_int64(statement, 0);
	}
	sqlite3_finalize(statement);
	*result = *result == SQLITE_ROW ? SQLITE_OK : *result;
	return number;
}

/* PF_OK: ours; PF_ENOENT: an empty database; else PF_EIO. */
static int recognise(sqlite3 **db, const char *path, char *error, size_t error_size)
{
	int result;
	int64_t tables_count = read_number(*db, "SELECT count(*) FROM sqlite_schema", &result);
	if (result != SQLITE_OK)
		return fail(db, path, error, error_size);
	int64_t application = read_number(*db, "PRAGMA application_id", &result);
	if (result != SQLITE_OK)
		return fail(db, path, error, error_size);
	int64_t version = read_number(*db, "PRAGMA user_version", &result);
	if (result != SQLITE_OK)
		return fail(db, path, error, error_size);
	if (tables_count == 0 && application == 0 && version == 0)
		return PF_ENOENT;
	if (application != SCHEMA_APPLICATION_ID)
		snprintf(error, error_size,
		         "%s is the database of another program and no journal of portafilter; change "
		         "journal.path.",
		         path);
	else if (version > SCHEMA_VERSION)
		snprintf(error, error_size,
		         "The journal %s has schema %lld of a newer portafilter, this one knows %d; update "
		         "portafilter, or change journal.path.",
		         path, (long long)version, SCHEMA_VERSION);
	else if (version < 1)
		snprintf(error, error_size,
		         "The journal %s is damaged: it has no schema version; move it away to start a new "
		         "one.",
		         path);
	else if (version < SCHEMA_VERSION)
		snprintf(error, error_size,
		         "The journal %s is of an earlier version; it is rewritten when portafilterd is "
		         "started.",
		         path);
	else
		return PF_OK;
	sqlite3_close(*db);
	*db = NULL;
	return PF_EIO;
}

/* ---- writer ------------------------------------------------------------------------------ */

static int run_script(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

/* All or nothing: a journal that is half made would be refused at the next start. */
static int create(sqlite3 *db)
{
	int result = run_script(db, "BEGIN IMMEDIATE");
	if (result == SQLITE_OK)
		result = run_script(db, tables_sql);
	if (result == SQLITE_OK)
		result = run_script(db, tables_added_sql);
	if (result == SQLITE_OK)
		result = run_script(db, tables_added4_sql);
	if (result == SQLITE_OK)
		result = run_script(db, tables_added5_sql);
	if (result == SQLITE_OK)
		result = run_script(db, tables_views_sql);
	if (result == SQLITE_OK)
		result = run_script(
			db, "PRAGMA application_id = " NUMBER(
					SCHEMA_APPLICATION_ID) "; PRAGMA user_version = " NUMBER(SCHEMA_VERSION));
	if (result == SQLITE_OK)
		result = run_script(db, "COMMIT");
	return result;
}

int schema_open_writer(const char *path, sqlite3 **db, char *error, size_t error_size)
{
	*db = NULL;
	if (sqlite3_open_v2(path, db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		return fail(db, path, error, error_size);
	sqlite3_extended_result_codes(*db, 1);
	sqlite3_busy_timeout(*db, SCHEMA_BUSY_MS);
	int result = recognise(db, path, error, error_size);
	if (result != PF_OK && result != PF_ENOENT)
		return result;
	bool fresh = result == PF_ENOENT;
	/* auto_vacuum can be set only while there is no table. */
	if (fresh && run_script(*db, "PRAGMA auto_vacuum = INCREMENTAL") != SQLITE_OK)
		return fail(db, path, error, error_size);
	if (run_script(*db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
	                    "PRAGMA secure_delete = ON; PRAGMA foreign_keys = OFF;"
	                    "PRAGMA journal_size_limit = 67108864; PRAGMA trusted_schema = OFF;"
	                    "PRAGMA wal_autocheckpoint = 4000;"
	                    "PRAGMA cell_size_check = ON; PRAGMA cache_size = -32768") != SQLITE_OK)
		return fail(db, path, error, error_size);
	if (fresh && create(*db) != SQLITE_OK)
		return fail(db, path, error, error_size);
	if (run_script(*db, tables_indices_sql) != SQLITE_OK)
		return fail(db, path, error, error_size);
	return PF_OK;
}

/* ---- reader ------------------------------------------------------------------------------ */

/* "file:PATH?immutable=1", with what a URI gives a meaning escaped. NULL without memory. */
static char *immutable_uri(const char *path)
{
	char *uri = malloc(strlen(path) * 3 + sizeof "file:?immutable=1");
	if (!uri)
		return NULL;
	char *out = uri + sprintf(uri, "file:");
	for (const char *c = path; *c; c++)
		if (strchr("%?#", *c))
			out += sprintf(out, "%%%02X", (unsigned char)*c);
		else
			*out++ = *c;
	strcpy(out, "?immutable=1");
	return uri;
}

/* In WAL mode even a reader needs the -wal and -shm files. Who may not make them can still read a
 * journal that was closed well, when all is in the database itself. */
static int open_closed(const char *path, sqlite3 **db, char *error, size_t error_size)
{
	char wal[4096];
	struct stat status;
	int length = snprintf(wal, sizeof wal, "%s-wal", path);
	bool closed = length < (int)sizeof wal && stat(wal, &status) && errno == ENOENT;
	char *uri = closed ? immutable_uri(path) : NULL;
	if (!uri) {
		snprintf(error, error_size,
		         "The journal %s was left by a portafilterd that did not end well, and this user "
		         "may not write to its folder, which reading it needs; use a user who may, or "
		         "start portafilterd.",
		         path);
		return PF_EIO;
	}
	int result =
		sqlite3_open_v2(uri, db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI,
	                    NULL);
	free(uri);
	return result == SQLITE_OK ? PF_OK : fail(db, path, error, error_size);
}

int schema_open_reader(const char *path, sqlite3 **db, char *error, size_t error_size)
{
	*db = NULL;
	if (faccessat(AT_FDCWD, path, R_OK, AT_EACCESS))
		return explain_open(path, errno, error, error_size);
	if (sqlite3_open_v2(path, db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		return fail(db, path, error, error_size);
	sqlite3_extended_result_codes(*db, 1);
	sqlite3_busy_timeout(*db, SCHEMA_BUSY_MS);
	int probe;
	read_number(*db, "SELECT count(*) FROM sqlite_schema", &probe);
	if ((probe & 0xff) == SQLITE_CANTOPEN || (probe & 0xff) == SQLITE_READONLY) {
		sqlite3_close(*db);
		*db = NULL;
		int result = open_closed(path, db, error, error_size);
		if (result != PF_OK)
			return result;
	}
	/* An index that SQLite makes up for one question reads all rows first. */
	run_script(*db, "PRAGMA automatic_index = OFF");
	int result = recognise(db, path, error, error_size);
	if (result == PF_ENOENT) {
		snprintf(error, error_size, "The journal %s is empty; nothing was written to it yet.",
		         path);
		sqlite3_close(*db);
		*db = NULL;
		return PF_EIO;
	}
	return result;
}
