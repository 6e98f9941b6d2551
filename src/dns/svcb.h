/* A record that names a service and how it is reached (SVCB, RFC 9460), written out: resolvers within TLS (RFC 9461). */
#ifndef PF_DNS_SVCB_H
#define PF_DNS_SVCB_H

#include "base/addr.h"
#include "dns/name.h"

struct svcb_service {
	uint16_t priority; /* from 1: the least is asked first */
	const struct dns_name *target;
	const char *alpn; /* "dot", "doq", "h2" */
	uint16_t port;
	const char *path; /* the URI template behind the authority ("/dns-query{?dns}"); NULL: none */
	/* Where it stands, as hints; both families, in order. */
	const struct addr *addresses;
	size_t address_count;
};

/* The record's data, without compression. Returns its length; 0 when there is no room. */
size_t svcb_write(uint8_t *out, size_t room, const struct svcb_service *service);

#endif
