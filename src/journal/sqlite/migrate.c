/* From version 1, in which each query was a row of its own: dictionaries and endpoints are copied with their ids, queries are put
 * into blocks by the same code that writes new ones, and sums are made of what is there. From version 2, which had fewer sums, and version 3, which did not
 * know protocols, and version 4, which had no sums of names without devices: they are copied as they are, and what they lack is added. Either way the new file is made beside the old one. */
#include "journal/sqlite/migrate.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "journal/sqlite/state.h"
#include "journal/sqlite/tables.h"

#define SLICE_ROWS 100000 /* in one transaction */

static const char copy_sql[] =
	"BEGIN;"
	"INSERT INTO device SELECT id, key, name, first, last, queries, flagged, sinkholed"
	" FROM old.device;"
	"INSERT INTO client SELECT id, text FROM old.client;"
	"INSERT INTO label SELECT id, text FROM old.label;"
	"INSERT INTO name SELECT id, text, registered_domain(text) FROM old.name;"
	"INSERT INTO type SELECT id, text FROM old.type;"
	"INSERT INTO outcome SELECT id, type, rcode, action, standing, confidence, source, upstream,"
	" '', 0 FROM old.outcome;"
	"INSERT INTO reason SELECT id, text, rule, name FROM old.reason;"
	"INSERT INTO answer SELECT id, key, complete, standing, confidence, overseas, judged,"
	" coalesce((SELECT f.location FROM old.answer_address p JOIN old.fact f ON f.id = p.fact"
	" WHERE p.answer = a.id AND f.location <> '' AND f.standing = a.standing"
	" ORDER BY p.position LIMIT 1),"
	" (SELECT f.location FROM old.answer_address p JOIN old.fact f ON f.id = p.fact"
	" WHERE p.answer = a.id AND f.location <> '' ORDER BY p.position LIMIT 1), '')"
	" FROM old.answer a;"
	"INSERT INTO answer_hop SELECT answer, position, name FROM old.answer_hop;"
	"INSERT INTO address SELECT id, text FROM old.address;"
	"INSERT INTO fact SELECT id, address, standing, confidence, special, anycast, location, control,"
	" asn, organisation, evidence FROM old.fact;"
	"INSERT INTO answer_address SELECT answer, position, fact FROM old.answer_address;"
	"INSERT INTO endpoint (id, device, name, type, address, fact, first, last, count, via) SELECT id, device, name, type, address, fact, first, last, count, %s"
	" FROM old.endpoint;"
	"INSERT INTO ring SELECT id, generation, position FROM old.ring;"
	"INSERT INTO kind (device, client, name, outcome, reason, answer)"
	" SELECT DISTINCT device, client, name, outcome, reason, answer FROM old.query;"
	"INSERT INTO class (action, standing, country)"
	" SELECT DISTINCT o.action, o.standing, ifnull(a.country, '') FROM kind k"
	" JOIN outcome o ON o.id = k.outcome LEFT JOIN answer a ON a.id = k.answer;"
	/* What version 1 had not counted yet, when it was killed, this version counts. */
	"UPDATE progress SET summed_until = (SELECT endpoints_until FROM old.progress);"
	"COMMIT";

/* Not in each journal of version 1. */
static const struct {
	const char *table, *sql;
} later_sql[] = {
	{"drift", "INSERT INTO drift (id, device, name, standing, state, told, last)"
              " SELECT id, device, name, standing, state, told, last FROM old.drift"},
	{"met", "INSERT INTO met (device, country, first) SELECT device, country, first FROM old.met"},
	{"event",
     "INSERT INTO event (id, time, kind, device, name, before, after, evidence, cause)"
     " SELECT id, time, kind, device, name, before, after, evidence, cause FROM old.event"},
};

static const char rows_sql[] =
	"SELECT q.id, q.time, k.id, q.took_us FROM old.query q CROSS JOIN kind k INDEXED BY kind_name ON k.name = q.name"
	" AND k.device = q.device AND k.client = q.client AND k.outcome = q.outcome"
	" AND k.reason IS q.reason AND k.answer IS q.answer ORDER BY q.id";

