/* The SQLite store: questions to a journal, read-only, each answered from one snapshot. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/sqlite/ask.h"
#include "journal/sqlite/events.h"
#include "journal/sqlite/merge.h"
#include "journal/sqlite/scan.h"
#include "journal/sqlite/schema.h"
#include "journal/sqlite/sqlite.h"
#include "journal/sqlite/tables.h"
#include "value/dnssec.h"

/* ---- queries ----------------------------------------------------------------------------- */

/* What a kind says, in words, from its column 0 on. */
static const char kind_words[] =
	"SELECT d.name, c.text, n.text, t.text, o.rcode, o.action, ifnull(r.name, ''),"
	" ifnull(r.text, '" TABLES_REASON_NONE "'), o.standing, o.confidence, o.source, o.upstream,"
	" d.key, ifnull(k.answer, 0), k.id, o.protocol, o.dnssec FROM kind k CROSS JOIN device d ON d.id = k.device"
	" CROSS JOIN client c ON c.id = k.client CROSS JOIN name n ON n.id = k.name"
	" CROSS JOIN outcome o ON o.id = k.outcome CROSS JOIN type t ON t.id = o.type"
	" LEFT JOIN reason r ON r.id = k.reason WHERE 1";

/* All that a row of it has in common with the other kind of rows, which name their members alike. */
#define FILL_WORDS(row, words)                                      \
	do {                                                            \
		(row)->device = ask_text_of(words, 0);                      \
		(row)->client = ask_text_of(words, 1);                      \
		(row)->name = ask_text_of(words, 2);                        \
		(row)->type = ask_text_of(words, 3);                        \
		(row)->rcode = ask_text_of(words, 4);                       \
		(row)->action = ask_text_of(words, 5);                      \
		(row)->rule = ask_text_of(words, 6);                        \
		(row)->reason = ask_text_of(words, 7);                      \
		(row)->standing = ask_text_of(words, 8);                    \
		(row)->confidence = ask_text_of(words, 9);                  \
		(row)->source = ask_text_of(words, 10);                     \
		(row)->upstream = ask_text_of(words, 11);                   \
		(row)->device_id = ask_text_of(words, 12);                  \
		(row)->answer = sqlite3_column_int64(words, 13);            \
		(row)->protocol = ask_text_of(words, 15);                   \
		(row)->dnssec = dnssec_word(sqlite3_column_int(words, 16)); \
	} while (0)

struct queries {
	sqlite3_stmt *words;
	int (*each)(void *data, const struct store_query *row);
	void *data;
};

static int hand_query(void *data, const struct scan_row *found)
{
	struct queries *queries = data;
	sqlite3_stmt *words = queries->words;
	if (sqlite3_bind_int64(words, 1, found->kind) != SQLITE_OK)
		return PF_EIO;
	int result = PF_OK, step = sqlite3_step(words);
	if (step == SQLITE_ROW) {
		struct store_query row = {
			.row = found->row,
			.time_wall_us = found->time_ms * US_PER_MS,
			.took_us = found->took_us,
		};
		FILL_WORDS(&row, words);
		result = queries->each(queries->data, &row);
	}
	sqlite3_reset(words);
	return step == SQLITE_ROW || step == SQLITE_DONE ? result : PF_EIO;
}

static int store_queries(struct store *base, const struct store_filter *filter,
                         int (*each)(void *data, const struct store_query *row), void *data)
{
	struct sqlite_store *store = (struct sqlite_store *)base;
	struct question question;
	struct queries queries = {NULL, each, data};
	int result = ask_begin(store, &question);
	ask_add(&question, kind_words);
	ask_add_number(&question, " AND k.id = ?", 0);
	if (result == PF_OK) {
		queries.words = ask_prepare(store, &question);
		result = queries.words ? scan(store, filter, hand_query, &queries) : PF_EIO;
	}
	sqlite3_finalize(queries.words);
	return ask_end(store, &question, result);
}

/* ---- history ----------------------------------------------------------------------------- */

struct history {
	struct scan_counts counts;
	int (*each)(void *data, const struct store_history *row);
};

/* A kind's counts, with its words. */
static int hand_history(sqlite3_stmt *words, int64_t kind, const struct history *history,
                        void *data)
{
	const struct scan_counts *counts = &history->counts;
	int result = PF_OK;
	struct store_history row;
	FILL_WORDS(&row, words);
	unsigned phases = counts->phases ? counts->phases->count : 1;
	for (unsigned phase = 0; phase < phases && result == PF_OK; phase++) {
		const struct scan_count *count = scan_counts_find(counts, kind, phase);
		if (!count)
			continue;
		row.first_wall_us = count->first_ms * US_PER_MS;
		row.last_wall_us = count->last_ms * US_PER_MS;
		row.count = count->count;
		result = history->each(data, &row);
	}
	return result;
}

