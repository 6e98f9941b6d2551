/* Private to recognise/: the table of suffixes. */
#ifndef PF_RECOGNISE_TABLE_H
#define PF_RECOGNISE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recognise/recognise.h"

#define TABLE_BYTES_MAX (4u << 20) /* ours has 50 KB */
#define TABLE_ROWS_MAX 50000
#define TABLE_VENDORS_MAX 1000

struct table_row {
	const char *suffix, *kind, *sources; /* kind NULL: it does not say */
	uint32_t vendor;                     /* index; TABLE_SHARED: a service of many */
	double weight;
};
#define TABLE_SHARED UINT32_MAX

struct recognise {
	char *text; /* all strings point into it */
	size_t row_count, vendor_count, suffix_count;
	struct table_row *rows; /* sorted by suffix, then vendor */
	const char **vendors;   /* sorted */
};

/* The rows of the longest suffix of `name` that the table has: the first, and how many; NULL: none. */
const struct table_row *recognise_find(const struct recognise *table, const char *name,
                                       size_t *count);

#endif
