/* The special-purpose registries, as IANA has them in 2026. */
#include "value/special.h"

#include <string.h>

struct block {
	uint8_t bytes[8]; /* the leading bytes; the rest of the prefix is zero */
	uint8_t length;
};

/* IANA IPv4 Special-Purpose Address Registry; blocks inside another one are left out. */
static const struct block v4[] = {
	{{0}, 8},             /* "this network", RFC 791 */
	{{10}, 8},            /* private use, RFC 1918 */
	{{100, 64}, 10},      /* shared (CGNAT), RFC 6598 */
	{{127}, 8},           /* loopback, RFC 1122 */
	{{169, 254}, 16},     /* link-local, RFC 3927 */
	{{172, 16}, 12},      /* private use, RFC 1918 */
	{{192, 0, 0}, 24},    /* IETF protocol assignments, RFC 6890 (7335, 7600, 7723, 8155, 8880) */
	{{192, 0, 2}, 24},    /* documentation, RFC 5737 */
	{{192, 31, 196}, 24}, /* AS112, RFC 7535 */
	{{192, 52, 193}, 24}, /* AMT, RFC 7450 */
	{{192, 88, 99}, 24},  /* 6to4 relay anycast, deprecated, RFC 7526 (6751) */
	{{192, 168}, 16},     /* private use, RFC 1918 */
	{{192, 175, 48}, 24}, /* AS112, RFC 7534 */
	{{198, 18}, 15},      /* benchmarking, RFC 2544 */
	{{198, 51, 100}, 24}, /* documentation, RFC 5737 */
	{{203, 0, 113}, 24},  /* documentation, RFC 5737 */
	{{224}, 4},           /* multicast, RFC 5771 */
	{{240}, 4},           /* reserved, RFC 1112, and limited broadcast, RFC 919 */
};

/* IANA IPv6 Special-Purpose Address Registry, and what RFC 4291 takes out of the unicast space. */
static const struct block v6[] = {
	{{0}, 96},                            /* unspecified, loopback, IPv4-compatible, RFC 4291 */
	{{0, 0x64, 0xff, 0x9b, 0, 1}, 48},    /* local-use NAT64, RFC 8215 */
	{{1}, 64},                            /* discard only, RFC 6666 */
	{{1, 0, 0, 0, 0, 0, 0, 1}, 64},       /* dummy prefix, RFC 9780 */
	{{0x20, 0x01}, 23},                   /* IETF protocol assignments, RFC 2928 (Teredo, RFC 4380;
	                                        benchmarking, RFC 5180; AMT, RFC 7450; AS112, RFC 7535;
	                                        ORCHIDv2, RFC 7343; DRIP, RFC 9374) */
	{{0x20, 0x01, 0x0d, 0xb8}, 32},       /* documentation, RFC 3849 */
	{{0x26, 0x20, 0, 0x4f, 0x80, 0}, 48}, /* AS112, RFC 7534 */
	{{0x3f, 0xff}, 20},                   /* documentation, RFC 9637 */
	{{0x5f}, 16},                         /* SRv6 SIDs, RFC 9602 */
	{{0xfc}, 7},                          /* unique local, RFC 4193 */
	{{0xfe, 0x80}, 10},                   /* link-local, RFC 4291 */
	{{0xfe, 0xc0}, 10},                   /* site-local, deprecated by RFC 3879 */
	{{0xff}, 8},                          /* multicast, RFC 4291 */
};

struct addr special_unwrap(const struct addr *addr)
{
	static const uint8_t nat64[12] = {0, 0x64, 0xff, 0x9b};
	struct addr inner = *addr;
	addr_unmap(&inner);
	if (inner.family != 6)
		return inner;
	const uint8_t *v4_bytes = NULL;
	if (inner.bytes[0] == 0x20 && inner.bytes[1] == 0x02)
		v4_bytes = addr->bytes + 2;
	else if (!memcmp(inner.bytes, nat64, sizeof nat64))
		v4_bytes = addr->bytes + 12;
	if (!v4_bytes)
		return inner;
	struct addr unwrapped = {.family = 4};
	memcpy(unwrapped.bytes, v4_bytes, 4);
	return unwrapped;
}

bool special_holds(const struct prefix *prefix)
{
	const struct addr *addr = &prefix->addr;
	const struct block *blocks = addr->family == 4 ? v4 : v6;
	size_t count = addr->family == 4 ? PF_COUNT(v4) : PF_COUNT(v6);
	for (size_t i = 0; i < count; i++) {
		/* Most differ in the first byte already. */
		unsigned shift = blocks[i].length < 8 ? 8u - blocks[i].length : 0;
		if ((addr->bytes[0] ^ blocks[i].bytes[0]) >> shift)
			continue;
		struct prefix block = {.addr.family = addr->family, .length = blocks[i].length};
		memcpy(block.addr.bytes, blocks[i].bytes, sizeof blocks[i].bytes);
		if (block.length <= prefix->length && prefix_contains(&block, addr))
			return true;
	}
	return false;
}

bool special_is(const struct addr *addr)
{
	const struct prefix host = {*addr, (uint8_t)addr_bits(addr)};
	return special_holds(&host);
}
