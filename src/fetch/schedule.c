/* When a source is asked again: as its owner or its zone says, a little earlier by chance, so that a thousand houses that were
 * switched on together do not come together; after failures later and later. */
#include "fetch/source.h"

#define SECOND_US 1000000LL
#define HOUR_US (3600 * SECOND_US)
#define JITTER_PART 10 /* a tenth */
#define BACKOFF_FIRST_US (60 * SECOND_US)
#define BACKOFF_LONGEST_US (2 * HOUR_US)
#define BACKOFF_DOUBLINGS_MAX 16
#define START_SPREAD_US (10 * SECOND_US) /* over which what is due at the start is spread */
/* A zone's SOA is a stranger's: it may ask for neither a flood nor for ever. */
#define ZONE_REFRESH_MIN_US (10 * SECOND_US)
#define ZONE_RETRY_MIN_US (2 * SECOND_US)
#define ZONE_LONGEST_US (7 * 24 * HOUR_US)

static int64_t between(int64_t value, int64_t least, int64_t most)
{
	return value < least ? least : value > most ? most : value;
}

static int64_t jitter(int64_t delay_us, uint64_t random)
{
	int64_t part = delay_us / JITTER_PART;
	return part > 0 ? delay_us - (int64_t)(random % (uint64_t)part) : delay_us;
}

static int64_t refresh_us(const struct source *source)
{
	if (!source->list.rpz)
		return source->list.refresh_us;
	if (!source->state.has_serial)
		return HOUR_US;
	return between(source->state.refresh_s * SECOND_US, ZONE_REFRESH_MIN_US, ZONE_LONGEST_US);
}

static int64_t backoff_us(const struct source *source, int64_t refresh)
{
	if (source->state.has_serial)
		return between(source->state.retry_s * SECOND_US, ZONE_RETRY_MIN_US, ZONE_LONGEST_US);
	unsigned doublings = source->failures - 1;
	if (doublings > BACKOFF_DOUBLINGS_MAX)
		doublings = BACKOFF_DOUBLINGS_MAX;
	int64_t first = between(refresh / 4, SECOND_US / 4, BACKOFF_FIRST_US);
	int64_t longest = refresh < BACKOFF_LONGEST_US ? refresh : BACKOFF_LONGEST_US;
	int64_t asked = between(source->retry_after_us, 0, 24 * HOUR_US);
	int64_t delay = between(first << doublings, first, longest > first ? longest : first);
	return delay > asked ? delay : asked;
}

int64_t schedule_next_us(const struct source *source, uint64_t random)
{
	int64_t refresh = refresh_us(source);
	return jitter(source->failures ? backoff_us(source, refresh) : refresh, random);
}

int64_t schedule_first_us(const struct source *source, struct now now, uint64_t random)
{
	const struct copy_state *state = &source->state;
	if (!state->checked_wall_us || state->expired)
		return 0;
	int64_t refresh = refresh_us(source);
	int64_t due = jitter(refresh, random) - (now.wall_us - state->checked_wall_us);
	int64_t spread = between(refresh / JITTER_PART, 1, START_SPREAD_US);
	/* A clock that stood in the future must not put it off for more than once. */
	return due > 0 ? between(due, 0, refresh) : (int64_t)(random % (uint64_t)spread);
}

int64_t schedule_expiry_us(const struct copy_state *state, struct now now)
{
	if (!state->has_serial || state->expired || now.wall_us < state->checked_wall_us)
		return INT64_MAX; /* a clock without a battery, at boot: nobody knows */
	int64_t left = state->checked_wall_us + state->expire_s * SECOND_US - now.wall_us;
	return left > 0 ? left : 0;
}
