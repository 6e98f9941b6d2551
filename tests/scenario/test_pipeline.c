/* Scenarios of the way of a query: names first, answers second; one reply and one record on every
 * path; cache, flights, failures, reloads. */
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

static void an_answer_comes_back_and_is_kept(void **state)
{
	(void)state;
	struct play *play = play_new(DEVICES);
	size_t from = play_query(play, 0, LAPTOP, "www.example.com", "A");
	assert_int_equal(play->ask_count, 1);
	assert_int_equal(play->reply_count, 0);
	play_advance_ms(play, 25);
	play_answer(play, 0, 0,
	            "www.example.com. 60 IN A 198.51.100.1\nwww.example.com. 60 IN A 198.51.100.2\n");
	const struct play_reply *reply = play_reply_to(play, from, LAPTOP);
	assert_int_equal(reply_rcode(reply), 0);
	assert_string_equal(reply_addresses(reply), "198.51.100.1 198.51.100.2");
	assert_int_equal(reply_ttl(reply), 60);

	play_advance_ms(play, 20500);
	from = play_query(play, 1, COFFEE, "WWW.Example.com", "A"); /* another worker, the same cache */
	assert_int_equal(play->ask_count, 1);
	reply = play_reply_to(play, from, COFFEE);
	assert_int_equal(reply_ttl(reply), 40); /* 20 s are gone */

	play_advance_ms(play, 40000);
	play_query(play, 0, LAPTOP, "www.example.com", "A"); /* expired */
	assert_int_equal(play->ask_count, 2);
	play_answer(play, 1, 0, "www.example.com. 60 IN A 198.51.100.3\n");
	play_expect_sums(play);
	assert_int_equal(play->record_count, 3);
	assert_string_equal(play->records[0].name, "www.example.com");
	assert_string_equal(play->records[0].device, "laptop");
	assert_int_equal(play->records[0].source, SOURCE_UPSTREAM);
	assert_int_equal(play->records[0].took_us, 25000);
	assert_true(play->records[0].has_answer);
	assert_int_equal(play->records[0].address_count, 2);
	play_free(&play);
}

/* The content of an answer is written once; later records name it. */
static void a_record_names_its_answer(void **state)
{
	(void)state;
	struct play *play = play_new(DEVICES);
	play_query(play, 0, LAPTOP, "a.example", "A");
	play_answer(play, 0, 0, "a.example. 60 IN A 198.51.100.1\n");
	for (int i = 0; i < 5; i++)
		play_query(play, 0, COFFEE, "a.example", "A");
	play_expect_sums(play);
	assert_int_equal(play->record_count, 6);
	assert_true(play->records[0].has_answer);
	for (int i = 1; i < 6; i++) {
		assert_false(play->records[i].has_answer);
		assert_int_equal(play->records[i].answer_id, play->records[0].answer_id);
		assert_int_equal(play->records[i].source, SOURCE_CACHE);
	}
	assert_int_not_equal(play->records[0].answer_id, 0);
	play_free(&play);
}

static void fifty_identical_questions_are_one(void **state)
{
	(void)state;
	struct play *play = play_new(DEVICES);
	for (int i = 0; i < 50; i++) {
		char client[32];
		snprintf(client, sizeof client, "192.168.1.%d", 100 + i);
		play_query(play, (size_t)i % PLAY_WORKERS, client, i % 2 ? "a.example" : "A.EXAMPLE", "A");
	}
	assert_int_equal(play->ask_count, 1);
	assert_int_equal(play->reply_count, 0);
	play_answer(play, 0, 0, "a.example. 60 IN A 198.51.100.1\n");
	play_deliver(play);
	assert_int_equal(play->reply_count, 50);
	for (int i = 0; i < 50; i++) {
		char client[32];
		snprintf(client, sizeof client, "192.168.1.%d", 100 + i);
		assert_string_equal(reply_addresses(play_reply_to(play, 0, client)), "198.51.100.1");
	}
	play_expect_sums(play);
	play_free(&play);
}

