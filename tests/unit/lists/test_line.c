/* Lines of lists, one table: what is taken, what it covers, why the rest is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "dns/dns.h"
#include "lists/line.h"

#define SELF LIST_COVERS_SELF
#define BELOW LIST_COVERS_BELOW
#define ALL (SELF | BELOW)
#define EXCEPT LIST_EXCEPTION

static void describe_spans(const struct terms_spans *spans, const char *what, char *text,
                           size_t size)
{
	for (size_t i = 0; i < spans->count; i++) {
		size_t used = strlen(text);
		snprintf(text + used, size - used, " %s=%s%.*s", what, spans->list[i].negated ? "~" : "",
		         spans->list[i].length, spans->list[i].text);
	}
}

/* " important A=~1 nxdomain", " 1:c0000201" for a record of type 1 … */
static void describe_terms(const struct terms *terms, char *text, size_t size)
{
	static const char *const replies[] = {"null", "nxdomain", "nodata",    "refused", "drop",
	                                      "list", "?",        "truncated", "records"};
	size_t used = (size_t)snprintf(text, size, "%s", terms->important ? " important" : "");
	for (size_t i = 0; i < terms->type_count; i++)
		used += (size_t)snprintf(text + used, size - used, " type=%s%u",
		                         terms->types[i].negated ? "~" : "", terms->types[i].type);
	describe_spans(&terms->clients, "client", text, size);
	describe_spans(&terms->tags, "tag", text, size);
	describe_spans(&terms->spared, "but", text, size);
	used = strlen(text);
	if (terms->has_reply && terms->reply != REPLY_RECORDS)
		used += (size_t)snprintf(text + used, size - used, " %s", replies[terms->reply]);
	for (size_t at = 0; at < terms->record_bytes;) {
		size_t length = dns_read16(terms->records + at + 2);
		used += (size_t)snprintf(text + used, size - used, " %u:", dns_read16(terms->records + at));
		for (size_t i = 0; i < length; i++)
			used += (size_t)snprintf(text + used, size - used, "%02x", terms->records[at + 4 + i]);
		at += 4 + length;
	}
}

/* One item as text: "a.example self", "a.example all", "a.example below", "!a.example all" for an
 * exception, "/regex/", "192.0.2.0/24 address", "comment", or the reason; then what else it says. */
