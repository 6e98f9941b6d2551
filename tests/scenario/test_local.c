/* Scenarios of names that are answered in the house: hosts, escape hatches, zones that stay inside, forward
 * zones with a cache of their own, and private answers of the internet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "scenario/play.h"

#define CAMERA "192.168.1.20"
#define LAPTOP "192.168.1.12"
#define BASE                                               \
	"upstreams: [192.0.2.53]\n"                            \
	"devices:\n"                                           \
	"  - {name: camera, ip: " CAMERA ", tags: [camera]}\n" \
	"  - {name: laptop, ip: " LAPTOP ", tags: [laptop]}\n"
#define LAN "forward: [{zones: [lan, 168.192.in-addr.arpa], upstreams: [192.168.1.1]}]\n"

/* Asks, and it must be answered without anybody being asked. */
static const struct play_reply *ask_here(struct play *play, const char *name, const char *type)
{
	size_t asked = play->ask_count;
	size_t from = play_query(play, 0, LAPTOP, name, type);
	if (play->ask_count != asked)
		fail_msg("%s %s left the house", name, type);
	return play_reply_to(play, from, LAPTOP);
}

static const struct play_record *last_record(struct play *play)
{
	play_settle(play);
	assert_true(play->record_count > 0);
	return &play->records[play->record_count - 1];
}

static void expect_reason(struct play *play, const char *words)
{
	const struct play_record *record = last_record(play);
	if (!strstr(record->reason, words))
		fail_msg("\"%s\" has no \"%s\"", record->reason, words);
}

static void hatches_are_shut(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		unsigned rcode;
	} cases[] = {
		{"use-application-dns.net", 3}, {"mask.icloud.com", 3},    {"mask-h2.icloud.com", 3},
		{"resolver.arpa", 0},           {"_dns.resolver.arpa", 0}, {"MASK.icloud.COM", 3},
	};
	struct play *play = play_new(BASE);
	for (size_t i = 0; i < PF_COUNT(cases); i++) {
		char text[512];
		const struct play_reply *reply = ask_here(play, cases[i].name, i == 4 ? "SVCB" : "A");
		assert_int_equal(reply_rcode(reply), cases[i].rcode);
		assert_int_equal(reply_answer_count(reply), 0);
		assert_int_equal(reply_ede(reply, text), 15);
		assert_non_null(strstr(text, "sinkholed as an escape hatch: "));
		expect_reason(play, text);
		assert_int_equal(last_record(play)->action, ACTION_SINKHOLE);
		assert_int_equal(last_record(play)->source, SOURCE_POLICY);
	}
	play_query(play, 0, LAPTOP, "www.icloud.com", "A");
	play_query(play, 0, LAPTOP, "x.mask.icloud.com", "A"); /* nobody asks for that */
	assert_int_equal(play->ask_count, 2);
	play_answer(play, 0, 0, "www.icloud.com. 60 IN A 198.51.100.1\n");
	play_answer(play, 1, 3, "");
	play_free(&play);
}

static void hatches_open_by_switch_rule_and_zone(void **state)
{
	(void)state;
	struct play *play = play_new(BASE "escape-hatches: {mask.icloud.com: off}\n");
	play_query(play, 0, LAPTOP, "mask.icloud.com", "A");
	assert_int_equal(play->ask_count, 1);
	play_answer(play, 0, 0, "mask.icloud.com. 1 IN A 198.51.100.1\n");
	ask_here(play, "mask-h2.icloud.com", "A");

	play_reload(play, BASE "escape-hatches: off\n");
	play_query(play, 0, LAPTOP, "use-application-dns.net", "A");
	play_answer(play, 1, 0, "use-application-dns.net. 1 IN A 198.51.100.1\n");

	/* An owner's rule wins, for those it speaks of. */
	play_reload(
		play,
		BASE "rules: [{name: relay, tags: [camera], names: [mask.icloud.com], action: allow}]\n");
	play_advance_ms(play, 2000);
	ask_here(play, "mask.icloud.com", "A");
	play_query(play, 0, CAMERA, "mask.icloud.com", "A");
	assert_int_equal(play->ask_count, 3);
	play_answer(play, 2, 0, "mask.icloud.com. 60 IN A 198.51.100.1\n");
	ask_here(play, "mask.icloud.com", "A"); /* also when the cache has an answer */
	assert_int_equal(last_record(play)->rcode, 3);

	play_reload(play, BASE "forward: [{zones: [icloud.com], upstreams: [192.168.1.1]}]\n");
	play_query(play, 0, LAPTOP, "mask.icloud.com", "A");
	assert_int_equal(play->ask_count, 4);
	play_fail(play, 3, FORWARD_TIMED_OUT);
	play_free(&play);
}

