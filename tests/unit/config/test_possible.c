/* Warnings about rules that can never hold, and none about those that can. */
#include <stdio.h>

#include "fixture.h"

static const struct config_system bare = {DATA "/resolv.conf", DATA "/no-such-folder"};

struct hopeless {
	const char *rule;
	const char *words; /* NULL: it can hold */
};

static unsigned lines_of(const char *text)
{
	unsigned lines = 0;
	while (*text)
		lines += *text++ == '\n';
	return lines;
}

static void check_hopeless(const struct config_system *system, const char *head,
                           const struct hopeless *rules, size_t count)
{
	char text[400];
	for (size_t i = 0; i < count; i++) {
		int length = snprintf(text, sizeof text, "%srules: [{name: r, %s}]\n", head, rules[i].rule);
		struct parsed parsed = parse_bytes(system, text, (size_t)length);
		if (parsed.error != PF_OK || parsed.diag.warnings != (rules[i].words != NULL)) {
			print_findings(&parsed);
			fail_msg("%s", text);
		}
		if (rules[i].words)
			assert_finding(&parsed, DIAG_WARNING, lines_of(head) + 1, 9, rules[i].words);
		parsed_deinit(&parsed);
	}
}

static void test_rules_that_never_hold(void **state)
{
	(void)state;
	static const struct hopeless no_database[] = {
		{"standing: overseas, action: flag",
	     "`standing: overseas` can never hold|no location database"},
		{"standing: unknown, action: flag", NULL},
		{"location: CN, action: flag", "`location` can never hold"},
		{"standing: disputed, action: flag", "`standing: disputed` can never hold"},
		{"standing: indeterminate, action: flag", NULL}, /* the prefixes are built in */
		{"control: CN, action: flag", "`control` can never hold"},
		{"asn: 1, action: flag", "`asn` can never hold|geo.control"},
		{"names: a.example, action: flag", NULL},
	};
	static const struct hopeless no_home[] = {
		{"standing: overseas, action: flag", "`standing: overseas` can never hold|no `home`"},
		{"standing: unknown, action: flag", NULL},
		{"location: CN, action: flag", NULL},
		{"control: CN, asn: 1, action: flag", NULL},
	};
	static const struct hopeless both[] = {
		{"standing: overseas, action: sinkhole", NULL},
		{"standing: disputed, action: sinkhole", "confidence high can never hold|confidence: low"},
		{"standing: unknown, action: flag, confidence: medium", "confidence medium can never hold"},
		{"standing: indeterminate, action: flag", NULL},
	};
	check_hopeless(&bare, "home: US\n", no_database, PF_COUNT(no_database));
	check_hopeless(&test_system, "", no_home, PF_COUNT(no_home));
	check_hopeless(&test_system, "home: US\n", both, PF_COUNT(both));
	static const struct hopeless only_networks[] = {
		{"control: CN, action: flag", "`control` can never hold|no|geo.location"},
		{"asn: 1, action: flag", NULL},
	};
	check_hopeless(&test_system, "geo: {location: [], control: tv.txt}\n", only_networks,
	               PF_COUNT(only_networks));
	static const struct hopeless contradictions[] = {
		{"tags: [a, \"!a\"], action: flag", "can never hold|have its tags and not have them"},
		{"tags: \"!all\", action: flag", "can never hold"},
		{"tags-all: [b, \"!b\"], action: flag", "can never hold"},
		{"tags: [a, c, \"!a\"], action: flag", NULL},
		{"tags-all: [a, c], action: flag",
	     "no device of the configuration has these tags together"},
		{"tags-all: [a, b], action: flag", NULL},
		{"tags: unknown, action: flag", NULL},
		{"tags: \"!unknown\", action: flag", NULL},
		{"lists: [l, \"!l\"], action: flag", "leaves out each of the lists"},
		{"lists: [l, m, \"!l\"], action: flag", NULL},
		{"lists: \"!l\", action: flag", NULL},
	};
	check_hopeless(&test_system,
	               "devices: [{name: d, ip: 192.0.2.1, tags: [a, b]}, {name: e, ip: 192.0.2.2, "
	               "tags: c}]\nlists: [{name: l, file: tv.txt}, {name: m, file: tv.txt}]\n",
	               contradictions, PF_COUNT(contradictions));
}