static void types_are_different_questions(void **state)
{
	(void)state;
	struct play *play = play_new(DEVICES);
	play_query(play, 0, LAPTOP, "a.example", "A");
	play_query(play, 0, LAPTOP, "a.example", "AAAA");
	assert_int_equal(play->ask_count, 2);
	play_answer(play, 1, 0, "a.example. 60 IN AAAA 2001:db8::1\n");
	play_answer(play, 0, 0, "a.example. 60 IN A 198.51.100.1\n");
	assert_int_equal(play->reply_count, 2);
	play_expect_sums(play);
	play_free(&play);
}

static void negative_answers_are_kept(void **state)
{
	(void)state;
	struct play *play = play_new(DEVICES "cache: {prefetch: off}\n");
	play_query(play, 0, LAPTOP, "no.example", "A");
	play_answer(play, 0, 3,
	            "AUTHORITY\nexample. 3600 IN SOA ns.example. root.example. 1 2 3 4 30\n");
	assert_int_equal(reply_rcode(&play->replies[0]), 3);
	play_advance_ms(play, 29000);
	play_query(play, 0, LAPTOP, "no.example", "A");
	assert_int_equal(play->ask_count, 1);
	assert_int_equal(reply_rcode(&play->replies[1]), 3);
	assert_int_equal(reply_ttl(&play->replies[1]), 1); /* min(3600, 30) - 29 */
	play_advance_ms(play, 2000);
	play_query(play, 0, LAPTOP, "no.example", "A");
	assert_int_equal(play->ask_count, 2);
	play_answer(play, 1, 3, ""); /* no SOA: not kept */
	play_query(play, 0, LAPTOP, "no.example", "A");
	assert_int_equal(play->ask_count, 3);
	play_answer(play, 2, 2, ""); /* SERVFAIL: not kept */
	play_query(play, 0, LAPTOP, "no.example", "A");
	assert_int_equal(play->ask_count, 4);
	play_fail(play, 3, FORWARD_TIMED_OUT);
	play_expect_sums(play);
	play_free(&play);
}

static void names_first(void **state)
{
	(void)state;
	struct play *play = play_new(NULL);
	play_write_file(play, "tv.txt", "tracker.example\n");
	play_reload(
		play, DEVICES
		"lists: [{name: tv, file: tv.txt}]\n"
		"rules:\n"
		"  - {name: let through, tags: [coffee], names: [good.tracker.example], action: allow}\n"
		"  - {name: no trackers, tags: [coffee], lists: [tv], action: sinkhole, reply: nxdomain}\n"
		"  - {name: look, tags: [laptop], names: ['*.example'], action: flag}\n");
	char text[512];
	size_t from = play_query(play, 0, COFFEE, "x.tracker.example", "A");
	assert_int_equal(play->ask_count, 0); /* nothing has left the house */
	const struct play_reply *reply = play_reply_to(play, from, COFFEE);
	assert_int_equal(reply_rcode(reply), 3);
	assert_int_equal(reply_ede(reply, text), 15);
	assert_string_equal(
		text, "sinkholed by rule 2 \"no trackers\": x.tracker.example is on list \"tv\" (entry "
			  "tracker.example)");

	play_query(play, 0, COFFEE, "good.tracker.example", "A");
	assert_int_equal(play->ask_count, 1);
	play_answer(play, 0, 0, "good.tracker.example. 60 IN A 198.51.100.1\n");
	from = play_query(play, 0, LAPTOP, "x.tracker.example", "A");
	play_answer(play, 1, 0, "x.tracker.example. 60 IN A 198.51.100.9\n");
	reply = play_reply_to(play, from, LAPTOP);
	assert_string_equal(reply_addresses(reply), "198.51.100.9");
	assert_int_equal(reply_ede(reply, text), -1);
	play_expect_sums(play);
	assert_int_equal(play->records[0].action, ACTION_SINKHOLE);
	assert_int_equal(play->records[0].source, SOURCE_POLICY);
	assert_int_equal(play->records[1].action, ACTION_ALLOW);
	assert_int_equal(play->records[1].rule, 1);
	assert_string_equal(
		play->records[1].reason,
		"allowed by rule 1 \"let through\": good.tracker.example matches good.tracker.example");
	assert_int_equal(play->records[2].action, ACTION_FLAG);
	assert_int_equal(play->records[2].rule, 3);
	play_free(&play);
}

