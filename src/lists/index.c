/* The index of index.h: a table and groups while it is filled, then one sealed block. */
#include "lists/index.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/pages.h"
#include "lists/groups.h"
#include "lists/name_hash.h"
#include "lists/name_table.h"
#include "lists/place.h"
#include "lists/refill.h"
#include "lists/sealed.h"

struct list_index {
	struct hash_key key;
	struct name_key name_key; /* of the key */
	uint64_t depths[2];
	size_t count;
	/* While it is filled; NULL when sealed. */
	struct groups *groups;
	struct name_table table;
	struct refill refill; /* in place of the table, when it has slots */
	/* Sealed. */
	struct sealed sealed;
	void *block; /* NULL: it is somebody else's */
};

struct list_index *list_index_new_for(struct hash_key key, size_t name_count)
{
	struct list_index *index = calloc(1, sizeof *index);
	if (!index)
		return NULL;
	index->key = key;
	index->name_key = name_key_of(key);
	index->groups = groups_new();
	int error = name_count >= REFILL_NAMES_MIN && name_count <= LIST_INDEX_ENTRY_MAX
	                ? refill_init(&index->refill, name_count)
	                : name_table_init(&index->table);
	if (!index->groups || error != PF_OK)
		list_index_free(&index);
	return index;
}

struct list_index *list_index_new(struct hash_key key)
{
	return list_index_new_for(key, 0);
}

bool list_index_misjudged(const struct list_index *index)
{
	return index->refill.slots && refill_misjudged(&index->refill);
}

void list_index_free(struct list_index **out)
{
	struct list_index *index = *out;
	if (!index)
		return;
	groups_free(&index->groups);
	if (index->table.slots)
		name_table_deinit(&index->table);
	if (index->refill.slots)
		refill_deinit(&index->refill);
	if (index->block)
		pages_free(index->block, sealed_bytes(&index->sealed.shape));
	free(index);
	*out = NULL;
}

void list_index_expect(struct list_index *index, size_t count)
{
	if (index->table.slots)
		name_table_expect(&index->table,
		                  count < LIST_INDEX_ENTRY_MAX ? count : LIST_INDEX_ENTRY_MAX);
}

static void note_added(struct list_index *index, unsigned labels)
{
	index->depths[labels / 64] |= (uint64_t)1 << (labels % 64);
	index->count++;
}

static int add_to_table(struct list_index *index, uint64_t hash, const struct list_entry *entry)
{
	bool found;
	uint32_t to;
	if (name_table_reserve(&index->table) != PF_OK)
		return PF_ENOMEM;
	struct name_slot *slot = name_table_find(&index->table, hash, &found);
	int error = groups_with(index->groups, found ? slot->value : 0, entry, &to);
	if (error != PF_OK)
		return error;
	groups_move(index->groups, found ? slot->value : 0, to);
	if (found)
		slot->value = to;
	else
		name_table_put(&index->table, slot, hash, to);
	return PF_OK;
}

static int add_to_refill(struct list_index *index, uint64_t hash, const struct list_entry *entry)
{
	uint32_t to;
	uint64_t *slot = refill_find(&index->refill, hash);
	uint32_t from = slot ? SLOT_GROUP(*slot) : 0;
	int error = groups_with(index->groups, from, entry, &to);
	if (error != PF_OK)
		return error;
	groups_move(index->groups, from, to);
	if (slot)
		refill_set_group(slot, to);
	else
		refill_put(&index->refill, hash, to);
	return PF_OK;
}

struct list_index_place list_index_fetch(const struct list_index *index,
                                         const struct dns_name *name)
{
	uint64_t hash = name_hash(&index->name_key, name);
	if (index->refill.slots)
		refill_fetch(&index->refill, hash);
	else
		name_table_fetch(&index->table, hash);
	return (struct list_index_place){hash, name->labels};
}

