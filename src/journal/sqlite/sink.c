/* The SQLite sink: one transaction for each batch. After any failure the transaction is rolled back and what memory
 * believes of it is forgotten, so that the same batch can come again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dns/dns.h"
#include "journal/sqlite/drift.h"
#include "journal/sqlite/merge.h"
#include "journal/sqlite/owner.h"

#define US_PER_MS 1000
#define SPAN_IDS_MAX 1024 /* at least SCHEMA_SPAN_ROWS, and a power of two */
#define MS_PER_DAY 86400000

/* ---- statements -------------------------------------------------------------------------- */

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
	[ST_QUERY_INSERT] =
		"INSERT INTO query (id, time, device, client, name, outcome, reason, answer,"
		" took_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[ST_SPAN_PUT] =
		"INSERT OR REPLACE INTO span (id, last, time_min, time_max) VALUES (?, ?, ?, ?)",
	[ST_SPAN_NAME] = "INSERT OR IGNORE INTO span_name (name, span) VALUES (?, ?)",
	[ST_SPAN_DEVICE] = "INSERT OR IGNORE INTO span_device (device, span) VALUES (?, ?)",
	[ST_TYPE_PUT] = "INSERT OR IGNORE INTO type (id, text) VALUES (?, ?)",
	[ST_ANSWER_STATE] = "SELECT complete FROM answer WHERE id = ?",
	[ST_ANSWER_FILL] = "UPDATE answer SET complete = 1, standing = ?2, confidence = ?3,"
					   " overseas = ?4, judged = ?5 WHERE id = ?1",
	[ST_HOP_INSERT] = "INSERT INTO answer_hop (answer, position, name) VALUES (?, ?, ?)",
	[ST_ADDRESS_INSERT] = "INSERT INTO answer_address (answer, position, fact) VALUES (?, ?, ?)",
	[ST_ENDPOINT_UPSERT] =
		"INSERT INTO endpoint (device, name, type, address, fact, first, last, count, via)"
		" SELECT ?1, ?2, ?3, f.address, f.id, ?5, ?6, ?7,"
		" (SELECT ifnull(group_concat(text, ' '), '') FROM (SELECT n.text AS text"
		" FROM answer_hop h JOIN name n ON n.id = h.name WHERE h.answer = ?4 ORDER BY h.position))"
		" FROM answer_address a"
		" JOIN fact f ON f.id = a.fact WHERE a.answer = ?4"
		" ON CONFLICT (device, name, type, address) DO UPDATE SET"
		" fact = CASE WHEN excluded.last >= last THEN excluded.fact ELSE fact END,"
		" via = CASE WHEN excluded.last >= last THEN excluded.via ELSE via END,"
		" first = min(first, excluded.first), last = max(last, excluded.last),"
		" count = count + excluded.count",
	[ST_ENDPOINTS_UNTIL] = "UPDATE progress SET endpoints_until = ?",
	[ST_REPLAY] =
		"SELECT q.device, q.name, o.type, q.answer, min(q.time), max(q.time), count(*), min(q.id),"
		" a.complete FROM query q CROSS JOIN outcome o ON o.id = q.outcome"
		" CROSS JOIN answer a ON a.id = q.answer WHERE q.id > ? AND q.id <= ?"
		" GROUP BY q.device, q.name, o.type, q.answer",
	[ST_RING_PUT] = "INSERT OR REPLACE INTO ring (id, generation, position) VALUES (?, ?, ?)",
	[ST_RING_FIND] = "SELECT position FROM ring WHERE id = ? AND generation = ?",
};

