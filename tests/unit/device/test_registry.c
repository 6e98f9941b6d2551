/* Unit tests of src/device: who is it? Tables of clients against a configuration made by hand, with neighbours
 * where the case needs them; and what people may write for a device. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "device/registry.h"

#define DEVICE_MAX 20
#define PREFIX_MAX 4
#define NEIGHBOUR_PAIRS_MAX 16

#define COFFEE (1u << TAG_BUILTIN_COUNT)
#define CAMERA (2u << TAG_BUILTIN_COUNT)

static const struct hash_key seed = {42};

struct row {
	const char *name, *mac;           /* NULL: none */
	const char *prefixes[PREFIX_MAX]; /* up to the first NULL */
	tag_set tags;
};

struct pair {
	const char *addr, *mac;
};

static const struct row house[] = {
	{"lobby coffee", "64:bc:0c:80:7e:1f", {0}, COFFEE},
	{"Camera net", NULL, {"192.168.40.0/24", "2001:db8:40::/48"}, CAMERA},
	{"door camera", NULL, {"192.168.40.7", "192.168.40.16/28"}, CAMERA},
	{"kitchen", "02:00:00:00:00:0a", {"192.168.1.10", "fd00::10"}, COFFEE},
	{"printer", "02-00-00-00-00-0B", {"192.168.1.11"}, 0},
	{"everybody", NULL, {"10.0.0.0/8"}, 0},
	{"floor", NULL, {"10.1.0.0/16"}, 0},
	{"room", NULL, {"10.1.2.0/23"}, 0},
	{"desk", NULL, {"10.1.2.3/32"}, 0},
	{"v6 host", NULL, {"2001:db8:40::1"}, 0},
	{"v6 odd", NULL, {"2001:db8:40:8000::/49"}, 0},
	{"local", NULL, {"fe80::1"}, 0},
};

static struct registry *build(const struct row *rows, size_t count)
{
	struct config_device devices[DEVICE_MAX] = {0};
	struct prefix prefixes[DEVICE_MAX][PREFIX_MAX];
	struct config config = {.device_count = count, .devices = devices};
	struct registry *registry;
	assert_true(count <= DEVICE_MAX);
	for (size_t i = 0; i < count; i++) {
		struct config_device *device = &devices[i];
		snprintf(device->name, sizeof device->name, "%s", rows[i].name);
		device->tags = rows[i].tags | tag_bit(TAG_ALL);
		device->has_mac = rows[i].mac;
		if (rows[i].mac)
			assert_int_equal(mac_parse(rows[i].mac, &device->mac), PF_OK);
		device->prefixes = prefixes[i];
		for (size_t p = 0; p < PREFIX_MAX && rows[i].prefixes[p]; p++)
			assert_int_equal(prefix_parse(rows[i].prefixes[p],
			                              &prefixes[i][device->prefix_count++]),
			                 PF_OK);
	}
	assert_int_equal(registry_build(&config, &registry), PF_OK);
	memset(devices, 0xff, sizeof devices); /* it keeps no pointer into it */
	memset(prefixes, 0xff, sizeof prefixes);
	return registry;
}

static struct addr addr_of(const char *text)
{
	struct addr addr;
	assert_int_equal(addr_parse(text, &addr), PF_OK);
	return addr;
}

static struct neighbour_table *neighbours_of(const struct pair *pairs, size_t count)
{
	struct addr addrs[NEIGHBOUR_PAIRS_MAX];
	struct mac macs[NEIGHBOUR_PAIRS_MAX];
	assert_true(count <= NEIGHBOUR_PAIRS_MAX);
	for (size_t i = 0; i < count; i++) {
		addrs[i] = addr_of(pairs[i].addr);
		assert_int_equal(mac_parse(pairs[i].mac, &macs[i]), PF_OK);
	}
	struct neighbour_table *table = neighbour_table_new(seed, addrs, macs, count);
	assert_non_null(table);
	return table;
}

/* `wanted` is "id|name|known". */
static void is(const struct device *device, const char *wanted)
{
	char text[DEVICE_ID_MAX + DEVICE_NAME_MAX + 10];
	snprintf(text, sizeof text, "%s|%s|%d", device->id, device->name, device->known);
	assert_string_equal(text, wanted);
	assert_true(device->tags & tag_bit(TAG_ALL));
	assert_int_equal(!(device->tags & tag_bit(TAG_UNKNOWN)), device->known);
}

struct seen {
	const char *addr, *wanted;
};

static void all_are(const struct registry *registry, const struct neighbour_table *neighbours,
                    const struct seen *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct addr addr = addr_of(cases[i].addr);
		struct device device;
		memset(&device, 0xee, sizeof device); /* all of it must be filled */
		registry_identify(registry, neighbours, &addr, &device);
		is(&device, cases[i].wanted);
	}
}

