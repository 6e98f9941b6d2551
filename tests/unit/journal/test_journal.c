/* The journal's thread with sinks of our own: whatever a sink does, each record is committed once or counted as
 * dropped, and put = journalled + given up by the sink + still in the ring. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "unit/journal/sample.h"

#define COMMITTED_MAX 400000

/* Keeps what it is given, and fails as it is told. The writer's thread owns it until journal_stop; what the test
 * reads before that is atomic or behind the gate. */
struct test_sink {
	struct sink sink;
	uint32_t *committed; /* took_us of each record, which numbers them */
	size_t committed_count, batch_count;
	unsigned fail_begin, fail_write, fail_commit; /* so many more times */
	bool open_batch;
	atomic_uint failures, closed, idles, largest_batch;
	pthread_mutex_t lock;
	pthread_cond_t moved;
	bool shut;       /* begin waits while the gate is shut */
	bool waiting;    /* it does so now */
	uint32_t poison; /* took_us of the record that can never be written; 0: none */
};

static int fail_here(struct test_sink *sink, const char *what, char *error, size_t error_size)
{
	snprintf(error, error_size, "The test wants %s to fail.", what);
	atomic_fetch_add(&sink->failures, 1);
	sink->batch_count = 0;
	sink->open_batch = false;
	return PF_EIO;
}

static int test_begin(struct sink *base, char *error, size_t error_size)
{
	struct test_sink *sink = (struct test_sink *)base;
	pthread_mutex_lock(&sink->lock);
	while (sink->shut) {
		sink->waiting = true;
		pthread_cond_broadcast(&sink->moved);
		pthread_cond_wait(&sink->moved, &sink->lock);
	}
	sink->waiting = false;
	pthread_mutex_unlock(&sink->lock);
	if (sink->open_batch)
		abort(); /* the writer began twice */
	if (sink->fail_begin && sink->fail_begin--)
		return fail_here(sink, "begin", error, error_size);
	sink->open_batch = true;
	sink->batch_count = 0;
	return PF_OK;
}

static int test_write(struct sink *base, const struct record *record, char *error,
                      size_t error_size)
{
	struct test_sink *sink = (struct test_sink *)base;
	if (!sink->open_batch || sink->committed_count + sink->batch_count >= COMMITTED_MAX)
		abort();
	if (sink->poison && record->took_us == sink->poison)
		return PF_EINVAL;
	if (sink->batch_count == 5 && sink->fail_write && sink->fail_write--)
		return fail_here(sink, "write", error, error_size);
	sink->committed[sink->committed_count + sink->batch_count++] = record->took_us;
	return PF_OK;
}

static int test_commit(struct sink *base, char *error, size_t error_size)
{
	struct test_sink *sink = (struct test_sink *)base;
	if (sink->fail_commit && sink->fail_commit--)
		return fail_here(sink, "commit", error, error_size);
	sink->committed_count += sink->batch_count;
	if (sink->batch_count > atomic_load(&sink->largest_batch))
		atomic_store(&sink->largest_batch, (unsigned)sink->batch_count);
	sink->batch_count = 0;
	sink->open_batch = false;
	return PF_OK;
}

static void test_idle(struct sink *base, int64_t now_wall_us)
{
	struct test_sink *sink = (struct test_sink *)base;
	if (sink->open_batch || now_wall_us < SAMPLE_TIME_US / 2)
		abort(); /* in the middle of a batch, or not the wall clock */
	atomic_fetch_add(&sink->idles, 1);
}

static void test_close(struct sink **base)
{
	atomic_fetch_add(&((struct test_sink *)*base)->closed, 1);
	*base = NULL;
}

static void sink_init(struct test_sink *sink)
{
	*sink = (struct test_sink){.sink = {.name = "test",
	                                    .begin = test_begin,
	                                    .write = test_write,
	                                    .commit = test_commit,
	                                    .idle = test_idle,
	                                    .close = test_close}};
	sink->committed = calloc(COMMITTED_MAX, sizeof *sink->committed);
	assert_non_null(sink->committed);
	pthread_mutex_init(&sink->lock, NULL);
	pthread_cond_init(&sink->moved, NULL);
}

static void sink_deinit(struct test_sink *sink)
{
	pthread_mutex_destroy(&sink->lock);
	pthread_cond_destroy(&sink->moved);
	free(sink->committed);
}

