/* Unit tests of upstream/wheel.h: what was started rings once, in its time and in its turn; what was stopped does not; and the loop
 * sleeps meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "upstream/wheel.h"

#define TIMERS 6

struct bell {
	struct wheel_timer timer;
	struct world *world;
	unsigned rung, after; /* how often; how many others had rung before */
	uint64_t again_ms;    /* rung: it is started anew for so much later; 0: it is not */
};

struct world {
	uv_loop_t loop;
	struct wheel wheel;
	unsigned rung;
	struct bell bells[TIMERS];
};

static void on_ring(struct wheel_timer *timer)
{
	struct bell *bell = (struct bell *)timer;
	struct world *world = bell->world;
	uint64_t now_ms = uv_now(&world->loop);
	assert_true(now_ms >= timer->due_ms);
	bell->rung++;
	bell->after = world->rung++;
	if (bell->again_ms)
		wheel_start(&world->wheel, timer, now_ms + bell->again_ms);
	bell->again_ms = 0;
}

static int build(void **state)
{
	struct world *world = calloc(1, sizeof *world);
	assert_non_null(world);
	uv_loop_init(&world->loop);
	wheel_init(&world->wheel, &world->loop, on_ring);
	for (size_t i = 0; i < TIMERS; i++)
		world->bells[i].world = world;
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;
	wheel_close(&world->wheel);
	uv_run(&world->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&world->loop), 0);
	free(world);
	return 0;
}

static void start(struct world *world, size_t bell, uint64_t in_ms)
{
	wheel_start(&world->wheel, &world->bells[bell].timer, uv_now(&world->loop) + in_ms);
}

static void each_rings_once_and_in_its_turn(void **state)
{
	struct world *world = *state;
	start(world, 0, 9);
	start(world, 1, 3);
	start(world, 2, 0);
	start(world, 3, 5);
	start(world, 4, 7);
	start(world, 1, 12); /* set anew */
	wheel_stop(&world->bells[3].timer);
	wheel_stop(&world->bells[3].timer);
	world->bells[2].again_ms = 20;
	while (world->rung < 5)
		uv_run(&world->loop, UV_RUN_ONCE);
	uv_run(&world->loop, UV_RUN_NOWAIT);
	assert_int_equal(world->bells[2].rung, 2);
	assert_int_equal(world->bells[2].after, 4);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(world->bells[i].rung, 1);
	assert_int_equal(world->bells[3].rung, 0);
	assert_int_equal(world->bells[4].rung, 1);
	assert_int_equal(world->bells[5].rung, 0);
}

/* In the slot of one that rings stands another that is due when the wheel has come round: nobody turns in circles for it. */
static void what_is_due_a_turn_later_waits_for_it(void **state)
{
	struct world *world = *state;
	unsigned turns = 0;
	start(world, 0, 10);
	start(world, 1, 10 + WHEEL_SLOTS);
	start(world, 2, 10 + 2 * WHEEL_SLOTS);
	start(world, 3, 15);
	while (world->rung < 2) {
		uv_run(&world->loop, UV_RUN_ONCE);
		assert_true(++turns < 100);
	}
	assert_int_equal(world->bells[0].rung, 1);
	assert_int_equal(world->bells[3].rung, 1);
	assert_int_equal(world->wheel.armed_ms, world->bells[1].timer.due_ms);
	wheel_stop(&world->bells[1].timer);
	wheel_stop(&world->bells[2].timer);
}

/* One whose time was over before it was started. */
static void what_is_late_rings_at_once(void **state)
{
	struct world *world = *state;
	start(world, 0, 2);
	while (!world->rung)
		uv_run(&world->loop, UV_RUN_ONCE);
	wheel_start(&world->wheel, &world->bells[1].timer, 0);
	while (world->rung < 2)
		uv_run(&world->loop, UV_RUN_ONCE);
	assert_int_equal(world->bells[1].rung, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_rings_once_and_in_its_turn, build, tear_down),
		cmocka_unit_test_setup_teardown(what_is_due_a_turn_later_waits_for_it, build, tear_down),
		cmocka_unit_test_setup_teardown(what_is_late_rings_at_once, build, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
