/* Unit tests of src/device: the book and its roster. Who is who as addresses come and go, what is carried over a reload,
 * tags and who set them, and what happens when there are too many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "unit/device/house.h"

#define COFFEE "64:bc:0c:80:7e:1f"
#define CAMERA "24:0a:c4:00:00:07"

static const char one_coffee[] = "devices:\n- {name: lobby coffee, mac: " COFFEE ", tags: coffee}\n"
								 "- {name: camera net, ip: 192.168.40.0/24, tags: camera}\n";

static void a_mac_joins_its_addresses(void **state)
{
	(void)state;
	struct house *house = house_new(one_coffee, 0);
	assert_string_equal(house_ask(house, "192.168.1.7"), "ip:192.168.1.7");
	house_neighbour(house, "192.168.1.7", COFFEE);
	house_neighbour(house, "fd00::7", COFFEE);
	house_neighbour(house, "fd00::1234", COFFEE); /* privacy extensions */
	house_neighbour(house, "192.168.1.8", CAMERA);
	house_neighbour(house, "192.168.40.9", CAMERA);
	assert_string_equal(house_ask(house, "192.168.1.7"), "mac:" COFFEE);
	assert_string_equal(house_ask(house, "fd00::7"), "mac:" COFFEE);
	assert_string_equal(house_ask(house, "fd00::1234"), "mac:" COFFEE);
	assert_string_equal(house_ask(house, "192.168.1.8"), "mac:" CAMERA);
	assert_string_equal(house_ask(house, "192.168.40.9"), "name:camera net");
	assert_string_equal(house_ask(house, "192.168.40.10"), "name:camera net");
	/* what was asked before is the coffee machine's */
	assert_string_equal(house_change(house), "merged ip:192.168.1.7 into mac:" COFFEE
	                                         ": the MAC address behind the address became known");
	assert_string_equal(house_change(house), "");
	house_free(&house);
}

/* Who stands at an IPv4 address that the configuration names is that device by IPv6 too, whatever comes first. */
static void ipv6_goes_with_a_configured_ipv4_address(void **state)
{
	(void)state;
	struct house *house = house_new(one_coffee, 0);
	for (int round = 0; round < 2; round++) {
		house_neighbour(house, "192.168.40.9", CAMERA);
		house_neighbour(house, "fe80::9", CAMERA);
		assert_string_equal(house_ask(house, "192.168.40.9"), "name:camera net");
		assert_string_equal(house_ask(house, "fe80::9"), "name:camera net");
		/* the kernel may forget it; a reload keeps what the kernel knows */
		house_neighbour(house, "192.168.40.9", round ? NULL : CAMERA);
		house_publish(house);
		assert_string_equal(house_ask(house, "fe80::9"), "name:camera net");
		house_configure(house, one_coffee);
		assert_string_equal(house_ask(house, "fe80::9"), round ? "mac:" CAMERA : "name:camera net");
		/* it has moved to where nobody has named anything */
		house_neighbour(house, "192.168.1.9", CAMERA);
		(void)book_expire(house->book, house->now.wall_us);
		house_publish(house);
		assert_string_equal(house_ask(house, "fe80::9"), "mac:" CAMERA);
		assert_string_equal(house_tags(house, "fe80::9"), "all unknown new");
		assert_string_equal(house_ask(house, "192.168.1.9"), "mac:" CAMERA);
		/* and back again, IPv6 first */
		house_neighbour(house, "192.168.1.9", NULL);
		house_neighbour(house, "192.168.40.9", CAMERA);
		(void)book_expire(house->book, house->now.wall_us);
		house_publish(house);
		assert_string_equal(house_ask(house, "fe80::9"), "name:camera net");
		assert_string_equal(house_tags(house, "fe80::9"), "all camera");
	}
	/* whose MAC somebody has tagged is itself everywhere */
	int row = book_find(house->book, "mac:" CAMERA, house->now);
	assert_int_equal(book_tag(house->book, (size_t)row, "guest", 1), PF_OK);
	house_publish(house);
	assert_string_equal(house_ask(house, "fe80::9"), "mac:" CAMERA);
	assert_string_equal(house_ask(house, "192.168.40.9"), "mac:" CAMERA);
	house_free(&house);
}

