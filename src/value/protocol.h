/* How a question comes to us, and how one goes to an upstream. */
#ifndef PF_VALUE_PROTOCOL_H
#define PF_VALUE_PROTOCOL_H

#include <stdbool.h>

enum protocol {
	PROTOCOL_NONE, /* not known: of a query that another program has written down */
	PROTOCOL_TCP,
	PROTOCOL_UDP,
	PROTOCOL_TLS,   /* RFC 7858 */
	PROTOCOL_HTTPS, /* RFC 8484 */
	PROTOCOL_QUIC,  /* RFC 9250 */
	PROTOCOL_COUNT,
};

/* What listens where this is configured: "UDP and TCP", "DNS over TLS" and so on. */
const char *protocol_service(enum protocol protocol);
/* As the journal has it: "", "tcp", "udp", "dot", "doh", "doq". */
const char *protocol_word(enum protocol protocol);

/* What stands before the address of an upstream: "", "tls://", "https://", "quic://". */
const char *protocol_scheme(enum protocol protocol);

static inline bool protocol_is_encrypted(enum protocol protocol)
{
	return protocol >= PROTOCOL_TLS;
}

/* Which sockets it needs. */
static inline bool protocol_has_udp(enum protocol protocol)
{
	return protocol == PROTOCOL_UDP || protocol == PROTOCOL_QUIC;
}

static inline bool protocol_has_tcp(enum protocol protocol)
{
	return protocol != PROTOCOL_QUIC;
}

#endif
