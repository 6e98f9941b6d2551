/* What lists say, as tables of (list, who asks for what, what the answer shows): which entry holds it and what it
 * wants to be replied. And the same names in every format, which must yield the same decisions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dns/dns.h"
#include "unit/lists/fixture.h"

/* The tag "tv" has the device "living room"; "camera" has none. */
struct row {
	const char *list, *name;
	uint16_t type; /* 0: A */
	const char *client, *address,
		*server; /* or NULL: of the device; in the answer; its name server */
	const char
		*expected; /* "entry: reply", "entry" when it wants none, "-" when nothing holds it */
};

static void describe_reply(const struct rule_reply *reply, char *text, size_t size)
{
	static const char *const words[] = {"null", "nxdomain", "nodata",    "refused", "drop",
	                                    "list", "strip",    "addresses", "tcp",     "records"};
	size_t used = 0;
	text[0] = '\0';
	if (!reply)
		return;
	if (reply->kind != REPLY_RECORDS) {
		const char *word = reply->kind == REPLY_TRUNCATED ? "tcp" : words[reply->kind];
		snprintf(text, size, ": %s", word);
		return;
	}
	for (size_t at = 0; at < reply->record_bytes;) {
		size_t length = dns_read16(reply->records + at + 2);
		used += (size_t)snprintf(text + used, size - used, "%s%u=", used ? " " : ": ",
		                         dns_read16(reply->records + at));
		for (size_t i = 0; i < length; i++)
			used += (size_t)snprintf(text + used, size - used, "%02x", reply->records[at + 4 + i]);
		at += 4 + length;
	}
}

static void to_addr(const char *text, struct addr *addr)
{
	assert_int_equal(addr_parse(text, addr), PF_OK);
}

/* What the list number `list` says. */
static void ask_list(const struct fixture *fixture, size_t list, const struct list_asked *asked,
                     const struct list_answer *answer, char text[4096])
{
	const struct lists *lists = fixture->loaded;
	struct list_set set, by_answer;
	struct list_found found;
	struct list_identity identity;
	struct list_line line;
	char reply[512];
	struct regex_scratch *scratch = lists_scratch_new(lists);
	lists_match(lists, scratch, asked, &set);
	lists_match_answer(lists, scratch, asked, answer, &by_answer);
	bool held = list_set_has(&set, list) || list_set_has(&by_answer, list);
	assert_false(list_set_has(&set, list) && list_set_has(&by_answer, list));
	assert_int_equal(lists_find(lists, scratch, list, asked, answer, &found), held);
	assert_int_equal(lists_identify(lists, scratch, list, asked, answer, &identity), held);
	lists_scratch_free(&scratch);
	snprintf(text, 4096, "-");
	if (!held)
		return;
	describe_reply(found.reply, reply, sizeof reply);
	assert_int_equal(found.by_answer, list_set_has(&by_answer, list));
	snprintf(text, 4096, "%s%s", found.text, reply);
	/* The entry stands on some line of the file. */
	const struct list_info *info = lists_info(lists, list);
	assert_int_equal(lists_find_line(info->file, info->format, &identity, &line), PF_OK);
}

static void ask(const struct fixture *fixture, const struct row *row, char text[4096])
{
	struct dns_name name, server;
	struct addr client, address;
	struct device device = {.name = "living room", .tags = tag_bit(TAG_ALL)};
	struct list_answer answer = {0};
	assert_int_equal(dns_name_from_text(row->name, &name), PF_OK);
	device.tags |= tag_bit((size_t)tag_find(&fixture->config.tags, "tv"));
	struct list_asked asked = {.name = &name, .type = row->type ? row->type : DNS_TYPE_A};
	asked.device = &device;
	if (row->client) {
		to_addr(row->client, &client);
		asked.client = &client;
	}
	if (row->address) {
		to_addr(row->address, &address);
		answer.addresses = answer.server_addresses = &address;
		*(row->server ? &answer.server_address_count : &answer.address_count) = 1;
	}
	if (row->server) {
		assert_int_equal(dns_name_from_text(row->server, &server), PF_OK);
		answer.servers = &server;
		answer.server_count = 1;
	}
	ask_list(fixture, 0, &asked, &answer, text);
}

