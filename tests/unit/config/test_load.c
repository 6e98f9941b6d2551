/* What is right arrives in the structs: the example of the design, then section by section. */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "config/countries.h"
#include "fixture.h"

#ifdef HAVE_NGTCP2
#define HAS_QUIC true
#else
#define HAS_QUIC false
#endif
#define DAY_US (86400LL * 1000000)

static void assert_addr_port(const struct addr_port *one, const char *text)
{
	char shown_text[ADDR_PORT_TEXT_MAX];
	addr_port_format(one, shown_text);
	assert_string_equal(shown_text, text);
}

static void assert_prefix(const struct prefix *one, const char *text)
{
	char shown_text[PREFIX_TEXT_MAX];
	prefix_format(one, shown_text);
	assert_string_equal(shown_text, text);
}

static void assert_name(const struct dns_name *name, const char *text)
{
	char shown_text[NAME_TEXT_MAX];
	(void)dns_name_to_text(name, shown_text);
	assert_string_equal(shown_text, text);
}

static void assert_pos(struct config_pos pos, unsigned line, unsigned column)
{
	assert_int_equal(pos.line, line);
	assert_int_equal(pos.column, column);
}

static tag_set tag_of(const struct config *config, const char *name)
{
	int tag = tag_find(&config->tags, name);
	assert_true(tag >= 0);
	return tag_bit((size_t)tag);
}

static void check_example_network(const struct config *config)
{
	assert_string_equal(config->file, DATA "/example.yaml");
	assert_string_equal(config->user, "portafilter");
	assert_pos(config->user_pos, 2, 7);
	assert_int_equal(config->listen_count, 5);
	assert_addr_port(&config->listen[0].address, "0.0.0.0:53");
	assert_addr_port(&config->listen[1].address, "[::]:53");
	assert_string_equal(config->control_socket, "/run/portafilter/control.sock");
	assert_int_equal(config->allow_count, 8);
	assert_int_equal(config->workers, 2);
	assert_int_equal(config->upstream_count, 2);
	assert_addr_port(&config->upstreams[0].address, "9.9.9.9:53");
	assert_addr_port(&config->upstreams[1].address, "149.112.112.112:53");
	assert_int_equal(config->cache.bytes, 64 << 20);
	assert_int_equal(config->home_count, 1);
	assert_string_equal(config->home[0].code, "US");
	const struct config_geo *geo = &config->geo;
	assert_false(geo->defaulted);
	assert_int_equal(geo->location_count, 2);
	assert_string_equal(geo->location[0].path, DATA "/geoip/dbip-country.mmdb");
	assert_pos(geo->location[0].pos, 16, 14);
	assert_string_equal(geo->location[1].path, DATA "/geoip/geo-whois-asn-country.mmdb");
	assert_int_equal(geo->control_count, 2);
	assert_string_equal(geo->control[1].path, DATA "/geoip/asn-ipv6.csv");
	assert_int_equal(geo->anycast_count, 1);
	assert_false(geo->anycast_published); /* `anycast` is exactly what it says */
	assert_string_equal(geo->anycast[0].path, DATA "/geoip/anycast-prefixes.txt");
	assert_int_equal(geo->max_age_us, 365 * DAY_US);
	assert_true(config->journal_enabled);
	assert_string_equal(config->journal_path, "/var/lib/portafilter/journal.db");
	assert_int_equal(config->journal_keep_us, 30 * DAY_US);
}

static void check_example_devices(const struct config *config)
{
	assert_int_equal(config->tags.count, TAG_BUILTIN_COUNT + 2);
	assert_int_equal(config->device_count, 2);
	const struct config_device *coffee = &config->devices[0], *cameras = &config->devices[1];
	assert_string_equal(coffee->name, "lobby coffee");
	assert_pos(coffee->pos, 21, 5);
	assert_true(coffee->has_mac);
	char mac[MAC_TEXT_MAX];
	mac_format(&coffee->mac, mac);
	assert_string_equal(mac, "64:bc:0c:80:7e:1f");
	assert_int_equal(coffee->prefix_count, 0);
	assert_int_equal(coffee->tags, tag_bit(TAG_ALL) | tag_of(config, "coffee"));
	assert_string_equal(cameras->name, "camera net");
	assert_false(cameras->has_mac);
	assert_int_equal(cameras->prefix_count, 1);
	assert_prefix(&cameras->prefixes[0], "192.168.40.0/24");
	assert_int_equal(cameras->tags, tag_bit(TAG_ALL) | tag_of(config, "camera"));
	assert_int_equal(config->list_count, 2);
	assert_string_equal(config->lists[0].name, "tv");
	assert_string_equal(config->lists[0].file, DATA "/tv.txt");
	assert_int_equal(config->lists[0].format, LIST_FORMAT_AUTO);
	assert_pos(config->lists[1].pos, 29, 5);
	assert_string_equal(config->lists[1].name, "native-xiaomi");
}