int list_index_put(struct list_index *index, struct list_index_place place,
                   const struct list_entry *entry)
{
	assert(index->groups && entry->list < LIST_MAX);
	if (index->count == LIST_INDEX_ENTRY_MAX)
		return PF_EFULL;
	int error = index->refill.slots ? add_to_refill(index, place.hash, entry)
	                                : add_to_table(index, place.hash, entry);
	if (error == PF_OK)
		note_added(index, place.labels);
	return error;
}

int list_index_add(struct list_index *index, const struct dns_name *name,
                   const struct list_entry *entry)
{
	return list_index_put(index, list_index_fetch(index, name), entry);
}

/* ---- sealing ----------------------------------------------------------------------------- */

/* How many buckets and slots the names of the table take. PF_OK or PF_ENOMEM. */
static int measure_table(struct list_index *index, size_t *bucket_count, size_t *slot_count)
{
	int error;
	*bucket_count = index->table.count * 100 / (BUCKET_SLOTS * BUCKET_LOAD_PERCENT) + 1;
	while ((error = place_names(&index->table, *bucket_count, NULL, slot_count)) == PF_EFULL)
		*bucket_count += *bucket_count / 16 + 1; /* a very odd set of hashes */
	return error;
}

/* PF_OK or PF_ENOMEM. */
static int find_shape(struct list_index *index, const struct groups_size *groups,
                      struct sealed_shape *shape)
{
	size_t names = index->table.count, slot_count = 0, bucket_count;
	int error = PF_OK;
	if (index->refill.slots) {
		names = index->refill.name_count;
		bucket_count = index->refill.bucket_count;
		slot_count = refill_slot_count(&index->refill);
	} else {
		error = measure_table(index, &bucket_count, &slot_count);
	}
	*shape = (struct sealed_shape){
		.seed = index->key.seed,
		.depths = {index->depths[0], index->depths[1]},
		.entry_count = index->count,
		.name_count = names,
		.bucket_count = bucket_count,
		.slot_count = slot_count,
		.word_count = groups->word_count,
	};
	return error;
}

int list_index_seal(struct list_index *index)
{
	struct sealed_shape shape;
	size_t slot_count;
	const struct groups_size groups = groups_measure(index->groups);
	if (find_shape(index, &groups, &shape) != PF_OK)
		return PF_ENOMEM;
	size_t bytes = sealed_bytes(&shape);
	uint32_t *numbers = calloc(groups_number_end(index->groups), sizeof *numbers);
	bool refilled = index->refill.slots;
	uint64_t *block = !numbers   ? NULL
	                  : refilled ? refill_take(&index->refill, bytes)
	                             : pages_new(bytes);
	if (!block) {
		free(numbers);
		return PF_ENOMEM;
	}
	const struct place_target target = {numbers, block + filter_words(shape.bucket_count), block};
	groups_pack(index->groups, &groups, (uint32_t *)(target.slots + shape.slot_count), numbers);
	groups_free(&index->groups);
	int error = PF_OK;
	if (refilled)
		refill_renumber(target.slots, shape.slot_count, numbers);
	else
		error = place_names(&index->table, shape.bucket_count, &target, &slot_count);
	if (!refilled)
		name_table_deinit(&index->table);
	free(numbers);
	if (error != PF_OK) {
		pages_free(block, bytes);
		return error;
	}
	index->block = block;
	sealed_attach(&index->sealed, &shape, block);
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

void list_index_expect_name(const struct list_index *index, const struct dns_name *name,
                            struct list_tails *tails)
{
	sealed_expect(&index->sealed, name, tails);
}

bool list_index_match_plain(const struct list_index *index, const struct dns_name *name,
                            const struct list_tails *tails, struct list_set *held,
                            struct list_sole *sole)
{
	return sealed_match_plain(&index->sealed, name, tails, held, sole);
}

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

size_t list_index_names(const struct list_index *index)
{
	return index->sealed.shape.name_count;
}

size_t list_index_bytes(const struct list_index *index)
{
	return sizeof *index + sealed_bytes(&index->sealed.shape);
}