static void every_kind_of_reply(void **state)
{
	(void)state;
	static const struct {
		const char *reply, *type;
		unsigned rcode;
		const char *addresses; /* NULL: no reply at all */
	} cases[] = {
		{"null", "A", 0, "0.0.0.0"},
		{"null", "AAAA", 0, "::"},
		{"null", "HTTPS", 0, ""},
		{"nxdomain", "A", 3, ""},
		{"nodata", "A", 0, ""},
		{"refused", "A", 5, ""},
		{"[192.0.2.1, 192.0.2.2, '2001:db8::1']", "A", 0, "192.0.2.1 192.0.2.2"},
		{"[192.0.2.1, '2001:db8::1']", "AAAA", 0, "2001:db8::1"},
		{"[192.0.2.1]", "AAAA", 0, ""},
		{"drop", "A", 0, NULL},
	};
	struct play *play = play_new(DEVICES);
	for (size_t i = 0; i < PF_COUNT(cases); i++) {
		char yaml[1024], text[512];
		snprintf(yaml, sizeof yaml,
		         DEVICES "rules: [{name: r, names: [bad.example], action: sinkhole, reply: %s}]\n",
		         cases[i].reply);
		play_reload(play, yaml);
		size_t from = play_query(play, 0, COFFEE, "bad.example", cases[i].type);
		const struct play_reply *reply = play_reply_to(play, from, COFFEE);
		if (!cases[i].addresses) {
			assert_int_equal(reply->length, 0);
			continue;
		}
		assert_int_equal(reply_rcode(reply), cases[i].rcode);
		assert_string_equal(reply_addresses(reply), cases[i].addresses);
		assert_int_equal(reply_ede(reply, text), 15);
		if (cases[i].rcode != 5) /* REFUSED has no record at all */
			assert_int_equal(reply_ttl(reply), 10);
	}
	assert_int_equal(play->ask_count, 0);
	play_expect_sums(play);
	assert_true(play->records[play->record_count - 1].dropped_reply);
	play_free(&play);
}

/* While a question is upstream the rules change: the answer meets the new ones. */
static void a_changed_rule_meets_what_is_in_flight(void **state)
{
	(void)state;
	struct play *play =
		play_new(DEVICES "rules: [{name: look, names: [a.example], action: flag}]\n");
	play_query(play, 0, COFFEE, "a.example", "A");
	play_reload(play, DEVICES
	            "rules: [{name: no more, names: [a.example], action: sinkhole, reply: refused}]\n");
	play_answer(play, 0, 0, "a.example. 60 IN A 198.51.100.1\n");
	assert_int_equal(reply_rcode(&play->replies[0]), 5);
	play_reload(play, DEVICES);
	play_query(play, 0, COFFEE, "a.example", "A"); /* and the answer was kept */
	assert_int_equal(play->ask_count, 1);
	assert_string_equal(reply_addresses(&play->replies[1]), "198.51.100.1");
	play_expect_sums(play);
	assert_int_equal(play->records[0].action, ACTION_SINKHOLE);
	assert_int_equal(play->records[1].action, ACTION_ALLOW);
	play_free(&play);
}

/* A worker remembers what the names stage said to a name. Each part of the question that could change it does, and so do the
 * time of day and the rules. */