static const char sums_sql[] =
	"INSERT INTO sum_hour (device, hour, name, class, count)"
	" SELECT k.device, q.time / 3600000, k.name, c.id, count(*) FROM v_rows q"
	" CROSS JOIN kind k ON k.id = q.kind CROSS JOIN outcome o ON o.id = k.outcome"
	" LEFT JOIN answer a ON a.id = k.answer JOIN class c ON c.action = o.action"
	" AND c.standing = o.standing AND c.country = ifnull(a.country, '')"
	" WHERE q.block >= ?1 AND q.block < ?2 AND q.row <= (SELECT summed_until FROM progress)"
	" GROUP BY k.device, q.time / 3600000, k.name, c.id"
	" ON CONFLICT DO UPDATE SET count = count + excluded.count";

/* ---- small questions --------------------------------------------------------------------- */

static int run_sql(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? PF_OK : PF_EIO;
}

static int run_numbers(sqlite3 *db, const char *sql, int64_t first, int64_t second, int64_t *answer)
{
	sqlite3_stmt *statement = NULL;
	int result = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
	const int64_t numbers[] = {first, second};
	for (int i = 0; result == SQLITE_OK && i < sqlite3_bind_parameter_count(statement); i++)
		result = sqlite3_bind_int64(statement, i + 1, numbers[i]);
	if (result == SQLITE_OK)
		result = sqlite3_step(statement);
	if (answer)
		*answer = result == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
	sqlite3_finalize(statement);
	return result == SQLITE_ROW || result == SQLITE_DONE ? PF_OK : PF_EIO;
}

/* ---- copying ----------------------------------------------------------------------------- */

static int copy_tables(sqlite3 *db)
{
	char sql[sizeof copy_sql + 16];
	int64_t has = 0;
	int result =
		run_numbers(db,
	                "SELECT count(*) FROM pragma_table_info('endpoint', 'old') WHERE name = 'via'",
	                0, 0, &has);
	if (result != PF_OK)
		return result;
	sqlite3_snprintf(sizeof sql, sql, copy_sql, has ? "via" : "''");
	result = run_sql(db, sql);
	for (size_t i = 0; i < PF_COUNT(later_sql) && result == PF_OK; i++) {
		char find[128];
		sqlite3_snprintf(
			sizeof find, find,
			"SELECT count(*) FROM old.sqlite_schema WHERE type = 'table' AND name = %Q",
			later_sql[i].table);
		result = run_numbers(db, find, 0, 0, &has);
		if (result == PF_OK && has)
			result = run_sql(db, later_sql[i].sql);
	}
	return result;
}

static int copy_row(struct sqlite_sink *sink, sqlite3_stmt *row, int64_t *next_row)
{
	int64_t id = sqlite3_column_int64(row, 0);
	struct kind_seen kind = {.id = sqlite3_column_int64(row, 2)};
	int result = PF_OK;
	if (id != *next_row) /* numbers in a block follow each other */
		result = block_close(sink);
	*next_row = id + 1;
	return result == PF_OK ? block_add(sink, id, sqlite3_column_int64(row, 1), &kind,
	                                   (uint32_t)sqlite3_column_int64(row, 3))
	                       : result;
}

static int copy_queries(struct sqlite_sink *sink)
{
	sqlite3_stmt *rows = NULL;
	int64_t next_row = 0, count = 0;
	int result = run_sql(sink->db, "BEGIN");
	int step = sqlite3_prepare_v2(sink->db, rows_sql, -1, &rows, NULL);
	if (step == SQLITE_OK)
		while (result == PF_OK && (step = sqlite3_step(rows)) == SQLITE_ROW) {
			result = copy_row(sink, rows, &next_row);
			if (result == PF_OK && ++count % SLICE_ROWS == 0)
				result = run_sql(sink->db, "COMMIT; BEGIN");
		}
	sqlite3_finalize(rows);
	if (result == PF_OK && step != SQLITE_DONE)
		result = PF_EIO;
	if (result == PF_OK)
		result = block_close(sink);
	return result == PF_OK ? run_sql(sink->db, "COMMIT") : result;
}

