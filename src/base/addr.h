/* IP addresses, prefixes and MAC addresses as small values: parsed, printed,
 * compared. No memory is owned here. */
#ifndef PF_BASE_ADDR_H
#define PF_BASE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"

#define ADDR_TEXT_MAX 46   /* INET6_ADDRSTRLEN */
#define PREFIX_TEXT_MAX 50 /* address, '/', three digits, NUL */
#define MAC_TEXT_MAX 18    /* "64:bc:0c:80:7e:1f" and NUL */
#define ADDR_PORT_TEXT_MAX 56

/* An address in network byte order; IPv4 fills bytes[0..3], the rest is zero, so
 * that addresses can be compared and hashed as a whole. */
struct addr {
	uint8_t family; /* 4, 6; 0: none */
	uint8_t bytes[16];
};

struct prefix {
	struct addr addr; /* host bits are zero */
	uint8_t length;   /* bits: 0..32 or 0..128 */
};

struct addr_port {
	struct addr addr;
	uint16_t port; /* host byte order */
};

struct mac {
	uint8_t bytes[6];
};

/* "192.0.2.1", "2001:db8::1"; no zone, no port. PF_EINVAL. */
PF_MUST_CHECK int addr_parse(const char *text, struct addr *addr);
void addr_format(const struct addr *addr, char text[ADDR_TEXT_MAX]);
static inline bool addr_equal(const struct addr *a, const struct addr *b)
{
	return a->family == b->family && !memcmp(a->bytes, b->bytes, sizeof a->bytes);
}
unsigned addr_bits(const struct addr *addr); /* 32 or 128 */

/* ::ffff:a.b.c.d becomes a.b.c.d (RFC 4291, 2.5.5.2); all else stays. */
void addr_unmap(struct addr *addr);
/* Of this machine alone: 127.0.0.0/8, ::1, and the first written as IPv6. */
bool addr_is_loopback(const struct addr *addr);
/* 0.0.0.0 or ::, which stand for all addresses of this machine where one is to be listened on. */
bool addr_is_any(const struct addr *addr);
/* Of one link (RFC 4291): fe80::/10. */
bool addr_is_link_local6(const struct addr *addr);

/* "192.168.40.0/24", "2001:db8::/32", or an address for one host. PF_EINVAL when it is
 * none, or when host bits are set. */
PF_MUST_CHECK int prefix_parse(const char *text, struct prefix *prefix);
void prefix_format(const struct prefix *prefix, char text[PREFIX_TEXT_MAX]);
bool prefix_contains(const struct prefix *prefix, const struct addr *addr);
/* Does one of them? */
bool any_prefix_contains(const struct prefix *prefixes, size_t count, const struct addr *addr);

/* "192.0.2.1", "192.0.2.1:53", "2001:db8::1", "[2001:db8::1]:53", and with '@' for ':' as in
 * unbound's files ("192.0.2.1@53"). Without a port it gets `port_default`. PF_EINVAL. */
PF_MUST_CHECK int addr_port_parse(const char *text, uint16_t port_default, struct addr_port *out);
void addr_port_format(const struct addr_port *addr_port, char text[ADDR_PORT_TEXT_MAX]);

/* Returns the length of what it wrote; mapped addresses are unwrapped on the way in. */
socklen_t addr_to_sockaddr(const struct addr_port *in, struct sockaddr_storage *out);
PF_MUST_CHECK int addr_from_sockaddr(const struct sockaddr *in, struct addr_port *out);

/* Six pairs of hex digits, divided by ':' or '-'. PF_EINVAL. */
PF_MUST_CHECK int mac_parse(const char *text, struct mac *mac);
void mac_format(const struct mac *mac, char text[MAC_TEXT_MAX]);
bool mac_equal(const struct mac *a, const struct mac *b);

#endif
