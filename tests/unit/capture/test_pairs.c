/* Questions and answers brought together. */
#include "capture/pairs.h"

#include "unit/capture/fixture.h"

struct seen {
	struct capture_counts counts;
	size_t count;
	int64_t asked_us[4096], answered_us[4096]; /* -1: unanswered */
};

static void take(void *data, const struct capture_pair *pair)
{
	struct seen *seen = data;
	assert_true(seen->count < PF_COUNT(seen->asked_us));
	seen->asked_us[seen->count] = pair->question->wall_us;
	seen->answered_us[seen->count++] = pair->answer ? pair->answer->wall_us : -1;
}

/* From 192.0.2.`client`. */
static struct capture_message message(uint8_t *bytes, int64_t wall_us, uint8_t client, uint16_t id,
                                      bool is_answer, const char *name)
{
	struct capture_message made = {.wall_us = wall_us,
	                               .client = {{4, {192, 0, 2, client}}, 40000},
	                               .server = {{4, {192, 0, 2, 53}}, 53},
	                               .bytes = bytes};
	made.length = put_message(bytes, id, is_answer, name);
	return made;
}

static void say(struct pairs *pairs, int64_t wall_us, uint8_t client, uint16_t id, bool is_answer,
                const char *name)
{
	uint8_t bytes[512];
	struct capture_message one = message(bytes, wall_us, client, id, is_answer, name);
	pairs_take(pairs, &one, is_answer);
}

static void test_pairing(void **state)
{
	(void)state;
	static struct seen seen;
	memset(&seen, 0, sizeof seen);
	struct pairs *pairs = pairs_new(&seen.counts, take, &seen);
	assert_non_null(pairs);
	say(pairs, 1, 1, 10, false, "a.example");
	say(pairs, 2, 2, 10, false, "a.example");
	say(pairs, 3, 1, 11, false, "a.example");
	say(pairs, 4, 1, 10, false, "A.EXAMPLE"); /* sent again */
	say(pairs, 5, 1, 12, true, "a.example");  /* an id that nobody asked with */
	say(pairs, 6, 1, 11, true, "b.example");  /* another question */
	assert_int_equal(seen.count, 0);
	assert_int_equal(seen.counts.unasked, 2);
	say(pairs, 7, 1, 10, true, "a.example");
	say(pairs, 8, 1, 10, true, "a.example");
	say(pairs, 9, 1, 10, true, "a.example");
	say(pairs, 10, 2, 10, true, "a.example");
	const int64_t asked[] = {1, 4, 2}, answered[] = {7, 8, 10};
	assert_int_equal(seen.count, 3);
	assert_memory_equal(seen.asked_us, asked, sizeof asked);
	assert_memory_equal(seen.answered_us, answered, sizeof answered);
	assert_int_equal(seen.counts.unasked, 3);
	/* what waits too long, and what waits at the end */
	say(pairs, 3 + PAIRS_WAIT_US + 1, 3, 13, false, "c.example");
	assert_int_equal(seen.count, 4);
	assert_int_equal(seen.answered_us[3], -1);
	pairs_end(pairs);
	assert_int_equal(seen.count, 5);
	assert_int_equal(seen.counts.unanswered, 2);
	assert_int_equal(seen.counts.paired, 3);
	pairs_free(&pairs);
}

static void test_bounds(void **state)
{
	(void)state;
	static struct seen seen;
	memset(&seen, 0, sizeof seen);
	struct pairs *pairs = pairs_new(&seen.counts, take, &seen);
	/* the same again and again: what waits of it stays few */
	for (int i = 0; i < 1000; i++)
		say(pairs, i, 1, 10, false, "a.example");
	assert_int_equal(seen.counts.unanswered, 1000 - 16);
	/* the clock goes back: another capture */
	say(pairs, -1, 1, 10, false, "a.example");
	say(pairs, INT64_MAX, 1, 10, false, "a.example");
	assert_int_equal(seen.counts.damaged[DAMAGE_CLOCK], 2);
	pairs_end(pairs);
	assert_int_equal(seen.count, 1000);
	pairs_free(&pairs);
}

static void test_what_is_no_question(void **state)
{
	(void)state;
	static struct seen seen;
	memset(&seen, 0, sizeof seen);
	struct pairs *pairs = pairs_new(&seen.counts, take, &seen);
	uint8_t bytes[512];
	struct capture_message one = message(bytes, 1, 1, 10, false, "a.example");
	bytes[2] = 4 << 3; /* NOTIFY */
	pairs_take(pairs, &one, false);
	bytes[2] |= 0x80;
	pairs_take(pairs, &one, true);
	one = message(bytes, 1, 1, 10, false, "a.example");
	bytes[5] = 2; /* two questions */
	pairs_take(pairs, &one, false);
	assert_int_equal(seen.counts.opcode_questions, 1);
	assert_int_equal(seen.counts.opcode_answers, 1);
	assert_int_equal(seen.counts.damaged[DAMAGE_QUESTION], 1);
	/* an answer that brings its question along, as dnstap has it */
	uint8_t answer[512];
	struct capture_message question = message(bytes, 1, 1, 10, false, "a.example");
	one = message(answer, 2, 1, 10, true, "a.example");
	one.question = question.bytes;
	one.question_length = question.length;
	pairs_take(pairs, &one, true);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.counts.paired, 1);
	assert_int_equal(seen.counts.questions, 1);
	pairs_free(&pairs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairing),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_what_is_no_question),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
