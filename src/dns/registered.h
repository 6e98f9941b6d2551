/* Who registered a name: the part of it that was bought, one label below a public suffix, by Mozilla's Public Suffix
 * List (libpsl). `a.vendor.com` belongs to `vendor.com`, `e7.b.akamaiedge.net` to `akamaiedge.net`. Only the registries' part of
 * the list counts: its private part says where a company lets strangers have names (`akamaiedge.net` itself is in there), but
 * who answers for these is still the company. The list divides names among owners; it knows nothing of who they are. */
#ifndef PF_DNS_REGISTERED_H
#define PF_DNS_REGISTERED_H

#include "dns/name.h"

/* The registered domain of `name`, which may be the name itself. PF_ENOENT when it has none: it is a public suffix or the root.
 * Names below a suffix that the list does not know belong to the domain of two labels, as the list itself says ("*").
 * Some microseconds: not for the packet path. */
PF_MUST_CHECK int dns_registered_domain(const struct dns_name *name, struct dns_name *domain);

#endif
