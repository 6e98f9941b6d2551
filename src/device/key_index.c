/* The index of key_index.h. */
#include "device/key_index.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/eight.h"
#include "base/pages.h"

/* Rows are kept as one more, so that zeroed memory holds none, and 0 - 1 is ROW_NONE. */

#define NARROW_EACH EIGHT
#define NARROW_MEAN 5 /* so many for each bucket: one in fifteen buckets is passed by */
#define NARROW_PASSED_HALF (1u << 31)
#define NARROW_PASSED ((uint64_t)NARROW_PASSED_HALF << 32) /* in the first slot */

#define WIDE_EACH 3
#define WIDE_MEAN 2 /* one key in twelve stands in a later bucket */

struct narrow {
	uint64_t slots[NARROW_EACH]; /* the row above, the address below */
};

struct wide {
	uint64_t keys[WIDE_EACH][2];
	uint32_t rows[WIDE_EACH];
	uint32_t passed;
};
_Static_assert(sizeof(struct narrow) == 64 && sizeof(struct wide) == 64,
               "a bucket is a cache line");

struct wide_table {
	size_t count; /* of buckets */
	struct wide *buckets;
};

struct key_index {
	uint64_t secrets[2];
	struct hash_key key;
	size_t narrow_count;
	struct narrow *narrow;
	struct wide_table v6, other;
};

void key_counts_add(struct key_counts *counts, const struct addr *key)
{
	counts->v4 += key->family == 4;
	counts->v6 += key->family == 6;
	counts->other += key->family != 4 && key->family != 6;
}

/* ---- IPv4 -------------------------------------------------------------------------------- */

static uint32_t narrow_key(const struct addr *key)
{
	uint32_t address;
	memcpy(&address, key->bytes, sizeof address);
	return address;
}

/* The high bits of a product with an odd number that nobody knows: multiplicative hashing, universal for 32 bits. */
static size_t narrow_home(const struct key_index *index, uint32_t address)
{
	uint64_t hash = (address ^ (uint32_t)index->secrets[0]) * (index->secrets[1] | 1);
	return (size_t)((hash >> 32) * index->narrow_count >> 32);
}

/* Without branches: where an address stands is luck, and to guess it wrong costs as much as all of this. No address stands in a
 * bucket twice, but a free place looks like 0.0.0.0, and stands behind what is in use. */
static uint32_t narrow_row(const struct narrow *bucket, uint32_t address, bool *passed)
{
	unsigned tops;
	unsigned equal = eight_equal(bucket->slots, address, &tops);
	uint64_t slot = bucket->slots[__builtin_ctz(equal | 1u << (NARROW_EACH - 1))];
	*passed = tops;
	return (uint32_t)(slot >> 32) & ~NARROW_PASSED_HALF & -(uint32_t)(equal != 0);
}

static uint32_t narrow_look(const struct key_index *index, size_t at, uint32_t address)
{
	bool passed;
	uint32_t row = narrow_row(&index->narrow[at], address, &passed);
	while (!row && passed) {
		at = at + 1 == index->narrow_count ? 0 : at + 1;
		row = narrow_row(&index->narrow[at], address, &passed);
	}
	return row - 1;
}

static void narrow_put(struct key_index *index, uint32_t address, uint32_t row)
{
	size_t at = narrow_home(index, address);
	for (;;) {
		uint64_t *slots = index->narrow[at].slots;
		for (size_t i = 0; i < NARROW_EACH; i++) {
			if ((slots[i] & ~NARROW_PASSED) >> 32)
				continue;
			slots[i] |= (uint64_t)(row + 1) << 32 | address;
			return;
		}
		slots[0] |= NARROW_PASSED;
		at = at + 1 == index->narrow_count ? 0 : at + 1;
	}
}

/* ---- IPv6, and all else ------------------------------------------------------------------ */

static const struct wide_table *table_of(const struct key_index *index, const struct addr *key)
{
	return key->family == 6 ? &index->v6 : &index->other;
}

/* Keys that are no addresses leave their last byte free: it says which they are. */
static void wide_key(const struct addr *key, uint64_t words[2])
{
	memcpy(words, key->bytes, sizeof key->bytes);
	if (key->family != 6)
		((uint8_t *)words)[sizeof key->bytes - 1] = key->family;
}

/* Of sixteen bytes: a product of two words with a secret added to each is as good as random to who does not know these (NH of
 * RFC 4418, 5.2.2), and takes a third of the time of a hash for any length. */