static void describe(const struct line_item *item, char *text, size_t size)
{
	static const char *const covers[] = {"?", "self", "below", "all"};
	static const char *const triggers[] = {"?", "client", "address", "?", "server"};
	char name[NAME_TEXT_MAX];
	if (item->kind == ITEM_COMMENT) {
		snprintf(text, size, "comment");
		return;
	}
	if (item->kind == ITEM_SKIP) {
		snprintf(text, size, "%s", list_skip_text(item->reason));
		return;
	}
	const char *not = item->covers & EXCEPT ? "!" : "";
	int used = 0;
	if (item->kind == ITEM_PATTERN) {
		used = snprintf(text, size, "%s/%s/", not, item->regex);
	} else if (item->kind == ITEM_NETWORK) {
		prefix_format(&item->prefix, name);
		used = snprintf(text, size, "%s%s %s", not, name, triggers[item->trigger]);
	} else {
		dns_name_to_text(&item->name, name);
		used = snprintf(text, size, "%s%s %s", not, name, covers[item->covers & ALL]);
	}
	if (item->terms)
		describe_terms(item->terms, text + used, size - (size_t)used);
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
		char one[4096];
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
#define WILDCARD "a wildcard that can not be used here"
#define REGEX "a regular expression that can not be used"
#define BROWSER "a rule for browsers"
#define SYNTAX "none of the formats"
#define SETTING "a setting that lists nothing"
#define NO_RULE "a record that is no rule of a response policy zone"
#define OUTSIDE "a name outside of its zone"
#define NO_NETWORK "neither an address nor a network"

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
		{"a.*.example", "/(?:^|\\.)a\\..*\\.example$/"},
		{"*.ads*.msn.com", "/^.*\\.ads.*\\.msn\\.com$/"},
		{"aax-*.amazon.*", "/(?:^|\\.)aax-.*\\.amazon\\..*$/"},
		{"*.*.example", "/^.*\\..*\\.example$/"},
		{"*.*", WILDCARD},
		{"/ads[0-9]+/", "/ads[0-9]+/"},
		{"/^ad/$important", "/^ad/ important"},
		{"(^|\\.)a\\.example$", "/(^|\\.)a\\.example$/"},
		{"(^|\\.a", REGEX},
		{"^a(?=b)", REGEX},
		{"^a$;querytype=A", MODIFIER},
		{"^api\\..*\\.example\\.com$", "/^api\\..*\\.example\\.com$/"},
		{"[a-z]+.example", "/[a-z]+.example/"},
		{"/banner/img.gif", BROWSER},
		{"https://a.example/x", BROWSER},
		{"a.example/x", BROWSER},
		{"a.example##.ad", BROWSER},
		{"a.example#@#.ad", BROWSER},
		{"a.example b.example", SYNTAX},
		{"address=/a.example/#", "a.example all null"},
		{"server=/a.example/", "a.example all nxdomain"},
		{"local-zone: \"a.example\" always_nxdomain", "a.example all nxdomain"},
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

static const struct row adblock_rows[] = {
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
	{"||a.example^$important", "a.example all important"},
	{"@@||a.example^$important", "!a.example all important"},
	{"||a.example^$important,important", "a.example all important"},
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
	{"||hbbtv.*.de^", "/(?:^|\\.)hbbtv\\..*\\.de$/"},
	{"|hbbtv.*.de^", "/^hbbtv\\..*\\.de$/"},
	{"@@||hbbtv.*.de^", "!/(?:^|\\.)hbbtv\\..*\\.de$/"},
	{"*.ads*.msn.com", "/^.*\\.ads.*\\.msn\\.com$/"},
	{"||*.ads*.msn.com^", "/^.*\\.ads.*\\.msn\\.com$/"},
	{"||ads.", "/(?:^|\\.)ads\\..*$/"},
	{"|ads.", "/^ads\\..*$/"},
	{"||ads*^", "/(?:^|\\.)ads.*$/"},
	{"||*^", WILDCARD},
	{"||a.example/x^", BROWSER},
	{"||a.example^x/y", BROWSER},
	{"|https://a.example/", BROWSER},
	{"a.example##.ad", BROWSER},
	{"##.ad", BROWSER},
	{"###ad", BROWSER},
	{"#@#.ad", BROWSER},
	{"#?#x", BROWSER},
	{"@@/ads/", "!/ads/"},
	{"/ads/$dnstype=A,client=a/b", "/ads/ type=1 client=a/b"},
	{"/ads\\//", "/ads\\//"},
	{"/ads(/", REGEX},
	{"/ads/$third-party", MODIFIER},
	{"/ads/", "/ads/"},
	{"||^", NO_NAME},
	{"||.^", NO_NAME},
	{"|.^", "/^\\.$/"},
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

static void test_adblock(void **state)
{
	(void)state;
	check_rows(adblock_rows, sizeof adblock_rows / sizeof adblock_rows[0], LIST_FORMAT_ADBLOCK);
}

static void test_modifiers(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"||a.example^$third-party", MODIFIER},
		{"||a.example^$ctag=device_tv", "a.example all tag=device_tv"},
		{"||a.example^$ctag=device_tv|~device_other",
	     "a.example all tag=device_tv tag=~device_other"},
		{"||a.example^$dnstype=~A", "a.example all type=~1"},
		{"||a.example^$dnstype=~A|~cname", "a.example all type=~1 type=~5"},
		{"||a.example^$dnstype=NONE", MODIFIER},
		{"||a.example^$dnstype=", MODIFIER},
		{"||a.example^$dnstype=A|", MODIFIER},
		{"||a.example^$dnstype=A|AAAA,important", "a.example all important type=1 type=28"},
		{"||a.example^$important,client=x", "a.example all important client=x"},
		{"||a.example^$important,", MODIFIER},
		{"||a.example^$", MODIFIER},
		{"||a.example^$client='x/y'", "a.example all client='x/y'"},
		{"||a.example^$client=192.0.2.0/24|~192.0.2.7|'Mary\\'s, TV'",
	     "a.example all client=192.0.2.0/24 client=~192.0.2.7 client='Mary\\'s, TV'"},
		{"||a.example^$client=", MODIFIER},
		{"*$denyallow=com|net", "/.*/ but=com but=net"},
		{"||example^$denyallow=a.example,dnstype=A", "example all type=1 but=a.example"},
		{"||example^$denyallow=~a.example", MODIFIER},
		{"||example^$denyallow=a..b", MODIFIER},
		{"||a.example^$dnsrewrite=NXDOMAIN", "a.example all nxdomain"},
		{"||a.example^$dnsrewrite=REFUSED;;", "a.example all refused"},
		{"||a.example^$dnsrewrite=NOERROR", "a.example all nodata"},
		{"||a.example^$dnsrewrite=NOERROR;;", "a.example all nodata"},
		{"||a.example^$dnsrewrite=192.0.2.1", "a.example all 1:c0000201"},
		{"||a.example^$dnsrewrite=NOERROR;A;192.0.2.1", "a.example all 1:c0000201"},
		{"||a.example^$dnsrewrite=::1", "a.example all 28:00000000000000000000000000000001"},
		{"||a.example^$dnsrewrite=b.c", "a.example all 5:0162016300"},
		{"||a.example^$dnsrewrite=NOERROR;CNAME;B.c", "a.example all 5:0162016300"},
		{"||a.example^$dnsrewrite=NOERROR;MX;5 b", "a.example all 15:0005016200"},
		{"||a.example^$dnsrewrite=NOERROR;TXT;\"x\"", "a.example all 16:0178"},
		{"||a.example^$dnsrewrite=NOERROR;A;b", MODIFIER},
		{"||a.example^$dnsrewrite=NXDOMAIN;A;192.0.2.1", MODIFIER},
		{"||a.example^$dnsrewrite=SERVFAIL", MODIFIER},
		{"||a.example^$dnsrewrite=wall", "a.example all 5:0477616c6c00"},
		{"||a.example^$dnsrewrite=", MODIFIER},
		{"@@||a.example^$dnsrewrite", MODIFIER},
		{"@@||a.example^$dnsrewrite=NXDOMAIN", MODIFIER},
		{"@@||example^$denyallow=b.example", "!example all but=b.example"},
	};
	check_rows(rows, sizeof rows / sizeof rows[0], LIST_FORMAT_ADBLOCK);
}