/* Between a reload's work and its publication a worker may begin to read: the old roster must be whole for as long as there is one. */
static void who_reads_the_old_roster_may_still_write(void **state)
{
	(void)state;
	struct house *house = house_new(one_coffee, 0);
	struct device device;
	house_neighbour(house, "192.168.1.7", COFFEE);
	struct roster *old = house->roster;
	house->roster = NULL;
	house_configure(house, one_coffee);
	rcu_barrier();
	roster_take(old, 0, house->now.wall_us, &device);
	assert_string_equal(device.id, "mac:" COFFEE);
	assert_int_equal(sight_load(&old->sights->rows[0]).last_s, house->now.wall_us / 1000000);
	roster_free(&old);
	house_free(&house);
}

static void an_address_changes_hands(void **state)
{
	(void)state;
	struct house *house = house_new(one_coffee, 0);
	house_neighbour(house, "192.168.1.7", COFFEE);
	assert_string_equal(house_ask(house, "192.168.1.7"), "mac:" COFFEE);
	house_neighbour(house, "192.168.1.7", CAMERA);
	assert_string_equal(house_ask(house, "192.168.1.7"), "mac:" CAMERA);
	/* forgotten by the kernel: whoever comes from there is nobody until it is known */
	house_neighbour(house, "192.168.1.7", NULL);
	assert_string_equal(house_ask(house, "192.168.1.7"), "ip:192.168.1.7");
	assert_string_equal(house_tags(house, "192.168.1.7"), "all unknown new");
	struct book_view view;
	assert_true(book_view(house->book, house_row(house, "mac:" CAMERA), &view));
	assert_int_equal(view.address_count, 0);
	house_free(&house);
}

/* The query was journalled under its address, but the kernel was quicker than the message about it. */
static void the_kernel_is_quicker(void **state)
{
	(void)state;
	struct house *house = house_new("", 0);
	struct asker asker = {.addr = house_addr("192.168.1.7")};
	house_neighbour(house, "192.168.1.7", CAMERA);
	book_sighting(house->book, &asker, house->now.wall_us);
	book_sighting(house->book, &asker, house->now.wall_us);
	assert_string_equal(house_change(house), "merged ip:192.168.1.7 into mac:" CAMERA
	                                         ": the MAC address behind the address became known");
	assert_string_equal(house_change(house), "");
	house_free(&house);
}

static void a_forwarder_tells(void **state)
{
	(void)state;
	struct house *house = house_new(one_coffee, 0);
	struct asker asker = {.addr = house_addr("192.168.1.1"), .has_mac = true};
	asker.mac = house_mac(COFFEE);
	assert_string_equal(house_asker(house, &asker)->name, "lobby coffee");
	asker.mac = house_mac(CAMERA);
	assert_string_equal(house_asker(house, &asker)->id, "mac:" CAMERA);
	house_publish(house);
	assert_string_equal(house_asker(house, &asker)->id, "mac:" CAMERA);
	assert_string_equal(house_ask(house, "192.168.1.1"), "ip:192.168.1.1");
	/* a word: a configured name, or a device of its own */
	asker = (struct asker){.addr = asker.addr, .name = "Lobby COFFEE"};
	assert_string_equal(house_asker(house, &asker)->id, "mac:" COFFEE);
	strcpy(asker.name, "tv-3");
	assert_string_equal(house_asker(house, &asker)->id, "client:tv-3");
	house_publish(house);
	assert_string_equal(house_asker(house, &asker)->id, "client:tv-3");
	assert_int_equal(book_tag(house->book, house_row(house, "client:tv-3"), "camera", 1), PF_OK);
	house_publish(house);
	assert_true(house_asker(house, &asker)->known);
	house_free(&house);
}

/* ---- tags -------------------------------------------------------------------------------- */