static int hand_kind(struct sqlite_store *store, sqlite3_stmt *words, int64_t kind,
                     const struct history *history, void *data)
{
	int result = PF_OK, step = SQLITE_ERROR;
	if (sqlite3_bind_int64(words, 1, kind) == SQLITE_OK)
		step = sqlite3_step(words);
	if (step == SQLITE_ROW)
		result = hand_history(words, kind, history, data);
	sqlite3_reset(words);
	return step == SQLITE_ROW || step == SQLITE_DONE ? result : ask_explain(store);
}

static int store_history(struct store *base, const struct store_filter *filter,
                         const struct store_phases *phases,
                         int (*each)(void *data, const struct store_history *row), void *data)
{
	struct sqlite_store *store = (struct sqlite_store *)base;
	struct question question;
	struct history history = {.each = each};
	int64_t kind = 0;
	int result = ask_begin(store, &question);
	if (result == PF_OK)
		result = scan_count(store, filter, phases, &history.counts);
	ask_add(&question, kind_words);
	ask_add_number(&question, " AND k.id = ?", 0);
	sqlite3_stmt *words = result == PF_OK ? ask_prepare(store, &question) : NULL;
	if (result == PF_OK && !words)
		result = PF_EIO;
	while (result == PF_OK && (kind = scan_counts_next(&history.counts, kind)))
		result = hand_kind(store, words, kind, &history, data);
	sqlite3_finalize(words);
	scan_counts_free(&history.counts);
	return ask_end(store, &question, result);
}

/* ---- endpoints --------------------------------------------------------------------------- */

struct endpoint_each {
	int (*call)(void *data, const struct store_endpoint *row);
};

static int hand_endpoint(sqlite3_stmt *statement, void *each, void *data)
{
	struct store_endpoint row = {
		.device = ask_text_of(statement, 0),
		.name = ask_text_of(statement, 1),
		.type = ask_text_of(statement, 2),
		.address = ask_text_of(statement, 3),
		.location = ask_text_of(statement, 4),
		.control = ask_text_of(statement, 5),
		.organisation = ask_text_of(statement, 6),
		.standing = ask_text_of(statement, 7),
		.confidence = ask_text_of(statement, 8),
		.asn = sqlite3_column_int64(statement, 9),
		.first_wall_us = ask_time_of(statement, 10),
		.last_wall_us = ask_time_of(statement, 11),
		.count = sqlite3_column_int64(statement, 12),
		.domain = ask_text_of(statement, 13),
		.via = ask_text_of(statement, 14),
		.device_id = ask_text_of(statement, 15),
		.row = sqlite3_column_int64(statement, 16),
		.dnssec = dnssec_word(sqlite3_column_int(statement, 17)),
	};
	return ((struct endpoint_each *)each)->call(data, &row);
}

static const char endpoint_columns[] =
	"SELECT d.name, n.text, t.text, a.text, f.location, f.control, l.text, f.standing,"
	" f.confidence, f.asn, e.first, e.last, e.count, n.domain, e.via, d.key, e.id, e.dnssec"
	" FROM endpoint e"
	" CROSS JOIN device d ON d.id = e.device CROSS JOIN name n ON n.id = e.name"
	" CROSS JOIN type t ON t.id = e.type CROSS JOIN address a ON a.id = e.address"
	" CROSS JOIN fact f ON f.id = e.fact CROSS JOIN label l ON l.id = f.organisation WHERE ";

/* Where queries led that were decided so, as long as the journal has them. */
static void filter_decision(struct question *question, const struct store_filter *filter)
{
	if (!filter->action && !filter->rule)
		return;
	ask_add(question, " AND (e.device, e.name, e.type, e.address) IN (SELECT ifnull(m.target,"
	                  " k.device), k.name, o.type, f.address FROM kind k"
	                  " CROSS JOIN outcome o ON o.id = k.outcome"
	                  " CROSS JOIN answer_address x ON x.answer = k.answer"
	                  " CROSS JOIN fact f ON f.id = x.fact"
	                  " LEFT JOIN merged m ON m.device = k.device WHERE 1");
	ask_filter_decision(question, filter);
	ask_add(question, ")");
}