static void check_example_rules(const struct config *config)
{
	assert_int_equal(config->rule_count, 5);
	const struct config_rule *rule = config->rules;
	assert_string_equal(rule->name, "firmware updates");
	assert_pos(rule->pos, 31, 5);
	assert_int_equal(rule->tags, tag_of(config, "coffee"));
	assert_int_equal(rule->name_count, 1);
	assert_int_equal(rule->names[0].kind, PATTERN_BELOW);
	assert_name(&rule->names[0].name, "update.example.com");
	assert_string_equal(rule->names[0].text, "*.update.example.com");
	assert_pos(rule->names[0].pos, 31, 54);
	assert_int_equal(rule->action, ACTION_ALLOW);
	assert_false(rule->lists_given);
	assert_int_equal(rule->standing, STANDING_NONE);
	assert_int_equal(rule->confidence, CONFIDENCE_NONE);
	rule++;
	assert_int_equal(rule->tags, tag_of(config, "coffee") | tag_of(config, "camera"));
	assert_true(rule->lists_given);
	assert_true(list_set_has(&rule->lists, 0) && list_set_has(&rule->lists, 1));
	assert_int_equal(rule->action, ACTION_SINKHOLE);
	assert_int_equal(rule->reply.kind, REPLY_LIST);
	rule++;
	assert_int_equal(rule->standing, STANDING_OVERSEAS);
	assert_int_equal(rule->confidence, CONFIDENCE_HIGH);
	assert_int_equal(rule->reply.kind, REPLY_NXDOMAIN);
	rule++;
	assert_int_equal(rule->standing, STANDING_OVERSEAS);
	assert_int_equal(rule->confidence, CONFIDENCE_LOW);
	assert_int_equal(rule->action, ACTION_FLAG);
	rule++;
	assert_int_equal(rule->tags, tag_bit(TAG_ALL));
	assert_int_equal(rule->asn_count, 2);
	assert_int_equal(rule->asns[0], 37963);
	assert_int_equal(rule->asns[1], 45090);
}

static void test_example(void **state)
{
	(void)state;
	struct diag diag;
	struct config *config;
	diag_init(&diag);
	if (!HAS_QUIC) { /* and nothing else is missing */
		assert_int_equal(config_load(DATA "/example.yaml", &diag, &config), PF_EINVAL);
		assert_int_equal(diag.count, 1);
		assert_non_null(strstr(diag.entries[0].text, "`listen.quic` is not in this build"));
		diag_deinit(&diag);
		return;
	}
	assert_int_equal(config_load(DATA "/example.yaml", &diag, &config), PF_OK);
	check_example_network(config);
	assert_int_equal(config->web.count, 1);
	assert_int_equal(config->web.addresses[0].port, 8053);
	assert_int_equal(config->web.pos.line, 5);
	check_example_devices(config);
	check_example_rules(config);
	assert_int_equal(diag.count, 0);
	config_free(&config);
	assert_null(config);
	diag_deinit(&diag);
}