static void private_zones_stay_inside(void **state)
{
	(void)state;
	static const char *const names[] = {
		"1.1.168.192.in-addr.arpa",
		"1.0.0.10.in-addr.arpa",
		"1.0.16.172.in-addr.arpa",
		"1.0.31.172.in-addr.arpa",
		"1.1.254.169.in-addr.arpa",
		"1.0.0.127.in-addr.arpa",
		"1.1.64.100.in-addr.arpa",
		"1.1.127.100.in-addr.arpa",
		"1.2.0.192.in-addr.arpa",
		"255.255.255.255.in-addr.arpa",
		"1.0.0.d.f.ip6.arpa",
		"1.8.e.f.ip6.arpa",
		"1.b.e.f.ip6.arpa",
		"1.8.b.d.0.1.0.0.2.ip6.arpa",
		"printer.home.arpa",
		"a.invalid",
		"invalid",
		"local",
		"printer.local",
		"x.onion",
	};
	struct play *play = play_new(BASE);
	for (size_t i = 0; i < PF_COUNT(names); i++) {
		char text[512];
		const struct play_reply *reply = ask_here(play, names[i], "PTR");
		if (reply_rcode(reply) != (strcmp(names[i], "255.255.255.255.in-addr.arpa") ? 3 : 0))
			fail_msg("%s: %u", names[i], reply_rcode(reply));
		assert_int_equal(reply_answer_count(reply), 0);
		assert_int_equal(reply_ttl(reply), 60); /* of the SOA */
		assert_int_equal(reply_ede(reply, text), 29);
		assert_non_null(strstr(text, "which is not asked outside (RFC "));
		expect_reason(play, text);
		assert_int_equal(last_record(play)->action, ACTION_ALLOW);
		assert_int_equal(last_record(play)->source, SOURCE_POLICY);
	}
	assert_int_equal(reply_rcode(ask_here(play, "home.arpa", "NS")), 0);
	assert_int_equal(reply_answer_count(ask_here(play, "10.in-addr.arpa", "SOA")), 1);
	assert_string_equal(reply_addresses(ask_here(play, "localhost", "A")), "127.0.0.1");
	assert_string_equal(reply_addresses(ask_here(play, "a.localhost", "AAAA")), "::1");
	assert_int_equal(reply_answer_count(ask_here(play, "localhost", "MX")), 0);
	play_free(&play);
}

static void what_is_not_private_is_asked_outside(void **state)
{
	(void)state;
	static const struct {
		const char *name, *type;
	} cases[] = {
		{"1.1.1.1.in-addr.arpa", "PTR"},
		{"1.0.15.172.in-addr.arpa", "PTR"},
		{"1.0.32.172.in-addr.arpa", "PTR"},
		{"1.1.63.100.in-addr.arpa", "PTR"},
		{"1.e.f.ip6.arpa", "PTR"},
		{"10.in-addr.arpa.example", "A"},
		{"a.test", "A"},
		{"home.arpa", "DS"}, /* the parent's */
	};
	struct play *play = play_new(BASE);
	for (size_t i = 0; i < PF_COUNT(cases); i++) {
		play_query(play, 0, LAPTOP, cases[i].name, cases[i].type);
		if (play->ask_count != i + 1)
			fail_msg("%s was answered here", cases[i].name);
		play_answer(play, i, 3, "");
	}
	play_free(&play);
}

