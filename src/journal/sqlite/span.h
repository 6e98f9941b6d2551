/* Private to journal/sqlite/: which sums answer a question about a time: months where they lie within it as a whole, days at the edges of these, and
 * hours at the edges of those, so that each query counts once and few rows are read. */
#ifndef PF_JOURNAL_SQLITE_SPAN_H
#define PF_JOURNAL_SQLITE_SPAN_H

#include <stddef.h>
#include <stdint.h>

enum grain { GRAIN_HOUR, GRAIN_DAY, GRAIN_MONTH };

/* Hours and days since 1970, or months as tables.h numbers them; both ends belong to it. */
struct span {
	enum grain grain;
	int64_t from, to;
};

#define SPANS_MAX 5

/* Covers the hours from..to (INT64_MAX: without an end) with what is not finer than `finest` and not coarser than `coarsest`. With
 * `finest` days these are counted as a whole. Returns how many there are. */
size_t spans_cover(int64_t from, int64_t to, enum grain finest, enum grain coarsest,
                   struct span spans[SPANS_MAX]);

/* The month in which a day is, and the first day of a month. */
int64_t span_month(int64_t day);
int64_t span_first_day(int64_t month);

#endif
