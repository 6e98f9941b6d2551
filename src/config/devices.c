/* devices: who is who, and which tags there are. */
#include <stdlib.h>
#include <string.h>

#include "config/sections.h"
#include "config/unique.h"
#include "config/values.h"

#define DEVICE_PREFIXES_MAX 256 /* addresses and networks of one device */

struct device_reading {
	struct config_device *device;
	struct unique macs, prefixes;
};

static void read_name(struct reader *reader, const struct node *node, void *target)
{
	struct device_reading *reading = target;
	char *name = reader_name(reader, node, "name", DEVICE_NAME_MAX);
	if (!name)
		return;
	strcpy(reading->device->name, name);
	free(name);
}

static void read_mac(struct reader *reader, const struct node *node, void *target)
{
	struct device_reading *reading = target;
	struct mac *mac = &reading->device->mac;
	reading->device->has_mac = value_mac(reader, node, mac);
	if (reading->device->has_mac)
		unique_add(reader, &reading->macs, node, mac, sizeof *mac);
}

static void read_ip(struct reader *reader, const struct node *node, void *target)
{
	struct device_reading *reading = target;
	struct config_device *device = reading->device;
	const struct list_shape shape = {
		"ip", "an address, a network like 192.168.40.0/24, or a list of these", DEVICE_PREFIXES_MAX,
		false};
	size_t count = reader_list(reader, node, &shape);
	device->prefixes = reader_alloc(reader, count, sizeof *device->prefixes);
	if (!device->prefixes)
		return;
	for (const struct node *item = reader_first(node); item; item = reader_next(node, item)) {
		struct prefix *prefix = &device->prefixes[device->prefix_count];
		if (!value_prefix(reader, item, "ip", prefix))
			continue;
		unique_add(reader, &reading->prefixes, item, prefix, sizeof *prefix);
		device->prefix_count++;
	}
}

int read_new_tag(struct reader *reader, const struct node *node, const char *key)
{
	char show[SHOWN_MAX];
	const char *text = reader_text(reader, node, key, "a word");
	if (!text)
		return -1;
	int tag = tag_add(&reader->config->tags, text);
	if (tag == TAG_UNKNOWN || tag == TAG_NEW)
		tell_error(reader, node->pos,
		           "the tag `%s` is that of devices which nobody has named; give this one another",
		           text);
	else if (tag == PF_EFULL)
		tell_error(reader, node->pos, "`%s` is one tag too many: there can be %d different ones",
		           shown(text, show), TAG_MAX - TAG_BUILTIN_COUNT);
	else if (tag < 0)
		tell_error(
			reader, node->pos,
			"bad tag `%s`; tags have 1 to %d of a-z, 0-9, - and _, and begin with a letter or digit",
			shown(text, show), TAG_NAME_MAX - 1);
	return tag == TAG_UNKNOWN || tag == TAG_NEW || tag < 0 ? -1 : tag;
}

static void read_tags(struct reader *reader, const struct node *node, void *target)
{
	struct device_reading *reading = target;
	const struct list_shape shape = {"tags", "a word or a list of words", TAG_MAX, true};
	if (!reader_list(reader, node, &shape))
		return;
	for (const struct node *item = reader_first(node); item; item = reader_next(node, item)) {
		int tag = read_new_tag(reader, item, "tags");
		if (tag >= 0)
			reading->device->tags |= tag_bit((size_t)tag);
	}
}

static const struct field fields[] = {
	{"name", read_name, true},
	{"mac", read_mac, false},
	{"ip", read_ip, false},
	{"tags", read_tags, false},
};
#define SEEN_MAC_OR_IP (1u << 1 | 1u << 2)

void section_devices(struct reader *reader, const struct node *node, void *target)
{
	struct config *config = target;
	struct device_reading reading = {0};
	struct unique names = {0};
	size_t count = reader_items(reader, node, "devices", CONFIG_DEVICES_MAX);
	config->devices = reader_alloc(reader, count, sizeof *config->devices);
	if (!config->devices)
		return;
	for (const struct node *item = node->first; item; item = item->next) {
		reading.device = &config->devices[config->device_count++];
		reading.device->pos = item->pos;
		reading.device->tags = tag_bit(TAG_ALL);
		unsigned seen =
			reader_mapping(reader, item, "a device", fields, PF_COUNT(fields), &reading);
		unique_add_name(reader, &names, item);
		if (item->kind == NODE_MAPPING && !(seen & SEEN_MAC_OR_IP))
			tell_error(
				reader, item->pos,
				"a device needs `mac`, `ip` or both: else no query could be recognised as its own");
	}
	unique_finish(reader, &names, "device name");
	unique_finish(reader, &reading.macs, "MAC address");
	unique_finish(reader, &reading.prefixes, "address or network");
}

void device_deinit(struct config_device *device)
{
	free(device->prefixes);
}
