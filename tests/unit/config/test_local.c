/* hosts, hosts-file, forward, escape-hatches, rebinding: what is right arrives, and each mistake is told at its place. */
#include <stdio.h>
#include <string.h>

#include "fixture.h"

#define ZONE(zones) "forward: [{zones: " zones ", upstreams: 192.0.2.1}]\n"

static const struct mistake mistakes[] = {
	{"hosts: {nas.lan: 192.168.1.5}\n", 1, 8, "`hosts` must be a list|a mapping was found"},
	{"hosts: [nas.lan]\n", 1, 9, "a host must be a mapping"},
	{"hosts: [{ip: 192.168.1.5}]\n", 1, 9, "a host needs the key `name`"},
	{"hosts: [{name: nas.lan}]\n", 1, 9, "a host needs `ip`, `cname` or `ptr`"},
	{"hosts: [{name: nas.lan, address: 192.168.1.5, ip: 192.168.1.5}]\n", 1, 25,
     "unknown key `address` in a host|it knows name, ip, cname, ptr, ttl"},
	{"hosts: [{name: nas.lan, ip: nas}]\n", 1, 29, "bad address `nas` for `ip`"},
	{"hosts: [{name: nas.lan, ip: 192.168.1.0/24}]\n", 1, 29, "bad address `192.168.1.0/24`"},
	{"hosts: [{name: nas.lan, ip: []}]\n", 1, 29, "`ip` is an empty list"},
	{"hosts: [{name: nas.lan, ip: [192.168.1.5, 192.168.1.5]}]\n", 1, 43,
     "`ip` names `192.168.1.5` twice"},
	{"hosts: [{name: nas.lan, ip: 192.168.1.5, cname: a.lan}]\n", 1, 9,
     "a host has one of `ip`, `cname` and `ptr`"},
	{"hosts: [{name: nas.lan, cname: NAS.lan}]\n", 1, 9, "its own name"},
	{"hosts: [{name: nas.lan, cname: 'a b'}]\n", 1, 32, "`a b` is no domain name|a blank"},
	{"hosts: [{name: '*.lan', ip: 192.168.1.5}]\n", 1, 16, "`*.lan` is no domain name"},
	{"hosts: [{name: nas.lan, ip: 192.168.1.5, ttl: 10}]\n", 1, 47, "`ttl` must be a duration"},
	{"hosts: [{name: nas.lan, ip: 192.168.1.5, ttl: 2d}]\n", 1, 47, "`ttl` must be from 1s to 1d"},
	{"hosts: [{name: nas.lan, ip: 192.168.1.5, ttl: 10ms}]\n", 1, 47, "from 1s to 1d"},
	{"hosts-file: /nowhere/hosts\n", 1, 13, "`/nowhere/hosts` of `hosts-file` can not be read"},
	{"hosts-file: /\n", 1, 13, "is a directory, but a file is wanted"},
	{"forward: {lan: 192.168.1.1}\n", 1, 10, "`forward` must be a list"},
	{"forward: [{zones: lan}]\n", 1, 11, "a forward zone needs the key `upstreams`"},
	{"forward: [{upstreams: 192.0.2.1}]\n", 1, 11, "a forward zone needs the key `zones`"},
	{"forward: [{zone: lan, zones: lan, upstreams: 192.0.2.1}]\n", 1, 12,
     "unknown key `zone`|did you mean `zones`?"},
	{ZONE("[]"), 1, 19, "`zones` is an empty list"},
	{ZONE("."), 1, 19, "`.` of `zones` is everything|`upstreams`"},
	{ZONE("'*.lan'"), 1, 19, "a zone covers itself and everything below it; write `lan`"},
	{ZONE("[lan, LAN]"), 1, 25, "the zone `LAN` is given twice"},
	{"forward:\n  - {zones: lan, upstreams: 192.0.2.1}\n  - {zones: lan, upstreams: 192.0.2.2}\n",
     3, 13, "the zone `lan` is given twice"},
	{"forward: [{zones: lan, upstreams: router.lan}]\n", 1, 35, "bad address `router.lan`"},
	{"forward: [{zones: lan, upstreams: 0.0.0.0}]\n", 1, 35, "not the address of a server"},
	{"escape-hatches: maybe\n", 1, 17, "must be `on`, `off`, or a mapping"},
	{"escape-hatches: [mask.icloud.com]\n", 1, 17, "must be a mapping|a list was found"},
	{"escape-hatches: {mask.icloud.org: off}\n", 1, 18,
     "unknown key `mask.icloud.org`|did you mean `mask.icloud.com`?"},
	{"escape-hatches: {mask.icloud.com: open}\n", 1, 35, "`mask.icloud.com` must be `on` or `off`"},
	{"rebinding: strict\n", 1, 12, "must be `on`, `off`, or a mapping with `allow`"},
	{"rebinding: {allowed: a.example}\n", 1, 13, "unknown key `allowed`|`allow`"},
	{"rebinding: {allow: '/plex/'}\n", 1, 20, "no regular expressions"},
	{"rebinding: {allow: 'a..b'}\n", 1, 20, "`a..b` is no domain name"},
};

