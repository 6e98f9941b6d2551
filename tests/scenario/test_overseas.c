/* Scenarios of the story: what stands overseas, with evidence, for one device and not for another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "scenario/play.h"
#include "support/mmdb_writer.h"

#define COFFEE "192.168.1.11"
#define LAPTOP "192.168.1.12"
#define BUILT_S 1790000000ULL /* 2026-09-21, two months before the scenario */

#define BASE                                                                                          \
	"upstreams: [192.0.2.53]\n"                                                                       \
	"home: [US]\n"                                                                                    \
	"geo: {location: [one-country.mmdb, two-country.mmdb], control: [asn.csv], anycast: [any.txt]}\n" \
	"devices:\n"                                                                                      \
	"  - {name: lobby coffee, ip: " COFFEE ", tags: [coffee]}\n"                                      \
	"  - {name: laptop, ip: " LAPTOP ", tags: [laptop]}\n"
#define STAYS_HOME \
	"  - {name: coffee stays home, tags: [coffee], standing: overseas, action: sinkhole, reply: nxdomain}\n"

static void write_database(struct play *play, const char *name, uint64_t built_s,
                           const char *const *lines, unsigned count)
{
	char path[256];
	snprintf(path, sizeof path, "%s/%s", play->folder, name);
	mmdb_write(path, name, built_s, MMDB_FLAT, lines, count);
}

static struct play *begin(const char *yaml)
{
	static const char *const one[] = {"9.0.0.0/8 CN", "8.0.0.0/8 US", "12.0.0.0/8 US",
	                                  "2a00::/16 CN", "13.0.0.0/8 CN"};
	static const char *const two[] = {"9.0.0.0/8 CN", "8.0.0.0/8 US", "12.0.0.0/8 CN",
	                                  "2a00::/16 CN"};
	struct play *play = play_new(NULL);
	write_database(play, "one-country.mmdb", BUILT_S, one, PF_COUNT(one));
	write_database(play, "two-country.mmdb", BUILT_S + 86400, two, PF_COUNT(two));
	play_write_file(
		play, "asn.csv",
		"9.0.0.0,9.255.255.255,37963,Alibaba\n8.0.0.0,8.255.255.255,15169,Google LLC\n");
	play_write_file(play, "any.txt", "9.1.1.0/24\n");
	play_reload(play, yaml);
	return play;
}

static void one_answer_two_verdicts(void **state)
{
	(void)state;
	struct play *play = begin(BASE "rules:\n" STAYS_HOME);
	char text[512];
	size_t from = play_query(play, 0, COFFEE, "a.example.cn", "A");
	play_answer(play, 0, 0, "a.example.cn. 60 IN A 9.0.0.7\n");
	const struct play_reply *reply = play_reply_to(play, from, COFFEE);
	assert_int_equal(reply_rcode(reply), 3);
	assert_int_equal(reply_answer_count(reply), 0);
	assert_int_equal(reply_ede(reply, text), 15);
	assert_string_equal(text,
	                    "sinkholed by rule 1 \"coffee stays home\": a.example.cn → 9.0.0.7 in CN "
	                    "(one 2026-09, two 2026-09 agree), run by AS37963 Alibaba (CN)");
	from = play_query(play, 1, LAPTOP, "a.example.cn", "A");
	reply = play_reply_to(play, from, LAPTOP);
	assert_string_equal(reply_addresses(reply), "9.0.0.7");
	assert_int_equal(reply_ede(reply, text), -1);
	assert_int_equal(play->ask_count, 1);
	play_settle(play);
	assert_int_equal(play->record_count, 2);
	const struct play_record *coffee = &play->records[0], *laptop = &play->records[1];
	if (strcmp(coffee->device, "lobby coffee")) { /* two rings have no order */
		laptop = coffee;
		coffee = &play->records[1];
	}
	assert_int_equal(coffee->action, ACTION_SINKHOLE);
	assert_int_equal(coffee->standing, STANDING_OVERSEAS);
	assert_int_equal(coffee->confidence, CONFIDENCE_HIGH);
	assert_non_null(strstr(coffee->reason, "agree), run by AS37963 Alibaba (CN)"));
	assert_int_equal(laptop->action, ACTION_ALLOW);
	assert_int_equal(laptop->source, SOURCE_CACHE);
	assert_int_equal(laptop->answer_id, coffee->answer_id);
	play_free(&play);
}