/* One scalar stands for a list of one. */
static void test_scalars(void **state)
{
	(void)state;
	struct parsed parsed = parse_clean(
		"listen: {dns: '127.0.0.1:5353'}\nupstreams: 127.0.0.1:5300\nhome: us\n"
		"allow-from: 10.0.0.0/8\ngeo: {location: tv.txt, control: tv.txt}\n"
		"devices: [{name: d, ip: 10.0.0.1, tags: coffee}]\n"
		"lists: [{name: tv, file: ./tv.txt, format: hosts}]\n"
		"rules: [{name: r, tags: coffee, names: A.Example, lists: tv, types: https,\n"
		"  location: cn, control: EU, asn: AS37963, addresses: '2a00:1::/32', cname: '/x.*y/',\n"
		"  action: sinkhole, reply: 192.0.2.1}]\n");
	const struct config *config = parsed.config;
	assert_addr_port(&config->listen[0].address, "127.0.0.1:5353");
	assert_int_equal(config->listen_count, 1);
	assert_addr_port(&config->upstreams[0].address, "127.0.0.1:5300");
	assert_string_equal(config->home[0].code, "US");
	assert_int_equal(config->allow_count, 1);
	assert_prefix(&config->allow[0], "10.0.0.0/8");
	assert_string_equal(config->lists[0].file, DATA "/tv.txt");
	assert_int_equal(config->lists[0].format, LIST_FORMAT_HOSTS);
	assert_prefix(&config->devices[0].prefixes[0], "10.0.0.1/32");
	const struct config_rule *rule = config->rules;
	assert_int_equal(rule->names[0].kind, PATTERN_EXACT);
	assert_name(&rule->names[0].name, "a.example");
	assert_int_equal(rule->type_count, 1);
	assert_int_equal(rule->types[0], 65);
	assert_int_equal(rule->location.count, 1);
	assert_false(rule->location.negated);
	assert_string_equal(rule->location.codes[0].code, "CN");
	assert_int_equal(rule->control.count, 27);
	assert_int_equal(rule->asns[0], 37963);
	assert_prefix(&rule->addresses[0], "2a00:1::/32");
	assert_int_equal(rule->cnames[0].kind, PATTERN_REGEX);
	assert_string_equal(rule->cnames[0].regex, "x.*y");
	assert_string_equal(rule->cnames[0].text, "/x.*y/");
	assert_int_equal(rule->reply.kind, REPLY_ADDRESSES);
	assert_int_equal(rule->reply.address_count, 1);
	parsed_deinit(&parsed);
}

static void test_addresses(void **state)
{
	(void)state;
	struct parsed parsed = parse_clean(
		"listen: {dns: [127.0.0.1, '::1', '[2001:db8::1]:5353', 192.0.2.1@54], control: run/c.sock}\n"
		"upstreams: ['127.0.0.1:5300', 127.0.0.1@5301, '[::1]:53', 2001:db8::53]\n"
		"allow-from: [private, 203.0.113.0/24, all]\nworkers: 64\ncache: {size: 1g}\n"
		"devices: [{name: d, mac: 64-BC-0C-80-7E-1F, ip: [10.0.0.1, '2001:db8::/64']}]\n");
	const struct config *config = parsed.config;
	static const char *const listen[] = {"127.0.0.1:53", "[::1]:53", "[2001:db8::1]:5353",
	                                     "192.0.2.1:54"};
	static const char *const upstreams[] = {"127.0.0.1:5300", "127.0.0.1:5301", "[::1]:53",
	                                        "[2001:db8::53]:53"};
	static const char *const allow[] = {"10.0.0.0/8",     "172.16.0.0/12", "192.168.0.0/16",
	                                    "169.254.0.0/16", "127.0.0.0/8",   "fc00::/7",
	                                    "fe80::/10",      "::1/128",       "203.0.113.0/24",
	                                    "0.0.0.0/0",      "::/0"};
	assert_int_equal(config->listen_count, 4);
	assert_int_equal(config->upstream_count, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_addr_port(&config->listen[i].address, listen[i]);
		assert_addr_port(&config->upstreams[i].address, upstreams[i]);
	}
	assert_int_equal(config->allow_count, PF_COUNT(allow));
	for (size_t i = 0; i < PF_COUNT(allow); i++)
		assert_prefix(&config->allow[i], allow[i]);
	assert_string_equal(config->control_socket, DATA "/run/c.sock");
	assert_int_equal(config->workers, 64);
	assert_int_equal(config->cache.bytes, 1 << 30);
	assert_true(config->devices[0].has_mac);
	assert_int_equal(config->devices[0].prefix_count, 2);
	parsed_deinit(&parsed);
}

static size_t home_count(const char *text)
{
	char whole[200] = "home: ";
	struct parsed parsed = parse_clean(strcat(whole, text));
	size_t count = parsed.config->home_count;
	parsed_deinit(&parsed);
	return count;
}