static void test_dnsmasq(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"address=/a.example/#", "a.example all null"},
		{"address=/a.example/", "a.example all nxdomain"},
		{"address=/a.example/0.0.0.0", "a.example all null"},
		{"address=/a.example/::", "a.example all null"},
		{"address=/a.example/192.0.2.1", "a.example all 1:c0000201"},
		{"address=/.a.example/192.0.2.1 # why", "a.example all 1:c0000201"},
		{"address=/a.example/b.example/#", "a.example all null; b.example all null"},
		{"address=/a.example/bad..name/#", "a.example all null; " NO_NAME},
		{"address=/*.a.example/#", "a.example below null"},
		{"address=/*a.example/#", "/(?:^|\\.).*a\\.example$/ null"},
		{"address=/#/192.0.2.1", "/.*/ 1:c0000201"},
		{"address=/a.example/b", SYNTAX},
		{"address=a.example/#", SETTING},
		{"address=/a.example", SETTING},
		{"server=/a.example/", "a.example all nxdomain"},
		{"local=/a.example/", "a.example all nxdomain"},
		{"server=/a.example/#", "!a.example all"},
		{"server=/a.example/b.example/192.0.2.53#53", "!a.example all; !b.example all"},
		{"server=//", SETTING},
		{"server=192.0.2.53", SETTING},
		{"cache-size=1000", SETTING},
		{"ipset=/a.example/set", SETTING},
		{"# address=/a.example/#", "comment"},
		{"a.example", "a.example all"},
	};
	check_rows(rows, sizeof rows / sizeof rows[0], LIST_FORMAT_DNSMASQ);
}