static void shut_gate(struct test_sink *sink, bool shut)
{
	pthread_mutex_lock(&sink->lock);
	sink->shut = shut;
	pthread_cond_broadcast(&sink->moved);
	pthread_mutex_unlock(&sink->lock);
}

static struct journal *start(struct test_sink *sink, size_t ring_count)
{
	struct sink *sinks[] = {&sink->sink};
	struct journal_options options = {.sinks = sinks, .sink_count = 1, .ring_count = ring_count};
	struct journal *journal = journal_start(&options);
	assert_non_null(journal);
	return journal;
}

static int put(struct journal *journal, size_t ring, uint32_t number)
{
	struct sample sample;
	sample_fill(&sample, number, number % 4 == 0);
	sample.record.took_us = number;
	return journal_put(journal, ring, &sample.record);
}

static struct journal_stats stats_of(struct journal *journal)
{
	struct journal_stats stats;
	journal_stats(journal, &stats);
	return stats;
}

/* ---- what must hold ---------------------------------------------------------------------- */

static void all_is_written_once_in_order(void **state)
{
	(void)state;
	struct test_sink sink;
	sink_init(&sink);
	struct journal *journal = start(&sink, 1);
	for (uint32_t i = 1; i <= 10000; i++)
		assert_int_equal(put(journal, 0, i), PF_OK);
	assert_int_equal(journal_flush(journal, 10000), PF_OK);
	struct journal_stats stats = stats_of(journal);
	assert_int_equal(stats.put, 10000);
	assert_int_equal(stats.journalled, 10000);
	assert_int_equal(stats.dropped, 0);
	assert_int_equal(stats.ring_bytes, 0);
	assert_int_equal(stats.ring_bytes_max, JOURNAL_RING_BYTES);
	assert_string_equal(stats.last_error, "");
	journal_stop(&journal);
	assert_null(journal);
	assert_int_equal(sink.closed, 1);
	assert_int_equal(sink.committed_count, 10000);
	for (uint32_t i = 0; i < 10000; i++)
		assert_int_equal(sink.committed[i], i + 1);
	assert_true(sink.largest_batch <= JOURNAL_BATCH_MAX);
	sink_deinit(&sink);
}

static void stop_writes_what_is_left(void **state)
{
	(void)state;
	struct test_sink sink;
	sink_init(&sink);
	struct journal *journal = start(&sink, 2);
	for (uint32_t i = 1; i <= 3000; i++)
		assert_int_equal(put(journal, i % 2, i), PF_OK);
	journal_stop(&journal);
	assert_int_equal(sink.committed_count, 3000);
	sink_deinit(&sink);
}

static void assert_each_once(struct test_sink *sink, uint32_t count)
{
	uint8_t *seen = calloc(count + 1, 1);
	assert_int_equal(sink->committed_count, count);
	for (size_t i = 0; i < sink->committed_count; i++) {
		assert_in_range(sink->committed[i], 1, count);
		assert_int_equal(seen[sink->committed[i]]++, 0);
	}
	free(seen);
}

static void a_failing_sink_loses_nothing(void **state)
{
	(void)state;
	struct test_sink sink;
	sink_init(&sink);
	sink.fail_begin = 1;
	sink.fail_write = 1;
	sink.fail_commit = 2;
	struct journal *journal = start(&sink, 2);
	for (uint32_t i = 1; i <= 9000; i++)
		assert_int_equal(put(journal, i % 2, i), PF_OK);
	/* It comes back by itself: four failures, each waited for less than a second. */
	assert_int_equal(journal_flush(journal, 20000), PF_OK);
	struct journal_stats stats = stats_of(journal);
	assert_int_equal(stats.put, 9000);
	assert_int_equal(stats.journalled, 9000);
	assert_int_equal(stats.dropped, 0);
	assert_string_equal(stats.last_error, "");
	assert_int_equal(sink.failures, 4);
	journal_stop(&journal);
	assert_each_once(&sink, 9000);
	sink_deinit(&sink);
}

static void a_failure_is_told_and_not_counted(void **state)
{
	(void)state;
	struct test_sink sink;
	sink_init(&sink);
	sink.fail_commit = UINT32_MAX;
	struct journal *journal = start(&sink, 1);
	for (uint32_t i = 1; i <= 100; i++)
		assert_int_equal(put(journal, 0, i), PF_OK);
	assert_int_equal(journal_flush(journal, 600), PF_ETIMEOUT);
	struct journal_stats stats = stats_of(journal);
	assert_int_equal(stats.journalled, 0);
	assert_int_equal(stats.dropped, 0);
	assert_true(stats.ring_bytes > 0);
	assert_string_equal(stats.last_error, "The test wants commit to fail.");
	/* The end comes all the same, after some seconds of trying (journal.c, STOP_MS), and counts. */
	journal_stop(&journal);
	assert_int_equal(sink.committed_count, 0);
	assert_int_equal(sink.closed, 1);
	sink_deinit(&sink);
}