static void private_answers_are_stripped(void **state)
{
	(void)state;
	static const char *const private[] = {
		"A 192.168.1.1",
		"A 10.0.0.1",
		"A 172.31.255.255",
		"A 127.0.0.1",
		"A 0.0.0.0",
		"A 169.254.169.254",
		"A 100.64.0.1",
		"AAAA ::1",
		"AAAA ::",
		"AAAA fd00::1",
		"AAAA fe80::1",
		"AAAA fec0::1",
		"AAAA ::ffff:192.168.1.1",
		"AAAA ::192.168.1.1",
		"AAAA 64:ff9b::c0a8:101",
		"AAAA 64:ff9b:1::1",
		"AAAA 2002:c0a8:101::1",
	};
	struct play *play = play_new(BASE);
	for (size_t i = 0; i < PF_COUNT(private); i++) {
		char name[64], records[256], type[8], text[512];
		sscanf(private[i], "%7s", type);
		snprintf(name, sizeof name, "evil%zu.example", i);
		snprintf(records, sizeof records, "%s. 60 IN %s\n", name, private[i]);
		size_t from = play_query(play, 0, LAPTOP, name, type);
		play_answer(play, i, 0, records);
		const struct play_reply *reply = play_reply_to(play, from, LAPTOP);
		if (reply_answer_count(reply))
			fail_msg("%s is served", private[i]);
		assert_int_equal(reply_rcode(reply), 0);
		assert_int_equal(reply_ede(reply, text), 15);
		assert_non_null(strstr(text, "stripped against rebinding: evil"));
		expect_reason(play, text);
		assert_int_equal(last_record(play)->action, ACTION_SINKHOLE);
	}
	play_free(&play);
}

static void what_is_left_is_served(void **state)
{
	(void)state;
	struct play *play = play_new(BASE);
	size_t from = play_query(play, 0, LAPTOP, "a.example", "A");
	play_answer(play, 0, 0,
	            "a.example. 60 IN CNAME b.example.\nb.example. 60 IN A 192.168.1.1\n"
	            "b.example. 60 IN A 198.51.100.1\nb.example. 60 IN A 10.1.2.3\n");
	assert_string_equal(reply_addresses(play_reply_to(play, from, LAPTOP)), "198.51.100.1");
	expect_reason(play,
	              "stripped against rebinding: a.example → 192.168.1.1, 10.1.2.3 inside the house, "
	              "from 192.0.2.53:53; 2 of 3 addresses taken out");
	/* The cache keeps what the upstream said: a change of mind acts at once. */
	play_reload(play, BASE "rebinding: {allow: [a.example]}\n");
	assert_string_equal(reply_addresses(ask_here(play, "a.example", "A")),
	                    "192.168.1.1 198.51.100.1 10.1.2.3");
	play_reload(play, BASE "rebinding: {allow: ['*.example']}\n");
	assert_string_equal(reply_addresses(ask_here(play, "a.example", "A")),
	                    "192.168.1.1 198.51.100.1 10.1.2.3");
	/* That a CNAME leads over an allowed name allows nothing: who is asked for counts. */
	play_reload(play, BASE "rebinding: {allow: [b.example]}\n");
	assert_string_equal(reply_addresses(ask_here(play, "a.example", "A")), "198.51.100.1");
	/* Nor does a rule that allows the name. */
	play_reload(play, BASE "rules: [{name: r, names: [a.example], action: allow}]\n");
	assert_string_equal(reply_addresses(ask_here(play, "a.example", "A")), "198.51.100.1");
	play_reload(play, BASE "rebinding: off\n");
	assert_string_equal(reply_addresses(ask_here(play, "a.example", "A")),
	                    "192.168.1.1 198.51.100.1 10.1.2.3");
	play_free(&play);
}

