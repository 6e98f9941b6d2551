/* Private to cache/: the entries of a shard by the hash of their question. One word for each, with open addressing: the entry's address and as much of its
 * hash as says where it belongs and that it is hardly another, so that a search waits for one line of the table and the entry, and a table grows
 * without a look at any entry.
 *
 *   slot = first 20 bits of the hash | address / 16       place = those 20 bits, scaled to the size
 *
 * Whoever changes it has the shard's lock; whoever reads is under rcu_read_lock. A replaced entry is one store. One that goes makes room for
 * those behind it, which must stay in reach without gaps: they move, and who reads meanwhile may pass by one. So whoever has found nothing asks `moves`,
 * which is odd while they move. */
#ifndef PF_CACHE_SLOTS_H
#define PF_CACHE_SLOTS_H

#include "cache/cache.h"

#define SLOTS_TAG_BITS 20
#define SLOTS_ADDRESS_BITS (64 - SLOTS_TAG_BITS)
#define SLOTS_ALIGN_BITS (alignof(max_align_t) >= 16 ? 4 : 3) /* of what malloc gives, 0 */
#define SLOTS_MIN 16
#define SLOTS_MAX (1u << SLOTS_TAG_BITS)
#define SLOTS_NOT_FOUND SIZE_MAX

typedef atomic_uint_least64_t slot_word;

struct slots {
	struct rcu_head rcu;
	size_t size, count;
	slot_word slots[];
};

static inline uint64_t slots_tag(uint64_t hash)
{
	return hash >> SLOTS_ADDRESS_BITS;
}

static inline size_t slots_place(const struct slots *table, uint64_t tag)
{
	return (size_t)(tag * table->size >> SLOTS_TAG_BITS);
}

static inline uint64_t slots_load(const struct slots *table, size_t at)
{
	return atomic_load_explicit((slot_word *)&table->slots[at], memory_order_acquire);
}

static inline struct cache_entry *slots_entry(uint64_t slot)
{
	return (struct cache_entry *)(uintptr_t)(slot << SLOTS_TAG_BITS >>
	                                         (SLOTS_TAG_BITS - SLOTS_ALIGN_BITS));
}

static inline size_t slots_next(const struct slots *table, size_t at)
{
	return at + 1 == table->size ? 0 : at + 1;
}

/* Where the entry of this question is, which goes to `*entry`; or SLOTS_NOT_FOUND. One place at least is empty, so it ends. */
static inline size_t slots_find(const struct slots *table, const struct cache_ask *ask,
                                struct cache_entry **entry)
{
	const uint64_t tag = slots_tag(ask->hash);
	for (size_t at = slots_place(table, tag);; at = slots_next(table, at)) {
		uint64_t slot = slots_load(table, at);
		if (!slot)
			return SLOTS_NOT_FOUND;
		if (slot >> SLOTS_ADDRESS_BITS != tag)
			continue;
		struct cache_entry *found = slots_entry(slot);
		if (!cache_entry_is(found, ask))
			continue;
		*entry = found;
		return at;
	}
}

/* Empty. NULL without memory. */
struct slots *slots_new(size_t size);
size_t slots_bytes(size_t size);

/* How large the next one is when there is no room for one more in this one, else its own size; 0: a larger one there is not. NULL: that of
 * the first. */
size_t slots_size_for_more(const struct slots *table);

/* All of `from` (NULL: nothing) is in the new one too; NULL without memory. */
struct slots *slots_grown(const struct slots *from, size_t size);

/* May an entry at this address be put in? On machines whose addresses are longer than all that are known, not all may. */
bool slots_can_hold(const struct cache_entry *entry);

/* A new question: there is room. */
void slots_put(struct slots *table, uint64_t hash, struct cache_entry *entry);
void slots_replace(struct slots *table, size_t at, struct cache_entry *entry);
void slots_remove(struct slots *table, size_t at, atomic_uint *moves);

#endif
