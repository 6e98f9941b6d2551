/* Rules, a question and its answer → a verdict. Each row is also explained, and must be explained as it
 * was decided. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "unit/policy/fixture.h"

/* The rules of the design's example. */
static void test_example(void **state)
{
	(void)state;
	static const char rules[] =
		"  - {name: firmware updates, tags: [coffee], names: [\"*.update.example.com\"], action: allow}\n"
		"  - {name: vendor telemetry, tags: [coffee, camera], lists: [tv, xiaomi], action: sinkhole}\n"
		"  - {name: coffee stays home, tags: [coffee], standing: overseas, action: sinkhole, reply: nxdomain}\n"
		"  - {name: where do cameras call, tags: [camera], standing: overseas, confidence: low, action: flag}\n"
		"  - {name: not to these networks, tags: [all], asn: [37963, 45090], action: flag}\n";
	static const char cn[] = "overseas high, 203.0.113.7 overseas CN CN 37963";
	static const struct row rows[] = {
		{{.tags = "coffee", .name = "a.update.example.com", .facts = cn},
	     "allow by 1 in names: name *.update.example.com"},
		{{.tags = "coffee", .name = "a.update.example.com", .lists = "tv"},
	     "allow by 1 in names: name *.update.example.com"},
		{{.tags = "camera", .name = "a.update.example.com", .lists = "tv"},
	     "sinkhole by 2 in names: list 0"},
		{{.tags = "coffee", .name = "x.example", .lists = "xiaomi", .facts = cn},
	     "sinkhole by 2 in names: list 1"},
		{{.tags = "coffee", .name = "x.example", .lists = "xiaomi tv"},
	     "sinkhole by 2 in names: list 0"},
		{{.tags = "coffee", .name = "x.example", .lists = "other"}, NOTHING},
		{{.tags = "coffee", .name = "x.example", .facts = cn},
	     "sinkhole by 3 in answers: address 0"},
		{{.tags = "coffee",
	      .name = "x.example",
	      .facts = "overseas medium, 203.0.113.7 overseas CN CN 37963"},
	     "flag by 5 in answers: address 0"},
		{{.tags = "coffee",
	      .name = "x.example",
	      .facts = "overseas medium, 203.0.113.7 overseas CN CN 1"},
	     NOTHING},
		{{.tags = "camera",
	      .name = "x.example",
	      .facts = "overseas low, 203.0.113.7 overseas CN CN 1"},
	     "flag by 4 in answers: address 0"},
		{{.tags = "camera", .name = "x.example", .facts = "home high, 203.0.113.7 home US US 1"},
	     NOTHING},
		{{.tags = "camera",
	      .name = "x.example",
	      .facts = "disputed low, 203.0.113.7 disputed CN US 1"},
	     NOTHING},
		{{.tags = "", .name = "x.example", .facts = cn}, "flag by 5 in answers: address 0"},
		{{.tags = "unknown", .name = "x.example", .lists = "tv"}, NOTHING},
		{{.tags = "coffee camera", .name = "x.example", .facts = cn},
	     "sinkhole by 3 in answers: address 0"},
		{{.tags = "coffee", .name = "x.example", .facts = "none none"}, NOTHING},
		{{.tags = "coffee", .name = "update.example.com", .facts = "home high"}, NOTHING},
	};
	CHECK(rules, rows);
}

static void test_no_rules(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{{.tags = "", .name = "x.example"}, NOTHING},
		{{.tags = "coffee", .name = ".", .facts = "overseas high, 192.0.2.1 overseas CN CN 1"},
	     NOTHING},
	};
	CHECK("  []\n", rows);
}

