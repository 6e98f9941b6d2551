/* The figures of health.h. */
#include "upstream/health.h"

static uint32_t smooth_loss(uint32_t loss, uint32_t sample)
{
	return (uint32_t)(((uint64_t)loss * 7 + sample) / 8);
}

void health_answered(struct health *health, uint64_t rtt_us, uint64_t now_ms)
{
	health->failures = 0;
	health->loss = smooth_loss(health->loss, 0);
	/* Of a server that is back little more than its loss is wrong, which only answers can mend. */
	bool mends = health->loss > HEALTH_LOSS_ONE / 16;
	health->probe_ms = now_ms + (mends ? HEALTH_PROBE_MIN_MS : HEALTH_REFRESH_MS);
	if (!health->rtt_us) {
		health->rtt_us = rtt_us + 1;
		health->varies_us = rtt_us / 2;
		return;
	}
	uint64_t away_us = rtt_us > health->rtt_us ? rtt_us - health->rtt_us : health->rtt_us - rtt_us;
	health->varies_us = (health->varies_us * 3 + away_us) / 4;
	health->rtt_us = (health->rtt_us * 7 + rtt_us) / 8;
	if (!health->rtt_us)
		health->rtt_us = 1;
}

void health_failed(struct health *health, uint64_t now_ms)
{
	unsigned shift = health->failures < 5 ? health->failures : 5;
	uint64_t pause_ms = (uint64_t)HEALTH_PROBE_MIN_MS << shift;
	health->failures++;
	health->loss = smooth_loss(health->loss, HEALTH_LOSS_ONE);
	health->probe_ms = now_ms + (pause_ms < HEALTH_PROBE_MAX_MS ? pause_ms : HEALTH_PROBE_MAX_MS);
}

uint64_t health_patience_ms(const struct health *health)
{
	if (!health->rtt_us)
		return HEALTH_PATIENCE_NEW_MS;
	/* Of what varies as most things do, nineteen of twenty stand within twice the mean deviation. */
	uint64_t late_ms = (health->rtt_us + 2 * health->varies_us) / 1000 + 1;
	if (late_ms < HEALTH_PATIENCE_MIN_MS)
		return HEALTH_PATIENCE_MIN_MS;
	return late_ms < HEALTH_PATIENCE_MAX_MS ? late_ms : HEALTH_PATIENCE_MAX_MS;
}

static uint64_t cost_us(const struct health *health)
{
	return health->rtt_us +
	       (uint64_t)health->loss * (HEALTH_PATIENCE_MAX_MS * 1000) / HEALTH_LOSS_ONE;
}

bool health_is_better(const struct health *a, const struct health *b)
{
	if (a->failures != b->failures)
		return a->failures < b->failures;
	return cost_us(a) < cost_us(b);
}

bool health_probe_is_due(struct health *health, uint64_t now_ms)
{
	if (!health->probe_ms)
		health->probe_ms = now_ms + HEALTH_REFRESH_MS;
	if (now_ms < health->probe_ms)
		return false;
	/* Until it answers or fails: one at a time. */
	health->probe_ms = now_ms + HEALTH_REFRESH_MS;
	return true;
}
