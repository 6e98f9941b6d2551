/* Sums. Each kind's queries are counted in memory, by the hour; now and then what was counted is put together, in the order of the
 * table, and added to its rows: one statement for a row and not for a query. What is added to sums of longer times is added once,
 * when the hour is over (roll.h). */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "journal/sqlite/drift.h"
#include "journal/sqlite/order.h"
#include "journal/sqlite/tables.h"

/* Under load, sums and endpoints are so much behind the queries: long enough that writing them takes a small part of the time */
#define FLUSH_US INT64_C(4000000)
#define FLUSH_US_MAX INT64_C(20000000)
#define FLUSH_SHARE 12
#define LATE_US INT64_C(2000000) /* when idle has not done it by then, a batch does */
#define BATCH_ROWS_MAX 1000      /* that go with a batch */
#define KINDS_SMALL 16 /* so few are written with their batch: a fraction of a millisecond */

/* What one kind adds in one hour. */
struct addition {
	struct group group;
	int64_t hour;
	const char *action, *standing, *country; /* words */
	int32_t class;                           /* the row of these; 0: to be found */
	bool complete;                           /* the answer has its content */
};

static int gather(struct sqlite_sink *sink, struct kind_seen *kind, struct tally *tally);

/* ---- counting ---------------------------------------------------------------------------- */

int sums_see(struct sqlite_sink *sink, struct kind_seen *kind, int64_t time_ms)
{
	int64_t hour = time_ms / TABLES_MS_PER_HOUR;
	struct tally *tally = &kind->tallies[hour & 1];
	if (tally->count && tally->hour != hour) {
		int result = gather(sink, kind, tally);
		if (result != PF_OK)
			return result;
	}
	if (!tally->count)
		*tally = (struct tally){hour, time_ms, time_ms, 0, sink->next_row};
	if (time_ms < tally->first)
		tally->first = time_ms;
	if (time_ms > tally->last)
		tally->last = time_ms;
	tally->count++;
	if (!kind->counted)
		sink->active[sink->active_count++] = (uint32_t)(kind - sink->kinds);
	kind->counted = true;
	return PF_OK;
}

/* ---- adding ------------------------------------------------------------------------------ */

static int class_of(struct sqlite_sink *sink, struct addition *addition)
{
	struct value words[] = {{.text = addition->action},
	                        {.text = addition->standing},
	                        {.text = addition->country}};
	char key[64];
	size_t length = 0;
	int64_t id = addition->class;
	if (id)
		return PF_OK;
	for (size_t i = 0; i < PF_COUNT(words); i++) {
		size_t bytes = strlen(words[i].text) + 1;
		if (length + bytes > sizeof key)
			return PF_EIO; /* a row that nobody of us wrote */
		memcpy(key + length, words[i].text, bytes);
		length += bytes;
	}
	int result = intern_known(sink, TABLE_CLASS, key, length, &id);
	if (result == PF_ENOENT)
		result = intern_resolve(sink, TABLE_CLASS, key, length, words, PF_COUNT(words), &id, NULL);
	addition->class = (int32_t)id;
	return result;
}

/* As a flush goes: of a name the hours are next to each other, and few. */
static int compare(const void *left, const void *right)
{
	const struct sum *a = left, *b = right;
	const int64_t parts[][2] = {{a->device, b->device},
	                            {a->name, b->name},
	                            {a->hour, b->hour},
	                            {a->class, b->class}};
	for (size_t i = 0; i < PF_COUNT(parts); i++)
		if (parts[i][0] != parts[i][1])
			return parts[i][0] < parts[i][1] ? -1 : 1;
	return 0;
}

static void order_of(const void *row, int64_t parts[ORDER_PARTS])
{
	const struct sum *sum = row;
	parts[0] = sum->device;
	parts[1] = sum->name;
	parts[2] = sum->hour;
}