static int make_sums(struct sqlite_sink *sink)
{
	sqlite3 *db = sink->db;
	int64_t last = 0, hour = 0;
	int result = run_numbers(db, "SELECT max(id) FROM block", 0, 0, &last);
	for (int64_t row = 0; row <= last && result == PF_OK; row += SLICE_ROWS)
		result = run_numbers(db, sums_sql, row, row + SLICE_ROWS, NULL);
	if (result == PF_OK)
		result = run_numbers(db, "SELECT ifnull(max(hour), 0) FROM sum_hour", 0, 0, &hour);
	int64_t rows = result == PF_OK ? 1 : -1;
	while (rows > 0)
		rows = roll_step(sink, hour, ROLL_ROWS_MAX);
	return rows < 0 ? PF_EIO : PF_OK;
}

static int copy_version1(struct sqlite_sink *sink, const char *path)
{
	char *attach = sqlite3_mprintf("ATTACH %Q AS old", path);
	int result = attach ? run_sql(sink->db, attach) : PF_EIO;
	sqlite3_free(attach);
	/* The file is nothing yet: it is brought to the disk once, when it is whole. */
	if (result == PF_OK)
		result = run_sql(sink->db, "PRAGMA synchronous = OFF");
	if (result == PF_OK)
		result = copy_tables(sink->db);
	if (result == PF_OK)
		result = copy_queries(sink);
	return result == PF_OK ? make_sums(sink) : result;
}

/* ---- files ------------------------------------------------------------------------------- */

static void remove_files(const char *path)
{
	static const char *const ends[] = {"", "-wal", "-shm", "-lock"};
	char file[PATH_MAX];
	for (size_t i = 0; i < PF_COUNT(ends); i++)
		if (snprintf(file, sizeof file, "%s%s", path, ends[i]) < (int)sizeof file)
			unlink(file);
}

static int sync_file(const char *path, int flags)
{
	int fd = open(path, flags | O_RDONLY | O_CLOEXEC);
	int result = fd < 0 || fsync(fd) ? PF_EIO : PF_OK;
	if (fd >= 0)
		close(fd);
	return result;
}

static int sync_folder(const char *path)
{
	char folder[PATH_MAX];
	snprintf(folder, sizeof folder, "%s", path);
	char *slash = strrchr(folder, '/');
	if (!slash)
		return sync_file(".", O_DIRECTORY);
	slash[slash == folder] = '\0';
	return sync_file(folder, O_DIRECTORY);
}

/* Whoever reads the old file has its -wal and -shm open, which must not become those of the new one. */
static bool is_read(const char *path)
{
	char wal[PATH_MAX];
	struct stat status;
	snprintf(wal, sizeof wal, "%s-wal", path);
	return !stat(wal, &status);
}

/* The old file gets a second name, then the new one takes its first: at no time is there no journal. */
static int replace(const char *path, const char *fresh, const char *backup, char *error,
                   size_t error_size)
{
	struct stat old, kept;
	if (is_read(path)) {
		snprintf(error, error_size,
		         "The journal %s is of an earlier version, and can not be rewritten while another "
		         "program reads it; end that one, and start portafilterd again.",
		         path);
		return PF_EIO;
	}
	bool linked = !link(path, backup) || (errno == EEXIST && !stat(path, &old) &&
	                                      !stat(backup, &kept) && old.st_ino == kept.st_ino);
	if (linked && sync_file(fresh, 0) == PF_OK && !rename(fresh, path) &&
	    sync_folder(path) == PF_OK)
		return PF_OK;
	snprintf(error, error_size,
	         "The journal %s is of an earlier version, and can not be kept as %s while it is "
	         "rewritten: %s; make room for that file, or move the journal away.",
	         path, backup, strerror(errno));
	return PF_EIO;
}

