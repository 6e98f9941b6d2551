/* The words of protocol.h. */
#include "value/protocol.h"

const char *protocol_service(enum protocol protocol)
{
	static const char *const words[PROTOCOL_COUNT] = {
		"", "TCP", "UDP and TCP", "DNS over TLS", "DNS over HTTPS", "DNS over QUIC"};
	return words[protocol];
}

const char *protocol_word(enum protocol protocol)
{
	static const char *const words[PROTOCOL_COUNT] = {"", "tcp", "udp", "dot", "doh", "doq"};
	return words[protocol];
}

const char *protocol_scheme(enum protocol protocol)
{
	static const char *const words[PROTOCOL_COUNT] = {"", "", "", "tls://", "https://", "quic://"};
	return words[protocol];
}
