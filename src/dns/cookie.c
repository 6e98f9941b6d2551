/* The cookies of cookie.h. */
#include "dns/cookie.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "dns/dns.h"

#define VERSION 1
#define HASH_BYTES 8
#define HASH_AT (COOKIE_BYTES - HASH_BYTES)
#define TIME_AT 12 /* behind the client's, the version and three reserved bytes */

static_assert(crypto_shorthash_siphash24_BYTES == HASH_BYTES, "RFC 9018, 4.4");
static_assert(crypto_shorthash_siphash24_KEYBYTES == COOKIE_KEY_BYTES, "RFC 9018, 4.4");

/* Of the first sixteen bytes of a cookie and the client's address. */
static void hash(uint8_t out[HASH_BYTES], const uint8_t *cookie, const struct addr *client,
                 const uint8_t key[COOKIE_KEY_BYTES])
{
	uint8_t bytes[HASH_AT + 16];
	size_t address = client->family == 4 ? 4 : 16;
	memcpy(bytes, cookie, HASH_AT);
	memcpy(bytes + HASH_AT, client->bytes, address);
	crypto_shorthash_siphash24(out, bytes, HASH_AT + address, key);
}

static bool is_ours(const uint8_t *cookie, const struct addr *client,
                    const uint8_t key[COOKIE_KEY_BYTES])
{
	uint8_t right[HASH_BYTES];
	hash(right, cookie, client, key);
	return !sodium_memcmp(right, cookie + HASH_AT, HASH_BYTES);
}

bool cookie_take(const uint8_t *option, size_t length, const struct addr *client,
                 const struct cookie_keys *keys, uint32_t now_s, uint8_t reply[COOKIE_BYTES])
{
	bool good = false, fresh = false;
	if (length == COOKIE_BYTES && option[COOKIE_CLIENT_BYTES] == VERSION) {
		/* In serial arithmetic, so that it goes on in 2106. */
		int32_t age_s = (int32_t)(now_s - dns_read32(option + TIME_AT));
		bool in_time = age_s <= COOKIE_PAST_MAX_S && age_s >= -COOKIE_FUTURE_MAX_S;
		bool by_this = in_time && is_ours(option, client, keys->now);
		good = by_this || (in_time && is_ours(option, client, keys->before));
		fresh = by_this && age_s <= COOKIE_FRESH_S;
	}
	if (fresh) {
		memcpy(reply, option, COOKIE_BYTES);
		return good;
	}
	memcpy(reply, option, COOKIE_CLIENT_BYTES);
	memset(reply + COOKIE_CLIENT_BYTES, 0, TIME_AT - COOKIE_CLIENT_BYTES);
	reply[COOKIE_CLIENT_BYTES] = VERSION;
	dns_write32(reply + TIME_AT, now_s);
	hash(reply + HASH_AT, reply, client, keys->now);
	return good;
}
