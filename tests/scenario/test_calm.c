/* Scenarios of bad times: upstreams that are late, gone or refuse, and what was asked before; answers
 * that are renewed before they end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "scenario/play.h"

#define COFFEE "192.168.1.11"
#define LAPTOP "192.168.1.12"
#define DEVICES                                                  \
	"upstreams: [192.0.2.53]\n"                                  \
	"home: [US]\n"                                               \
	"devices:\n"                                                 \
	"  - {name: lobby coffee, ip: " COFFEE ", tags: [coffee]}\n" \
	"  - {name: laptop, ip: " LAPTOP ", tags: [laptop]}\n"
#define ANSWER "a.example. 60 IN A 198.51.100.1\n"

/* The laptop asks, and is answered with what is kept for a minute. */
static struct play *play_with_answer(const char *yaml)
{
	struct play *play = play_new(yaml);
	play_query(play, 0, LAPTOP, "a.example", "A");
	play_answer(play, 0, 0, ANSWER);
	assert_int_equal(play->ask_count, 1);
	return play;
}

static void expect_stale(struct play *play, size_t index)
{
	const struct play_reply *reply = &play->replies[index];
	char text[512];
	assert_string_equal(reply_addresses(reply), "198.51.100.1");
	assert_int_equal(reply_ttl(reply), 30);
	assert_int_equal(reply_ede(reply, text), 3);
}

static void who_waits_long_gets_what_is_stale(void **state)
{
	(void)state;
	struct play *play = play_with_answer(DEVICES);
	play_advance_ms(play, 61000);
	play_query(play, 0, LAPTOP, "a.example", "A");
	play_query(play, 1, COFFEE, "a.example", "A"); /* another worker's, in the same flight */
	assert_int_equal(play->ask_count, 2);
	assert_int_equal(play->reply_count, 1);
	play_late(play, 1);
	play_deliver(play);
	assert_int_equal(play->reply_count, 3);
	expect_stale(play, 1);
	expect_stale(play, 2);
	/* Meanwhile nobody waits, and nobody is asked again. */
	play_query(play, 1, LAPTOP, "a.example", "A");
	expect_stale(play, 3);
	assert_int_equal(play->ask_count, 2);
	/* The flight has gone on: its answer is kept. */
	play_answer(play, 1, 0, "a.example. 60 IN A 198.51.100.2\n");
	play_query(play, 0, LAPTOP, "a.example", "A");
	assert_string_equal(reply_addresses(&play->replies[4]), "198.51.100.2");
	assert_int_equal(play->ask_count, 2);
	play_expect_sums(play);
	for (size_t i = 0, stale[] = {1, 2}; i < PLAY_WORKERS; i++)
		assert_int_equal(play->pipelines[i].counters.sources[SOURCE_STALE], stale[i]);
	play_free(&play);
}

static void a_failure_is_answered_from_the_past(void **state)
{
	(void)state;
	struct play *play = play_with_answer(DEVICES);
	play_advance_ms(play, 61000);
	play_query(play, 0, LAPTOP, "a.example", "A");
	play_fail(play, 1, FORWARD_NETWORK_ERROR);
	expect_stale(play, 1);
	play_advance_ms(play, 29000);
	play_query(play, 0, LAPTOP, "a.example", "A");
	expect_stale(play, 2);
	assert_int_equal(play->ask_count, 2); /* they are left alone for 30 s */
	play_advance_ms(play, 2000);
	play_query(play, 0, LAPTOP, "a.example", "A");
	play_answer(play, 2, 2, ""); /* SERVFAIL is no answer either */
	expect_stale(play, 3);
	play_advance_ms(play, 31000);
	play->refuse_asks = true;
	play_query(play, 0, LAPTOP, "a.example", "A");
	expect_stale(play, 4);
	play_expect_sums(play);
	play_free(&play);
}

static void what_does_not_exist_any_more_ends(void **state)
{
	(void)state;
	struct play *play = play_with_answer(DEVICES);
	play_advance_ms(play, 61000);
	play_query(play, 0, LAPTOP, "a.example", "A");
	play_answer(play, 1, 3, "AUTHORITY\nexample. 60 IN SOA a. b. 1 2 3 4 60\n");
	assert_int_equal(reply_rcode(&play->replies[1]), 3);
	play_advance_ms(play, 61000);
	play_query(play, 0, LAPTOP, "a.example", "A");
	play_late(play, 2);
	char text[512];
	assert_int_equal(reply_rcode(&play->replies[2]), 3);
	assert_int_equal(reply_ede(&play->replies[2], text), 19);
	play_fail(play, 2, FORWARD_TIMED_OUT);
	play_expect_sums(play);
	play_free(&play);
}