/* Several kinds (types, sources, answers) of one name and hour are one row. */
static void put_together(struct sqlite_sink *sink)
{
	size_t kept = 0;
	order_rows(sink->sums, sink->sum_count, sizeof *sink->sums, order_of, compare);
	for (size_t i = 0; i < sink->sum_count; i++) {
		if (kept && !compare(&sink->sums[kept - 1], &sink->sums[i]))
			sink->sums[kept - 1].count += sink->sums[i].count;
		else
			sink->sums[kept++] = sink->sums[i];
	}
	sink->sum_count = kept;
}

static int write_sums(struct sqlite_sink *sink)
{
	put_together(sink);
	int result = again_sums(sink, sink->sums, sink->sum_count);
	if (result == PF_OK)
		sink->sum_count = 0;
	return result;
}

/* Room for one more. */
static int make_room(struct sqlite_sink *sink)
{
	if (sink->sum_count < sink->sum_room)
		return PF_OK;
	bool many = sink->sum_room >= SUMS_MANY; /* of so many some are perhaps the same */
	if (many)
		put_together(sink);
	if (many && sink->sum_count < sink->sum_room / 4 * 3)
		return PF_OK;
	if (sink->sum_room == SUM_MAX) {
		sink->torn = true;
		return write_sums(sink);
	}
	size_t room = sink->sum_room ? sink->sum_room * 2 : SUM_ROOM_FIRST;
	struct sum *grown = realloc(sink->sums, room * sizeof *grown);
	if (!grown)
		return PF_ENOMEM;
	sink->sums = grown;
	sink->sum_room = room;
	return PF_OK;
}

static int take(struct sqlite_sink *sink, struct addition *addition)
{
	const struct group *group = &addition->group;
	struct sum sum = {.device = group->key.device,
	                  .hour = addition->hour,
	                  .name = group->key.name,
	                  .count = group->count};
	int result = class_of(sink, addition);
	sum.class = addition->class;
	if (result == PF_OK)
		result = make_room(sink);
	if (result != PF_OK)
		return result;
	sink->sums[sink->sum_count++] = sum;
	return group->key.answer ? endpoint_add(sink, &sink->gathered, group, addition->complete)
	                         : PF_OK;
}

/* ---- from memory ------------------------------------------------------------------------- */

/* What is known of the answer by now. PF_ENOENT: it is gone. */
static int judge(struct sqlite_sink *sink, struct kind_seen *kind)
{
	sqlite3_stmt *state = sink->statements[ST_ANSWER_STATE];
	if (kind->judged || !kind->answer)
		return PF_OK;
	const struct content *content = content_known(sink->contents, kind->answer);
	if (content && content->judged) {
		kind->country = content->country;
		kind->complete = kind->judged = true;
		return PF_OK;
	}
	if (sqlite3_bind_int64(state, 1, kind->answer) != SQLITE_OK)
		return PF_EIO;
	int result = sqlite3_step(state);
	if (result == SQLITE_ROW && sqlite3_column_int(state, 0)) {
		const char *country = (const char *)sqlite3_column_text(state, 1);
		kind->complete = kind->judged = true;
		if (country && strlen(country) < sizeof kind->country.code)
			strcpy(kind->country.code, country);
	}
	sqlite3_reset(state);
	return result == SQLITE_ROW || result == SQLITE_DONE ? PF_OK : PF_EIO;
}

void sums_count_device(struct device_counts *counts, uint8_t action, const struct group *group)
{
	if (!counts->queries || group->first < counts->first)
		counts->first = group->first;
	if (!counts->queries || group->last > counts->last)
		counts->last = group->last;
	counts->queries += group->count;
	if (action == ACTION_FLAG)
		counts->flagged += group->count;
	if (action == ACTION_SINKHOLE)
		counts->sinkholed += group->count;
}

