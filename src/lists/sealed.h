/* The name index as it is looked up: one block of memory without pointers, which is also how it lies on the
 * disk (store.h). Immutable; read by any number of threads.
 *
 *     filter   two bits for each name: a tail that lacks one of them is on no list, and no bucket is fetched for it
 *     slots    buckets of eight slots, one cache line each; a name's bucket, its home, follows from the high
 *              bits of its hash; one in twelve finds it full and stands in one of the next that have room
 *     words    the groups, each where its number says (groups.h)
 *
 * A slot is 64 bits: 40 of the name's keyed hash, 23 for its group (0: the slot is empty), and one that is the slot's
 * share of eight: in how many buckets behind this one a name that is at home here may stand, mostly none.
 *
 * No name is kept, so that a name which is on no list is taken for one that is when bucket and 40 bits agree: for
 * each tail that is looked up with odds of 9 slots in 2^40, or 8 in 10^12; for a name of five labels 4 in 10^11.
 * The key is random, so that nobody can choose such a name. */
#ifndef PF_LISTS_SEALED_H
#define PF_LISTS_SEALED_H

#include "base/eight.h"
#include "lists/groups.h"
#include "lists/index.h"
#include "lists/name_hash.h"

#define BUCKET_SLOTS EIGHT
#define BUCKET_LOAD_PERCENT 88 /* of 8 slots; with the filter 9.6 bytes a name */

#define SLOT_HASH_BITS 40
#define SLOT_HASH(hash) ((hash) & (((uint64_t)1 << SLOT_HASH_BITS) - 1))
#define SLOT_GROUP(slot) ((uint32_t)((slot) >> SLOT_HASH_BITS) & GROUPS_MAX)
#define SLOT_DISTANCE_BIT 63
#define BUCKET_DISTANCE_MAX 255

static inline unsigned bucket_distance(const uint64_t *bucket)
{
	unsigned distance = 0;
	for (unsigned i = 0; i < BUCKET_SLOTS; i++)
		distance |= (unsigned)(bucket[i] >> SLOT_DISTANCE_BIT) << i;
	return distance;
}

static inline void bucket_set_distance(uint64_t *bucket, unsigned distance)
{
	for (unsigned i = 0; i < BUCKET_SLOTS; i++)
		bucket[i] = (bucket[i] & ~((uint64_t)1 << SLOT_DISTANCE_BIT)) |
		            (uint64_t)(distance >> i & 1) << SLOT_DISTANCE_BIT;
}

struct sealed_shape {
	uint64_t seed;
	uint64_t depths[2]; /* bit n: some entry has n labels; other tails need no look */
	uint64_t entry_count, name_count;
	uint64_t bucket_count; /* that are some hash's own */
	uint64_t slot_count;   /* and the buckets behind, times BUCKET_SLOTS */
	uint64_t word_count;
};

struct sealed {
	struct sealed_shape shape;
	struct name_key key;                 /* of the seed */
	unsigned deepest;                    /* no entry has more labels */
	bool has_depth[NAME_LABELS_MAX + 1]; /* shape.depths, a byte each */
	size_t filter_word_count;
	const uint64_t *slots, *filter;
	const uint32_t *words;
};

static inline size_t sealed_bucket(uint64_t bucket_count, uint64_t hash)
{
	return (size_t)((unsigned __int128)hash * bucket_count >> 64);
}

/* A word of the filter for sixteen names, in a bucket of which stand seven: half a byte a name, and one tail in six that is not
 * there is looked for all the same. Whole cache lines, so that the slots behind begin with one. */
static inline size_t filter_words(uint64_t bucket_count)
{
	return (bucket_count * 7 / 16 / BUCKET_SLOTS + 1) * BUCKET_SLOTS;
}

static inline size_t filter_word(size_t word_count, uint64_t hash)
{
	return sealed_bucket(word_count, hash);
}

static inline uint64_t filter_bits(uint64_t hash)
{
	return (uint64_t)1 << (hash & 63) | (uint64_t)1 << (hash >> 6 & 63);
}

/* The bytes of the block. */
size_t sealed_bytes(const struct sealed_shape *shape);

/* Borrows a block of sealed_bytes(), aligned to 64. */
void sealed_attach(struct sealed *sealed, const struct sealed_shape *shape, const void *block);

/* A shape from a stranger: can a block of so many bytes have it? */
bool sealed_shape_fits(const struct sealed_shape *shape, size_t bytes);

/* A block from a stranger, whose shape fits: is every number in it within bounds, so that no look-up reads
 * outside, nor for ever, nor speaks of a list that is not among the `list_count`, nor of a detail over `detail_count`?
 * Without memory to find out it is not. */
bool sealed_is_sound(const struct sealed *sealed, size_t list_count, size_t detail_count);

/* list_index_expect_name of index.h. */
void sealed_expect(const struct sealed *sealed, const struct dns_name *name,
                   struct list_tails *tails);

/* list_index_match_plain, list_index_match and list_index_find of index.h. */
bool sealed_match_plain(const struct sealed *sealed, const struct dns_name *name,
                        const struct list_tails *expected, struct list_set *held,
                        struct list_sole *sole);
void sealed_match(const struct sealed *sealed, const struct dns_name *name,
                  struct list_match *match);
size_t sealed_find(const struct sealed *sealed, size_t list, const struct dns_name *name,
                   struct list_hit hits[LIST_HITS_MAX]);

#endif
