/* The dictionary of dictionary.h: open addressing, keyed hash, at most half full. */
#include "journal/sqlite/dictionary.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define ENTRY_ROOM_FIRST 64
#define KEY_BYTES_MEAN_MAX 256 /* of entry_max keys: the bound of the keys' memory */

void dictionary_init(struct dictionary *dictionary, size_t entry_max)
{
	*dictionary = (struct dictionary){.seed = hash_key_random(), .entry_max = entry_max};
}

void dictionary_deinit(struct dictionary *dictionary)
{
	free(dictionary->entries);
	free(dictionary->slots);
	free(dictionary->keys);
	*dictionary = (struct dictionary){.seed = dictionary->seed, .entry_max = dictionary->entry_max};
}

void dictionary_clear(struct dictionary *dictionary)
{
	dictionary->entry_count = 0;
	dictionary->key_bytes = 0;
	if (dictionary->slots)
		memset(dictionary->slots, 0, dictionary->entry_room * 2 * sizeof *dictionary->slots);
}

struct dictionary_entry *dictionary_find(const struct dictionary *dictionary, const void *key,
                                         size_t length)
{
	if (!dictionary->entry_count)
		return NULL;
	uint64_t hash = hash_bytes(dictionary->seed, key, length);
	size_t mask = dictionary->entry_room * 2 - 1;
	for (size_t at = hash & mask; dictionary->slots[at]; at = (at + 1) & mask) {
		struct dictionary_entry *entry = &dictionary->entries[dictionary->slots[at] - 1];
		if (entry->hash == hash && entry->key_length == length &&
		    !memcmp(dictionary->keys + entry->key_offset, key, length))
			return entry;
	}
	return NULL;
}

static void link_entry(struct dictionary *dictionary, size_t index)
{
	size_t mask = dictionary->entry_room * 2 - 1;
	size_t at = dictionary->entries[index].hash & mask;
	while (dictionary->slots[at])
		at = (at + 1) & mask;
	dictionary->slots[at] = (uint32_t)index + 1;
}

static bool grow_entries(struct dictionary *dictionary)
{
	size_t room = dictionary->entry_room ? dictionary->entry_room * 2 : ENTRY_ROOM_FIRST;
	uint32_t *slots = calloc(room * 2, sizeof *slots);
	if (!slots)
		return false;
	struct dictionary_entry *entries =
		realloc(dictionary->entries, room * sizeof *dictionary->entries);
	if (!entries) {
		free(slots);
		return false;
	}
	free(dictionary->slots);
	dictionary->entries = entries;
	dictionary->slots = slots;
	dictionary->entry_room = room;
	for (size_t i = 0; i < dictionary->entry_count; i++)
		link_entry(dictionary, i);
	return true;
}

static bool grow_keys(struct dictionary *dictionary, size_t length)
{
	size_t room = dictionary->key_room ? dictionary->key_room : 4096;
	while (room < dictionary->key_bytes + length)
		room *= 2;
	uint8_t *keys = realloc(dictionary->keys, room);
	if (!keys)
		return false;
	dictionary->keys = keys;
	dictionary->key_room = room;
	return true;
}

struct dictionary_entry *dictionary_add(struct dictionary *dictionary, const void *key,
                                        size_t length, int64_t id)
{
	if (dictionary->entry_count == dictionary->entry_max ||
	    dictionary->key_bytes + length > dictionary->entry_max * KEY_BYTES_MEAN_MAX)
		dictionary_clear(dictionary);
	if (dictionary->entry_count == dictionary->entry_room && !grow_entries(dictionary))
		return NULL;
	/* Also for an empty key: what is copied and compared must be somewhere. */
	bool no_room = !dictionary->keys || dictionary->key_bytes + length > dictionary->key_room;
	if (no_room && !grow_keys(dictionary, length))
		return NULL;
	struct dictionary_entry *entry = &dictionary->entries[dictionary->entry_count];
	*entry = (struct dictionary_entry){
		.hash = hash_bytes(dictionary->seed, key, length),
		.id = id,
		.key_offset = (uint32_t)dictionary->key_bytes,
		.key_length = (uint32_t)length,
	};
	memcpy(dictionary->keys + dictionary->key_bytes, key, length);
	dictionary->key_bytes += length;
	link_entry(dictionary, dictionary->entry_count++);
	return entry;
}
