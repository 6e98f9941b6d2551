/* Rules of zone_rule.h. */
#include "base/zone_rule.h"

#include <string.h>

#define DAY_S 86400
#define HOUR_MAX 167 /* RFC 8536, 3.3.1 */
#define SUMMER_DEFAULT_S 3600
#define CHANGE_DEFAULT_S (2 * 3600)

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A number of at most three digits. */
static bool take_number(const char **at, int min, int max, int *out)
{
	int number = 0;
	const char *c = *at;
	while (is_digit(*c) && c - *at < 3)
		number = number * 10 + (*c++ - '0');
	if (c == *at || is_digit(*c) || number < min || number > max)
		return false;
	*at = c;
	*out = number;
	return true;
}

static bool take_char(const char **at, char c)
{
	if (**at != c)
		return false;
	++*at;
	return true;
}

/* [+-]hh[:mm[:ss]] */
static bool take_time(const char **at, int32_t *out_s)
{
	int hours, minutes = 0, seconds = 0;
	bool negative = **at == '-';
	if (**at == '-' || **at == '+')
		++*at;
	if (!take_number(at, 0, HOUR_MAX, &hours))
		return false;
	if (take_char(at, ':') && !take_number(at, 0, 59, &minutes))
		return false;
	if ((*at)[-1] != ':' && take_char(at, ':') && !take_number(at, 0, 59, &seconds))
		return false;
	int32_t time_s = hours * 3600 + minutes * 60 + seconds;
	*out_s = negative ? -time_s : time_s;
	return true;
}

/* "CET" or "<+03>": what it is called is nothing to us. */
static bool skip_name(const char **at)
{
	const char *begin = *at;
	if (**at == '<') {
		const char *end = strchr(*at, '>');
		*at = end ? end + 1 : *at;
		return end != NULL;
	}
	while ((**at >= 'A' && **at <= 'Z') || (**at >= 'a' && **at <= 'z'))
		++*at;
	return *at - begin >= 3;
}

static bool take_day(const char **at, struct zone_day *day)
{
	if (!take_char(at, ','))
		return false;
	*day = (struct zone_day){.kind = ZONE_DAY_ZERO, .time_s = CHANGE_DEFAULT_S};
	if (take_char(at, 'M')) {
		day->kind = ZONE_DAY_MONTH;
		if (!take_number(at, 1, 12, &day->month) || !take_char(at, '.') ||
		    !take_number(at, 1, 5, &day->week) || !take_char(at, '.') ||
		    !take_number(at, 0, 6, &day->weekday))
			return false;
	} else if (take_char(at, 'J')) {
		day->kind = ZONE_DAY_JULIAN;
		if (!take_number(at, 1, 365, &day->day))
			return false;
	} else if (!take_number(at, 0, 365, &day->day)) {
		return false;
	}
	return !take_char(at, '/') || take_time(at, &day->time_s);
}

int zone_rule_parse(const char *text, struct zone_rule *rule)
{
	const char *at = text;
	int32_t west_s;
	*rule = (struct zone_rule){0};
	if (!skip_name(&at) || !take_time(&at, &west_s))
		return PF_EINVAL;
	rule->standard_s = -west_s; /* POSIX counts to the west */
	if (!*at)
		return PF_OK;
	rule->has_summer = true;
	rule->summer_s = rule->standard_s + SUMMER_DEFAULT_S;
	if (!skip_name(&at))
		return PF_EINVAL;
	if (*at != ',') {
		if (!take_time(&at, &west_s))
			return PF_EINVAL;
		rule->summer_s = -west_s;
	}
	return take_day(&at, &rule->start) && take_day(&at, &rule->end) && !*at ? PF_OK : PF_EINVAL;
}

/* ---- the calendar ------------------------------------------------------------------------ */

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int64_t zone_year_s(int year)
{
	int64_t before = year - 1;
	int64_t days = before * 365 + before / 4 - before / 100 + before / 400;
	return (days - 719162) * DAY_S; /* 719,162 days lie before 1970 */
}

/* The day of the year, from 0. */
static int day_of_year(const struct zone_day *day, int year)
{
	static const int before_month[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
	bool leap = is_leap(year);
	if (day->kind == ZONE_DAY_ZERO)
		return day->day;
	if (day->kind == ZONE_DAY_JULIAN) /* February 29 is never counted */
		return day->day - 1 + (leap && day->day >= 60);
	int first = before_month[day->month - 1] + (leap && day->month > 2);
	int next = before_month[day->month] + (leap && day->month > 1);
	int weekday = (int)((zone_year_s(year) / DAY_S + 4 + first) % 7); /* 1970 began on a Thursday */
	int found = first + (day->weekday - weekday + 7) % 7 + (day->week - 1) * 7;
	return found < next ? found : found - 7; /* week 5 is the last one */
}

static int64_t moment(const struct zone_day *day, int year, int32_t offset_s)
{
	return zone_year_s(year) + (int64_t)day_of_year(day, year) * DAY_S + day->time_s - offset_s;
}

int64_t zone_rule_start(const struct zone_rule *rule, int year)
{
	return moment(&rule->start, year, rule->standard_s);
}

int64_t zone_rule_end(const struct zone_rule *rule, int year)
{
	return moment(&rule->end, year, rule->summer_s);
}
