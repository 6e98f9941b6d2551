/* When sources are asked again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "fetch/source.h"

#define S 1000000LL
#define H (3600 * S)

static const uint64_t draws[] = {0, 1, 12345678901234567ull, UINT64_MAX};

static void jittered_but_never_later(void **state)
{
	(void)state;
	struct source source = {.list.refresh_us = 24 * H};
	for (size_t i = 0; i < PF_COUNT(draws); i++)
		assert_in_range(schedule_next_us(&source, draws[i]), 24 * H * 9 / 10, 24 * H);
	assert_int_not_equal(schedule_next_us(&source, 1), schedule_next_us(&source, 12345));
}

static void failures_wait_longer(void **state)
{
	(void)state;
	struct source source = {.list.refresh_us = 24 * H};
	int64_t before = 0;
	for (source.failures = 1; source.failures <= 7; source.failures++) {
		int64_t delay = schedule_next_us(&source, 0);
		assert_int_equal(delay, 60 * S << (source.failures - 1));
		assert_true(delay > before);
		before = delay;
	}
	for (source.failures = 8; source.failures < 1000; source.failures += 100)
		assert_int_equal(schedule_next_us(&source, 0), 2 * H);
	source.failures = UINT32_MAX;
	assert_int_equal(schedule_next_us(&source, 0), 2 * H);
	source.retry_after_us = 5 * H; /* the server asks for patience */
	assert_int_equal(schedule_next_us(&source, 0), 5 * H);
	source.retry_after_us = INT64_MAX; /* and gets a day of it */
	assert_int_equal(schedule_next_us(&source, 0), 24 * H);
	source.retry_after_us = 0;
	source.list.refresh_us = 10 * S; /* never rarer than when all is well */
	assert_int_equal(schedule_next_us(&source, 0), 10 * S);
	source.failures = 1;
	assert_int_equal(schedule_next_us(&source, 0), 10 * S / 4);
}

static void zones_say_it_themselves(void **state)
{
	(void)state;
	struct config_rpz rpz = {0};
	struct source source = {.list.rpz = &rpz, .list.refresh_us = 24 * H};
	assert_int_equal(schedule_next_us(&source, 0), H); /* nothing is known of it yet */
	source.state = (struct copy_state){.has_serial = true, .refresh_s = 900, .retry_s = 60};
	assert_int_equal(schedule_next_us(&source, 0), 900 * S);
	source.failures = 9;
	assert_int_equal(schedule_next_us(&source, 0), 60 * S);
	source.state.refresh_s = source.state.retry_s = 0; /* a flood */
	assert_int_equal(schedule_next_us(&source, 0), 2 * S);
	source.failures = 0;
	assert_int_equal(schedule_next_us(&source, 0), 10 * S);
	source.state.refresh_s = UINT32_MAX;
	assert_int_equal(schedule_next_us(&source, 0), 7 * 24 * H);
}

static void the_start(void **state)
{
	(void)state;
	struct source source = {.list.refresh_us = 24 * H};
	struct now now = {.wall_us = 1000 * H};
	assert_int_equal(schedule_first_us(&source, now, 5), 0); /* no copy: at once */
	source.state.checked_wall_us = now.wall_us - H;
	assert_int_equal(schedule_first_us(&source, now, 0), 23 * H);
	source.state.checked_wall_us = now.wall_us - 48 * H; /* long due: within seconds */
	for (size_t i = 0; i < PF_COUNT(draws); i++)
		assert_in_range(schedule_first_us(&source, now, draws[i]), 0, 10 * S);
	source.state.checked_wall_us = now.wall_us + 9000 * H; /* a clock that was wrong */
	assert_int_equal(schedule_first_us(&source, now, 0), 24 * H);
	source.state.expired = true;
	assert_int_equal(schedule_first_us(&source, now, 0), 0);
}

static void expiry(void **state)
{
	(void)state;
	struct now now = {.wall_us = 1000 * H};
	struct copy_state copy = {.has_serial = true, .expire_s = 3600, .checked_wall_us = 1000 * H};
	assert_int_equal(schedule_expiry_us(&copy, now), H);
	now.wall_us += H - 1;
	assert_int_equal(schedule_expiry_us(&copy, now), 1);
	now.wall_us += 1;
	assert_int_equal(schedule_expiry_us(&copy, now), 0);
	now.wall_us = 0; /* a clock that has lost its time knows nothing */
	assert_int_equal(schedule_expiry_us(&copy, now), INT64_MAX);
	now.wall_us = 5000 * H;
	copy.expired = true; /* it has been already */
	assert_int_equal(schedule_expiry_us(&copy, now), INT64_MAX);
	assert_int_equal(schedule_expiry_us(&(struct copy_state){.checked_wall_us = 1}, now),
	                 INT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jittered_but_never_later),
		cmocka_unit_test(failures_wait_longer),
		cmocka_unit_test(zones_say_it_themselves),
		cmocka_unit_test(the_start),
		cmocka_unit_test(expiry),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
