/* The SQLite sink: one transaction for each batch. After any failure the transaction is rolled back and what memory
 * believes of it is forgotten, so that the same batch can come again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "journal/sqlite/drift.h"
#include "journal/sqlite/merge.h"
#include "journal/sqlite/migrate.h"
#include "journal/sqlite/owner.h"
#include "journal/sqlite/retention.h"
#include "journal/sqlite/tables.h"

#define US_PER_MS 1000

#define STRINGIFY(x) #x
#define TEXT_OF(x) STRINGIFY(x)

/* ---- statements -------------------------------------------------------------------------- */

/* device, hour, name, class, count: what a row of each of the sums needs of it. */
#define SUM_ADD(table, columns, values)                                             \
	"INSERT INTO " table " (" columns ", class, count) VALUES (" values ", ?4, ?5)" \
	" ON CONFLICT DO UPDATE SET count = count + excluded.count"
/* SUMS_AT_ONCE rows, in four parts. */
#define SUMS_4 "(?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?)"
/* The CNAMEs that led to an answer. */
#define VIA(answer)                                                            \
	"(SELECT ifnull(group_concat(text, ' '), '') FROM (SELECT n.text AS text"  \
	" FROM answer_hop h JOIN name n ON n.id = h.name WHERE h.answer = " answer \
	" ORDER BY h.position))"
/* To an endpoint that is there. */
#define ENDPOINT_ADD                                                            \
	" ON CONFLICT (device, name, type, address) DO UPDATE SET"                  \
	" fact = CASE WHEN excluded.last >= last THEN excluded.fact ELSE fact END," \
	" via = CASE WHEN excluded.last >= last THEN excluded.via ELSE via END,"    \
	" first = min(first, excluded.first), last = max(last, excluded.last),"     \
	" dnssec = max(dnssec, excluded.dnssec), count = count + excluded.count"
/* Those that again.c walks along. */
#define ENDPOINT_INDEX " INDEXED BY sqlite_autoindex_endpoint_1"
#define ENDPOINT_WHERE                              \
	" WHERE device = ?1 AND name BETWEEN ?2 AND ?3" \
	" AND gathered_endpoint(name, type, fact, via, first, dnssec)"
#define MONTH TABLES_MONTH("?2")
#define DAY "?2 / 24"