static void check_rows(const struct row *rows, size_t count, enum list_format format)
{
	for (size_t i = 0; i < count; i++) {
		struct fixture fixture;
		char text[4096];
		fixture_init(&fixture);
		assert_true(tag_add(&fixture.config.tags, "tv") >= 0);
		assert_true(tag_add(&fixture.config.tags, "camera") >= 0);
		fixture_add_text(&fixture, rows[i].list);
		fixture.lists[0].format = format;
		assert_int_equal(fixture_load(&fixture), PF_OK);
		ask(&fixture, &rows[i], text);
		if (strcmp(text, rows[i].expected) != 0)
			fail_msg("%s\n%s is \"%s\" and should be \"%s\"", rows[i].list, rows[i].name, text,
			         rows[i].expected);
		fixture_deinit(&fixture);
	}
}

#define CHECK(rows, format) check_rows(rows, sizeof rows / sizeof rows[0], format)
#define A(list, name, expected)                   \
	{                                             \
		list, name, 0, NULL, NULL, NULL, expected \
	}

static void test_adblock(void **state)
{
	(void)state;
	static const struct row rows[] = {
		A("||a.example^\n@@||ok.a.example^\n", "x.ok.a.example", "-"),
		A("||a.example^\n@@||ok.a.example^\n", "x.a.example", "a.example"),
		A("||x.ok.a.example^\n@@||ok.a.example^\n", "x.ok.a.example", "-"), /* near or far */
		A("||a.example^$important\n@@||ok.a.example^\n", "ok.a.example", "a.example"),
		A("||a.example^$important\n@@||ok.a.example^$important\n", "ok.a.example", "-"),
		A("||a.example^\n@@||ok.a.example^$important\n", "ok.a.example", "-"),
		A("||a.example^$dnstype=AAAA\n", "a.example", "-"),
		{"||a.example^$dnstype=AAAA\n", "a.example", 28, NULL, NULL, NULL, "a.example"},
		A("||a.example^$dnstype=~AAAA\n", "a.example", "a.example"),
		{"||a.example^$dnstype=~AAAA\n", "a.example", 28, NULL, NULL, NULL, "-"},
		A("||a.example^\n@@||a.example^$dnstype=A\n", "a.example", "-"),
		{"||a.example^\n@@||a.example^$dnstype=A\n", "a.example", 28, NULL, NULL, NULL,
	     "a.example"},
		A("||example^$denyallow=a.example|b.example\n", "x.a.example", "-"),
		A("||example^$denyallow=a.example|b.example\n", "c.example", "example"),
		A("*$denyallow=example\n", "a.example", "-"),
		A("*$denyallow=example\n", "a.test", "/.*/"),
		A("||a.example^$client='Living Room'\n", "a.example", "a.example"),
		A("||a.example^$client=~'Living Room'\n", "a.example", "-"),
		A("||a.example^$client=kitchen\n", "a.example", "-"),
		{"||a.example^$client=192.0.2.0/24\n", "a.example", 0, "192.0.2.9", NULL, NULL,
	     "a.example"},
		{"||a.example^$client=192.0.2.0/24|~192.0.2.9\n", "a.example", 0, "192.0.2.9", NULL, NULL,
	     "-"},
		{"||a.example^$client=192.0.2.0/24\n", "a.example", 0, "198.51.100.1", NULL, NULL, "-"},
		A("||a.example^$ctag=tv\n", "a.example", "a.example"),
		A("||a.example^$ctag=device_tv|device_other\n", "a.example", "a.example"),
		A("||a.example^$ctag=~device_tv\n", "a.example", "-"),
		A("||a.example^$ctag=camera\n", "a.example", "-"),
		A("||a.example^$ctag=device_unheard_of\n", "a.example", "-"),
		A("||a.example^$ctag=~device_unheard_of\n", "a.example", "a.example"),
		A("||hbbtv.*.de^\n", "hbbtv.zdf.de", "/(?:^|\\.)hbbtv\\..*\\.de$/"),
		A("||hbbtv.*.de^\n", "x.hbbtv.a.b.de", "/(?:^|\\.)hbbtv\\..*\\.de$/"),
		A("|hbbtv.*.de^\n", "x.hbbtv.zdf.de", "-"),
		A("||hbbtv.*.de^\n@@||hbbtv.zdf.de^\n", "hbbtv.zdf.de", "-"),
		A("aax-*.amazon.*\n", "aax-eu.amazon.co.uk", "/(?:^|\\.)aax-.*\\.amazon\\..*$/"),
		A("||ads.\n", "x.ads.example", "/(?:^|\\.)ads\\..*$/"),
		A("/^ad[0-9]+\\./\n@@/^ad7/\n", "ad6.example", "/^ad[0-9]+\\./"),
		A("/^ad[0-9]+\\./\n@@/^ad7/\n", "ad7.example", "-"),
		A("/^ad/$dnstype=AAAA\n", "ad.example", "-"),
		/* One that is not known turns the whole line off, wherever it stands. */
		A("||a.example^$third-party\n||b.example^\n", "a.example", "-"),
		A("||a.example^$important,third-party\n||b.example^\n", "a.example", "-"),
		A("||a.example^\n@@||a.example^$third-party\n", "a.example", "a.example"),
		A("||a.example^$dnstype=A,ctag=tv,important\n@@||a.example^\n", "a.example", "a.example"),
		A("||a.example^$dnstype=A,ctag=camera\n", "a.example", "-"),
		A("||a.example^$dnstype=~A|~HTTPS\n", "a.example", "-"),
		{"||a.example^$dnstype=~A|~HTTPS\n", "a.example", 28, NULL, NULL, NULL, "a.example"},
		A("||a.example^$client='Mary\\'s, TV'|'Living Room'\n", "a.example", "a.example"),
		A("!||a.example^\n||b.example^\n", "a.example", "-"),
	};
	CHECK(rows, LIST_FORMAT_ADBLOCK);
}

