/* Flights: identical questions share one, those who wait are let go in the order in which they came, and whoever comes to a flight that has been
 * released is told so and is not left to wait for it; by hand, and from two threads that do it at once. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/flight.h"
#include "pipeline/query.h"

#define ROUNDS 400

static struct flight_table *new_table(void)
{
	struct flight_table *table = flight_table_new();
	assert_non_null(table);
	return table;
}

static struct cache_ask ask_of(uint16_t type)
{
	static const struct dns_name root = {.length = 1};
	return (struct cache_ask){.name = &root, .type = type, .hash = type};
}

static struct flight *join(struct flight_table *table, struct query *query, bool patient,
                           enum flight_joined expected)
{
	const struct cache_ask ask = ask_of(1);
	enum flight_joined outcome = FLIGHT_NO_MEMORY;
	struct flight *flight = flight_join(table, query, &ask, patient, &outcome);
	assert_int_equal(outcome, expected);
	return flight;
}

static void who_waits_is_let_go_in_order(void **state)
{
	struct flight_table *table = new_table();
	struct query queries[3];
	(void)state;
	memset(queries, 0, sizeof queries);
	struct flight *flight = join(table, &queries[0], false, FLIGHT_JOINED);
	assert_non_null(flight);
	for (size_t i = 1; i < 3; i++)
		assert_null(join(table, &queries[i], false, FLIGHT_JOINED));
	struct query *first = flight_land(flight);
	for (size_t i = 0; i < 3; i++, first = first->next)
		assert_ptr_equal(first, &queries[i]);
	assert_null(first);
	flight_table_free(&table);
}

static void a_released_flight_takes_the_patient_alone(void **state)
{
	struct flight_table *table = new_table();
	struct query queries[3];
	const struct cache_ask ask = ask_of(1);
	(void)state;
	memset(queries, 0, sizeof queries);
	struct flight *flight = join(table, &queries[0], false, FLIGHT_JOINED);
	assert_ptr_equal(flight_release(flight), &queries[0]);
	assert_null(join(table, &queries[1], false, FLIGHT_RELEASED));
	assert_null(join(table, &queries[2], true, FLIGHT_JOINED));
	assert_null(flight_begin(table, NULL, &ask)); /* it goes on */
	assert_null(queries[2].next);
	assert_ptr_equal(flight_land(flight), &queries[2]);
	/* The next one begins anew. */
	flight = join(table, &queries[1], false, FLIGHT_JOINED);
	assert_non_null(flight);
	assert_ptr_equal(flight_land(flight), &queries[1]);
	flight_table_free(&table);
}

/* ---- at once */

struct race {
	struct flight_table *table;
	struct query query;
	enum flight_joined outcome;
	pthread_barrier_t begin, end;
};

static void *join_again(void *data)
{
	struct race *race = data;
	const struct cache_ask ask = ask_of(1);
	for (int i = 0; i < ROUNDS; i++) {
		pthread_barrier_wait(&race->begin);
		flight_join(race->table, &race->query, &ask, false, &race->outcome);
		pthread_barrier_wait(&race->end);
	}
	return NULL;
}

static unsigned count(const struct query *query, const struct query *wanted)
{
	unsigned found = 0;
	for (; query; query = query->next)
		found += query == wanted;
	return found;
}

/* Either it was there in time and is let go with the others, or it is told; never both, never neither. */
static void nobody_is_left_behind(void **state)
{
	struct race race = {.table = new_table()};
	struct query first;
	pthread_t thread;
	(void)state;
	memset(&first, 0, sizeof first);
	pthread_barrier_init(&race.begin, NULL, 2);
	pthread_barrier_init(&race.end, NULL, 2);
	assert_int_equal(pthread_create(&thread, NULL, join_again, &race), 0);
	for (int i = 0; i < ROUNDS; i++) {
		struct flight *flight = join(race.table, &first, false, FLIGHT_JOINED);
		pthread_barrier_wait(&race.begin);
		struct query *released = flight_release(flight);
		pthread_barrier_wait(&race.end);
		assert_int_equal(count(released, &first), 1);
		assert_int_equal(count(released, &race.query), race.outcome == FLIGHT_JOINED);
		assert_null(flight_land(flight));
	}
	pthread_join(thread, NULL);
	pthread_barrier_destroy(&race.begin);
	pthread_barrier_destroy(&race.end);
	flight_table_free(&race.table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_waits_is_let_go_in_order),
		cmocka_unit_test(a_released_flight_takes_the_patient_alone),
		cmocka_unit_test(nobody_is_left_behind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
