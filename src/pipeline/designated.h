/* Private to pipeline/: the encrypted endpoints of this daemon, for clients that have its address only and ask
 * `_dns.resolver.arpa` (RFC 9462). What is named is what the sockets really are, under a name that the certificate is for. */
#ifndef PF_PIPELINE_DESIGNATED_H
#define PF_PIPELINE_DESIGNATED_H

#include "config/config.h"
#include "dns/reply.h"
#include "tls/server.h"

#define DESIGNATED_TTL \
	CONFIG_HOST_TTL_DEFAULT_S /* a listener that is gone is forgotten within a minute */
#define DESIGNATED_PATH "/dns-query{?dns}" /* what net/doh.c answers */

/* The name under which clients come: that of listen.discovery, else the first of listen.certificate.names that the certificate is
 * for, else the certificate's own. False: there is none, or listen.discovery is off; then nobody is told of anything. */
bool designated_name(const struct config *config, const struct tls_server *tls,
                     struct dns_name *name);

/* What listens, and what the client has asked: `family` 0 is not known. */
struct designated {
	const struct config_listen *listen;
	size_t listen_count;
	const struct dns_name *name;
	struct addr asked;
};

/* SVCB records as reply.h has them, one for each protocol and port that the client can reach; what has no room is left off.
 * Returns their length; 0: there is nothing to name. */
size_t designated_records(const struct designated *designated, uint8_t records[REPLY_RECORDS_MAX]);

#endif
