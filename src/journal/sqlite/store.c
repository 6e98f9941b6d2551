/* The SQLite store: questions to a journal, read-only, each answered from one snapshot. What a filter names is looked
 * up in the small tables first, so that of `query`
 * only those spans are read that can hold a row. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/sqlite/ask.h"
#include "journal/sqlite/events.h"
#include "journal/sqlite/merge.h"
#include "journal/sqlite/owner.h"
#include "journal/sqlite/schema.h"
#include "journal/sqlite/sqlite.h"

/* Spans first, then the times themselves. Times have milliseconds here: a row of the very millisecond asked
 * for is in. */
static void filter_times(struct question *question, const struct store_filter *filter)
{
	int64_t since_ms = filter->since_wall_us / US_PER_MS;
	int64_t until_ms = filter->until_wall_us / US_PER_MS;
	if (filter->since_wall_us) {
		ask_add_number(question, " AND s.time_max >= ?", since_ms);
		ask_add_number(question, " AND q.time >= ?", since_ms);
	}
	if (filter->until_wall_us) {
		ask_add_number(question, " AND s.time_min <= ?", until_ms);
		ask_add_number(question, " AND q.time <= ?", until_ms);
	}
	if (filter->after_row > 0) {
		ask_add_number(question, " AND s.last > ?", filter->after_row);
		ask_add_number(question, " AND q.id > ?", filter->after_row);
	}
}

static int filter_outcome(struct sqlite_store *store, struct question *question,
                          const struct store_filter *filter)
{
	int result = PF_OK;
	if (filter->rule)
		ask_add_text(question, " AND q.reason IN (SELECT id FROM reason WHERE name = ?)",
		             filter->rule);
	if (ask_filter_places(
			question, filter,
			" AND q.answer IN (SELECT a.answer FROM fact f CROSS JOIN answer_address a"
			" ON a.fact = f.id WHERE "))
		ask_add(question, ")");
	if (!filter->action && !filter->standing && !filter->type)
		return PF_OK;
	ask_add(question, " AND q.outcome IN (SELECT id FROM outcome WHERE 1");
	if (filter->action)
		ask_add_text(question, " AND action = ?", filter->action);
	if (filter->standing)
		ask_add_text(question, " AND standing = ?", filter->standing);
	if (filter->type)
		result = ask_filter_type(store, question, filter->type, " AND type = ?");
	ask_add(question, ")");
	return result;
}

/* ---- walking ----------------------------------------------------------------------------- */

static const char *text_of(sqlite3_stmt *statement, int column)
{
	const char *text = (const char *)sqlite3_column_text(statement, column);
	return text ? text : "";
}

static int64_t time_of(sqlite3_stmt *statement, int column)
{
	return sqlite3_column_int64(statement, column) * US_PER_MS;
}

/* Hands each row of the statement on. `hand` knows the columns. */
static int walk(struct sqlite_store *store, struct question *question,
                int (*hand)(sqlite3_stmt *statement, void *each, void *data), void *each,
                void *data)
{
	if (question->nothing)
		return PF_OK;
	sqlite3_stmt *statement = ask_prepare(store, question);
	if (!statement)
		return PF_EIO;
	int result = PF_OK, step = SQLITE_ROW;
	while (result == PF_OK && (step = sqlite3_step(statement)) == SQLITE_ROW)
		result = hand(statement, each, data);
	if (step != SQLITE_ROW && step != SQLITE_DONE)
		result = ask_explain(store);
	sqlite3_finalize(statement);
	return result;
}