static size_t wide_home(const struct key_index *index, const struct wide_table *table,
                        const uint64_t key[2])
{
	static const uint64_t golden = UINT64_C(0x9e3779b97f4a7c15);
	uint64_t a = key[0] + index->secrets[0], b = key[1] + index->secrets[1];
	uint64_t high = (uint64_t)((unsigned __int128)a * b >> 64);
	return (size_t)(((high ^ a * b) * golden >> 32) * table->count >> 32);
}

static uint32_t wide_row(const struct wide *bucket, const uint64_t key[2])
{
	uint32_t row = 0;
	for (unsigned i = 0; i < WIDE_EACH; i++) {
		uint64_t differs = (bucket->keys[i][0] ^ key[0]) | (bucket->keys[i][1] ^ key[1]);
		row |= bucket->rows[i] & -(uint32_t)!differs;
	}
	return row;
}

static uint32_t wide_look(const struct wide_table *table, size_t at, const uint64_t key[2])
{
	uint32_t row = wide_row(&table->buckets[at], key);
	while (!row && table->buckets[at].passed) {
		at = at + 1 == table->count ? 0 : at + 1;
		row = wide_row(&table->buckets[at], key);
	}
	return row - 1;
}

static void wide_put(const struct key_index *index, const struct wide_table *table,
                     const struct addr *key, uint32_t row)
{
	uint64_t words[2];
	wide_key(key, words);
	size_t at = wide_home(index, table, words);
	for (;;) {
		struct wide *bucket = &table->buckets[at];
		for (size_t i = 0; i < WIDE_EACH; i++) {
			if (bucket->rows[i])
				continue;
			memcpy(bucket->keys[i], words, sizeof words);
			bucket->rows[i] = row + 1;
			return;
		}
		bucket->passed = 1;
		at = at + 1 == table->count ? 0 : at + 1;
	}
}

/* ---- all of it --------------------------------------------------------------------------- */

static size_t bytes_of(size_t bucket_count)
{
	return pages_all_huge(bucket_count * sizeof(struct wide));
}

static bool wide_init(struct wide_table *table, size_t count)
{
	table->count = count / WIDE_MEAN + 1;
	table->buckets = pages_new(bytes_of(table->count));
	return table->buckets;
}

struct key_index *key_index_new(struct hash_key key, const struct key_counts *counts)
{
	struct key_index *index = calloc(1, sizeof *index);
	if (!index)
		return NULL;
	index->key = key;
	for (size_t i = 0; i < 2; i++)
		index->secrets[i] = hash_bytes(key, &i, sizeof i);
	index->narrow_count = counts->v4 / NARROW_MEAN + 1;
	index->narrow = pages_new(bytes_of(index->narrow_count));
	if (!wide_init(&index->v6, counts->v6) || !wide_init(&index->other, counts->other) ||
	    !index->narrow)
		key_index_free(&index);
	return index;
}

void key_index_free(struct key_index **out)
{
	struct key_index *index = *out;
	if (!index)
		return;
	pages_free(index->narrow, bytes_of(index->narrow_count));
	pages_free(index->v6.buckets, bytes_of(index->v6.count));
	pages_free(index->other.buckets, bytes_of(index->other.count));
	free(index);
	*out = NULL;
}

void key_index_put(struct key_index *index, const struct addr *key, uint32_t row)
{
	assert(row < KEY_ROWS_MAX);
	if (key->family == 4)
		narrow_put(index, narrow_key(key), row);
	else
		wide_put(index, table_of(index, key), key, row);
}

struct hash_key key_index_hash_key(const struct key_index *index)
{
	return index->key;
}

size_t key_index_fetch(const struct key_index *index, const struct addr *key)
{
	size_t home;
	if (key->family == 4) {
		home = narrow_home(index, narrow_key(key));
		__builtin_prefetch(&index->narrow[home]);
		return home;
	}
	uint64_t words[2];
	const struct wide_table *table = table_of(index, key);
	wide_key(key, words);
	home = wide_home(index, table, words);
	__builtin_prefetch(&table->buckets[home]);
	return home;
}

uint32_t key_index_look_at(const struct key_index *index, size_t home, const struct addr *key)
{
	uint64_t words[2];
	if (key->family == 4)
		return narrow_look(index, home, narrow_key(key));
	wide_key(key, words);
	return wide_look(table_of(index, key), home, words);
}

uint32_t key_index_look(const struct key_index *index, const struct addr *key)
{
	uint64_t words[2];
	if (key->family == 4)
		return narrow_look(index, narrow_home(index, narrow_key(key)), narrow_key(key));
	const struct wide_table *table = table_of(index, key);
	wide_key(key, words);
	return wide_look(table, wide_home(index, table, words), words);
}