static void people_tag(void **state)
{
	(void)state;
	struct house *house = house_new(one_coffee, 0);
	house_neighbour(house, "192.168.1.8", CAMERA);
	assert_string_equal(house_tags(house, "192.168.1.8"), "all unknown new");
	size_t row = (size_t)book_find(house->book, "192.168.1.8", house->now);
	assert_int_equal(row, house_row(house, "mac:" CAMERA));
	assert_int_equal(book_tag(house->book, row, "camera", 5), PF_OK);
	assert_int_equal(book_tag(house->book, row, "camera", 6), PF_OK); /* twice is once */
	assert_int_equal(book_tag(house->book, row, "no-rule-speaks-of-it", 7), PF_OK);
	assert_string_equal(house_tags(house, "192.168.1.8"), "all camera");
	assert_string_equal(book_tag_origin(house->book, row, "camera"), "person");
	assert_string_equal(book_tag_origin(house->book, row, "no-rule-speaks-of-it"), "person");
	assert_string_equal(book_tag_origin(house->book, row, "all"), "built-in");
	assert_null(book_tag_origin(house->book, row, "unknown"));
	/* the configuration's are not people's to take */
	size_t coffee = (size_t)book_find(house->book, "LOBBY coffee", house->now);
	assert_string_equal(book_tag_origin(house->book, coffee, "coffee"), "configuration");
	assert_int_equal(book_untag(house->book, coffee, "coffee"), PF_ECONFLICT);
	assert_int_equal(book_untag(house->book, coffee, "camera"), PF_ENOENT);
	/* given by both: it stays when the person's goes */
	assert_int_equal(book_tag(house->book, coffee, "coffee", 1), PF_OK);
	assert_int_equal(book_untag(house->book, coffee, "coffee"), PF_OK);
	house_neighbour(house, "192.168.1.7", COFFEE);
	assert_string_equal(house_tags(house, "192.168.1.7"), "all coffee");
	static const char *const bad[] = {"all", "unknown", "new", "", "Big", "a b", "-x"};
	for (size_t i = 0; i < PF_COUNT(bad); i++)
		assert_int_equal(book_tag(house->book, row, bad[i], 1), PF_EINVAL);
	assert_int_equal(book_untag(house->book, row, "camera"), PF_OK);
	assert_int_equal(book_untag(house->book, row, "no-rule-speaks-of-it"), PF_OK);
	assert_string_equal(house_tags(house, "192.168.1.8"), "all unknown");
	for (int i = 0; i < BOOK_TAGS_MAX; i++) {
		char name[16];
		snprintf(name, sizeof name, "t%d", i);
		assert_int_equal(book_tag(house->book, row, name, 1), PF_OK);
	}
	assert_int_equal(book_tag(house->book, row, "more", 1), PF_EFULL);
	house_free(&house);
}

static void rules_tag(void **state)
{
	(void)state;
	struct house *house = house_new("tag-rules:\n"
	                                "- {tag: iot, mac: \"24:0A:c4:*\"}\n"
	                                "- {tag: shelly, hostname: \"SHELLY*\"}\n"
	                                "- {tag: tuya, asks: \"*.tuya*.com\", times: 2}\n",
	                                0);
	house_neighbour(house, "192.168.1.8", CAMERA);
	house_neighbour(house, "192.168.1.9", COFFEE);
	assert_string_equal(house_tags(house, "192.168.1.8"), "all unknown new iot");
	assert_string_equal(house_tags(house, "192.168.1.9"), "all unknown new");
	house_leases(house, 0, "1995465583 " COFFEE " 192.168.1.9 shellyplug-1 *\n");
	assert_string_equal(house_tags(house, "192.168.1.9"), "all unknown new shelly");
	size_t row = house_row(house, "mac:" COFFEE);
	assert_string_equal(book_tag_origin(house->book, row, "shelly"), "rule");
	assert_int_equal(book_untag(house->book, row, "shelly"), PF_ECONFLICT);
	/* more than twice within an hour */
	for (int i = 0; i < 2; i++)
		book_asked(house->book, "mac:" COFFEE, 2, house->now.wall_us + i);
	book_asked(house->book, "mac:" COFFEE, 2, house->now.wall_us + HOUSE_HOUR_US);
	book_asked(house->book, "mac:" COFFEE, 2, house->now.wall_us + HOUSE_HOUR_US + 1);
	assert_string_equal(house_tags(house, "192.168.1.9"), "all unknown new shelly");
	book_asked(house->book, "mac:" COFFEE, 2, house->now.wall_us + HOUSE_HOUR_US + 2);
	assert_string_equal(house_tags(house, "192.168.1.9"), "all unknown new shelly tuya");
	book_asked(house->book, "mac:nobody", 2, 0);
	book_asked(house->book, "mac:" COFFEE, 63, 0);
	/* a reload that moves the rule keeps what was heard; one that asks for something else does not */
	house_configure(house, "tag-rules:\n- {tag: tuya, asks: \"*.TUYA*.com\"}\n");
	assert_string_equal(house_tags(house, "192.168.1.9"), "all unknown new tuya");
	house_configure(house, "tag-rules:\n- {tag: tuya, asks: \"*.tuya.cn\"}\n");
	assert_string_equal(house_tags(house, "192.168.1.9"), "all unknown new");
	house_free(&house);
}

