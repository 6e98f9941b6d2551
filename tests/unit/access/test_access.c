/* Passwords, sessions and tokens with a clock of our own: what ends when, what may be tried how often, and what a spoilt file does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "access/access.h"
#include "access/attempts.h"
#include "unit/journal/sample.h"

#define SECOND_US INT64_C(1000000)
#define SESSION_US (60 * SECOND_US)

struct place {
	char folder[64], path[96];
	struct access *access;
	struct now now;
	struct addr from;
};

/* As cheap as argon2id can be. */
static int open_again(struct place *place, char error[500])
{
	const struct access_options options = {place->path, SESSION_US, 1, 8192};
	access_close(&place->access);
	return access_open(&options, &place->access, error);
}

static int make(void **state)
{
	char error[500];
	struct place *place = calloc(1, sizeof *place);
	assert_non_null(place);
	sample_make_folder(place->folder);
	snprintf(place->path, sizeof place->path, "%s/web.json", place->folder);
	place->now = (struct now){1000 * SECOND_US, 1700000000 * SECOND_US};
	assert_int_equal(addr_parse("192.0.2.1", &place->from), PF_OK);
	assert_int_equal(open_again(place, error), PF_OK);
	*state = place;
	return 0;
}

static int clean(void **state)
{
	struct place *place = *state;
	access_close(&place->access);
	sample_remove_folder(place->folder);
	free(place);
	return 0;
}

static int log_in(struct place *place, const char *password, struct access_login *login)
{
	char error[500] = "";
	int result = access_login(place->access, &place->from, password, place->now, login, error);
	assert_int_equal(result == PF_OK, !*error);
	return result;
}

static void pass(struct place *place, int64_t us)
{
	place->now.mono_us += us;
	place->now.wall_us += us;
}

