/* Scenarios of sinkholes that reply with a CNAME: its target is looked for, and nothing of what was sinkholed gets out; and of
 * pauses, in which rules decide and nothing is sinkholed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scenario/play.h"

#define CAMERA "192.168.1.20"
#define LAPTOP "192.168.1.12"
#define BASE                                                \
	"upstreams: [192.0.2.53]\n"                             \
	"devices:\n"                                            \
	"  - {name: camera, ip: " CAMERA ", tags: [camera]}\n"  \
	"  - {name: laptop, ip: " LAPTOP ", tags: [laptop]}\n"  \
	"hosts: [{name: portal.house, ip: 192.168.1.5}]\n"      \
	"forward: [{zones: [lan], upstreams: [192.168.1.1]}]\n" \
	"lists: [{name: walled, file: walled.rpz, format: rpz}]\n"
#define RULE "rules: [{name: walled, tags: [camera], lists: [walled], action: sinkhole}]\n"
#define ZONE                            \
	"$ORIGIN rpz.test.\n"               \
	"$TTL 60\n"                         \
	"@ SOA a. b. 1 2 3 4 5\n"           \
	"blocked.test CNAME walled.test.\n" \
	"wild.test CNAME *.wall.test.\n"    \
	"house.test CNAME portal.house.\n"  \
	"lan.test CNAME portal.lan.\n"      \
	"32.66.113.0.203.rpz-ip CNAME walled.test.\n"

static struct play *begin(void)
{
	struct play *play = play_new(NULL);
	play_write_file(play, "walled.rpz", ZONE);
	play_reload(play, BASE RULE);
	return play;
}

static const struct play_record *last_record(struct play *play)
{
	play_settle(play);
	assert_true(play->record_count > 0);
	return &play->records[play->record_count - 1];
}

static void expect_asked(const struct play *play, size_t index, const char *name, bool in_the_lan)
{
	char text[NAME_TEXT_MAX];
	assert_int_equal(play->ask_count, index + 1);
	dns_name_to_text(&play->asks[index].query.name, text);
	assert_string_equal(text, name);
	assert_int_equal(play->asks[index].group != 0, in_the_lan);
}

/* The CNAME, and what follows it; by the rule, whoever was asked for the target. */
static void expect_reply(struct play *play, size_t from, unsigned rcode, unsigned count,
                         const char *addresses, enum record_source source)
{
	char text[512];
	const struct play_reply *reply = play_reply_to(play, from, CAMERA);
	const struct play_record *record = last_record(play);
	assert_int_equal(reply_rcode(reply), rcode);
	assert_int_equal(reply_answer_count(reply), count);
	assert_string_equal(reply_addresses(reply), addresses);
	assert_int_equal(reply_ede(reply, text), 15);
	assert_string_equal(record->reason, text);
	assert_int_equal(record->action, ACTION_SINKHOLE);
	assert_int_equal(record->source, source);
	assert_int_equal(record->rcode, rcode);
}

static void the_target_is_looked_for(void **state)
{
	(void)state;
	struct play *play = begin();
	size_t from = play_query(play, 0, CAMERA, "blocked.test", "A");
	expect_asked(play, 0, "walled.test", false);
	play_answer(play, 0, 0, "walled.test. 60 IN A 198.51.100.1\n");
	expect_reply(play, from, 0, 2, "198.51.100.1", SOURCE_POLICY);
	assert_int_equal(reply_ttl(play_reply_to(play, from, CAMERA)), 10);
	from = play_query(play, 1, CAMERA, "blocked.test",
	                  "A"); /* from the cache, for the other worker too */
	expect_reply(play, from, 0, 2, "198.51.100.1", SOURCE_POLICY);
	from = play_query(play, 0, CAMERA, "blocked.test", "CNAME"); /* is answered by it alone */
	expect_reply(play, from, 0, 1, "", SOURCE_POLICY);
	assert_int_equal(play->ask_count, 1);
	from = play_query(play, 0, CAMERA, "wild.test", "AAAA");
	expect_asked(play, 1, "wild.test.wall.test", false);
	play_answer(play, 1, 0,
	            "wild.test.wall.test. 60 IN CNAME w.test.\nw.test. 60 IN AAAA 2001:db8::1\n");
	expect_reply(play, from, 0, 3, "2001:db8::1", SOURCE_POLICY);
	play_free(&play);
}

