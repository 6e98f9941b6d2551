/* Private to journal/sqlite/: from bytes to the id of a row, in memory, so that a name that was seen before
 * costs no SELECT. A cache: when it is full it forgets everything, and the database still knows. */
#ifndef PF_JOURNAL_SQLITE_DICTIONARY_H
#define PF_JOURNAL_SQLITE_DICTIONARY_H

#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"

struct dictionary_entry {
	uint64_t hash;
	int64_t id;
	int32_t day; /* the caller's: when the row was last marked as used */
	uint32_t key_offset, key_length;
};

struct dictionary {
	struct hash_key seed;
	size_t entry_count, entry_max;
	struct dictionary_entry *entries; /* owned; room for entry_room */
	uint32_t *slots;                  /* owned; index + 1 into entries; 2 × entry_room of them */
	size_t entry_room;
	uint8_t *keys; /* owned */
	size_t key_bytes, key_room;
};

/* Allocates nothing. `entry_max` is a power of two. */
void dictionary_init(struct dictionary *dictionary, size_t entry_max);
void dictionary_deinit(struct dictionary *dictionary);
void dictionary_clear(struct dictionary *dictionary);

/* The entry, valid until the next add; NULL when it is not known. */
struct dictionary_entry *dictionary_find(const struct dictionary *dictionary, const void *key,
                                         size_t length);

/* Adds a key that is not there; forgets all others first when it is full. NULL without memory. */
struct dictionary_entry *dictionary_add(struct dictionary *dictionary, const void *key,
                                        size_t length, int64_t id);

#endif