static void test_names(void **state)
{
	(void)state;
	static const char rules[] =
		"  - {name: exact, names: [Exact.Example, b\303\274cher.example], action: flag}\n"
		"  - {name: below, names: [\"*.below.example\", also.example], action: sinkhole}\n"
		"  - {name: both, names: [c.example], lists: [tv], action: flag}\n"
		"  - {name: types, types: [AAAA, HTTPS], names: [t.example], action: flag}\n"
		"  - {name: types alone, types: [TXT], action: sinkhole}\n";
	static const struct row rows[] = {
		{{.tags = "", .name = "exact.example"}, "flag by 1 in names: name Exact.Example"},
		{{.tags = "", .name = "EXACT.example."}, "flag by 1 in names: name Exact.Example"},
		{{.tags = "", .name = "xn--bcher-kva.example"},
	     "flag by 1 in names: name b\303\274cher.example"},
		{{.tags = "", .name = "x.exact.example"}, NOTHING},
		{{.tags = "", .name = "xexact.example"}, NOTHING},
		{{.tags = "", .name = "below.example"}, NOTHING},
		{{.tags = "", .name = "a.below.example"}, "sinkhole by 2 in names: name *.below.example"},
		{{.tags = "", .name = "a.b.below.example"}, "sinkhole by 2 in names: name *.below.example"},
		{{.tags = "", .name = "xbelow.example"}, NOTHING},
		{{.tags = "", .name = "also.example"}, "sinkhole by 2 in names: name also.example"},
		{{.tags = "", .name = "c.example"}, NOTHING},
		{{.tags = "", .name = "d.example", .lists = "tv"}, NOTHING},
		{{.tags = "", .name = "c.example", .lists = "tv"}, "flag by 3 in names: list 0"},
		{{.tags = "", .name = "t.example"}, NOTHING},
		{{.tags = "", .name = "t.example", .type = "AAAA"}, "flag by 4 in names: name t.example"},
		{{.tags = "", .name = "t.example", .type = "HTTPS"}, "flag by 4 in names: name t.example"},
		{{.tags = "", .name = "t.example", .type = "TXT"}, "sinkhole by 5 in names: always"},
		{{.tags = "", .name = ".", .type = "TXT"}, "sinkhole by 5 in names: always"},
	};
	CHECK(rules, rows);
}

static void test_regexes(void **state)
{
	(void)state;
	static const char rules[] =
		"  - {name: a, names: [\"/^ads?[0-9]+\\\\./\", exact.example, \"/(^|\\\\.)track\\\\.example$/\"], action: flag}\n"
		"  - {name: b, names: [\"/UPPER/\"], action: sinkhole}\n"
		"  - {name: c, cname: [\"/cdn/\", \"*.example.net\"], action: flag}\n"
		"  - {name: d, tags: [camera], names: [\"/.*/\"], action: sinkhole}\n";
	static const struct row rows[] = {
		{{.tags = "", .name = "ad1.example"}, "flag by 1 in names: name /^ads?[0-9]+\\./"},
		{{.tags = "", .name = "ads22.example"}, "flag by 1 in names: name /^ads?[0-9]+\\./"},
		{{.tags = "", .name = "x.ads22.example"}, NOTHING},
		{{.tags = "", .name = "ads.example"}, NOTHING},
		{{.tags = "", .name = "exact.example"}, "flag by 1 in names: name exact.example"},
		{{.tags = "", .name = "track.example"},
	     "flag by 1 in names: name /(^|\\.)track\\.example$/"},
		{{.tags = "", .name = "x.track.example"},
	     "flag by 1 in names: name /(^|\\.)track\\.example$/"},
		{{.tags = "", .name = "backtrack.example"}, NOTHING},
		{{.tags = "", .name = "track.example.com"}, NOTHING},
		{{.tags = "", .name = "ads1.track.example"}, "flag by 1 in names: name /^ads?[0-9]+\\./"},
		{{.tags = "", .name = "xupperx.example"}, "sinkhole by 2 in names: name /UPPER/"},
		{{.tags = "",
	      .name = "x.example",
	      .facts = "none none",
	      .hops = "a.example my.cdn.example"},
	     "flag by 3 in answers: cname 1 /cdn/"},
		{{.tags = "",
	      .name = "x.example",
	      .facts = "none none",
	      .hops = "a.example.net cdn.example"},
	     "flag by 3 in answers: cname 0 *.example.net"},
		{{.tags = "", .name = "x.example", .facts = "none none"}, NOTHING},
		{{.tags = "", .name = "cdn.example", .facts = "none none", .hops = "a.example"}, NOTHING},
		{{.tags = "camera", .name = "x.example"}, "sinkhole by 4 in names: name /.*/"},
		{{.tags = "camera", .name = "."}, "sinkhole by 4 in names: name /.*/"},
	};
	CHECK(rules, rows);
}

