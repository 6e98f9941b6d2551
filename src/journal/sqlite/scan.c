/* The walks of scan.h. */
#include "journal/sqlite/scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/sqlite/rows.h"
#include "journal/sqlite/state.h"

/* Kinds that the filter lets through: a bit for each id. */
struct kind_set {
	uint8_t *bits; /* NULL: all of them */
	int64_t max;
	bool none;
};

struct scan_run {
	struct sqlite_store *store;
	struct kind_set set;
	int64_t since_ms, until_ms, after_row; /* 0: not asked for */
	int64_t before_row;                    /* INT64_MAX: not asked for */
	sqlite3_stmt *blocks, *rows;
	struct scan_row found[BLOCK_ROWS_MAX]; /* of one block */
	size_t found_count;
};

/* ---- kinds ------------------------------------------------------------------------------- */

static bool holds(const struct kind_set *set, int64_t kind)
{
	if (!set->bits)
		return kind > 0;
	return kind > 0 && kind <= set->max && (set->bits[kind / 8] & 1u << kind % 8);
}

static int add_kind(sqlite3_stmt *statement, void *each, void *data)
{
	struct kind_set *set = each;
	int64_t kind = sqlite3_column_int64(statement, 0);
	(void)data;
	if (kind > 0 && kind <= set->max)
		set->bits[kind / 8] |= (uint8_t)(1u << kind % 8);
	set->none = false;
	return PF_OK;
}

static int find_max(sqlite3_stmt *statement, void *each, void *data)
{
	(void)data;
	*(int64_t *)each = sqlite3_column_int64(statement, 0);
	return PF_OK;
}

static bool is_filtered(const struct store_filter *filter)
{
	return filter->name || filter->domain || filter->device || filter->devices || filter->rule ||
	       filter->country || filter->location || filter->control || filter->asn ||
	       filter->action || filter->standing || filter->type;
}

static int find_kinds(struct sqlite_store *store, const struct store_filter *filter,
                      struct kind_set *set)
{
	struct question question;
	if (!is_filtered(filter))
		return PF_OK;
	ask_init(&question);
	ask_add(&question, "SELECT ifnull(max(id), 0) FROM kind");
	int result = ask_walk(store, &question, find_max, &set->max, NULL);
	ask_deinit(&question);
	if (result != PF_OK)
		return result;
	set->bits = calloc((size_t)set->max / 8 + 1, 1);
	if (!set->bits)
		return PF_ENOMEM;
	set->none = true;
	ask_init(&question);
	ask_add(&question, "SELECT k.id FROM kind k WHERE 1");
	result = ask_filter_kind(store, &question, filter);
	if (result == PF_OK)
		result = ask_walk(store, &question, add_kind, set, NULL);
	ask_deinit(&question);
	return result;
}

/* ---- blocks ------------------------------------------------------------------------------ */

/* Blocks in their order, or the newest first. The index on times says where those begin that may be asked for; numbers grow with
 * time but for a clock that was set back, so each one's own times are looked at too. The newest block has no summary. */
static const char blocks_sql[] =
	"SELECT block, kinds FROM (SELECT block, kinds, time_min, time_max FROM block_summary"
	" WHERE block > ?3 - 1000 AND block < ?4 AND (?1 = 0 OR block >= ifnull((SELECT min(block) FROM block_summary"
	" WHERE time_max >= ?1), 0))"
	" UNION ALL SELECT (SELECT max(id) FROM block), NULL, NULL, NULL WHERE NOT EXISTS"
	" (SELECT 1 FROM block_summary s WHERE s.block = (SELECT max(id) FROM block)))"
	" WHERE block < ?4 AND (time_max IS NULL OR time_max >= ?1)"
	" AND (?2 = 0 OR time_min IS NULL OR time_min <= ?2) ORDER BY block %s";

static sqlite3_stmt *prepare(struct scan_run *run, const char *sql)
{
	sqlite3_stmt *statement = NULL;
	if (sqlite3_prepare_v2(run->store->db, sql, -1, &statement, NULL) == SQLITE_OK)
		return statement;
	sqlite3_finalize(statement);
	return NULL;
}

