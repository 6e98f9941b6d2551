/* The names of names.h. */
#include "local/names.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

static const struct hash_key no_key;

void names_deinit(struct names *table)
{
	free(table->nodes);
	free(table->slots);
	*table = (struct names){0};
}

static size_t slot_of(const struct names *table, const uint8_t *wire, size_t length)
{
	size_t mask = table->slot_count - 1, at = hash_bytes(no_key, wire, length) & mask;
	while (table->slots[at]) {
		const struct dns_name *name = &table->nodes[table->slots[at] - 1].name;
		if (name->length == length && !memcmp(name->wire, wire, length))
			break;
		at = (at + 1) & mask;
	}
	return at;
}

/* At most half of the slots are in use. */
static bool grow(struct names *table)
{
	size_t room = table->room ? table->room * 2 : 64;
	struct names_node *nodes = realloc(table->nodes, room * sizeof *nodes);
	if (!nodes)
		return false;
	table->nodes = nodes;
	uint32_t *slots = calloc(room * 2, sizeof *slots);
	if (!slots)
		return false;
	free(table->slots);
	table->slots = slots;
	table->slot_count = room * 2;
	table->room = room;
	for (size_t i = 0; i < table->count; i++)
		slots[slot_of(table, nodes[i].name.wire, nodes[i].name.length)] = (uint32_t)(i + 1);
	return true;
}

struct names_node *names_add(struct names *table, const struct dns_name *name)
{
	if (table->count == table->room && (table->count == NAMES_MAX || !grow(table)))
		return NULL;
	size_t slot = slot_of(table, name->wire, name->length);
	if (!table->slots[slot]) {
		table->nodes[table->count++] = (struct names_node){.name = *name};
		table->slots[slot] = (uint32_t)table->count;
	}
	return &table->nodes[table->slots[slot] - 1];
}

const struct names_node *names_find(const struct names *table, const uint8_t *wire, size_t length)
{
	if (!table->slot_count)
		return NULL;
	uint32_t index = table->slots[slot_of(table, wire, length)];
	return index ? &table->nodes[index - 1] : NULL;
}

/* A letter or two of the last label and its length tell most of them apart. */
static uint64_t last_label_bit(const struct dns_name *name)
{
	const uint8_t *label = name->wire;
	while (label[0] && label[label[0] + 1u])
		label += label[0] + 1u;
	uint32_t mixed = label[0] | (uint32_t)label[1] << 8 | (uint32_t)label[label[0]] << 16;
	return (uint64_t)1 << (mixed * 0xc2b2ae35u >> 26); /* apart from com, net, org and the like */
}

void names_mark_zone(struct names *table, const struct dns_name *name)
{
	table->last_labels |= last_label_bit(name);
}

bool names_may_have_zone(const struct names *table, const struct dns_name *name)
{
	return table->last_labels & last_label_bit(name);
}