static void nothing_is_older_than_it_may_be(void **state)
{
	(void)state;
	struct play *play = play_with_answer(DEVICES "cache: {stale: 1h}\n");
	play_advance_ms(play, 60000 + 3601000);
	play_query(play, 0, LAPTOP, "a.example", "A");
	play_late(play, 1);
	assert_int_equal(play->reply_count, 1);
	play_fail(play, 1, FORWARD_TIMED_OUT);
	assert_int_equal(reply_rcode(&play->replies[1]), 2);
	play_free(&play);
	play = play_with_answer(DEVICES "cache: {stale: off}\n");
	play_advance_ms(play, 60001);
	play_query(play, 0, LAPTOP, "a.example", "A");
	play_fail(play, 1, FORWARD_TIMED_OUT);
	assert_int_equal(reply_rcode(&play->replies[1]), 2);
	play_free(&play);
}

static void rules_judge_what_is_stale(void **state)
{
	(void)state;
	struct play *play = play_with_answer(DEVICES);
	play_advance_ms(play, 61000);
	play_query(play, 0, LAPTOP, "a.example", "A");
	play_reload(play, DEVICES "rules: [{name: not there, addresses: [198.51.100.0/24], action: "
	                          "sinkhole, reply: nxdomain}]\n");
	play_late(play, 1);
	assert_int_equal(reply_rcode(&play->replies[1]), 3);
	play_fail(play, 1, FORWARD_TIMED_OUT);
	play_expect_sums(play);
	assert_int_equal(play->records[1].source, SOURCE_STALE);
	assert_int_equal(play->records[1].action, ACTION_SINKHOLE);
	play_free(&play);
}

static void who_has_nothing_stale_waits_on(void **state)
{
	(void)state;
	struct play *play = play_new(DEVICES);
	play_query(play, 0, LAPTOP, "a.example", "A");
	play_late(play, 0);
	assert_int_equal(play->reply_count, 0);
	play_answer(play, 0, 0, ANSWER);
	assert_string_equal(reply_addresses(&play->replies[0]), "198.51.100.1");
	play_expect_sums(play);
	play_free(&play);
}

static void what_is_asked_often_is_renewed_in_time(void **state)
{
	(void)state;
	struct play *play = play_with_answer(DEVICES);
	play_advance_ms(play, 53000);
	play_query(play, 0, LAPTOP, "a.example", "A");
	assert_int_equal(play->ask_count, 1); /* not yet */
	play_advance_ms(play, 2000);
	for (size_t worker = 0; worker < PLAY_WORKERS; worker++) {
		play_query(play, worker, LAPTOP, "a.example", "A");
		play_query(play, worker, COFFEE, "a.example", "A");
	}
	assert_int_equal(play->reply_count, 6); /* and nobody has waited */
	assert_int_equal(play->ask_count, 2);   /* one question is enough */
	play_answer(play, 1, 0, "a.example. 60 IN A 198.51.100.2\n");
	play_advance_ms(play, 50000);
	play_query(play, 0, LAPTOP, "a.example", "A");
	assert_string_equal(reply_addresses(&play->replies[6]), "198.51.100.2");
	play_expect_sums(play);
	assert_int_equal(play->records[6].source, SOURCE_CACHE);
	assert_int_equal(play->pipelines[0].counters.prefetches, 1);
	play_free(&play);
}

/* One that fails is not tried again and again; who comes behind the end is served at once. */
static void a_renewal_that_fails_is_left_alone(void **state)
{
	(void)state;
	struct play *play = play_with_answer(DEVICES);
	play_advance_ms(play, 55000);
	play_query(play, 0, LAPTOP, "a.example", "A");
	assert_int_equal(play->ask_count, 2);
	play_fail(play, 1, FORWARD_TIMED_OUT);
	play_query(play, 0, LAPTOP, "a.example", "A");
	play_advance_ms(play, 6000);
	play_query(play, 0, LAPTOP, "a.example", "A");
	expect_stale(play, 3);
	assert_int_equal(play->ask_count, 2);
	play_expect_sums(play);
	play_free(&play);
}

static void what_is_sinkholed_is_not_renewed(void **state)
{
	(void)state;
	static const char *const rules[] = {
		"rules: [{name: by name, tags: [coffee], names: [a.example], action: sinkhole}]\n",
		"rules: [{name: by answer, tags: [coffee], addresses: [198.51.100.0/24], action: sinkhole}]\n",
		"cache: {prefetch: off}\n",
	};
	for (size_t i = 0; i < PF_COUNT(rules); i++) {
		char yaml[1024];
		snprintf(yaml, sizeof yaml, DEVICES "%s", rules[i]);
		struct play *play = play_with_answer(yaml);
		play_advance_ms(play, 55000);
		play_query(play, 0, COFFEE, "a.example", "A");
		play_query(play, 0, COFFEE, "a.example", "A");
		assert_int_equal(play->ask_count, 1);
		play_free(&play);
	}
}

static void renewals_are_a_bounded_share(void **state)
{
	(void)state;
	struct play *play = play_new(DEVICES);
	enum { NAMES = 40 };
	for (size_t round = 0; round < 2; round++) {
		for (size_t i = 0; i < NAMES; i++) {
			char name[32], answer[64];
			snprintf(name, sizeof name, "n%zu.example", i);
			snprintf(answer, sizeof answer, "%s. 60 IN A 198.51.100.1\n", name);
			play_query(play, 0, LAPTOP, name, "A");
			if (!round)
				play_answer(play, i, 0, answer);
		}
		play_advance_ms(play, 55000);
	}
	/* Ten to begin with, and one for each ten hits. */
	assert_int_equal(play->ask_count, NAMES + 14);
	play_expect_sums(play);
	play_free(&play);
}

