/* The sums that cover a time, see span.h. */
#include "journal/sqlite/span.h"

#include <stdbool.h>

#define HOURS_PER_DAY 24
#define DAYS_PER_ERA INT64_C(146097)     /* 400 years of the Gregorian calendar */
#define DAYS_BEFORE_1970 INT64_C(719468) /* from 1 March of the year 0 */

/* Years are counted from March, so that the leap day is the last of one. */
int64_t span_month(int64_t day)
{
	int64_t shifted = day + DAYS_BEFORE_1970;
	int64_t era = (shifted >= 0 ? shifted : shifted - DAYS_PER_ERA + 1) / DAYS_PER_ERA;
	int64_t of_era = shifted - era * DAYS_PER_ERA;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153; /* 0: March */
	return (era * 400 + year) * 12 + month + 2;
}

int64_t span_first_day(int64_t month)
{
	int64_t since_march = month - 2;
	int64_t years = (since_march >= 0 ? since_march : since_march - 11) / 12;
	int64_t of_year = since_march - years * 12;
	int64_t era = (years >= 0 ? years : years - 399) / 400;
	int64_t year = years - era * 400;
	return era * DAYS_PER_ERA + year * 365 + year / 4 - year / 100 + (153 * of_year + 2) / 5 -
	       DAYS_BEFORE_1970;
}

struct cover {
	struct span *spans;
	size_t count;
};

static void add(struct cover *cover, enum grain grain, int64_t from, int64_t to)
{
	if (from <= to)
		cover->spans[cover->count++] = (struct span){grain, from, to};
}

static void cover_days(struct cover *cover, int64_t from, int64_t to, enum grain coarsest)
{
	if (coarsest == GRAIN_DAY) {
		add(cover, GRAIN_DAY, from, to);
		return;
	}
	bool open = to == INT64_MAX;
	int64_t first = span_month(from), last = open ? INT64_MAX : span_month(to + 1) - 1;
	if (span_first_day(first) != from)
		first++;
	if (first > last) {
		add(cover, GRAIN_DAY, from, to);
		return;
	}
	add(cover, GRAIN_DAY, from, span_first_day(first) - 1);
	add(cover, GRAIN_MONTH, first, last);
	if (!open)
		add(cover, GRAIN_DAY, span_first_day(last + 1), to);
}

size_t spans_cover(int64_t from, int64_t to, enum grain finest, enum grain coarsest,
                   struct span spans[SPANS_MAX])
{
	struct cover cover = {spans, 0};
	bool open = to == INT64_MAX;
	if (from < 0)
		from = 0;
	if (finest == GRAIN_DAY) {
		cover_days(&cover, from / HOURS_PER_DAY, open ? to : to / HOURS_PER_DAY, coarsest);
		return cover.count;
	}
	int64_t first = (from + HOURS_PER_DAY - 1) / HOURS_PER_DAY;
	int64_t last = open ? INT64_MAX : (to + 1) / HOURS_PER_DAY - 1;
	if (coarsest == GRAIN_HOUR || first > last) {
		add(&cover, GRAIN_HOUR, from, to);
		return cover.count;
	}
	add(&cover, GRAIN_HOUR, from, first * HOURS_PER_DAY - 1);
	cover_days(&cover, first, last, coarsest);
	if (!open)
		add(&cover, GRAIN_HOUR, (last + 1) * HOURS_PER_DAY, to);
	return cover.count;
}
