/* Private to base/: the rule at the end of a zone's file, for the years behind its table: "CET-1CEST,M3.5.0,M10.5.0/3"
 * (POSIX, with the hours of RFC 8536, 3.3.1). */
#ifndef PF_BASE_ZONE_RULE_H
#define PF_BASE_ZONE_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* A day of each year and a time of it. */
struct zone_day {
	enum { ZONE_DAY_MONTH, ZONE_DAY_JULIAN, ZONE_DAY_ZERO } kind; /* Mm.w.d, Jn, n */
	int month, week, weekday;                                     /* Mm.w.d */
	int day;                                                      /* Jn: 1–365, n: 0–365 */
	int32_t time_s;                                               /* of the local clock before */
};

struct zone_rule {
	int32_t standard_s, summer_s; /* seconds to add to UTC */
	bool has_summer;
	struct zone_day start, end; /* of summer time */
};

/* PF_OK, or PF_EINVAL. */
PF_MUST_CHECK int zone_rule_parse(const char *text, struct zone_rule *rule);

/* When summer time begins and ends in that year: seconds of UTC since 1970. */
int64_t zone_rule_start(const struct zone_rule *rule, int year);
int64_t zone_rule_end(const struct zone_rule *rule, int year);

/* Seconds from 1970 to the first moment of the year, in UTC; the year is 1 or later. */
int64_t zone_year_s(int year);

#endif