static const char *const statement_sql[ST_COUNT] = {
	[ST_BEGIN] = "BEGIN IMMEDIATE",
	[ST_COMMIT] = "COMMIT",
	[ST_DEVICE_FIND] = "SELECT id, name FROM device WHERE key = ?",
	[ST_DEVICE_INSERT] = "INSERT INTO device (key, name, first, last, queries, flagged, sinkholed)"
						 " VALUES (?1, ?2, ?3, ?3, 0, 0, 0)",
	[ST_DEVICE_RENAME] = "UPDATE device SET name = ?1 WHERE id = ?2 OR id IN"
						 " (SELECT device FROM merged WHERE target = ?2)",
	[ST_DEVICE_COUNT] = "UPDATE device SET first = min(first, ?2), last = max(last, ?3),"
						" queries = queries + ?4, flagged = flagged + ?5,"
						" sinkholed = sinkholed + ?6 WHERE id = ?1",
	[ST_KIND_FIND] =
		"SELECT id FROM kind INDEXED BY kind_name WHERE device = ?1 AND client = ?2 AND name = ?3"
		" AND outcome = ?4 AND reason IS ?5 AND answer IS ?6",
	[ST_KIND_INSERT] = "INSERT INTO kind (device, client, name, outcome, reason, answer)"
					   " VALUES (?, ?, ?, ?, ?, ?)",
	[ST_BLOCK_PUT] = "INSERT OR REPLACE INTO block (id, count, time, rows) VALUES (?, ?, ?, ?)",
	[ST_BLOCK_SUMMARY] = "INSERT OR REPLACE INTO block_summary (block, time_min, time_max, kinds)"
						 " VALUES (?, ?, ?, ?)",
	[ST_BLOCK_LAST] = "SELECT b.id, b.time, b.rows, s.block IS NOT NULL FROM block b"
					  " LEFT JOIN block_summary s ON s.block = b.id ORDER BY b.id DESC LIMIT 1",
	[ST_TYPE_PUT] = "INSERT OR IGNORE INTO type (id, text) VALUES (?, ?)",
	[ST_ANSWER_STATE] = "SELECT complete, country FROM answer WHERE id = ?",
	[ST_ANSWER_FILL] = "UPDATE answer SET complete = 1, standing = ?2, confidence = ?3,"
					   " overseas = ?4, judged = ?5, country = ?6 WHERE id = ?1",
	[ST_HOP_INSERT] = "INSERT INTO answer_hop (answer, position, name) VALUES (?, ?, ?)",
	[ST_ADDRESS_INSERT] = "INSERT INTO answer_address (answer, position, fact) VALUES (?, ?, ?)",
	[ST_SUM_HOUR] = SUM_ADD("sum_hour", "device, hour, name", "?1, ?2, ?3"),
	[ST_SUM_HOUR_MANY] =
		"INSERT INTO sum_hour (device, hour, name, class, count) VALUES " SUMS_4 ", " SUMS_4
		", " SUMS_4 ", " SUMS_4 " ON CONFLICT DO UPDATE SET count = count + excluded.count",
	/* No ABORT: the pages would be copied first, to undo this statement alone. */
	[ST_SUM_AGAIN] = "UPDATE OR FAIL sum_hour SET count = count + gathered_sum(name, class)"
					 " WHERE device = ?1 AND hour = ?2 AND name BETWEEN ?3 AND ?4"
					 " AND gathered_sum(name, class)",
	[ST_SUM_DAY] = SUM_ADD("sum_day", "device, day, name", "?1, " DAY ", ?3"),
	[ST_SUM_MONTH] = SUM_ADD("sum_month", "device, month, name", "?1, " MONTH ", ?3"),
	[ST_TOTAL_HOUR] = SUM_ADD("total_hour", "device, hour", "?1, ?2"),
	[ST_TOTAL_DAY] = SUM_ADD("total_day", "device, day", "?1, " DAY),
	[ST_TOTAL_MONTH] = SUM_ADD("total_month", "device, month", "?1, " MONTH),
	[ST_ALL_HOUR] = SUM_ADD("all_hour", "hour", "?2"),
	[ST_ALL_DAY] = SUM_ADD("all_day", "day", DAY),
	[ST_NAME_DAY] = SUM_ADD("name_day", "day, name", DAY ", ?3"),
	[ST_NAME_MONTH] = SUM_ADD("name_month", "month, name", MONTH ", ?3"),
	[ST_ENDPOINT_UPSERT] =
		"INSERT INTO endpoint (device, name, type, address, fact, first, last, count, dnssec, via)"
		" SELECT ?1, ?2, ?3, f.address, f.id, ?5, ?6, ?7, ?8,"
		" " VIA("?4") " FROM answer_address a"
					  " JOIN fact f ON f.id = a.fact WHERE a.answer = ?4" ENDPOINT_ADD,
	/* The same of one address to which no CNAME led. */
	[ST_ENDPOINT_PUT] =
		"INSERT INTO endpoint (device, name, type, address, fact, first, last, count, dnssec, via)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, '')" ENDPOINT_ADD,
	[ST_ENDPOINT_LOOK] = "SELECT count(*) FROM endpoint" ENDPOINT_INDEX ENDPOINT_WHERE,
	[ST_ENDPOINT_AGAIN] =
		"UPDATE OR FAIL endpoint" ENDPOINT_INDEX " SET last = max(last, gathered_last(name, type)),"
		" count = count + gathered_count(name, type)" ENDPOINT_WHERE,
	[ST_ANSWER_CONTENT] = "SELECT a.fact, " VIA(
		"?1") ", n.standing, n.confidence FROM answer_address a"
			  " CROSS JOIN answer n ON n.id = a.answer WHERE a.answer = ?1 ORDER BY a.position",
	[ST_FACT_READ] =
		"SELECT f.address, f.location, f.standing, f.anycast, f.special, d.text, l.text"
		" FROM fact f JOIN address d ON d.id = f.address JOIN label l ON l.id = f.evidence"
		" WHERE f.id = ?",
	[ST_SUMMED_UNTIL] = "UPDATE progress SET summed_until = ?1, flushing_until = ?2,"
						" flushed_device = ?3, flushed_name = ?4",
	[ST_REPLAY] =
		"SELECT k.device, k.name, o.type, ifnull(k.answer, 0), min(q.time), max(q.time), count(*),"
		" min(q.row), q.time / 3600000, o.action, o.standing, ifnull(a.country, ''),"
		" ifnull(a.complete, 0), max(o.id), q.row <= ?3 AND k.device = ?4 AS counted, max(o.dnssec) FROM v_rows q CROSS JOIN kind k ON k.id = q.kind"
		" CROSS JOIN outcome o ON o.id = k.outcome LEFT JOIN answer a ON a.id = k.answer"
		" WHERE q.block > ?1 - " TEXT_OF(
			BLOCK_ROWS_MAX) " AND q.block <= ?2"
							" AND q.row > ?1 AND q.row <= ?2"
							" AND (q.row > ?3 OR (k.device, k.name) > (?4, ?5))"
							" GROUP BY k.device, k.name, o.type, k.answer, o.action, o.standing, q.time / 3600000, counted",
	[ST_RING_PUT] = "INSERT OR REPLACE INTO ring (id, generation, position) VALUES (?, ?, ?)",
	[ST_RING_FIND] = "SELECT position FROM ring WHERE id = ? AND generation = ?",
};

