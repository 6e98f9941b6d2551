/* Endpoints: what several kinds (sources, types of outcome) and hours add to one device, name and answer is put together first, and
 * written in one statement for each. What waits for the content of its answer is carried over. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "journal/sqlite/drift.h"
#include "journal/sqlite/order.h"

static void add(struct group *group, const struct group *more)
{
	if (more->first < group->first)
		group->first = more->first;
	if (more->last > group->last) {
		group->last = more->last;
		group->outcome = more->outcome;
	}
	if (more->dnssec > group->dnssec)
		group->dnssec = more->dnssec;
	group->count += more->count;
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

int endpoint_add(struct sqlite_sink *sink, struct groups *groups, const struct group *group,
                 bool complete)
{
	if (!complete) {
		wait_for_content(sink, group);
		return PF_OK;
	}
	struct dictionary_entry *entry = dictionary_find(&groups->ids, &group->key, sizeof group->key);
	if (entry) {
		add(&groups->list[entry->id], group);
		return PF_OK;
	}
	if (groups->count == GROUP_MAX) {
		sink->torn = sink->torn || groups == &sink->gathered;
		int result = endpoint_flush(sink, groups);
		if (result != PF_OK)
			return result;
	}
	if (!dictionary_add(&groups->ids, &group->key, sizeof group->key, (int64_t)groups->count))
		return PF_ENOMEM;
	groups->list[groups->count++] = *group;
	return PF_OK;
}

/* ---- writing ----------------------------------------------------------------------------- */

/* What memory knows of the answer need not be put together from its tables. */
static int put_facts(struct sqlite_sink *sink, const struct group *group,
                     const struct content *content)
{
	int result = PF_OK;
	for (size_t i = 0; i < content->fact_count && result == PF_OK; i++) {
		const struct fact_known *fact;
		result = fact_known(sink, content->facts[i], &fact);
		if (result != PF_OK)
			return result;
		struct value values[] = {{.number = group->key.device}, {.number = group->key.name},
		                         {.number = group->key.type},   {.number = fact->address},
		                         {.number = fact->fact},        {.number = group->first},
		                         {.number = group->last},       {.number = group->count},
		                         {.number = group->dnssec}};
		result = statement_run(sink->statements[ST_ENDPOINT_PUT], values, PF_COUNT(values));
	}
	return result;
}

int endpoint_write(struct sqlite_sink *sink, const struct group *group)
{
	const struct content *content;
	int result = content_read(sink, group->key.answer, &content);
	if (result == PF_OK)
		result = drift_see(sink, group, content); /* compares with the endpoints so far */
	if (result != PF_OK)
		return result;
	if (!content->many && !content->chained)
		return put_facts(sink, group, content);
	struct value values[] = {{.number = group->key.device}, {.number = group->key.name},
	                         {.number = group->key.type},   {.number = group->key.answer},
	                         {.number = group->first},      {.number = group->last},
	                         {.number = group->count},      {.number = group->dnssec}};
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

/* Not those of queries that would be counted again from the blocks. */
int endpoint_flush_pending(struct sqlite_sink *sink)
{
	for (size_t i = 0; i < sink->pending_count; i++) {
		struct group *group = &sink->pending[i];
		bool complete, later = group->row > sink->summed_until && group->row != GROUP_ROW_NEW;
		if (group->done || later)
			continue;
		int result = has_content(sink, group->key.answer, &complete);
		if (result == PF_ENOENT) {
			group->done = true;
		} else if (result == PF_OK && complete) {
			result = endpoint_write(sink, group);
			group->done = true;
		}
		if (result == PF_EIO)
			return result;
	}
	return PF_OK;
}

void endpoint_clear(struct groups *groups)
{
	dictionary_clear(&groups->ids);
	groups->count = 0;
}

/* As they stand in the table, so that a page is touched once; answers of one name by time, so that the last one is the last. */
static int compare(const void *left, const void *right)
{
	const struct group *a = left, *b = right;
	const int64_t parts[][2] = {{a->key.device, b->key.device}, {a->key.name, b->key.name},
	                            {a->key.type, b->key.type},     {a->last, b->last},
	                            {a->first, b->first},           {a->key.answer, b->key.answer}};
	for (size_t i = 0; i < PF_COUNT(parts); i++)
		if (parts[i][0] != parts[i][1])
			return parts[i][0] < parts[i][1] ? -1 : 1;
	return 0;
}

static void order_of(const void *row, int64_t parts[ORDER_PARTS])
{
	const struct group_key *key = &((const struct group *)row)->key;
	parts[0] = key->device;
	parts[1] = key->name;
	parts[2] = key->type;
}

void endpoint_sort(struct groups *groups)
{
	order_rows(groups->list, groups->count, sizeof *groups->list, order_of, compare);
}

int endpoint_flush(struct sqlite_sink *sink, struct groups *groups)
{
	int result = endpoint_flush_pending(sink);
	endpoint_sort(groups);
	for (size_t i = 0; i < groups->count && result == PF_OK; i++)
		result = endpoint_write(sink, &groups->list[i]);
	if (result == PF_OK)
		endpoint_clear(groups);
	return result;
}

void endpoint_committed(struct sqlite_sink *sink)
{
	drift_committed(sink);
	size_t kept = 0;
	for (size_t i = 0; i < sink->pending_count; i++) {
		struct group *group = &sink->pending[i];
		if (group->row == GROUP_ROW_NEW)
			group->row = 0;
		if (!group->done)
			sink->pending[kept++] = *group;
	}
	sink->pending_count = kept;
}

/* Is it of a query that is not counted again from the blocks? */
static bool is_summed(const struct sqlite_sink *sink, const struct group *group)
{
	const struct flush_mark *mark = &sink->flush.mark;
	const struct group_key *key = &group->key;
	bool before =
		key->device < mark->device || (key->device == mark->device && key->name <= mark->name);
	return group->row <= sink->summed_until || (group->row <= mark->until && before);
}

void endpoint_rolled_back(struct sqlite_sink *sink)
{
	drift_rolled_back(sink);
	size_t kept = 0;
	for (size_t i = 0; i < sink->pending_count; i++) {
		sink->pending[i].done = false;
		if (is_summed(sink, &sink->pending[i]))
			sink->pending[kept++] = sink->pending[i];
	}
	sink->pending_count = kept;
	endpoint_clear(&sink->gathered);
	endpoint_clear(&sink->direct);
}