static void test_adblock_rewrites(void **state)
{
	(void)state;
	static const struct row rows[] = {
		A("||a.example^$dnsrewrite=NXDOMAIN\n", "x.a.example", "a.example: nxdomain"),
		A("||a.example^$dnsrewrite=NOERROR;;\n", "a.example", "a.example: nodata"),
		A("||a.example^$dnsrewrite=REFUSED\n", "a.example", "a.example: refused"),
		A("||a.example^$dnsrewrite=NXDOMAIN;;\n", "a.example", "a.example: nxdomain"),
		A("||a.example^$dnsrewrite=NOERROR\n", "a.example", "a.example: nodata"),
		A("||a.example^$dnsrewrite=REFUSED;;\n", "a.example", "a.example: refused"),
		A("||a.example^$dnsrewrite=NOERROR;A;192.0.2.1\n", "a.example", "a.example: 1=c0000201"),
		A("||a.example^$dnsrewrite=NOERROR;AAAA;::1\n", "a.example",
	      "a.example: 28=00000000000000000000000000000001"),
		A("||a.example^$dnsrewrite=NOERROR;CNAME;b.c\n", "a.example", "a.example: 5=0162016300"),
		A("||a.example^$dnsrewrite=SERVFAIL\n||b.example^\n", "a.example", "-"),
		A("||a.example^$dnsrewrite=192.0.2.1\n||a.example^$dnsrewrite=::1\n", "a.example",
	      "a.example: 1=c0000201"),
		{"||a.example^$dnsrewrite=192.0.2.1\n||a.example^$dnsrewrite=::1\n", "a.example", 28, NULL,
	     NULL, NULL, "a.example: 28=00000000000000000000000000000001"},
		A("||a.example^$dnsrewrite=192.0.2.1\n||b.example^\n||a.example^$dnsrewrite=192.0.2.2\n"
	      "||a.example^$dnsrewrite=NOERROR;A;192.0.2.1\n||a.example^$dnsrewrite=::1\n",
	      "a.example", "a.example: 1=c0000201 1=c0000202"),
		A("||a.example^$dnsrewrite=192.0.2.1\n||a.example^$dnsrewrite=192.0.2.2,important\n",
	      "a.example", "a.example: 1=c0000202"),
		A("||a.example^$dnsrewrite=192.0.2.1\n||example^$dnsrewrite=192.0.2.2\n", "x.a.example",
	      "a.example: 1=c0000201"),
		A("||a.example^$dnsrewrite=192.0.2.1\n||a.example^$dnsrewrite=192.0.2.2,ctag=camera\n",
	      "a.example", "a.example: 1=c0000201"),
		A("||a.example^$dnsrewrite=b.c\n||a.example^$dnsrewrite=192.0.2.2\n", "a.example",
	      "a.example: 5=0162016300"),
		A("/^ads/$dnsrewrite=192.0.2.1\n/ads\\./$dnsrewrite=192.0.2.2\n", "ads.example",
	      "/^ads/: 1=c0000201 1=c0000202"),
		A("||a.example^$dnsrewrite=b.c\n", "a.example", "a.example: 5=0162016300"),
	};
	CHECK(rows, LIST_FORMAT_ADBLOCK);
}

