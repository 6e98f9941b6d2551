/* Endpoints: gathered in memory by device, name and answer for the length of a transaction, then added to their
 * rows in one statement for each group. What waits for the content of its answer is carried over. */
#include <string.h>

#include "journal/sqlite/state.h"

static void add(struct group *group, int64_t time_ms)
{
	if (time_ms < group->first)
		group->first = time_ms;
	if (time_ms > group->last)
		group->last = time_ms;
	group->count++;
}

static struct group *find_pending(struct sqlite_sink *sink, const struct group_key *key)
{
	/* Only those of this transaction: what was committed is not touched, a rollback could not undo it. */
	for (size_t i = sink->pending_kept; i < sink->pending_count; i++)
		if (!memcmp(&sink->pending[i].key, key, sizeof *key) && !sink->pending[i].done)
			return &sink->pending[i];
	return NULL;
}

static void wait_for_content(struct sqlite_sink *sink, const struct group_key *key, int64_t time_ms)
{
	struct group *group = find_pending(sink, key);
	if (group)
		add(group, time_ms);
	else if (sink->pending_count < PENDING_MAX)
		sink->pending[sink->pending_count++] = (struct group){*key, time_ms, time_ms, 1, false};
}

int endpoint_see(struct sqlite_sink *sink, const struct group_key *key, int64_t time_ms,
                 bool complete)
{
	if (!complete) {
		wait_for_content(sink, key, time_ms);
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
	sink->groups[sink->group_count++] = (struct group){*key, time_ms, time_ms, 1, false};
	return PF_OK;
}

static int upsert(struct sqlite_sink *sink, const struct group *group)
{
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

int endpoint_flush(struct sqlite_sink *sink)
{
	for (size_t i = 0; i < sink->pending_count; i++) {
		struct group *group = &sink->pending[i];
		bool complete;
		int result = group->done ? PF_OK : has_content(sink, group->key.answer, &complete);
		if (result == PF_ENOENT)
			group->done = true;
		else if (result == PF_OK && !group->done && complete) {
			result = upsert(sink, group);
			group->done = true;
		}
		if (result == PF_EIO)
			return result;
	}
	for (size_t i = 0; i < sink->group_count; i++) {
		int result = upsert(sink, &sink->groups[i]);
		if (result != PF_OK)
			return result;
	}
	dictionary_clear(&sink->group_ids);
	sink->group_count = 0;
	return PF_OK;
}

void endpoint_committed(struct sqlite_sink *sink)
{
	size_t kept = 0;
	for (size_t i = 0; i < sink->pending_count; i++)
		if (!sink->pending[i].done)
			sink->pending[kept++] = sink->pending[i];
	sink->pending_count = sink->pending_kept = kept;
}

void endpoint_rolled_back(struct sqlite_sink *sink)
{
	dictionary_clear(&sink->group_ids);
	sink->group_count = 0;
	sink->pending_count = sink->pending_kept;
	for (size_t i = 0; i < sink->pending_count; i++)
		sink->pending[i].done = false;
}
