/* Unit tests of src/device: who is it? Tables of clients against a configuration made by hand, with MACs where the case
 * needs them. What people may write for a device: test_book.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "device/registry.h"

#define DEVICE_MAX 20
#define PREFIX_MAX 4

#define COFFEE (1u << TAG_BUILTIN_COUNT)
#define CAMERA (2u << TAG_BUILTIN_COUNT)

struct row {
	const char *name, *mac;           /* NULL: none */
	const char *prefixes[PREFIX_MAX]; /* up to the first NULL */
	tag_set tags;
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
	const char *mac; /* NULL: nobody knows it */
};

static void all_are(const struct registry *registry, const struct seen *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct addr addr = addr_of(cases[i].addr);
		struct device device, named;
		struct mac mac;
		memset(&device, 0xee, sizeof device); /* all of it must be filled */
		if (cases[i].mac)
			assert_int_equal(mac_parse(cases[i].mac, &mac), PF_OK);
		int found = registry_resolve(registry, &addr, cases[i].mac ? &mac : NULL, &device);
		is(&device, cases[i].wanted);
		assert_int_equal(found >= 0, device.known);
		if (found < 0)
			continue;
		registry_get(registry, (size_t)found, &named);
		assert_string_equal(named.id, device.id);
		assert_int_equal(registry_by_name(registry, device.name), found);
	}
}

static void by_address_the_longest_wins(void **state)
{
	(void)state;
	static const struct seen cases[] = {
		{"192.168.40.1", "name:Camera net|Camera net|1", NULL},
		{"192.168.40.7", "name:door camera|door camera|1", NULL},
		{"192.168.40.8", "name:Camera net|Camera net|1", NULL},
		{"192.168.40.16", "name:door camera|door camera|1", NULL},
		{"192.168.40.31", "name:door camera|door camera|1", NULL},
		{"192.168.40.32", "name:Camera net|Camera net|1", NULL},
		{"192.168.41.0", "ip:192.168.41.0|192.168.41.0|0", NULL},
		{"192.168.39.255", "ip:192.168.39.255|192.168.39.255|0", NULL},
		{"10.0.0.0", "name:everybody|everybody|1", NULL},
		{"10.255.255.255", "name:everybody|everybody|1", NULL},
		{"10.1.0.1", "name:floor|floor|1", NULL},
		{"10.1.2.2", "name:room|room|1", NULL},
		{"10.1.3.255", "name:room|room|1", NULL},
		{"10.1.4.0", "name:floor|floor|1", NULL},
		{"10.1.2.3", "name:desk|desk|1", NULL},
		{"2001:db8:40::1", "name:v6 host|v6 host|1", NULL},
		{"2001:db8:40::2", "name:Camera net|Camera net|1", NULL},
		{"2001:db8:40:8000::", "name:v6 odd|v6 odd|1", NULL},
		{"2001:db8:40:ffff::1", "name:v6 odd|v6 odd|1", NULL},
		{"2001:db8:40:7fff::1", "name:Camera net|Camera net|1", NULL},
		{"2001:db8:41::", "ip:2001:db8:41::|2001:db8:41::|0", NULL},
		{"fe80::1", "name:local|local|1", NULL},
		{"fe80::2", "ip:fe80::2|fe80::2|0", NULL},
		{"192.168.1.10", "mac:02:00:00:00:00:0a|kitchen|1", NULL},
		{"fd00::10", "mac:02:00:00:00:00:0a|kitchen|1", NULL},
		/* the same bytes in the other family */
		{"a01:203::", "ip:a01:203::|a01:203::|0", NULL},
	};
	struct registry *registry = build(house, PF_COUNT(house));
	all_are(registry, cases, PF_COUNT(cases));
	registry_free(&registry);
	assert_null(registry);
	registry_free(&registry);
}

static void mac_wins_over_address(void **state)
{
	(void)state;
	static const char coffee[] = "64:bc:0c:80:7e:1f", kitchen[] = "02:00:00:00:00:0a",
					  printer[] = "02:00:00:00:00:0b", nobody[] = "02:00:00:00:00:99";
	static const struct seen cases[] = {
		/* a known MAC at a new address, and where another device is configured */
		{"192.168.1.200", "mac:64:bc:0c:80:7e:1f|lobby coffee|1", coffee},
		{"192.168.40.7", "mac:64:bc:0c:80:7e:1f|lobby coffee|1", coffee},
		{"fe80::64", "mac:64:bc:0c:80:7e:1f|lobby coffee|1", coffee},
		{"192.168.1.11", "mac:02:00:00:00:00:0a|kitchen|1", kitchen}, /* at the printer's */
		{"192.168.1.10", "mac:02:00:00:00:00:0b|printer|1", printer}, /* at the kitchen's */
		/* a MAC that nobody knows, in a known network */
		{"192.168.40.1", "name:Camera net|Camera net|1", nobody},
		{"192.168.40.2", "name:Camera net|Camera net|1", NULL},
		{"192.168.1.77", "mac:02:00:00:00:00:99|02:00:00:00:00:99|0", nobody},
		{"fe80::99", "mac:02:00:00:00:00:99|02:00:00:00:00:99|0", nobody},
		{"192.168.1.78", "ip:192.168.1.78|192.168.1.78|0", NULL},
	};
	struct registry *registry = build(house, PF_COUNT(house));
	all_are(registry, cases, PF_COUNT(cases));
	registry_free(&registry);
}

