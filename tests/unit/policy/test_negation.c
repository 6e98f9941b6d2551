/* What rules leave out with `!`, and tags of which a device must have all. */
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

static void test_tags(void **state)
{
	(void)state;
	static const char rules[] =
		"  - {name: a, tags: [coffee, \"!camera\"], names: a.example, action: flag}\n"
		"  - {name: b, tags: \"!camera\", names: b.example, action: flag}\n"
		"  - {name: c, tags-all: [coffee, camera], names: c.example, action: flag}\n"
		"  - {name: d, tags: [coffee, camera], tags-all: [tv-set, \"!unknown\"], names: d.example, "
		"action: flag}\n";
	static const struct row rows[] = {
		{{.tags = "coffee", .name = "a.example"}, "flag by 1 in names: name a.example"},
		{{.tags = "coffee tv-set", .name = "a.example"}, "flag by 1 in names: name a.example"},
		{{.tags = "coffee camera", .name = "a.example"}, NOTHING},
		{{.tags = "", .name = "a.example"}, NOTHING},
		{{.tags = "", .name = "b.example"}, "flag by 2 in names: name b.example"},
		{{.tags = "camera", .name = "b.example"}, NOTHING},
		{{.tags = "coffee", .name = "c.example"}, NOTHING},
		{{.tags = "camera", .name = "c.example"}, NOTHING},
		{{.tags = "camera coffee", .name = "c.example"}, "flag by 3 in names: name c.example"},
		{{.tags = "tv-set", .name = "d.example"}, NOTHING},
		{{.tags = "tv-set camera", .name = "d.example"}, "flag by 4 in names: name d.example"},
		{{.tags = "tv-set camera unknown", .name = "d.example"}, NOTHING},
	};
	CHECK(rules, rows);
}

static void test_questions(void **state)
{
	(void)state;
	static const char rules[] =
		"  - {name: a, tags: coffee, names: [\"*.a.example\", \"!x.a.example\", "
		"\"!*.y.a.example\"], action: flag}\n"
		"  - {name: b, tags: coffee, names: \"!*.example\", action: flag}\n"
		"  - {name: c, tags: camera, lists: [tv, \"!xiaomi\"], action: flag}\n"
		"  - {name: d, tags: camera, lists: \"!other\", types: TXT, action: flag}\n"
		"  - {name: e, tags: tv-set, types: [\"!A\", \"!AAAA\"], action: flag}\n";
	static const struct row rows[] = {
		{{.tags = "coffee", .name = "b.a.example"}, "flag by 1 in names: name *.a.example"},
		{{.tags = "coffee", .name = "x.a.example"}, NOTHING},
		{{.tags = "coffee", .name = "z.x.a.example"}, "flag by 1 in names: name *.a.example"},
		{{.tags = "coffee", .name = "y.a.example"}, "flag by 1 in names: name *.a.example"},
		{{.tags = "coffee", .name = "z.y.a.example"}, NOTHING},
		{{.tags = "coffee", .name = "x.test"}, "flag by 2 in names: always"},
		{{.tags = "camera", .name = "x.test", .lists = "tv"}, "flag by 3 in names: list 0"},
		{{.tags = "camera", .name = "x.test", .lists = "tv xiaomi"}, NOTHING},
		{{.tags = "camera", .name = "x.test", .lists = "xiaomi"}, NOTHING},
		{{.tags = "camera", .name = "x.test", .lists = "xiaomi", .type = "TXT"},
	     "flag by 4 in names: always"},
		{{.tags = "camera", .name = "x.test", .lists = "other", .type = "TXT"}, NOTHING},
		{{.tags = "tv-set", .name = "x.test"}, NOTHING},
		{{.tags = "tv-set", .name = "x.test", .type = "AAAA"}, NOTHING},
		{{.tags = "tv-set", .name = "x.test", .type = "HTTPS"}, "flag by 5 in names: always"},
	};
	CHECK(rules, rows);
}

static void test_answers(void **state)
{
	(void)state;
	static const char rules[] =
		"  - {name: a, tags: coffee, asn: [\"!1\", \"!AS2\"], action: flag}\n"
		"  - {name: b, tags: camera, addresses: [\"!192.0.2.0/24\", \"!2001:db8::/32\"], "
		"action: flag}\n";
	static const struct row rows[] = {
		{{.tags = "coffee", .name = "x", .facts = "home high, 192.0.2.1 home US US 3"},
	     "flag by 1 in answers: address 0"},
		{{.tags = "coffee", .name = "x", .facts = "home high, 192.0.2.1 home US US 1"}, NOTHING},
		{{.tags = "coffee", .name = "x", .facts = "home high, 192.0.2.1 home US US 2"}, NOTHING},
		/* An unknown network is none of these, but nobody knows whether it is another one either. */
		{{.tags = "coffee", .name = "x", .facts = "home high, 192.0.2.1 home US US 0"}, NOTHING},
		{{.tags = "coffee",
	      .name = "x",
	      .facts = "home high, 192.0.2.1 home US US 1, 192.0.2.2 home US US 3"},
	     "flag by 1 in answers: address 1"},
		{{.tags = "coffee", .name = "x", .facts = "none none"}, NOTHING},
		{{.tags = "camera", .name = "x", .facts = "home high, 192.0.2.1 home US US 3"}, NOTHING},
		{{.tags = "camera", .name = "x", .facts = "home high, 2001:db8::1 home US US 3"}, NOTHING},
		{{.tags = "camera", .name = "x", .facts = "home high, 192.0.3.1 home US US 3"},
	     "flag by 2 in answers: address 0"},
		{{.tags = "camera", .name = "x", .facts = "none none"}, NOTHING},
	};
	CHECK(rules, rows);
}

static void check_why(const char *rules, const struct ask *ask, const char *why)
{
	struct fixture fixture;
	fixture_init(&fixture, rules);
	struct policy_step *steps = fixture_explain(&fixture, ask);
	assert_string_equal(steps[0].why, why);
	free(steps);
	fixture_deinit(&fixture);
}

static void test_explained(void **state)
{
	(void)state;
	struct ask ask = {.tags = "camera", .name = "x.example", .lists = "tv"};
	check_why("  - {name: a, tags-all: [coffee, camera], action: flag}\n", &ask,
	          "the device has not all of the tags coffee, camera");
	check_why("  - {name: a, tags: [\"!coffee\", \"!camera\"], action: flag}\n", &ask,
	          "the rule is not for devices with the tag camera");
	check_why("  - {name: a, types: [\"!A\"], action: flag}\n", &ask, "the type A is left out: A");
	check_why("  - {name: a, lists: [\"!tv\", \"!other\"], action: flag}\n", &ask,
	          "the rule leaves out names on the list tv");
	check_why("  - {name: a, names: [\"!*.example\"], action: flag}\n", &ask,
	          "the rule leaves out *.example");
	ask.facts = "home high, 192.0.2.1 home US US 1";
	check_why("  - {name: a, asn: [\"!1\"], action: flag}\n", &ask,
	          "no address is run by a known network but AS1");
	check_why("  - {name: a, addresses: [\"!192.0.2.0/24\"], action: flag}\n", &ask,
	          "no address is outside 192.0.2.0/24");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_questions),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_explained),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
