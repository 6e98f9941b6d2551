/* Where a list may be fetched from. A subscription must not become a way into the house: not by its URL, not
 * by a redirect, not by what a name resolves to (server-side request forgery, DNS rebinding). */
#ifndef PF_HTTP_GUARD_H
#define PF_HTTP_GUARD_H

#include <stdbool.h>

#include "base/addr.h"

#define GUARD_URL_MAX 2049
#define GUARD_HOST_MAX 256

/* An http or https URL in its parts. */
struct guard_url {
	bool tls;
	char text[GUARD_URL_MAX];  /* as curl writes it: numbers as addresses, without a fragment */
	char host[GUARD_HOST_MAX]; /* without brackets */
	uint16_t port;
};

/* May this address be connected to? Special-use ones (private, loopback, link-local, CGNAT …; also as ::ffff:, 6to4 or
 * NAT64) only with `allow_private`. */
bool guard_address(const struct addr *address, bool allow_private);

/* Takes a URL apart. PF_EINVAL: not http or https, a user or password in it, malformed, too long. */
PF_MUST_CHECK int guard_parse(const char *text, struct guard_url *url);

/* May `from` redirect to `to`? PF_EINVAL with a phrase: from https to http. */
PF_MUST_CHECK int guard_redirect(const struct guard_url *from, const struct guard_url *to,
                                 const char **why);

#endif