static void new_has_its_time(void **state)
{
	(void)state;
	struct house *house = house_new("new-for: 10m", 0);
	book_learn(house->book, true);
	house_neighbour(house, "192.168.1.8", CAMERA);
	book_learn(house->book, false);
	house_neighbour(house, "192.168.1.9", COFFEE);
	assert_string_equal(house_tags(house, "192.168.1.8"), "all unknown");
	assert_string_equal(house_tags(house, "192.168.1.9"), "all unknown new");
	assert_int_equal(book_expire(house->book, HOUSE_START_US), 600 * HOUSE_SECOND_US);
	assert_int_equal(book_expire(house->book, HOUSE_START_US + 600 * HOUSE_SECOND_US - 1), 1);
	assert_string_equal(house_tags(house, "192.168.1.9"), "all unknown new");
	assert_int_equal(book_expire(house->book, HOUSE_START_US + 600 * HOUSE_SECOND_US), -1);
	assert_string_equal(house_tags(house, "192.168.1.9"), "all unknown");
	house_free(&house);
}

/* ---- reloads ----------------------------------------------------------------------------- */

static void a_reload_keeps_what_is_known(void **state)
{
	(void)state;
	struct house *house = house_new(one_coffee, 0);
	house_neighbour(house, "192.168.1.7", COFFEE);
	house_neighbour(house, "192.168.1.8", CAMERA);
	house_leases(house, 0, "0 " CAMERA " 192.168.1.8 door 01:" CAMERA "\n");
	assert_int_equal(book_tag(house->book, house_row(house, "mac:" COFFEE), "guest", 5), PF_OK);
	assert_int_equal(book_tag(house->book, house_row(house, "mac:" CAMERA), "guest", 6), PF_OK);
	assert_int_equal(book_tag(house->book, house_row(house, "name:camera net"), "net", 7), PF_OK);
	/* tags have other numbers now, the coffee machine is nobody's, the camera is somebody */
	house_configure(house, "tags: [zoo, guest]\ndevices:\n- {name: door, mac: " CAMERA
	                       ", tags: [camera]}\n");
	assert_string_equal(house_tags(house, "192.168.1.7"), "all guest");
	assert_string_equal(house_tags(house, "192.168.1.8"), "all guest camera");
	assert_string_equal(house_ask(house, "192.168.1.8"), "mac:" CAMERA);
	struct book_view view;
	assert_true(book_view(house->book, house_row(house, "mac:" CAMERA), &view));
	assert_string_equal(view.host, "door");
	assert_string_equal(view.device->name, "door");
	assert_int_equal(view.config, 0);
	assert_int_equal(view.tags[0].set_wall_us, 6);
	assert_true(book_view(house->book, house_row(house, "mac:" COFFEE), &view));
	assert_string_equal(view.device->name, COFFEE);
	assert_int_equal(view.config, -1);
	assert_true(book_view(house->book, house_row(house, "name:camera net"), &view));
	assert_int_equal(view.config, -1);
	/* and back */
	house_configure(house, one_coffee);
	assert_string_equal(house_tags(house, "192.168.1.7"), "all coffee");
	assert_true(book_view(house->book, house_row(house, "name:camera net"), &view));
	assert_int_equal(view.config, 1);
	assert_string_equal(view.tags[0].name, "net");
	assert_true(book_view(house->book, house_row(house, "mac:" COFFEE), &view));
	assert_string_equal(view.tags[0].name, "guest");
	house_free(&house);
}

static void a_reload_may_know_addresses_better(void **state)
{
	(void)state;
	struct house *house = house_new("", 0);
	house_neighbour(house, "192.168.40.8", CAMERA);
	(void)house_ask(house, "192.168.40.9");
	assert_string_equal(house_ask(house, "192.168.40.8"), "mac:" CAMERA);
	assert_string_equal(house_ask(house, "192.168.40.9"), "ip:192.168.40.9");
	house_configure(house, one_coffee);
	assert_string_equal(house_ask(house, "192.168.40.8"), "name:camera net");
	assert_string_equal(house_ask(house, "192.168.40.9"), "name:camera net");
	house_configure(house, "");
	assert_string_equal(house_ask(house, "192.168.40.8"), "mac:" CAMERA);
	house_free(&house);
}

