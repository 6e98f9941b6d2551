/* The registry: devices by MAC, by name, by address and by prefix. One open-addressing table holds MACs, one names, one holds
 * prefixes of all lengths; a look-up by address asks it once for each length that occurs, the longest first. */
#include "device/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/hash.h"

_Static_assert(sizeof(struct prefix) == 18 && sizeof(struct mac) == 6,
               "they are hashed and compared as bytes, so there must be no padding");

struct device_entry {
	struct device device;
	char label[DEVICE_LABEL_MAX];
	size_t prefix_count;
	struct prefix *prefixes;
};

struct slot {
	struct prefix key;
	uint32_t device; /* index + 1; 0: empty */
};

struct mac_slot {
	struct mac key;
	uint32_t device;
};

struct registry {
	struct hash_key seed;
	size_t count;
	struct device_entry *entries;
	size_t mac_mask;
	struct mac_slot *macs;
	uint32_t *names;  /* index + 1, as many slots as `macs` */
	uint32_t *labels; /* the same of those that have a tls-id */
	size_t prefix_mask;
	struct slot *prefixes;
	size_t length_count[2];  /* of IPv4 and IPv6 */
	uint8_t lengths[2][129]; /* that occur, longest first */
};

static size_t family_of(const struct addr *addr)
{
	return addr->family == 6;
}

static size_t table_size(size_t count)
{
	size_t size = 16;
	while (size < count * 2)
		size *= 2;
	return size;
}

/* ---- building ---------------------------------------------------------------------------- */

static void put_mac(struct registry *registry, const struct mac *mac, uint32_t device)
{
	size_t at = hash_bytes(registry->seed, mac, sizeof *mac) & registry->mac_mask;
	while (registry->macs[at].device)
		at = (at + 1) & registry->mac_mask;
	registry->macs[at] = (struct mac_slot){*mac, device};
}

/* The slot of the name's device, or the empty one where it would be. */
static uint32_t *name_slot(const struct registry *registry, const char *name)
{
	char lower[DEVICE_NAME_MAX] = "";
	size_t length = 0;
	for (; name[length] && length + 1 < sizeof lower; length++)
		lower[length] =
			(char)(name[length] >= 'A' && name[length] <= 'Z' ? name[length] | 0x20 : name[length]);
	size_t at = hash_bytes(registry->seed, lower, length) & registry->mac_mask;
	while (registry->names[at] &&
	       strcasecmp(registry->entries[registry->names[at] - 1].device.name, name))
		at = (at + 1) & registry->mac_mask;
	return &registry->names[at];
}

static uint32_t *label_slot(const struct registry *registry, const char *label)
{
	size_t at = hash_bytes(registry->seed, label, strlen(label)) & registry->mac_mask;
	while (registry->labels[at] && strcmp(registry->entries[registry->labels[at] - 1].label, label))
		at = (at + 1) & registry->mac_mask;
	return &registry->labels[at];
}

static struct slot *prefix_slot(const struct registry *registry, const struct prefix *prefix)
{
	size_t at = hash_bytes(registry->seed, prefix, sizeof *prefix) & registry->prefix_mask;
	while (registry->prefixes[at].device &&
	       memcmp(&registry->prefixes[at].key, prefix, sizeof *prefix))
		at = (at + 1) & registry->prefix_mask;
	return &registry->prefixes[at];
}

static void note_length(struct registry *registry, const struct prefix *prefix)
{
	size_t family = family_of(&prefix->addr), at = 0;
	uint8_t *lengths = registry->lengths[family];
	while (at < registry->length_count[family] && lengths[at] > prefix->length)
		at++;
	if (at < registry->length_count[family] && lengths[at] == prefix->length)
		return;
	memmove(lengths + at + 1, lengths + at, registry->length_count[family] - at);
	lengths[at] = prefix->length;
	registry->length_count[family]++;
}

static void name_device(struct device *device, const struct config_device *config)
{
	char mac[MAC_TEXT_MAX];
	snprintf(device->name, sizeof device->name, "%s", config->name);
	device->tags = config->tags | tag_bit(TAG_ALL);
	device->known = true;
	device->has_mac = config->has_mac;
	device->mac = config->mac;
	mac_format(&config->mac, mac);
	if (config->has_mac)
		snprintf(device->id, sizeof device->id, "mac:%s", mac);
	else
		snprintf(device->id, sizeof device->id, "name:%s", config->name);
}

static int fill(struct registry *registry, const struct config *config)
{
	for (size_t i = 0; i < config->device_count; i++) {
		const struct config_device *from = &config->devices[i];
		struct device_entry *entry = &registry->entries[i];
		uint32_t number = (uint32_t)i + 1;
		name_device(&entry->device, from);
		if (from->has_mac)
			put_mac(registry, &from->mac, number);
		uint32_t *name = name_slot(registry, entry->device.name);
		if (!*name)
			*name = number;
		strcpy(entry->label, from->tls_id);
		if (entry->label[0])
			*label_slot(registry, entry->label) = number;
		entry->prefixes = calloc(from->prefix_count + 1, sizeof *entry->prefixes);
		if (!entry->prefixes)
			return PF_ENOMEM;
		entry->prefix_count = from->prefix_count;
		for (size_t p = 0; p < from->prefix_count; p++) {
			struct prefix prefix = from->prefixes[p];
			entry->prefixes[p] = prefix;
			*prefix_slot(registry, &prefix) = (struct slot){prefix, number};
			note_length(registry, &prefix);
		}
	}
	return PF_OK;
}