/* A sinkhole rule on standing needs confidence high, unless its author says otherwise. */
static void doubt_is_no_ground(void **state)
{
	(void)state;
	static const struct {
		const char *records,
			*sentence; /* of a flag rule with confidence low; NULL: it does not match either */
	} cases[] = {
		{"x.example. 60 IN A 8.8.8.8\n", NULL},
		{"x.example. 60 IN A 12.1.1.1\n", NULL}, /* disputed */
		{"x.example. 60 IN A 9.1.1.9\n", NULL},  /* anycast */
		{"x.example. 60 IN A 203.0.113.7\n", NULL},
		{"x.example. 60 IN TXT \"no address\"\n", NULL},
		{"x.example. 60 IN A 13.1.1.1\n",
	     "13.1.1.1 in CN (one 2026-09)"}, /* one database knows it */
		{"x.example. 60 IN A 8.8.8.8\nx.example. 60 IN A 9.0.0.1\n",
	     "9.0.0.1 in CN (one 2026-09, two 2026-09 agree), run by AS37963 Alibaba (CN); 1 of 2 addresses overseas"},
	};
	struct play *play = begin(
		BASE
		"rules:\n" STAYS_HOME
		"  - {name: look, tags: [coffee], standing: overseas, confidence: low, action: flag}\n");
	for (size_t i = 0; i < PF_COUNT(cases); i++) {
		play_advance_ms(play, 100000);
		size_t from =
			play_query(play, 0, COFFEE, "x.example", strstr(cases[i].records, "TXT") ? "TXT" : "A");
		play_answer(play, i, 0, cases[i].records);
		assert_int_equal(reply_rcode(play_reply_to(play, from, COFFEE)), 0);
		play_settle(play);
		const struct play_record *record = &play->records[i];
		assert_int_equal(record->action, cases[i].sentence ? ACTION_FLAG : ACTION_ALLOW);
		if (cases[i].sentence && !strstr(record->reason, cases[i].sentence))
			print_message("%s\n", record->reason);
		if (cases[i].sentence)
			assert_non_null(strstr(record->reason, cases[i].sentence));
	}
	play_free(&play);
}

/* Cached facts are judged anew when the databases have changed; the answer is not asked for again. */
static void new_databases_judge_cached_answers(void **state)
{
	(void)state;
	struct play *play = begin(BASE "rules:\n" STAYS_HOME);
	play_query(play, 0, COFFEE, "y.example", "A");
	play_answer(play, 0, 0, "y.example. 600 IN A 8.8.8.8\n");
	assert_string_equal(reply_addresses(&play->replies[0]), "8.8.8.8");
	static const char *const moved[] = {"8.0.0.0/8 CN"};
	write_database(play, "one-country.mmdb", BUILT_S + 5, moved, 1);
	write_database(play, "two-country.mmdb", BUILT_S + 86405, moved, 1);
	play_reload(play, BASE "rules:\n" STAYS_HOME);
	play_query(play, 0, COFFEE, "y.example", "A");
	assert_int_equal(play->ask_count, 1);
	assert_int_equal(reply_rcode(&play->replies[1]), 3);
	play_settle(play);
	assert_true(play->records[1].has_answer); /* other facts, another entry in the journal */
	assert_int_not_equal(play->records[0].answer_id, play->records[1].answer_id);
	play_free(&play);
}

static void hints_and_cnames_are_judged(void **state)
{
	(void)state;
	struct play *play = begin(BASE "rules:\n" STAYS_HOME);
	char text[512];
	size_t from = play_query(play, 0, COFFEE, "h.example", "AAAA");
	play_answer(play, 0, 0,
	            "h.example. 60 IN CNAME cdn.example.net.\ncdn.example.net. 60 IN AAAA 2a00::7\n");
	const struct play_reply *reply = play_reply_to(play, from, COFFEE);
	assert_int_equal(reply_rcode(reply), 3);
	assert_int_equal(reply_ede(reply, text), 15);
	assert_non_null(strstr(text, "h.example → cdn.example.net → 2a00::7 in CN"));
	play_free(&play);
}

static void location_rules_read_each_address(void **state)
{
	(void)state;
	struct play *play = begin(
		BASE
		"rules:\n"
		"  - {name: not CN, tags: [coffee], location: [CN], match: any, action: sinkhole, reply: refused}\n"
		"  - {name: these networks, tags: [laptop], asn: [37963], match: any, action: sinkhole, reply: nodata}\n"
		"  - {name: only US, tags: [all], location: '!US', action: flag}\n");
	play_query(play, 0, COFFEE, "z.example", "A");
	play_answer(play, 0, 0, "z.example. 60 IN A 8.8.8.8\nz.example. 60 IN A 9.0.0.1\n");
	assert_int_equal(reply_rcode(&play->replies[0]), 5);
	play_query(play, 0, LAPTOP, "z.example", "A");
	assert_int_equal(reply_rcode(&play->replies[1]), 0);
	assert_int_equal(reply_answer_count(&play->replies[1]), 0);
	play_query(play, 0, "192.168.1.99", "z.example", "A");
	assert_int_equal(reply_answer_count(&play->replies[2]), 2);
	play_settle(play);
	assert_int_equal(play->records[2].rule, 3);
	assert_int_equal(play->records[2].action, ACTION_FLAG);
	play_free(&play);
}

