/* The table of name_table.h. */
#include "lists/name_table.h"

#include <string.h>

#include "base/pages.h"

#define HOME_COUNT_MIN 256
/* Behind the last home. The more slots behind it are in use, the more often the table grows early, which
 * does no harm; 256 are never in use at LOAD_PERCENT_MAX. */
#define SLACK_COUNT 256
/* An insertion moves 12 slots on average at 80 %, which is two cache lines. */
#define LOAD_PERCENT_MAX 80
#define GROW_PERCENT 135

static size_t home(size_t home_count, uint64_t hash)
{
	return (size_t)((unsigned __int128)hash * home_count >> 64);
}

static size_t bytes_of(size_t slot_count)
{
	return slot_count * sizeof(struct name_slot);
}

int name_table_init(struct name_table *table)
{
	*table = (struct name_table){.home_count = HOME_COUNT_MIN,
	                             .slot_count = HOME_COUNT_MIN + SLACK_COUNT};
	table->slots = pages_new(bytes_of(table->slot_count));
	return table->slots ? PF_OK : PF_ENOMEM;
}

void name_table_deinit(struct name_table *table)
{
	pages_free(table->slots, bytes_of(table->slot_count));
	table->slots = NULL;
}

/* How many slots the entries that stand from `at` on take with so many homes. */
static size_t span(const struct name_table *table, size_t at, size_t home_count)
{
	size_t next = 0;
	for (; at < table->slot_count; at++) {
		size_t slot = home(home_count, name_table_hash(&table->slots[at]));
		next = (slot > next ? slot : next) + 1;
	}
	return next;
}

/* Moves all entries to the end of the table, whose slots are `slot_count` now. Returns where they begin. */
static size_t gather(struct name_table *table, size_t slot_count)
{
	size_t to = slot_count;
	for (size_t at = table->slot_count; at-- > 0;)
		if (table->slots[at].value)
			table->slots[--to] = table->slots[at];
	table->slot_count = slot_count;
	return to;
}

/* Spreads them again from the front. Those that are still to be moved fit behind the one that is, so that
 * it never lands on one of them. */
static void spread(struct name_table *table, size_t from)
{
	size_t next = 0;
	for (size_t at = from; at < table->slot_count; at++) {
		struct name_slot moved = table->slots[at];
		size_t slot = home(table->home_count, name_table_hash(&moved));
		slot = slot > next ? slot : next;
		memset(&table->slots[next], 0, bytes_of(slot - next));
		table->slots[slot] = moved;
		next = slot + 1;
	}
	memset(&table->slots[next], 0, bytes_of(table->slot_count - next));
}

static int grow(struct name_table *table, size_t home_count)
{
	size_t slot_count = home_count + SLACK_COUNT;
	void *slots = pages_resize(table->slots, bytes_of(table->slot_count), bytes_of(slot_count));
	if (!slots)
		return PF_ENOMEM;
	table->slots = slots;
	size_t from = gather(table, slot_count);
	while (span(table, from, home_count) >= slot_count)
		home_count = home_count * 9 / 10; /* fewer homes and more slack: a very odd set of hashes */
	table->home_count = home_count;
	spread(table, from);
	return PF_OK;
}

void name_table_expect(struct name_table *table, size_t count)
{
	size_t home_count = count * 100 / LOAD_PERCENT_MAX + 1;
	if (home_count > table->home_count && grow(table, home_count) != PF_OK)
		return; /* it grows later, step by step, or fails then */
}

int name_table_reserve(struct name_table *table)
{
	bool full = (table->count + 1) * 100 > table->home_count * LOAD_PERCENT_MAX ||
	            table->slots[table->slot_count - 1].value;
	return full ? grow(table, table->home_count * GROW_PERCENT / 100) : PF_OK;
}

void name_table_fetch(const struct name_table *table, uint64_t hash)
{
	const char *slot = (const char *)&table->slots[home(table->home_count, hash)];
	/* where it is looked for, and where the slots behind are moved to */
	__builtin_prefetch(slot, 1);
	__builtin_prefetch(slot + 64, 1);
	__builtin_prefetch(slot + 128, 1);
}

struct name_slot *name_table_find(const struct name_table *table, uint64_t hash, bool *found)
{
	struct name_slot *slot = &table->slots[home(table->home_count, hash)];
	while (slot->value && name_table_hash(slot) < hash)
		slot++; /* the last slot is empty */
	*found = slot->value && name_table_hash(slot) == hash;
	return slot;
}

void name_table_put(struct name_table *table, struct name_slot *at, uint64_t hash, uint32_t value)
{
	struct name_slot *end = at;
	while (end->value)
		end++;
	memmove(at + 1, at, (size_t)((char *)end - (char *)at));
	*at = (struct name_slot){(uint32_t)(hash >> 32), (uint32_t)hash, value};
	table->count++;
}
