/* Private to journal/sqlite/: how queries stand in a row of `block`, see tables.c, and the list of kinds beside them. A
 * database may hold anything: reading checks all, and what can not be read ends the list. */
#ifndef PF_JOURNAL_SQLITE_ROWS_H
#define PF_JOURNAL_SQLITE_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROWS_BYTES_MAX \
	48 /* two quotes, 6 digits, a kind of at most 19, a dot, at most 10, a comma */
#define ROWS_TIME_MAX_MS 1000000
#define KINDS_MAX 1000     /* queries of a block */
#define KINDS_BYTES_MAX 10 /* of one kind in the list */

/* One query of a block. */
struct rows_entry {
	int64_t kind; /* 0: taken out */
	uint32_t after_ms, took_us;
};

/* Writes one entry with its comma to `out` (ROWS_BYTES_MAX); returns its length. `after_ms` < ROWS_TIME_MAX_MS. */
size_t rows_write(char *out, const struct rows_entry *entry);

/* A walk over block.rows. */
struct rows {
	const char *at, *end;
};

void rows_begin(struct rows *rows, const char *text, size_t length);
bool rows_next(struct rows *rows, struct rows_entry *entry);

/* Writes at most KINDS_MAX kinds (any order, doubles allowed; sorted here) as a list; `out` has room for KINDS_BYTES_MAX each. */
size_t kinds_write(int64_t *kinds, size_t count, uint8_t *out);

struct kinds {
	const uint8_t *at, *end;
	uint64_t kind;
};

void kinds_begin(struct kinds *kinds, const void *bytes, size_t length);
bool kinds_next(struct kinds *kinds, int64_t *kind);

#endif