/* The overseas addresses go and the rest is served, from the same cache entry that another device gets whole. */
static void strip_serves_the_rest(void **state)
{
	(void)state;
	struct play *play =
		begin(BASE "rules:\n"
	               "  - {name: not abroad, tags: [coffee], standing: overseas, action: sinkhole, "
	               "reply: strip}\n");
	char text[512];
	size_t from = play_query(play, 0, COFFEE, "m.example", "A");
	play_answer(play, 0, 0,
	            "m.example. 60 IN A 9.0.0.1\nm.example. 60 IN A 8.8.8.8\n"
	            "m.example. 60 IN A 9.0.0.2\nm.example. 60 IN A 12.1.1.1\n");
	const struct play_reply *reply = play_reply_to(play, from, COFFEE);
	assert_string_equal(reply_addresses(reply), "8.8.8.8 12.1.1.1"); /* the last is disputed */
	assert_int_equal(reply_ede(reply, text), 15);
	assert_string_equal(
		text, "sinkholed by rule 1 \"not abroad\": m.example → 9.0.0.1 in CN (one 2026-09, two "
			  "2026-09 agree), run by AS37963 Alibaba (CN); 2 of 4 addresses taken out: 9.0.0.1, "
			  "9.0.0.2");
	from = play_query(play, 1, LAPTOP, "m.example", "A");
	assert_string_equal(reply_addresses(play_reply_to(play, from, LAPTOP)),
	                    "9.0.0.1 8.8.8.8 9.0.0.2 12.1.1.1");
	assert_int_equal(play->ask_count, 1);
	from = play_query(play, 0, COFFEE, "n.example", "A");
	play_answer(play, 1, 0, "n.example. 60 IN A 9.0.0.1\n");
	reply = play_reply_to(play, from, COFFEE);
	assert_int_equal(reply_rcode(reply), 0);
	assert_int_equal(reply_answer_count(reply), 0);
	play_settle(play);
	assert_int_equal(play->records[0].action, ACTION_SINKHOLE);
	play_free(&play);
}

/* Two devices, one name, two homes: two verdicts from one cache entry, each with its own facts in the journal. */
static void homes_by_tag(void **state)
{
	(void)state;
	static const char yaml[] =
		"upstreams: [192.0.2.53]\n"
		"home: {all: [US], coffee: [CN]}\n"
		"geo: {location: [one-country.mmdb, two-country.mmdb]}\n"
		"devices:\n"
		"  - {name: lobby coffee, ip: " COFFEE ", tags: [coffee]}\n"
		"  - {name: laptop, ip: " LAPTOP ", tags: [laptop]}\n"
		"rules:\n"
		"  - {name: stays home, standing: overseas, action: sinkhole, reply: nxdomain}\n";
	struct play *play = begin(yaml);
	size_t from = play_query(play, 0, COFFEE, "a.example.cn", "A");
	play_answer(play, 0, 0, "a.example.cn. 60 IN A 9.0.0.7\n");
	assert_string_equal(reply_addresses(play_reply_to(play, from, COFFEE)), "9.0.0.7");
	for (size_t round = 0; round < 2; round++) {
		from = play_query(play, 0, LAPTOP, "a.example.cn", "A");
		assert_int_equal(reply_rcode(play_reply_to(play, from, LAPTOP)), 3);
		from = play_query(play, 0, COFFEE, "a.example.cn", "A");
		assert_int_equal(reply_rcode(play_reply_to(play, from, COFFEE)), 0);
	}
	assert_int_equal(play->ask_count, 1);
	play_settle(play);
	assert_int_equal(play->record_count, 5);
	const struct play_record *records = play->records;
	assert_int_equal(records[0].standing, STANDING_HOME);
	assert_int_equal(records[1].standing, STANDING_OVERSEAS);
	assert_int_equal(records[1].source, SOURCE_CACHE);
	assert_int_not_equal(records[0].answer_id, records[1].answer_id);
	/* The content of each is journalled once. */
	assert_true(records[0].has_answer && records[1].has_answer);
	for (size_t i = 2; i < 5; i++)
		assert_false(records[i].has_answer);
	play_free(&play);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_answer_two_verdicts),
		cmocka_unit_test(doubt_is_no_ground),
		cmocka_unit_test(new_databases_judge_cached_answers),
		cmocka_unit_test(hints_and_cnames_are_judged),
		cmocka_unit_test(location_rules_read_each_address),
		cmocka_unit_test(strip_serves_the_rest),
		cmocka_unit_test(homes_by_tag),
	};
	return cmocka_run_group_tests(tests, play_begin, play_end);
}
