/* The limiter at a clock of ours: bursts, refill, prefixes, slip, exempt clients, many clients, several workers at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/limiter.h"

#define SECOND_US INT64_C(1000000)
#define START_US (77 * SECOND_US)

struct play {
	struct limiter *limiter;
	struct limiter_loans *loans;
	struct prefix exempt[2];
	struct config_rate_limit limit;
	int64_t now_us;
};

static void begin(struct play *play, unsigned queries, unsigned slip)
{
	memset(play, 0, sizeof *play);
	play->limiter = limiter_new((struct hash_key){42});
	play->loans = calloc(1, sizeof *play->loans);
	assert_non_null(play->limiter);
	assert_non_null(play->loans);
	play->limit = (struct config_rate_limit){
		.queries = queries, .slip = slip, .ipv4 = 32, .ipv6 = 64, .exempt = play->exempt};
	play->now_us = START_US;
}

static void end(struct play *play)
{
	limiter_free(&play->limiter);
	assert_null(play->limiter);
	free(play->loans);
}

static enum limiter_answer ask(struct play *play, const char *text, bool udp)
{
	struct addr addr;
	assert_int_equal(addr_parse(text, &addr), PF_OK);
	if (limiter_exempts(&play->limit, &addr))
		return LIMITER_PASS;
	return limiter_ask(play->limiter, play->loans, &play->limit, 1, &addr, udp, play->now_us);
}

/* How many of `count` queries pass. */
static unsigned passed(struct play *play, const char *text, unsigned count)
{
	unsigned sum = 0;
	for (unsigned i = 0; i < count; i++)
		sum += ask(play, text, true) == LIMITER_PASS;
	return sum;
}

static void a_burst_passes_and_then_the_rate(void **state)
{
	(void)state;
	static const unsigned limits[] = {1, 7, 60, 1000, CONFIG_RATE_LIMIT_MAX};
	for (size_t i = 0; i < PF_COUNT(limits); i++) {
		struct play play;
		begin(&play, limits[i], 0);
		assert_int_equal(passed(&play, "192.0.2.1", limits[i] + 50), limits[i]);
		/* A minute in uneven steps gives as many again: no part of a token is lost, none is given twice. */
		unsigned sum = 0;
		for (int64_t at = 0; at < 60 * SECOND_US; at += 173000) {
			play.now_us = START_US + at;
			sum += passed(&play, "192.0.2.1", limits[i] / 100 + 2);
		}
		assert_in_range(sum, limits[i] - limits[i] / 100 - 1, limits[i]);
		end(&play);
	}
}

static void quiet_clients_have_their_burst_again(void **state)
{
	(void)state;
	struct play play;
	begin(&play, 600, 0);
	assert_int_equal(passed(&play, "192.0.2.1", 700), 600);
	play.now_us += 61 * SECOND_US;
	assert_int_equal(passed(&play, "192.0.2.1", 700), 600);
	play.now_us += 40 * 86400 * SECOND_US; /* over a wrap of the time in a bucket */
	assert_int_equal(passed(&play, "192.0.2.1", 700), 600);
	end(&play);
}

static void prefixes_share_and_others_do_not(void **state)
{
	(void)state;
	struct play play;
	begin(&play, 100, 0);
	assert_int_equal(passed(&play, "192.0.2.1", 120), 100);
	assert_int_equal(passed(&play, "192.0.2.2", 120), 100);
	assert_int_equal(passed(&play, "2001:db8::1", 60), 60);
	assert_int_equal(passed(&play, "2001:db8::2", 60), 40);
	assert_int_equal(passed(&play, "2001:db8:0:1::2", 60), 60);
	play.limit.ipv4 = 23;
	assert_int_equal(passed(&play, "198.51.100.9", 60), 60);
	assert_int_equal(passed(&play, "198.51.101.77", 60), 40);
	assert_int_equal(passed(&play, "198.51.102.1", 60), 60);
	end(&play);
}

