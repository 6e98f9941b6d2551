/* Lines of lists, one table: what is taken, what it covers, why the rest is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lists/line.h"

#define SELF LIST_COVERS_SELF
#define BELOW LIST_COVERS_BELOW
#define ALL (SELF | BELOW)
#define EXCEPT LIST_EXCEPTION

/* One item as text: "a.example self", "a.example all", "a.example below", "!a.example all" for an
 * exception, "comment", or the reason. */
static void describe(const struct line_item *item, char *text, size_t size)
{
	static const char *const covers[] = {"?", "self", "below", "all"};
	char name[NAME_TEXT_MAX];
	if (item->kind == ITEM_COMMENT) {
		snprintf(text, size, "comment");
		return;
	}
	if (item->kind == ITEM_SKIP) {
		snprintf(text, size, "%s", list_skip_text(item->reason));
		return;
	}
	dns_name_to_text(&item->name, name);
	snprintf(text, size, "%s%s %s", item->covers & EXCEPT ? "!" : "", name,
	         covers[item->covers & ALL]);
}

/* All items of a line, divided by "; ". */
static void read_line(const char *line_text, size_t length, enum list_format format, char *text,
                      size_t size)
{
	struct line line;
	struct line_item item;
	size_t used = 0;
	text[0] = '\0';
	line_init(&line, line_text, length, format);
	while (line_next(&line, &item)) {
		char one[NAME_TEXT_MAX + 20];
		describe(&item, one, sizeof one);
		used += (size_t)snprintf(text + used, size - used, "%s%s", used ? "; " : "", one);
		assert_true(used < size);
	}
}

struct row {
	const char *line, *items;
};

static void check_rows(const struct row *rows, size_t count, enum list_format format)
{
	for (size_t i = 0; i < count; i++) {
		char text[4096];
		read_line(rows[i].line, strlen(rows[i].line), format, text, sizeof text);
		if (strcmp(text, rows[i].items))
			fail_msg("\"%s\" is \"%s\" and should be \"%s\"", rows[i].line, text, rows[i].items);
	}
}

#define NO_NAME "not a domain name"
#define ADDRESS "an address where a name should be"
#define LOCAL "a local name of a hosts file"
#define MODIFIER "a modifier that is not known here"
#define WILDCARD "a wildcard inside a name"
#define REGEX "a regular expression"
#define BROWSER "a rule for browsers"
#define SYNTAX "none of the formats"

static void test_plain(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"a.example", "a.example all"},
		{"  A.Example \t", "a.example all"},
		{"a.example.", "a.example all"},
		{"a.example\r", "a.example all"},
		{"a.example # why", "a.example all"},
		{"a.example\t## why", "a.example all"},
		{"_dns.a_b.example", "_dns.a_b.example all"},
		{"xn--bcher-kva.example", "xn--bcher-kva.example all"},
		{"bücher.example", "xn--bcher-kva.example all"},
		{"BÜCHER.Example", "xn--bcher-kva.example all"},
		{"B\303\274cher\343\200\202example", "xn--bcher-kva.example all"}, /* U+3002 is a dot */
		{"com", "com all"},
		{"1.fm", "1.fm all"},
		{"4chan", "4chan all"},
		{"*.a.example", "a.example below"},
		{".a.example", "a.example all"},
		{"*.com", "com below"},
		{"", "comment"},
		{" \t\r", "comment"},
		{"# a.example", "comment"},
		{"#a.example", "comment"},
		{"### a", "comment"},
		{"##a", "comment"},
		{"! a.example", "comment"},
		{"!||a.example^", "comment"},
		{"[Adblock Plus 2.0]", "comment"},
		{"localhost", LOCAL},
	};
	check_rows(rows, sizeof rows / sizeof rows[0], LIST_FORMAT_PLAIN);
}

