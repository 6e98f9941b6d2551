/* Private to journal/sqlite/: puts rows in the order of their tables. */
#ifndef PF_JOURNAL_SQLITE_ORDER_H
#define PF_JOURNAL_SQLITE_ORDER_H

#include <stddef.h>
#include <stdint.h>

#define ORDER_PARTS 3

/* Sorts rows of `size` bytes, in no particular order of equal ones. `parts` says what they are ordered by first, none of it negative;
 * `compare` says it all. Numbers that are close to each other are sorted by their digits, a tenth of the work of comparing. */
void order_rows(void *rows, size_t count, size_t size,
                void (*parts)(const void *row, int64_t parts[ORDER_PARTS]),
                int (*compare)(const void *left, const void *right));

#endif