static int begin(struct scan_run *run, const struct store_filter *filter, bool newest_first)
{
	char sql[1024];
	run->since_ms = filter->since_wall_us / US_PER_MS;
	run->until_ms = filter->until_wall_us / US_PER_MS;
	run->after_row = filter->after_row > 0 ? filter->after_row : 0;
	run->before_row = filter->before_row > 0 ? filter->before_row : INT64_MAX;
	int result = find_kinds(run->store, filter, &run->set);
	if (result != PF_OK)
		return result;
	snprintf(sql, sizeof sql, blocks_sql, newest_first ? "DESC" : "ASC");
	run->blocks = prepare(run, sql);
	run->rows = prepare(run, "SELECT time, rows FROM block WHERE id = ?");
	const int64_t numbers[] = {run->since_ms, run->until_ms, run->after_row, run->before_row};
	bool bound = run->blocks && run->rows;
	for (size_t i = 0; i < PF_COUNT(numbers) && bound; i++)
		bound = sqlite3_bind_int64(run->blocks, (int)i + 1, numbers[i]) == SQLITE_OK;
	return bound ? PF_OK : ask_explain(run->store);
}

static void end(struct scan_run *run)
{
	sqlite3_finalize(run->blocks);
	sqlite3_finalize(run->rows);
	free(run->set.bits);
	free(run);
}

/* May the block that `blocks` stands on hold one of the kinds? */
static bool may_hold(const struct scan_run *run)
{
	struct kinds kinds;
	int64_t kind;
	if (!run->set.bits || sqlite3_column_type(run->blocks, 1) == SQLITE_NULL)
		return true;
	kinds_begin(&kinds, sqlite3_column_blob(run->blocks, 1),
	            (size_t)sqlite3_column_bytes(run->blocks, 1));
	while (kinds_next(&kinds, &kind))
		if (holds(&run->set, kind))
			return true;
	return false;
}

static void decode(struct scan_run *run, int64_t block)
{
	struct rows rows;
	struct rows_entry entry;
	int64_t time = sqlite3_column_int64(run->rows, 0), row = block;
	const char *text = (const char *)sqlite3_column_text(run->rows, 1);
	rows_begin(&rows, text, text ? (size_t)sqlite3_column_bytes(run->rows, 1) : 0);
	for (; row < block + BLOCK_ROWS_MAX && rows_next(&rows, &entry); row++) {
		int64_t time_ms = time + entry.after_ms;
		if (row <= run->after_row || row >= run->before_row || time_ms < run->since_ms ||
		    (run->until_ms && time_ms > run->until_ms) || !holds(&run->set, entry.kind))
			continue;
		run->found[run->found_count++] = (struct scan_row){row, time_ms, entry.kind, entry.took_us};
	}
}

/* What the filter lets through of the next block that has any. False: there is none any more, or `*result` says why. */
static bool next_block(struct scan_run *run, int *result)
{
	int step = SQLITE_DONE;
	run->found_count = 0;
	while (!run->set.none && !run->found_count &&
	       (step = sqlite3_step(run->blocks)) == SQLITE_ROW) {
		if (!may_hold(run))
			continue;
		int64_t block = sqlite3_column_int64(run->blocks, 0); /* 0: there is none */
		if (sqlite3_bind_int64(run->rows, 1, block) == SQLITE_OK)
			step = sqlite3_step(run->rows);
		if (step == SQLITE_ROW)
			decode(run, block);
		sqlite3_reset(run->rows);
		if (step != SQLITE_ROW && step != SQLITE_DONE)
			break;
	}
	if (!run->found_count && step != SQLITE_DONE)
		*result = ask_explain(run->store);
	return run->found_count > 0;
}

/* ---- walks ------------------------------------------------------------------------------- */

static int walk(struct scan_run *run, int (*each)(void *data, const struct scan_row *row),
                void *data)
{
	int result = PF_OK;
	while (result == PF_OK && next_block(run, &result))
		for (size_t i = 0; i < run->found_count && result == PF_OK; i++)
			result = each(data, &run->found[i]);
	return result;
}

/* The newest `limit`, gathered backwards. */
static int walk_newest(struct scan_run *run, size_t limit,
                       int (*each)(void *data, const struct scan_row *row), void *data)
{
	size_t count = 0, room = 0;
	struct scan_row *newest = NULL;
	int result = PF_OK;
	while (result == PF_OK && count < limit && next_block(run, &result)) {
		if (count + run->found_count > room) {
			room = room * 2 + BLOCK_ROWS_MAX;
			struct scan_row *grown = realloc(newest, room * sizeof *grown);
			if (!grown) {
				result = PF_ENOMEM;
				break;
			}
			newest = grown;
		}
		while (run->found_count && count < limit)
			newest[count++] = run->found[--run->found_count];
	}
	while (result == PF_OK && count)
		result = each(data, &newest[--count]);
	free(newest);
	return result;
}