static void test_most_particular(void **state)
{
	(void)state;
	static const struct row dnsmasq[] = {
		A("address=/example/#\nserver=/a.example/#\n", "a.example", "-"),
		A("address=/example/#\nserver=/a.example/#\n", "b.example", "example: null"),
		A("address=/b.a.example/\nserver=/a.example/#\n", "b.a.example", "b.a.example: nxdomain"),
		A("address=/b.a.example/\nserver=/a.example/192.0.2.53\n", "c.a.example", "-"),
		A("address=/a.example/192.0.2.1\nserver=/x.example/\naddress=/a.example/192.0.2.2\n"
	      "address=/a.example/::1\n",
	      "x.a.example", "a.example: 1=c0000201 1=c0000202"),
		A("address=/#/192.0.2.1\naddress=/#/192.0.2.2\n", "any.thing",
	      "/.*/: 1=c0000201 1=c0000202"),
		A("address=/a.example/192.0.2.1\naddress=/b.a.example/192.0.2.2\n", "b.a.example",
	      "b.a.example: 1=c0000202"),
		A("local=/a.example/b.example/\n", "x.b.example", "b.example: nxdomain"),
		A("address=/#/192.0.2.1\n", "any.thing", "/.*/: 1=c0000201"),
	};
	static const struct row unbound[] = {
		A("local-zone: \"a.example\" redirect\nlocal-data: \"a.example A 192.0.2.1\"\n"
	      "local-data: \"a.example AAAA ::1\"\n",
	      "x.a.example", "a.example: 1=c0000201 28=00000000000000000000000000000001"),
		A("local-zone: \"a.example\" redirect\n", "a.example", "a.example: nodata"),
		A("local-data: \"a.example A 192.0.2.1\"\n", "x.a.example", "-"),
		A("local-zone: \"example\" static\nlocal-zone: \"a.example\" transparent\n", "a.example",
	      "-"),
		A("local-zone: \"a.example\" static\nlocal-zone: \"example\" transparent\n", "a.example",
	      "a.example: nxdomain"),
		A("local-zone: \"a.example\" always_null\n", "a.example", "a.example: null"),
		A("local-zone: \"a.example\" deny\n", "a.example", "a.example: drop"),
	};
	CHECK(dnsmasq, LIST_FORMAT_DNSMASQ);
	CHECK(unbound, LIST_FORMAT_UNBOUND);
}

