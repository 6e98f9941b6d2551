/* Unit tests of src/device: the queue from the workers to the control thread. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "device/sightings.h"

#define THREADS 4
#define EACH 20000

static void count_wake(void *data)
{
	__atomic_add_fetch((unsigned *)data, 1, __ATOMIC_RELAXED);
}

static struct asker asker_number(uint32_t number)
{
	struct asker asker = {.addr = {4, {10, 0, (uint8_t)(number >> 8), (uint8_t)number}}};
	return asker;
}

static void what_is_put_is_taken_in_order(void **state)
{
	(void)state;
	unsigned wakes = 0;
	struct sightings *sightings = sightings_new(count_wake, &wakes);
	struct sighting *taken = calloc(SIGHTINGS_MAX, sizeof *taken);
	struct asker asker = asker_number(7);
	sightings_put_unknown(sightings, &asker, 1);
	sightings_put_asked(sightings, "mac:24:0a:c4:00:00:07", 3, 2);
	assert_int_equal(wakes, 1); /* once for all that waits */
	assert_int_equal(sightings_take(sightings, taken), 2);
	assert_true(taken[0].rule < 0);
	assert_true(addr_equal(&taken[0].asker.addr, &asker.addr));
	assert_int_equal(taken[0].wall_us, 1);
	assert_int_equal(taken[1].rule, 3);
	assert_string_equal(taken[1].id, "mac:24:0a:c4:00:00:07");
	assert_int_equal(sightings_take(sightings, taken), 0);
	sightings_put_asked(sightings, "x", 0, 3);
	assert_int_equal(wakes, 2);
	free(taken);
	sightings_free(&sightings);
	assert_null(sightings);
}

static void a_full_queue_drops_and_counts(void **state)
{
	(void)state;
	struct sightings *sightings = sightings_new(NULL, NULL);
	struct sighting *taken = calloc(SIGHTINGS_MAX, sizeof *taken);
	for (uint32_t i = 0; i < SIGHTINGS_MAX + 10; i++) {
		struct asker asker = asker_number(i);
		sightings_put_unknown(sightings, &asker, i);
	}
	assert_int_equal(sightings_dropped(sightings), 10);
	assert_int_equal(sightings_take(sightings, taken), SIGHTINGS_MAX);
	assert_int_equal(taken[SIGHTINGS_MAX - 1].wall_us,
	                 SIGHTINGS_MAX - 1); /* the newest found no room */
	free(taken);
	sightings_free(&sightings);
}

static void *put_many(void *data)
{
	for (uint32_t i = 0; i < EACH; i++) {
		struct asker asker = asker_number(i);
		sightings_put_unknown(data, &asker, i);
	}
	return NULL;
}

/* Whatever workers do at once: each is taken or counted. */
static void the_sum_is_right(void **state)
{
	(void)state;
	struct sightings *sightings = sightings_new(NULL, NULL);
	struct sighting *taken = calloc(SIGHTINGS_MAX, sizeof *taken);
	pthread_t threads[THREADS];
	size_t count = 0;
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, put_many, sightings), 0);
	for (size_t i = 0; i < 100; i++)
		count += sightings_take(sightings, taken);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	count += sightings_take(sightings, taken);
	assert_int_equal(count + sightings_dropped(sightings), THREADS * EACH);
	assert_true(count > 0);
	free(taken);
	sightings_free(&sightings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_put_is_taken_in_order),
		cmocka_unit_test(a_full_queue_drops_and_counts),
		cmocka_unit_test(the_sum_is_right),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