static void an_upstream_is_told_a_subnet_or_none(void **state)
{
	(void)state;
	static const char *const wanted[] = {"off", "off", "hide", "8.8.8.0/24", "2a00:0:0:100::/56"};
	struct parsed parsed = parse_clean(
		"upstreams: [192.0.2.1, {server: 192.0.2.2, client-subnet: off}, {server: 192.0.2.3, "
		"client-subnet: hide}, {server: 192.0.2.4, client-subnet: 8.8.8.0/24}, {server: "
		"\"tls://192.0.2.5\", pin-sha256: \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\", "
		"client-subnet: \"2a00:0:0:100::/56\"}]\n");
	const struct config *config = parsed.config;
	assert_int_equal(config->upstream_count, PF_COUNT(wanted));
	for (size_t i = 0; i < PF_COUNT(wanted); i++) {
		const struct upstream_target *one = &config->upstreams[i];
		struct upstream_target other = *one;
		char text[PREFIX_TEXT_MAX], told[UPSTREAM_TEXT_MAX];
		upstream_subnet_format(&one->subnet, text);
		assert_string_equal(text, wanted[i]);
		upstream_target_tell(one, told);
		assert_int_equal(upstream_text_has_subnet(told), i > 2);
		assert_true(i < 3 || strstr(told, wanted[i]));
		/* another subnet, another server */
		other.subnet = (struct prefix){.addr = {4, {9}}, .length = 8};
		upstream_target_seal(&other);
		assert_true(other.key != one->key);
	}
	parsed_deinit(&parsed);
}

static void test_blocs_are_dated(void **state)
{
	(void)state;
	for (size_t i = 0; i < blocs_count(); i++) {
		struct bloc bloc;
		struct country found[BLOC_MEMBERS_MAX];
		bool renamed;
		bloc_get(i, &bloc);
		assert_int_equal(strlen(bloc.date), 10);
		assert_true(!strncmp(bloc.source, "https://", 8) && *bloc.title);
		assert_true(bloc.count >= 4);
		for (size_t k = 0; k < bloc.count; k++) {
			assert_int_equal(countries_find(bloc.members[k].code, found, &renamed), 1);
			assert_false(renamed);
		}
	}
}

/* Homes by tag: `all` is everybody's who has no other, and blocs work here too. */
static void test_homes_by_tag(void **state)
{
	(void)state;
	struct parsed parsed =
		parse_clean("home: {coffee: EFTA, all: [US], camera: []}\n"
	                "devices:\n  - {name: a, ip: 192.0.2.1, tags: [coffee, camera]}\n");
	const struct config *config = parsed.config;
	assert_int_equal(config->home_count, 1);
	assert_string_equal(config->home[0].code, "US");
	assert_int_equal(config->tag_home_count, 2);
	assert_int_equal(config->tag_homes[0].tag, tag_find(&config->tags, "coffee"));
	assert_int_equal(config->tag_homes[0].count, 4);
	assert_int_equal(config->tag_homes[1].count, 0);
	parsed_deinit(&parsed);
}

static void test_countries(void **state)
{
	(void)state;
	assert_int_equal(home_count("[]"), 0);
	assert_int_equal(home_count("EU"), 27);
	assert_int_equal(home_count("EEA"), 30);
	assert_int_equal(home_count("EFTA"), 4);
	assert_int_equal(home_count("fvey"), 5);
	assert_int_equal(home_count("[EFTA, EEA, eu, DE, CH, XK]"), 32);
	/* YAML 1.1 would read Norway as `false`. */
	struct parsed parsed = parse_clean("home: [NO]\n");
	assert_string_equal(parsed.config->home[0].code, "NO");
	parsed_deinit(&parsed);
	parsed = parse("home: [UK, GB]\n");
	assert_int_equal(parsed.error, PF_OK);
	assert_finding(&parsed, DIAG_WARNING, 1, 8, "`UK` is taken as `GB`");
	assert_int_equal(parsed.config->home_count, 1);
	assert_string_equal(parsed.config->home[0].code, "GB");
	parsed_deinit(&parsed);
	parsed = parse_clean("rules: [{name: r, action: flag, location: ['!US', '!efta']}]\n");
	assert_true(parsed.config->rules[0].location.given && parsed.config->rules[0].location.negated);
	assert_int_equal(parsed.config->rules[0].location.count, 5);
	assert_false(parsed.config->rules[0].control.given);
	parsed_deinit(&parsed);
}