static void what_is_remembered_is_nobody_elses(void **state)
{
	static const char *const rules =
		"lists: [{name: l, file: list}]\n"
		"rules:\n"
		"  - {name: of coffee, tags: [coffee], names: [tag.example], action: sinkhole}\n"
		"  - {name: of types, types: [AAAA], names: [type.example], action: sinkhole}\n"
		"  - {name: at night, names: [time.example], action: sinkhole,\n"
		"     during: {at: 21:00-22:00, zone: UTC}}\n"
		"  - {name: listed, lists: [l], action: sinkhole}\n";
	static const struct {
		const char *client, *name, *type;
		bool early, late; /* sinkholed at 20:26, and an hour later */
	} cases[] = {
		{COFFEE, "tag.example", "A", true, true},
		{LAPTOP, "tag.example", "A", false, false},
		{LAPTOP, "type.example", "AAAA", true, true},
		{LAPTOP, "type.example", "A", false, false},
		{LAPTOP, "time.example", "A", false, true},
		{LAPTOP, "client.example", "A", true, true},
		{"192.168.1.77", "client.example", "A", false, false},
		{"192.168.1.78", "client.example", "A", true, true},
		{LAPTOP, "kind.example", "AAAA", true, true},
		{LAPTOP, "kind.example", "A", false, false},
	};
	char yaml[2048];
	(void)state;
	struct play *play = play_new(DEVICES);
	play_write_file(play, "list",
	                "||client.example^$client=~192.168.1.77\n||kind.example^$dnstype=AAAA\n");
	snprintf(yaml, sizeof yaml, DEVICES "%s", rules);
	play_reload(play, yaml);
	for (unsigned round = 0; round < 4; round++) {
		if (round == 2)
			play_advance_ms(play, 3600000);
		for (size_t i = 0; i < PF_COUNT(cases); i++) {
			size_t asked = play->ask_count;
			play_query(play, 0, cases[i].client, cases[i].name, cases[i].type);
			if (play->ask_count > asked)
				play_answer(play, asked, 3, "");
			play_settle(play);
			bool sinkholed = play->records[play->record_count - 1].action == ACTION_SINKHOLE;
			assert_int_equal(sinkholed, round < 2 ? cases[i].early : cases[i].late);
		}
	}
	play_reload(play, DEVICES "rules: [{name: all, names: ['*.example'], action: sinkhole}]\n");
	for (size_t i = 0; i < PF_COUNT(cases); i++) {
		play_query(play, 0, cases[i].client, cases[i].name, cases[i].type);
		play_settle(play);
		assert_int_equal(play->records[play->record_count - 1].action, ACTION_SINKHOLE);
	}
	play_expect_sums(play);
	play_free(&play);
}

/* So is the sentence to it: it is this name's and this policy's, however many names push each other out of what is remembered. */
static void what_is_said_is_of_this_name(void **state)
{
	static const char *const rules[] = {"first", "second", "second"};
	(void)state;
	struct play *play = play_new(DEVICES);
	for (unsigned round = 0; round < PF_COUNT(rules); round++) {
		char yaml[512];
		snprintf(yaml, sizeof yaml,
		         DEVICES
		         "rate-limit: off\nrules: [{name: %s, names: ['*.example'], action: sinkhole}]\n",
		         rules[round]);
		if (round < 2)
			play_reload(play, yaml);
		for (unsigned i = 0; i < 1200; i++) {
			char name[64], wanted[256], text[512];
			snprintf(name, sizeof name, "n%u.blocked.example", i);
			snprintf(wanted, sizeof wanted, "sinkholed by rule 1 \"%s\": %s matches *.example",
			         rules[round], name);
			play->reply_count = 0;
			play_query(play, 0, LAPTOP, name, "A");
			assert_int_equal(reply_ede(play_reply_to(play, 0, LAPTOP), text), 15);
			assert_string_equal(text, wanted);
		}
	}
	play_free(&play);
}

/* A question for the A of a name, without OPT. */
static size_t plain_question(const char *text, uint8_t packet[512])
{
	static const uint8_t header[12] = {0x12, 0x67, 1, 0, 0, 1}, a_in[] = {0, 1, 0, 1};
	struct dns_name name;
	assert_int_equal(dns_name_from_text(text, &name), PF_OK);
	memcpy(packet, header, sizeof header);
	memcpy(packet + sizeof header, name.wire, name.length);
	memcpy(packet + sizeof header + name.length, a_in, sizeof a_in);
	return sizeof header + name.length + sizeof a_in;
}

