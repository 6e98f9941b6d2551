/* Addresses that lead into the house (attack: a page of the internet gives its own name a private address and talks
 * to the router with the rights of its origin). */
#include <string.h>

#include "local/local.h"
#include "value/special.h"

/* By hand, because every address that is served passes here. */
static bool is_private_v4(const uint8_t *bytes)
{
	static const uint8_t broadcast[4] = {255, 255, 255, 255};
	switch (bytes[0]) {
	case 0:  /* "this network"; 0.0.0.0 is this machine on most systems */
	case 10: /* RFC 1918 */
	case 127: /* loopback */ return true;
	case 100: return (bytes[1] & 0xc0) == 64; /* RFC 6598: carrier NAT, and the members of VPNs */
	case 169: return bytes[1] == 254;         /* link-local, RFC 3927, and the metadata of clouds */
	case 172: return (bytes[1] & 0xf0) == 16; /* RFC 1918 */
	case 192: return bytes[1] == 168;         /* RFC 1918 */
	case 255: return !memcmp(bytes, broadcast, sizeof broadcast);
	default: return false;
	}
}

static bool is_private_v6(const uint8_t *bytes)
{
	static const uint8_t none[12];
	static const uint8_t local_nat64[6] = {0, 0x64, 0xff, 0x9b, 0, 1}; /* RFC 8215 */
	switch (bytes[0]) {
	case 0: /* unspecified, loopback and IPv4-compatible: nothing public is in ::/96 */
		return !memcmp(bytes, none, sizeof none) || !memcmp(bytes, local_nat64, sizeof local_nat64);
	case 0xfc:
	case 0xfd: return true;            /* unique local, RFC 4193 */
	case 0xfe: return bytes[1] & 0x80; /* link-local, and site-local, deprecated by RFC 3879 */
	default: return false;
	}
}

bool rebinding_is_private(const struct addr *addr)
{
	struct addr inner = special_unwrap(addr);
	return inner.family == 4 ? is_private_v4(inner.bytes) : is_private_v6(inner.bytes);
}
