/* Keyed hashes of a name and of all its tails, in one walk from the last label to the first, where a hash of each tail by itself
 * reads the last labels again and again. Names come from strangers: the key is random, and nobody sees what comes out.
 *
 * A label, its length byte first, is read in words of sixteen bytes, zeroes behind its end; each becomes a product of its two
 * halves, to one of which a secret is added and to the other the hash so far (as in NH of RFC 4418, 5.2.2), folded to 64 bits. As
 * the length stands in front no two names are the same row of words. */
#ifndef PF_LISTS_NAME_HASH_H
#define PF_LISTS_NAME_HASH_H

#include "base/hash.h"
#include "dns/name.h"

struct name_key {
	uint64_t first, second;
};

static inline struct name_key name_key_of(struct hash_key key)
{
	static const uint8_t which[] = {1, 2};
	return (struct name_key){hash_bytes(key, &which[0], 1), hash_bytes(key, &which[1], 1)};
}

#define NAME_HASH_WORD 16
/* What may be read behind a name's end; longer names are copied to where there is as much room. */
#define NAME_HASH_WIRE_MAX (NAME_WIRE_MAX - NAME_HASH_WORD)

static inline uint64_t name_hash_half(const uint8_t *bytes)
{
	uint64_t half;
	memcpy(&half, bytes, sizeof half);
	return half;
}

static inline uint64_t name_hash_fold(uint64_t a, uint64_t b)
{
	uint64_t high =
		(uint64_t)((unsigned __int128)a * b >> 64); /* so written no half goes by the stack */
	return high ^ a * b;
}

/* With one label more in front; up to 15 bytes behind it are read, and do not count. */
static inline uint64_t name_hash_label(const struct name_key *key, uint64_t hash,
                                       const uint8_t *label)
{
	static const uint8_t masks[NAME_HASH_WORD * 2] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	};
	size_t left = label[0] + 1u;
	for (; __builtin_expect(left > NAME_HASH_WORD, 0);
	     left -= NAME_HASH_WORD, label += NAME_HASH_WORD)
		hash = name_hash_fold(name_hash_half(label) ^ key->first, name_hash_half(label + 8) ^ hash);
	const uint8_t *mask = masks + NAME_HASH_WORD - left;
	return name_hash_fold((name_hash_half(label) & name_hash_half(mask)) ^ key->first,
	                      (name_hash_half(label + 8) & name_hash_half(mask + 8)) ^ hash);
}

/* Where labels begin. */
static inline void name_hash_starts(const uint8_t *wire, unsigned labels,
                                    uint8_t starts[NAME_LABELS_MAX])
{
	size_t at = 0;
	for (unsigned i = 0; i < labels; i++) {
		starts[i] = (uint8_t)at;
		at += wire[at] + 1u;
	}
}

/* Of the whole name. The same as of its labels from the last to the first, with key->second to begin with. */
uint64_t name_hash(const struct name_key *key, const struct dns_name *name);

#endif