static void test_zone_names(void **state)
{
	(void)state;
	static const struct row rows[] = {
		A("a.example CNAME .\n", "a.example", "a.example: nxdomain"),
		A("a.example CNAME .\n", "x.a.example", "-"),
		A("*.a.example CNAME *.\n", "x.y.a.example", "*.a.example: nodata"),
		A("*.a.example CNAME *.\n", "a.example", "-"),
		A("a.example CNAME rpz-drop.\n", "a.example", "a.example: drop"),
		A("a.example CNAME rpz-tcp-only.\n", "a.example", "a.example: tcp"),
		A("*.a.example CNAME .\nok.a.example CNAME rpz-passthru.\n", "ok.a.example", "-"),
		A("*.a.example CNAME .\nok.a.example CNAME rpz-passthru.\n", "x.a.example",
	      "*.a.example: nxdomain"),
		A("*.a.example CNAME rpz-passthru.\nx.a.example CNAME .\n", "x.a.example",
	      "x.a.example: nxdomain"),
		A("$ORIGIN z.\n*.a CNAME .\nok.a CNAME ok.a.z.\nb CNAME .\n", "b", "b: nxdomain"),
		A("a.example A 192.0.2.1\n A 192.0.2.2\n TXT \"x y\"\n", "a.example",
	      "a.example: 1=c0000201 1=c0000202 16=03782079"),
		A("a.example CNAME wall.example.\n", "a.example",
	      "a.example: 5=0477616c6c076578616d706c6500"),
		A("* CNAME .\n", "any.thing", "/[^.]/: nxdomain"),
		/* Origins, relative and absolute owners, TTLs and classes, tabs, parentheses, comments. */
		A("$TTL 2h\n$ORIGIN rpz.z.\n@\tIN\tSOA\ta. b. (\n\t1 ; serial\n\t2 3 4 5 )\n\tNS\tns.z.\n"
	      "a.example.rpz.z.\t60\tIN\tCNAME\t.\n",
	      "a.example", "a.example: nxdomain"),
		A("@ 3600 IN SOA localhost. root.localhost. 1 2 3 4 5\n NS localhost.\n"
	      "a.example IN 60 CNAME . ; why\n",
	      "a.example", "a.example: nxdomain"),
		A("$ORIGIN .\nrpz.z 60 IN SOA a. b. 1 2 3 4 5\n$ORIGIN example.rpz.z.\na CNAME .\n",
	      "a.example", "a.example: nxdomain"),
		A("$ORIGIN rpz.z.\na.example CNAME wall\n", "a.example",
	      "a.example: 5=0477616c6c0372707a017a00"),
		A("a.example CNAME .\na.example CNAME .\nA.EXAMPLE CNAME .\n", "a.example",
	      "a.example: nxdomain"),
	};
	CHECK(rows, LIST_FORMAT_RPZ);
}

static void test_zone_triggers(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"32.9.2.0.192.rpz-client-ip CNAME .\n", "a.example", 0, "192.0.2.9", NULL, NULL,
	     "client 192.0.2.9/32: nxdomain"},
		{"24.0.2.0.192.rpz-client-ip CNAME rpz-drop.\n32.9.2.0.192.rpz-client-ip CNAME "
	     "rpz-passthru.\na.example CNAME .\n",
	     "a.example", 0, "192.0.2.9", NULL, NULL, "-"},
		{"24.0.2.0.192.rpz-client-ip CNAME rpz-drop.\n32.9.2.0.192.rpz-client-ip CNAME "
	     "rpz-passthru.\n",
	     "a.example", 0, "192.0.2.8", NULL, NULL, "client 192.0.2.0/24: drop"},
		{"32.9.2.0.192.rpz-client-ip CNAME .\n", "a.example", 0, "192.0.2.8", NULL, NULL, "-"},
		{"24.0.2.0.192.rpz-ip CNAME .\n", "a.example", 0, NULL, "192.0.2.8", NULL,
	     "192.0.2.0/24: nxdomain"},
		{"24.0.2.0.192.rpz-ip CNAME .\n", "a.example", 0, NULL, "192.0.3.8", NULL, "-"},
		{"24.0.2.0.192.rpz-ip CNAME .\n32.8.2.0.192.rpz-ip CNAME rpz-passthru.\n", "a.example", 0,
	     NULL, "192.0.2.8", NULL, "-"},
		{"24.0.2.0.192.rpz-ip A 198.51.100.1\n", "a.example", 0, NULL, "192.0.2.8", NULL,
	     "192.0.2.0/24: 1=c6336401"},
		{"24.0.2.0.192.rpz-ip CNAME .\na.example CNAME rpz-passthru.\n", "a.example", 0, NULL,
	     "192.0.2.8", NULL, "-"},
		{"24.0.2.0.192.rpz-ip CNAME .\na.example CNAME *.\n", "a.example", 0, NULL, "192.0.2.8",
	     NULL, "a.example: nodata"},
		{"32.zz.db8.2001.rpz-ip CNAME .\n", "a.example", 0, NULL, "2001:db8::7", NULL,
	     "2001:db8::/32: nxdomain"},
		{"128.7.zz.db8.2001.rpz-ip CNAME .\n", "a.example", 0, NULL, "2001:db8::7", NULL,
	     "2001:db8::7/128: nxdomain"},
		{"ns.bad.example.rpz-nsdname CNAME .\n", "a.example", 0, NULL, NULL, "ns.bad.example",
	     "name server ns.bad.example: nxdomain"},
		{"*.bad.example.rpz-nsdname CNAME .\n", "a.example", 0, NULL, NULL, "ns.bad.example",
	     "name server *.bad.example: nxdomain"},
		{"ns.bad.example.rpz-nsdname CNAME .\n", "ns.bad.example", 0, NULL, NULL, NULL, "-"},
		{"ns.bad.example.rpz-nsdname CNAME .\n", "a.example", 0, NULL, NULL, "ns.good.example",
	     "-"},
		{"24.0.2.0.192.rpz-nsip CNAME .\n", "a.example", 0, NULL, "192.0.2.8", "ns.x",
	     "name server 192.0.2.0/24: nxdomain"},
		{"24.0.2.0.192.rpz-nsip CNAME .\n", "a.example", 0, NULL, "192.0.2.8", NULL, "-"},
	};
	static const struct row cidr[] = {
		{"192.0.2.0/24\n10.0.0.0/8\n", "a.example", 0, NULL, "10.1.2.3", NULL, "10.0.0.0/8"},
		{"192.0.2.0/24\n", "a.example", 0, NULL, "::ffff:192.0.2.1", NULL, "192.0.2.0/24"},
		{"192.0.2.0/24\n192.0.2.128/25\n", "a.example", 0, NULL, "192.0.2.200", NULL,
	     "192.0.2.128/25"},
		{"2001:db8::/32\n", "a.example", 0, NULL, "2001:db9::1", NULL, "-"},
		{"192.0.2.0/24\n", "a.example", 0, "192.0.2.1", NULL, NULL, "-"},
	};
	CHECK(rows, LIST_FORMAT_RPZ);
	CHECK(cidr, LIST_FORMAT_CIDR);
}