/* What was made for the camera is not the laptop's, and the other way round. */
static void others_get_the_name_itself(void **state)
{
	(void)state;
	struct play *play = begin();
	size_t from = play_query(play, 0, CAMERA, "blocked.test", "A");
	play_answer(play, 0, 0, "walled.test. 60 IN A 198.51.100.1\n");
	expect_reply(play, from, 0, 2, "198.51.100.1", SOURCE_POLICY);
	from = play_query(play, 0, LAPTOP, "blocked.test", "A");
	expect_asked(play, 1, "blocked.test", false);
	play_answer(play, 1, 0, "blocked.test. 60 IN A 203.0.113.5\n");
	assert_string_equal(reply_addresses(play_reply_to(play, from, LAPTOP)), "203.0.113.5");
	from = play_query(play, 0, CAMERA, "blocked.test", "A");
	expect_reply(play, from, 0, 2, "198.51.100.1", SOURCE_POLICY);
	assert_int_equal(play->ask_count, 2);
	play_free(&play);
}

static void targets_in_the_house(void **state)
{
	(void)state;
	struct play *play = begin();
	size_t from = play_query(play, 0, CAMERA, "house.test", "A");
	expect_reply(play, from, 0, 2, "192.168.1.5", SOURCE_POLICY);
	assert_int_equal(play->ask_count, 0);
	from = play_query(play, 0, CAMERA, "lan.test", "A");
	expect_asked(play, 0, "portal.lan", true);
	play_answer(play, 0, 0, "portal.lan. 60 IN A 192.168.1.6\n");
	expect_reply(play, from, 0, 2, "192.168.1.6", SOURCE_POLICY);
	play_free(&play);
}

/* Then the CNAME is all that there is; the name that was sinkholed is never asked for. */
static void targets_that_lead_nowhere(void **state)
{
	(void)state;
	struct play *play = begin();
	size_t from = play_query(play, 0, CAMERA, "blocked.test", "A");
	play_fail(play, 0, FORWARD_TIMED_OUT);
	expect_reply(play, from, 0, 1, "", SOURCE_POLICY);
	from = play_query(play, 0, CAMERA, "blocked.test", "A");
	play_answer(play, 1, 3, "");
	expect_reply(play, from, 3, 1, "", SOURCE_POLICY);
	play->refuse_asks = true;
	from = play_query(play, 0, CAMERA, "blocked.test", "AAAA");
	expect_reply(play, from, 0, 1, "", SOURCE_POLICY);
	play->refuse_asks = false;
	from = play_query(play, 0, CAMERA, "lan.test", "A");
	play_answer(play, 2, 0, "portal.lan. 60 IN CNAME lan.test.\n"); /* and round again */
	expect_reply(play, from, 0, 1, "", SOURCE_POLICY);
	from = play_query(play, 0, CAMERA, "wild.test", "A"); /* all of it in one answer */
	play_answer(play, 3, 0,
	            "wild.test.wall.test. 60 IN CNAME wild.test.\nwild.test. 60 IN A 203.0.113.9\n");
	expect_reply(play, from, 0, 1, "", SOURCE_POLICY);
	assert_int_equal(play->ask_count, 4);
	play_free(&play);
}

/* A rule of the answers stage: the target comes in place of the answer. */
static void an_answer_is_replaced(void **state)
{
	(void)state;
	struct play *play = begin();
	size_t from = play_query(play, 0, CAMERA, "shop.test", "A");
	play_answer(play, 0, 0, "shop.test. 60 IN A 203.0.113.66\n");
	expect_asked(play, 1, "walled.test", false);
	play_answer(play, 1, 0, "walled.test. 60 IN A 198.51.100.1\n");
	expect_reply(play, from, 0, 2, "198.51.100.1", SOURCE_UPSTREAM);
	from = play_query(play, 0, CAMERA, "shop.test", "A");
	expect_reply(play, from, 0, 2, "198.51.100.1", SOURCE_CACHE);
	assert_int_equal(play->ask_count, 2);
	play_free(&play);
}

static void a_reload_while_it_waits(void **state)
{
	(void)state;
	struct play *play = begin();
	size_t from = play_query(play, 0, CAMERA, "blocked.test", "A");
	expect_asked(play, 0, "walled.test", false);
	play_reload(play, BASE);
	play_answer(play, 0, 0, "walled.test. 60 IN A 198.51.100.1\n");
	expect_asked(play, 1, "blocked.test", false); /* no rule says otherwise any more */
	play_answer(play, 1, 0, "blocked.test. 60 IN A 203.0.113.5\n");
	assert_string_equal(reply_addresses(play_reply_to(play, from, CAMERA)), "203.0.113.5");
	assert_int_equal(last_record(play)->action, ACTION_ALLOW);
	play_free(&play);
}

/* ---- pauses ------------------------------------------------------------------------------ */

static void pause_tag(struct play *play, const char *tag, int64_t for_s)
{
	struct pauses *made = calloc(1, sizeof *made), *old = play->shared.pauses;
	assert_non_null(made);
	if (old)
		*made = *old;
	made->generation = old ? old->generation + 1 : 1;
	assert_int_equal(pauses_set(made, tag, for_s ? play->now.wall_us + for_s * 1000000 : 0,
	                            play->now.wall_us),
	                 PF_OK);
	old = rcu_xchg_pointer(&play->shared.pauses, made);
	synchronize_rcu();
	free(old);
}