static void by_address_the_longest_wins(void **state)
{
	(void)state;
	static const struct seen cases[] = {
		{"192.168.40.1", "name:Camera net|Camera net|1"},
		{"192.168.40.7", "name:door camera|door camera|1"},
		{"192.168.40.8", "name:Camera net|Camera net|1"},
		{"192.168.40.16", "name:door camera|door camera|1"},
		{"192.168.40.31", "name:door camera|door camera|1"},
		{"192.168.40.32", "name:Camera net|Camera net|1"},
		{"192.168.41.0", "ip:192.168.41.0|192.168.41.0|0"},
		{"192.168.39.255", "ip:192.168.39.255|192.168.39.255|0"},
		{"10.0.0.0", "name:everybody|everybody|1"},
		{"10.255.255.255", "name:everybody|everybody|1"},
		{"10.1.0.1", "name:floor|floor|1"},
		{"10.1.2.2", "name:room|room|1"},
		{"10.1.3.255", "name:room|room|1"},
		{"10.1.4.0", "name:floor|floor|1"},
		{"10.1.2.3", "name:desk|desk|1"},
		{"2001:db8:40::1", "name:v6 host|v6 host|1"},
		{"2001:db8:40::2", "name:Camera net|Camera net|1"},
		{"2001:db8:40:8000::", "name:v6 odd|v6 odd|1"},
		{"2001:db8:40:ffff::1", "name:v6 odd|v6 odd|1"},
		{"2001:db8:40:7fff::1", "name:Camera net|Camera net|1"},
		{"2001:db8:41::", "ip:2001:db8:41::|2001:db8:41::|0"},
		{"fe80::1", "name:local|local|1"},
		{"fe80::2", "ip:fe80::2|fe80::2|0"},
		{"192.168.1.10", "mac:02:00:00:00:00:0a|kitchen|1"},
		{"fd00::10", "mac:02:00:00:00:00:0a|kitchen|1"},
		/* the same bytes in the other family */
		{"a01:203::", "ip:a01:203::|a01:203::|0"},
	};
	struct registry *registry = build(house, PF_COUNT(house));
	all_are(registry, NULL, cases, PF_COUNT(cases));
	registry_free(&registry);
	assert_null(registry);
	registry_free(&registry);
}

static void mac_wins_over_address(void **state)
{
	(void)state;
	static const struct pair pairs[] = {
		{"192.168.1.200", "64:bc:0c:80:7e:1f"}, /* known MAC at a new address */
		{"192.168.40.7", "64:bc:0c:80:7e:1f"},  /* and where another one is configured */
		{"192.168.1.11", "02:00:00:00:00:0a"},  /* the kitchen at the printer's address */
		{"192.168.1.10", "02:00:00:00:00:0b"},  /* the printer at the kitchen's */
		{"192.168.40.1", "02:00:00:00:00:99"},  /* a MAC that nobody knows, in a known network */
		{"192.168.1.77", "02:00:00:00:00:99"},  {"fe80::64", "64:bc:0c:80:7e:1f"},
		{"fe80::99", "02:00:00:00:00:99"},
	};
	static const struct seen cases[] = {
		{"192.168.1.200", "mac:64:bc:0c:80:7e:1f|lobby coffee|1"},
		{"192.168.40.7", "mac:64:bc:0c:80:7e:1f|lobby coffee|1"},
		{"fe80::64", "mac:64:bc:0c:80:7e:1f|lobby coffee|1"},
		{"192.168.1.11", "mac:02:00:00:00:00:0a|kitchen|1"},
		{"192.168.1.10", "mac:02:00:00:00:00:0b|printer|1"},
		{"192.168.40.1", "name:Camera net|Camera net|1"},
		{"192.168.40.2", "name:Camera net|Camera net|1"},
		{"192.168.1.77", "mac:02:00:00:00:00:99|02:00:00:00:00:99|0"},
		{"fe80::99", "mac:02:00:00:00:00:99|02:00:00:00:00:99|0"},
		{"192.168.1.78", "ip:192.168.1.78|192.168.1.78|0"},
	};
	struct registry *registry = build(house, PF_COUNT(house));
	struct neighbour_table *neighbours = neighbours_of(pairs, PF_COUNT(pairs));
	all_are(registry, neighbours, cases, PF_COUNT(cases));
	neighbour_table_free(&neighbours);
	registry_free(&registry);
}