static void test_plain_skipped(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{".", NO_NAME},
		{"..", NO_NAME},
		{"*.", NO_NAME},
		{"*..", NO_NAME},
		{"a..example", NO_NAME},
		{"..a.example", NO_NAME},
		{"a.exa;mple", NO_NAME},
		{"a,b", NO_NAME},
		{"\377\376.example", NO_NAME},
		{"a.example#why", NO_NAME},
		{"user@a.example", NO_NAME},
		{"\342\204\200.example", NO_NAME}, /* U+2100, which UTS 46 maps to "a/c" */
		{"0.0.0.0", ADDRESS},
		{"1.2.3.4", ADDRESS},
		{"1.2.3.4-1.2.3.9", ADDRESS},
		{"10.0.0.0/8", ADDRESS},
		{"10.1.2.3/8", ADDRESS},
		{"2001:db8::1", ADDRESS},
		{"2001:db8::/32", ADDRESS},
		{"*", WILDCARD},
		{"a.*.example", WILDCARD},
		{"*.ads*.msn.com", WILDCARD},
		{"aax-*.amazon.*", WILDCARD},
		{"*.*.example", WILDCARD},
		{"/ads[0-9]+/", REGEX},
		{"/^ad/$important", REGEX},
		{"(^|\\.)a\\.example$", REGEX},
		{"^api\\..*\\.example\\.com$", REGEX},
		{"[a-z]+.example", REGEX},
		{"/banner/img.gif", BROWSER},
		{"https://a.example/x", BROWSER},
		{"a.example/x", BROWSER},
		{"a.example##.ad", BROWSER},
		{"a.example#@#.ad", BROWSER},
		{"a.example b.example", SYNTAX},
		{"address=/a.example/#", SYNTAX},
		{"server=/a.example/", SYNTAX},
		{"local-zone: \"a.example\" always_nxdomain", SYNTAX},
		{"a.example CNAME .", SYNTAX},
		{"=a.example", SYNTAX},
		{"a.example^", SYNTAX},
		{"a.example$important", SYNTAX},
	};
	check_rows(rows, sizeof rows / sizeof rows[0], LIST_FORMAT_PLAIN);
}

static void test_hosts(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"0.0.0.0 a.example", "a.example self"},
		{"127.0.0.1\ta.example", "a.example self"},
		{"127.0.1.1 a.example", "a.example self"},
		{":: a.example", "a.example self"},
		{"::1 a.example", "a.example self"},
		{"0.0.0.0 a.example # b.example", "a.example self"},
		{"0.0.0.0 a.example #b.example", "a.example self"},
		{"0.0.0.0 a.example  b.example\tc.example. ",
	     "a.example self; b.example self; c.example self"},
		{"0.0.0.0 b\303\274cher.example", "xn--bcher-kva.example self"},
		{"0.0.0.0 a.example bad..name c.example", "a.example self; " NO_NAME "; c.example self"},
		{"a.example", "a.example self"}, /* bare, in a hosts file */
		{"*.a.example", "a.example below"},
		{"||a.example^", "a.example all"}, /* the form of the line decides */
		{"127.0.0.1 localhost", LOCAL},
		{"127.0.0.1 localhost localhost.localdomain LOCAL", LOCAL "; " LOCAL "; " LOCAL},
		{"::1 ip6-localhost", LOCAL},
		{"fe80::1%lo0 localhost", LOCAL},
		{"ff02::1 ip6-allnodes", LOCAL},
		{"255.255.255.255 broadcasthost", LOCAL},
		{"0.0.0.0 0.0.0.0", LOCAL},
		{"0.0.0.0 1.2.3.4", ADDRESS},
		{"192.168.1.2 nas.example", ADDRESS},
		{"0.0.0.0", ADDRESS},
		{"0.0.0.0 # nothing", ADDRESS},
		{"0.0.0.0 .", NO_NAME},
		{"0.0.0.0 *.a.example", WILDCARD},
		{"0.0.0.0 a.example/x", BROWSER},
		{"0.0.0 a.example", SYNTAX},
		{"256.0.0.0 a.example", SYNTAX},
		{"abba a.example", SYNTAX},
	};
	check_rows(rows, sizeof rows / sizeof rows[0], LIST_FORMAT_HOSTS);
}