/* With one location database, and without a table of networks. */
static void test_few_databases(void **state)
{
	(void)state;
	static const struct hopeless one[] = {
		{"standing: overseas, action: sinkhole", "needs two location databases|confidence: medium"},
		{"standing: overseas, action: sinkhole, confidence: medium", NULL},
		{"standing: disputed, action: flag", "needs two location databases that disagree"},
		{"standing: indeterminate, action: flag", NULL},
		{"asn: 1, action: flag", "`asn` can never hold|geo.control"},
		/* Of some databases, which say so. */
		{"control: CN, action: flag", "holds only where a location database says|registered"},
	};
	check_hopeless(&test_system, "home: US\ngeo: {location: tv.txt}\n", one, PF_COUNT(one));
	static const struct hopeless no_anycast[] = {
		{"standing: indeterminate, action: flag", "can never hold|no list of anycast prefixes"},
	};
	check_hopeless(&test_system, "home: US\ngeo: {location: tv.txt, anycast: []}\n", no_anycast,
	               PF_COUNT(no_anycast));
}

#define NO_ADDRESSES "answers of its `types` have none"

static void test_types_and_addresses(void **state)
{
	(void)state;
	static const struct hopeless rules[] = {
		{"types: A, addresses: \"2001:db8::/32\", action: flag", "never hold|IPv4|IPv6"},
		{"types: [A, MX], addresses: [\"2001:db8::/32\", \"::1\"], action: flag",
	     "never hold|IPv6"},
		{"types: [\"!AAAA\", \"!HTTPS\", \"!SVCB\"], addresses: \"::/0\", action: flag",
	     "never hold"},
		{"types: [\"!AAAA\"], addresses: \"::/0\", action: flag", NULL}, /* HTTPS has hints */
		{"types: [A, AAAA], addresses: \"::/0\", action: flag", NULL},
		{"types: A, addresses: [\"::/0\", 192.0.2.0/24], action: flag", NULL},
		{"types: A, addresses: \"!2001:db8::/32\", action: flag",
	     NULL}, /* all of them are outside */
		{"addresses: \"::/0\", action: flag", NULL},
		/* An IPv4-mapped address is in an IPv4 network. */
		{"types: AAAA, addresses: 1.2.3.0/24, action: flag", "hardly hold|AAAA|::ffff:192.0.2.1"},
		{"types: AAAA, addresses: \"!1.2.3.0/24\", action: flag", NULL},
		{"types: [HTTPS], addresses: 1.2.3.0/24, action: flag", NULL},
		{"types: [SVCB], addresses: \"2001:db8::/32\", action: flag", NULL},
		{"types: [MX, TXT], addresses: 1.2.3.0/24, action: flag", NO_ADDRESSES},
		{"types: TXT, addresses: \"!1.2.3.0/24\", action: flag", NO_ADDRESSES},
		{"types: CNAME, asn: 1, action: flag", NO_ADDRESSES},
		{"types: NS, location: CN, action: flag", NO_ADDRESSES},
		{"types: PTR, control: \"!CN\", action: flag", NO_ADDRESSES},
		{"types: SRV, standing: unknown, action: flag", NO_ADDRESSES},
		{"types: [\"!A\", \"!AAAA\", \"!HTTPS\", \"!SVCB\"], asn: 1, action: flag", NO_ADDRESSES},
		{"types: [\"!A\", \"!AAAA\"], asn: 1, action: flag", NULL},
		{"types: [MX, TXT], cname: x.example, action: flag", NULL},
		{"types: CNAME, cname: x.example, action: flag", NULL},
		{"types: [MX, TXT], action: flag", NULL},
		{"types: [ANY, AXFR], action: sinkhole", "answered before any rule"},
		{"types: [ANY, A], action: sinkhole", NULL},
		{"types: [\"!ANY\"], action: flag", NULL},
	};
	check_hopeless(&test_system, "home: US\n", rules, PF_COUNT(rules));
}

