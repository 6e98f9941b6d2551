/* What workers look up: keys (device/table.h) to numbers of rows, made once from a table and never changed. A bucket is a
 * cache line of three whole keys, so that a look-up waits for memory once: who somebody is must not hang on a hash, and
 * the table itself, which has other things to say of each key, takes two to three times the room.
 *
 *   | addr 17 | addr 17 | addr 17 | row 4 | row 4 | row 4 | passed 1 |   64 bytes
 *
 * A key that finds its bucket full stands in one of the next, and `passed` says of each bucket on its way that one went by. */
#ifndef PF_DEVICE_KEY_INDEX_H
#define PF_DEVICE_KEY_INDEX_H

#include "device/table.h"

#define ROW_NONE UINT32_MAX

struct key_index;

/* With room for `count` keys; NULL without memory. */
struct key_index *key_index_new(struct hash_key key, size_t count);
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