/* A sentence that nobody reads is not written, and nobody who reads one is told less for that. */
static void a_sentence_is_for_who_reads_it(void **state)
{
	uint8_t packet[512];
	char text[512];
	(void)state;
	struct play *play =
		play_new(DEVICES "rules: [{name: all, names: ['*.example'], action: sinkhole}]\n");
	struct journal *journal = play->shared.journal;
	for (unsigned round = 0; round < 2; round++) {
		play->shared.journal = NULL;
		play->reply_count = 0;
		play_packet(play, 0, LAPTOP, packet, plain_question("a.example", packet));
		assert_int_equal(reply_ede(&play->replies[0], text), -1);
		assert_string_equal(reply_addresses(&play->replies[0]), "0.0.0.0");
		play_query(play, 0, LAPTOP, "a.example", "A");
		assert_int_equal(reply_ede(&play->replies[1], text), 15);
		assert_string_equal(text, "sinkholed by rule 1 \"all\": a.example matches *.example");
		play->shared.journal = journal;
		play_packet(play, 0, LAPTOP, packet, plain_question("b.example", packet));
		play_settle(play);
		assert_string_equal(play->records[play->record_count - 1].reason,
		                    "sinkholed by rule 1 \"all\": b.example matches *.example");
	}
	play_free(&play);
}

/* Which lists hold a name is remembered for rules on answers too, on however many and however late lists it stands. */
static void all_lists_of_a_name_are_remembered(void **state)
{
	static const char *const names[] = {"both.example", "late.example", "early.example"};
	char yaml[8192] = DEVICES "lists:\n", text[512];
	(void)state;
	struct play *play = play_new(DEVICES);
	play_write_file(play, "early", "both.example\nearly.example\n");
	play_write_file(play, "other", "other.example\n");
	play_write_file(play, "late", "both.example\nlate.example\n");
	for (unsigned i = 0; i < 130; i++)
		snprintf(yaml + strlen(yaml), sizeof yaml - strlen(yaml), "  - {name: l%u, file: %s}\n", i,
		         i == 0     ? "early"
		         : i == 129 ? "late"
		                    : "other");
	strcat(yaml,
	       "rules: [{name: r, lists: [l129], addresses: [198.51.100.0/24], action: sinkhole}]\n");
	play_reload(play, yaml);
	for (unsigned round = 0; round < 3; round++) {
		for (size_t i = 0; i < PF_COUNT(names); i++) {
			size_t asked = play->ask_count;
			play->reply_count = 0;
			play_query(play, 0, LAPTOP, names[i], "A");
			assert_int_equal(play->ask_count - asked, round == 0);
			if (!round) {
				char answer[64];
				snprintf(answer, sizeof answer, "%s. 600 IN A 198.51.100.1\n", names[i]);
				play_answer(play, asked, 0, answer);
			}
			assert_int_equal(reply_ede(&play->replies[0], text), i < 2 ? 15 : -1);
		}
	}
	play_free(&play);
}

/* Several at once get what each would get alone, remembered or not. */
static void a_batch_is_answered_as_each_alone(void **state)
{
	static const char *const names[PIPELINE_RUN_MAX] = {
		"a.listed.example", "free.example", "listed.example", "x.example",
		"a.listed.example", "b.example",    "y.z.example",    "c.listed.example",
	};
	static const bool sinkholed[PIPELINE_RUN_MAX] = {
		[0] = true, [2] = true, [3] = true, [4] = true};
	static const char yaml[] = DEVICES "rate-limit: off\nlists: [{name: l, file: list}]\n"
									   "rules: [{name: listed, lists: [l], action: sinkhole}]\n";
	uint8_t packets[PIPELINE_RUN_MAX][512];
	(void)state;
	struct play *play = play_new(DEVICES);
	play_write_file(play, "list", "||listed.example^\nx.example\n@@||c.listed.example^\n");
	play_reload(play, yaml);
	for (size_t i = 0; i < PF_COUNT(names); i++) {
		size_t asked = play->ask_count;
		play_query(play, 0, LAPTOP, names[i], "A");
		if (play->ask_count == asked)
			continue;
		char answer[64];
		snprintf(answer, sizeof answer, "%s. 600 IN A 198.51.100.1\n", names[i]);
		play_answer(play, asked, 0, answer);
	}
	for (unsigned round = 0; round < 2; round++) {
		struct query *queries[PIPELINE_RUN_MAX];
		play->reply_count = 0;
		rcu_read_lock();
		for (size_t i = 0; i < PF_COUNT(names); i++) {
			queries[i] = play_query_begin(play, 0, LAPTOP);
			assert_true(pipeline_admit(&play->pipelines[0], queries[i], packets[i],
			                           plain_question(names[i], packets[i]), play->now));
		}
		pipeline_run(&play->pipelines[0], queries, PF_COUNT(names));
		rcu_read_unlock();
		assert_int_equal(play->reply_count, PF_COUNT(names));
		for (size_t i = 0; i < PF_COUNT(names); i++)
			assert_string_equal(reply_addresses(&play->replies[i]),
			                    sinkholed[i] ? "0.0.0.0" : "198.51.100.1");
		play_reload(play, yaml); /* nothing is remembered the second time */
	}
	play_free(&play);
}