static void memory_comes_back(void **state)
{
	(void)state;
	struct house *house = house_new(one_coffee, 0);
	static const struct book_memory memories[] = {
		{.id = "mac:" CAMERA,
	     .host = "door",
	     .first_wall_us = 5,
	     .last_wall_us = 9,
	     .announced = true},
		{.id = "mac:" COFFEE, .first_wall_us = 6},
		{.id = "name:gone", .first_wall_us = 7},
		{.id = "client:tv-3", .first_wall_us = 7},
		{.id = "ip:192.168.1.77", .first_wall_us = 8},
	};
	static const char *const bad[] = {"", "mac:", "mac:x", "ip:", "ip:1", "name:", "client:", "x"};
	size_t row;
	for (size_t i = 0; i < PF_COUNT(memories); i++) {
		assert_int_equal(book_remember(house->book, &memories[i], &row), PF_OK);
		assert_int_equal(row, house_row(house, memories[i].id));
	}
	for (size_t i = 0; i < PF_COUNT(bad); i++) {
		struct book_memory memory = {0};
		strcpy(memory.id, bad[i]);
		assert_int_equal(book_remember(house->book, &memory, &row), PF_EINVAL);
	}
	struct book_view view;
	house_neighbour(house, "192.168.1.8", CAMERA);
	assert_string_equal(house_tags(house, "192.168.1.8"), "all unknown"); /* it was here before */
	assert_true(book_view(house->book, house_row(house, "mac:" CAMERA), &view));
	assert_string_equal(view.host, "door");
	assert_int_equal(view.first_wall_us, 5);
	assert_true(view.announced);
	house_free(&house);
}

/* ---- finding ----------------------------------------------------------------------------- */

static void found_by_what_people_write(void **state)
{
	(void)state;
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
		{"02:00:00:00:00:52", "name:net|net|1"}, /* and so does fe80::52 */
		{"02:00:00:00:00:53", "name:net|net|1"}, /* it stands in that network now */
		{"mac:02:00:00:00:00:53", "name:net|net|1"},
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
	struct house *house = house_new("devices:\n"
	                                "- {name: tea, mac: 02:00:00:00:00:01, ip: 192.168.1.1}\n"
	                                "- {name: TEA, mac: 02:00:00:00:00:02}\n"
	                                "- {name: net, ip: 192.168.2.0/24}\n",
	                                0);
	house_neighbour(house, "192.168.1.50", "02:00:00:00:00:02");
	house_neighbour(house, "192.168.1.51", "02:00:00:00:00:51");
	house_neighbour(house, "192.168.2.52", "02:00:00:00:00:52");
	house_neighbour(house, "fe80::52", "02:00:00:00:00:52");
	house_neighbour(house, "192.168.2.53", "02:00:00:00:00:53");
	house_publish(house);
	for (size_t i = 0; i < PF_COUNT(cases); i++) {
		struct device device;
		char text[DEVICE_ID_MAX + DEVICE_NAME_MAX + 10] = "";
		int found = roster_find(house->roster, house->registry, cases[i].text, &device);
		if ((found >= 0) != !!cases[i].wanted)
			fail_msg("\"%s\" gives %d", cases[i].text, found);
		if (found >= 0)
			snprintf(text, sizeof text, "%s|%s|%d", device.id, device.name, device.known);
		assert_string_equal(text, cases[i].wanted ? cases[i].wanted : "");
	}
	/* whoever tags a MAC before its device has come makes its row */
	int row = book_find(house->book, "02:00:00:00:00:77", house->now);
	assert_int_equal(row, house_row(house, "mac:02:00:00:00:00:77"));
	assert_int_equal(book_find(house->book, "teapot", house->now), PF_ENOENT);
	/* and a MAC that people have tagged is found by it, in a configured network too */
	row = book_find(house->book, "02:00:00:00:00:53", house->now);
	assert_int_equal(book_tag(house->book, (size_t)row, "guest", 1), PF_OK);
	assert_string_equal(house_ask(house, "192.168.2.53"), "mac:02:00:00:00:00:53");
	assert_int_equal(book_untag(house->book, (size_t)row, "guest"), PF_OK);
	assert_string_equal(house_ask(house, "192.168.2.53"), "name:net");
	house_free(&house);
}

/* ---- too many ---------------------------------------------------------------------------- */

