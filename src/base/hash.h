/* Keyed hashing (XXH3 with a random seed): names and addresses come from
 * strangers, who must not be able to choose collisions. One seed per process. */
#ifndef PF_BASE_HASH_H
#define PF_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash_key {
	uint64_t seed;
};

/* From getrandom(2); aborts when the kernel has none, before anything is served. */
struct hash_key hash_key_random(void);
uint64_t hash_bytes(struct hash_key key, const void *bytes, size_t length);

/* 128 bits wide: strong enough to take two contents with one digest for the same, as nobody who does not know the key can
 * make a second one. */
void hash_bytes_wide(struct hash_key key, const void *bytes, size_t length, uint64_t digest[2]);

/* The same in pieces. Owned by the caller; NULL without memory. */
struct hash_stream;
struct hash_stream *hash_stream_new(struct hash_key key);
void hash_stream_free(struct hash_stream **stream);
void hash_stream_add(struct hash_stream *stream, const void *bytes, size_t length);
void hash_stream_digest(const struct hash_stream *stream, uint64_t digest[2]);

/* Random bytes from the kernel (getrandom), for ids and ports. */
void random_bytes(void *bytes, size_t length);

/* The same for who needs a few at a time and often: a system call for many. Zeroed at first; one thread's own. Bytes that
 * were handed out do not stay in it. */
#define RANDOM_POOL_BYTES 256
struct random_pool {
	size_t left;
	unsigned char bytes[RANDOM_POOL_BYTES];
};
void random_pool_take(struct random_pool *pool, void *bytes, size_t length);

#endif