/* What one kind has counted in one hour goes to what is to be written; the tally is empty then. */
static int gather(struct sqlite_sink *sink, struct kind_seen *kind, struct tally *tally)
{
	int result = judge(sink, kind);
	if (result != PF_OK)
		return result;
	struct device_seen *device = &sink->devices[kind->device];
	struct addition addition = {
		.group = {.key = {device->id, kind->name, kind->answer, kind->type},
	              .outcome = kind->outcome,
	              .first = tally->first,
	              .last = tally->last,
	              .count = tally->count,
	              .dnssec = kind->dnssec,
	              .row = tally->row},
		.hour = tally->hour,
		.action = action_word(kind->action),
		.standing = standing_word(kind->standing),
		.country = kind->country.code,
		.class = kind->class,
		.complete = kind->complete,
	};
	tally->count = 0;
	sums_count_device(&device->gathered, kind->action, &addition.group);
	result = take(sink, &addition);
	if (kind->judged || !kind->answer) /* else the country may still come */
		kind->class = addition.class;
	return result;
}

static int gather_kind(struct sqlite_sink *sink, struct kind_seen *kind)
{
	int result = PF_OK;
	for (size_t i = 0; i < PF_COUNT(kind->tallies) && result == PF_OK; i++)
		if (kind->tallies[i].count)
			result = gather(sink, kind, &kind->tallies[i]);
	return result;
}

int sums_flush_direct(struct sqlite_sink *sink)
{
	int result = endpoint_flush(sink, &sink->direct);
	for (size_t i = 0; i < sink->device_count && result == PF_OK; i++) {
		struct device_counts *counts = &sink->devices[i].direct;
		if (counts->queries)
			result = flush_count_device(sink, sink->devices[i].id, counts);
		*counts = (struct device_counts){0};
	}
	return result;
}

/* To be written with the device's first name. */
static int count_later(struct flush *flush, int64_t device, const struct device_counts *counts)
{
	if (flush->count_count == flush->count_room) {
		size_t room = flush->count_room ? flush->count_room * 2 : 64;
		struct counted_device *grown = realloc(flush->counts, room * sizeof *grown);
		if (!grown)
			return PF_ENOMEM;
		flush->counts = grown;
		flush->count_room = room;
	}
	flush->counts[flush->count_count++] = (struct counted_device){device, *counts};
	return PF_OK;
}

/* ---- from the database ------------------------------------------------------------------- */

static int replay_row(struct sqlite_sink *sink, sqlite3_stmt *row)
{
	struct addition addition = {
		.group = {.key = {.device = sqlite3_column_int64(row, 0),
	                      .name = sqlite3_column_int64(row, 1),
	                      .type = sqlite3_column_int64(row, 2),
	                      .answer = sqlite3_column_int64(row, 3)},
	              .outcome = sqlite3_column_int64(row, 13),
	              .first = sqlite3_column_int64(row, 4),
	              .last = sqlite3_column_int64(row, 5),
	              .count = sqlite3_column_int64(row, 6),
	              .row = sqlite3_column_int64(row, 7),
	              .dnssec = (uint8_t)sqlite3_column_int(row, 15)},
		.hour = sqlite3_column_int64(row, 8),
		.action = (const char *)sqlite3_column_text(row, 9),
		.standing = (const char *)sqlite3_column_text(row, 10),
		.country = (const char *)sqlite3_column_text(row, 11),
		.complete = sqlite3_column_int(row, 12),
	};
	if (!addition.action || !addition.standing || !addition.country)
		return PF_ENOMEM;
	const struct group *group = &addition.group;
	struct device_counts counts = {.first = group->first,
	                               .last = group->last,
	                               .queries = group->count};
	if (!strcmp(addition.action, action_word(ACTION_FLAG)))
		counts.flagged = group->count;
	if (!strcmp(addition.action, action_word(ACTION_SINKHOLE)))
		counts.sinkholed = group->count;
	/* Of the device in which a flush was interrupted they are written. */
	int result =
		sqlite3_column_int(row, 14) ? PF_OK : count_later(&sink->flush, group->key.device, &counts);
	return result == PF_OK ? take(sink, &addition) : result;
}

