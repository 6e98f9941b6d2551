/* The table of table.h: linear probing, and removal without tombstones. */
#include "device/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/pages.h"

#define SLOTS_MIN 16

static size_t home_of(const struct address_table *table, const struct addr *addr)
{
	return hash_bytes(table->key, addr, sizeof *addr) & table->mask;
}

/* The index of the address's slot, or of the empty one where it would be. */
static size_t slot_of(const struct address_table *table, const struct addr *addr)
{
	size_t at = home_of(table, addr);
	while (table->slots[at].addr.family && !addr_equal(&table->slots[at].addr, addr))
		at = (at + 1) & table->mask;
	return at;
}

static size_t table_bytes(const struct address_table *table)
{
	return sizeof *table + (table->mask + 1) * sizeof table->slots[0];
}

void *large_new(size_t bytes)
{
	return bytes < PAGES_HUGE_BYTES_MIN ? calloc(1, bytes) : pages_new(bytes);
}

void large_free(void *memory, size_t bytes)
{
	if (bytes < PAGES_HUGE_BYTES_MIN)
		free(memory);
	else
		pages_free(memory, bytes);
}

struct addr key_of_mac(const struct mac *mac)
{
	struct addr key = {.family = KEY_MAC};
	memcpy(key.bytes, mac, sizeof *mac);
	return key;
}

struct addr key_of_stand(const struct mac *mac)
{
	struct addr key = key_of_mac(mac);
	key.family = KEY_STAND;
	return key;
}

struct addr key_of_bytes(struct hash_key key, enum key_family family, const void *bytes,
                         size_t length)
{
	struct addr made = {.family = (uint8_t)family};
	uint64_t hash = hash_bytes(key, bytes, length);
	memcpy(made.bytes, &hash, sizeof hash);
	return made;
}

struct address_table *table_new(struct hash_key key, size_t count)
{
	size_t size = SLOTS_MIN;
	while (size < count * 2)
		size *= 2;
	struct address_table *table = large_new(sizeof *table + size * sizeof table->slots[0]);
	if (!table)
		return NULL;
	table->key = key;
	table->mask = size - 1;
	return table;
}

struct address_entry *table_find(struct address_table *table, const struct addr *addr)
{
	struct address_entry *slot = &table->slots[slot_of(table, addr)];
	return slot->addr.family ? slot : NULL;
}

const struct address_entry *table_look(const struct address_table *table, const struct addr *addr)
{
	const struct address_entry *slot = &table->slots[slot_of(table, addr)];
	return slot->addr.family ? slot : NULL;
}

static bool grow(struct address_table **table)
{
	struct address_table *old = *table;
	struct address_table *grown = table_new(old->key, old->mask + 1);
	if (!grown)
		return false;
	for (size_t i = 0; i <= old->mask; i++)
		if (old->slots[i].addr.family)
			grown->slots[slot_of(grown, &old->slots[i].addr)] = old->slots[i];
	grown->count = old->count;
	large_free(old, table_bytes(old));
	*table = grown;
	return true;
}

struct address_entry *table_put(struct address_table **table, const struct addr *addr)
{
	struct address_entry *slot = table_find(*table, addr);
	if (slot)
		return slot;
	if (((*table)->count + 1) * 2 > (*table)->mask + 1 && !grow(table))
		return NULL;
	slot = &(*table)->slots[slot_of(*table, addr)];
	*slot = (struct address_entry){.addr = *addr};
	(*table)->count++;
	return slot;
}

void table_remove(struct address_table *table, struct address_entry *entry)
{
	size_t gap = (size_t)(entry - table->slots), at = gap;
	for (;;) {
		at = (at + 1) & table->mask;
		struct address_entry *next = &table->slots[at];
		if (!next->addr.family)
			break;
		/* It may stand in the gap when its way from home comes by there. */
		size_t way = (at - home_of(table, &next->addr)) & table->mask;
		if (way < ((at - gap) & table->mask))
			continue;
		table->slots[gap] = *next;
		gap = at;
	}
	table->slots[gap] = (struct address_entry){0};
	table->count--;
}

void table_free(struct address_table **table)
{
	if (*table)
		large_free(*table, table_bytes(*table));
	*table = NULL;
}
