/* Zones that are served here because nobody outside has an answer to them (private to local/), and the names of addresses in
 * the reverse trees. */
#ifndef PF_LOCAL_ZONES_H
#define PF_LOCAL_ZONES_H

#include "base/addr.h"
#include "dns/name.h"

struct builtin_zone {
	const char *name;
	const char *why; /* "RFC 6303", for the sentence */
	/* A zone with a top of its own: NODATA there, and its DS is its parent's to say (RFC 4035, 3.1.4.1). Else the
	 * name is one that does not exist at all. */
	bool exists;
};

/* Calls `add` for each; stops when it returns another value than PF_OK, and returns that. */
PF_MUST_CHECK int zones_each(int (*add)(void *data, const struct builtin_zone *zone), void *data);

/* 4.3.2.1.in-addr.arpa (RFC 1035, 3.5), or 32 nibbles below ip6.arpa (RFC 3596, 2.5). */
void zones_reverse_name(const struct addr *addr, struct dns_name *name);

#endif
