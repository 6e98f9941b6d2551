/* What stands in a journal that somebody else has made, or a disk has damaged: the queries of a block, and the list of kinds beside them.
 * Whatever the bytes say, reading ends, and what was read can be written and is then read the same. */
#include <stdlib.h>
#include <string.h>

#include "journal/sqlite/rows.h"

#define ENTRIES_MAX 1000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t read_rows(const char *text, size_t length, struct rows_entry *entries)
{
	struct rows rows;
	size_t count = 0;
	rows_begin(&rows, text, length);
	while (count < ENTRIES_MAX && rows_next(&rows, &entries[count])) {
		if (entries[count].kind < 0 || entries[count].after_ms >= ROWS_TIME_MAX_MS)
			abort();
		count++;
	}
	return count;
}

static void check_rows(const uint8_t *data, size_t size)
{
	struct rows_entry *entries = calloc(ENTRIES_MAX, sizeof *entries);
	struct rows_entry *again = calloc(ENTRIES_MAX, sizeof *again);
	char *text = malloc(ENTRIES_MAX * ROWS_BYTES_MAX + 2);
	if (entries && again && text) {
		size_t count = read_rows((const char *)data, size, entries), length = 1;
		text[0] = '[';
		for (size_t i = 0; i < count; i++)
			length += rows_write(text + length, &entries[i]);
		text[length - (count > 0)] = ']';
		if (read_rows(text, length + !count, again) != count)
			abort();
		for (size_t i = 0; i < count; i++)
			if (again[i].kind != entries[i].kind || again[i].took_us != entries[i].took_us ||
			    again[i].after_ms != entries[i].after_ms)
				abort();
	}
	free(text);
	free(again);
	free(entries);
}

static void check_kinds(const uint8_t *data, size_t size)
{
	struct kinds kinds;
	int64_t kind, list[ENTRIES_MAX];
	size_t count = 0;
	kinds_begin(&kinds, data, size);
	while (count < ENTRIES_MAX && kinds_next(&kinds, &kind)) {
		if (kind > 0 && (!count || kind > list[count - 1]))
			list[count++] = kind;
	}
	uint8_t out[ENTRIES_MAX * KINDS_BYTES_MAX];
	size_t length = kinds_write(list, count, out), at = 0;
	kinds_begin(&kinds, out, length);
	while (kinds_next(&kinds, &kind))
		if (at == count || kind != list[at++])
			abort();
	if (at != count)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A copy of its own size, so that a byte too far is seen. */
	uint8_t *copy = malloc(size ? size : 1);
	if (!copy)
		return 0;
	if (size)
		memcpy(copy, data, size);
	check_rows(copy, size);
	check_kinds(copy, size);
	free(copy);
	return 0;
}
