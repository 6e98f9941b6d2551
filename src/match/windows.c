/* The table of windows.h: open addressing. */
#include "match/windows.h"

#include <stdlib.h>

#define CAPACITY_MIN 64
#define FILTER_BITS_PER_WINDOW 16
#define FILTER_BITS_MIN 256

void windows_init(struct windows *windows, unsigned bytes)
{
	*windows = (struct windows){.bytes = bytes, .seed = hash_key_random().seed};
}

void windows_deinit(struct windows *windows)
{
	free(windows->table);
	free(windows->filter);
	windows->table = NULL;
	windows->filter = NULL;
}

size_t windows_size(const struct windows *windows)
{
	return windows->capacity * sizeof *windows->table + windows->filter_bits / 8;
}

/* The place of the key, or the empty one where it would stand. */
static struct window *place_of(const struct window *table, size_t capacity, uint64_t key,
                               uint64_t hash)
{
	size_t at = hash & (capacity - 1);
	while (table[at].key && table[at].key != key)
		at = (at + 1) & (capacity - 1);
	return (struct window *)&table[at];
}

/* Into a table of another size; `hanging` only takes those where something hangs. */
static int rebuild(struct windows *windows, size_t capacity, bool hanging)
{
	struct window *table = calloc(capacity, sizeof *table);
	if (!table)
		return PF_ENOMEM;
	windows->count = 0;
	for (size_t i = 0; i < windows->capacity; i++) {
		const struct window *window = &windows->table[i];
		if (!window->key || (hanging && !window->hook_count))
			continue;
		*place_of(table, capacity, window->key, windows_hash(windows, window->key)) = *window;
		windows->count++;
	}
	free(windows->table);
	windows->table = table;
	windows->capacity = capacity;
	return PF_OK;
}

int windows_count(struct windows *windows, uint64_t key)
{
	if (windows->count * 2 >= windows->capacity) {
		size_t capacity = windows->capacity ? windows->capacity * 2 : CAPACITY_MIN;
		if (rebuild(windows, capacity, false) != PF_OK)
			return PF_ENOMEM;
	}
	struct window *window =
		place_of(windows->table, windows->capacity, key, windows_hash(windows, key));
	windows->count += !window->key;
	window->key = key;
	window->seen++;
	return PF_OK;
}

struct window *windows_find(struct windows *windows, uint64_t key)
{
	return place_of(windows->table, windows->capacity, key, windows_hash(windows, key));
}

int windows_seal(struct windows *windows)
{
	size_t hanging = 0, capacity = CAPACITY_MIN, bits = FILTER_BITS_MIN;
	for (size_t i = 0; i < windows->capacity; i++)
		hanging += windows->table[i].hook_count > 0;
	while (capacity < hanging * 2)
		capacity *= 2;
	while (bits < hanging * FILTER_BITS_PER_WINDOW)
		bits *= 2;
	if (!hanging) {
		windows_deinit(windows);
		windows->count = windows->capacity = 0;
		return PF_OK;
	}
	windows->filter = calloc(bits / 64, sizeof *windows->filter);
	if (!windows->filter || rebuild(windows, capacity, true) != PF_OK)
		return PF_ENOMEM;
	windows->filter_bits = bits;
	for (size_t i = 0; i < capacity; i++) {
		size_t bit = windows_hash(windows, windows->table[i].key) >> 32 & (bits - 1);
		if (windows->table[i].key)
			windows->filter[bit / 64] |= (uint64_t)1 << bit % 64;
	}
	return PF_OK;
}

const struct window *windows_search(const struct windows *windows, uint64_t key, uint64_t hash)
{
	const struct window *window = place_of(windows->table, windows->capacity, key, hash);
	return window->key ? window : NULL;
}