static void test_patterns(void **state)
{
	(void)state;
	struct parsed parsed = parse_clean(
		"rules: [{name: r, action: flag, names: [bücher.example, '*.Straße.example', "
		"'*.москва.рф', _dns.example., '/^a\\/b$/', '*.cn', xn--bcher-kva.example]}]\n");
	const struct config_rule *rule = parsed.config->rules;
	assert_int_equal(rule->name_count, 7);
	assert_name(&rule->names[0].name, "xn--bcher-kva.example");
	assert_string_equal(rule->names[0].text, "bücher.example");
	assert_name(&rule->names[1].name, "xn--strae-oqa.example");
	assert_int_equal(rule->names[1].kind, PATTERN_BELOW);
	assert_name(&rule->names[2].name, "xn--80adxhks.xn--p1ai");
	assert_name(&rule->names[3].name, "_dns.example");
	assert_string_equal(rule->names[4].regex, "^a\\/b$");
	assert_name(&rule->names[5].name, "cn");
	assert_name(&rule->names[6].name, "xn--bcher-kva.example");
	parsed_deinit(&parsed);
}

static void test_replies(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum reply_kind kind;
	} replies[] = {
		{"null", REPLY_NULL},       {"nxdomain", REPLY_NXDOMAIN},
		{"nodata", REPLY_NODATA},   {"refused", REPLY_REFUSED},
		{"drop", REPLY_DROP},       {"[192.0.2.1, '::1']", REPLY_ADDRESSES},
		{"'::1'", REPLY_ADDRESSES},
	};
	for (size_t i = 0; i < PF_COUNT(replies); i++) {
		char text[200];
		snprintf(text, sizeof text, "rules: [{name: r, action: sinkhole, reply: %s}]\n",
		         replies[i].text);
		struct parsed parsed = parse_clean(text);
		assert_int_equal(parsed.config->rules[0].reply.kind, replies[i].kind);
		parsed_deinit(&parsed);
	}
}

/* A sinkhole on standing needs the highest confidence unless its author says otherwise. */
static void test_confidence(void **state)
{
	(void)state;
	struct parsed parsed =
		parse_clean("home: US\nrules:\n"
	                "  - {name: a, standing: overseas, action: sinkhole}\n"
	                "  - {name: b, standing: overseas, action: sinkhole, confidence: medium}\n"
	                "  - {name: c, standing: home, action: allow}\n"
	                "  - {name: d, standing: disputed, action: flag}\n"
	                "  - {name: e, standing: unknown, action: sinkhole, confidence: low}\n"
	                "  - {name: f, standing: indeterminate, action: flag, confidence: low}\n"
	                "  - {name: g, action: sinkhole}\n");
	static const enum confidence wanted[] = {CONFIDENCE_HIGH, CONFIDENCE_MEDIUM, CONFIDENCE_LOW,
	                                         CONFIDENCE_LOW,  CONFIDENCE_LOW,    CONFIDENCE_LOW,
	                                         CONFIDENCE_NONE};
	for (size_t i = 0; i < PF_COUNT(wanted); i++)
		assert_int_equal(parsed.config->rules[i].confidence, wanted[i]);
	assert_int_equal(parsed.config->rules[3].standing, STANDING_DISPUTED);
	assert_int_equal(parsed.config->rules[4].standing, STANDING_UNKNOWN);
	assert_int_equal(parsed.config->rules[5].standing, STANDING_INDETERMINATE);
	parsed_deinit(&parsed);
}

static void test_journal(void **state)
{
	(void)state;
	static const char *const off[] = {"off", "Off", "no", "false", "'off'"};
	for (size_t i = 0; i < PF_COUNT(off); i++) {
		char text[64];
		snprintf(text, sizeof text, "journal: %s\n", off[i]);
		struct parsed parsed = parse_clean(text);
		assert_false(parsed.config->journal_enabled);
		parsed_deinit(&parsed);
	}
	struct parsed parsed = parse_clean("journal: on\n");
	assert_true(parsed.config->journal_enabled);
	parsed_deinit(&parsed);
	parsed = parse_clean("journal: {path: j/journal.db, keep: 2w}\n");
	assert_string_equal(parsed.config->journal_path, DATA "/j/journal.db");
	assert_int_equal(parsed.config->journal_keep_us, 14 * DAY_US);
	parsed_deinit(&parsed);
	parsed = parse_clean("recognise: off\n");
	assert_null(parsed.config->recognise_path);
	parsed_deinit(&parsed);
	parsed = parse_clean("recognise: names.tsv\n");
	assert_string_equal(parsed.config->recognise_path, DATA "/names.tsv");
	parsed_deinit(&parsed);
}

