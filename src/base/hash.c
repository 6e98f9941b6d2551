/* XXH3 and getrandom behind hash.h. */
#include "base/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* The library's own code, compiled here: calls into it took as long as hashing a name. */
#define XXH_INLINE_ALL
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

void random_pool_take(struct random_pool *pool, void *bytes, size_t length)
{
	if (length > sizeof pool->bytes) {
		random_bytes(bytes, length);
		return;
	}
	if (pool->left < length) {
		random_bytes(pool->bytes, sizeof pool->bytes);
		pool->left = sizeof pool->bytes;
	}
	pool->left -= length;
	memcpy(bytes, pool->bytes + pool->left, length);
	memset(pool->bytes + pool->left, 0, length);
}

struct hash_key hash_key_random(void)
{
	struct hash_key key;
	random_bytes(&key.seed, sizeof key.seed);
	return key;
}

/* Of an incomplete type: it is XXH3's own state. */
struct hash_stream *hash_stream_new(struct hash_key key)
{
	XXH3_state_t *state = XXH3_createState();
	if (state && XXH3_128bits_reset_withSeed(state, key.seed) == XXH_ERROR) {
		XXH3_freeState(state);
		state = NULL;
	}
	return (struct hash_stream *)state;
}

void hash_stream_free(struct hash_stream **stream)
{
	if (*stream)
		XXH3_freeState((XXH3_state_t *)*stream);
	*stream = NULL;
}

void hash_stream_add(struct hash_stream *stream, const void *bytes, size_t length)
{
	(void)XXH3_128bits_update((XXH3_state_t *)stream, bytes, length); /* fails for NULL only */
}

void hash_stream_digest(const struct hash_stream *stream, uint64_t digest[2])
{
	XXH128_hash_t hash = XXH3_128bits_digest((const XXH3_state_t *)stream);
	digest[0] = hash.low64;
	digest[1] = hash.high64;
}

void hash_bytes_wide(struct hash_key key, const void *bytes, size_t length, uint64_t digest[2])
{
	XXH128_hash_t hash = XXH3_128bits_withSeed(bytes, length, key.seed);
	digest[0] = hash.low64;
	digest[1] = hash.high64;
}

uint64_t hash_bytes(struct hash_key key, const void *bytes, size_t length)
{
	return XXH3_64bits_withSeed(bytes, length, key.seed);
}
