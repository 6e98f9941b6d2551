/* The index of key_index.h. */
#include "device/key_index.h"

#include <stdlib.h>
#include <string.h>

#include "base/pages.h"

#define KEYS_EACH 3
#define KEYS_MEAN 2 /* so many for each bucket: one key in twelve stands in a later one */

struct bucket {
	struct addr keys[KEYS_EACH]; /* family 0: free, and so are those behind it */
	uint8_t passed;
	uint32_t rows[KEYS_EACH];
};
_Static_assert(sizeof(struct bucket) == 64, "a bucket is a cache line");
_Static_assert(sizeof(struct addr) == 17, "keys are compared as bytes");

struct key_index {
	uint64_t secrets[2];
	struct hash_key key;
	size_t count; /* of buckets */
	struct bucket *buckets;
};

static uint64_t word_at(const void *bytes)
{
	uint64_t word;
	memcpy(&word, bytes, sizeof word);
	return word;
}

/* Of sixteen bytes and the family: a product of two words with a secret added to each is as good as random to who does not
 * know these (NH of RFC 4418, 5.2.2), and takes a third of the time of a hash for any length. */
static size_t home_of(const struct key_index *index, const struct addr *key)
{
	static const uint64_t golden = UINT64_C(0x9e3779b97f4a7c15);
	unsigned __int128 product = (unsigned __int128)(word_at(key->bytes) + index->secrets[0]) *
	                            (word_at(key->bytes + 8) + index->secrets[1]);
	uint64_t hash = ((uint64_t)(product >> 64) ^ (uint64_t)product) + key->family;
	return (size_t)((hash * golden >> 32) * index->count >> 32);
}

/* The key's place in the bucket, or KEYS_EACH. Without branches: where it stands is luck, and to guess it wrong costs as much as
 * all of this. */
static unsigned place_of(const struct bucket *bucket, const struct addr *key)
{
	const uint8_t *wanted = (const uint8_t *)key;
	unsigned found = 0;
	for (unsigned i = 0; i < KEYS_EACH; i++) {
		const uint8_t *there = (const uint8_t *)&bucket->keys[i];
		uint64_t differs = (word_at(there) ^ word_at(wanted)) |
		                   (word_at(there + 8) ^ word_at(wanted + 8)) |
		                   (uint64_t)(there[16] ^ wanted[16]);
		found |= (unsigned)!differs << i;
	}
	return (found >> 1) + !found * KEYS_EACH; /* 1, 2, 4: 0, 1, 2 */
}

static size_t next_of(const struct key_index *index, size_t bucket)
{
	return bucket + 1 == index->count ? 0 : bucket + 1;
}

struct key_index *key_index_new(struct hash_key key, size_t count)
{
	struct key_index *index = calloc(1, sizeof *index);
	if (!index)
		return NULL;
	index->key = key;
	for (size_t i = 0; i < 2; i++)
		index->secrets[i] = hash_bytes(key, &i, sizeof i);
	index->count = count / KEYS_MEAN + 1;
	index->buckets = pages_new(index->count * sizeof *index->buckets);
	if (!index->buckets)
		key_index_free(&index);
	return index;
}

void key_index_free(struct key_index **index)
{
	if (!*index)
		return;
	pages_free((*index)->buckets, (*index)->count * sizeof *(*index)->buckets);
	free(*index);
	*index = NULL;
}

void key_index_put(struct key_index *index, const struct addr *key, uint32_t row)
{
	size_t at = home_of(index, key), i = 0;
	for (;;) {
		struct bucket *bucket = &index->buckets[at];
		for (i = 0; i < KEYS_EACH && bucket->keys[i].family;)
			i++;
		if (i < KEYS_EACH) {
			bucket->keys[i] = *key;
			bucket->rows[i] = row;
			return;
		}
		bucket->passed = 1;
		at = next_of(index, at);
	}
}

struct hash_key key_index_hash_key(const struct key_index *index)
{
	return index->key;
}

size_t key_index_fetch(const struct key_index *index, const struct addr *key)
{
	size_t home = home_of(index, key);
	__builtin_prefetch(&index->buckets[home]);
	return home;
}

uint32_t key_index_look_at(const struct key_index *index, size_t home, const struct addr *key)
{
	if (!key->family)
		return ROW_NONE; /* it would be equal to a free place */
	for (size_t at = home;; at = next_of(index, at)) {
		const struct bucket *bucket = &index->buckets[at];
		unsigned place = place_of(bucket, key);
		if (place < KEYS_EACH)
			return bucket->rows[place];
		if (!bucket->passed)
			return ROW_NONE;
	}
}

uint32_t key_index_look(const struct key_index *index, const struct addr *key)
{
	return key_index_look_at(index, home_of(index, key), key);
}
