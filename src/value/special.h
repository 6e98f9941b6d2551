/* Addresses that stand nowhere, and addresses inside addresses. */
#ifndef PF_VALUE_SPECIAL_H
#define PF_VALUE_SPECIAL_H

#include "base/addr.h"

/* The address that counts: IPv4-mapped (RFC 4291, 2.5.5.2), 6to4 (RFC 3056) and NAT64 (RFC 6052) addresses become the IPv4
 * address in them. */
struct addr special_unwrap(const struct addr *addr);

/* Is it in the IANA special-purpose registries (RFC 6890 and later), or multicast? Such addresses are
 * never looked up: free databases give countries for them. The address is unwrapped already. */
bool special_is(const struct addr *addr);
/* Are all addresses of this network? */
bool special_holds(const struct prefix *prefix);

#endif