static const struct {
	const char *find, *insert, *use;
	size_t cache_max;
} table_sql[TABLE_COUNT] = {
	[TABLE_NAME] = {"SELECT id, used FROM name WHERE text = ?",
                    "INSERT INTO name (text, used, domain)"
                    " VALUES (?1, ?2, registered_domain(?1))",
                    "UPDATE name SET used = max(used, ?) WHERE id = ?", NAME_CACHE_MAX},
	[TABLE_CLIENT] = {"SELECT id, used FROM client WHERE text = ?",
                      "INSERT INTO client (text, used) VALUES (?, ?)",
                      "UPDATE client SET used = max(used, ?) WHERE id = ?", SMALL_CACHE_MAX},
	[TABLE_OUTCOME] = {"SELECT id, used FROM outcome WHERE type = ? AND rcode = ? AND action = ?"
                       " AND standing = ? AND confidence = ? AND source = ? AND upstream = ?",
                       "INSERT INTO outcome (type, rcode, action, standing, confidence, source,"
                       " upstream, used) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                       "UPDATE outcome SET used = max(used, ?) WHERE id = ?", SMALL_CACHE_MAX},
	[TABLE_REASON] = {"SELECT id, used FROM reason WHERE text = ? AND rule = ? AND name = ?",
                      "INSERT INTO reason (text, rule, name, used) VALUES (?, ?, ?, ?)",
                      "UPDATE reason SET used = max(used, ?) WHERE id = ?", SMALL_CACHE_MAX},
	[TABLE_ANSWER] = {"SELECT id, used FROM answer WHERE key = ?",
                      "INSERT INTO answer (key, complete, standing, confidence, overseas, judged,"
                      " used) VALUES (?, 0, '', '', 0, 0, ?)",
                      "UPDATE answer SET used = max(used, ?) WHERE id = ?", ANSWER_CACHE_MAX},
	[TABLE_LABEL] = {"SELECT id, 0 FROM label WHERE text = ?",
                     "INSERT INTO label (text) VALUES (?)", NULL, SMALL_CACHE_MAX},
	[TABLE_ADDRESS] = {"SELECT id, 0 FROM address WHERE text = ?",
                       "INSERT INTO address (text) VALUES (?)", NULL, SMALL_CACHE_MAX},
	[TABLE_FACT] = {"SELECT id, 0 FROM fact WHERE address = ? AND standing = ? AND confidence = ?"
                    " AND special = ? AND anycast = ? AND location = ? AND control = ? AND asn = ?"
                    " AND organisation = ? AND evidence = ?",
                    "INSERT INTO fact (address, standing, confidence, special, anycast, location,"
                    " control, asn, organisation, evidence)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    NULL, SMALL_CACHE_MAX},
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
	for (size_t i = 0; i < TABLE_COUNT; i++) {
		struct interned *table = &sink->tables[i];
		if (prepare(sink->db, table_sql[i].find, &table->find) != SQLITE_OK ||
		    prepare(sink->db, table_sql[i].insert, &table->insert) != SQLITE_OK)
			return PF_EIO;
		if (table_sql[i].use && prepare(sink->db, table_sql[i].use, &table->use) != SQLITE_OK)
			return PF_EIO;
	}
	return PF_OK;
}

/* ---- one record -------------------------------------------------------------------------- */

static int see_outcome(struct sqlite_sink *sink, const struct record *record, int32_t day,
                       int64_t *id)
{
	size_t upstream_length = strlen(record->upstream);
	char key[8 + RECORD_UPSTREAM_MAX] = {(char)record->type,       (char)(record->type >> 8),
	                                     (char)record->rcode,      (char)record->dropped_reply,
	                                     (char)record->action,     (char)record->standing,
	                                     (char)record->confidence, (char)record->source};
	memcpy(key + 8, record->upstream, upstream_length);
	size_t length = 8 + upstream_length;
	int result = intern_known(sink, TABLE_OUTCOME, key, length, day, id);
	if (result != PF_ENOENT)
		return result;
	char rcode[DNS_TYPE_TEXT_MAX] = "DROPPED";
	if (!record->dropped_reply)
		dns_rcode_to_text(record->rcode, rcode);
	result = intern_type(sink, record->type);
	if (result != PF_OK)
		return result;
	struct value values[] = {{.number = record->type},
	                         {.text = rcode},
	                         {.text = action_word(record->action)},
	                         {.text = standing_word(record->standing)},
	                         {.text = confidence_word(record->confidence)},
	                         {.text = record_source_word(record->source)},
	                         {.text = record->upstream}};
	return intern_resolve(sink, TABLE_OUTCOME, key, length, values, PF_COUNT(values), day, id,
	                      NULL);
}

static int see_reason(struct sqlite_sink *sink, const struct record *record, int32_t day,
                      int64_t *id)
{
	char key[RECORD_REASON_MAX + RECORD_RULE_MAX + 16];
	int length =
		snprintf(key, sizeof key, "%u %s\n%s", record->rule, record->rule_name, record->reason);
	int result = intern_known(sink, TABLE_REASON, key, (size_t)length, day, id);
	if (result != PF_ENOENT)
		return result;
	struct value values[] = {{.text = record->reason},
	                         {.number = record->rule},
	                         {.text = record->rule_name}};
	return intern_resolve(sink, TABLE_REASON, key, (size_t)length, values, PF_COUNT(values), day,
	                      id, NULL);
}

/* The ids that a row of `query` consists of; 0 stands for NULL. */
struct row {
	int64_t time_ms, device, client, name, outcome, reason, answer;
	bool complete; /* the answer has its content */
};

static int gather(struct sqlite_sink *sink, const struct record *record, struct row *row)
{
	*row = (struct row){.time_ms = record->time_wall_us / US_PER_MS};
	int32_t day = (int32_t)(row->time_ms / MS_PER_DAY);
	const struct addr *client = &record->client;
	int result = intern_known(sink, TABLE_CLIENT, client, sizeof *client, day, &row->client);
	if (result == PF_ENOENT) {
		char text[ADDR_TEXT_MAX];
		addr_format(client, text);
		struct value value = {.text = text};
		result = intern_resolve(sink, TABLE_CLIENT, client, sizeof *client, &value, 1, day,
		                        &row->client, NULL);
	}
	if (result == PF_OK)
		result = device_see(sink, record, row->time_ms, &row->device);
	if (result == PF_OK)
		result = intern_name(sink, record->name, day, &row->name);
	if (result == PF_OK)
		result = see_outcome(sink, record, day, &row->outcome);
	if (result == PF_OK && (record->rule || record->reason[0]))
		result = see_reason(sink, record, day, &row->reason);
	if (result == PF_OK && record->answer_id)
		result = answer_see(sink, record, day, &row->answer, &row->complete);
	return result;
}

static int bind_or_null(sqlite3_stmt *statement, int index, int64_t id)
{
	return id ? sqlite3_bind_int64(statement, index, id) : sqlite3_bind_null(statement, index);
}

static int insert_query(struct sqlite_sink *sink, const struct record *record,
                        const struct row *row)
{
	sqlite3_stmt *insert = sink->statements[ST_QUERY_INSERT];
	const int64_t ids[] = {sink->next_row, row->time_ms, row->device, row->client,
	                       row->name,      row->outcome, row->reason, row->answer};
	for (size_t i = 0; i < PF_COUNT(ids); i++) {
		bool nullable = i >= 6;
		int bound = nullable ? bind_or_null(insert, (int)i + 1, ids[i])
		                     : sqlite3_bind_int64(insert, (int)i + 1, ids[i]);
		if (bound != SQLITE_OK)
			return PF_EIO;
	}
	if (sqlite3_bind_int64(insert, PF_COUNT(ids) + 1, record->took_us) != SQLITE_OK)
		return PF_EIO;
	int result = sqlite3_step(insert);
	sqlite3_reset(insert);
	return result == SQLITE_DONE ? PF_OK : PF_EIO;
}

/* ---- spans ------------------------------------------------------------------------------- */

static int put_span(struct sqlite_sink *sink)
{
	if (!sink->span.id)
		return PF_OK;
	struct value values[] = {{.number = sink->span.id},
	                         {.number = sink->span.last},
	                         {.number = sink->span.time_min},
	                         {.number = sink->span.time_max}};
	return statement_run(sink->statements[ST_SPAN_PUT], values, PF_COUNT(values));
}

static int extend_span(struct sqlite_sink *sink, int64_t time_ms)
{
	struct span *span = &sink->span;
	if (span->id && sink->next_row - span->id >= SCHEMA_SPAN_ROWS) {
		int result = put_span(sink);
		if (result != PF_OK)
			return result;
		span->id = 0;
	}
	if (!span->id) {
		*span = (struct span){sink->next_row, sink->next_row, time_ms, time_ms};
		dictionary_clear(&sink->span_names);
		dictionary_clear(&sink->span_devices);
	}
	span->last = sink->next_row;
	if (time_ms < span->time_min)
		span->time_min = time_ms;
	if (time_ms > span->time_max)
		span->time_max = time_ms;
	return PF_OK;
}

/* Notes once that this id stands in the open span. */
static int mark_in_span(struct sqlite_sink *sink, struct dictionary *seen, enum statement insert,
                        int64_t id)
{
	if (dictionary_find(seen, &id, sizeof id))
		return PF_OK;
	struct value values[] = {{.number = id}, {.number = sink->span.id}};
	int result = statement_run(sink->statements[insert], values, PF_COUNT(values));
	if (result != PF_OK)
		return result;
	return dictionary_add(seen, &id, sizeof id, id) ? PF_OK : PF_ENOMEM;
}

/* ---- the sink's calls -------------------------------------------------------------------- */

void sink_forget(struct sqlite_sink *sink)
{
	for (size_t i = 0; i < TABLE_COUNT; i++)
		dictionary_clear(&sink->tables[i].ids);
	dictionary_clear(&sink->types);
	dictionary_clear(&sink->span_names);
	dictionary_clear(&sink->span_devices);
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
	endpoint_rolled_back(sink);
	sink->span = sink->span_kept;
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
	       strlen(record->device_id) < DEVICE_ID_MAX &&
	       strlen(record->device_name) < DEVICE_NAME_MAX &&
	       strlen(record->rule_name) < RECORD_RULE_MAX &&
	       strlen(record->reason) < RECORD_REASON_MAX &&
	       strlen(record->upstream) < RECORD_UPSTREAM_MAX;
}

static int sink_write(struct sink *base, const struct record *record, char *error,
                      size_t error_size)
{
	struct sqlite_sink *sink = (struct sqlite_sink *)base;
	struct row row;
	if (!sound(record))
		return PF_EINVAL;
	int result = gather(sink, record, &row);
	if (result == PF_OK)
		result = insert_query(sink, record, &row);
	if (result == PF_OK)
		result = extend_span(sink, row.time_ms);
	if (result == PF_OK)
		result = mark_in_span(sink, &sink->span_names, ST_SPAN_NAME, row.name);
	if (result == PF_OK)
		result = mark_in_span(sink, &sink->span_devices, ST_SPAN_DEVICE, row.device);
	if (result == PF_OK && row.answer) {
		struct group_key key = {row.device, row.name, row.answer, record->type};
		result = endpoint_see(sink, &key, row.time_ms, row.complete);
	}
	if (result != PF_OK)
		return roll_back(sink, result, error, error_size);
	sink->next_row++;
	return PF_OK;
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

static int sink_commit(struct sink *base, char *error, size_t error_size)
{
	struct sqlite_sink *sink = (struct sqlite_sink *)base;
	int result = endpoint_flush_if_due(sink);
	if (result == PF_OK)
		result = device_flush(sink);
	if (result == PF_OK)
		result = put_span(sink);
	if (result == PF_OK)
		result = statement_run(sink->statements[ST_COMMIT], NULL, 0);
	if (result != PF_OK)
		return roll_back(sink, result, error, error_size);
	endpoint_committed(sink);
	sink->next_row_kept = sink->next_row;
	sink->span_kept = sink->span;
	return PF_OK;
}

void sink_write_endpoints(struct sqlite_sink *sink)
{
	char error[256];
	if (sink->endpoints_until == sink->next_row - 1)
		return;
	/* When it fails the next batch meets the same and says so; at the end, the next start makes up for it. */
	if (sink_begin(&sink->sink, error, sizeof error) != PF_OK)
		return;
	int result = endpoint_flush(sink);
	if (result == PF_OK)
		result = sink_commit(&sink->sink, error, sizeof error);
	else
		roll_back(sink, result, error, sizeof error);
}

static void sink_close(struct sink **base)
{
	struct sqlite_sink *sink = (struct sqlite_sink *)*base;
	if (sink->opened)
		sink_write_endpoints(sink);
	for (size_t i = 0; i < ST_COUNT; i++)
		sqlite3_finalize(sink->statements[i]);
	for (size_t i = 0; i < TABLE_COUNT; i++) {
		sqlite3_finalize(sink->tables[i].find);
		sqlite3_finalize(sink->tables[i].insert);
		sqlite3_finalize(sink->tables[i].use);
		dictionary_deinit(&sink->tables[i].ids);
	}
	drift_close(&sink->drift);
	merge_close(&sink->merge);
	dictionary_deinit(&sink->types);
	dictionary_deinit(&sink->span_names);
	dictionary_deinit(&sink->span_devices);
	dictionary_deinit(&sink->device_ids);
	dictionary_deinit(&sink->group_ids);
	sqlite3_close(sink->db);
	if (sink->lock >= 0)
		close(sink->lock);
	free(sink->devices);
	free(sink->groups);
	free(sink->pending);
	free(sink->path);
	free(sink);
	*base = NULL;
}

/* ---- opening ----------------------------------------------------------------------------- */

/* Row numbers only grow, even when retention has emptied the table: the last span stays. */
static int find_next_row(struct sqlite_sink *sink)
{
	sqlite3_stmt *statement = NULL;
	int result = sqlite3_prepare_v2(sink->db,
	                                "SELECT max((SELECT ifnull(max(id), 0) FROM query),"
	                                " (SELECT ifnull(max(last), 0) FROM span WHERE id ="
	                                " (SELECT max(id) FROM span))), endpoints_until FROM progress",
	                                -1, &statement, NULL);
	if (result == SQLITE_OK)
		result = sqlite3_step(statement);
	if (result == SQLITE_ROW) {
		sink->next_row = sink->next_row_kept = sqlite3_column_int64(statement, 0) + 1;
		sink->endpoints_until = sink->endpoints_until_kept = sqlite3_column_int64(statement, 1);
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
	                           .begin = sink_begin,
	                           .write = sink_write,
	                           .commit = sink_commit,
	                           .idle = retention_idle,
	                           .close = sink_close,
	                           .mark = sink_mark,
	                           .resume = sink_resume,
	                           .change = sink_change};
	sink->keep_us = keep_us;
	sink->lock = -1;
	for (size_t i = 0; i < TABLE_COUNT; i++)
		dictionary_init(&sink->tables[i].ids, table_sql[i].cache_max);
	dictionary_init(&sink->types, UINT16_MAX + 1);
	dictionary_init(&sink->span_names, SPAN_IDS_MAX);
	dictionary_init(&sink->span_devices, SPAN_IDS_MAX);
	dictionary_init(&sink->device_ids, DEVICE_CACHE_MAX);
	dictionary_init(&sink->group_ids, GROUP_MAX);
	sink->path = strdup(path);
	sink->devices = calloc(DEVICE_CACHE_MAX, sizeof *sink->devices);
	sink->groups = calloc(GROUP_MAX, sizeof *sink->groups);
	if (!sink->path || !sink->devices || !sink->groups) {
		struct sink *base = &sink->sink;
		sink_close(&base);
		return NULL;
	}
	return sink;
}

struct sink *sqlite_sink_open(const char *path, int64_t keep_us, char *error, size_t error_size)
{
	struct sqlite_sink *sink = create(path, keep_us);
	if (!sink) {
		snprintf(error, error_size, "There is no memory for the journal %s.", path);
		return NULL;
	}
	struct sink *base = &sink->sink;
	int result = schema_lock(path, &sink->lock, error, error_size);
	if (result == PF_OK)
		result = schema_open_writer(path, &sink->db, error, error_size);
	if (result == PF_OK) {
		result = owner_open(sink->db) == SQLITE_OK ? PF_OK : PF_EIO;
		sink->drift = result == PF_OK ? drift_open(sink) : NULL;
		sink->merge = sink->drift ? merge_open(sink) : NULL;
		result = sink->merge ? prepare_all(sink) : PF_EIO;
		if (result == PF_OK)
			result = find_next_row(sink);
		if (result != PF_OK)
			schema_explain(sink->db, path, error, error_size);
		sink->opened = result == PF_OK;
	}
	if (result != PF_OK)
		sink_close(&base);
	return base;
}

void sqlite_sink_tell(struct sink *base, struct event_outlet outlet)
{
	drift_tell(((struct sqlite_sink *)base)->drift, outlet);
}