/* A worker without memory for its scratch still answers: regexes do not match, all else does. */
static void test_without_scratch(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{{.tags = "", .name = "ads.example"}, NOTHING},
		{{.tags = "", .name = "exact.example"}, "flag by 1 in names: name exact.example"},
	};
	struct fixture fixture;
	char text[FIXTURE_TEXT_MAX];
	fixture_init(&fixture, "  - {name: a, names: [\"/ads/\", exact.example], action: flag}\n");
	policy_scratch_free(&fixture.scratch);
	assert_null(fixture.scratch);
	for (size_t i = 0; i < PF_COUNT(rows); i++) {
		fixture_decide(&fixture, &rows[i].ask, text, NULL);
		assert_string_equal(text, rows[i].verdict);
	}
	fixture_deinit(&fixture);
}

/* What the header says when both stages match. */
static void test_both_stages(void **state)
{
	(void)state;
	static const char facts[] = "overseas high, 203.0.113.7 overseas CN CN 1";
	static const struct row allow[] = {
		{{.tags = "", .name = "x.example", .facts = facts}, "allow by 1 in names: name x.example"}};
	static const struct row sinkhole[] = {{{.tags = "", .name = "x.example", .facts = facts},
	                                       "sinkhole by 1 in names: name x.example"}};
	static const struct row flag[] = {
		{{.tags = "", .name = "x.example", .facts = facts}, "flag by 1 in names: name x.example"},
		{{.tags = "", .name = "x.example"}, "flag by 1 in names: name x.example"},
		{{.tags = "", .name = "y.example", .facts = facts}, "flag by 2 in answers: address 0"},
	};
	static const struct row sunk[] = {
		{{.tags = "", .name = "x.example", .facts = facts}, "sinkhole by 2 in answers: address 0"},
		{{.tags = "", .name = "x.example", .facts = "home high, 192.0.2.1 home US US 1"},
	     "flag by 1 in names: name x.example"},
	};
	static const struct row first[] = {
		{{.tags = "", .name = "x.example", .facts = facts}, "flag by 1 in names: name x.example"}};
#define NAMES(action) "  - {name: n, names: [x.example], action: " action "}\n"
#define ANSWERS(name, action) "  - {name: " name ", standing: overseas, action: " action "}\n"
	CHECK(NAMES("allow") ANSWERS("a", "sinkhole"), allow);
	CHECK(NAMES("sinkhole") ANSWERS("a", "allow"), sinkhole);
	CHECK(NAMES("flag") ANSWERS("a", "flag"), flag);
	CHECK(NAMES("flag") ANSWERS("a", "sinkhole"), sunk);
	/* The first match of the answers stage counts, even when it leaves the flag in force. */
	CHECK(NAMES("flag") ANSWERS("a", "allow") ANSWERS("b", "sinkhole"), first);
}

/* Order within a stage decides, and only that: an answers rule that stands first does not come first. */
static void test_order(void **state)
{
	(void)state;
	static const char rules[] = "  - {name: answers, standing: overseas, action: sinkhole}\n"
								"  - {name: first, names: [\"*.example\"], action: flag}\n"
								"  - {name: second, names: [x.example], action: sinkhole}\n"
								"  - {name: third, names: [y.test], action: allow}\n";
	static const char facts[] = "overseas high, 203.0.113.7 overseas CN CN 1";
	static const struct row rows[] = {
		{{.tags = "", .name = "x.example"}, "flag by 2 in names: name *.example"},
		{{.tags = "", .name = "x.example", .facts = facts}, "sinkhole by 1 in answers: address 0"},
		{{.tags = "", .name = "y.test", .facts = facts}, "allow by 4 in names: name y.test"},
	};
	CHECK(rules, rows);
}

