/* Transaction signatures. The messages were signed by dnspython 2.3 (key transfer.key, the secret below, at the second
 * 1800000000): a request, and an answer of three messages of which the second is not signed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dns/tsig.h"
#include "unit/dns/packet.h"

#define SIGNED_S 1800000000u
#define SECRET "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

static const char request_text[] =
	"1234000000010000000000010372707a076578616d706c650000fc0001087472616e73666572036b"
	"65790000fa00ff00000000003d0b686d61632d7368613235360000006b49d200012c0020a1e469ae"
	"308fe8a5ec9346fe19a03a6e4af53ddac573725429a2a3edf7148cae123400000000";
static const char *const answers[] = {
	"1234840000010001000000010372707a076578616d706c650000fc0001c00c000600010000003c00"
	"1d026e73c00c0168c00c0000000500000e1000000258000151800000003c087472616e7366657203"
	"6b65790000fa00ff00000000003d0b686d61632d7368613235360000006b49d200012c00206a1dba"
	"a4650f4070bb586ddeb41c5971c977f92c742c28a6e7016beef060d1b6123400000000",
	"123484000000000100000000016104746573740372707a076578616d706c6500000500010000003c"
	"000100",
	"1234840000000001000000010372707a076578616d706c6500000600010000003c001d026e73c00c"
	"0168c00c0000000500000e1000000258000151800000003c087472616e73666572036b65790000fa"
	"00ff00000000003d0b686d61632d7368613235360000006b49d200012c00204f5b790448ae02bb6b"
	"9ff86cfa29e5dc54befde03a1abd47eb6b41c0165371be123400000000"};

static struct tsig_key make_key(void)
{
	struct tsig_key key = {.algorithm = TSIG_HMAC_SHA256};
	assert_int_equal(dns_name_from_text("transfer.key", &key.name), PF_OK);
	assert_int_equal(tsig_secret_parse(SECRET "\n", strlen(SECRET) + 1, &key), PF_OK);
	return key;
}

static struct packet parse(const char *text)
{
	struct packet packet = {0};
	packet_add(&packet, text);
	return packet;
}

static void sign(struct tsig_session *session, const struct tsig_key *key)
{
	struct packet request = parse("1234 0000 0001 0000 0000 0000 @rpz.example 00fc 0001");
	struct packet expected = parse(request_text);
	int length = tsig_sign(session, key, request.bytes, request.length, SIGNED_S);
	assert_int_equal(length, expected.length);
	assert_memory_equal(request.bytes, expected.bytes, expected.length);
}

static enum tsig_result verify_at(struct tsig_session *session, struct packet *message,
                                  uint64_t wall_s)
{
	unsigned error;
	size_t stripped;
	enum tsig_result result =
		tsig_verify(session, message->bytes, message->length, wall_s, &stripped, &error);
	message->length = stripped;
	return result;
}

static enum tsig_result verify(struct tsig_session *session, struct packet *message)
{
	return verify_at(session, message, SIGNED_S);
}

static void an_answer_of_three(void **state)
{
	(void)state;
	struct tsig_key key = make_key();
	struct tsig_session session;
	sign(&session, &key);
	static const enum tsig_result expected[] = {TSIG_OK, TSIG_PENDING, TSIG_OK};
	for (size_t i = 0; i < PF_COUNT(answers); i++) {
		struct packet message = parse(answers[i]);
		size_t length = message.length;
		assert_int_equal(verify(&session, &message), expected[i]);
		assert_int_equal(dns_read16(message.bytes + 10), 0);
		assert_true(expected[i] == TSIG_OK ? message.length < length : message.length == length);
	}
	tsig_deinit(&session);
}

/* Every byte that is changed, in any message, is noticed in it or in the next that is signed. */
static void each_byte_counts(void **state)
{
	(void)state;
	struct tsig_key key = make_key();
	for (size_t changed = 0; changed < PF_COUNT(answers); changed++) {
		size_t length = parse(answers[changed]).length;
		for (size_t byte = 0; byte < length; byte++) {
			struct tsig_session session;
			bool good = true;
			sign(&session, &key);
			for (size_t i = 0; i < PF_COUNT(answers) && good; i++) {
				struct packet message = parse(answers[i]);
				if (i == changed)
					message.bytes[byte] ^= 0x04;
				enum tsig_result result = verify(&session, &message);
				good = result == TSIG_OK || (i == 1 && result == TSIG_PENDING);
			}
			/* The id stands in the signature a second time, and that one counts; the caller checks the other. */
			bool is_id = changed != 1 && byte < 2;
			if (good != is_id)
				fail_msg("message %zu, byte %zu", changed, byte);
			tsig_deinit(&session);
		}
	}
}