int registry_build(const struct config *config, struct registry **out)
{
	size_t prefix_count = 0;
	*out = NULL;
	for (size_t i = 0; i < config->device_count; i++)
		prefix_count += config->devices[i].prefix_count;
	struct registry *registry = calloc(1, sizeof *registry);
	if (!registry)
		return PF_ENOMEM;
	size_t mac_size = table_size(config->device_count), prefix_size = table_size(prefix_count);
	registry->seed = hash_key_random();
	registry->count = config->device_count;
	registry->mac_mask = mac_size - 1;
	registry->prefix_mask = prefix_size - 1;
	registry->entries = calloc(config->device_count + 1, sizeof *registry->entries);
	registry->macs = calloc(mac_size, sizeof *registry->macs);
	registry->names = calloc(mac_size, sizeof *registry->names);
	registry->labels = calloc(mac_size, sizeof *registry->labels);
	registry->prefixes = calloc(prefix_size, sizeof *registry->prefixes);
	if (!registry->entries || !registry->macs || !registry->names || !registry->labels ||
	    !registry->prefixes || fill(registry, config) != PF_OK) {
		registry_free(&registry);
		return PF_ENOMEM;
	}
	*out = registry;
	return PF_OK;
}

void registry_free(struct registry **registry)
{
	struct registry *old = *registry;
	if (!old)
		return;
	for (size_t i = 0; old->entries && i < old->count; i++)
		free(old->entries[i].prefixes);
	free(old->entries);
	free(old->macs);
	free(old->names);
	free(old->labels);
	free(old->prefixes);
	free(old);
	*registry = NULL;
}

/* ---- asking ------------------------------------------------------------------------------ */

int registry_by_mac(const struct registry *registry, const struct mac *mac)
{
	size_t at = hash_bytes(registry->seed, mac, sizeof *mac) & registry->mac_mask;
	for (; registry->macs[at].device; at = (at + 1) & registry->mac_mask)
		if (mac_equal(&registry->macs[at].key, mac))
			return (int)registry->macs[at].device - 1;
	return -1;
}

int registry_by_name(const struct registry *registry, const char *name)
{
	uint32_t *slot = name_slot(registry, name);
	return (int)*slot - 1;
}

const char *registry_name_of_label(const struct registry *registry, const char *label)
{
	uint32_t number = *label_slot(registry, label);
	return number ? registry->entries[number - 1].device.name : NULL;
}

static struct prefix cut(const struct addr *addr, uint8_t length)
{
	struct prefix prefix = {0};
	prefix.addr.family = addr->family;
	prefix.length = length;
	memcpy(prefix.addr.bytes, addr->bytes, length / 8);
	if (length % 8)
		prefix.addr.bytes[length / 8] =
			(uint8_t)(addr->bytes[length / 8] & (0xff00u >> (length % 8)));
	return prefix;
}

/* The longest prefix of at most `bits` that holds the address. */
static int by_address(const struct registry *registry, const struct addr *addr, uint8_t bits)
{
	size_t family = family_of(addr);
	for (size_t i = 0; i < registry->length_count[family]; i++) {
		if (registry->lengths[family][i] > bits)
			continue;
		struct prefix prefix = cut(addr, registry->lengths[family][i]);
		const struct slot *slot = prefix_slot(registry, &prefix);
		if (slot->device)
			return (int)slot->device - 1;
	}
	return -1;
}

/* On the packet path for every packet of a stranger: what stands behind the end of a text is not zeroed, and its bytes are copied by a
 * number that the compiler knows. */
static void name_unknown(struct device *device, const struct addr *addr, const struct mac *mac)
{
	char text[ADDR_TEXT_MAX] = "";
	const char *prefix = mac ? "mac:" : "ip:";
	if (mac)
		mac_format(mac, text);
	else
		addr_format(addr, text);
	memcpy(device->id, prefix, 4);
	memcpy(device->id + (mac ? 4 : 3), text, sizeof text);
	memcpy(device->name, text, sizeof text);
	device->tags = tag_bit(TAG_ALL) | tag_bit(TAG_UNKNOWN);
	device->known = false;
	device->has_mac = mac;
	device->mac = mac ? *mac : (struct mac){0};
}

int registry_resolve(const struct registry *registry, const struct addr *addr,
                     const struct mac *mac, struct device *device)
{
	int found = mac ? registry_by_mac(registry, mac) : -1;
	if (found < 0 && addr)
		found = by_address(registry, addr, UINT8_MAX);
	if (found >= 0)
		*device = registry->entries[found].device;
	else
		name_unknown(device, addr, mac);
	return found;
}

int registry_by_network(const struct registry *registry, const struct prefix *network)
{
	return by_address(registry, &network->addr, network->length);
}

size_t registry_count(const struct registry *registry)
{
	return registry->count;
}

void registry_get(const struct registry *registry, size_t index, struct device *device)
{
	*device = registry->entries[index].device;
}

const struct prefix *registry_prefixes(const struct registry *registry, size_t index, size_t *count)
{
	*count = registry->entries[index].prefix_count;
	return registry->entries[index].prefixes;
}