static void times_have_a_least_and_a_most(void **state)
{
	(void)state;
	struct play *play = play_new(DEVICES "cache: {min-ttl: 20s, max-ttl: 100s}\n");
	static const struct {
		const char *name, *answer;
		uint32_t ttl;
	} cases[] = {
		{"a.example", "a.example. 5 IN A 198.51.100.1\n", 20},
		{"b.example", "b.example. 50 IN A 198.51.100.1\n", 50},
		{"c.example", "c.example. 5000 IN A 198.51.100.1\n", 100},
	};
	for (size_t i = 0; i < PF_COUNT(cases); i++) {
		play_query(play, 0, LAPTOP, cases[i].name, "A");
		play_answer(play, i, 0, cases[i].answer);
		assert_int_equal(reply_ttl(&play->replies[i]), cases[i].ttl);
	}
	play_advance_ms(play, 19000);
	play_query(play, 0, LAPTOP, "a.example", "A");
	assert_int_equal(reply_ttl(&play->replies[3]), 1);
	play_advance_ms(play, 82000);
	play_query(play, 0, LAPTOP, "c.example", "A");
	assert_int_equal(play->ask_count, 5); /* the hit on a.example was in its last tenth */
	play_free(&play);
}

/* DNSBomb: who makes us wait can not have it all sent at once. */
static void what_was_held_too_long_is_not_sent(void **state)
{
	(void)state;
	struct play *play = play_new(DEVICES);
	play_query(play, 0, LAPTOP, "a.example", "A");
	play_query(play, 0, "127.0.0.1", "a.example", "A"); /* exempt */
	play_advance_ms(play, 1901);
	play_answer(play, 0, 0, ANSWER);
	assert_int_equal(play->reply_count, 2);
	assert_int_equal(play_reply_to(play, 0, LAPTOP)->length, 0);
	assert_int_equal(reply_answer_count(play_reply_to(play, 0, "127.0.0.1")), 1);
	play_query(play, 0, LAPTOP, "a.example", "A"); /* who asks again has it */
	assert_string_equal(reply_addresses(&play->replies[2]), "198.51.100.1");
	play_query(play, 0, LAPTOP, "b.example", "A");
	play_advance_ms(play, 1900);
	play_answer(play, 1, 0, "b.example. 60 IN A 198.51.100.1\n");
	assert_int_equal(reply_answer_count(&play->replies[3]), 1);
	play_expect_sums(play);
	assert_true(play->records[0].dropped_reply);
	play_free(&play);
}

static void a_client_has_so_many_waiting_and_no_more(void **state)
{
	(void)state;
	struct play *play = play_new(DEVICES "rate-limit: {waiting: 3}\n");
	static const char *const names[] = {"a.example", "b.example", "c.example"};
	char text[512];
	for (size_t i = 0; i < 3; i++)
		play_query(play, 0, LAPTOP, names[i], "A");
	play_query(play, 0, LAPTOP, "d.example", "A");
	assert_int_equal(play->ask_count, 3);
	assert_int_equal(reply_rcode(&play->replies[0]), 2);
	assert_int_equal(reply_ede(&play->replies[0], text), 0);
	play_query(play, 0, COFFEE, "d.example", "A"); /* it has a count of its own */
	play_query(play, 0, "127.0.0.1", "e.example", "A");
	assert_int_equal(play->ask_count, 5);
	play_answer(play, 0, 0, ANSWER);
	play_query(play, 0, LAPTOP, "f.example", "A"); /* one has left */
	assert_int_equal(play->ask_count, 6);
	for (size_t i = 1; i < 6; i++)
		play_fail(play, i, FORWARD_TIMED_OUT);
	play_expect_sums(play);
	play_free(&play);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_waits_long_gets_what_is_stale),
		cmocka_unit_test(a_failure_is_answered_from_the_past),
		cmocka_unit_test(what_does_not_exist_any_more_ends),
		cmocka_unit_test(nothing_is_older_than_it_may_be),
		cmocka_unit_test(rules_judge_what_is_stale),
		cmocka_unit_test(who_has_nothing_stale_waits_on),
		cmocka_unit_test(what_is_asked_often_is_renewed_in_time),
		cmocka_unit_test(a_renewal_that_fails_is_left_alone),
		cmocka_unit_test(what_is_sinkholed_is_not_renewed),
		cmocka_unit_test(renewals_are_a_bounded_share),
		cmocka_unit_test(times_have_a_least_and_a_most),
		cmocka_unit_test(what_was_held_too_long_is_not_sent),
		cmocka_unit_test(a_client_has_so_many_waiting_and_no_more),
	};
	return cmocka_run_group_tests(tests, play_begin, play_end);
}