/* ---- each trigger of a zone with each action, and each trigger against each other ----------- */

/* In the order in which they count. All of them hold of one question and its answer. */
static const struct zone_trigger {
	const char *owner, *text;
} triggers[] = {
	{"32.9.2.0.192.rpz-client-ip", "client 192.0.2.9/32"},
	{"a.b.example", "a.b.example"},
	{"*.b.example", "*.b.example"},
	{"*.example", "*.example"},
	{"32.8.2.0.192.rpz-ip", "192.0.2.8/32"},
	{"24.0.2.0.192.rpz-ip", "192.0.2.0/24"},
	{"ns.bad.example.rpz-nsdname", "name server ns.bad.example"},
	{"*.bad.example.rpz-nsdname", "name server *.bad.example"},
	{"32.7.2.0.192.rpz-nsip", "name server 192.0.2.7/32"},
	{"16.0.0.0.192.rpz-nsip", "name server 192.0.0.0/16"},
};

static const struct zone_action {
	const char *data, *reply; /* NULL: it excepts */
} actions[] = {
	{"CNAME .", "nxdomain"},
	{"CNAME *.", "nodata"},
	{"CNAME rpz-passthru.", NULL},
	{"CNAME rpz-drop.", "drop"},
	{"CNAME rpz-tcp-only.", "tcp"},
	{"A 198.51.100.1\n AAAA ::1\n TXT \"why\"",
     "1=c6336401 28=00000000000000000000000000000001 16=03776879"},
	{"CNAME wall.example.", "5=0477616c6c076578616d706c6500"},
	{"CNAME *.wall.example.", "5=012a0477616c6c076578616d706c6500"},
};

