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

/* Random bytes from the kernel (getrandom), for ids and ports. */
void random_bytes(void *bytes, size_t length);

#endif
