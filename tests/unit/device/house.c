/* See house.h. */
#include "unit/device/house.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct hash_key seed = {42};

struct addr house_addr(const char *text)
{
	struct addr addr;
	assert_int_equal(addr_parse(text, &addr), PF_OK);
	return addr;
}

struct mac house_mac(const char *text)
{
	struct mac mac;
	assert_int_equal(mac_parse(text, &mac), PF_OK);
	return mac;
}

void house_configure(struct house *house, const char *yaml)
{
	struct diag diag;
	struct config *config;
	struct registry *registry;
	struct roster *roster;
	char text[4096];
	diag_init(&diag);
	snprintf(text, sizeof text, "upstreams: 192.0.2.1\ngeo: {location: []}\n%s", yaml);
	int error = config_parse("/house.yaml", text, strlen(text), &diag, &config);
	if (error != PF_OK)
		fail_msg("%s", diag.count ? diag.entries[0].text : "no configuration");
	diag_deinit(&diag);
	assert_int_equal(registry_build(config, &registry), PF_OK);
	assert_int_equal(book_adopt(house->book, config, registry, house->vendors, house->now, &roster),
	                 PF_OK);
	roster_free(&house->roster);
	registry_free(&house->registry);
	config_free(&house->config);
	house->config = config;
	house->registry = registry;
	house->roster = roster;
}

struct house *house_new(const char *yaml, size_t unknown_max)
{
	struct house *house = calloc(1, sizeof *house);
	assert_non_null(house);
	rcu_register_thread();
	house->now = (struct now){1000000, HOUSE_START_US};
	house->book = book_new(seed, unknown_max);
	assert_non_null(house->book);
	house_configure(house, yaml);
	return house;
}

void house_free(struct house **house)
{
	roster_free(&(*house)->roster);
	book_free(&(*house)->book);
	registry_free(&(*house)->registry);
	config_free(&(*house)->config);
	vendors_free(&(*house)->vendors);
	free(*house);
	*house = NULL;
	rcu_barrier();
	rcu_unregister_thread();
}

void house_publish(struct house *house)
{
	if (!book_is_dirty(house->book))
		return;
	roster_free(&house->roster);
	house->roster = book_roster(house->book);
	assert_non_null(house->roster);
}

void house_neighbour(struct house *house, const char *addr_text, const char *mac_text)
{
	struct addr addr = house_addr(addr_text);
	struct mac mac = mac_text ? house_mac(mac_text) : (struct mac){{0}};
	book_neighbour(house->book, &addr, mac_text ? &mac : NULL, house->now);
}

const struct device *house_asker(struct house *house, const struct asker *asker)
{
	static struct device device;
	memset(&device, 0xee, sizeof device); /* all of it must be filled */
	bool found =
		roster_identify(house->roster, house->registry, asker, house->now.wall_us, &device);
	if (!found && !device.known)
		book_sighting(house->book, asker, house->now.wall_us);
	return &device;
}

const char *house_ask(struct house *house, const char *addr)
{
	struct asker asker = {.addr = house_addr(addr)};
	house_publish(house);
	return house_asker(house, &asker)->id;
}

void house_leases(struct house *house, size_t file, const char *text)
{
	struct lease_list list;
	assert_int_equal(lease_parse(LEASE_DNSMASQ, text, strlen(text), house->now.wall_us, &list),
	                 PF_OK);
	assert_int_equal(book_leases(house->book, file, &list, house->now), PF_OK);
	lease_list_deinit(&list);
}

size_t house_row(struct house *house, const char *id)
{
	struct book_view view;
	for (size_t i = 0; i < book_rows(house->book); i++)
		if (book_view(house->book, i, &view) && !strcmp(view.device->id, id))
			return i;
	fail_msg("There is no device %s.", id);
	return 0;
}

const char *house_tags(struct house *house, const char *addr)
{
	static char text[TAG_MAX * TAG_NAME_MAX];
	struct asker asker = {.addr = house_addr(addr)};
	house_publish(house);
	tag_set tags = house_asker(house, &asker)->tags;
	text[0] = '\0';
	for (size_t i = 0; i < house->config->tags.count; i++)
		if (tags & tag_bit(i)) {
			strcat(text, text[0] ? " " : "");
			strcat(text, house->config->tags.names[i]);
		}
	return text;
}

const char *house_change(struct house *house)
{
	static char text[400];
	struct device_change change;
	text[0] = '\0';
	if (book_take_change(house->book, &change))
		snprintf(text, sizeof text, "%s %s into %s: %s",
		         change.kind == DEVICE_MERGED ? "merged" : "split", change.from, change.into,
		         change.why);
	return text;
}
