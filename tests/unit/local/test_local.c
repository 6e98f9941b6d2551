/* Who answers a name: each kind of hit, which of them wins, groups and their numbers, and what is private. The
 * scenarios show what comes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "local/local.h"
#include "support/effort.h"

#define UPSTREAMS "upstreams: 192.0.2.53\n"

static struct local *build(const char *yaml)
{
	struct diag diag;
	struct config *config;
	struct local *local;
	diag_init(&diag);
	assert_int_equal(config_parse("/tmp/test.yaml", yaml, strlen(yaml), &diag, &config), PF_OK);
	assert_int_equal(local_build(config, &diag, &local), PF_OK);
	config_free(&config); /* nothing of it may be needed any more */
	diag_deinit(&diag);
	return local;
}

static struct local_hit find(const struct local *local, const char *text, uint16_t type,
                             bool allowed)
{
	static struct dns_name name; /* a hit may point to it */
	struct local_hit hit;
	assert_int_equal(dns_name_from_text(text, &name), PF_OK);
	local_find(local, &name, type, allowed, &hit);
	return hit;
}

static void kinds_and_their_order(void **state)
{
	(void)state;
	struct local *local =
		build(UPSTREAMS "hosts:\n"
	                    "  - {name: mask.icloud.com, ip: 192.168.1.9}\n"
	                    "  - {name: 5.0.0.10.in-addr.arpa, ptr: five.lan}\n"
	                    "  - {name: alias.lan, cname: five.lan}\n"
	                    "forward: [{zones: [lan, 1.10.in-addr.arpa, resolver.arpa], "
	                    "upstreams: 192.168.1.1}]\n");
	static const struct {
		const char *name;
		uint16_t type;
		bool allowed;
		enum local_kind kind;
		bool forwarded;
	} cases[] = {
		{"www.example", 1, false, LOCAL_ELSEWHERE, false},
		{".", 2, false, LOCAL_ELSEWHERE, false},
		{"mask.icloud.com", 1, false, LOCAL_ANSWER, false}, /* a host wins over a hatch */
		{"mask.icloud.com", 28, false, LOCAL_NODATA, false},
		{"mask-h2.icloud.com", 1, false, LOCAL_HATCH, false},
		{"mask-h2.icloud.com", 1, true, LOCAL_ELSEWHERE, false},
		{"use-application-dns.net", 65, false, LOCAL_HATCH, false},
		{"x.use-application-dns.net", 1, false, LOCAL_ELSEWHERE, false},
		{"_dns.resolver.arpa", 64, false, LOCAL_ELSEWHERE, true}, /* so does a forward zone */
		{"5.0.0.10.in-addr.arpa", 12, false, LOCAL_ANSWER, false},
		{"6.0.0.10.in-addr.arpa", 12, false, LOCAL_ZONE, false},
		{"6.0.0.10.in-addr.arpa", 12, true, LOCAL_ZONE, false}, /* a rule opens no zone */
		{"6.0.1.10.in-addr.arpa", 12, false, LOCAL_ELSEWHERE, true},
		{"lan", 1, false, LOCAL_ELSEWHERE, true},
		{"a.b.lan", 1, false, LOCAL_ELSEWHERE, true},
		{"alan", 1, false, LOCAL_ELSEWHERE, false},
		{"alias.lan", 1, false, LOCAL_ALIAS, false},
		{"alias.lan", 5, false, LOCAL_ANSWER, false},
		{"below.alias.lan", 5, false, LOCAL_ELSEWHERE, true},
		{"five.lan", 1, false, LOCAL_ELSEWHERE, true},
		{"home.arpa", 43, false, LOCAL_ELSEWHERE, false},
		{"x.home.arpa", 43, false, LOCAL_ZONE, false},
		{"localhost", 28, false, LOCAL_LOOPBACK, false},
		{"localhost", 15, false, LOCAL_ZONE, false},
	};
	for (size_t i = 0; i < PF_COUNT(cases); i++) {
		struct local_hit hit = find(local, cases[i].name, cases[i].type, cases[i].allowed);
		if (hit.kind != cases[i].kind || (hit.group != 0) != cases[i].forwarded)
			fail_msg("%s %u: kind %d group %d", cases[i].name, cases[i].type, hit.kind,
			         hit.group != 0);
	}
	local_free(&local);
	assert_null(local);
}