static void unknown_id_is_the_one_it_keeps(void **state)
{
	(void)state;
	static const struct pair pairs[] = {{"192.168.1.5", "64:BC:0C:80:7E:1F"}};
	struct addr addr = addr_of("192.168.1.5");
	struct device before, after;
	struct registry *empty = build(NULL, 0), *full = build(house, PF_COUNT(house));
	struct neighbour_table *neighbours = neighbours_of(pairs, 1);
	registry_identify(empty, neighbours, &addr, &before);
	is(&before, "mac:64:bc:0c:80:7e:1f|64:bc:0c:80:7e:1f|0");
	assert_int_equal(before.tags, tag_bit(TAG_ALL) | tag_bit(TAG_UNKNOWN));
	registry_identify(full, neighbours, &addr, &after);
	assert_string_equal(before.id, after.id); /* naming it keeps its history */
	assert_int_equal(after.tags, tag_bit(TAG_ALL) | COFFEE);
	assert_true(before.has_mac && after.has_mac);
	assert_true(mac_equal(&before.mac, &after.mac));
	registry_identify(empty, NULL, &addr, &before);
	is(&before, "ip:192.168.1.5|192.168.1.5|0");
	assert_false(before.has_mac);
	assert_int_equal(registry_count(empty), 0);
	neighbour_table_free(&neighbours);
	registry_free(&empty);
	registry_free(&full);
}

static void everything_fits_the_default_route(void **state)
{
	(void)state;
	static const struct row rows[] = {{"four", NULL, {"0.0.0.0/0"}, 0}, {"six", NULL, {"::/0"}, 0}};
	static const struct seen cases[] = {{"255.255.255.255", "name:four|four|1"},
	                                    {"0.0.0.0", "name:four|four|1"},
	                                    {"ffff::1", "name:six|six|1"},
	                                    {"::", "name:six|six|1"}};
	struct registry *registry = build(rows, PF_COUNT(rows));
	all_are(registry, NULL, cases, PF_COUNT(cases));
	registry_free(&registry);
}

static void found_by_what_people_write(void **state)
{
	(void)state;
	static const struct row more[] = {
		{"tea", "02:00:00:00:00:01", {"192.168.1.1"}, 0},
		{"TEA", "02:00:00:00:00:02", {0}, 0},
		{"net", NULL, {"192.168.2.0/24"}, 0},
	};
	static const struct pair pairs[] = {
		{"192.168.1.50", "02:00:00:00:00:02"},
		{"192.168.1.51", "02:00:00:00:00:51"},
		{"192.168.2.52", "02:00:00:00:00:52"},
		{"fe80::52", "02:00:00:00:00:52"},
	};
	static const struct {
		const char *text, *wanted; /* NULL: PF_ENOENT */
	} cases[] = {
		{"tea", "mac:02:00:00:00:00:01|tea|1"},
		{"TEA", "mac:02:00:00:00:00:02|TEA|1"},
		{"Tea", "mac:02:00:00:00:00:01|tea|1"},
		{"name:net", "name:net|net|1"},
		{"NET", "name:net|net|1"},
		{"mac:02:00:00:00:00:02", "mac:02:00:00:00:00:02|TEA|1"},
		{"02:00:00:00:00:01", "mac:02:00:00:00:00:01|tea|1"},
		{"02-00-00-00-00-01", "mac:02:00:00:00:00:01|tea|1"},
		{"02:00:00:00:00:51", "mac:02:00:00:00:00:51|02:00:00:00:00:51|0"},
		{"02:00:00:00:00:52", "name:net|net|1"}, /* it stands in that network now */
		{"mac:02:00:00:00:00:52", "name:net|net|1"},
		{"02:00:00:00:00:77", "mac:02:00:00:00:00:77|02:00:00:00:00:77|0"},
		{"192.168.1.1", "mac:02:00:00:00:00:01|tea|1"},
		{"192.168.1.50", "mac:02:00:00:00:00:02|TEA|1"},
		{"192.168.1.51", "mac:02:00:00:00:00:51|02:00:00:00:00:51|0"},
		{"192.168.2.9", "name:net|net|1"},
		{"::ffff:192.168.2.9", "name:net|net|1"},
		{"ip:192.168.3.9", "ip:192.168.3.9|192.168.3.9|0"},
		{"2001:DB8::1", "ip:2001:db8::1|2001:db8::1|0"},
		{"", NULL},
		{"te", NULL},
		{"teapot", NULL},
		{"name:tea", NULL}, /* its id is that of its MAC */
		{"mac:192.168.1.1", NULL},
		{"ip:02:00:00:00:00:01", NULL},
		{"mac:", NULL},
		{"192.168.2.0/24", NULL},
		{"192.168.1", NULL},
	};
	struct registry *registry = build(more, PF_COUNT(more));
	struct neighbour_table *neighbours = neighbours_of(pairs, PF_COUNT(pairs));
	for (size_t i = 0; i < PF_COUNT(cases); i++) {
		struct device device;
		int wanted = cases[i].wanted ? PF_OK : PF_ENOENT;
		int found = registry_find(registry, neighbours, cases[i].text, &device);
		if (found != wanted)
			fail_msg("\"%s\" gives %d", cases[i].text, found);
		if (cases[i].wanted)
			is(&device, cases[i].wanted);
	}
	neighbour_table_free(&neighbours);
	registry_free(&registry);
}