static void what_is_not_signed(void **state)
{
	(void)state;
	struct tsig_key key = make_key();
	struct tsig_session session;
	sign(&session, &key);
	struct packet message = parse(answers[1]);
	assert_int_equal(verify(&session, &message), TSIG_MISSING); /* the first must be */
	tsig_deinit(&session);

	sign(&session, &key);
	message = parse(answers[0]);
	assert_int_equal(verify(&session, &message), TSIG_OK);
	for (unsigned i = 0; i < TSIG_UNSIGNED_MAX; i++) {
		message = parse(answers[1]);
		assert_int_equal(verify(&session, &message), TSIG_PENDING);
	}
	message = parse(answers[1]);
	assert_int_equal(verify(&session, &message), TSIG_MISSING);
	tsig_deinit(&session);
}

static void other_keys_and_times(void **state)
{
	(void)state;
	static const struct {
		int64_t apart_s;
		enum tsig_result result;
	} times[] = {{0, TSIG_OK},         {300, TSIG_OK},        {-300, TSIG_OK},
	             {301, TSIG_BAD_TIME}, {-301, TSIG_BAD_TIME}, {1 << 30, TSIG_BAD_TIME}};
	struct tsig_key key = make_key();
	struct tsig_session session;
	for (size_t i = 0; i < PF_COUNT(times); i++) {
		struct packet message = parse(answers[0]);
		sign(&session, &key);
		assert_int_equal(verify_at(&session, &message, (uint64_t)(SIGNED_S + times[i].apart_s)),
		                 times[i].result);
		tsig_deinit(&session);
	}
	struct packet message = parse(answers[0]);
	sign(&session, &key);
	key.secret[0] ^= 1; /* the session borrows it: what was begun goes on, what follows is wrong */
	assert_int_equal(verify(&session, &message), TSIG_OK);
	message = parse(answers[2]);
	assert_int_equal(verify(&session, &message), TSIG_BAD);
	message = parse(answers[2]);
	assert_int_equal(verify(&session, &message), TSIG_BAD); /* once bad, always bad */
	tsig_deinit(&session);
}

static void the_primary_refuses(void **state)
{
	(void)state;
	struct tsig_key key = make_key();
	struct tsig_session session;
	unsigned error;
	size_t stripped;
	sign(&session, &key);
	struct packet message =
		parse("1234 8409 0000 0000 0000 0001 @transfer.key 00fa 00ff 00000000 001d @hmac-sha256"
	          " 00006b49d200 012c 0000 1234 0011 0000");
	assert_int_equal(tsig_verify(&session, message.bytes, message.length, SIGNED_S, &stripped,
	                             &error),
	                 TSIG_REFUSED);
	assert_int_equal(error, 17);
	tsig_deinit(&session);
}

static void secrets(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int result;
	} rows[] = {{" " SECRET " \r\n", PF_OK},
	            {"", PF_EINVAL},
	            {"\n", PF_EINVAL},
	            {"not base64!", PF_EINVAL},
	            {"====", PF_EINVAL}};
	for (size_t i = 0; i < PF_COUNT(rows); i++) {
		struct tsig_key key = {0};
		assert_int_equal(tsig_secret_parse(rows[i].text, strlen(rows[i].text), &key),
		                 rows[i].result);
		assert_int_equal(key.secret_length, rows[i].result == PF_OK ? 32 : 0);
	}
	char large[401];
	struct tsig_key key = {0};
	memset(large, 'A', 400);
	assert_int_equal(tsig_secret_parse(large, 400, &key), PF_EFULL);
}