#define OR_LEAVE " ON CONFLICT DO NOTHING"
static const struct {
	const char *find, *insert;
	size_t cache_max;
} table_sql[TABLE_INTERNED_COUNT] = {
	[TABLE_NAME] = {"SELECT id FROM name WHERE text = ?",
                    "INSERT INTO name (text, domain) VALUES (?1, registered_domain(?1))" OR_LEAVE,
                    NAME_CACHE_MAX},
	[TABLE_CLIENT] = {"SELECT id FROM client WHERE text = ?",
                      "INSERT INTO client (text) VALUES (?)" OR_LEAVE, SMALL_CACHE_MAX},
	[TABLE_OUTCOME] = {"SELECT id FROM outcome WHERE type = ? AND rcode = ? AND action = ?"
                       " AND standing = ? AND confidence = ? AND source = ? AND upstream = ?"
                       " AND protocol = ? AND dnssec = ?",
                       "INSERT INTO outcome (type, rcode, action, standing, confidence, source,"
                       " upstream, protocol, dnssec) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)" OR_LEAVE,
                       SMALL_CACHE_MAX},
	[TABLE_REASON] = {"SELECT id FROM reason WHERE text = ? AND rule = ? AND name = ?",
                      "INSERT INTO reason (text, rule, name) VALUES (?, ?, ?)" OR_LEAVE,
                      SMALL_CACHE_MAX},
	[TABLE_ANSWER] = {"SELECT id FROM answer WHERE key = ?",
                      "INSERT INTO answer (key, complete, standing, confidence, overseas, judged,"
                      " country) VALUES (?, ?, ?, ?, ?, ?, ?)" OR_LEAVE,
                      ANSWER_CACHE_MAX},
	[TABLE_LABEL] = {"SELECT id FROM label WHERE text = ?",
                     "INSERT INTO label (text) VALUES (?)" OR_LEAVE, SMALL_CACHE_MAX},
	[TABLE_ADDRESS] = {"SELECT id FROM address WHERE text = ?",
                       "INSERT INTO address (text) VALUES (?)" OR_LEAVE, SMALL_CACHE_MAX},
	[TABLE_FACT] = {"SELECT id FROM fact WHERE address = ? AND standing = ? AND confidence = ?"
                    " AND special = ? AND anycast = ? AND location = ? AND control = ? AND asn = ?"
                    " AND organisation = ? AND evidence = ?",
                    "INSERT INTO fact (address, standing, confidence, special, anycast, location,"
                    " control, asn, organisation, evidence)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)" OR_LEAVE,
                    SMALL_CACHE_MAX},
	[TABLE_CLASS] = {"SELECT id FROM class WHERE action = ? AND standing = ? AND country = ?",
                     "INSERT INTO class (action, standing, country) VALUES (?, ?, ?)" OR_LEAVE,
                     SMALL_CACHE_MAX},
};

static int prepare(sqlite3 *db, const char *sql, sqlite3_stmt **statement)
{
	return sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL);
}

