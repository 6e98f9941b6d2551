/* What libunbound found out about one question, made into a message. */
#ifndef PF_RECURSOR_RESOLVED_H
#define PF_RECURSOR_RESOLVED_H

#include "dns/query.h"

enum resolved_trust {
	RESOLVED_INSECURE, /* nobody signs it, or nobody looked */
	RESOLVED_BOGUS,    /* it ought to be signed, and is not rightly */
	RESOLVED_SECURE,
};

/* Borrowed, for the length of a call. */
struct resolved {
	unsigned rcode; /* other than 0: there is no packet */
	const uint8_t *packet;
	size_t length;
	enum resolved_trust trust;
	const char *why; /* of RESOLVED_BOGUS, in libunbound's words; NULL: it does not say */
};

/* The extended error (RFC 8914, 6 to 12) that these words of libunbound's validator speak of; DNS_EDE_BOGUS when they
 * speak of none in particular, and for NULL. */
int resolved_ede(const char *why);

/* The reply to `query`, into `out` of DNS_MESSAGE_MAX bytes; returns its length. What is bogus is SERVFAIL, unless CD is set: then it is
 * served without AD, as RFC 4035, 3.2.2 wants it. AD is set when it is secure and the query has AD or DO. */
size_t resolved_reply(uint8_t *out, const struct dns_query *query, const struct resolved *resolved);

#endif
