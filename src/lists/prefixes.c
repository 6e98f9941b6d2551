/* The table of prefixes.h. Both families stand in one array: IPv4 is what it is in IPv6's clothes,
 * ::ffff:a.b.c.d. */
#include "lists/prefixes.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "lists/slots.h"

#define V4_BITS 96 /* before an IPv4 address in its mapped form */
#define CAPACITY_MIN 64

struct network {
	uint8_t bytes[16];
	uint8_t length;
	uint8_t covers;
	uint16_t list;
	uint32_t detail;
	uint32_t around; /* the place of the next larger network that holds this one, from 1; 0: none */
};

struct list_prefixes {
	struct hash_key key;
	struct slots slots; /* until it is sealed */
	size_t count, capacity;
	bool sealed;
	struct network *networks;
};

struct list_prefixes *list_prefixes_new(void)
{
	struct list_prefixes *prefixes = calloc(1, sizeof *prefixes);
	if (prefixes)
		prefixes->key = hash_key_random();
	return prefixes;
}

void list_prefixes_free(struct list_prefixes **prefixes)
{
	if (!*prefixes)
		return;
	slots_deinit(&(*prefixes)->slots);
	free((*prefixes)->networks);
	free(*prefixes);
	*prefixes = NULL;
}

static unsigned to_mapped(const struct addr *addr, uint8_t bytes[16])
{
	static const uint8_t before[12] = {[10] = 0xff, [11] = 0xff};
	if (addr->family != 4) {
		memcpy(bytes, addr->bytes, 16);
		return 0;
	}
	memcpy(bytes, before, sizeof before);
	memcpy(bytes + sizeof before, addr->bytes, 4);
	return V4_BITS;
}

static void to_prefix(const struct network *network, struct prefix *prefix)
{
	struct addr addr = {.family = 6};
	memcpy(addr.bytes, network->bytes, 16);
	prefix->length = network->length;
	if (network->length >= V4_BITS) {
		addr_unmap(&addr);
		if (addr.family == 4)
			prefix->length = (uint8_t)(network->length - V4_BITS);
	}
	prefix->addr = addr;
}

/* By where they begin, the larger one first. */
static int compare(const void *a, const void *b)
{
	const struct network *one = a, *other = b;
	int order = memcmp(one->bytes, other->bytes, sizeof one->bytes);
	if (!order)
		order = one->length - other->length;
	if (!order)
		order = one->list - other->list;
	if (!order)
		order = one->covers - other->covers;
	if (!order)
		order = (one->detail > other->detail) - (one->detail < other->detail);
	return order;
}

static bool is_network(const void *table, size_t place, const void *wanted)
{
	return !compare(&((const struct list_prefixes *)table)->networks[place], wanted);
}

int list_prefixes_add(struct list_prefixes *prefixes, const struct prefix *prefix,
                      const struct list_entry *entry)
{
	struct network network = {.covers = entry->covers,
	                          .list = entry->list,
	                          .detail = entry->detail};
	network.length = (uint8_t)(prefix->length + to_mapped(&prefix->addr, network.bytes));
	uint64_t hash = hash_bytes(prefixes->key, network.bytes, sizeof network.bytes) +
	                network.length + 256u * network.list;
	if (slots_find(&prefixes->slots, hash, is_network, prefixes, &network) >= 0)
		return PF_ECONFLICT;
	if (prefixes->count == LIST_PREFIXES_MAX)
		return PF_EFULL;
	if (prefixes->count == prefixes->capacity) {
		size_t capacity = prefixes->capacity ? prefixes->capacity * 2 : CAPACITY_MIN;
		struct network *grown = realloc(prefixes->networks, capacity * sizeof *grown);
		if (!grown)
			return PF_ENOMEM;
		prefixes->networks = grown;
		prefixes->capacity = capacity;
	}
	if (slots_add(&prefixes->slots, hash, prefixes->count) != PF_OK)
		return PF_ENOMEM;
	prefixes->networks[prefixes->count++] = network;
	return PF_OK;
}

static bool holds(const struct network *network, const uint8_t bytes[16])
{
	unsigned whole = network->length / 8, rest = network->length % 8;
	if (memcmp(network->bytes, bytes, whole) != 0)
		return false;
	return !rest || !((network->bytes[whole] ^ bytes[whole]) >> (8 - rest));
}

void list_prefixes_seal(struct list_prefixes *prefixes)
{
	struct network *networks = prefixes->networks;
	prefixes->sealed = true;
	slots_deinit(&prefixes->slots);
	if (!prefixes->count)
		return;
	qsort(networks, prefixes->count, sizeof *networks, compare);
	for (size_t i = 0; i < prefixes->count; i++) {
		size_t around = i; /* what holds it is open still: it began before */
		while (around && !holds(&networks[around - 1], networks[i].bytes))
			around = networks[around - 1].around;
		networks[i].around = (uint32_t)around;
	}
	struct network *shrunk = realloc(networks, prefixes->count * sizeof *shrunk);
	if (shrunk) {
		prefixes->networks = shrunk;
		prefixes->capacity = prefixes->count;
	}
}

void list_prefixes_match(const struct list_prefixes *prefixes, const struct addr *addr,
                         void (*take)(void *data, const struct list_hit *hit,
                                      const struct prefix *prefix),
                         void *data)
{
	uint8_t bytes[16];
	size_t low = 0, high = prefixes->sealed ? prefixes->count : 0;
	to_mapped(addr, bytes);
	while (low < high) { /* the first that begins behind the address */
		size_t middle = (low + high) / 2;
		if (memcmp(prefixes->networks[middle].bytes, bytes, sizeof bytes) > 0)
			high = middle;
		else
			low = middle + 1;
	}
	for (size_t at = low; at; at = prefixes->networks[at - 1].around) {
		const struct network *network = &prefixes->networks[at - 1];
		struct prefix prefix;
		if (!holds(network, bytes))
			continue;
		to_prefix(network, &prefix);
		take(data,
		     &(struct list_hit){.detail = network->detail,
		                        .list = network->list,
		                        .covers = network->covers,
		                        .labels = network->length},
		     &prefix);
	}
}

size_t list_prefixes_count(const struct list_prefixes *prefixes)
{
	return prefixes->count;
}

size_t list_prefixes_bytes(const struct list_prefixes *prefixes)
{
	return sizeof *prefixes + prefixes->capacity * sizeof *prefixes->networks;
}