static int prepare_all(struct sqlite_sink *sink)
{
	for (size_t i = 0; i < ST_COUNT; i++)
		if (prepare(sink->db, statement_sql[i], &sink->statements[i]) != SQLITE_OK)
			return PF_EIO;
	for (size_t i = 0; i < TABLE_INTERNED_COUNT; i++) {
		struct interned *table = &sink->tables[i];
		if (prepare(sink->db, table_sql[i].find, &table->find) != SQLITE_OK ||
		    prepare(sink->db, table_sql[i].insert, &table->insert) != SQLITE_OK)
			return PF_EIO;
	}
	return PF_OK;
}

/* ---- the sink's calls -------------------------------------------------------------------- */

void sink_forget(struct sqlite_sink *sink)
{
	for (size_t i = 0; i < TABLE_INTERNED_COUNT; i++)
		dictionary_clear(&sink->tables[i].ids);
	dictionary_clear(&sink->types);
	contents_forget(sink->contents);
	if (sink->drift)
		drift_forget(sink->drift);
	kind_forget(sink);
	device_forget(sink);
}

static int roll_back(struct sqlite_sink *sink, int result, char *error, size_t error_size)
{
	if (result == PF_ENOMEM)
		snprintf(error, error_size, "There is no memory for the journal %s.", sink->path);
	else
		schema_explain(sink->db, sink->path, error, error_size);
	if (!sqlite3_get_autocommit(sink->db))
		sqlite3_exec(sink->db, "ROLLBACK", NULL, NULL, NULL);
	sink_forget(sink);
	sink->next_row = sink->next_row_kept;
	sums_rolled_back(sink);
	block_abandon(&sink->block);
	return result;
}

static int sink_begin(struct sink *base, char *error, size_t error_size)
{
	struct sqlite_sink *sink = (struct sqlite_sink *)base;
	int result = statement_run(sink->statements[ST_BEGIN], NULL, 0);
	return result == PF_OK ? PF_OK : roll_back(sink, result, error, error_size);
}

/* What journal_put took is sound; a sink may be given records by others. */
static bool sound(const struct record *record)
{
	return record->action <= ACTION_SINKHOLE && record->source <= SOURCE_UPSTREAM &&
	       record->standing <= STANDING_INDETERMINATE && record->confidence <= CONFIDENCE_HIGH &&
	       record->protocol < PROTOCOL_COUNT && record->dnssec <= DNSSEC_SECURE &&
	       record->privacy <= PRIVACY_ENDPOINTS_ONLY && strlen(record->device_id) < DEVICE_ID_MAX &&
	       strlen(record->device_name) < DEVICE_NAME_MAX &&
	       strlen(record->rule_name) < RECORD_RULE_MAX &&
	       strlen(record->reason) < RECORD_REASON_MAX &&
	       strlen(record->upstream) < RECORD_UPSTREAM_MAX;
}

/* No query of it is kept: what it adds to the endpoints and the device goes with the batch. */
static int write_endpoint(struct sqlite_sink *sink, const struct record *record, int64_t time_ms)
{
	uint32_t device;
	struct group group = {.first = time_ms,
	                      .last = time_ms,
	                      .count = 1,
	                      .row = GROUP_ROW_NEW,
	                      .dnssec = record->dnssec};
	bool complete;
	int result = device_see(sink, record, time_ms, &device);
	if (result == PF_EFULL) {
		result = sums_flush(sink);
		sink_forget(sink);
		if (result == PF_OK)
			result = device_see(sink, record, time_ms, &device);
	}
	if (result != PF_OK)
		return result;
	sums_count_device(&sink->devices[device].direct, record->action, &group);
	sink->any_direct = true;
	if (!record->answer_id)
		return PF_OK;
	group.key.device = sink->devices[device].id;
	group.key.type = record->type;
	result = intern_name(sink, record->name, &group.key.name, NULL);
	if (result == PF_OK)
		result = kind_outcome(sink, record, &group.outcome);
	if (result == PF_OK)
		result = answer_see(sink, record, &group.key.answer, &complete);
	return result == PF_OK ? endpoint_add(sink, &sink->direct, &group, complete) : result;
}

