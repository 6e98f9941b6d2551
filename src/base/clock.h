/* The two clocks. Stages are handed `now` and never fetch it: only the edges
 * (net, control, journal) call these. */
#ifndef PF_BASE_CLOCK_H
#define PF_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

/* Both times of one moment. */
struct now {
	int64_t mono_us; /* CLOCK_MONOTONIC, microseconds: for timeouts, TTLs, durations */
	int64_t wall_us; /* CLOCK_REALTIME, microseconds since 1970-01-01 UTC: for the journal */
};

struct now clock_now(void);

#define CLOCK_TEXT_MAX 32

/* "2026-11-23T20:26:23.123Z" */
void clock_format(int64_t wall_us, char text[CLOCK_TEXT_MAX]);

/* "10m", "1h", "30d", "90s", "2w", "250ms" to microseconds; PF_EINVAL when it is
 * no duration, PF_EFULL when it is over 100 years. A bare number is no duration. */
int clock_parse_duration(const char *text, int64_t *duration_us);

#endif