/* What the question that all triggers hold of gets from each list is what `expected` says in its place. */
static void check_zones(struct fixture *fixture, char (*expected)[128])
{
	struct dns_name name, server;
	struct addr client, address, server_address;
	char text[4096];
	assert_int_equal(dns_name_from_text("a.b.example", &name), PF_OK);
	assert_int_equal(dns_name_from_text("ns.bad.example", &server), PF_OK);
	to_addr("192.0.2.9", &client);
	to_addr("192.0.2.8", &address);
	to_addr("192.0.2.7", &server_address);
	const struct list_asked asked = {.name = &name, .type = DNS_TYPE_A, .client = &client};
	const struct list_answer answer = {&address, 1, &server, 1, &server_address, 1};
	assert_int_equal(fixture_load(fixture), PF_OK);
	for (size_t i = 0; i < lists_count(fixture->loaded); i++) {
		ask_list(fixture, i, &asked, &answer, text);
		if (strcmp(text, expected[i]) != 0)
			fail_msg("list %zu says \"%s\" and not \"%s\"", i, text, expected[i]);
	}
}

static void add_zone(struct fixture *fixture, const char *text)
{
	fixture->lists[fixture_add_text(fixture, text)].format = LIST_FORMAT_RPZ;
}

static void test_zone_each(void **state)
{
	(void)state;
	static char expected[PF_COUNT(triggers) * PF_COUNT(actions)][128];
	struct fixture fixture;
	fixture_init(&fixture);
	for (size_t t = 0; t < PF_COUNT(triggers); t++) {
		for (size_t a = 0; a < PF_COUNT(actions); a++) {
			char text[256], *says = expected[fixture.config.list_count];
			snprintf(text, sizeof text, "%s %s\n", triggers[t].owner, actions[a].data);
			snprintf(says, sizeof expected[0], "%s: %s", triggers[t].text, actions[a].reply);
			if (!actions[a].reply)
				strcpy(says, "-");
			add_zone(&fixture, text);
		}
	}
	check_zones(&fixture, expected);
	fixture_deinit(&fixture);
}

/* Whichever stands first in the file; the weaker one lets pass where the stronger one does not, and the other way round. */
static void test_zone_order(void **state)
{
	(void)state;
	static char expected[LIST_MAX][128];
	static const char *const passes = "CNAME rpz-passthru.";
	struct fixture fixture;
	fixture_init(&fixture);
	for (size_t t = 0; t < PF_COUNT(triggers); t++) {
		for (size_t w = t + 1; w < PF_COUNT(triggers); w++) {
			const char *strong = triggers[t].owner, *weak = triggers[w].owner;
			char text[256];
			snprintf(expected[fixture.config.list_count], sizeof expected[0], "%s: drop",
			         triggers[t].text);
			snprintf(text, sizeof text, "%s %s\n%s CNAME rpz-drop.\n", weak,
			         (t + w) % 2 ? passes : "CNAME .", strong);
			add_zone(&fixture, text);
			strcpy(expected[fixture.config.list_count], "-");
			snprintf(text, sizeof text, "%s %s\n%s CNAME .\n", strong, passes, weak);
			add_zone(&fixture, text);
		}
	}
	assert_int_equal(fixture.config.list_count, 90);
	check_zones(&fixture, expected);
	fixture_deinit(&fixture);
}

/* What a zone does not take is counted, each line once. */
static void test_zone_counts(void **state)
{
	(void)state;
	struct fixture fixture;
	fixture_init(&fixture);
	fixture_add_text(&fixture, "$ORIGIN rpz.z.\n; x\n\n@ SOA a. b. (\n1 2 3\n4 5)\n NS a.\n"
	                           "a CNAME .\na CNAME .\nb A 192.0.2.1\n A 192.0.2.2\nb CNAME .\n"
	                           "c.elsewhere. CNAME .\nd NS x.\ne A x\n$INCLUDE f\n"
	                           "33.0.0.0.0.rpz-ip CNAME .\n24.1.2.0.192.rpz-ip CNAME .\n"
	                           "f RRSIG x\ng TXT (\"never closed\"\n");
	assert_int_equal(fixture_load(&fixture), PF_OK);
	const struct list_info *info = lists_info(fixture.loaded, 0);
	assert_int_equal(info->format, LIST_FORMAT_RPZ);
	assert_int_equal(info->lines, 20);
	assert_int_equal(info->names, 2);
	assert_int_equal(info->comments, 5);
	assert_int_equal(info->joined, 3);
	assert_int_equal(info->skipped[SKIP_DUPLICATE].count, 1);
	assert_int_equal(info->skipped[SKIP_OUT_OF_ZONE].count, 1);
	assert_int_equal(info->skipped[SKIP_OUT_OF_ZONE].example_lines[0], 13);
	assert_int_equal(info->skipped[SKIP_SETTING].count, 1);
	assert_int_equal(info->skipped[SKIP_RECORD].count, 7);
	assert_int_equal(info->skipped[SKIP_RECORD].example_lines[0], 12);
	fixture_deinit(&fixture);
}