static int add_query(struct sqlite_sink *sink, struct kind_seen *kind, int64_t time_ms,
                     uint32_t took_us)
{
	int result = sums_see(sink, kind, time_ms);
	if (result == PF_OK)
		result = block_add(sink, sink->next_row, time_ms, kind, took_us);
	sink->next_row += result == PF_OK;
	return result;
}

static int write_query(struct sqlite_sink *sink, const struct record *record, int64_t time_ms)
{
	struct kind_seen *kind;
	int result = kind_see(sink, record, time_ms, &kind);
	return result == PF_OK ? add_query(sink, kind, time_ms, record->took_us) : result;
}

static void sink_foresee(struct sink *base, struct sink_brief *briefs, size_t count)
{
	kind_foresee((struct sqlite_sink *)base, briefs, count);
}

static int sink_write_known(struct sink *base, const struct sink_brief *brief, char *error,
                            size_t error_size)
{
	struct sqlite_sink *sink = (struct sqlite_sink *)base;
	struct kind_seen *kind = kind_known(sink, brief->digest);
	if (!kind)
		return PF_ENOENT;
	int result = device_rename(sink, kind->device, brief->device_name);
	if (result == PF_OK)
		result = add_query(sink, kind, brief->time_wall_us / US_PER_MS, brief->took_us);
	return result == PF_OK ? PF_OK : roll_back(sink, result, error, error_size);
}

static int sink_write(struct sink *base, const struct record *record, char *error,
                      size_t error_size)
{
	struct sqlite_sink *sink = (struct sqlite_sink *)base;
	int64_t time_ms = record->time_wall_us / US_PER_MS;
	if (!sound(record))
		return PF_EINVAL;
	int result = record->privacy == PRIVACY_ENDPOINTS_ONLY ? write_endpoint(sink, record, time_ms)
	                                                       : write_query(sink, record, time_ms);
	return result == PF_OK ? PF_OK : roll_back(sink, result, error, error_size);
}

static int sink_mark(struct sink *base, uint64_t generation, const uint64_t *positions,
                     size_t count, char *error, size_t error_size)
{
	struct sqlite_sink *sink = (struct sqlite_sink *)base;
	int result = PF_OK;
	for (size_t i = 0; i < count && result == PF_OK; i++) {
		struct value values[] = {{.number = (int64_t)i},
		                         {.number = (int64_t)generation},
		                         {.number = (int64_t)positions[i]}};
		result = statement_run(sink->statements[ST_RING_PUT], values, PF_COUNT(values));
	}
	return result == PF_OK ? PF_OK : roll_back(sink, result, error, error_size);
}

static bool sink_resume(struct sink *base, uint64_t generation, uint64_t *positions, size_t count)
{
	struct sqlite_sink *sink = (struct sqlite_sink *)base;
	sqlite3_stmt *find = sink->statements[ST_RING_FIND];
	bool known = true;
	for (size_t i = 0; i < count && known; i++) {
		known = sqlite3_bind_int64(find, 1, (int64_t)i) == SQLITE_OK &&
		        sqlite3_bind_int64(find, 2, (int64_t)generation) == SQLITE_OK &&
		        sqlite3_step(find) == SQLITE_ROW;
		if (known)
			positions[i] = (uint64_t)sqlite3_column_int64(find, 0);
		sqlite3_reset(find);
	}
	return known;
}

static int sink_change(struct sink *base, const struct device_change *change, char *error,
                       size_t error_size)
{
	struct sqlite_sink *sink = (struct sqlite_sink *)base;
	int result = merge_change(sink, change);
	return result == PF_OK ? PF_OK : roll_back(sink, result, error, error_size);
}

static int commit(struct sqlite_sink *sink, char *error, size_t error_size)
{
	int result = block_put(sink);
	if (result == PF_OK)
		result = statement_run(sink->statements[ST_COMMIT], NULL, 0);
	if (result != PF_OK)
		return roll_back(sink, result, error, error_size);
	sums_committed(sink);
	sink->next_row_kept = sink->next_row;
	return PF_OK;
}

static int sink_commit(struct sink *base, char *error, size_t error_size)
{
	struct sqlite_sink *sink = (struct sqlite_sink *)base;
	int result = sums_flush_if_due(sink);
	if (result == PF_OK && sink->any_direct)
		result = sums_flush_direct(sink);
	sink->any_direct = false;
	return result == PF_OK ? commit(sink, error, error_size)
	                       : roll_back(sink, result, error, error_size);
}

