/* Lists that hold something of the answer: an address, a name server. */
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

#define HOME "home high, 192.0.2.1 home US US 1"
#define CN "overseas high, 203.0.113.7 overseas CN CN 37963"

static void test_answers(void **state)
{
	(void)state;
	static const char rules[] =
		"  - {name: trusted, names: ok.example, action: allow}\n"
		"  - {name: good, lists: other, tags: camera, action: allow}\n"
		"  - {name: flagged, lists: tv, tags: coffee, action: flag}\n"
		"  - {name: sunk, lists: [tv, xiaomi], types: [A, AAAA], action: sinkhole}\n"
		"  - {name: both, lists: other, standing: overseas, action: sinkhole}\n";
	static const struct row rows[] = {
		{{.name = "a.example", .facts = HOME}, NOTHING},
		{{.name = "a.example", .facts = HOME, .answer_lists = "xiaomi"},
	     "sinkhole by 4 in answers: answer list 1"},
		{{.name = "a.example", .type = "HTTPS", .facts = HOME, .answer_lists = "xiaomi"}, NOTHING},
		/* The name comes first, and what is allowed is not looked at. */
		{{.name = "a.example", .lists = "tv", .facts = HOME, .answer_lists = "xiaomi"},
	     "sinkhole by 4 in names: list 0"},
		{{.name = "ok.example", .facts = HOME, .answer_lists = "xiaomi"},
	     "allow by 1 in names: name ok.example"},
		/* First match wins: an allowlist of networks lets the answer pass. */
		{{.tags = "camera", .name = "a.example", .facts = CN, .answer_lists = "other,xiaomi"},
	     "allow by 2 in answers: answer list 2"},
		/* A flag stands until a sinkhole comes. */
		{{.tags = "coffee", .name = "a.example", .lists = "tv", .facts = HOME},
	     "flag by 3 in names: list 0"},
		{{.tags = "coffee", .name = "a.example", .facts = HOME, .answer_lists = "tv"},
	     "flag by 3 in answers: answer list 0"},
		{{.tags = "coffee",
	      .name = "a.example",
	      .lists = "tv",
	      .facts = HOME,
	      .answer_lists = "xiaomi"},
	     "sinkhole by 4 in answers: answer list 1"},
		/* A rule of the answers stage sees both. */
		{{.name = "a.example", .facts = CN, .answer_lists = "other"},
	     "sinkhole by 5 in answers: address 0"},
		{{.name = "a.example", .lists = "other", .facts = CN},
	     "sinkhole by 5 in answers: address 0"},
		{{.name = "a.example", .facts = HOME, .answer_lists = "other"}, NOTHING},
	};
	CHECK(rules, rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_answers)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