/* Whoever is asked: the request above, and an answer that the one who asked takes. */
static void a_request_and_its_answer(void **state)
{
	(void)state;
	const struct {
		int64_t apart_s;
		bool other_secret, other_name, no_key;
		unsigned error;
	} cases[] = {{.error = 0},
	             {.apart_s = 300, .error = 0},
	             {.other_secret = true, .error = TSIG_BADSIG},
	             {.other_name = true, .error = TSIG_BADKEY},
	             {.no_key = true, .error = TSIG_BADKEY},
	             {.apart_s = 301, .error = TSIG_BADTIME},
	             {.apart_s = -301, .error = TSIG_BADTIME}};
	for (size_t i = 0; i < PF_COUNT(cases); i++) {
		struct tsig_key key = make_key(), own = make_key();
		struct packet request = parse(request_text), answer = {0};
		struct tsig_session session;
		struct tsig_request asked;
		uint64_t wall_s = (uint64_t)(SIGNED_S + cases[i].apart_s);
		size_t stripped;
		unsigned error;
		sign(&session, &key);
		own.secret[0] ^= cases[i].other_secret;
		if (cases[i].other_name)
			assert_int_equal(dns_name_from_text("another.key", &own.name), PF_OK);
		assert_int_equal(tsig_request_verify(&asked, cases[i].no_key ? NULL : &own, request.bytes,
		                                     request.length, wall_s),
		                 cases[i].error ? TSIG_REFUSED : TSIG_OK);
		assert_int_equal(asked.error, cases[i].error);
		packet_add(&answer, "1234 8000 0001 0000 0000 0000 @rpz.example 00fc 0001");
		size_t unsigned_length = answer.length;
		int length = tsig_answer(&asked, answer.bytes, answer.length, wall_s);
		assert_true(length > (int)unsigned_length);
		assert_int_equal(tsig_verify(&session, answer.bytes, (size_t)length, wall_s, &stripped,
		                             &error),
		                 cases[i].error ? TSIG_REFUSED : TSIG_OK);
		assert_int_equal(error, cases[i].error);
		if (!cases[i].error)
			assert_int_equal(stripped, unsigned_length);
		tsig_deinit(&asked.session);
		tsig_deinit(&session);
	}
}

/* No byte of the request may be another one, and none of the answer. */
static void each_byte_of_both(void **state)
{
	(void)state;
	struct tsig_key key = make_key();
	struct packet good = parse(request_text);
	for (size_t byte = 2; byte < good.length; byte++) {
		struct packet request = good;
		struct tsig_request asked;
		request.bytes[byte] ^= 0x04;
		enum tsig_result result =
			tsig_request_verify(&asked, &key, request.bytes, request.length, SIGNED_S);
		if (result == TSIG_OK || (result == TSIG_MISSING && asked.is_signed))
			fail_msg("byte %zu", byte);
		tsig_deinit(&asked.session);
	}
	for (size_t length = 0; length < good.length; length++) {
		struct tsig_request asked;
		enum tsig_result result = tsig_request_verify(&asked, &key, good.bytes, length, SIGNED_S);
		assert_int_equal(result, TSIG_BAD);
		tsig_deinit(&asked.session);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_of_three),  cmocka_unit_test(each_byte_counts),
		cmocka_unit_test(what_is_not_signed),  cmocka_unit_test(other_keys_and_times),
		cmocka_unit_test(the_primary_refuses), cmocka_unit_test(a_request_and_its_answer),
		cmocka_unit_test(each_byte_of_both),   cmocka_unit_test(secrets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