static void test_addresses(void **state)
{
	(void)state;
	static const char rules[] =
		"  - {name: place, tags: [coffee], location: [CN, RU], action: flag}\n"
		"  - {name: not home, tags: [camera], location: \"!US\", action: flag}\n"
		"  - {name: run by, tags: [tv-set], control: [CN], action: flag}\n"
		"  - {name: not run by, names: [n.example], control: [\"!US\"], action: flag}\n"
		"  - {name: networks, names: [p.example], addresses: [203.0.113.0/24, \"2001:db8::/32\"], match: any, action: sinkhole}\n"
		"  - {name: one address, names: [o.example], location: [IE], control: [CN], asn: 7, match: any, action: sinkhole}\n"
		"  - {name: standing too, names: [s.example], standing: overseas, location: [CN], match: any, action: sinkhole}\n";
	static const struct row rows[] = {
		{{.tags = "coffee",
	      .name = "x.example",
	      .facts = "overseas high, 192.0.2.1 home US US 1, 192.0.2.2 overseas RU US 1"},
	     "flag by 1 in answers: address 1"},
		{{.tags = "coffee", .name = "x.example", .facts = "unknown low, 192.0.2.1 unknown - - 0"},
	     NOTHING},
		{{.tags = "coffee", .name = "x.example", .facts = "none none"}, NOTHING},
		{{.tags = "camera", .name = "x.example", .facts = "home high, 192.0.2.1 home US US 1"},
	     NOTHING},
		{{.tags = "camera", .name = "x.example", .facts = "unknown low, 192.0.2.1 unknown - US 1"},
	     NOTHING},
		{{.tags = "camera",
	      .name = "x.example",
	      .facts = "overseas low, 192.0.2.1 home US US 1, 192.0.2.2 overseas DE US 1"},
	     "flag by 2 in answers: address 1"},
		{{.tags = "camera", .name = "x.example", .facts = "none none"}, NOTHING},
		{{.tags = "tv-set", .name = "x.example", .facts = "home high, 192.0.2.1 home US CN 1"},
	     "flag by 3 in answers: address 0"},
		{{.tags = "tv-set", .name = "x.example", .facts = "home high, 192.0.2.1 home CN US 1"},
	     NOTHING},
		{{.tags = "", .name = "n.example", .facts = "home high, 192.0.2.1 home US CN 1"},
	     "flag by 4 in answers: address 0"},
		{{.tags = "", .name = "n.example", .facts = "home high, 192.0.2.1 home CN - 1"}, NOTHING},
		{{.tags = "",
	      .name = "p.example",
	      .facts = "home high, 192.0.2.1 home US US 1, 203.0.113.9 home US US 1"},
	     "sinkhole by 5 in answers: address 1"},
		{{.tags = "", .name = "p.example", .facts = "home high, 2001:db8::7 home US US 1"},
	     "sinkhole by 5 in answers: address 0"},
		{{.tags = "", .name = "p.example", .facts = "home high, ::ffff:203.0.113.9 home US US 1"},
	     "sinkhole by 5 in answers: address 0"},
		{{.tags = "", .name = "p.example", .facts = "home high, 203.0.112.9 home US US 1"},
	     NOTHING},
		{{.tags = "", .name = "p.example", .facts = "none none"}, NOTHING},
		{{.tags = "", .name = "o.example", .facts = "overseas high, 192.0.2.1 overseas IE CN 7"},
	     "sinkhole by 6 in answers: address 0"},
		{{.tags = "",
	      .name = "o.example",
	      .facts = "overseas high, 192.0.2.1 overseas IE US 7, 192.0.2.2 overseas DE CN 7"},
	     NOTHING},
		{{.tags = "",
	      .name = "o.example",
	      .facts = "overseas high, 192.0.2.1 overseas IE US 7, 192.0.2.2 overseas DE CN 7, "
	               "192.0.2.3 overseas IE CN 8, 192.0.2.4 overseas IE CN 7"},
	     "sinkhole by 6 in answers: address 3"},
		/* one address must stand overseas and in CN */
		{{.tags = "",
	      .name = "s.example",
	      .facts = "overseas high, 192.0.2.1 overseas RU RU 7, 192.0.2.2 disputed CN CN 7, "
	               "192.0.2.3 overseas CN CN 8, 192.0.2.4 overseas CN CN 7"},
	     "sinkhole by 7 in answers: address 2"},
		{{.tags = "",
	      .name = "s.example",
	      .facts = "overseas high, 192.0.2.1 overseas RU RU 7, 192.0.2.2 disputed CN CN 7"},
	     NOTHING},
		{{.tags = "", .name = "s.example", .facts = "home high, 192.0.2.2 home CN CN 7"}, NOTHING},
	};
	CHECK(rules, rows);
}