/* ---- the same names in every format ------------------------------------------------------- */

#define NAME_COUNT 300

static void write_name(char *text, unsigned i)
{
	sprintf(text, "h%u.%s%u.example", i * 7919 % 1000, i % 3 ? "zone" : "x-y", i % 20);
}

static void add_lists(struct fixture *fixture)
{
	/* Each covers the name and all below it. */
	static const char *const forms[] = {
		"%1$s\n",
		".%1$s\n",
		"||%1$s^\n",
		"address=/%1$s/#\n",
		"local-zone: \"%1$s\" always_nxdomain\n",
		"%1$s CNAME .\n*.%1$s CNAME .\n",
		"%1$s. 60 IN CNAME *.\n*.%1$s. CNAME *.\n",
	};
	char *text = malloc(NAME_COUNT * 256);
	for (size_t f = 0; f < sizeof forms / sizeof forms[0]; f++) {
		size_t length = 0;
		for (unsigned i = 0; i < NAME_COUNT; i++) {
			char name[64];
			write_name(name, i);
			length += (size_t)sprintf(text + length, forms[f], name);
		}
		fixture_add(fixture, text, length);
	}
	size_t length = 0;
	for (unsigned i = 0; i < NAME_COUNT; i++) {
		char name[64];
		write_name(name, i);
		length += (size_t)sprintf(text + length, "(^|\\.)");
		for (const char *c = name; *c; c++)
			length += (size_t)sprintf(text + length, *c == '.' ? "\\." : "%c", *c);
		length += (size_t)sprintf(text + length, "$\n");
	}
	fixture_add(fixture, text, length);
	free(text);
}

static void test_every_format(void **state)
{
	(void)state;
	static const char *const around[] = {"%s", "below.%s", "x.y.%s", "not%s", "%s.test", "a-%s"};
	struct fixture fixture;
	size_t held_count = 0, asked_count = 0;
	fixture_init(&fixture);
	add_lists(&fixture);
	assert_int_equal(fixture_load(&fixture), PF_OK);
	assert_int_equal(lists_info(fixture.loaded, 7)->format, LIST_FORMAT_REGEX);
	struct regex_scratch *scratch = lists_scratch_new(fixture.loaded);
	for (unsigned i = 0; i < 2 * NAME_COUNT; i++) {
		for (size_t a = 0; a < sizeof around / sizeof around[0]; a++) {
			char name[64], text[128];
			struct dns_name asked_name;
			struct list_set set;
			write_name(name, i);
			snprintf(text, sizeof text, around[a], name);
			assert_int_equal(dns_name_from_text(text, &asked_name), PF_OK);
			struct list_asked asked = {.name = &asked_name, .type = DNS_TYPE_A};
			lists_match(fixture.loaded, scratch, &asked, &set);
			for (size_t list = 1; list < 8; list++)
				if (list_set_has(&set, list) != list_set_has(&set, 0))
					fail_msg("%s: list %zu decides otherwise", text, list);
			held_count += list_set_has(&set, 0);
			asked_count++;
		}
	}
	lists_scratch_free(&scratch);
	assert_true(held_count > asked_count / 8 && held_count < asked_count);
	fixture_deinit(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_adblock),         cmocka_unit_test(test_adblock_rewrites),
		cmocka_unit_test(test_most_particular), cmocka_unit_test(test_zone_names),
		cmocka_unit_test(test_zone_triggers),   cmocka_unit_test(test_zone_each),
		cmocka_unit_test(test_zone_order),      cmocka_unit_test(test_zone_counts),
		cmocka_unit_test(test_every_format),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