static void a_sinkhole_is_not_undone(void **state)
{
	(void)state;
	struct play *play = play_new(
		BASE
		"rules: [{name: r, tags: [laptop], addresses: [10.0.0.0/8], action: sinkhole, reply: refused}]\n");
	play_query(play, 0, LAPTOP, "a.example", "A");
	play_answer(play, 0, 0, "a.example. 60 IN A 10.1.2.3\n");
	assert_int_equal(reply_rcode(&play->replies[0]), 5);
	assert_int_equal(last_record(play)->rule, 1);
	play_free(&play);
}

static void hosts_are_answered(void **state)
{
	(void)state;
	struct play *play = play_new(NULL);
	play_write_file(play, "hosts",
	                "# the house\n127.0.0.1 localhost\n192.168.1.9 tv.lan TV # two names\n"
	                "fe80::1%lo0 localhost\n192.168.1.5 old.lan nas.lan\nnonsense\n");
	play_reload(play, BASE "hosts-file: hosts\n"
	                       "hosts:\n"
	                       "  - {name: nas.lan, ip: [192.168.1.5, 'fd00::5'], ttl: 5m}\n"
	                       "  - {name: www.lan, cname: nas.lan}\n"
	                       "  - {name: 7.1.168.192.in-addr.arpa, ptr: printer.lan}\n");
	assert_string_equal(reply_addresses(ask_here(play, "NAS.lan", "A")), "192.168.1.5");
	assert_int_equal(reply_ttl(&play->replies[play->reply_count - 1]), 300);
	expect_reason(play, "answered by the owner's hosts: nas.lan stands in ");
	expect_reason(play, "portafilter.yaml, line 7");
	assert_int_equal(last_record(play)->source, SOURCE_POLICY);
	assert_string_equal(reply_addresses(ask_here(play, "nas.lan", "AAAA")), "fd00::5");
	assert_int_equal(reply_answer_count(ask_here(play, "nas.lan", "HTTPS")), 0);
	assert_int_equal(reply_rcode(&play->replies[play->reply_count - 1]), 0);
	expect_reason(play, "without a record of this type");
	assert_string_equal(reply_addresses(ask_here(play, "tv.lan", "A")), "192.168.1.9");
	expect_reason(play, "/hosts, line 3");
	assert_int_equal(reply_ttl(&play->replies[play->reply_count - 1]), 60);
	assert_string_equal(reply_addresses(ask_here(play, "tv", "A")), "192.168.1.9");
	assert_int_equal(reply_answer_count(ask_here(play, "5.1.168.192.in-addr.arpa", "PTR")), 1);
	expect_reason(play, "line 7"); /* that of nas.lan: the first name of its address */
	assert_int_equal(reply_answer_count(ask_here(play, "7.1.168.192.in-addr.arpa", "PTR")), 1);
	assert_int_equal(reply_answer_count(ask_here(play, "9.1.168.192.in-addr.arpa", "PTR")), 1);
	assert_int_equal(reply_rcode(ask_here(play, "8.1.168.192.in-addr.arpa", "PTR")), 3);
	/* A CNAME of the owner's, inside: the whole chain from here. */
	assert_string_equal(reply_addresses(ask_here(play, "www.lan", "A")), "192.168.1.5");
	assert_int_equal(reply_answer_count(&play->replies[play->reply_count - 1]), 2);
	expect_reason(play, "www.lan is nas.lan by ");
	assert_int_equal(reply_answer_count(ask_here(play, "www.lan", "CNAME")), 1);
	assert_int_equal(reply_answer_count(ask_here(play, "www.lan", "MX")), 1);
	assert_string_equal(reply_addresses(ask_here(play, "localhost", "A")), "127.0.0.1");
	play_free(&play);
}

