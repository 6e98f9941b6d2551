/* Endpoints: gathered in memory by device, name and answer, and added to their rows now and then, in one statement
 * for each group. `progress.endpoints_until` says up to which query that is done; it moves in the same
 * transaction. So after a crash or a rollback the rest is counted from the table of queries, and no query counts twice
 * or never. What waits for the content of its answer is carried over. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "journal/sqlite/drift.h"

#define FLUSH_US INT64_C(1000000) /* under load, endpoints are so much behind the queries */
#define GROUPS_SMALL 256          /* so few are written with their batch: about a millisecond */

static void add(struct group *group, int64_t time_ms)
{
	if (time_ms < group->first)
		group->first = time_ms;
	if (time_ms > group->last)
		group->last = time_ms;
	group->count++;
}

/* The rings are read one after the other, so all cache hits of one worker may come before the answer that
 * another worker's ring brings in the same round. */
static void wait_for_content(struct sqlite_sink *sink, const struct group *group)
{
	if (sink->pending_count == sink->pending_room) {
		size_t room = sink->pending_room ? sink->pending_room * 2 : 1024;
		struct group *grown =
			room <= PENDING_MAX ? realloc(sink->pending, room * sizeof *grown) : NULL;
		if (!grown) {
			if (!sink->pending_lost++)
				log_warning("Endpoints are not counted: more than %zu queries wait for the "
				            "content of their answers.",
				            sink->pending_count);
			return;
		}
		sink->pending = grown;
		sink->pending_room = room;
	}
	sink->pending[sink->pending_count++] = *group;
}

int endpoint_see(struct sqlite_sink *sink, const struct group_key *key, int64_t time_ms,
                 bool complete)
{
	struct group group = {
		.key = *key, .first = time_ms, .last = time_ms, .count = 1, .row = sink->next_row};
	if (!complete) {
		wait_for_content(sink, &group);
		return PF_OK;
	}
	struct dictionary_entry *entry = dictionary_find(&sink->group_ids, key, sizeof *key);
	if (entry) {
		add(&sink->groups[entry->id], time_ms);
		return PF_OK;
	}
	if (sink->group_count == GROUP_MAX) {
		int result = endpoint_flush(sink);
		if (result != PF_OK)
			return result;
	}
	if (!dictionary_add(&sink->group_ids, key, sizeof *key, (int64_t)sink->group_count))
		return PF_ENOMEM;
	sink->groups[sink->group_count++] = group;
	return PF_OK;
}

/* ---- writing ----------------------------------------------------------------------------- */

static int upsert(struct sqlite_sink *sink, const struct group *group)
{
	int result = drift_see(sink, group); /* compares with the endpoints so far */
	if (result != PF_OK)
		return result;
	struct value values[] = {{.number = group->key.device}, {.number = group->key.name},
	                         {.number = group->key.type},   {.number = group->key.answer},
	                         {.number = group->first},      {.number = group->last},
	                         {.number = group->count}};
	return statement_run(sink->statements[ST_ENDPOINT_UPSERT], values, PF_COUNT(values));
}

/* PF_ENOENT: the answer is gone. */
static int has_content(struct sqlite_sink *sink, int64_t answer, bool *complete)
{
	sqlite3_stmt *state = sink->statements[ST_ANSWER_STATE];
	if (sqlite3_bind_int64(state, 1, answer) != SQLITE_OK)
		return PF_EIO;
	int result = sqlite3_step(state);
	*complete = result == SQLITE_ROW && sqlite3_column_int(state, 0);
	sqlite3_reset(state);
	return result == SQLITE_ROW ? PF_OK : result == SQLITE_DONE ? PF_ENOENT : PF_EIO;
}

static int flush_pending(struct sqlite_sink *sink)
{
	for (size_t i = 0; i < sink->pending_count; i++) {
		struct group *group = &sink->pending[i];
		bool complete;
		int result = group->done ? PF_OK : has_content(sink, group->key.answer, &complete);
		if (result == PF_ENOENT) {
			group->done = true;
		} else if (result == PF_OK && !group->done && complete) {
			result = upsert(sink, group);
			group->done = true;
		}
		if (result == PF_EIO)
			return result;
	}
	return PF_OK;
}

/* Counts the queries after endpoints_until, up to sink->replay_to, from their table. */
static int replay(struct sqlite_sink *sink)
{
	sqlite3_stmt *rows = sink->statements[ST_REPLAY];
	if (sink->replay_to <= sink->endpoints_until)
		return PF_OK;
	if (sqlite3_bind_int64(rows, 1, sink->endpoints_until) != SQLITE_OK ||
	    sqlite3_bind_int64(rows, 2, sink->replay_to) != SQLITE_OK)
		return PF_EIO;
	int result = PF_OK, step;
	while ((step = sqlite3_step(rows)) == SQLITE_ROW && result == PF_OK) {
		struct group group = {
			.key = {.device = sqlite3_column_int64(rows, 0),
		            .name = sqlite3_column_int64(rows, 1),
		            .type = sqlite3_column_int64(rows, 2),
		            .answer = sqlite3_column_int64(rows, 3)},
			.first = sqlite3_column_int64(rows, 4),
			.last = sqlite3_column_int64(rows, 5),
			.count = sqlite3_column_int64(rows, 6),
			.row = sqlite3_column_int64(rows, 7),
		};
		if (sqlite3_column_int(rows, 8))
			result = upsert(sink, &group);
		else
			wait_for_content(sink, &group);
	}
	sqlite3_reset(rows);
	if (result == PF_OK && step != SQLITE_DONE)
		result = PF_EIO;
	return result;
}

int endpoint_flush(struct sqlite_sink *sink)
{
	int result = replay(sink);
	if (result == PF_OK)
		result = flush_pending(sink);
	for (size_t i = 0; i < sink->group_count && result == PF_OK; i++)
		result = upsert(sink, &sink->groups[i]);
	struct value until = {.number = sink->next_row - 1};
	if (result == PF_OK)
		result = statement_run(sink->statements[ST_ENDPOINTS_UNTIL], &until, 1);
	if (result != PF_OK)
		return result;
	dictionary_clear(&sink->group_ids);
	sink->group_count = 0;
	sink->endpoints_until = until.number;
	sink->flushed_us = clock_now().mono_us;
	return PF_OK;
}

int endpoint_flush_if_due(struct sqlite_sink *sink)
{
	if (sink->endpoints_until == sink->next_row - 1)
		return PF_OK;
	if (sink->group_count > GROUPS_SMALL && clock_now().mono_us - sink->flushed_us < FLUSH_US)
		return PF_OK;
	return endpoint_flush(sink);
}

void endpoint_committed(struct sqlite_sink *sink)
{
	drift_committed(sink);
	size_t kept = 0;
	for (size_t i = 0; i < sink->pending_count; i++)
		if (!sink->pending[i].done)
			sink->pending[kept++] = sink->pending[i];
	sink->pending_count = kept;
	sink->endpoints_until_kept = sink->endpoints_until;
}

void endpoint_rolled_back(struct sqlite_sink *sink)
{
	drift_rolled_back(sink);
	/* What memory had gathered is of committed and of lost queries alike: the table knows which. */
	size_t kept = 0;
	sink->endpoints_until = sink->endpoints_until_kept;
	sink->replay_to = sink->next_row_kept - 1;
	for (size_t i = 0; i < sink->pending_count; i++) {
		sink->pending[i].done = false;
		if (sink->pending[i].row <= sink->endpoints_until)
			sink->pending[kept++] = sink->pending[i];
	}
	sink->pending_count = kept;
	dictionary_clear(&sink->group_ids);
	sink->group_count = 0;
}