/* The example that is shipped: as it is, and with every setting that it shows. */
static void test_shipped_example(void **state)
{
	(void)state;
	static char all[16384], line[512];
	size_t length = 0, settings = 0;
	FILE *file = fopen(TESTS_DIR "/../contrib/portafilter.yaml.example", "r");
	assert_non_null(file);
	while (fgets(line, sizeof line, file)) {
		bool setting = line[0] == '#' && line[1] != ' ' && line[1] != '\n';
		/* Two blanks behind the # are the inside of a setting. */
		setting |= !strncmp(line, "#  ", 3) && strncmp(line, "#     ", 6);
		length += (size_t)snprintf(all + length, sizeof all - length, "%s", line + setting);
		assert_true(length < sizeof all);
		settings += setting;
	}
	fclose(file);
	assert_true(settings > 30);
	struct parsed parsed = parse_bytes(&test_system, all, length);
	/* The databases and lists of its paths need not be on the machine of this test. */
	for (size_t i = 0; i < parsed.diag.count; i++)
		assert_non_null(strstr(parsed.diag.entries[i].text, "No such file"));
	assert_int_equal(parsed.diag.errors, parsed.diag.count);
	parsed_deinit(&parsed);
	struct diag diag;
	struct config *config;
	diag_init(&diag);
	int error = config_load(TESTS_DIR "/../contrib/portafilter.yaml.example", &diag, &config);
	assert_true(error == PF_OK || strstr(diag.entries[0].text, "resolv.conf"));
	config_free(&config);
	diag_deinit(&diag);
}

/* The largest numbers that the header promises. */
static void test_bounds(void **state)
{
	(void)state;
	size_t size = 16u << 20, length = 0;
	char *text = test_malloc(size);
	length += (size_t)snprintf(text, size, "devices:\n");
	for (size_t i = 0; i < CONFIG_DEVICES_MAX; i++)
		length +=
			(size_t)snprintf(text + length, size - length,
		                     "- {name: d%zu, mac: 02:00:00:%02zx:%02zx:%02zx, ip: 10.%zu.%zu.%zu, "
		                     "tags: [t%zu, all]}\n",
		                     i, i >> 16, i >> 8 & 255, i & 255, i >> 16, i >> 8 & 255, i & 255,
		                     i % (TAG_MAX - TAG_BUILTIN_COUNT));
	struct parsed parsed = parse_bytes(&test_system, text, length);
	assert_int_equal(parsed.error, PF_OK);
	assert_int_equal(parsed.config->device_count, CONFIG_DEVICES_MAX);
	assert_int_equal(parsed.config->tags.count, TAG_MAX);
	parsed_deinit(&parsed);
	length += (size_t)snprintf(text + length, size - length, "- {name: more, ip: 192.0.2.1}\n");
	parsed = parse_bytes(&test_system, text, length);
	assert_finding(&parsed, DIAG_ERROR, 2, 1, "`devices` has 65537 items|at most 65536");
	parsed_deinit(&parsed);
	length = (size_t)snprintf(text, size, "devices:\n");
	for (size_t i = 0; i < 62; i++)
		length += (size_t)snprintf(text + length, size - length,
		                           "- {name: d%zu, ip: 192.0.2.%zu, tags: t%zu}\n", i, i, i);
	parsed = parse_bytes(&test_system, text, length);
	assert_int_equal(parsed.diag.count, 1);
	assert_finding(&parsed, DIAG_ERROR, 63, 37, "`t61` is one tag too many|61 different");
	parsed_deinit(&parsed);
	test_free(text);
}

/* A byte order mark and Windows' line ends are no mistakes. */
static void test_editors(void **state)
{
	(void)state;
	struct parsed parsed = parse_clean("\xef\xbb\xbfhome: US\r\nworkers: 3\r\n");
	assert_int_equal(parsed.config->workers, 3);
	assert_int_equal(parsed.config->home_count, 1);
	parsed_deinit(&parsed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_example),
		cmocka_unit_test(test_scalars),
		cmocka_unit_test(an_upstream_is_told_a_subnet_or_none),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_countries),
		cmocka_unit_test(test_blocs_are_dated),
		cmocka_unit_test(test_homes_by_tag),
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_confidence),
		cmocka_unit_test(test_journal),
		cmocka_unit_test(test_shipped_example),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_editors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
