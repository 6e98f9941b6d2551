/* What workers look up: keys (device/table.h) to numbers of rows, made once from a table and never changed. A bucket is a
 * cache line, so that a look-up waits for memory once, and it holds whole keys: who somebody is must not hang on a hash. Most of
 * what is asked for is an address, so each kind of them has buckets of its own, and so have the other keys, which nobody asks for
 * but forwarders:
 *
 *   IPv4   | addr 4, row 4 | eight times                                  64 bytes, of which an address takes 13
 *   IPv6   | addr 16 | addr 16 | addr 16 | row 4 | row 4 | row 4 | passed 4 |    64 bytes, 32 for each
 *   other  the same
 *
 * A key that finds its bucket full stands in one of the next, and `passed` says of each bucket on its way that one went by; of
 * IPv4 it is a bit of the first row. Homes follow from a keyed hash, as strangers choose their addresses. */
#ifndef PF_DEVICE_KEY_INDEX_H
#define PF_DEVICE_KEY_INDEX_H

#include "device/table.h"

#define ROW_NONE UINT32_MAX
#define KEY_ROWS_MAX 0x7ffffffeu /* a row's number is less */

struct key_index;

/* How many keys there are of each kind. */
struct key_counts {
	size_t v4, v6, other;
};
void key_counts_add(struct key_counts *counts, const struct addr *key);

/* With room for so many; NULL without memory. */
struct key_index *key_index_new(struct hash_key key, const struct key_counts *counts);
void key_index_free(struct key_index **index);
/* One that is not there yet; as many as there is room for. */
void key_index_put(struct key_index *index, const struct addr *key, uint32_t row);
struct hash_key key_index_hash_key(const struct key_index *index);

/* The key's row or ROW_NONE. */
uint32_t key_index_look(const struct key_index *index, const struct addr *key);
/* Has the key's bucket fetched from memory, waits for nothing, and says where it is, for a look later on. */
size_t key_index_fetch(const struct key_index *index, const struct addr *key);
uint32_t key_index_look_at(const struct key_index *index, size_t home, const struct addr *key);

#endif