static void cname_rules_see_each_hop(void **state)
{
	(void)state;
	struct play *play = play_new(
		DEVICES
		"rules: [{name: cloaked, cname: ['*.tracker.example'], action: sinkhole, reply: nodata}]\n");
	play_query(play, 0, COFFEE, "shop.example", "A");
	play_answer(
		play, 0, 0,
		"shop.example. 60 IN CNAME x.tracker.example.\nx.tracker.example. 60 IN CNAME y.example.\ny.example. 60 IN A 198.51.100.1\n");
	char text[512];
	assert_int_equal(reply_answer_count(&play->replies[0]), 0);
	assert_int_equal(reply_ede(&play->replies[0], text), 15);
	assert_non_null(strstr(text, "x.tracker.example"));
	play_expect_sums(play);
	play_free(&play);
}

static void failures_are_told(void **state)
{
	(void)state;
	struct play *play = play_new(DEVICES);
	char text[512];
	play_query(play, 0, COFFEE, "a.example", "A");
	play_fail(play, 0, FORWARD_TIMED_OUT);
	assert_int_equal(reply_rcode(&play->replies[0]), 2);
	assert_int_equal(reply_ede(&play->replies[0], text), 22);
	play_query(play, 0, COFFEE, "a.example", "A");
	play_fail(play, 1, FORWARD_NETWORK_ERROR);
	assert_int_equal(reply_ede(&play->replies[1], text), 23);
	play->refuse_asks = true;
	play_query(play, 0, COFFEE, "a.example", "A");
	assert_int_equal(reply_rcode(&play->replies[2]), 2);
	assert_int_equal(play->ask_count, 2);
	play_expect_sums(play);
	play_free(&play);
}

static void records_nobody_asked_for_are_never_served(void **state)
{
	(void)state;
	struct play *play = play_new(DEVICES);
	play_query(play, 0, COFFEE, "a.example", "A");
	play_answer(
		play, 0, 0,
		"a.example. 60 IN A 198.51.100.1\nbank.example. 60 IN A 203.0.113.66\n"
		"AUTHORITY\nexample. 60 IN NS evil.example.\nADDITIONAL\nbank.example. 60 IN A 203.0.113.66\n");
	assert_int_equal(reply_answer_count(&play->replies[0]), 1);
	assert_string_equal(reply_addresses(&play->replies[0]), "198.51.100.1");
	play_query(play, 0, COFFEE, "bank.example", "A");
	assert_int_equal(play->ask_count, 2);
	play_answer(play, 1, 0, "bank.example. 60 IN A 198.51.100.2\n");
	assert_string_equal(reply_addresses(&play->replies[1]), "198.51.100.2");
	play_expect_sums(play);
	play_free(&play);
}