static void test_adblock(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"||a.example^", "a.example all"},
		{"||a.example^|", "a.example all"},
		{"||a.example", "a.example all"},
		{"||A.Example.^", "a.example all"},
		{"||a.example^ # why", "a.example all"},
		{"||*.a.example^", "a.example below"},
		{"||.a.example^", "a.example all"},
		{"|a.example^", "a.example self"},
		{"|a.example|", "a.example self"},
		{"||b\303\274cher.example^", "xn--bcher-kva.example all"},
		{"||localhost^", "localhost all"},
		{"@@||a.example^", "!a.example all"},
		{"@@||a.example^|", "!a.example all"},
		{"@@|a.example^", "!a.example self"},
		{"@@||*.a.example^", "!a.example below"},
		{"||a.example^$important", "a.example all"},
		{"@@||a.example^$important", "!a.example all"},
		{"||a.example^$important,important", "a.example all"},
		{"a.example", "a.example all"},
		{"0.0.0.0 a.example", "a.example self"},
		{"! Title: x", "comment"},
		{"!||a.example^ # off", "comment"},
		{"!|a.example^|", "comment"},
		{"[Adblock Plus 2.0]", "comment"},
		{"# text", "comment"},
		{"## text", "comment"},
		{"#### text ####", "comment"},
		{"#", "comment"},
		{"##", "comment"},
		{"||a.example^$third-party", MODIFIER},
		{"||a.example^$ctag=device_tv", MODIFIER},
		{"||a.example^$ctag=device_tv|device_other", MODIFIER},
		{"||a.example^$dnstype=~A", MODIFIER},
		{"||a.example^$dnstype=A|AAAA,important", MODIFIER},
		{"||a.example^$important,client=x", MODIFIER},
		{"||a.example^$important,", MODIFIER},
		{"||a.example^$", MODIFIER},
		{"||a.example^$client='x/y'", MODIFIER},
		{"@@||a.example^$denyallow=b.example", MODIFIER},
		{"||hbbtv.*.de^", WILDCARD},
		{"||ads.", WILDCARD},
		{"||ads*^", WILDCARD},
		{"||*^", WILDCARD},
		{"||a.example/x^", BROWSER},
		{"||a.example^x/y", BROWSER},
		{"|https://a.example/", BROWSER},
		{"a.example##.ad", BROWSER},
		{"##.ad", BROWSER},
		{"###ad", BROWSER},
		{"#@#.ad", BROWSER},
		{"#?#x", BROWSER},
		{"@@/ads/", REGEX},
		{"/ads/", REGEX},
		{"||^", NO_NAME},
		{"||.^", NO_NAME},
		{"|.^", NO_NAME},
		{"||", NO_NAME},
		{"|", NO_NAME},
		{"@@||^", NO_NAME},
		{"||1.2.3.4^", ADDRESS},
		{"@@", SYNTAX},
		{"@@a.example", SYNTAX},
		{"|||a.example^", SYNTAX},
		{"||a.example^b", SYNTAX},
		{"||a.example b.example^", SYNTAX},
		{"-ads^", SYNTAX},
	};
	check_rows(rows, sizeof rows / sizeof rows[0], LIST_FORMAT_ADBLOCK);
}

/* Bytes that C strings can not hold, and the limits of names. */
static void test_bytes(void **state)
{
	(void)state;
	char text[1024], line[2048];
	read_line("a\0b.example", 11, LIST_FORMAT_PLAIN, text, sizeof text);
	assert_string_equal(text, NO_NAME);
	read_line("0.0.0.0\0 a.example", 18, LIST_FORMAT_PLAIN, text, sizeof text);
	assert_string_equal(text, SYNTAX);
	read_line("\0", 1, LIST_FORMAT_PLAIN, text, sizeof text);
	assert_string_equal(text, NO_NAME);
	read_line("#\0", 2, LIST_FORMAT_ADBLOCK, text, sizeof text);
	assert_string_equal(text, "comment");

	memset(line, 'a', sizeof line);
	read_line(line, 63, LIST_FORMAT_HOSTS, text, sizeof text);
	assert_int_equal(strlen(text), 63 + strlen(" self"));
	read_line(line, 64, LIST_FORMAT_HOSTS, text, sizeof text);
	assert_string_equal(text, NO_NAME);
	for (size_t i = 63; i < sizeof line; i += 64)
		line[i] = '.';
	read_line(line, 253, LIST_FORMAT_HOSTS, text, sizeof text);
	assert_int_equal(strlen(text), 253 + strlen(" self"));
	read_line(line, 254, LIST_FORMAT_HOSTS, text, sizeof text);
	assert_string_equal(text, NO_NAME);
	read_line(line, sizeof line, LIST_FORMAT_HOSTS, text, sizeof text);
	assert_string_equal(text, NO_NAME);
	for (size_t i = 0; i + 1 < sizeof line; i += 2)
		memcpy(line + i, "\303\274", 2);
	read_line(line, sizeof line, LIST_FORMAT_HOSTS, text, sizeof text);
	assert_string_equal(text, NO_NAME);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain), cmocka_unit_test(test_plain_skipped),
		cmocka_unit_test(test_hosts), cmocka_unit_test(test_adblock),
		cmocka_unit_test(test_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
