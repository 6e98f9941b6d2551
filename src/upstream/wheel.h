/* Private to upstream/: the timers of all questions of one worker, on one timer of the loop. Nearly every question is answered long before its
 * timer would ring, so to start and to stop one costs a few stores: a ring of slots, one for each millisecond, and the loop's timer for the
 * first that holds anything. */
#ifndef PF_UPSTREAM_WHEEL_H
#define PF_UPSTREAM_WHEEL_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#define WHEEL_SLOTS 512 /* a power of two: what is due later comes round more than once */

/* Zeroed at first; part of what it is the timer of. */
struct wheel_timer {
	struct wheel_timer *next, **at; /* among those of its slot; `at` NULL: it does not run */
	uint64_t due_ms;
};

typedef void (*wheel_ring)(struct wheel_timer *timer);

struct wheel {
	uv_loop_t *loop;
	uv_timer_t timer; /* the loop knows it from the first start on: then `data` is set */
	wheel_ring ring;
	uint64_t swept_ms; /* what was due before has rung */
	uint64_t armed_ms; /* what the loop's timer is set to; UINT64_MAX: it does not run */
	uint64_t busy[WHEEL_SLOTS / 64]; /* a bit for each slot that may hold one */
	struct wheel_timer *slots[WHEEL_SLOTS];
};

/* `ring` is called, from the loop, for each timer whose time has come; it runs no more then, and may be started again. */
void wheel_init(struct wheel *wheel, uv_loop_t *loop, wheel_ring ring);
/* No timer may run any more. The loop closes the handle, if there is one. */
void wheel_close(struct wheel *wheel);

/* Rings at this time of the loop's clock, or as soon as can be; one that runs is set anew. */
void wheel_start(struct wheel *wheel, struct wheel_timer *timer, uint64_t due_ms);
void wheel_stop(struct wheel_timer *timer);

#endif
