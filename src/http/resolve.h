/* The addresses of a list's host, found as a client's question would be answered, but for policy: among the owner's records, at
 * the group of its forward zone, or at the default upstreams. Never of the system's resolver:
 * /etc/resolv.conf of this machine is likely to name ourselves, and a list that sinkholes the host of a list could then never be
 * replaced; nor of our own listeners, whose answers are policy. */
#ifndef PF_HTTP_RESOLVE_H
#define PF_HTTP_RESOLVE_H

#include "local/local.h"
#include "upstream/upstream.h"

#define RESOLVE_ADDRESS_MAX \
	16 /* tried one after the other; hosts with more have others that answer */

struct resolution {
	size_t count;
	struct addr addresses[RESOLVE_ADDRESS_MAX];
	const char *error; /* a phrase when there is none: "the upstreams do not answer" … */
};

typedef void (*resolve_done)(void *data, const struct resolution *resolution);

struct lookup;

/* What lookups are made with; all is borrowed. */
struct resolver {
	struct uv_loop_s *loop;
	struct forwarder *forwarder;
	const struct local *local; /* NULL: nothing can be looked up yet */
};

/* CNAMEs that lead from one group's zones, or from a record of the owner's, to other names; more go round in circles. */
#define RESOLVE_HOPS_MAX 8

/* Asks for A and AAAA. `done` is called once, from the loop and never from within, unless the lookup is abandoned before. An
 * address as the host, and localhost (RFC 6761, 6.3), are answered without asking. What leads out of a forward zone is asked of
 * whoever is asked for it: a group is believed for its own zones. NULL: no memory, or no name at
 * all. */
struct lookup *resolve_start(const struct resolver *resolver, const char *host, resolve_done done,
                             void *data);
void resolve_abandon(struct lookup *lookup);

/* "HOST:PORT:ADDRESS,[ADDRESS]": what CURLOPT_RESOLVE takes, so that curl asks nobody. `host` has at most 255 bytes. */
#define RESOLVE_TEXT_MAX (256 + 16 + RESOLVE_ADDRESS_MAX * (ADDR_TEXT_MAX + 3))
void resolve_text(const char *host, uint16_t port, const struct resolution *resolution,
                  char text[RESOLVE_TEXT_MAX]);

#endif