static void configured_devices_in_their_order(void **state)
{
	(void)state;
	struct registry *registry = build(house, PF_COUNT(house));
	struct device device;
	size_t count;
	assert_int_equal(registry_count(registry), PF_COUNT(house));
	for (size_t i = 0; i < PF_COUNT(house); i++) {
		registry_get(registry, i, &device);
		assert_string_equal(device.name, house[i].name);
		assert_int_equal(device.has_mac, house[i].mac != NULL);
		assert_int_equal(device.tags, house[i].tags | tag_bit(TAG_ALL));
	}
	const struct prefix *prefixes = registry_prefixes(registry, 1, &count);
	char text[PREFIX_TEXT_MAX];
	assert_int_equal(count, 2);
	prefix_format(&prefixes[0], text);
	assert_string_equal(text, "192.168.40.0/24");
	prefix_format(&prefixes[1], text);
	assert_string_equal(text, "2001:db8:40::/48");
	registry_prefixes(registry, 0, &count);
	assert_int_equal(count, 0);
	registry_free(&registry);
}

static void longest_name_fits_into_the_id(void **state)
{
	(void)state;
	char name[DEVICE_NAME_MAX], wanted[DEVICE_ID_MAX];
	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	snprintf(wanted, sizeof wanted, "name:%s", name);
	struct row row = {name, NULL, {"192.0.2.1"}, 0};
	struct registry *registry = build(&row, 1);
	struct device device;
	assert_int_equal(registry_find(registry, NULL, wanted, &device), PF_OK);
	assert_string_equal(device.id, wanted);
	assert_string_equal(device.name, name);
	registry_free(&registry);
}

/* As many as a configuration can have, each with a MAC and two addresses. */
static void full_configuration(void **state)
{
	(void)state;
	enum { COUNT = 65536 };
	struct config_device *devices = calloc(COUNT, sizeof *devices);
	struct prefix *prefixes = calloc(2 * COUNT, sizeof *prefixes);
	struct config config = {.device_count = COUNT, .devices = devices};
	struct registry *registry;
	assert_non_null(devices);
	assert_non_null(prefixes);
	for (unsigned i = 0; i < COUNT; i++) {
		devices[i] = (struct config_device){
			.has_mac = true,
			.mac = {{2, 0, 0, 0, (uint8_t)(i >> 8), (uint8_t)i}},
			.prefix_count = 2,
			.prefixes = &prefixes[2 * i],
		};
		snprintf(devices[i].name, sizeof devices[i].name, "device %u", i);
		prefixes[2 * i] = (struct prefix){{4, {10, 0, (uint8_t)(i >> 8), (uint8_t)i}}, 32};
		prefixes[2 * i + 1] = (struct prefix){{6, {0xfd, 0, (uint8_t)(i >> 8), (uint8_t)i}}, 64};
	}
	assert_int_equal(registry_build(&config, &registry), PF_OK);
	for (unsigned i = 0; i < COUNT; i += 77) {
		struct addr four = {4, {10, 0, (uint8_t)(i >> 8), (uint8_t)i}};
		struct addr six = {6, {0xfd, 0, (uint8_t)(i >> 8), (uint8_t)i, [15] = 9}};
		struct mac mac = devices[i].mac;
		struct addr elsewhere = addr_of("198.51.100.1");
		struct neighbour_table *table = neighbour_table_new(seed, &elsewhere, &mac, 1);
		struct device by_four, by_six, by_mac;
		registry_identify(registry, NULL, &four, &by_four);
		registry_identify(registry, NULL, &six, &by_six);
		registry_identify(registry, table, &elsewhere, &by_mac);
		assert_string_equal(by_four.name, devices[i].name);
		assert_string_equal(by_six.name, devices[i].name);
		assert_string_equal(by_mac.name, devices[i].name);
		neighbour_table_free(&table);
	}
	registry_free(&registry);
	free(devices);
	free(prefixes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_address_the_longest_wins),
		cmocka_unit_test(mac_wins_over_address),
		cmocka_unit_test(unknown_id_is_the_one_it_keeps),
		cmocka_unit_test(everything_fits_the_default_route),
		cmocka_unit_test(found_by_what_people_write),
		cmocka_unit_test(configured_devices_in_their_order),
		cmocka_unit_test(longest_name_fits_into_the_id),
		cmocka_unit_test(full_configuration),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
