/* Addresses that lead into the house (attack: a page of the internet gives its own name a private address and talks
 * to the router with the rights of its origin). */
#include "local/local.h"
#include "value/special.h"

struct block {
	uint8_t bytes[6];
	uint8_t length;
};

static const struct block v4[] = {
	{{0}, 8},         /* "this network"; 0.0.0.0 is this machine on most systems */
	{{10}, 8},        /* RFC 1918 */
	{{100, 64}, 10},  /* RFC 6598: carrier NAT, and what VPNs give to their members */
	{{127}, 8},       /* loopback */
	{{169, 254}, 16}, /* link-local, RFC 3927, and the metadata of clouds */
	{{172, 16}, 12},  /* RFC 1918 */
	{{192, 168}, 16}, /* RFC 1918 */
	{{255, 255, 255, 255}, 32},
};

static const struct block v6[] = {
	{{0}, 96},                         /* unspecified, loopback, IPv4-compatible: nothing public */
	{{0, 0x64, 0xff, 0x9b, 0, 1}, 48}, /* local-use NAT64, RFC 8215 */
	{{0xfc}, 7},                       /* unique local, RFC 4193 */
	{{0xfe, 0x80}, 10},                /* link-local */
	{{0xfe, 0xc0}, 10},                /* site-local, deprecated by RFC 3879 */
};

bool rebinding_is_private(const struct addr *addr)
{
	struct addr inner = special_unwrap(addr);
	const struct block *blocks = inner.family == 4 ? v4 : v6;
	size_t count = inner.family == 4 ? PF_COUNT(v4) : PF_COUNT(v6);
	for (size_t i = 0; i < count; i++) {
		struct prefix prefix = {.addr.family = inner.family, .length = blocks[i].length};
		for (size_t b = 0; b < sizeof blocks[i].bytes; b++)
			prefix.addr.bytes[b] = blocks[i].bytes[b];
		if (prefix_contains(&prefix, &inner))
			return true;
	}
	return false;
}
