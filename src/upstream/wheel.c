/* The ring of wheel.h. */
#include "upstream/wheel.h"

#include <stddef.h>

static void on_timer(uv_timer_t *handle);

static size_t slot_of(uint64_t ms)
{
	return ms & (WHEEL_SLOTS - 1);
}

static void link(struct wheel_timer **list, struct wheel_timer *timer)
{
	timer->next = *list;
	timer->at = list;
	if (timer->next)
		timer->next->at = &timer->next;
	*list = timer;
}

static void arm(struct wheel *wheel, uint64_t due_ms)
{
	uint64_t now_ms = uv_now(wheel->loop);
	if (!wheel->timer.data) {
		uv_timer_init(wheel->loop, &wheel->timer);
		wheel->timer.data = wheel;
	}
	wheel->armed_ms = due_ms;
	uv_timer_start(&wheel->timer, on_timer, due_ms > now_ms ? due_ms - now_ms : 0, 0);
}

static bool is_busy(const struct wheel *wheel, size_t slot)
{
	return wheel->busy[slot / 64] >> slot % 64 & 1;
}

/* For the first that is due. In its slot may stand others that are due turns of the wheel later. */
static void arm_for_next(struct wheel *wheel)
{
	uint64_t first_ms = UINT64_MAX;
	for (size_t i = 0; i < WHEEL_SLOTS && wheel->swept_ms + i < first_ms; i++) {
		size_t slot = slot_of(wheel->swept_ms + i);
		if (!is_busy(wheel, slot))
			continue;
		if (!wheel->slots[slot])
			wheel->busy[slot / 64] &= ~(UINT64_C(1) << slot % 64); /* they were stopped */
		for (const struct wheel_timer *timer = wheel->slots[slot]; timer; timer = timer->next)
			if (timer->due_ms < first_ms)
				first_ms = timer->due_ms;
	}
	if (first_ms != UINT64_MAX)
		arm(wheel, first_ms);
}

/* Moves those of a slot that are due to a list's end, which it returns. */
static struct wheel_timer **take_due(struct wheel *wheel, size_t slot, uint64_t now_ms,
                                     struct wheel_timer **end)
{
	struct wheel_timer *next;
	for (struct wheel_timer *timer = wheel->slots[slot]; timer; timer = next) {
		next = timer->next;
		if (timer->due_ms > now_ms)
			continue;
		wheel_stop(timer);
		link(end, timer);
		end = &timer->next;
	}
	return end;
}

static void on_timer(uv_timer_t *handle)
{
	struct wheel *wheel = handle->data;
	struct wheel_timer *due = NULL, **end = &due;
	uint64_t now_ms = uv_now(handle->loop), from_ms = wheel->swept_ms;
	wheel->armed_ms = UINT64_MAX;
	if (now_ms - from_ms >= WHEEL_SLOTS)
		from_ms = now_ms - (WHEEL_SLOTS - 1);
	for (uint64_t ms = from_ms; ms <= now_ms; ms++)
		end = take_due(wheel, slot_of(ms), now_ms, end);
	wheel->swept_ms = now_ms;
	while (due) {
		struct wheel_timer *timer = due;
		wheel_stop(timer);
		wheel->ring(timer);
	}
	arm_for_next(wheel);
}

void wheel_init(struct wheel *wheel, uv_loop_t *loop, wheel_ring ring)
{
	*wheel = (struct wheel){.loop = loop,
	                        .ring = ring,
	                        .swept_ms = uv_now(loop),
	                        .armed_ms = UINT64_MAX};
}

void wheel_close(struct wheel *wheel)
{
	if (wheel->timer.data)
		uv_close((uv_handle_t *)&wheel->timer, NULL);
}

void wheel_start(struct wheel *wheel, struct wheel_timer *timer, uint64_t due_ms)
{
	if (due_ms < wheel->swept_ms)
		due_ms = wheel->swept_ms; /* an earlier slot's turn is over */
	size_t slot = slot_of(due_ms);
	wheel_stop(timer);
	timer->due_ms = due_ms;
	link(&wheel->slots[slot], timer);
	wheel->busy[slot / 64] |= UINT64_C(1) << slot % 64;
	if (due_ms < wheel->armed_ms)
		arm(wheel, due_ms);
}

void wheel_stop(struct wheel_timer *timer)
{
	if (!timer->at)
		return;
	*timer->at = timer->next;
	if (timer->next)
		timer->next->at = timer->at;
	timer->at = NULL;
}
