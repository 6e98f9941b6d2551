/* What a forwarder says of the client for whom it asks, in EDNS options. Anybody can say anything: the caller looks at it only
 * for forwarders that it trusts. Nothing of it is ever passed on (dns_query_write). */
#ifndef PF_DNS_CLIENT_H
#define PF_DNS_CLIENT_H

#include "base/addr.h"
#include "dns/query.h"

#define DNS_OPTION_MAC 65001    /* dnsmasq's add-mac: six bytes */
#define DNS_OPTION_DEVICE 65073 /* dnsmasq's add-mac=text or base64, Nominum's device id: text */
#define DNS_CLIENT_TEXT_MAX 64  /* bytes, NUL included */

struct dns_client {
	bool has_mac; /* of option 65001, else of a text that is one */
	struct mac mac;
	char text
		[DNS_CLIENT_TEXT_MAX]; /* letters, digits, "-_.:+/ " and no more; "" when there is none */
	bool has_subnet;
	struct prefix subnet; /* the source prefix; never of length 0, which says nothing */
};

/* Reads the options of a message that dns_query_parse took. An option that is malformed, or stands there twice, says
 * nothing. */
void dns_client_read(const uint8_t *packet, const struct dns_edns *edns, struct dns_client *client);

#endif
