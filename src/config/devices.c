/* devices: who is who, and which tags there are. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "config/sections.h"
#include "config/unique.h"
#include "config/values.h"

#define DEVICE_PREFIXES_MAX 256 /* addresses and networks of one device */

struct device_reading {
	struct config_device *device;
	struct unique macs, prefixes, hostnames, clients, labels;
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

/* What may be written in several ways is compared as it is meant. */
static void add_hashed(struct reader *reader, struct unique *unique, const struct node *node,
                       const void *bytes, size_t length)
{
	static const struct hash_key key = {1};
	uint64_t hash = hash_bytes(key, bytes, length);
	unique_add(reader, unique, node, &hash, sizeof hash);
}

/* As lease files write it: without regard to case. */
static void read_hostname(struct reader *reader, const struct node *node, void *target)
{
	struct device_reading *reading = target;
	static const char good[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
	char *name = reader_name(reader, node, "hostname", DEVICE_HOSTNAME_MAX);
	if (!name)
		return;
	for (char *c = name; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c |= 0x20;
	if (strspn(name, good) == strlen(name)) {
		strcpy(reading->device->hostname, name);
		add_hashed(reader, &reading->hostnames, node, name, strlen(name));
	} else {
		tell_error(reader, node->pos,
		           "`hostname` must be a name as devices give it to the DHCP server, of letters, "
		           "digits, `-`, `_` and `.`, but `%s` was found",
		           name);
	}
	free(name);
}

/* One label of a host name, as a client puts it before the name of the certificate. */
static void read_tls_id(struct reader *reader, const struct node *node, void *target)
{
	struct device_reading *reading = target;
	static const char good[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
	char show[SHOWN_MAX], *id = reading->device->tls_id;
	const char *text = reader_text(reader, node, "tls-id", "a word");
	if (!text)
		return;
	size_t length = strlen(text);
	for (size_t i = 0; i < length && length < DEVICE_LABEL_MAX; i++)
		id[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] | 0x20 : text[i]);
	if (length < DEVICE_LABEL_MAX && strspn(id, good) == length && id[0] != '-' &&
	    id[length - 1] != '-') {
		add_hashed(reader, &reading->labels, node, id, length);
		return;
	}
	id[0] = '\0';
	tell_error(reader, node->pos,
	           "`tls-id` must be one label of a host name (up to %d letters, digits and `-`), but "
	           "`%s` was found",
	           DEVICE_LABEL_MAX - 1, shown(text, show));
}

static int hex_value(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
	                              : -1;
}

/* "01:64:bc:0c", or without colons. Returns the bytes, or 0. */
static size_t parse_client(const char *text, uint8_t client[DEVICE_CLIENT_MAX])
{
	size_t length = 0;
	while (*text && length < DEVICE_CLIENT_MAX) {
		int high = hex_value(text[0]), low = high < 0 ? -1 : hex_value(text[1]);
		if (low < 0)
			return 0;
		client[length++] = (uint8_t)(high << 4 | low);
		text += 2;
		if (*text == ':' && text[1])
			text++;
	}
	return *text ? 0 : length;
}

static void read_client(struct reader *reader, const struct node *node, void *target)
{
	struct device_reading *reading = target;
	struct config_device *device = reading->device;
	char show[SHOWN_MAX];
	const char *text = reader_text(reader, node, "client-id", "hexadecimal digits");
	if (!text)
		return;
	device->client_length = parse_client(text, device->client);
	if (device->client_length)
		add_hashed(reader, &reading->clients, node, device->client, device->client_length);
	else
		tell_error(reader, node->pos,
		           "`client-id` must be the DHCP client identifier or DUID as the lease has it, up "
		           "to %d bytes like `01:64:bc:0c:80:7e:1f`, but `%s` was found",
		           DEVICE_CLIENT_MAX, shown(text, show));
}

static void read_device_silent_after(struct reader *reader, const struct node *node, void *target)
{
	read_silent_after(reader, node, &((struct device_reading *)target)->device->silent_after_us);
}

void read_silent_after(struct reader *reader, const struct node *node, int64_t *duration_us)
{
	if (value_switch(node) == 0)
		*duration_us = SILENT_AFTER_OFF;
	else
		reader_duration(reader, node, "silent-after", duration_us);
}

int tag_new(struct reader *reader, const struct node *node, const char *text)
{
	char show[SHOWN_MAX];
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

int read_new_tag(struct reader *reader, const struct node *node, const char *key)
{
	const char *text = reader_text(reader, node, key, "a word");
	return text ? tag_new(reader, node, text) : -1;
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
	{"hostname", read_hostname, false},
	{"client-id", read_client, false},
	{"silent-after", read_device_silent_after, false},
	{"tls-id", read_tls_id, false},
};
#define SEEN_ANY (1u << 1 | 1u << 2 | 1u << 4 | 1u << 5 | 1u << 7)

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
		if (item->kind == NODE_MAPPING && !(seen & SEEN_ANY))
			tell_error(reader, item->pos,
			           "a device needs `mac`, `ip`, `client-id`, `hostname` or `tls-id`: else no "
			           "query could be recognised as its own");
	}
	unique_finish(reader, &names, "device name");
	unique_finish(reader, &reading.macs, "MAC address");
	unique_finish(reader, &reading.prefixes, "address or network");
	unique_finish(reader, &reading.hostnames, "host name");
	unique_finish(reader, &reading.clients, "client identifier");
	unique_finish(reader, &reading.labels, "tls-id");
}

void device_deinit(struct config_device *device)
{
	free(device->prefixes);
}
