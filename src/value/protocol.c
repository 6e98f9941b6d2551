/* The words of protocol.h. */
#include "value/protocol.h"

const char *protocol_word(enum protocol protocol)
{
	static const char *const words[PROTOCOL_COUNT] = {"tcp", "udp", "tls", "https"};
	return words[protocol];
}