/* Counts the queries after summed_until, up to `to`, from their blocks; but not what an interrupted flush has written. */
static int replay(struct sqlite_sink *sink, int64_t to)
{
	sqlite3_stmt *rows = sink->statements[ST_REPLAY];
	const struct flush_mark *mark = &sink->flush.mark;
	const int64_t numbers[] = {sink->summed_until, to, mark->until, mark->device, mark->name};
	if (to <= sink->summed_until)
		return PF_OK;
	for (int i = 0; i < (int)PF_COUNT(numbers); i++)
		if (sqlite3_bind_int64(rows, i + 1, numbers[i]) != SQLITE_OK)
			return PF_EIO;
	int result = PF_OK, step;
	while ((step = sqlite3_step(rows)) == SQLITE_ROW && result == PF_OK)
		result = replay_row(sink, rows);
	sqlite3_reset(rows);
	if (result == PF_OK && step != SQLITE_DONE)
		result = PF_EIO;
	return result;
}

/* ---- taking up what was gathered ------------------------------------------------------------ */

static void clear_tallies(struct sqlite_sink *sink)
{
	for (size_t i = 0; i < sink->active_count; i++) {
		struct kind_seen *kind = &sink->kinds[sink->active[i]];
		memset(kind->tallies, 0, sizeof kind->tallies);
		kind->counted = false;
	}
	sink->active_count = 0;
}

int sums_gather_all(struct sqlite_sink *sink)
{
	int result = PF_OK;
	for (size_t i = 0; i < sink->active_count && result == PF_OK; i++)
		result = gather_kind(sink, &sink->kinds[sink->active[i]]);
	if (result == PF_OK)
		clear_tallies(sink);
	return result;
}

/* What is gathered and what is being written change places. */
static void swap(struct sqlite_sink *sink)
{
	struct flush *flush = &sink->flush;
	struct groups groups = sink->gathered;
	struct sum *sums = sink->sums;
	size_t count = sink->sum_count, room = sink->sum_room;
	sink->gathered = flush->groups;
	sink->sums = flush->sums;
	sink->sum_count = flush->sum_count;
	sink->sum_room = flush->sum_room;
	flush->groups = groups;
	flush->sums = sums;
	flush->sum_count = count;
	flush->sum_room = room;
}

static int by_device(const void *left, const void *right)
{
	const struct counted_device *a = left, *b = right;
	return (a->id > b->id) - (a->id < b->id);
}

/* All queries up to now. */
static int take_all(struct sqlite_sink *sink)
{
	int result = replay(sink, sink->replay_to);
	if (result == PF_OK)
		result = sums_gather_all(sink);
	for (size_t i = 0; i < sink->device_count && result == PF_OK; i++) {
		struct device_counts *counts = &sink->devices[i].gathered;
		if (counts->queries)
			result = count_later(&sink->flush, sink->devices[i].id, counts);
		*counts = (struct device_counts){0};
	}
	sink->flush.mark = (struct flush_mark){.until = sink->next_row - 1};
	return result;
}

/* The rest of a flush that was interrupted, and nothing else: what has been gathered since waits for the next one. */
static int take_rest(struct sqlite_sink *sink)
{
	swap(sink);
	return replay(sink, sink->flush.mark.until);
}

static int take_up(struct sqlite_sink *sink)
{
	struct flush *flush = &sink->flush;
	bool rest = flush->mark.until > sink->summed_until;
	int result = rest ? take_rest(sink) : take_all(sink);
	if (result != PF_OK)
		return result;
	put_together(sink);
	endpoint_sort(&sink->gathered);
	if (flush->count_count)
		qsort(flush->counts, flush->count_count, sizeof *flush->counts, by_device);
	swap(sink);
	flush->active = true;
	flush->sum_at = flush->group_at = flush->count_at = 0;
	return PF_OK;
}

/* ---- writing ----------------------------------------------------------------------------- */

static void end_flush(struct flush *flush)
{
	flush->active = false;
	flush->sum_count = flush->count_count = 0;
	endpoint_clear(&flush->groups);
}