static int store_endpoints(struct store *base, const struct store_filter *filter,
                           int (*each)(void *data, const struct store_endpoint *row), void *data)
{
	struct sqlite_store *store = (struct sqlite_store *)base;
	struct question question;
	struct endpoint_each call = {each};
	/* The newest are found from the end of the index on `last`, unless something else says better which they are. */
	bool walk_back = !filter->fresh && !filter->name && !filter->domain && !filter->device &&
	                 !filter->devices && !filter->standing && !filter->country &&
	                 !filter->location && !filter->control && !filter->asn && !filter->action &&
	                 !filter->rule && (filter->since_wall_us || !filter->until_wall_us);
	int result = ask_begin(store, &question);
	if (result != PF_OK)
		return ask_end(store, &question, result);
	ask_add(&question, endpoint_columns);
	ask_add(&question, filter->limit > 0 ? "e.id IN (SELECT e.id FROM endpoint e WHERE 1" : "1");
	if (filter->name)
		result = ask_filter_name(store, &question, filter->name, "e.name");
	if (result == PF_OK && filter->domain)
		result = ask_filter_domain(store, &question, filter->domain, "e.name");
	if (result == PF_OK)
		result = ask_filter_devices(store, &question, filter, "e.device");
	if (result == PF_OK && filter->type)
		result = ask_filter_type(store, &question, filter->type, " AND e.type = ?");
	if (filter->standing)
		ask_add_text(&question, " AND e.fact IN (SELECT id FROM fact WHERE standing = ?)",
		             filter->standing);
	if (ask_filter_places(&question, filter, " AND e.fact IN (SELECT f.id FROM fact f WHERE "))
		ask_add(&question, ")");
	filter_decision(&question, filter);
	if (filter->since_wall_us)
		ask_add_number(&question, filter->fresh ? " AND e.first >= ?" : " AND e.last >= ?",
		               filter->since_wall_us / US_PER_MS);
	if (filter->until_wall_us)
		ask_add_number(&question, " AND e.first <= ?", filter->until_wall_us / US_PER_MS);
	if (filter->fresh)
		ask_add_number(&question,
		               " AND NOT EXISTS (SELECT 1 FROM endpoint o WHERE o.device = e.device"
		               " AND o.name = e.name AND o.first < ?)",
		               filter->since_wall_us / US_PER_MS);
	if (filter->before_row) {
		ask_add_number(&question, " AND (e.last, e.id) < (?", filter->before_wall_us / US_PER_MS);
		ask_add_number(&question, ", ?)", filter->before_row);
	}
	if (filter->limit > 0)
		ask_add_number(&question,
		               walk_back ? " ORDER BY e.last DESC, e.id DESC LIMIT ?)"
		                         : " ORDER BY +e.last DESC, e.id DESC LIMIT ?)",
		               filter->limit);
	ask_add(&question, " ORDER BY d.name, n.text, t.id, a.text");
	if (result == PF_OK)
		result = ask_walk(store, &question, hand_endpoint, &call, data);
	return ask_end(store, &question, result);
}

/* ---- devices ----------------------------------------------------------------------------- */

struct device_each {
	int (*call)(void *data, const struct store_device *row);
};

static int hand_device(sqlite3_stmt *statement, void *each, void *data)
{
	struct store_device row = {
		.id = ask_text_of(statement, 0),
		.name = ask_text_of(statement, 1),
		.first_wall_us = ask_time_of(statement, 2),
		.last_wall_us = ask_time_of(statement, 3),
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
	int result = ask_begin(store, &question);
	if (result != PF_OK)
		return ask_end(store, &question, result);
	ask_add(&question,
	        "WITH abroad (device, names) AS MATERIALIZED (SELECT e.device, count(DISTINCT e.name)"
	        " FROM fact f CROSS JOIN endpoint e ON e.fact = f.id WHERE f.standing = 'overseas'"
	        " GROUP BY e.device) SELECT d.key, d.name, d.first, d.last, d.queries, d.flagged,"
	        " d.sinkholed, ifnull((SELECT a.names FROM abroad a WHERE a.device = d.id), 0)"
	        " FROM device d WHERE d.id NOT IN (SELECT device FROM merged)"
	        " ORDER BY d.name, d.key");
	result = ask_walk(store, &question, hand_device, &call, data);
	return ask_end(store, &question, result);
}

/* ---- events ------------------------------------------------------------------------------ */

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
	for (size_t i = 0; i < PF_COUNT(store->answer_parts); i++)
		sqlite3_finalize(store->answer_parts[i]);
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
	store->store.history = store_history;
	store->store.endpoints = store_endpoints;
	store->store.devices = store_devices;
	store->store.asked = ask_asked;
	store->store.events = store_events;
	store->store.answer = ask_answer;
	store->store.sums = ask_sums;
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
