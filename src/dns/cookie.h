/* DNS cookies (RFC 7873) in the interoperable form (RFC 9018): proof that a client stands at the address that it asks from. The client sends
 * eight bytes of its own; we give it sixteen more, a time and a SipHash-2-4 of all and of its address, and know them again when
 * they come back. Nothing is kept for it. */
#ifndef PF_DNS_COOKIE_H
#define PF_DNS_COOKIE_H

#include <stdbool.h>

#include "base/addr.h"

#define DNS_OPTION_COOKIE 10
#define COOKIE_CLIENT_BYTES 8
#define COOKIE_BYTES 24      /* the client's and ours */
#define COOKIE_BYTES_MAX 40  /* with a server's of 32 bytes */
#define COOKIE_SERVER_MIN 16 /* with a server's of 8 bytes */
#define COOKIE_KEY_BYTES 16

#define COOKIE_PAST_MAX_S 3600  /* older ones are not good any more (RFC 9018, 4.3) */
#define COOKIE_FUTURE_MAX_S 300 /* of a server beside us whose clock goes before ours */
#define COOKIE_FRESH_S 1800     /* then it is renewed */

/* Secrets: cookies are made with the one, and those made with the one before it are good as well. */
struct cookie_keys {
	uint8_t now[COOKIE_KEY_BYTES], before[COOKIE_KEY_BYTES];
};

/* May an option have this length? Else the message is malformed (RFC 7873, 5.2.2). */
static inline bool cookie_has_length(size_t length)
{
	return length == COOKIE_CLIENT_BYTES ||
	       (length >= COOKIE_SERVER_MIN && length <= COOKIE_BYTES_MAX);
}

/* Reads an option of such a length, from this client. True: it holds a good cookie of ours. `reply` is what the client gets: the same
 * cookie when it is good and fresh, else a new one. */
bool cookie_take(const uint8_t *option, size_t length, const struct addr *client,
                 const struct cookie_keys *keys, uint32_t now_s, uint8_t reply[COOKIE_BYTES]);

#endif