static void the_owners_cname_leads_outside(void **state)
{
	(void)state;
	struct play *play = play_new(BASE "hosts: [{name: app.lan, cname: app.example}]\n");
	size_t from = play_query(play, 0, LAPTOP, "app.lan", "A");
	assert_int_equal(play->ask_count, 1);
	char asked[NAME_TEXT_MAX];
	dns_name_to_text(&play->asks[0].query.name, asked);
	assert_string_equal(asked, "app.example");
	play_answer(play, 0, 0,
	            "app.example. 30 IN CNAME cdn.example.\ncdn.example. 20 IN A 198.51.100.1\n");
	const struct play_reply *reply = play_reply_to(play, from, LAPTOP);
	assert_string_equal(reply_addresses(reply), "198.51.100.1");
	assert_int_equal(reply_answer_count(reply), 3);
	play_advance_ms(play, 5000);
	assert_string_equal(reply_addresses(ask_here(play, "app.lan", "A")), "198.51.100.1");
	assert_string_equal(reply_addresses(ask_here(play, "app.example", "A")), "198.51.100.1");
	assert_int_equal(last_record(play)->source, SOURCE_CACHE);
	play_advance_ms(play, 16000); /* the shortest TTL of the chain is over */
	play_query(play, 0, LAPTOP, "app.lan", "A");
	assert_int_equal(play->ask_count, 2);
	/* An answer that may not be kept is served all the same, and private ones are stripped here too. */
	play_answer(play, 1, 0, "app.example. 0 IN A 192.168.1.1\napp.example. 0 IN A 198.51.100.2\n");
	assert_string_equal(reply_addresses(&play->replies[play->reply_count - 1]), "198.51.100.2");
	play_query(play, 0, LAPTOP, "app.lan", "A");
	play_fail(play, 2, FORWARD_TIMED_OUT);
	assert_int_equal(reply_rcode(&play->replies[play->reply_count - 1]), 2);
	play_free(&play);
}

static void loops_of_cnames_end(void **state)
{
	(void)state;
	struct play *play =
		play_new(BASE "hosts: [{name: a.lan, cname: b.lan}, {name: b.lan, cname: a.lan}]\n");
	assert_int_equal(reply_rcode(ask_here(play, "a.lan", "A")), 2);
	assert_int_equal(reply_rcode(ask_here(play, "b.lan", "AAAA")), 2);
	play_free(&play);
}

static void rules_come_before_hosts(void **state)
{
	(void)state;
	struct play *play =
		play_new(BASE "hosts: [{name: nas.lan, ip: 192.168.1.5}]\n"
	                  "rules:\n"
	                  "  - {name: no, tags: [camera], names: ['*.lan'], action: sinkhole}\n"
	                  "  - {name: see, tags: [laptop], names: ['*.lan'], action: flag}\n");
	size_t from = play_query(play, 0, CAMERA, "nas.lan", "A");
	assert_string_equal(reply_addresses(play_reply_to(play, from, CAMERA)), "0.0.0.0");
	assert_string_equal(reply_addresses(ask_here(play, "nas.lan", "A")), "192.168.1.5");
	assert_int_equal(last_record(play)->action, ACTION_FLAG);
	expect_reason(play,
	              "flagged by rule 2 \"see\": nas.lan matches *.lan; answered by the owner's");
	play_free(&play);
}

static void forward_zones_have_their_own_servers_and_cache(void **state)
{
	(void)state;
	struct play *play = play_new(BASE LAN);
	size_t from = play_query(play, 0, LAPTOP, "nas.lan", "A");
	assert_int_equal(play->ask_count, 1);
	uint64_t lan = play->asks[0].group;
	assert_int_not_equal(lan, 0);
	play_answer(play, 0, 0, "nas.lan. 60 IN A 192.168.1.5\n");
	assert_string_equal(reply_addresses(play_reply_to(play, from, LAPTOP)), "192.168.1.5");
	assert_string_equal(reply_addresses(ask_here(play, "nas.lan", "A")), "192.168.1.5");
	play_query(play, 0, LAPTOP, "1.1.168.192.in-addr.arpa", "PTR");
	assert_true(play->asks[1].group == lan);
	play_answer(play, 1, 0, "1.1.168.192.in-addr.arpa. 60 IN PTR router.lan.\n");
	play_query(play, 0, LAPTOP, "www.example", "A");
	assert_int_equal(play->asks[2].group, 0);
	play_answer(play, 2, 0, "www.example. 60 IN A 198.51.100.1\n");
	/* Without the zone nothing of what was believed for it is served. */
	play_reload(play, BASE);
	play_query(play, 0, LAPTOP, "nas.lan", "A");
	assert_int_equal(play->ask_count, 4);
	assert_int_equal(play->asks[3].group, 0);
	play_answer(play, 3, 3, "");
	/* Other servers: nothing is believed of the old ones. */
	play_reload(play, BASE "forward: [{zones: [lan], upstreams: [192.168.1.2]}]\n");
	play_query(play, 0, LAPTOP, "nas.lan", "A");
	assert_true(play->asks[4].group != lan && play->asks[4].group != 0);
	play_answer(play, 4, 3, "");
	play_reload(play, BASE LAN);
	assert_string_equal(reply_addresses(ask_here(play, "nas.lan", "A")), "192.168.1.5");
	play_free(&play);
}