static void a_bad_record_goes_alone(void **state)
{
	(void)state;
	struct test_sink sink;
	sink_init(&sink);
	sink.poison = 50;
	sink.fail_commit = 1; /* must not be counted twice */
	struct journal *journal = start(&sink, 1);
	for (uint32_t i = 1; i <= 100; i++)
		assert_int_equal(put(journal, 0, i), PF_OK);
	assert_int_equal(journal_flush(journal, 10000), PF_OK);
	struct journal_stats stats = stats_of(journal);
	assert_int_equal(stats.put, 100);
	assert_int_equal(stats.journalled, 99);
	assert_int_equal(stats.dropped, 1);
	journal_stop(&journal);
	assert_int_equal(sink.committed_count, 99);
	sink_deinit(&sink);
}

static void a_full_ring_drops_and_counts(void **state)
{
	(void)state;
	struct test_sink sink;
	sink_init(&sink);
	shut_gate(&sink, true);
	struct journal *journal = start(&sink, 1);
	uint64_t refused = 0, taken = 0;
	uint32_t i = 1;
	for (; refused < 1000; i++) {
		assert_true(i < COMMITTED_MAX);
		int result = put(journal, 0, i);
		assert_true(result == PF_OK || result == PF_EFULL);
		taken += result == PF_OK;
		refused += result == PF_EFULL;
	}
	struct journal_stats stats = stats_of(journal);
	assert_int_equal(stats.put, taken);
	assert_int_equal(stats.journalled, 0);
	assert_int_equal(stats.dropped, refused);
	assert_true(stats.ring_bytes > JOURNAL_RING_BYTES - RECORD_BYTES_MAX);
	assert_true(taken > 20000);

	shut_gate(&sink, false);
	assert_int_equal(journal_flush(journal, 10000), PF_OK);
	assert_int_equal(put(journal, 0, 7), PF_OK); /* it goes on */
	journal_flush(journal, 10000);
	stats = stats_of(journal);
	assert_int_equal(stats.put, taken + 1);
	assert_int_equal(stats.journalled, taken + 1);
	assert_int_equal(stats.dropped, refused);
	assert_int_equal(stats.put + refused, stats.journalled + stats.dropped);
	journal_stop(&journal);
	assert_int_equal(sink.committed_count, taken + 1);
	sink_deinit(&sink);
}

/* The bell: half a ring wakes the writer long before its timer. After a flush the timer has just begun; a ring
 * that is filled in a fraction of its time must bring the writer in another fraction. */
static void half_a_ring_wakes_the_writer(void **state)
{
	(void)state;
	struct test_sink sink;
	sink_init(&sink);
	struct journal *journal = start(&sink, 1);
	uint32_t i = 1;
	bool woken = false, tried = false;
	for (int round = 0; round < 10 && !woken; round++) {
		assert_int_equal(journal_flush(journal, 10000), PF_OK);
		shut_gate(&sink, true);
		int64_t began_us = clock_now().mono_us;
		while (stats_of(journal).ring_bytes <= JOURNAL_RING_BYTES / 2 + RECORD_BYTES_MAX)
			assert_int_equal(put(journal, 0, i++), PF_OK);
		int64_t filled_us = clock_now().mono_us;
		pthread_mutex_lock(&sink.lock);
		while (!sink.waiting)
			pthread_cond_wait(&sink.moved, &sink.lock);
		pthread_mutex_unlock(&sink.lock);
		int64_t came_us = clock_now().mono_us;
		shut_gate(&sink, false);
		bool fast = filled_us - began_us < JOURNAL_FLUSH_MS * 1000 / 4;
		tried = tried || fast;
		woken = fast && came_us - filled_us < JOURNAL_FLUSH_MS * 1000 / 2;
	}
	assert_int_equal(journal_flush(journal, 10000), PF_OK);
	journal_stop(&journal);
	assert_each_once(&sink, i - 1);
	sink_deinit(&sink);
	if (!tried)
		skip(); /* under valgrind the timer is always first */
	assert_true(woken);
}