/* ---- versions ---------------------------------------------------------------------------- */

/* -1 when it can not be told; opening it says why. */
static int64_t version_of(const char *path)
{
	sqlite3 *db = NULL;
	int64_t version = -1, application = 0;
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
	    run_numbers(db, "PRAGMA application_id", 0, 0, &application) == PF_OK &&
	    application == SCHEMA_APPLICATION_ID &&
	    run_numbers(db, "PRAGMA user_version", 0, 0, &version) == PF_OK && version > 0 &&
	    version < SCHEMA_VERSION) {
		/* What is in its -wal belongs to the file that becomes the backup. */
		sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	}
	sqlite3_close(db);
	return version;
}

static int from_version1(const char *path, const char *fresh, char *error, size_t error_size)
{
	struct sqlite_sink *sink = sink_open(fresh, INT64_MAX, NULL, error, error_size);
	if (!sink)
		return PF_EIO;
	int result = copy_version1(sink, path);
	if (result != PF_OK) {
		schema_explain(sink->db, fresh, error, error_size);
		block_abandon(&sink->block);
	}
	struct sink *base = &sink->sink;
	sink->opened = false; /* it has nothing of its own to write */
	base->close(&base);
	return result;
}

static int from_later(const char *path, int64_t version, const char *fresh, char *error,
                      size_t error_size)
{
	sqlite3 *db = NULL;
	const char *failed = path;
	/* SQLite writes into an empty file too, and this one others can not read. */
	int fd = open(fresh, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (fd >= 0)
		close(fd);
	int result = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL);
	char *copy = sqlite3_mprintf("VACUUM INTO %Q", fresh);
	result = result == SQLITE_OK && copy ? run_sql(db, copy) : PF_EIO;
	sqlite3_free(copy);
	if (result == PF_OK) {
		sqlite3_close(db);
		failed = fresh;
		result =
			sqlite3_open_v2(fresh, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK ? PF_OK : PF_EIO;
	}
	const char *const scripts[] = {"PRAGMA synchronous = OFF; BEGIN",
	                               tables_views_drop_sql,
	                               version < 3 ? tables_added_sql : "",
	                               version < 4 ? tables_added4_sql : "",
	                               tables_added5_sql,
	                               tables_views_sql,
	                               "PRAGMA user_version = 5; COMMIT"};
	for (size_t i = 0; i < PF_COUNT(scripts) && result == PF_OK; i++)
		result = run_sql(db, scripts[i]);
	if (result != PF_OK)
		schema_explain(db, failed, error, error_size);
	sqlite3_close(db);
	return result;
}

int migrate(const char *path, char *error, size_t error_size)
{
	char fresh[PATH_MAX], backup[PATH_MAX];
	int64_t version = version_of(path);
	if (version < 1 || version >= SCHEMA_VERSION)
		return PF_OK;
	snprintf(backup, sizeof backup, "%s.v%d-backup", path, (int)version);
	if (snprintf(fresh, sizeof fresh, "%s.new", path) >= (int)sizeof fresh - 16) {
		snprintf(error, error_size, "The name of the journal %s is too long.", path);
		return PF_EIO;
	}
	int64_t begin_us = clock_now().mono_us;
	log_info("The journal %s is of an earlier version and is being rewritten.", path);
	remove_files(fresh);
	int result = version == 1 ? from_version1(path, fresh, error, error_size)
	                          : from_later(path, version, fresh, error, error_size);
	if (result == PF_OK)
		result = replace(path, fresh, backup, error, error_size);
	if (result == PF_OK)
		log_info("The journal %s is rewritten (%lld ms); as it was it is kept in %s.", path,
		         (long long)(clock_now().mono_us - begin_us) / 1000, backup);
	remove_files(fresh);
	return result;
}
