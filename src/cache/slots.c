/* Tables of entries, see slots.h. */
#include "cache/slots.h"

#include <stdlib.h>

struct slots *slots_new(size_t size)
{
	struct slots *table = calloc(1, sizeof *table + size * sizeof table->slots[0]);
	if (table)
		table->size = size;
	return table;
}

size_t slots_bytes(size_t size)
{
	return sizeof(struct slots) + size * sizeof(slot_word);
}

/* Thirteen in sixteen are taken at most, so that a search looks at two or three; it grows by a quarter only, for slots are a part of what an entry takes. */
size_t slots_size_for_more(const struct slots *table)
{
	if (!table)
		return SLOTS_MIN;
	if ((table->count + 1) * 16 <= table->size * 13)
		return table->size;
	if (table->size == SLOTS_MAX)
		return 0;
	size_t size = (table->size + table->size / 4 + 7) & ~(size_t)7;
	return size < SLOTS_MAX ? size : SLOTS_MAX;
}

static void store(struct slots *table, size_t at, uint64_t slot)
{
	atomic_store_explicit(&table->slots[at], slot, memory_order_release);
}

static void put(struct slots *table, uint64_t slot)
{
	size_t at = slots_place(table, slot >> SLOTS_ADDRESS_BITS);
	while (slots_load(table, at))
		at = slots_next(table, at);
	store(table, at, slot);
	table->count++;
}

struct slots *slots_grown(const struct slots *from, size_t size)
{
	struct slots *table = slots_new(size);
	for (size_t i = 0; table && from && i < from->size; i++) {
		uint64_t slot = slots_load(from, i);
		if (slot)
			put(table, slot);
	}
	return table;
}

static uint64_t slot_of(uint64_t tag, const struct cache_entry *entry)
{
	return tag << SLOTS_ADDRESS_BITS | (uint64_t)(uintptr_t)entry >> SLOTS_ALIGN_BITS;
}

bool slots_can_hold(const struct cache_entry *entry)
{
	return slots_entry(slot_of(0, entry)) == entry;
}

void slots_put(struct slots *table, uint64_t hash, struct cache_entry *entry)
{
	put(table, slot_of(slots_tag(hash), entry));
}

void slots_replace(struct slots *table, size_t at, struct cache_entry *entry)
{
	store(table, at, slot_of(slots_load(table, at) >> SLOTS_ADDRESS_BITS, entry));
}

/* Does `place` lie behind `from` and not behind `to`, going round? */
static bool between(size_t place, size_t from, size_t to)
{
	return from <= to ? from < place && place <= to : from < place || place <= to;
}

void slots_remove(struct slots *table, size_t at, atomic_uint *moves)
{
	bool moved = false;
	for (size_t i = slots_next(table, at);; i = slots_next(table, i)) {
		uint64_t slot = slots_load(table, i);
		if (!slot)
			break;
		if (between(slots_place(table, slot >> SLOTS_ADDRESS_BITS), at, i))
			continue;
		if (!moved)
			atomic_fetch_add_explicit(moves, 1, memory_order_acq_rel);
		moved = true;
		store(table, at, slot);
		at = i;
	}
	store(table, at, 0);
	if (moved)
		atomic_fetch_add_explicit(moves, 1, memory_order_acq_rel);
	table->count--;
}
