/* Unit tests of src/upstream/health: figures only, with a clock that stands where the test says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "upstream/health.h"

static void time_is_smoothed(void **state)
{
	(void)state;
	struct health health = {0};
	assert_int_equal(health_patience_ms(&health), HEALTH_PATIENCE_NEW_MS);
	for (int i = 0; i < 200; i++)
		health_answered(&health, i % 2 ? 90000 : 110000, 1);
	assert_in_range(health.rtt_us, 97000, 103000);
	assert_in_range(health.varies_us, 7000, 13000);
	/* Mean and twice the mean deviation. */
	assert_in_range(health_patience_ms(&health), 110, 130);
	for (int i = 0; i < 200; i++)
		health_answered(&health, 100, 1);
	assert_int_equal(health_patience_ms(&health), HEALTH_PATIENCE_MIN_MS);
	for (int i = 0; i < 200; i++)
		health_answered(&health, 3000000, 1);
	assert_int_equal(health_patience_ms(&health), HEALTH_PATIENCE_MAX_MS);
	struct health quick = {0};
	for (int i = 0; i < 50; i++)
		health_answered(&quick, 0, 1);
	assert_true(quick.rtt_us > 0); /* measured stays measured */
}

static void the_best_comes_first(void **state)
{
	(void)state;
	struct health fast = {0}, slow = {0}, new = {0}, silent = {0}, lossy = {0};
	for (int i = 0; i < 30; i++) {
		health_answered(&fast, 10000, 1);
		health_answered(&slow, 50000, 1);
		health_answered(&silent, 1000, 1);
		if (i % 3 == 0)
			health_failed(&lossy, 1);
		health_answered(&lossy, 10000, 1);
	}
	assert_true(health_is_better(&fast, &slow) && !health_is_better(&slow, &fast));
	assert_true(health_is_better(&new, &fast)); /* to be measured */
	assert_true(health_is_better(&silent, &fast));
	health_failed(&silent, 1);
	assert_true(health_is_better(&slow, &silent));
	/* A quarter lost costs a hundred milliseconds: the slow one is better. */
	assert_true(lossy.loss > HEALTH_LOSS_ONE / 8 && lossy.loss < HEALTH_LOSS_ONE / 2);
	assert_true(health_is_better(&slow, &lossy));
	for (int i = 0; i < 30; i++)
		health_answered(&lossy, 10000, 1);
	assert_true(health_is_better(&lossy, &slow)); /* and forgiven */
}

static void the_silent_are_probed_ever_less_but_always(void **state)
{
	(void)state;
	struct health health = {0};
	uint64_t now_ms = 1000, pause_ms = HEALTH_PROBE_MIN_MS;
	health_answered(&health, 10000, now_ms);
	assert_false(health_probe_is_due(&health, now_ms + HEALTH_REFRESH_MS - 1));
	assert_true(health_probe_is_due(&health, now_ms + HEALTH_REFRESH_MS));
	for (int i = 0; i < 40; i++) {
		health_failed(&health, now_ms);
		assert_false(health_probe_is_due(&health, now_ms + pause_ms - 1));
		now_ms += pause_ms;
		assert_true(health_probe_is_due(&health, now_ms));
		assert_false(health_probe_is_due(&health, now_ms)); /* one at a time */
		if (pause_ms < HEALTH_PROBE_MAX_MS)
			pause_ms *= 2;
	}
	health_answered(&health, 10000, now_ms);
	assert_int_equal(health.failures, 0);
	struct health new = {0};
	assert_false(health_probe_is_due(&new, 5));
	assert_true(health_probe_is_due(&new, 5 + HEALTH_REFRESH_MS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_is_smoothed),
		cmocka_unit_test(the_best_comes_first),
		cmocka_unit_test(the_silent_are_probed_ever_less_but_always),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
