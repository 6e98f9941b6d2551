/* The index of index.h: a table and groups while it is filled, then one sealed block. */
#include "lists/index.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/pages.h"
#include "lists/groups.h"
#include "lists/name_table.h"
#include "lists/sealed.h"

/* After so many bytes that sealing has read of the table they are given back. */
#define FORGET_BYTES ((size_t)2 << 20)

struct list_index {
	struct hash_key key;
	uint64_t depths[2];
	size_t count;
	/* While it is filled; NULL when sealed. */
	struct groups *groups;
	struct name_table table;
	/* Sealed. */
	struct sealed sealed;
	void *block; /* NULL: it is somebody else's */
};

struct list_index *list_index_new(struct hash_key key)
{
	struct list_index *index = calloc(1, sizeof *index);
	if (!index)
		return NULL;
	index->key = key;
	index->groups = groups_new();
	if (!index->groups || name_table_init(&index->table) != PF_OK)
		list_index_free(&index);
	return index;
}

void list_index_free(struct list_index **out)
{
	struct list_index *index = *out;
	if (!index)
		return;
	groups_free(&index->groups);
	if (index->table.slots)
		name_table_deinit(&index->table);
	if (index->block)
		pages_free(index->block, sealed_bytes(&index->sealed.shape));
	free(index);
	*out = NULL;
}

int list_index_add(struct list_index *index, const struct dns_name *name,
                   const struct list_entry *entry)
{
	bool found;
	uint32_t to;
	assert(index->groups && entry->list < LIST_MAX);
	if (index->count == LIST_INDEX_ENTRY_MAX)
		return PF_EFULL;
	if (name_table_reserve(&index->table) != PF_OK)
		return PF_ENOMEM;
	uint64_t hash = hash_bytes(index->key, name->wire, name->length);
	struct name_slot *slot = name_table_find(&index->table, hash, &found);
	int error = groups_with(index->groups, found ? slot->value : 0, entry, &to);
	if (error != PF_OK)
		return error;
	groups_move(index->groups, found ? slot->value : 0, to);
	if (found)
		slot->value = to;
	else
		name_table_put(&index->table, slot, hash, to);
	index->depths[name->labels / 64] |= (uint64_t)1 << (name->labels % 64);
	index->count++;
	return PF_OK;
}

/* ---- sealing ----------------------------------------------------------------------------- */

/* How many slots the names take, each in its bucket or behind. */
static size_t measure_slots(const struct name_table *table, size_t bucket_count)
{
	size_t next = 0;
	for (size_t i = 0; i < table->slot_count; i++) {
		const struct name_slot *slot = &table->slots[i];
		if (!slot->value)
			continue;
		size_t at = sealed_bucket(bucket_count, name_table_hash(slot)) * BUCKET_SLOTS;
		next = (at > next ? at : next) + 1;
	}
	size_t least = bucket_count * BUCKET_SLOTS;
	return next <= least ? least : (next + BUCKET_SLOTS - 1) / BUCKET_SLOTS * BUCKET_SLOTS;
}

/* In the order of the hashes, which is how the table has them; what was read is given back on the way. */
static void write_slots(struct name_table *table, const struct sealed_shape *shape,
                        const uint32_t *numbers, uint64_t *slots)
{
	size_t next = 0;
	char *forgotten = (char *)table->slots;
	for (size_t i = 0; i < table->slot_count; i++) {
		const struct name_slot *slot = &table->slots[i];
		if ((size_t)((const char *)slot - forgotten) >= FORGET_BYTES) {
			pages_forget(forgotten, slot);
			forgotten = (char *)slot;
		}
		if (!slot->value)
			continue;
		uint64_t hash = name_table_hash(slot);
		size_t bucket = sealed_bucket(shape->bucket_count, hash), at = bucket * BUCKET_SLOTS;
		at = at > next ? at : next;
		next = at + 1;
		slots[at] |= SLOT_HASH(hash) | (uint64_t)numbers[slot->value] << SLOT_HASH_BITS;
		for (; bucket < at / BUCKET_SLOTS; bucket++)
			slots[bucket * BUCKET_SLOTS + BUCKET_SLOTS - 1] |= SLOT_GOES_ON;
	}
}

static struct sealed_shape shape_of(const struct list_index *index)
{
	struct groups_size groups = groups_measure(index->groups);
	size_t names = index->table.count;
	size_t bucket_count = names * 100 / (BUCKET_SLOTS * BUCKET_LOAD_PERCENT) + 1;
	return (struct sealed_shape){
		.seed = index->key.seed,
		.depths = {index->depths[0], index->depths[1]},
		.entry_count = index->count,
		.name_count = names,
		.bucket_count = bucket_count,
		.slot_count = measure_slots(&index->table, bucket_count),
		.group_count = groups.group_count,
		.word_count = groups.word_count,
	};
}

int list_index_seal(struct list_index *index)
{
	struct sealed_shape shape = shape_of(index);
	if (shape.word_count > UINT32_MAX)
		return PF_ENOMEM; /* 16 GB of groups */
	uint32_t *numbers = calloc(groups_number_end(index->groups), sizeof *numbers);
	uint64_t *slots = numbers ? pages_new(sealed_bytes(&shape)) : NULL;
	if (!slots) {
		free(numbers);
		return PF_ENOMEM;
	}
	uint32_t *starts = (uint32_t *)(slots + shape.slot_count);
	groups_pack(index->groups, starts, starts + shape.group_count + 2, numbers);
	groups_free(&index->groups);
	write_slots(&index->table, &shape, numbers, slots);
	name_table_deinit(&index->table);
	free(numbers);
	index->block = slots;
	sealed_attach(&index->sealed, &shape, slots);
	return PF_OK;
}

const struct sealed *list_index_sealed(const struct list_index *index)
{
	return &index->sealed;
}

struct list_index *list_index_over(const struct sealed *sealed)
{
	struct list_index *index = calloc(1, sizeof *index);
	if (!index)
		return NULL;
	index->sealed = *sealed;
	index->count = sealed->shape.entry_count;
	return index;
}

/* ---- sealed ------------------------------------------------------------------------------- */

void list_index_match(const struct list_index *index, const struct dns_name *name,
                      struct list_match *match)
{
	sealed_match(&index->sealed, name, match);
}

size_t list_index_find(const struct list_index *index, size_t list, const struct dns_name *name,
                       struct list_hit hits[LIST_HITS_MAX])
{
	return sealed_find(&index->sealed, list, name, hits);
}

size_t list_index_count(const struct list_index *index)
{
	return index->count;
}

size_t list_index_bytes(const struct list_index *index)
{
	return sizeof *index + sealed_bytes(&index->sealed.shape);
}