static void test_unbound(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"server:", "comment"},
		{"local-zone: \"a.example\" always_nxdomain", "a.example all nxdomain"},
		{"\tlocal-zone: a.example. static # why", "a.example all nxdomain"},
		{"local-zone: 'a.example' refuse", "a.example all refused"},
		{"local-zone: \"a.example\" always_refuse", "a.example all refused"},
		{"local-zone: \"a.example\" deny", "a.example all drop"},
		{"local-zone: \"a.example\" always_deny", "a.example all drop"},
		{"local-zone: \"a.example\" always_null", "a.example all null"},
		{"local-zone: \"a.example\" redirect", "a.example all nodata"},
		{"local-zone: \"a.example\" always_nodata", "a.example all nodata"},
		{"local-zone: \"a.example\" block_a", "a.example all type=1 nodata"},
		{"local-zone: \"a.example\" transparent", "!a.example all"},
		{"local-zone: \"a.example\" always_transparent", "!a.example all"},
		{"local-zone: \"a.example\" unheard-of", SETTING},
		{"local-zone: \"a.example\"", SETTING},
		{"local-zone: \"a..example\" static", NO_NAME},
		{"local-data: \"a.example A 192.0.2.1\"", "a.example self 1:c0000201"},
		{"local-data: 'a.example. 60 IN TXT \"x\"'", "a.example self 16:0178"},
		{"local-data: \"a.example CNAME b\"", "a.example self 5:016200"},
		{"local-data: \"a.example A b\"", NO_RULE},
		{"local-data: \"a.example\"", SYNTAX},
		{"local-data-ptr: \"192.0.2.1 a.example\"", SETTING},
		{"include: \"x.conf\"", SETTING},
	};
	check_rows(rows, sizeof rows / sizeof rows[0], LIST_FORMAT_UNBOUND);
}

static void test_regexes(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"(^|\\.)a\\.example$", "/(^|\\.)a\\.example$/"},
		{"ads", "/ads/"}, /* open at both ends: anywhere */
		{"  ads\t", "/ads/"},
		{"/ads/", "/ads/"},
		{"# (^|\\.)a # why", "comment"},
		{"", "comment"},
		{"ads # tracks", "/ads # tracks/"},
		{"^ad[", REGEX},
		{"^(a)\\1$", REGEX},
		{"^a$;reply=NXDOMAIN", MODIFIER},
	};
	check_rows(rows, sizeof rows / sizeof rows[0], LIST_FORMAT_REGEX);
}

static void test_networks(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"192.0.2.1", "192.0.2.1/32 address"},
		{"192.0.2.0/24", "192.0.2.0/24 address"},
		{"2001:db8::/32 # why", "2001:db8::/32 address"},
		{"192.0.2.0/24 ; SBL1", "192.0.2.0/24 address"},
		{"192.0.2.0/24; SBL1", "192.0.2.0/24 address"},
		{"; Spamhaus", "comment"},
		{"# x", "comment"},
		{"192.0.2.0-192.0.2.255", "192.0.2.0/24 address"},
		{"192.0.2.7-192.0.2.7", "192.0.2.7/32 address"},
		{"192.0.2.0-192.0.2.254", NO_NETWORK},
		{"192.0.2.1/24", NO_NETWORK},
		{"192.0.2.0/33", NO_NETWORK},
		{"a.example", NO_NETWORK},
		{"192.0.2.1 192.0.2.2", NO_NETWORK},
	};
	check_rows(rows, sizeof rows / sizeof rows[0], LIST_FORMAT_CIDR);
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
		cmocka_unit_test(test_plain),     cmocka_unit_test(test_plain_skipped),
		cmocka_unit_test(test_hosts),     cmocka_unit_test(test_adblock),
		cmocka_unit_test(test_bytes),     cmocka_unit_test(test_dnsmasq),
		cmocka_unit_test(test_modifiers), cmocka_unit_test(test_unbound),
		cmocka_unit_test(test_regexes),   cmocka_unit_test(test_networks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