static void discovery_is_a_zone_of_ours(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		uint16_t type;
		enum local_kind kind, without;
	} cases[] = {
		{"_DNS.resolver.ARPA", 64, LOCAL_DISCOVERY, LOCAL_ELSEWHERE},
		{"_dns.resolver.arpa", 1, LOCAL_HATCH, LOCAL_ELSEWHERE},
		{"x._dns.resolver.arpa", 64, LOCAL_HATCH, LOCAL_ELSEWHERE},
		{"resolver.arpa", 64, LOCAL_HATCH, LOCAL_ELSEWHERE},
		{"xresolver.arpa", 64, LOCAL_ELSEWHERE, LOCAL_ELSEWHERE},
	};
	struct local *local = build(UPSTREAMS "listen: {tls: 127.0.0.1}\n");
	struct local *without = build(UPSTREAMS "listen: {tls: 127.0.0.1, discovery: off}\n");
	for (size_t i = 0; i < PF_COUNT(cases); i++) { /* though a rule allows all of them */
		assert_int_equal(find(local, cases[i].name, cases[i].type, true).kind, cases[i].kind);
		assert_int_equal(find(without, cases[i].name, cases[i].type, true).kind, cases[i].without);
		assert_true(find(without, cases[i].name, cases[i].type, false).kind != LOCAL_DISCOVERY);
	}
	local_free(&local);
	local_free(&without);
}

static uint64_t group_of(const char *forward)
{
	char yaml[512];
	snprintf(yaml, sizeof yaml, UPSTREAMS "forward: [%s]\n", forward);
	struct local *local = build(yaml);
	struct local_group group;
	assert_int_equal(local_group_count(local), 1);
	local_group(local, 0, &group);
	assert_true(local_has_group(local, group.id));
	assert_true(local_has_group(local, LOCAL_GROUP_DEFAULT));
	assert_false(local_has_group(local, group.id + 1));
	assert_true(find(local, "x.lan", 1, false).group == group.id);
	local_free(&local);
	return group.id;
}

static void a_group_is_its_zones_and_servers(void **state)
{
	(void)state;
	uint64_t one = group_of("{zones: [lan], upstreams: [192.168.1.1]}");
	assert_true(one && !(one >> 63));
	assert_true(one == group_of("{zones: [LAN], upstreams: ['192.168.1.1:53']}"));
	assert_true(one != group_of("{zones: [lan], upstreams: [192.168.1.2]}"));
	assert_true(one != group_of("{zones: [lan], upstreams: ['192.168.1.1:54']}"));
	assert_true(one != group_of("{zones: [lan, x.lan], upstreams: [192.168.1.1]}"));
}

static void the_edges_of_what_is_private(void **state)
{
	(void)state;
	static const struct {
		const char *first, *last, *outside;
	} ranges[] = {
		{"0.0.0.0", "0.255.255.255", "1.0.0.0"},
		{"10.0.0.0", "10.255.255.255", "9.255.255.255"},
		{"100.64.0.0", "100.127.255.255", "100.128.0.0"},
		{"127.0.0.0", "127.255.255.255", "128.0.0.0"},
		{"169.254.0.0", "169.254.255.255", "169.253.255.255"},
		{"172.16.0.0", "172.31.255.255", "172.32.0.0"},
		{"192.168.0.0", "192.168.255.255", "192.169.0.0"},
		{"255.255.255.255", "255.255.255.255", "192.0.2.1"},
		{"::", "::ffff:ffff", "::1:0:0"},
		{"fc00::", "fdff:ffff::", "fe00::"},
		{"fe80::", "febf:ffff::", "ff00::"},
		{"fec0::", "feff::", "2001:db8::1"},
		{"64:ff9b::10.0.0.0", "64:ff9b::10.255.255.255", "64:ff9b::11.0.0.0"},
		{"64:ff9b:1::", "64:ff9b:1:ffff::", "64:ff9b:2::"},
		{"2002:a00::1", "2002:aff:ffff::", "2002:b00::1"},
		{"::ffff:10.0.0.0", "::ffff:10.255.255.255", "::ffff:11.0.0.0"},
	};
	for (size_t i = 0; i < PF_COUNT(ranges); i++) {
		struct addr first, last, outside;
		assert_int_equal(addr_parse(ranges[i].first, &first), PF_OK);
		assert_int_equal(addr_parse(ranges[i].last, &last), PF_OK);
		assert_int_equal(addr_parse(ranges[i].outside, &outside), PF_OK);
		if (!rebinding_is_private(&first) || !rebinding_is_private(&last) ||
		    rebinding_is_private(&outside))
			fail_msg("%s to %s, not %s", ranges[i].first, ranges[i].last, ranges[i].outside);
	}
}

