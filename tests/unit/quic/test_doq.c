/* Messages in streams of DNS over QUIC, in whatever pieces they come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dns/dns.h"
#include "quic/doq.h"

static const uint8_t good[] = "\0\x05hello";
#define GOOD_BYTES (sizeof good - 1)

static void test_pieces(void **state)
{
	(void)state;
	for (size_t piece = 1; piece <= GOOD_BYTES; piece++) {
		struct doq_message message = {0};
		for (size_t at = 0; at < GOOD_BYTES; at += piece) {
			size_t length = GOOD_BYTES - at < piece ? GOOD_BYTES - at : piece;
			bool end = at + length == GOOD_BYTES;
			assert_int_equal(doq_take(&message, good + at, length, end, 5),
			                 end ? DOQ_WHOLE : DOQ_MORE);
		}
		assert_int_equal(message.length, 5);
		assert_memory_equal(message.bytes, "hello", 5);
		doq_free(&message);
	}
	/* the end may come by itself, and a message may be empty */
	struct doq_message message = {0}, none = {0};
	assert_int_equal(doq_take(&message, good, GOOD_BYTES, false, 5), DOQ_MORE);
	assert_int_equal(doq_take(&message, NULL, 0, true, 5), DOQ_WHOLE);
	assert_int_equal(doq_take(&none, (const uint8_t *)"\0", 2, true, 5), DOQ_WHOLE);
	doq_free(&message);
	doq_free(&none);
}

static void test_wrong(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t length;
		bool end;
		enum doq_state state;
	} cases[] = {
		{"", 0, true, DOQ_WRONG},
		{"\0", 1, true, DOQ_WRONG},
		{"\0\5hell", 6, true, DOQ_WRONG},
		{"\0\5hello!", 8, false, DOQ_WRONG},
		{"\0\5hello!", 8, true, DOQ_WRONG},
		{"\x10\1", 2, false, DOQ_TOO_LONG},
		{"\xff\xff", 2, false, DOQ_TOO_LONG},
		{"\x10\0", 2, false, DOQ_MORE},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct doq_message message = {0};
		assert_int_equal(doq_take(&message, (const uint8_t *)cases[i].bytes, cases[i].length,
		                          cases[i].end, DOQ_QUERY_BYTES_MAX),
		                 cases[i].state);
		doq_free(&message);
	}
}

static void test_proper(void **state)
{
	(void)state;
#define QUERY(id, more) id "\1\0\0\1\0\0\0\0\0" more "\1a\0\0\1\0\1"
	static const char plain[] = QUERY("\0\0", "\0"), numbered[] = QUERY("\0\1", "\0");
	static const char alive[] = QUERY("\0\0", "\1") "\0\0\x29\4\xd0\0\0\0\0\0\4\0\x0b\0\0";
	static const char other[] = QUERY("\0\0", "\1") "\0\0\x29\4\xd0\0\0\0\0\0\4\0\x0c\0\0";
	assert_true(doq_is_proper((const uint8_t *)plain, sizeof plain - 1));
	assert_false(doq_is_proper((const uint8_t *)numbered, sizeof numbered - 1));
	assert_false(doq_is_proper((const uint8_t *)alive, sizeof alive - 1));
	assert_true(doq_is_proper((const uint8_t *)other, sizeof other - 1));
	assert_true(doq_is_proper((const uint8_t *)"\0\0rubbish", 9));
	assert_false(doq_is_proper((const uint8_t *)"\1\0rubbish", 9));
	assert_true(doq_is_proper((const uint8_t *)"", 0));
}

static void test_answers(void **state)
{
	(void)state;
	static const uint8_t proper[12] = {0, 0, 0x81, 0x80}, numbered[12] = {0, 1, 0x81, 0x80};
	static uint8_t long_one[2 + DNS_MESSAGE_MAX] = {0xff, 0xff};
	struct doq_message message = {0};
	assert_true(doq_is_answer(proper, sizeof proper));
	assert_false(doq_is_answer(proper, sizeof proper - 1));
	assert_false(doq_is_answer(numbered, sizeof numbered));
	/* the longest that there can be is taken from a server */
	assert_int_equal(doq_take(&message, long_one, sizeof long_one, true, DNS_MESSAGE_MAX),
	                 DOQ_WHOLE);
	assert_int_equal(message.length, DNS_MESSAGE_MAX);
	doq_free(&message);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_proper),
		cmocka_unit_test(test_answers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