static void strangers_and_odd_questions_are_turned_away(void **state)
{
	(void)state;
	struct play *play = play_new(DEVICES);
	char text[512];
	size_t from = play_query(play, 0, "203.0.113.5", "a.example", "A");
	const struct play_reply *reply = play_reply_to(play, from, "203.0.113.5");
	assert_int_equal(reply_rcode(reply), 5);
	assert_int_equal(reply_ede(reply, text), 18);
	play_query(play, 0, COFFEE, "a.example", "ANY");
	assert_int_equal(reply_rcode(&play->replies[1]), 0); /* as little as can be (RFC 8482) */
	assert_int_equal(reply_answer_count(&play->replies[1]), 1);
	assert_true(play->replies[1].length < 60);
	play_query(play, 0, COFFEE, "a.example", "AXFR");
	assert_int_equal(reply_rcode(&play->replies[2]), 5);
	static const uint8_t empty[DNS_HEADER_BYTES] = {0x12, 0x67, 1, 0};
	play_packet(play, 0, COFFEE, empty, sizeof empty); /* QDCOUNT 0 */
	assert_int_equal(play->replies[3].bytes[3] & 15, 1);
	play_packet(play, 0, COFFEE, empty, 5);
	assert_int_equal(play->replies[4].length, 0);
	play_packet(play, 0, "203.0.113.5", empty, sizeof empty); /* silence for strangers */
	assert_int_equal(play->replies[5].length, 0);
	assert_int_equal(play->ask_count, 0);
	play_expect_sums(play);
	assert_int_equal(play->record_count, 2); /* ANY and AXFR of a known device are worth a record */
	play_free(&play);
}

/* A journal that can not write slows nobody, and nothing is lost that a ring can hold. */
static void a_stalled_journal_is_waited_for_by_nobody(void **state)
{
	(void)state;
	struct play *play =
		play_new(DEVICES "rules: [{name: r, names: [bad.example], action: sinkhole}]\n");
	__atomic_store_n(&play->sink_fails, true, __ATOMIC_RELEASE);
	for (int i = 0; i < 400; i++)
		play_query(play, (size_t)i % PLAY_WORKERS, COFFEE, "bad.example", "A");
	assert_int_equal(play->reply_count, 400);
	assert_int_equal(journal_flush(play->shared.journal, 300), PF_ETIMEOUT);
	__atomic_store_n(&play->sink_fails, false, __ATOMIC_RELEASE);
	play_expect_sums(play);
	assert_int_equal(play->record_count, 400);
	play_free(&play);
}

static void unknown_devices_have_a_stable_name(void **state)
{
	(void)state;
	struct play *play = play_new(
		DEVICES
		"rules: [{name: strangers, tags: [unknown], names: [a.example], action: sinkhole}]\n");
	play_query(play, 0, "192.168.1.77", "a.example", "A");
	play_query(play, 0, LAPTOP, "b.example", "A");
	play_answer(play, 0, 0, "b.example. 60 IN A 198.51.100.1\n");
	play_expect_sums(play);
	assert_string_equal(play->records[0].device, "192.168.1.77");
	assert_int_equal(play->records[0].action, ACTION_SINKHOLE);
	assert_string_equal(play->records[1].device, "laptop");
	play_free(&play);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_comes_back_and_is_kept),
		cmocka_unit_test(a_record_names_its_answer),
		cmocka_unit_test(fifty_identical_questions_are_one),
		cmocka_unit_test(types_are_different_questions),
		cmocka_unit_test(negative_answers_are_kept),
		cmocka_unit_test(names_first),
		cmocka_unit_test(every_kind_of_reply),
		cmocka_unit_test(a_changed_rule_meets_what_is_in_flight),
		cmocka_unit_test(what_is_remembered_is_nobody_elses),
		cmocka_unit_test(what_is_said_is_of_this_name),
		cmocka_unit_test(a_sentence_is_for_who_reads_it),
		cmocka_unit_test(all_lists_of_a_name_are_remembered),
		cmocka_unit_test(a_batch_is_answered_as_each_alone),
		cmocka_unit_test(cname_rules_see_each_hop),
		cmocka_unit_test(failures_are_told),
		cmocka_unit_test(records_nobody_asked_for_are_never_served),
		cmocka_unit_test(strangers_and_odd_questions_are_turned_away),
		cmocka_unit_test(a_stalled_journal_is_waited_for_by_nobody),
		cmocka_unit_test(unknown_devices_have_a_stable_name),
	};
	return cmocka_run_group_tests(tests, play_begin, play_end);
}