#define RACE_RINGS 4
#define RACE_RECORDS 20000u

struct race {
	struct journal *journal;
	size_t ring;
	uint64_t refused;
};

static void *race_worker(void *data)
{
	struct race *race = data;
	for (uint32_t i = 0; i < RACE_RECORDS; i++)
		if (put(race->journal, race->ring, 1 + i * RACE_RINGS + (uint32_t)race->ring) != PF_OK)
			race->refused++;
	return NULL;
}

static void many_workers_are_counted_exactly(void **state)
{
	(void)state;
	struct test_sink sink;
	sink_init(&sink);
	sink.fail_commit = 1;
	struct journal *journal = start(&sink, RACE_RINGS);
	struct race races[RACE_RINGS];
	pthread_t threads[RACE_RINGS];
	for (size_t i = 0; i < RACE_RINGS; i++) {
		races[i] = (struct race){journal, i, 0};
		assert_int_equal(pthread_create(&threads[i], NULL, race_worker, &races[i]), 0);
	}
	for (int i = 0; i < 50; i++) { /* someone looks on meanwhile */
		struct journal_stats stats = stats_of(journal);
		assert_true(stats.journalled <= stats.put);
	}
	uint64_t refused = 0;
	for (size_t i = 0; i < RACE_RINGS; i++) {
		pthread_join(threads[i], NULL);
		refused += races[i].refused;
	}
	assert_int_equal(journal_flush(journal, 20000), PF_OK);
	struct journal_stats stats = stats_of(journal);
	assert_int_equal(stats.put + refused, RACE_RINGS * RACE_RECORDS);
	assert_int_equal(stats.journalled, stats.put);
	assert_int_equal(stats.dropped, refused);
	journal_stop(&journal);
	assert_int_equal(sink.committed_count, stats.put);
	uint32_t latest[RACE_RINGS] = {0};
	for (size_t i = 0; i < sink.committed_count; i++) { /* each ring in its order, so none double */
		uint32_t ring = (sink.committed[i] - 1) % RACE_RINGS;
		assert_true(sink.committed[i] > latest[ring]);
		latest[ring] = sink.committed[i];
	}
	sink_deinit(&sink);
}

static void a_second_sink_holds_nobody_up(void **state)
{
	(void)state;
	struct test_sink first, second;
	sink_init(&first);
	sink_init(&second);
	second.fail_begin = UINT32_MAX;
	struct sink *sinks[] = {&first.sink, &second.sink};
	struct journal_options options = {.sinks = sinks, .sink_count = 2, .ring_count = 1};
	struct journal *journal = journal_start(&options);
	assert_non_null(journal);
	uint32_t i = 1;
	/* Far more than a ring holds. */
	for (uint64_t bytes = 0; bytes < 3u * JOURNAL_RING_BYTES; i++) {
		while (put(journal, 0, i) == PF_EFULL)
			sched_yield();
		bytes += 200;
	}
	struct journal_stats stats;
	do /* the second one still holds the last part of the ring, so no flush */
		stats = stats_of(journal);
	while (stats.journalled < i - 1);
	assert_int_equal(stats.put, i - 1);
	assert_string_equal(stats.last_error, "");
	journal_stop(&journal);
	assert_int_equal(first.closed + second.closed, 2);
	assert_each_once(&first, i - 1);
	assert_int_equal(second.committed_count, 0);
	sink_deinit(&first);
	sink_deinit(&second);
}

static void retention_gets_its_turn(void **state)
{
	(void)state;
	struct test_sink sink;
	sink_init(&sink);
	struct journal *journal = start(&sink, 1);
	while (!atomic_load(&sink.idles)) /* about a second */
		sched_yield();
	journal_stop(&journal);
	sink_deinit(&sink);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_is_written_once_in_order),
		cmocka_unit_test(stop_writes_what_is_left),
		cmocka_unit_test(a_failing_sink_loses_nothing),
		cmocka_unit_test(a_failure_is_told_and_not_counted),
		cmocka_unit_test(a_bad_record_goes_alone),
		cmocka_unit_test(a_full_ring_drops_and_counts),
		cmocka_unit_test(half_a_ring_wakes_the_writer),
		cmocka_unit_test(many_workers_are_counted_exactly),
		cmocka_unit_test(a_second_sink_holds_nobody_up),
		cmocka_unit_test(retention_gets_its_turn),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
