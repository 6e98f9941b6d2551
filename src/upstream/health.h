/* Private to upstream/: how well a server does, as this worker knows it: its smoothed round-trip time and how much that varies
 * (RFC 6298, 2), how much is lost, and whether it has been silent lately. Nobody is ever given up: who was
 * silent comes last, and is probed until it answers again. */
#ifndef PF_UPSTREAM_HEALTH_H
#define PF_UPSTREAM_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "upstream/upstream.h"

#define HEALTH_LOSS_ONE UPSTREAM_LOSS_ONE
#define HEALTH_PATIENCE_MIN_MS 30
#define HEALTH_PATIENCE_MAX_MS 400
#define HEALTH_PATIENCE_NEW_MS 200 /* of a server that nothing is known of */
#define HEALTH_PROBE_MIN_MS \
	500 /* after a first silence; twice as long after each more, up to the next */
#define HEALTH_PROBE_MAX_MS 16000
#define HEALTH_REFRESH_MS 10000 /* a server that is well and not the best is measured so often */

struct health {
	uint64_t rtt_us, varies_us; /* smoothed; rtt 0: not measured */
	uint32_t loss;              /* smoothed, of HEALTH_LOSS_ONE */
	unsigned failures;          /* since its last answer */
	uint64_t probe_ms;          /* when it is to be probed next, if nobody asks it; 0: not set */
};

void health_answered(struct health *health, uint64_t rtt_us, uint64_t now_ms);
/* No answer, or nobody there. */
void health_failed(struct health *health, uint64_t now_ms);

/* After so long nineteen of twenty answers are there (p95); whoever can, asks another one then. */
uint64_t health_patience_ms(const struct health *health);

/* Is `a` to be asked before `b`? Those that did not fail lately first, then by time, where a lost question costs
 * HEALTH_PATIENCE_MAX_MS. One that is not measured counts as fast. */
bool health_is_better(const struct health *a, const struct health *b);

/* Is it time to probe a server that is not asked first? True: the next time is set. */
bool health_probe_is_due(struct health *health, uint64_t now_ms);

#endif
