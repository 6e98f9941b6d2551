/* The block that grows: queries of this and earlier batches, as text in memory, written whole with each commit. Its size goes in
 * steps of a page, so that SQLite overwrites it in place and only pages that differ are written. */
#include <stdlib.h>
#include <string.h>

#include "journal/sqlite/rows.h"
#include "journal/sqlite/state.h"

#define TEXT_BYTES (BLOCK_ROWS_MAX * ROWS_BYTES_MAX + BLOCK_PAD_BYTES + 1)

int block_init(struct block *block)
{
	*block = (struct block){.check = true};
	block->text = malloc(TEXT_BYTES);
	block->kinds = calloc(BLOCK_ROWS_MAX, sizeof *block->kinds);
	return block->text && block->kinds ? PF_OK : PF_ENOMEM;
}

void block_deinit(struct block *block)
{
	free(block->text);
	free(block->kinds);
	*block = (struct block){0};
}

void block_abandon(struct block *block)
{
	block->id = 0;
	block->check = true;
}

/* ---- the summary of a block -------------------------------------------------------------- */

static int put_summary(struct sqlite_sink *sink, int64_t id)
{
	struct block *block = &sink->block;
	uint8_t list[BLOCK_ROWS_MAX * KINDS_BYTES_MAX];
	sqlite3_stmt *put = sink->statements[ST_BLOCK_SUMMARY];
	size_t length = kinds_write(block->kinds, block->kind_count, list);
	const int64_t numbers[] = {id, block->time_min, block->time_max};
	for (size_t i = 0; i < PF_COUNT(numbers); i++)
		if (sqlite3_bind_int64(put, (int)i + 1, numbers[i]) != SQLITE_OK)
			return PF_EIO;
	if (sqlite3_bind_blob(put, PF_COUNT(numbers) + 1, list, (int)length, SQLITE_STATIC) !=
	    SQLITE_OK)
		return PF_EIO;
	int result = sqlite3_step(put);
	sqlite3_reset(put);
	sqlite3_clear_bindings(put);
	return result == SQLITE_DONE ? PF_OK : PF_EIO;
}

static void note(struct block *block, int64_t time_ms, int64_t kind)
{
	if (!block->count || time_ms < block->time_min)
		block->time_min = time_ms;
	if (!block->count || time_ms > block->time_max)
		block->time_max = time_ms;
	block->count++;
	if (kind)
		block->kinds[block->kind_count++] = kind;
}

static void empty(struct block *block)
{
	block->count = block->put_count = block->kind_count = 0;
}

/* The newest block may lack its summary: it was open when a transaction, or a process, came to a bad end. */
int block_mend(struct sqlite_sink *sink)
{
	struct block *block = &sink->block;
	if (block->id || !block->check)
		return PF_OK;
	sqlite3_stmt *find = sink->statements[ST_BLOCK_LAST];
	int step = sqlite3_step(find), result = PF_OK;
	if (step == SQLITE_ROW && !sqlite3_column_int(find, 3)) {
		struct rows rows;
		struct rows_entry entry;
		int64_t time = sqlite3_column_int64(find, 1);
		empty(block);
		block->time_min = block->time_max = time;
		rows_begin(&rows, (const char *)sqlite3_column_text(find, 2),
		           (size_t)sqlite3_column_bytes(find, 2));
		while (block->count < BLOCK_ROWS_MAX && rows_next(&rows, &entry))
			note(block, time + entry.after_ms, entry.kind);
		result = put_summary(sink, sqlite3_column_int64(find, 0));
	}
	sqlite3_reset(find);
	if (step != SQLITE_ROW && step != SQLITE_DONE)
		result = PF_EIO;
	block->check = result != PF_OK;
	return result;
}

/* ---- writing ----------------------------------------------------------------------------- */

static int put(struct sqlite_sink *sink, size_t length)
{
	struct block *block = &sink->block;
	sqlite3_stmt *put = sink->statements[ST_BLOCK_PUT];
	const int64_t numbers[] = {block->id, (int64_t)block->count, block->time};
	for (size_t i = 0; i < PF_COUNT(numbers); i++)
		if (sqlite3_bind_int64(put, (int)i + 1, numbers[i]) != SQLITE_OK)
			return PF_EIO;
	block->text[block->length - 1] = ']';
	int result =
		sqlite3_bind_text(put, PF_COUNT(numbers) + 1, block->text, (int)length, SQLITE_STATIC);
	if (result == SQLITE_OK)
		result = sqlite3_step(put);
	sqlite3_reset(put);
	sqlite3_clear_bindings(put);
	block->text[block->length - 1] = ',';
	block->put_count = block->count;
	return result == SQLITE_DONE ? PF_OK : PF_EIO;
}

int block_close(struct sqlite_sink *sink)
{
	struct block *block = &sink->block;
	if (!block->id)
		return PF_OK;
	int result = put(sink, block->length);
	if (result == PF_OK)
		result = put_summary(sink, block->id);
	block->id = 0;
	return result;
}

int block_put(struct sqlite_sink *sink)
{
	struct block *block = &sink->block;
	if (!block->id || block->put_count == block->count)
		return PF_OK;
	if (block->count == BLOCK_ROWS_MAX) /* or it would be written twice */
		return block_close(sink);
	size_t length = (block->length + BLOCK_PAD_BYTES - 1) / BLOCK_PAD_BYTES * BLOCK_PAD_BYTES;
	memset(block->text + block->length, ' ', length - block->length);
	return put(sink, length);
}

static int open_block(struct sqlite_sink *sink, int64_t row, int64_t time_ms)
{
	struct block *block = &sink->block;
	int result = block_mend(sink);
	block->id = row;
	block->time = time_ms - BLOCK_BEFORE_MS;
	empty(block);
	block->text[0] = '[';
	block->length = 1;
	return result;
}

int block_add(struct sqlite_sink *sink, int64_t row, int64_t time_ms, struct kind_seen *kind,
              uint32_t took_us)
{
	struct block *block = &sink->block;
	int result = PF_OK;
	int64_t after_ms = time_ms - block->time;
	if (block->id &&
	    (block->count == BLOCK_ROWS_MAX || after_ms < 0 || after_ms >= ROWS_TIME_MAX_MS))
		result = block_close(sink);
	if (result == PF_OK && !block->id)
		result = open_block(sink, row, time_ms);
	if (result != PF_OK)
		return result;
	struct rows_entry entry = {kind->id, (uint32_t)(time_ms - block->time), took_us};
	block->length += rows_write(block->text + block->length, &entry);
	note(block, time_ms, kind->block == block->id ? 0 : kind->id);
	kind->block = block->id;
	return PF_OK;
}