static void made_up_addresses_push_out_each_other(void **state)
{
	(void)state;
	enum { MAX = 64, MADE_UP = 5000 };
	struct house *house = house_new(one_coffee, MAX);
	struct book_stats stats;
	house_neighbour(house, "192.168.1.7", COFFEE);
	/* one that people know, and one that asks again and again */
	house_neighbour(house, "192.168.1.8", CAMERA);
	assert_int_equal(book_tag(house->book, house_row(house, "mac:" CAMERA), "guest", 1), PF_OK);
	for (int i = 0; i < 100; i++) {
		(void)house_ask(house, "192.168.1.9");
		house->now.wall_us += HOUSE_SECOND_US;
	}
	for (unsigned i = 0; i < MADE_UP; i++) {
		char text[ADDR_TEXT_MAX];
		snprintf(text, sizeof text, "10.1.%u.%u", i >> 8, i & 255);
		(void)house_ask(house, text);
		book_stats(house->book, &stats);
		assert_true(stats.unknown <= MAX);
		assert_true(stats.addresses <= MAX + 3);
	}
	assert_true(stats.evicted >= MADE_UP - MAX);
	assert_string_equal(house_ask(house, "192.168.1.7"), "mac:" COFFEE);
	assert_string_equal(house_ask(house, "192.168.1.8"), "mac:" CAMERA);
	assert_int_equal(house_row(house, "ip:192.168.1.9") > 0, 1);
	house_free(&house);
}

/* 100,000 random events against what each address must be at the end. */
static void many_random_events(void **state)
{
	(void)state;
	enum { ADDRESSES = 200, MACS = 50, EVENTS = 100000 };
	int held[ADDRESSES];
	unsigned random = 7;
	struct house *house = house_new(one_coffee, 0);
	memset(held, 0xff, sizeof held);
	for (unsigned i = 0; i < EVENTS; i++) {
		random = random * 1664525u + 1013904223u;
		unsigned address = (random >> 8) % ADDRESSES, mac = (random >> 18) % (MACS + 10);
		char addr_text[ADDR_TEXT_MAX], mac_text[MAC_TEXT_MAX];
		snprintf(addr_text, sizeof addr_text, "10.0.0.%u", address);
		if (random >> 31) { /* these only have to be counted */
			snprintf(addr_text, sizeof addr_text, "fd00::%x", address);
			snprintf(mac_text, sizeof mac_text, "02:00:00:00:00:%02x", mac);
			house_neighbour(house, addr_text, mac < MACS ? mac_text : NULL);
			snprintf(addr_text, sizeof addr_text, "192.168.40.%u", address);
			house_neighbour(house, addr_text, mac % 7 ? mac_text : NULL);
			(void)book_expire(house->book, house->now.wall_us);
			continue;
		}
		snprintf(mac_text, sizeof mac_text, "02:00:00:00:00:%02x", mac);
		held[address] = mac < MACS ? (int)mac : -1;
		house_neighbour(house, addr_text, mac < MACS ? mac_text : NULL);
		if (i % 1000 == 999)
			house_configure(house, i % 2000 == 999 ? "" : one_coffee);
	}
	for (unsigned i = 0; i < ADDRESSES; i++) {
		char addr_text[ADDR_TEXT_MAX], wanted[DEVICE_ID_MAX];
		snprintf(addr_text, sizeof addr_text, "10.0.0.%u", i);
		if (held[i] >= 0)
			snprintf(wanted, sizeof wanted, "mac:02:00:00:00:00:%02x", held[i]);
		else
			snprintf(wanted, sizeof wanted, "ip:%s", addr_text);
		assert_string_equal(house_ask(house, addr_text), wanted);
	}
	/* every row counts as many addresses as lead to it */
	size_t sum = 0;
	struct book_stats stats;
	for (size_t i = 0; i < book_rows(house->book); i++) {
		struct book_view view;
		sum += book_view(house->book, i, &view) ? view.address_count : 0;
	}
	book_stats(house->book, &stats);
	assert_int_equal(sum, stats.addresses);
	house_free(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mac_joins_its_addresses),
		cmocka_unit_test(ipv6_goes_with_a_configured_ipv4_address),
		cmocka_unit_test(an_address_changes_hands),
		cmocka_unit_test(the_kernel_is_quicker),
		cmocka_unit_test(a_forwarder_tells),
		cmocka_unit_test(people_tag),
		cmocka_unit_test(rules_tag),
		cmocka_unit_test(new_has_its_time),
		cmocka_unit_test(a_reload_keeps_what_is_known),
		cmocka_unit_test(who_reads_the_old_roster_may_still_write),
		cmocka_unit_test(a_reload_may_know_addresses_better),
		cmocka_unit_test(memory_comes_back),
		cmocka_unit_test(found_by_what_people_write),
		cmocka_unit_test(made_up_addresses_push_out_each_other),
		cmocka_unit_test(many_random_events),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