bool sink_write_sums(struct sqlite_sink *sink, size_t rows_max)
{
	char error[256];
	if (sums_whole(sink))
		return true;
	/* When it fails the next batch meets the same and says so; at the end, the next start makes up for it. */
	if (sink_begin(&sink->sink, error, sizeof error) != PF_OK)
		return false;
	int result = rows_max == SIZE_MAX ? sums_flush(sink) : sums_step(sink, rows_max);
	if (result != PF_OK)
		return roll_back(sink, result, error, sizeof error) == PF_OK;
	return commit(sink, error, sizeof error) == PF_OK;
}

static void sink_close(struct sink **base)
{
	struct sqlite_sink *sink = (struct sqlite_sink *)*base;
	if (sink->opened)
		(void)sink_write_sums(sink, SIZE_MAX);
	for (size_t i = 0; i < ST_COUNT; i++)
		sqlite3_finalize(sink->statements[i]);
	for (size_t i = 0; i < TABLE_INTERNED_COUNT; i++) {
		sqlite3_finalize(sink->tables[i].find);
		sqlite3_finalize(sink->tables[i].insert);
		dictionary_deinit(&sink->tables[i].ids);
	}
	drift_close(&sink->drift);
	merge_close(&sink->merge);
	retention_free(&sink->retention);
	block_deinit(&sink->block);
	dictionary_deinit(&sink->types);
	dictionary_deinit(&sink->device_ids);
	dictionary_deinit(&sink->gathered.ids);
	dictionary_deinit(&sink->direct.ids);
	dictionary_deinit(&sink->flush.groups.ids);
	sqlite3_close(sink->db);
	if (sink->lock >= 0)
		close(sink->lock);
	free(sink->again);
	contents_free(&sink->contents);
	free(sink->devices);
	free(sink->kinds);
	free(sink->kind_slots);
	free(sink->active);
	free(sink->gathered.list);
	free(sink->direct.list);
	free(sink->flush.groups.list);
	free(sink->flush.sums);
	free(sink->flush.counts);
	free(sink->sums);
	free(sink->pending);
	free(sink->path);
	free(sink);
	*base = NULL;
}

/* ---- opening ----------------------------------------------------------------------------- */

/* Row numbers only grow, even when retention has taken all blocks. */
static int find_next_row(struct sqlite_sink *sink)
{
	sqlite3_stmt *statement = NULL;
	int result =
		sqlite3_prepare_v2(sink->db,
	                       "SELECT max(summed_until, ifnull((SELECT id + count - 1 FROM block"
	                       " ORDER BY id DESC LIMIT 1), 0)), summed_until, flushing_until,"
	                       " flushed_device, flushed_name"
	                       " FROM progress",
	                       -1, &statement, NULL);
	if (result == SQLITE_OK)
		result = sqlite3_step(statement);
	if (result == SQLITE_ROW) {
		sink->next_row = sink->next_row_kept = sqlite3_column_int64(statement, 0) + 1;
		sink->summed_until = sink->summed_until_kept = sqlite3_column_int64(statement, 1);
		sink->flush.mark = (struct flush_mark){sqlite3_column_int64(statement, 2),
		                                       sqlite3_column_int64(statement, 3),
		                                       sqlite3_column_int64(statement, 4)};
		sink->flush.mark_kept = sink->flush.mark;
		sink->replay_to = sink->next_row - 1; /* after a crash */
	}
	sqlite3_finalize(statement);
	return result == SQLITE_ROW ? PF_OK : PF_EIO;
}