static void some_of_the_rest_are_sent_to_tcp(void **state)
{
	(void)state;
	struct play play;
	unsigned slips = 0;
	begin(&play, 10, 3);
	assert_int_equal(passed(&play, "192.0.2.1", 10), 10);
	for (unsigned i = 0; i < 30; i++)
		slips += ask(&play, "192.0.2.1", true) == LIMITER_SLIP;
	assert_int_equal(slips, 10);
	/* and there they are heard, as much as over UDP and no more */
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(ask(&play, "192.0.2.1", false), LIMITER_PASS);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(ask(&play, "192.0.2.1", false), LIMITER_DROP);
	end(&play);
}

static void exempt_clients_and_no_limit(void **state)
{
	(void)state;
	struct play play;
	begin(&play, 5, 0);
	assert_int_equal(prefix_parse("127.0.0.0/8", &play.exempt[0]), PF_OK);
	assert_int_equal(prefix_parse("2001:db8:7::/48", &play.exempt[1]), PF_OK);
	play.limit.exempt_count = 2;
	assert_int_equal(passed(&play, "127.0.0.9", 100), 100);
	assert_int_equal(passed(&play, "2001:db8:7:3::1", 100), 100);
	assert_int_equal(passed(&play, "128.0.0.9", 100), 5);
	play.limit.queries = 0;
	assert_int_equal(passed(&play, "128.0.0.9", 100), 100);
	end(&play);
}

/* Made-up addresses find no room to hide a flood of one that is real, and push nobody out who asks much. */
static void made_up_addresses_change_nothing_for_who_asks_much(void **state)
{
	(void)state;
	struct play play;
	begin(&play, 100, 0);
	assert_int_equal(passed(&play, "192.0.2.1", 120), 100);
	struct addr addr = {.family = 4};
	for (uint32_t i = 0; i < 4 * LIMITER_SETS * LIMITER_WAYS; i++) {
		addr.bytes[0] = 10;
		addr.bytes[1] = (uint8_t)(i >> 16);
		addr.bytes[2] = (uint8_t)(i >> 8);
		addr.bytes[3] = (uint8_t)i;
		assert_int_equal(limiter_ask(play.limiter, play.loans, &play.limit, 1, &addr, true,
		                             play.now_us),
		                 LIMITER_PASS);
	}
	assert_int_equal(passed(&play, "192.0.2.1", 120), 0);
	end(&play);
}

/* ---- several workers --------------------------------------------------------------------- */

#define THREADS 4
#define ASKED 20000u

struct worker {
	struct play *play;
	unsigned passed;
};

static void *work(void *data)
{
	struct worker *worker = data;
	struct limiter_loans *loans = calloc(1, sizeof *loans);
	struct addr addr;
	if (!loans || addr_parse("192.0.2.1", &addr) != PF_OK)
		abort();
	for (unsigned i = 0; i < ASKED; i++)
		worker->passed += limiter_ask(worker->play->limiter, loans, &worker->play->limit, 1, &addr,
		                              true, START_US) == LIMITER_PASS;
	free(loans);
	return NULL;
}

static void workers_share_one_limit(void **state)
{
	(void)state;
	struct play play;
	struct worker workers[THREADS];
	pthread_t threads[THREADS];
	unsigned sum = 0;
	begin(&play, 10000, 0);
	for (size_t i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){&play, 0};
		assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
	}
	for (size_t i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		sum += workers[i].passed;
	}
	/* All of them, but for what a race of many made a worker give away. */
	assert_in_range(sum, 10000, 10000 + 50);
	end(&play);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_burst_passes_and_then_the_rate),
		cmocka_unit_test(quiet_clients_have_their_burst_again),
		cmocka_unit_test(prefixes_share_and_others_do_not),
		cmocka_unit_test(some_of_the_rest_are_sent_to_tcp),
		cmocka_unit_test(exempt_clients_and_no_limit),
		cmocka_unit_test(made_up_addresses_change_nothing_for_who_asks_much),
		cmocka_unit_test(workers_share_one_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
