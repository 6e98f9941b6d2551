/* What stands when nothing is written, and what the machine adds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"

static const struct config_system bare = {DATA "/resolv.conf", DATA "/no-such-folder"};

static struct parsed parse_with(const char *resolv_conf, const char *text)
{
	const struct config_system system = {resolv_conf, DATA "/geoip"};
	return parse_bytes(&system, text, strlen(text));
}

static void assert_upstream(const struct config *config, size_t index, const char *text)
{
	char shown_text[ADDR_PORT_TEXT_MAX];
	addr_port_format(&config->upstreams[index].address, shown_text);
	assert_string_equal(shown_text, text);
}

static void test_nothing_written(void **state)
{
	(void)state;
	struct parsed parsed = parse_clean("{}");
	const struct config *config = parsed.config;
	char text[ADDR_PORT_TEXT_MAX];
	assert_string_equal(config->file, TEST_FILE);
	assert_null(config->user);
	assert_int_equal(config->listen_count, 2);
	addr_port_format(&config->listen[0].address, text);
	assert_string_equal(text, "127.0.0.1:53");
	addr_port_format(&config->listen[1].address, text);
	assert_string_equal(text, "[::1]:53");
	assert_string_equal(config->control_socket, "/run/portafilter/control.sock");
	assert_int_equal(config->allow_count, 8);
	assert_int_equal(config->workers, 0);
	assert_int_equal(config->cache.bytes, 64 << 20);
	assert_int_equal(config->home_count, 0);
	assert_int_equal(config->tags.count, TAG_BUILTIN_COUNT);
	assert_int_equal(config->device_count, 0);
	assert_int_equal(config->list_count, 0);
	assert_int_equal(config->rule_count, 0);
	assert_true(config->journal_enabled);
	assert_string_equal(config->journal_path, "/var/lib/portafilter/journal.db");
	assert_non_null(strstr(config->recognise_path, "/portafilter/evidence.tsv"));
	assert_int_equal(config->journal_keep_us, 30LL * 86400 * 1000000);
	parsed_deinit(&parsed);
}

static void test_resolv_conf(void **state)
{
	(void)state;
	struct parsed parsed = parse_clean("{}");
	assert_int_equal(parsed.config->upstream_count, 2);
	assert_upstream(parsed.config, 0, "192.0.2.53:53");
	assert_upstream(parsed.config, 1, "[2001:db8::53]:53");
	parsed_deinit(&parsed);
	parsed = parse_with(DATA "/resolv-zone.conf", "{}");
	assert_int_equal(parsed.error, PF_OK);
	assert_finding(&parsed, DIAG_WARNING, 0, 0, "`fe80::1%eth0`|without a zone");
	assert_int_equal(parsed.config->upstream_count, 1);
	assert_upstream(parsed.config, 0, "192.0.2.54:53");
	parsed_deinit(&parsed);
	parsed = parse_with(DATA "/resolv-none.conf", "{}");
	assert_finding(&parsed, DIAG_ERROR, 0, 0,
	               "resolv-none.conf|names no name server|upstreams: [9.9.9.9]");
	parsed_deinit(&parsed);
	parsed = parse_with(DATA "/no-such.conf", "{}");
	assert_finding(&parsed, DIAG_ERROR, 0, 0,
	               "no-such.conf can not be read|No such file|upstreams:");
	parsed_deinit(&parsed);
}

/* A machine that resolves through portafilter itself must not become its own upstream. */
static void test_resolv_conf_is_ourselves(void **state)
{
	(void)state;
	static const char *const own[] = {"{}", "listen: {dns: [0.0.0.0, '::1']}",
	                                  "listen: {dns: '::'}"};
	for (size_t i = 0; i < PF_COUNT(own); i++) {
		struct parsed parsed = parse_with(DATA "/resolv-own.conf", own[i]);
		assert_int_equal(parsed.diag.count, 1);
		assert_finding(&parsed, DIAG_ERROR, 0, 0, "this daemon itself listens|upstreams:");
		parsed_deinit(&parsed);
	}
	struct parsed parsed = parse_with(DATA "/resolv-own.conf", "listen: {dns: 127.0.0.1:5353}");
	assert_int_equal(parsed.error, PF_OK);
	assert_int_equal(parsed.config->upstream_count, 2);
	parsed_deinit(&parsed);
	parsed = parse_with(DATA "/resolv-own.conf", "upstreams: 9.9.9.9");
	assert_int_equal(parsed.error, PF_OK);
	parsed_deinit(&parsed);
}

