/* The clocks of clock.h, and times as text. */
#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/error.h"

#define US_PER_SECOND 1000000LL
#define DURATION_US_MAX (100LL * 366 * 86400 * US_PER_SECOND)

static int64_t read_clock(clockid_t clock)
{
	struct timespec ts;
	clock_gettime(clock, &ts);
	return ts.tv_sec * US_PER_SECOND + ts.tv_nsec / 1000;
}

struct now clock_now(void)
{
	return (struct now){read_clock(CLOCK_MONOTONIC), read_clock(CLOCK_REALTIME)};
}

void clock_format(int64_t wall_us, char text[CLOCK_TEXT_MAX])
{
	time_t seconds = (time_t)(wall_us / US_PER_SECOND);
	struct tm utc;
	gmtime_r(&seconds, &utc);
	size_t used = strftime(text, CLOCK_TEXT_MAX, "%Y-%m-%dT%H:%M:%S", &utc);
	unsigned ms = (unsigned)(wall_us % US_PER_SECOND / 1000) % 1000;
	snprintf(text + used, CLOCK_TEXT_MAX - used, ".%03uZ", ms);
}

int clock_parse_duration(const char *text, int64_t *duration_us)
{
	static const struct {
		const char *unit;
		int64_t us;
	} units[] = {
		{"ms", 1000},
		{"s", US_PER_SECOND},
		{"m", 60 * US_PER_SECOND},
		{"h", 3600 * US_PER_SECOND},
		{"d", 86400 * US_PER_SECOND},
		{"w", 7 * 86400 * US_PER_SECOND},
	};
	int64_t number = 0;
	const char *c = text;
	for (; *c >= '0' && *c <= '9'; c++) {
		number = number * 10 + (*c - '0');
		if (number > DURATION_US_MAX)
			return PF_EFULL;
	}
	if (c == text)
		return PF_EINVAL;
	for (size_t i = 0; i < PF_COUNT(units); i++) {
		if (strcmp(c, units[i].unit))
			continue;
		if (number > DURATION_US_MAX / units[i].us)
			return PF_EFULL;
		*duration_us = number * units[i].us;
		return PF_OK;
	}
	return PF_EINVAL;
}
