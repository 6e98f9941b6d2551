/* XXH3 and getrandom behind hash.h. */
#include "base/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <xxhash.h>

void random_bytes(void *bytes, size_t length)
{
	uint8_t *at = bytes;
	while (length) {
		ssize_t got = getrandom(at, length, 0);
		if (got < 0) {
			if (errno == EINTR)
				continue;
			abort(); /* without randomness every answer could be forged */
		}
		at += got;
		length -= (size_t)got;
	}
}

struct hash_key hash_key_random(void)
{
	struct hash_key key;
	random_bytes(&key.seed, sizeof key.seed);
	return key;
}

uint64_t hash_bytes(struct hash_key key, const void *bytes, size_t length)
{
	return XXH3_64bits_withSeed(bytes, length, key.seed);
}