/* Begins a snapshot, so that ids and rows are of one moment. */
static int begin(struct sqlite_store *store, struct question *question)
{
	*question = (struct question){0};
	buffer_init(&question->sql, ASK_SQL_BYTES_MAX);
	store->store.error[0] = '\0';
	if (sqlite3_exec(store->db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
		return ask_explain(store);
	return PF_OK;
}

static int end(struct sqlite_store *store, struct question *question, int result)
{
	buffer_deinit(&question->sql);
	if (!sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	return result;
}

/* ---- queries ----------------------------------------------------------------------------- */

struct query_each {
	int (*call)(void *data, const struct store_query *row);
};

static int hand_query(sqlite3_stmt *statement, void *each, void *data)
{
	struct store_query row = {
		.row = sqlite3_column_int64(statement, 0),
		.time_wall_us = time_of(statement, 1),
		.device = text_of(statement, 2),
		.client = text_of(statement, 3),
		.name = text_of(statement, 4),
		.type = text_of(statement, 5),
		.rcode = text_of(statement, 6),
		.action = text_of(statement, 7),
		.rule = text_of(statement, 8),
		.reason = text_of(statement, 9),
		.standing = text_of(statement, 10),
		.confidence = text_of(statement, 11),
		.source = text_of(statement, 12),
		.upstream = text_of(statement, 13),
		.took_us = sqlite3_column_int64(statement, 14),
		.device_id = text_of(statement, 15),
	};
	return ((struct query_each *)each)->call(data, &row);
}

static const char query_columns[] =
	"SELECT q.id, q.time, d.name, c.text, n.text, t.text, o.rcode, o.action, ifnull(r.name, ''),"
	" ifnull(r.text, '" SCHEMA_REASON_NONE "'), o.standing, o.confidence, o.source, o.upstream,"
	" q.took_us, d.key FROM ";
static const char query_spans[] = "span s CROSS JOIN query q ON q.id BETWEEN s.id AND s.last";
static const char query_joins[] =
	" CROSS JOIN device d ON d.id = q.device CROSS JOIN client c ON c.id = q.client"
	" CROSS JOIN name n ON n.id = q.name CROSS JOIN outcome o ON o.id = q.outcome"
	" CROSS JOIN type t ON t.id = o.type LEFT JOIN reason r ON r.id = q.reason WHERE ";

static int filter_queries(struct sqlite_store *store, struct question *question,
                          const struct store_filter *filter)
{
	int result = PF_OK;
	filter_times(question, filter);
	if (filter->name)
		result = ask_filter_name(store, question, filter->name, "q.name", true);
	if (result == PF_OK && filter->domain)
		result = ask_filter_domain(store, question, filter->domain, "q.name", true);
	if (result == PF_OK)
		result = ask_filter_devices(store, question, filter, "q.device", true);
	if (result == PF_OK)
		result = filter_outcome(store, question, filter);
	return result;
}

static int store_queries(struct store *base, const struct store_filter *filter,
                         int (*each)(void *data, const struct store_query *row), void *data)
{
	struct sqlite_store *store = (struct sqlite_store *)base;
	struct question question;
	struct query_each call = {each};
	int result = begin(store, &question);
	if (result != PF_OK)
		return end(store, &question, result);
	ask_add(&question, query_columns);
	if (filter->limit > 0) {
		/* From the newest span back, until there are enough ids; then their rows in order. */
		ask_add(&question, "query q");
		ask_add(&question, query_joins);
		ask_add(&question, "q.id IN (SELECT q.id FROM ");
		ask_add(&question, query_spans);
		ask_add(&question, " WHERE 1");
		result = filter_queries(store, &question, filter);
		ask_add_number(&question, " ORDER BY s.id DESC, q.id DESC LIMIT ?) ORDER BY q.id",
		               filter->limit);
	} else {
		ask_add(&question, query_spans);
		ask_add(&question, query_joins);
		ask_add(&question, "1");
		result = filter_queries(store, &question, filter);
		ask_add(&question, " ORDER BY s.id, q.id");
	}
	if (result == PF_OK)
		result = walk(store, &question, hand_query, &call, data);
	return end(store, &question, result);
}

/* ---- endpoints --------------------------------------------------------------------------- */

struct endpoint_each {
	int (*call)(void *data, const struct store_endpoint *row);
};

static int hand_endpoint(sqlite3_stmt *statement, void *each, void *data)
{
	struct store_endpoint row = {
		.device = text_of(statement, 0),
		.name = text_of(statement, 1),
		.type = text_of(statement, 2),
		.address = text_of(statement, 3),
		.location = text_of(statement, 4),
		.control = text_of(statement, 5),
		.organisation = text_of(statement, 6),
		.standing = text_of(statement, 7),
		.confidence = text_of(statement, 8),
		.asn = sqlite3_column_int64(statement, 9),
		.first_wall_us = time_of(statement, 10),
		.last_wall_us = time_of(statement, 11),
		.count = sqlite3_column_int64(statement, 12),
		.domain = text_of(statement, 13),
		.via = text_of(statement, 14),
		.device_id = text_of(statement, 15),
	};
	return ((struct endpoint_each *)each)->call(data, &row);
}

static const char endpoint_columns[] =
	"SELECT d.name, n.text, t.text, a.text, f.location, f.control, l.text, f.standing,"
	" f.confidence, f.asn, e.first, e.last, e.count, %s, d.key FROM endpoint e"
	" CROSS JOIN device d ON d.id = e.device CROSS JOIN name n ON n.id = e.name"
	" CROSS JOIN type t ON t.id = e.type CROSS JOIN address a ON a.id = e.address"
	" CROSS JOIN fact f ON f.id = e.fact CROSS JOIN label l ON l.id = f.organisation WHERE ";

static int store_endpoints(struct store *base, const struct store_filter *filter,
                           int (*each)(void *data, const struct store_endpoint *row), void *data)
{
	struct sqlite_store *store = (struct sqlite_store *)base;
	struct question question;
	struct endpoint_each call = {each};
	int result = begin(store, &question);
	if (result != PF_OK)
		return end(store, &question, result);
	buffer_print(&question.sql, endpoint_columns,
	             owner_known(store->db) ? "n.domain, e.via" : "'', ''");
	ask_add(&question, filter->limit > 0 ? "e.id IN (SELECT e.id FROM endpoint e WHERE 1" : "1");
	if (filter->name)
		result = ask_filter_name(store, &question, filter->name, "e.name", false);
	if (result == PF_OK && filter->domain)
		result = ask_filter_domain(store, &question, filter->domain, "e.name", false);
	if (result == PF_OK)
		result = ask_filter_devices(store, &question, filter, "e.device", false);
	if (result == PF_OK && filter->type)
		result = ask_filter_type(store, &question, filter->type, " AND e.type = ?");
	if (filter->standing)
		ask_add_text(&question, " AND e.fact IN (SELECT id FROM fact WHERE standing = ?)",
		             filter->standing);
	if (ask_filter_places(&question, filter, " AND e.fact IN (SELECT f.id FROM fact f WHERE "))
		ask_add(&question, ")");
	if (filter->since_wall_us)
		ask_add_number(&question, " AND e.last >= ?", filter->since_wall_us / US_PER_MS);
	if (filter->until_wall_us)
		ask_add_number(&question, " AND e.first <= ?", filter->until_wall_us / US_PER_MS);
	if (filter->limit > 0)
		ask_add_number(&question, " ORDER BY e.last DESC, e.id DESC LIMIT ?)", filter->limit);
	ask_add(&question, " ORDER BY d.name, n.text, t.id, a.text");
	if (result == PF_OK)
		result = walk(store, &question, hand_endpoint, &call, data);
	return end(store, &question, result);
}

/* ---- devices ----------------------------------------------------------------------------- */

struct device_each {
	int (*call)(void *data, const struct store_device *row);
};

static int hand_device(sqlite3_stmt *statement, void *each, void *data)
{
	struct store_device row = {
		.id = text_of(statement, 0),
		.name = text_of(statement, 1),
		.first_wall_us = time_of(statement, 2),
		.last_wall_us = time_of(statement, 3),
		.queries = sqlite3_column_int64(statement, 4),
		.flagged = sqlite3_column_int64(statement, 5),
		.sinkholed = sqlite3_column_int64(statement, 6),
		.overseas_names = sqlite3_column_int64(statement, 7),
	};
	return ((struct device_each *)each)->call(data, &row);
}

static int store_devices(struct store *base,
                         int (*each)(void *data, const struct store_device *row), void *data)
{
	struct sqlite_store *store = (struct sqlite_store *)base;
	struct question question;
	struct device_each call = {each};
	int result = begin(store, &question);
	if (result != PF_OK)
		return end(store, &question, result);
	ask_add(&question,
	        "SELECT d.key, d.name, d.first, d.last, d.queries, d.flagged, d.sinkholed,"
	        " (SELECT count(DISTINCT e.name) FROM endpoint e JOIN fact f ON f.id = e.fact"
	        " WHERE e.device = d.id AND f.standing = 'overseas')"
	        " FROM device d WHERE d.id NOT IN (SELECT device FROM merged)"
	        " ORDER BY d.name, d.key");
	result = walk(store, &question, hand_device, &call, data);
	return end(store, &question, result);
}

/* ---- names of devices -------------------------------------------------------------------- */

struct asked_each {
	int (*call)(void *data, const struct store_asked *row);
};

static int hand_asked(sqlite3_stmt *statement, void *each, void *data)
{
	struct store_asked row = {.device_id = text_of(statement, 0),
	                          .device = text_of(statement, 1),
	                          .name = text_of(statement, 2)};
	return ((struct asked_each *)each)->call(data, &row);
}

static int store_asked(struct store *base, const struct store_filter *filter,
                       int (*each)(void *data, const struct store_asked *row), void *data)
{
	struct sqlite_store *store = (struct sqlite_store *)base;
	struct question question;
	struct asked_each call = {each};
	int result = begin(store, &question);
	if (result != PF_OK)
		return end(store, &question, result);
	ask_add(&question,
	        "SELECT DISTINCT d.key, d.name, n.text FROM (SELECT e.device AS device, e.name AS name"
	        " FROM endpoint e WHERE 1");
	result = ask_filter_devices(store, &question, filter, "e.device", false);
	if (filter->since_wall_us)
		ask_add_number(&question, " AND e.last >= ?", filter->since_wall_us / US_PER_MS);
	ask_add(&question, " UNION SELECT q.device, q.name FROM ");
	ask_add(&question, query_spans);
	ask_add_number(&question, " WHERE q.id > (SELECT ifnull(max(last), 0) FROM span) - ?",
	               STORE_ASKED_ROWS_MAX);
	filter_times(&question, filter);
	if (result == PF_OK)
		result = ask_filter_devices(store, &question, filter, "q.device", true);
	ask_add(&question, ") a LEFT JOIN merged m ON m.device = a.device"
	                   " CROSS JOIN device d ON d.id = ifnull(m.target, a.device)"
	                   " CROSS JOIN name n ON n.id = a.name"
	                   " ORDER BY d.name, d.key, n.text");
	if (result == PF_OK)
		result = walk(store, &question, hand_asked, &call, data);
	return end(store, &question, result);
}

static int store_events(struct store *base, const struct store_filter *filter,
                        int (*each)(void *data, const struct store_event *row), void *data)
{
	struct sqlite_store *store = (struct sqlite_store *)base;
	store->store.error[0] = '\0';
	int result = events_walk(store->db, filter, each, data);
	return result == PF_EIO ? ask_explain(store) : result;
}

/* ---- opening ----------------------------------------------------------------------------- */

static void store_close(struct store **base)
{
	struct sqlite_store *store = (struct sqlite_store *)*base;
	sqlite3_close(store->db);
	free(store->path);
	free(store);
	*base = NULL;
}

struct store *sqlite_store_open(const char *path, char *error, size_t error_size)
{
	struct sqlite_store *store = calloc(1, sizeof *store);
	if (!store || !(store->path = strdup(path))) {
		free(store);
		snprintf(error, error_size, "There is no memory for the journal %s.", path);
		return NULL;
	}
	store->store.queries = store_queries;
	store->store.endpoints = store_endpoints;
	store->store.devices = store_devices;
	store->store.asked = store_asked;
	store->store.events = store_events;
	store->store.close = store_close;
	struct store *base = &store->store;
	int result = schema_open_reader(path, &store->db, error, error_size);
	if (result == PF_OK && merge_prepare_reader(store->db) != SQLITE_OK) {
		schema_explain(store->db, path, error, error_size);
		result = PF_EIO;
	}
	if (result != PF_OK)
		store_close(&base);
	return base;
}