static void test_standings(void **state)
{
	(void)state;
	static const char rules[] =
		"  - {name: d, standing: disputed, action: flag}\n"
		"  - {name: i, standing: indeterminate, confidence: low, action: flag}\n"
		"  - {name: h, standing: home, confidence: medium, match: all, action: flag}\n"
		"  - {name: o, standing: overseas, confidence: medium, match: any, action: sinkhole}\n";
	static const struct row rows[] = {
		{{.tags = "", .name = "x.example", .facts = "disputed low, 192.0.2.1 disputed US US 1"},
	     "flag by 1 in answers: address 0"},
		{{.tags = "",
	      .name = "x.example",
	      .facts = "indeterminate low, 192.0.2.1 indeterminate US US 1"},
	     "flag by 2 in answers: address 0"},
		{{.tags = "", .name = "x.example", .facts = "home low, 192.0.2.1 home US US 1"}, NOTHING},
		{{.tags = "", .name = "x.example", .facts = "home medium, 192.0.2.1 home US US 1"},
	     "flag by 3 in answers: address 0"},
		{{.tags = "", .name = "x.example", .facts = "home high, 192.0.2.1 home US US 1"},
	     "flag by 3 in answers: address 0"},
		{{.tags = "", .name = "x.example", .facts = "overseas low, 192.0.2.1 overseas CN US 1"},
	     NOTHING},
		/* 1 of 3 stands overseas: that one is the evidence */
		{{.tags = "",
	      .name = "x.example",
	      .facts =
	          "overseas medium, 192.0.2.1 home US US 1, 192.0.2.2 overseas CN CN 1, 192.0.2.3 home US US 1"},
	     "sinkhole by 4 in answers: address 1"},
		{{.tags = "", .name = "x.example", .facts = "none none"}, NOTHING},
		{{.tags = "", .name = "x.example", .facts = "unknown low, 192.0.2.1 unknown - - 0"},
	     NOTHING},
	};
	CHECK(rules, rows);
}

/* One address or all of them: a flag takes one, what takes an answer away needs all, and each rule may say otherwise. */
static void test_match(void **state)
{
	(void)state;
	static const char rules[] =
		"  - {name: f, names: [f.example], standing: overseas, action: flag}\n"
		"  - {name: fa, names: [fa.example], standing: overseas, match: all, action: flag}\n"
		"  - {name: s, names: [s.example], standing: overseas, confidence: low, action: sinkhole}\n"
		"  - {name: sa, names: [sa.example], location: CN, match: any, action: sinkhole}\n"
		"  - {name: a, names: [a.example], standing: home, action: allow}\n"
		"  - {name: n, names: [n.example], addresses: [192.0.2.0/24], action: sinkhole}\n";
	static const char mixed[] =
		"overseas low, 192.0.2.1 home US US 1, 203.0.113.7 overseas CN CN 1";
	static const char both[] =
		"overseas low, 203.0.113.6 overseas CN CN 1, 203.0.113.7 overseas RU CN 1";
	static const char special[] =
		"overseas low, 192.168.1.1 special - - 0, 203.0.113.7 overseas CN CN 1";
	static const char only_special[] = "unknown low, 192.168.1.1 special - - 0";
	static const struct row rows[] = {
		{{.tags = "", .name = "f.example", .facts = mixed}, "flag by 1 in answers: address 1"},
		{{.tags = "", .name = "fa.example", .facts = mixed}, NOTHING},
		{{.tags = "", .name = "fa.example", .facts = both}, "flag by 2 in answers: address 0"},
		{{.tags = "", .name = "s.example", .facts = mixed}, NOTHING},
		{{.tags = "", .name = "s.example", .facts = both}, "sinkhole by 3 in answers: address 0"},
		{{.tags = "", .name = "s.example", .facts = special},
	     "sinkhole by 3 in answers: address 1"},
		{{.tags = "", .name = "s.example", .facts = only_special}, NOTHING},
		{{.tags = "", .name = "sa.example", .facts = mixed}, "sinkhole by 4 in answers: address 1"},
		{{.tags = "", .name = "a.example", .facts = mixed}, NOTHING},
		{{.tags = "", .name = "a.example", .facts = "home high, 192.0.2.1 home US US 1"},
	     "allow by 5 in answers: address 0"},
		{{.tags = "", .name = "n.example", .facts = mixed}, NOTHING},
		{{.tags = "", .name = "n.example", .facts = "home high, 192.0.2.1 home US US 1"},
	     "sinkhole by 6 in answers: address 0"},
	};
	CHECK(rules, rows);
}