static void test_databases(void **state)
{
	(void)state;
	struct parsed parsed = parse_clean("{}");
	const struct config_geo *geo = &parsed.config->geo;
	assert_true(geo->defaulted);
	assert_int_equal(geo->location_count, 2);
	assert_string_equal(geo->location[0].path, DATA "/geoip/dbip-country.mmdb");
	assert_string_equal(geo->location[1].path, DATA "/geoip/geo-whois-asn-country.mmdb");
	assert_int_equal(geo->control_count, 2);
	assert_string_equal(geo->control[0].path, DATA "/geoip/asn-ipv4.csv");
	assert_string_equal(geo->control[1].path, DATA "/geoip/asn-ipv6.csv");
	assert_int_equal(geo->anycast_count, 1);
	assert_true(geo->anycast_published);
	assert_string_equal(geo->anycast[0].path, DATA "/geoip/anycast-prefixes.txt");
	assert_int_equal(geo->max_age_us, 365LL * 86400 * 1000000);
	parsed_deinit(&parsed);
	parsed = parse_bytes(&bare, "{}", 2);
	assert_int_equal(parsed.error, PF_OK);
	assert_true(parsed.config->geo.defaulted);
	assert_int_equal(parsed.config->geo.location_count + parsed.config->geo.control_count, 0);
	parsed_deinit(&parsed);
	/* `geo` given is exactly what it says. */
	parsed = parse("geo: {max-age: 30d}\n");
	assert_int_equal(parsed.error, PF_OK);
	assert_finding(&parsed, DIAG_WARNING, 1, 6, "`geo` names no `location` database");
	assert_false(parsed.config->geo.defaulted);
	assert_int_equal(parsed.config->geo.location_count + parsed.config->geo.anycast_count, 0);
	assert_int_equal(parsed.config->geo.max_age_us, 30LL * 86400 * 1000000);
	parsed_deinit(&parsed);
}

/* Relative paths begin in the folder of the file, wherever the daemon stands. */
static void test_relative(void **state)
{
	(void)state;
	struct diag diag;
	struct config *config;
	static const char text[] = "upstreams: 9.9.9.9\njournal: {path: j.db}\n";
	static const struct {
		const char *file, *path;
	} cases[] = {
		{"/etc/p/portafilter.yaml", "/etc/p/j.db"},
		{"/portafilter.yaml", "/j.db"},
		{"conf/portafilter.yaml", "HERE/conf/j.db"},
		{"portafilter.yaml", "HERE/j.db"},
	};
	for (size_t i = 0; i < PF_COUNT(cases); i++) {
		char wanted[5000], here[4096];
		bool relative = cases[i].file[0] != '/';
		assert_non_null(getcwd(here, sizeof here));
		snprintf(wanted, sizeof wanted, "%s%s", relative ? here : "",
		         cases[i].path + (relative ? strlen("HERE") : 0));
		diag_init(&diag);
		assert_int_equal(config_parse(cases[i].file, text, sizeof text - 1, &diag, &config), PF_OK);
		assert_string_equal(config->journal_path, wanted);
		assert_string_equal(config->file, cases[i].file);
		config_free(&config);
		diag_deinit(&diag);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_written),
		cmocka_unit_test(test_resolv_conf),
		cmocka_unit_test(test_resolv_conf_is_ourselves),
		cmocka_unit_test(test_databases),
		cmocka_unit_test(test_relative),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
