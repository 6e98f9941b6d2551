/* The published table of neighbours: open addressing, built once, read by all workers. */
#include "device/neighbours.h"

#include <stdlib.h>
#include <string.h>

struct neighbour {
	struct addr addr; /* family 0: empty */
	struct mac mac;
};

struct neighbour_table {
	struct hash_key key;
	size_t count, mask;
	struct neighbour slots[];
};

static struct neighbour *slot_of(const struct neighbour_table *table, const struct addr *addr)
{
	size_t at = hash_bytes(table->key, addr, sizeof *addr) & table->mask;
	const struct neighbour *slot = &table->slots[at];
	while (slot->addr.family && !addr_equal(&slot->addr, addr)) {
		at = (at + 1) & table->mask;
		slot = &table->slots[at];
	}
	return (struct neighbour *)slot;
}

bool neighbour_lookup(const struct neighbour_table *table, const struct addr *addr, struct mac *mac)
{
	if (!table || !table->count)
		return false;
	const struct neighbour *slot = slot_of(table, addr);
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
	size_t size = 16;
	while (size < count * 2)
		size *= 2;
	struct neighbour_table *table = calloc(1, sizeof *table + size * sizeof table->slots[0]);
	if (!table)
		return NULL;
	table->key = key;
	table->mask = size - 1;
	for (size_t i = 0; i < count; i++) {
		struct neighbour *slot = slot_of(table, &addrs[i]);
		table->count += !slot->addr.family;
		slot->addr = addrs[i];
		slot->mac = macs[i];
	}
	return table;
}

void neighbour_table_free(struct neighbour_table **table)
{
	free(*table);
	*table = NULL;
}