static void the_most_specific_zone_wins(void **state)
{
	(void)state;
	struct play *play =
		play_new(BASE "forward:\n"
	                  "  - {zones: [example, in-addr.arpa], upstreams: [192.168.1.1]}\n"
	                  "  - {zones: [b.example], upstreams: [192.168.1.2]}\n"
	                  "hosts: [{name: host.b.example, ip: 192.168.1.9}]\n");
	static const char *const names[] = {
		"example", "a.example", "b.example", "x.b.example", "1.0.0.10.in-addr.arpa", "example.org"};
	for (size_t i = 0; i < PF_COUNT(names); i++) {
		play_query(play, 0, LAPTOP, names[i], "A");
		assert_int_equal(play->ask_count, i + 1);
	}
	uint64_t first = play->asks[0].group, second = play->asks[2].group;
	assert_true(first && second && first != second);
	assert_true(play->asks[1].group == first && play->asks[3].group == second);
	assert_true(play->asks[4].group == first && !play->asks[5].group);
	ask_here(play, "host.b.example", "A");
	for (size_t i = 0; i < PF_COUNT(names); i++)
		play_fail(play, i, FORWARD_TIMED_OUT);
	play_free(&play);
}

/* MaginotDNS: what a LAN's resolver says of public names is never believed. */
static void a_lying_lan_poisons_nothing(void **state)
{
	(void)state;
	struct play *play = play_new(BASE LAN);
	size_t from = play_query(play, 0, LAPTOP, "start.lan", "A");
	play_answer(play, 0, 0,
	            "start.lan. 60 IN CNAME more.lan.\nmore.lan. 60 IN CNAME bank.example.\n"
	            "bank.example. 86400 IN A 203.0.113.66\n"
	            "ADDITIONAL\nbank.example. 86400 IN A 203.0.113.66\n");
	/* The chain goes on at the public servers. */
	assert_int_equal(play->reply_count, from);
	assert_int_equal(play->ask_count, 2);
	assert_int_equal(play->asks[1].group, 0);
	char asked[NAME_TEXT_MAX];
	dns_name_to_text(&play->asks[1].query.name, asked);
	assert_string_equal(asked, "bank.example");
	play_answer(play, 1, 0, "bank.example. 60 IN A 198.51.100.10\n");
	const struct play_reply *reply = play_reply_to(play, from, LAPTOP);
	assert_string_equal(reply_addresses(reply), "198.51.100.10");
	assert_int_equal(reply_answer_count(reply), 3);
	assert_string_equal(reply_addresses(ask_here(play, "bank.example", "A")), "198.51.100.10");
	assert_string_equal(reply_addresses(ask_here(play, "start.lan", "A")), "198.51.100.10");
	play_free(&play);
}