int sums_step(struct sqlite_sink *sink, size_t rows_max)
{
	struct flush *flush = &sink->flush;
	int64_t begin_us = clock_now().mono_us;
	int result = flush->active ? PF_OK : take_up(sink);
	/* More was gathered than there is room for. */
	if (sink->torn)
		rows_max = SIZE_MAX;
	if (result == PF_OK)
		result = flush_write(sink, rows_max);
	if (result == PF_OK && flush_written(flush)) {
		result = flush_write_counts(sink, INT64_MAX);
		sink->summed_until = flush->mark.until;
		flush->mark.device = flush->mark.name = 0;
		end_flush(flush);
		if (result == PF_OK)
			result = endpoint_flush_pending(sink);
		sink->flushed_us = clock_now().mono_us;
	}
	flush->spent_us += clock_now().mono_us - begin_us;
	if (!flush->active) {
		flush->last_us = flush->spent_us;
		flush->spent_us = 0;
	}
	const struct value values[] = {{.number = sink->summed_until},
	                               {.number = flush->mark.until},
	                               {.number = flush->mark.device},
	                               {.number = flush->mark.name}};
	if (result == PF_OK)
		result = statement_run(sink->statements[ST_SUMMED_UNTIL], values, PF_COUNT(values));
	return result;
}

int sums_flush(struct sqlite_sink *sink)
{
	int result = PF_OK;
	while (!sums_whole(sink) && result == PF_OK)
		result = sums_step(sink, SIZE_MAX);
	if (result == PF_OK)
		result = sums_flush_direct(sink); /* who calls may forget the devices */
	sink->torn = sink->torn && result != PF_OK;
	return result;
}

/* Since the last one was written. */
static bool is_due(const struct sqlite_sink *sink, int64_t late_us)
{
	int64_t pause_us = sink->flush.last_us * FLUSH_SHARE;
	if (pause_us > FLUSH_US_MAX)
		pause_us = FLUSH_US_MAX;
	if (pause_us < FLUSH_US)
		pause_us = FLUSH_US;
	return clock_now().mono_us - sink->flushed_us >= pause_us + late_us;
}

bool sums_due(const struct sqlite_sink *sink)
{
	return is_due(sink, 0);
}

static bool is_much(const struct sqlite_sink *sink)
{
	return sink->sum_count > sink->flush.many || sink->gathered.count > GROUP_MAX / 2;
}

/* When hours pass like seconds, what is gathered must not grow faster than it is written, or there is no more room, and all of it is
 * written at once: a query adds at most one sum and one endpoint. */
static size_t step_rows(const struct sqlite_sink *sink)
{
	size_t records = (size_t)(sink->next_row - sink->next_row_kept) * 4;
	if (!is_much(sink))
		return BATCH_ROWS_MAX;
	return records > SUMS_STEP_ROWS_MAX ? records : SUMS_STEP_ROWS_MAX + 1;
}

int sums_flush_if_due(struct sqlite_sink *sink)
{
	if (sums_whole(sink))
		return PF_OK;
	if (sink->torn)
		return sums_flush(sink);
	bool due = sink->flush.active || sink->active_count <= KINDS_SMALL || is_much(sink) ||
	           is_due(sink, LATE_US);
	return due ? sums_step(sink, step_rows(sink)) : PF_OK;
}

void sums_committed(struct sqlite_sink *sink)
{
	endpoint_committed(sink);
	sink->summed_until_kept = sink->summed_until;
	sink->flush.mark_kept = sink->flush.mark;
}

void sums_rolled_back(struct sqlite_sink *sink)
{
	/* What memory had counted is of committed and of lost queries alike: the blocks know which. */
	sink->flushed_us = clock_now().mono_us; /* queries go first, while room is scarce */
	sink->summed_until = sink->summed_until_kept;
	sink->replay_to = sink->next_row_kept - 1;
	sink->flush.mark = sink->flush.mark_kept;
	end_flush(&sink->flush);
	sink->sum_count = 0;
	sink->torn = false;
	endpoint_rolled_back(sink);
}
