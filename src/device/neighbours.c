/* The table of neighbours: how it is filled and asked. */
#include "device/neighbours.h"

#include <stdlib.h>
#include <string.h>

#include "device/table.h"

#define SLOTS_MIN 16

static size_t home_of(const struct neighbour_table *table, const struct addr *addr)
{
	return hash_bytes(table->key, addr, sizeof *addr) & table->mask;
}

/* The index of the address's slot, or of the empty one where it would be. */
static size_t slot_of(const struct neighbour_table *table, const struct addr *addr)
{
	size_t at = home_of(table, addr);
	while (table->slots[at].addr.family && !addr_equal(&table->slots[at].addr, addr))
		at = (at + 1) & table->mask;
	return at;
}

static size_t table_bytes(const struct neighbour_table *table)
{
	return sizeof *table + (table->mask + 1) * sizeof table->slots[0];
}

struct neighbour_table *table_new(struct hash_key key, size_t count)
{
	size_t size = SLOTS_MIN;
	while (size < count * 2)
		size *= 2;
	struct neighbour_table *table = calloc(1, sizeof *table + size * sizeof table->slots[0]);
	if (!table)
		return NULL;
	table->key = key;
	table->mask = size - 1;
	return table;
}

struct neighbour_table *table_copy(const struct neighbour_table *table)
{
	struct neighbour_table *copy = malloc(table_bytes(table));
	if (copy)
		memcpy(copy, table, table_bytes(table));
	return copy;
}

struct neighbour *table_find(struct neighbour_table *table, const struct addr *addr)
{
	struct neighbour *slot = &table->slots[slot_of(table, addr)];
	return slot->addr.family ? slot : NULL;
}

static bool grow(struct neighbour_table **table)
{
	struct neighbour_table *old = *table;
	struct neighbour_table *grown = table_new(old->key, old->mask + 1);
	if (!grown)
		return false;
	for (size_t i = 0; i <= old->mask; i++)
		if (old->slots[i].addr.family)
			grown->slots[slot_of(grown, &old->slots[i].addr)] = old->slots[i];
	grown->count = old->count;
	free(old);
	*table = grown;
	return true;
}

struct neighbour *table_put(struct neighbour_table **table, const struct addr *addr)
{
	struct neighbour *slot = table_find(*table, addr);
	if (slot)
		return slot;
	if (((*table)->count + 1) * 2 > (*table)->mask + 1 && !grow(table))
		return NULL;
	slot = &(*table)->slots[slot_of(*table, addr)];
	*slot = (struct neighbour){.addr = *addr};
	(*table)->count++;
	return slot;
}

void table_remove(struct neighbour_table *table, struct neighbour *entry)
{
	size_t gap = (size_t)(entry - table->slots), at = gap;
	for (;;) {
		at = (at + 1) & table->mask;
		struct neighbour *next = &table->slots[at];
		if (!next->addr.family)
			break;
		/* It may stand in the gap when its way from home comes by there. */
		size_t way = (at - home_of(table, &next->addr)) & table->mask;
		if (way < ((at - gap) & table->mask))
			continue;
		table->slots[gap] = *next;
		gap = at;
	}
	table->slots[gap] = (struct neighbour){0};
	table->count--;
}

bool neighbour_lookup(const struct neighbour_table *table, const struct addr *addr, struct mac *mac)
{
	if (!table || !table->count)
		return false;
	const struct neighbour *slot = &table->slots[slot_of(table, addr)];
	if (!slot->addr.family)
		return false;
	*mac = slot->mac;
	return true;
}

size_t neighbour_count(const struct neighbour_table *table)
{
	return table ? table->count : 0;
}

void neighbour_each(const struct neighbour_table *table,
                    void (*each)(void *data, const struct addr *addr, const struct mac *mac),
                    void *data)
{
	for (size_t i = 0; table && i <= table->mask; i++)
		if (table->slots[i].addr.family)
			each(data, &table->slots[i].addr, &table->slots[i].mac);
}

struct neighbour_table *neighbour_table_new(struct hash_key key, const struct addr *addrs,
                                            const struct mac *macs, size_t count)
{
	struct neighbour_table *table = table_new(key, count);
	for (size_t i = 0; table && i < count; i++)
		if (addrs[i].family) /* never NULL: there is room for all */
			table_put(&table, &addrs[i])->mac = macs[i];
	return table;
}

void neighbour_table_free(struct neighbour_table **table)
{
	free(*table);
	*table = NULL;
}