/* One name that a rule sinkholes by its name, and one by its answer; the first is asked for each time. */
static void expect_pause(struct play *play, size_t worker, const char *client, bool paused)
{
	static const char words[] = "paused, would have been sinkholed by rule";
	const char *names[] = {"short.test", "address.test"};
	for (size_t i = 0; i < PF_COUNT(names); i++) {
		char text[512];
		size_t asked = play->ask_count, from = play_query(play, worker, client, names[i], "A");
		if (play->ask_count > asked)
			play_answer(play, asked, 0,
			            i ? "address.test. 0 IN A 203.0.113.66\n"
			              : "short.test. 0 IN A 203.0.113.5\n");
		const struct play_reply *reply = play_reply_to(play, from, client);
		const struct play_record *record = last_record(play);
		bool real = strstr(reply_addresses(reply), "203.0.113.") != NULL;
		assert_int_equal(real, paused);
		assert_int_equal(record->action, paused ? ACTION_ALLOW : ACTION_SINKHOLE);
		assert_int_equal(!strncmp(record->reason, words, sizeof words - 1), paused);
		assert_int_equal(record->rule, i + 1);
		assert_int_equal(reply_ede(reply, text), paused ? -1 : 15);
	}
}

static void a_pause_begins_and_ends(void **state)
{
	(void)state;
	static const char rules[] =
		BASE "rules:\n"
			 "  - {name: by name, tags: [all], names: [short.test], action: sinkhole}\n"
			 "  - {name: by address, tags: [all], addresses: [203.0.113.66], action: sinkhole}\n";
	struct play *play = begin();
	play_reload(play, rules);
	expect_pause(play, 0, CAMERA, false);
	pause_tag(play, "camera", 60);
	for (size_t worker = 0; worker < PLAY_WORKERS; worker++) {
		expect_pause(play, worker, CAMERA, true);
		expect_pause(play, worker, LAPTOP, false); /* of another tag */
	}
	play_reload(play, rules); /* tags have other numbers, perhaps */
	play_advance_ms(play, 59900);
	expect_pause(play, 0, CAMERA, true);
	play_advance_ms(play, 200);
	expect_pause(play, 0, CAMERA, false);
	expect_pause(play, 1, CAMERA, false);
	pause_tag(play, "all", 3600);
	pause_tag(play, "camera", 60); /* the longer one counts */
	play_advance_ms(play, 100000);
	expect_pause(play, 0, CAMERA, true);
	expect_pause(play, 1, LAPTOP, true);
	pause_tag(play, "nobody has it", 60);
	pause_tag(play, "all", 0);
	expect_pause(play, 0, CAMERA, false);
	expect_pause(play, 1, LAPTOP, false);
	free(play->shared.pauses);
	play->shared.pauses = NULL;
	play_free(&play);
}

/* A rule that only flags, or allows, is no rule of a pause; and what waits for an upstream is decided when it comes back. */
static void a_pause_and_what_is_under_way(void **state)
{
	(void)state;
	struct play *play = begin();
	play_reload(
		play, BASE
		"rules:\n"
		"  - {name: look, tags: [camera], names: [seen.test], action: flag}\n"
		"  - {name: by address, tags: [camera], addresses: [203.0.113.66], action: sinkhole}\n");
	pause_tag(play, "camera", 60);
	size_t from = play_query(play, 0, CAMERA, "seen.test", "A");
	play_answer(play, 0, 0, "seen.test. 60 IN A 203.0.113.66\n");
	assert_string_equal(reply_addresses(play_reply_to(play, from, CAMERA)), "203.0.113.66");
	assert_int_equal(last_record(play)->action, ACTION_FLAG);
	assert_int_equal(last_record(play)->rule, 1);
	from = play_query(play, 0, CAMERA, "slow.test", "A");
	pause_tag(play, "camera", 0);
	play_answer(play, 1, 0, "slow.test. 60 IN A 203.0.113.66\n");
	assert_string_equal(reply_addresses(play_reply_to(play, from, CAMERA)), "0.0.0.0");
	free(play->shared.pauses);
	play->shared.pauses = NULL;
	play_free(&play);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_target_is_looked_for), cmocka_unit_test(others_get_the_name_itself),
		cmocka_unit_test(targets_in_the_house),     cmocka_unit_test(targets_that_lead_nowhere),
		cmocka_unit_test(an_answer_is_replaced),    cmocka_unit_test(a_reload_while_it_waits),
		cmocka_unit_test(a_pause_begins_and_ends),  cmocka_unit_test(a_pause_and_what_is_under_way),
	};
	return cmocka_run_group_tests(tests, play_begin, play_end);
}