static void passwords_and_sessions(void **state)
{
	struct place *place = *state;
	struct access_login login, other;
	struct stat info;
	char error[500];
	assert_int_equal(log_in(place, "", &login), PF_ENOENT);
	assert_int_equal(access_set_password(place->access, ACCESS_ADMIN, "1234567", error), PF_EINVAL);
	assert_int_equal(access_set_password(place->access, ACCESS_ADMIN, "12345678", error), PF_OK);
	assert_int_equal(access_set_password(place->access, ACCESS_VIEWER, "87654321", error), PF_OK);
	assert_int_equal(stat(place->path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	assert_int_equal(open_again(place, error), PF_OK);
	assert_int_equal(log_in(place, "12345678", &login), PF_OK);
	assert_int_equal(login.role, ACCESS_ADMIN);
	assert_int_equal(log_in(place, "87654321", &other), PF_OK);
	assert_int_equal(other.role, ACCESS_VIEWER);
	assert_string_not_equal(login.session, other.session);
	/* It ends when it should, on the clock that nobody sets. */
	pass(place, SESSION_US - 1);
	place->now.wall_us = 0;
	assert_int_equal(access_session(place->access, login.session, place->now, NULL), ACCESS_ADMIN);
	pass(place, 1);
	assert_int_equal(access_session(place->access, login.session, place->now, NULL), ACCESS_NOBODY);
	/* A new password ends the sessions of its role, and of no other. */
	assert_int_equal(log_in(place, "12345678", &login), PF_OK);
	assert_int_equal(log_in(place, "87654321", &other), PF_OK);
	assert_int_equal(access_set_password(place->access, ACCESS_VIEWER, "", error), PF_OK);
	assert_int_equal(access_session(place->access, other.session, place->now, NULL), ACCESS_NOBODY);
	assert_int_equal(access_session(place->access, login.session, place->now, NULL), ACCESS_ADMIN);
	assert_int_equal(log_in(place, "87654321", &other), PF_EINVAL);
	assert_int_equal(access_set_password(place->access, ACCESS_ADMIN, "", error), PF_EINVAL);
	access_logout(place->access, login.session);
	assert_int_equal(access_session(place->access, login.session, place->now, NULL), ACCESS_NOBODY);
}

static void there_is_room_for_the_newest_session(void **state)
{
	struct place *place = *state;
	struct access_login first = {0}, login;
	char error[500];
	assert_int_equal(access_set_password(place->access, ACCESS_ADMIN, "12345678", error), PF_OK);
	for (size_t i = 0; i <= ACCESS_SESSIONS_MAX; i++) {
		assert_int_equal(log_in(place, "12345678", &login), PF_OK);
		if (!i)
			first = login;
		pass(place, 1);
	}
	assert_int_equal(access_session(place->access, login.session, place->now, NULL), ACCESS_ADMIN);
	assert_int_equal(access_session(place->access, first.session, place->now, NULL), ACCESS_NOBODY);
}

static void attempts_are_counted(void **state)
{
	(void)state;
	struct attempts *attempts = calloc(1, sizeof *attempts);
	struct addr one, other, neighbour;
	assert_non_null(attempts);
	assert_int_equal(addr_parse("2001:db8::1", &one), PF_OK);
	assert_int_equal(addr_parse("2001:db8::ffff:1", &neighbour), PF_OK);
	assert_int_equal(addr_parse("2001:db8:1::1", &other), PF_OK);
	int64_t now_us = SECOND_US;
	for (int i = 0; i < ATTEMPTS_OF_ADDRESS; i++)
		assert_int_equal(attempts_take(attempts, i % 2 ? &one : &neighbour, now_us), 0);
	assert_int_equal(attempts_take(attempts, &one, now_us), 30);
	assert_int_equal(attempts_take(attempts, &neighbour, now_us), 30);
	assert_int_equal(attempts_take(attempts, &other, now_us), 0);
	now_us += ATTEMPT_OF_ADDRESS_US;
	assert_int_equal(attempts_take(attempts, &one, now_us), 0);
	assert_true(attempts_take(attempts, &one, now_us) > 0);
	attempts_give_back(attempts, &one, now_us);
	assert_int_equal(attempts_take(attempts, &one, now_us), 0);
	/* Whoever has many addresses shares one bucket. */
	int taken = 0;
	for (int i = 0; i < 10 * ATTEMPTS_OF_ALL; i++) {
		char text[ADDR_TEXT_MAX];
		snprintf(text, sizeof text, "192.0.%d.%d", i / 200, i % 200 + 1);
		assert_int_equal(addr_parse(text, &other), PF_OK);
		taken += attempts_take(attempts, &other, now_us) == 0;
	}
	assert_in_range(taken, 1, ATTEMPTS_OF_ALL);
	free(attempts);
}

static void tokens(void **state)
{
	struct place *place = *state;
	char token[ACCESS_SECRET_TEXT_MAX], second[ACCESS_SECRET_TEXT_MAX], error[500];
	assert_int_equal(access_token_new(place->access, "prometheus", ACCESS_VIEWER, place->now, token,
	                                  error),
	                 PF_OK);
	assert_int_equal(access_token_new(place->access, "prometheus", ACCESS_ADMIN, place->now, second,
	                                  error),
	                 PF_ECONFLICT);
	assert_int_equal(access_token_new(place->access, "a\"b", ACCESS_ADMIN, place->now, second,
	                                  error),
	                 PF_EINVAL);
	assert_int_equal(open_again(place, error), PF_OK);
	assert_int_equal(access_token(place->access, token), ACCESS_VIEWER);
	assert_int_equal(access_token(place->access, second), ACCESS_NOBODY);
	assert_int_equal(access_token_revoke(place->access, "nobody", error), PF_ENOENT);
	assert_int_equal(access_token_revoke(place->access, "prometheus", error), PF_OK);
	assert_int_equal(access_token(place->access, token), ACCESS_NOBODY);
}

static void a_spoilt_file_is_left_as_it_is(void **state)
{
	struct place *place = *state;
	static const char *const spoilt[] = {
		"",
		"{",
		"[]",
		"{\"passwords\": {}, \"tokens\": 1}",
		"{\"passwords\": {\"admin\": 1}, \"tokens\": []}",
		"{\"passwords\": {}, \"tokens\": [{\"name\": \"a\", \"role\": \"boss\", \"hash\": \"00\", \"created\": 1}]}"};
	for (size_t i = 0; i < PF_COUNT(spoilt); i++) {
		char error[500] = "", back[200] = "";
		FILE *file = fopen(place->path, "w");
		assert_non_null(file);
		fputs(spoilt[i], file);
		assert_int_equal(fclose(file), 0);
		assert_int_equal(open_again(place, error), PF_EINVAL);
		assert_non_null(strstr(error, place->path));
		file = fopen(place->path, "r");
		assert_non_null(file);
		size_t length = fread(back, 1, sizeof back - 1, file);
		fclose(file);
		assert_int_equal(length, strlen(spoilt[i]));
		assert_string_equal(back, spoilt[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(passwords_and_sessions, make, clean),
		cmocka_unit_test_setup_teardown(there_is_room_for_the_newest_session, make, clean),
		cmocka_unit_test(attempts_are_counted),
		cmocka_unit_test_setup_teardown(tokens, make, clean),
		cmocka_unit_test_setup_teardown(a_spoilt_file_is_left_as_it_is, make, clean),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