static void unknown_id_is_the_one_it_keeps(void **state)
{
	(void)state;
	struct addr addr = addr_of("192.168.1.5");
	struct device before, after;
	struct mac mac;
	struct registry *empty = build(NULL, 0), *full = build(house, PF_COUNT(house));
	assert_int_equal(mac_parse("64:BC:0C:80:7E:1F", &mac), PF_OK);
	assert_int_equal(registry_resolve(empty, &addr, &mac, &before), -1);
	is(&before, "mac:64:bc:0c:80:7e:1f|64:bc:0c:80:7e:1f|0");
	assert_int_equal(before.tags, tag_bit(TAG_ALL) | tag_bit(TAG_UNKNOWN));
	assert_int_equal(registry_resolve(full, &addr, &mac, &after), 0);
	assert_int_equal(registry_by_mac(full, &mac), 0);
	assert_int_equal(registry_by_mac(empty, &mac), -1);
	assert_string_equal(before.id, after.id); /* naming it keeps its history */
	assert_int_equal(after.tags, tag_bit(TAG_ALL) | COFFEE);
	assert_true(before.has_mac && after.has_mac);
	assert_true(mac_equal(&before.mac, &after.mac));
	assert_int_equal(registry_resolve(empty, &addr, NULL, &before), -1);
	is(&before, "ip:192.168.1.5|192.168.1.5|0");
	assert_false(before.has_mac);
	assert_int_equal(registry_count(empty), 0);
	registry_free(&empty);
	registry_free(&full);
}

static void everything_fits_the_default_route(void **state)
{
	(void)state;
	static const struct row rows[] = {{"four", NULL, {"0.0.0.0/0"}, 0}, {"six", NULL, {"::/0"}, 0}};
	static const struct seen cases[] = {{"255.255.255.255", "name:four|four|1", NULL},
	                                    {"0.0.0.0", "name:four|four|1", NULL},
	                                    {"ffff::1", "name:six|six|1", NULL},
	                                    {"::", "name:six|six|1", NULL}};
	struct registry *registry = build(rows, PF_COUNT(rows));
	all_are(registry, cases, PF_COUNT(cases));
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
	assert_int_equal(registry_by_name(registry, name), 0);
	registry_get(registry, 0, &device);
	assert_string_equal(device.id, wanted);
	assert_string_equal(device.name, name);
	registry_free(&registry);
}

static void names_are_found_in_any_case(void **state)
{
	(void)state;
	static const struct row rows[] = {{"tea", "02:00:00:00:00:01", {0}, 0},
	                                  {"TEA", "02:00:00:00:00:02", {0}, 0},
	                                  {"Net \xc3\xa9", NULL, {"192.168.2.0/24"}, 0}};
	struct registry *registry = build(rows, PF_COUNT(rows));
	assert_int_equal(registry_by_name(registry, "tea"), 0);
	assert_int_equal(registry_by_name(registry, "TEA"), 0); /* of several the first */
	assert_int_equal(registry_by_name(registry, "nET \xc3\xa9"), 2);
	assert_int_equal(registry_by_name(registry, "te"), -1);
	assert_int_equal(registry_by_name(registry, "teas"), -1);
	assert_int_equal(registry_by_name(registry, ""), -1);
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
		struct device by_four, by_six, by_mac;
		assert_int_equal(registry_resolve(registry, &four, NULL, &by_four), i);
		assert_int_equal(registry_resolve(registry, &six, NULL, &by_six), i);
		assert_int_equal(registry_resolve(registry, &elsewhere, &mac, &by_mac), i);
		assert_string_equal(by_four.name, devices[i].name);
		assert_string_equal(by_six.name, devices[i].name);
		assert_string_equal(by_mac.name, devices[i].name);
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
		cmocka_unit_test(names_are_found_in_any_case),
		cmocka_unit_test(configured_devices_in_their_order),
		cmocka_unit_test(longest_name_fits_into_the_id),
		cmocka_unit_test(full_configuration),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