static void test_contradicting_names(void **state)
{
	(void)state;
	static const struct hopeless rules[] = {
		{"names: [a.example, \"!a.example\"], action: flag", "leaves out each of the names"},
		{"names: [a.b.example, \"*.b.example\", \"!*.example\"], action: flag", "never hold"},
		{"names: [\"/^a/\", \"!/^a/\"], action: flag", "never hold"},
		{"names: [\"*.b.example\", \"!b.example\"], action: flag", NULL},
		{"names: [b.example, \"!*.b.example\"], action: flag", NULL},
		{"names: [a.example, b.example, \"!a.example\"], action: flag", NULL},
		{"names: [a.example, \"!/a/\"], action: flag", NULL}, /* expressions are not tried */
		{"names: [\"!a.example\"], action: flag", NULL},
	};
	check_hopeless(&test_system, "home: US\n", rules, PF_COUNT(rules));
}

#define NO_PLACE "private or of other special use"
#define NOT_THERE "no address in the countries of its `location`"

static void test_contradicting_places(void **state)
{
	(void)state;
	static const struct hopeless special[] = {
		{"addresses: 10.0.0.0/8, standing: overseas, action: flag", NO_PLACE},
		{"addresses: [192.168.1.0/24, \"fd00::/8\"], location: \"!US\", action: flag", NO_PLACE},
		{"addresses: 127.0.0.1, asn: 1, action: flag", NO_PLACE},
		{"addresses: \"fe80::/16\", control: CN, action: flag", NO_PLACE},
		{"addresses: 10.0.0.0/8, standing: unknown, action: flag", NULL},
		{"addresses: 10.0.0.0/8, action: flag", NULL},
		{"addresses: 10.0.0.0/7, asn: 1, action: flag", NULL}, /* 11.0.0.0/8 is somebody's */
		{"addresses: [10.0.0.0/8, 9.9.9.9], asn: 1, action: flag", NULL},
		{"addresses: \"!10.0.0.0/8\", asn: 1, action: flag", NULL},
	};
	check_hopeless(&test_system, "home: US\n", special, PF_COUNT(special));
	static const struct hopeless one_home[] = {
		{"standing: overseas, location: US, action: flag", NOT_THERE "|overseas"},
		{"standing: overseas, location: [US, CA], action: flag", NULL},
		{"standing: overseas, location: \"!US\", action: flag", NULL},
		{"standing: home, location: [CN, RU], action: flag", NOT_THERE "|home"},
		{"standing: home, location: [CN, US], action: flag", NULL},
		{"standing: home, location: \"!US\", action: flag", NOT_THERE},
		{"standing: home, location: \"!CN\", action: flag", NULL},
		{"standing: unknown, location: CN, action: flag", NOT_THERE "|unknown"},
		{"standing: unknown, control: CN, action: flag", NULL},
		{"standing: disputed, location: CN, action: flag", NULL},
		{"standing: indeterminate, location: US, action: flag", NULL},
	};
	check_hopeless(&test_system, "home: US\n", one_home, PF_COUNT(one_home));
	static const struct hopeless two_homes[] = {
		{"standing: overseas, location: US, action: flag", NULL},
		{"standing: overseas, location: FR, action: flag", NULL},
		{"standing: home, location: DE, action: flag", NULL},
		{"standing: home, location: CN, action: flag", NOT_THERE},
		{"standing: unknown, location: CN, action: flag", NOT_THERE},
	};
	check_hopeless(&test_system,
	               "devices: [{name: d, ip: 192.0.2.1, tags: a}]\nhome: {all: US, a: EU}\n",
	               two_homes, PF_COUNT(two_homes));
	static const struct hopeless some_home[] = {
		{"standing: unknown, location: CN, action: flag", NULL}, /* of who has no home */
		{"standing: overseas, location: US, action: flag", NOT_THERE},
	};
	check_hopeless(&test_system, "devices: [{name: d, ip: 192.0.2.1, tags: a}]\nhome: {a: US}\n",
	               some_home, PF_COUNT(some_home));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules_that_never_hold), cmocka_unit_test(test_few_databases),
		cmocka_unit_test(test_types_and_addresses),   cmocka_unit_test(test_contradicting_names),
		cmocka_unit_test(test_contradicting_places),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