static struct scan_run *run_new(struct sqlite_store *store)
{
	struct scan_run *run = calloc(1, sizeof *run);
	if (run)
		run->store = store;
	else
		snprintf(store->store.error, sizeof store->store.error,
		         "There is no memory for the journal %s.", store->path);
	return run;
}

int scan(struct sqlite_store *store, const struct store_filter *filter,
         int (*each)(void *data, const struct scan_row *row), void *data)
{
	struct scan_run *run = run_new(store);
	if (!run)
		return PF_ENOMEM;
	bool newest_first = filter->limit > 0;
	int result = begin(run, filter, newest_first);
	if (result == PF_OK)
		result = newest_first ? walk_newest(run, (size_t)filter->limit, each, data)
		                      : walk(run, each, data);
	end(run);
	return result;
}

/* ---- counts ------------------------------------------------------------------------------ */

static int count_row(void *data, const struct scan_row *row)
{
	struct scan_counts *counts = data;
	const struct store_phases *phases = counts->phases;
	size_t page = (size_t)row->kind / SCAN_PAGE_KINDS;
	if (page >= counts->page_count)
		return PF_OK; /* a kind that is no row of the table */
	unsigned phase = phases ? phases->of(phases->data, row->time_ms * US_PER_MS) : 0;
	if (phases && phase >= phases->count)
		return PF_EFULL;
	page += phase * counts->page_count;
	if (!counts->pages[page])
		counts->pages[page] = calloc(SCAN_PAGE_KINDS, sizeof **counts->pages);
	if (!counts->pages[page])
		return PF_ENOMEM;
	struct scan_count *count = &counts->pages[page][row->kind % SCAN_PAGE_KINDS];
	if (!count->count || row->time_ms < count->first_ms)
		count->first_ms = row->time_ms;
	if (!count->count || row->time_ms > count->last_ms)
		count->last_ms = row->time_ms;
	count->count++;
	return PF_OK;
}

int scan_count(struct sqlite_store *store, const struct store_filter *filter,
               const struct store_phases *phases, struct scan_counts *counts)
{
	struct question question;
	int64_t max = 0;
	ask_init(&question);
	ask_add(&question, "SELECT ifnull(max(id), 0) FROM kind");
	int result = ask_walk(store, &question, find_max, &max, NULL);
	ask_deinit(&question);
	if (result != PF_OK)
		return result;
	counts->page_count = (size_t)max / SCAN_PAGE_KINDS + 1;
	counts->phases = phases;
	counts->pages =
		calloc(counts->page_count * (phases ? phases->count : 1), sizeof *counts->pages);
	return counts->pages ? scan(store, filter, count_row, counts) : PF_ENOMEM;
}

const struct scan_count *scan_counts_find(const struct scan_counts *counts, int64_t kind,
                                          unsigned phase)
{
	if (kind < 0 || (size_t)kind / SCAN_PAGE_KINDS >= counts->page_count)
		return NULL;
	const struct scan_count *page =
		counts->pages[phase * counts->page_count + (size_t)kind / SCAN_PAGE_KINDS];
	return page && page[kind % SCAN_PAGE_KINDS].count ? &page[kind % SCAN_PAGE_KINDS] : NULL;
}

int64_t scan_counts_next(const struct scan_counts *counts, int64_t kind)
{
	unsigned phases = counts->phases ? counts->phases->count : 1;
	int64_t end = (int64_t)(counts->page_count * SCAN_PAGE_KINDS);
	for (kind++; kind < end; kind++) {
		for (unsigned phase = 0; phase < phases; phase++)
			if (scan_counts_find(counts, kind, phase))
				return kind;
	}
	return 0;
}

void scan_counts_free(struct scan_counts *counts)
{
	size_t page_count = counts->page_count * (counts->phases ? counts->phases->count : 1);
	for (size_t i = 0; i < page_count && counts->pages; i++)
		free(counts->pages[i]);
	free(counts->pages);
	*counts = (struct scan_counts){0};
}