static void patterns_allow_private_answers(void **state)
{
	(void)state;
	struct local *local = build(UPSTREAMS "rebinding: {allow: [a.example, '*.b.example']}\n");
	static const struct {
		const char *name;
		bool allowed;
	} cases[] = {
		{"a.example", true},     {"x.a.example", false},
		{"b.example", false},    {"x.b.example", true},
		{"y.x.b.example", true}, {"xb.example", false},
		{"example", false},      {".", false},
	};
	for (size_t i = 0; i < PF_COUNT(cases); i++) {
		struct dns_name name;
		assert_int_equal(dns_name_from_text(cases[i].name, &name), PF_OK);
		if (local_rebinding_allows(local, &name) != cases[i].allowed)
			fail_msg("%s", cases[i].name);
	}
	local_free(&local);
}

static void a_host_is_given_once(void **state)
{
	(void)state;
	static const char yaml[] = UPSTREAMS "hosts:\n  - {name: a.lan, ip: 192.168.1.5}\n"
										 "  - {name: A.LAN, cname: b.lan}\n";
	struct diag diag;
	struct config *config;
	struct local *local;
	diag_init(&diag);
	assert_int_equal(config_parse("/tmp/test.yaml", yaml, sizeof yaml - 1, &diag, &config), PF_OK);
	assert_int_equal(local_build(config, &diag, &local), PF_EINVAL);
	assert_null(local);
	assert_int_equal(diag.errors, 1);
	assert_int_equal(diag.entries[0].line, 4);
	assert_non_null(strstr(diag.entries[0].text, "`a.lan` is given twice; first on line 3"));
	config_free(&config);
	diag_deinit(&diag);
}

/* A hosts file as large as those that people use to block with: it is taken, and found in. */
static void a_large_hosts_file(void **state)
{
	(void)state;
	char path[] = "/tmp/pf-test-hosts-XXXXXX", yaml[128];
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	FILE *file = fdopen(fd, "w");
	unsigned count = effort(100000), sought = count / 9 * 7;
	for (unsigned i = 0; i < count; i++)
		fprintf(file, "10.%u.%u.%u host%u.lan\n", i >> 16, i >> 8 & 255, i & 255, i);
	fclose(file);
	snprintf(yaml, sizeof yaml, UPSTREAMS "hosts-file: %s\n", path);
	struct local *local = build(yaml);
	char host[32], reverse[64];
	snprintf(host, sizeof host, "host%u.lan", sought);
	snprintf(reverse, sizeof reverse, "%u.%u.%u.10.in-addr.arpa", sought & 255, sought >> 8 & 255,
	         sought >> 16);
	struct local_hit hit = find(local, host, 1, false);
	assert_int_equal(hit.kind, LOCAL_ANSWER);
	assert_int_equal(hit.line, sought + 1);
	assert_string_equal(hit.file, path);
	assert_int_equal(find(local, reverse, 12, false).kind, LOCAL_ANSWER);
	assert_int_equal(find(local, "209.47.2.10.in-addr.arpa", 12, false).kind, LOCAL_ZONE);
	local_free(&local);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_and_their_order),
		cmocka_unit_test(discovery_is_a_zone_of_ours),
		cmocka_unit_test(a_group_is_its_zones_and_servers),
		cmocka_unit_test(the_edges_of_what_is_private),
		cmocka_unit_test(patterns_allow_private_answers),
		cmocka_unit_test(a_host_is_given_once),
		cmocka_unit_test(a_large_hosts_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