/* Out and back again: what stands behind a public name is the public servers' to say, also a name of the LAN. */
static void a_lan_can_not_speak_between(void **state)
{
	(void)state;
	struct play *play = play_new(BASE LAN);
	play_query(play, 0, LAPTOP, "start.lan", "A");
	play_answer(play, 0, 0,
	            "start.lan. 60 IN CNAME bank.example.\nbank.example. 60 IN CNAME back.lan.\n"
	            "back.lan. 60 IN A 203.0.113.66\n");
	assert_int_equal(play->ask_count, 2);
	assert_int_equal(play->asks[1].group, 0);
	play_answer(play, 1, 0, "bank.example. 60 IN A 198.51.100.10\n");
	assert_string_equal(reply_addresses(&play->replies[0]), "198.51.100.10");
	play_free(&play);
}

static void a_lan_can_not_say_that_a_public_name_is_not_there(void **state)
{
	(void)state;
	struct play *play = play_new(BASE LAN);
	play_query(play, 0, LAPTOP, "go.lan", "A");
	play_answer(play, 0, 3,
	            "go.lan. 0 IN CNAME bank.example.\nAUTHORITY\n"
	            ". 60 IN SOA a. b. 1 2 3 4 60\n");
	assert_int_equal(play->ask_count, 2);
	assert_int_equal(play->asks[1].group, 0);
	play_answer(play, 1, 0, "bank.example. 0 IN A 198.51.100.10\n");
	assert_string_equal(reply_addresses(&play->replies[0]), "198.51.100.10");
	/* And a public name that is private is stripped although a name of the LAN led there. */
	play_query(play, 0, LAPTOP, "go.lan", "A");
	play_answer(play, 2, 0, "go.lan. 0 IN CNAME evil.example.\n");
	play_answer(play, 3, 0, "evil.example. 0 IN A 192.168.1.1\n");
	assert_string_equal(reply_addresses(&play->replies[1]), "");
	expect_reason(play, "stripped against rebinding: go.lan → 192.168.1.1");
	play_free(&play);
}

static void flights_are_shared_within_a_group_only(void **state)
{
	(void)state;
	struct play *play = play_new(BASE LAN "hosts: [{name: alias.home, cname: nas.lan}]\n");
	play_query(play, 0, LAPTOP, "nas.lan", "A");
	play_query(play, 1, CAMERA, "nas.lan", "A");
	play_query(play, 1, CAMERA, "alias.home", "A"); /* the same question in the end */
	assert_int_equal(play->ask_count, 1);
	play_reload(play, BASE); /* while it is out there, the zone goes */
	play_answer(play, 0, 0, "nas.lan. 60 IN A 192.168.1.5\n");
	play_deliver(play);
	/* It is asked again where it now belongs; alias.home is no host any more either. */
	assert_int_equal(play->ask_count, 3);
	assert_int_equal(play->asks[1].group, 0);
	assert_int_equal(play->asks[2].group, 0);
	assert_int_equal(play->reply_count, 0);
	play_answer(play, 1, 3, "");
	play_answer(play, 2, 3, "");
	play_deliver(play);
	assert_int_equal(play->reply_count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(reply_rcode(&play->replies[i]), 3);
	play_free(&play);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hatches_are_shut),
		cmocka_unit_test(hatches_open_by_switch_rule_and_zone),
		cmocka_unit_test(private_zones_stay_inside),
		cmocka_unit_test(what_is_not_private_is_asked_outside),
		cmocka_unit_test(private_answers_are_stripped),
		cmocka_unit_test(what_is_left_is_served),
		cmocka_unit_test(a_sinkhole_is_not_undone),
		cmocka_unit_test(hosts_are_answered),
		cmocka_unit_test(the_owners_cname_leads_outside),
		cmocka_unit_test(loops_of_cnames_end),
		cmocka_unit_test(rules_come_before_hosts),
		cmocka_unit_test(forward_zones_have_their_own_servers_and_cache),
		cmocka_unit_test(the_most_specific_zone_wins),
		cmocka_unit_test(a_lying_lan_poisons_nothing),
		cmocka_unit_test(a_lan_can_not_speak_between),
		cmocka_unit_test(a_lan_can_not_say_that_a_public_name_is_not_there),
		cmocka_unit_test(flights_are_shared_within_a_group_only),
	};
	return cmocka_run_group_tests(tests, play_begin, play_end);
}
