/* The table of index.h: linear probing, home slots by the high bits of the hash (so that the table may
 * have any size), several lists with one name as several entries of one probe chain. */
#include "lists/index.h"

#include <stdlib.h>
#include <string.h>

#define SLOT_COUNT_MIN 64
/* Most look-ups find nothing and walk to the next empty slot: 3.6 slots (58 bytes) on average at 60 %. */
#define LOAD_PERCENT_MAX 60

struct slot {
	uint64_t hash;
	uint32_t detail;
	uint16_t list;
	uint8_t covers; /* 0: the slot is empty */
	uint8_t unused;
};
_Static_assert(sizeof(struct slot) == 16, "four slots share a cache line");

struct list_index {
	struct hash_key key;
	size_t slot_count, count;
	struct slot *slots;
	uint64_t depths[2]; /* bit n: some entry has n labels; other tails need no look */
};

static size_t home(const struct list_index *index, uint64_t hash)
{
	return (size_t)((unsigned __int128)hash * index->slot_count >> 64);
}

static size_t next(const struct list_index *index, size_t at)
{
	return at + 1 < index->slot_count ? at + 1 : 0;
}

struct list_index *list_index_new(struct hash_key key)
{
	struct list_index *index = calloc(1, sizeof *index);
	struct slot *slots = calloc(SLOT_COUNT_MIN, sizeof *slots);
	if (!index || !slots) {
		free(index);
		free(slots);
		return NULL;
	}
	index->key = key;
	index->slot_count = SLOT_COUNT_MIN;
	index->slots = slots;
	return index;
}

void list_index_free(struct list_index **index)
{
	if (!*index)
		return;
	free((*index)->slots);
	free(*index);
	*index = NULL;
}

static void put(struct list_index *index, const struct slot *slot)
{
	size_t at = home(index, slot->hash);
	while (index->slots[at].covers)
		at = next(index, at);
	index->slots[at] = *slot;
}

/* Homes grow with the hash in any table size, so that both tables are walked from front to back. */
static int resize(struct list_index *index, size_t slot_count)
{
	struct slot *slots = calloc(slot_count, sizeof *slots);
	if (!slots)
		return PF_ENOMEM;
	struct slot *old = index->slots;
	size_t old_count = index->slot_count;
	index->slots = slots;
	index->slot_count = slot_count;
	for (size_t i = 0; i < old_count; i++)
		if (old[i].covers)
			put(index, &old[i]);
	free(old);
	return PF_OK;
}

static bool adds_nothing(const struct slot *slot, uint64_t hash, const struct list_entry *entry)
{
	return slot->hash == hash && slot->list == entry->list && slot->detail == entry->detail &&
	       (slot->covers & LIST_EXCEPTION) == (entry->covers & LIST_EXCEPTION) &&
	       (slot->covers & entry->covers) == entry->covers;
}

int list_index_add(struct list_index *index, const struct dns_name *name,
                   const struct list_entry *entry)
{
	if ((index->count + 1) * 100 > index->slot_count * LOAD_PERCENT_MAX) {
		int error = resize(index, index->slot_count * 2);
		if (error != PF_OK)
			return error;
	}
	uint64_t hash = hash_bytes(index->key, name->wire, name->length);
	size_t at = home(index, hash);
	for (; index->slots[at].covers; at = next(index, at))
		if (adds_nothing(&index->slots[at], hash, entry))
			return PF_ECONFLICT;
	if (index->count == LIST_INDEX_ENTRY_MAX)
		return PF_EFULL;
	index->slots[at] = (struct slot){.hash = hash,
	                                 .detail = entry->detail,
	                                 .list = entry->list,
	                                 .covers = entry->covers};
	index->depths[name->labels / 64] |= (uint64_t)1 << (name->labels % 64);
	index->count++;
	return PF_OK;
}

void list_index_seal(struct list_index *index)
{
	size_t slot_count = index->count * 100 / LOAD_PERCENT_MAX + 1;
	if (slot_count < SLOT_COUNT_MIN)
		slot_count = SLOT_COUNT_MIN;
	if (slot_count < index->slot_count && resize(index, slot_count) != PF_OK)
		return; /* it works as well, only larger */
}

/* One tail of a name that is asked for: as many as it has labels. */
struct tail {
	uint64_t hash;
	size_t home;
	uint8_t labels;
	uint8_t wanted; /* what an entry must cover to hold the name */
};

/* The tails at which some entry could be, longest first. The slots are fetched while the next hash is
 * computed: in a table of many megabytes each is a cache miss. */
static size_t find_tails(const struct list_index *index, const struct dns_name *name,
                         struct tail tails[NAME_LABELS_MAX])
{
	size_t count = 0, at = 0;
	for (unsigned labels = name->labels; labels; labels--) {
		if (index->depths[labels / 64] >> (labels % 64) & 1) {
			struct tail *tail = &tails[count++];
			tail->hash = hash_bytes(index->key, name->wire + at, name->length - at);
			tail->home = home(index, tail->hash);
			tail->labels = (uint8_t)labels;
			tail->wanted = labels == name->labels ? LIST_COVERS_SELF : LIST_COVERS_BELOW;
			__builtin_prefetch(&index->slots[tail->home]);
		}
		at += name->wire[at] + 1u;
	}
	return count;
}

/* The next slot from `*at` on that covers what the tail wants; NULL at the end of its chain. */
static const struct slot *next_hit(const struct list_index *index, const struct tail *tail,
                                   size_t *at)
{
	const struct slot *slot;
	while ((slot = &index->slots[*at])->covers) {
		*at = next(index, *at);
		if (slot->hash == tail->hash && slot->covers & tail->wanted)
			return slot;
	}
	return NULL;
}

static struct list_hit hit_of(const struct slot *slot, const struct tail *tail)
{
	return (struct list_hit){slot->detail, slot->list, slot->covers, tail->labels};
}

void list_index_match(const struct list_index *index, const struct dns_name *name,
                      struct list_match *match)
{
	struct tail tails[NAME_LABELS_MAX];
	memset(match, 0, offsetof(struct list_match, hits));
	if (!index->count)
		return;
	size_t count = find_tails(index, name, tails);
	for (size_t i = 0; i < count; i++) {
		const struct slot *slot;
		for (size_t at = tails[i].home; (slot = next_hit(index, &tails[i], &at));) {
			bool exception = slot->covers & LIST_EXCEPTION;
			if (slot->detail) {
				if (match->hit_count < LIST_HITS_MAX)
					match->hits[match->hit_count++] = hit_of(slot, &tails[i]);
				else
					match->hits_cut = true;
				continue;
			}
			list_set_add(exception ? &match->excepted : &match->held, slot->list);
			match->any_excepted |= exception;
		}
	}
}

size_t list_index_find(const struct list_index *index, size_t list, const struct dns_name *name,
                       struct list_hit hits[LIST_HITS_MAX])
{
	struct tail tails[NAME_LABELS_MAX];
	size_t found = 0, count = find_tails(index, name, tails);
	for (size_t i = 0; i < count; i++) {
		const struct slot *slot;
		for (size_t at = tails[i].home; (slot = next_hit(index, &tails[i], &at));)
			if (slot->list == list && found < LIST_HITS_MAX)
				hits[found++] = hit_of(slot, &tails[i]);
	}
	return found;
}

size_t list_index_count(const struct list_index *index)
{
	return index->count;
}

size_t list_index_bytes(const struct list_index *index)
{
	return sizeof *index + index->slot_count * sizeof *index->slots;
}