static void each_mistake_is_told(void **state)
{
	(void)state;
	check_mistakes(mistakes, PF_COUNT(mistakes));
}

static void assert_name(const struct dns_name *name, const char *text)
{
	char shown_text[NAME_TEXT_MAX];
	(void)dns_name_to_text(name, shown_text);
	assert_string_equal(shown_text, text);
}

static void everything_is_shut_by_default(void **state)
{
	(void)state;
	struct parsed parsed = parse_clean("{}");
	const struct config *config = parsed.config;
	for (size_t i = 0; i < CONFIG_HATCH_COUNT; i++)
		assert_false(config->hatches_open[i]);
	assert_false(config->rebinding_open);
	assert_null(config->hosts_file);
	assert_int_equal(config->host_count + config->forward_count + config->rebinding_allow_count, 0);
	parsed_deinit(&parsed);
}

static void switches_switch(void **state)
{
	(void)state;
	struct parsed parsed =
		parse_clean("escape-hatches: {mask-h2.icloud.com: off, resolver.arpa: on}\n"
	                "rebinding: {allow: [a.example, '*.b.example']}\n");
	const struct config *config = parsed.config;
	assert_true(config->hatches_open[HATCH_MASK_H2]);
	assert_false(config->hatches_open[HATCH_MASK] || config->hatches_open[HATCH_CANARY] ||
	             config->hatches_open[HATCH_DDR]);
	assert_int_equal(config->rebinding_allow_count, 2);
	assert_int_equal(config->rebinding_allow[0].kind, PATTERN_EXACT);
	assert_int_equal(config->rebinding_allow[1].kind, PATTERN_BELOW);
	assert_name(&config->rebinding_allow[1].name, "b.example");
	parsed_deinit(&parsed);
	parsed = parse_clean("escape-hatches: off\nrebinding: No\n");
	assert_true(parsed.config->hatches_open[HATCH_CANARY] &&
	            parsed.config->hatches_open[HATCH_DDR] && parsed.config->rebinding_open);
	parsed_deinit(&parsed);
	parsed = parse_clean("escape-hatches: on\nrebinding: on\n");
	assert_false(parsed.config->hatches_open[HATCH_CANARY] || parsed.config->rebinding_open);
	parsed_deinit(&parsed);
}

static void hosts_and_zones_arrive(void **state)
{
	(void)state;
	struct parsed parsed = parse_clean(
		"hosts:\n"
		"  - {name: Küche.lan, ip: [192.168.1.5, 'fd00::5'], ttl: 5m}\n"
		"  - {name: www.lan, cname: nas.lan}\n"
		"  - {name: 9.1.168.192.in-addr.arpa, ptr: tv.lan}\n"
		"hosts-file: tv.txt\n"
		"forward:\n"
		"  - {zones: [lan, 168.192.in-addr.arpa], upstreams: [192.168.1.1, '[fd00::1]:5353']}\n"
		"  - {zones: corp.example, upstreams: 10.0.0.53}\n");
	const struct config *config = parsed.config;
	assert_int_equal(config->host_count, 3);
	assert_name(&config->hosts[0].name, "xn--kche-0ra.lan");
	assert_int_equal(config->hosts[0].address_count, 2);
	assert_int_equal(config->hosts[0].ttl_s, 300);
	assert_int_equal(config->hosts[0].pos.line, 2);
	assert_true(config->hosts[1].has_cname && !config->hosts[1].has_ptr);
	assert_name(&config->hosts[1].target, "nas.lan");
	assert_int_equal(config->hosts[1].ttl_s, CONFIG_HOST_TTL_DEFAULT_S);
	assert_true(config->hosts[2].has_ptr && !config->hosts[2].has_cname);
	assert_string_equal(config->hosts_file, DATA "/tv.txt");
	assert_int_equal(config->forward_count, 2);
	assert_int_equal(config->forwards[0].zone_count, 2);
	assert_name(&config->forwards[0].zones[1], "168.192.in-addr.arpa");
	assert_int_equal(config->forwards[0].upstream_count, 2);
	assert_int_equal(config->forwards[0].upstreams[1].address.port, 5353);
	assert_int_equal(config->forwards[1].upstream_count, 1);
	parsed_deinit(&parsed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_mistake_is_told),
		cmocka_unit_test(everything_is_shut_by_default),
		cmocka_unit_test(switches_switch),
		cmocka_unit_test(hosts_and_zones_arrive),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