static struct sqlite_sink *create(const char *path, int64_t keep_us)
{
	struct sqlite_sink *sink = calloc(1, sizeof *sink);
	if (!sink)
		return NULL;
	sink->sink = (struct sink){.name = "sqlite",
	                           .takes_endpoints = true,
	                           .begin = sink_begin,
	                           .write = sink_write,
	                           .foresee = sink_foresee,
	                           .write_known = sink_write_known,
	                           .commit = sink_commit,
	                           .idle = retention_idle,
	                           .close = sink_close,
	                           .mark = sink_mark,
	                           .resume = sink_resume,
	                           .change = sink_change};
	sink->keep_us = keep_us;
	sink->lock = -1;
	sink->flush.many = SUMS_MANY;
	for (size_t i = 0; i < TABLE_INTERNED_COUNT; i++)
		dictionary_init(&sink->tables[i].ids, table_sql[i].cache_max);
	dictionary_init(&sink->types, UINT16_MAX + 1);
	dictionary_init(&sink->device_ids, DEVICE_CACHE_MAX);
	sink->kind_seed = hash_key_random();
	dictionary_init(&sink->gathered.ids, GROUP_MAX);
	dictionary_init(&sink->direct.ids, GROUP_MAX);
	dictionary_init(&sink->flush.groups.ids, GROUP_MAX);
	sink->path = strdup(path);
	sink->devices = calloc(DEVICE_CACHE_MAX, sizeof *sink->devices);
	sink->gathered.list = calloc(GROUP_MAX, sizeof *sink->gathered.list);
	sink->direct.list = calloc(GROUP_MAX, sizeof *sink->direct.list);
	sink->flush.groups.list = calloc(GROUP_MAX, sizeof *sink->flush.groups.list);
	sink->kinds = aligned_alloc(KIND_LINE_BYTES, KIND_CACHE_MAX * sizeof *sink->kinds);
	sink->active = calloc(KIND_CACHE_MAX, sizeof *sink->active);
	sink->retention = retention_new();
	sink->contents = contents_new();
	bool whole = sink->path && sink->devices && sink->gathered.list && sink->direct.list &&
	             sink->flush.groups.list && sink->kinds && sink->active && sink->retention &&
	             sink->contents;
	if (block_init(&sink->block) != PF_OK || !whole) {
		struct sink *base = &sink->sink;
		sink_close(&base);
		return NULL;
	}
	return sink;
}

/* After the lock: `before` may put another file there. */
static int open_database(struct sqlite_sink *sink,
                         int (*before)(const char *path, char *error, size_t error_size),
                         char *error, size_t error_size)
{
	int result = before ? before(sink->path, error, error_size) : PF_OK;
	if (result == PF_OK)
		result = schema_open_writer(sink->path, &sink->db, error, error_size);
	if (result != PF_OK)
		return result;
	result = owner_open(sink->db) == SQLITE_OK ? PF_OK : PF_EIO;
	if (result == PF_OK)
		result = again_open(sink);
	sink->drift = result == PF_OK ? drift_open(sink) : NULL;
	sink->merge = sink->drift ? merge_open(sink) : NULL;
	result = sink->merge ? prepare_all(sink) : PF_EIO;
	if (result == PF_OK)
		result = find_next_row(sink);
	if (result == PF_OK)
		result = roll_open(sink);
	if (result != PF_OK)
		schema_explain(sink->db, sink->path, error, error_size);
	sink->opened = result == PF_OK;
	return result;
}

struct sqlite_sink *sink_open(const char *path, int64_t keep_us,
                              int (*before)(const char *path, char *error, size_t error_size),
                              char *error, size_t error_size)
{
	struct sqlite_sink *sink = create(path, keep_us);
	if (!sink) {
		snprintf(error, error_size, "There is no memory for the journal %s.", path);
		return NULL;
	}
	struct sink *base = &sink->sink;
	int result = schema_lock(path, &sink->lock, error, error_size);
	if (result == PF_OK)
		result = open_database(sink, before, error, error_size);
	if (result == PF_OK)
		return sink;
	sink_close(&base);
	return NULL;
}

struct sink *sqlite_sink_open(const char *path, int64_t keep_us, char *error, size_t error_size)
{
	/* It counts what it takes of memory, each time under a lock of all threads, for nobody who asks. Who has opened a database
	 * before keeps that. */
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	struct sqlite_sink *sink = sink_open(path, keep_us, migrate, error, error_size);
	return sink ? &sink->sink : NULL;
}

void sqlite_sink_durable(struct sink *base, bool durable)
{
	struct sqlite_sink *sink = (struct sqlite_sink *)base;
	const char *sql = durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL";
	(void)sqlite3_exec(sink->db, sql, NULL, NULL, NULL);
}

void sqlite_sink_tell(struct sink *base, struct event_outlet outlet)
{
	drift_tell(((struct sqlite_sink *)base)->drift, outlet);
}