/* Address over CNAME over list over name. */
static void test_strongest_evidence(void **state)
{
	(void)state;
	static const char rules[] =
		"  - {name: all, names: [x.example], lists: [tv], cname: [c.example], standing: overseas, action: flag}\n"
		"  - {name: cname, names: [y.example], lists: [xiaomi], cname: [\"*.example\"], action: sinkhole}\n"
		"  - {name: list, names: [z.example], lists: [other], action: sinkhole}\n";
	static const struct row rows[] = {
		{{.tags = "",
	      .name = "x.example",
	      .lists = "tv",
	      .hops = "c.example",
	      .facts = "overseas high, 192.0.2.1 home US US 1, 192.0.2.2 overseas CN CN 1"},
	     "flag by 1 in answers: address 1"},
		{{.tags = "",
	      .name = "x.example",
	      .lists = "tv",
	      .hops = "d.example",
	      .facts = "overseas high, 192.0.2.2 overseas CN CN 1"},
	     NOTHING},
		{{.tags = "",
	      .name = "y.example",
	      .lists = "xiaomi",
	      .hops = "d.test d.example",
	      .facts = "home high, 192.0.2.2 home US US 1"},
	     "sinkhole by 2 in answers: cname 1 *.example"},
		{{.tags = "", .name = "z.example", .lists = "other"}, "sinkhole by 3 in names: list 2"},
	};
	CHECK(rules, rows);
}

static void test_replies(void **state)
{
	(void)state;
	static const struct {
		const char *reply;
		enum reply_kind kind;
		uint8_t count;
	} rows[] = {
		{"", REPLY_NULL, 0},
		{", reply: null", REPLY_NULL, 0},
		{", reply: nxdomain", REPLY_NXDOMAIN, 0},
		{", reply: nodata", REPLY_NODATA, 0},
		{", reply: refused", REPLY_REFUSED, 0},
		{", reply: drop", REPLY_DROP, 0},
		{", reply: [192.0.2.7, \"2001:db8::7\"]", REPLY_ADDRESSES, 2},
	};
	for (size_t i = 0; i < PF_COUNT(rows); i++) {
		struct fixture fixture;
		struct verdict verdict;
		char text[FIXTURE_TEXT_MAX], rule[200];
		snprintf(rule, sizeof rule, "  - {name: r, names: [x.example], action: sinkhole%s}\n",
		         rows[i].reply);
		fixture_init(&fixture, rule);
		fixture_decide(&fixture, &(struct ask){.name = "x.example"}, text, &verdict);
		assert_int_equal(verdict.reply->kind, rows[i].kind);
		assert_int_equal(verdict.reply->address_count, rows[i].count);
		if (rows[i].count) {
			assert_int_equal(verdict.reply->addresses[0].family, 4);
			assert_int_equal(verdict.reply->addresses[1].family, 6);
		}
		fixture_deinit(&fixture);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_example),
		cmocka_unit_test(test_no_rules),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_regexes),
		cmocka_unit_test(test_without_scratch),
		cmocka_unit_test(test_both_stages),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_standings),
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_strongest_evidence),
		cmocka_unit_test(test_replies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
