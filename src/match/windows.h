/* Private to match/: the table of a sieve, from a few bytes in a row to the needles that hang there. */
#ifndef PF_MATCH_WINDOWS_H
#define PF_MATCH_WINDOWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "match/sieve.h"

enum { WINDOW_SHORT, WINDOW_LONG, WINDOW_KINDS };
static const unsigned window_bytes[WINDOW_KINDS] = {SIEVE_NEEDLE_BYTES_MIN, 6};

struct window_hook {
	uint32_t hook;
	uint8_t at; /* where in the needle the window begins */
};

struct window {
	uint64_t key;  /* the bytes; none is 0 */
	uint32_t seen; /* in so many needles */
	uint8_t hook_count;
	struct window_hook hooks[SIEVE_SHARERS_MAX];
};

struct windows {
	unsigned bytes;
	uint64_t seed;          /* lists are strangers' data */
	size_t count, capacity; /* a power of two, or 0 */
	struct window *table;
	/* Once sealed: a bit for each window's hash, so that the table is mostly not looked at. */
	size_t filter_bits;
	uint64_t *filter;
};

/* The bytes at `at`, of which eight can be read. */
static inline uint64_t window_read(const char *at, unsigned bytes)
{
	uint64_t value;
	memcpy(&value, at, sizeof value);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return value << (64 - bytes * 8);
#else
	return value >> (64 - bytes * 8);
#endif
}

static inline uint64_t windows_hash(const struct windows *windows, uint64_t key)
{
	uint64_t mixed = (key ^ windows->seed) * 0x9e3779b97f4a7c15u;
	return (mixed ^ mixed >> 32) * 0xd6e8feb86659fd93u;
}

void windows_init(struct windows *windows, unsigned bytes);
void windows_deinit(struct windows *windows);
size_t windows_size(const struct windows *windows);

/* One needle more has this window. PF_OK or PF_ENOMEM. */
PF_MUST_CHECK int windows_count(struct windows *windows, uint64_t key);
/* One that was counted. Valid until another is. */
struct window *windows_find(struct windows *windows, uint64_t key);
/* Forgets the windows where nothing hangs. PF_OK or PF_ENOMEM. */
PF_MUST_CHECK int windows_seal(struct windows *windows);

/* Sealed. NULL when nothing hangs there. */
const struct window *windows_search(const struct windows *windows, uint64_t key, uint64_t hash);

static inline const struct window *windows_lookup(const struct windows *windows, uint64_t key)
{
	uint64_t hash = windows_hash(windows, key);
	size_t bit = hash >> 32 & (windows->filter_bits - 1);
	if (!(windows->filter[bit / 64] >> bit % 64 & 1))
		return NULL;
	return windows_search(windows, key, hash);
}

#endif
