/* The stream of doq.h. */
#include "quic/doq.h"

#include <stdlib.h>
#include <string.h>

#include "dns/query.h"

#define PREFIX_BYTES 2
#define OPTION_KEEPALIVE 11 /* RFC 7828 */

void doq_free(struct doq_message *message)
{
	free(message->bytes);
	message->bytes = NULL;
}

/* As much of the length as there is. Returns the bytes that were used up. */
static size_t take_prefix(struct doq_message *message, const uint8_t *bytes, size_t length)
{
	size_t used = 0;
	while (used < length && message->have < PREFIX_BYTES) {
		message->length = (uint16_t)(message->length << 8 | bytes[used++]);
		message->have++;
	}
	return used;
}

enum doq_state doq_take(struct doq_message *message, const uint8_t *bytes, size_t length, bool end,
                        size_t length_max)
{
	size_t used = take_prefix(message, bytes, length);
	if (message->have < PREFIX_BYTES)
		return end ? DOQ_WRONG : DOQ_MORE;
	if (message->length > length_max)
		return DOQ_TOO_LONG;
	size_t have = message->have - PREFIX_BYTES;
	if (length - used > message->length - have)
		return DOQ_WRONG;
	if (!message->bytes) {
		message->bytes = malloc(message->length ? message->length : 1);
		if (!message->bytes)
			return DOQ_NO_ROOM;
	}
	if (length > used)
		memcpy(message->bytes + have, bytes + used, length - used);
	message->have += length - used;
	if (!end)
		return DOQ_MORE;
	return message->have == PREFIX_BYTES + (size_t)message->length ? DOQ_WHOLE : DOQ_WRONG;
}

bool doq_is_answer(const uint8_t *message, size_t length)
{
	return length >= DNS_HEADER_BYTES && !dns_read16(message);
}

bool doq_is_proper(const uint8_t *message, size_t length)
{
	struct dns_query query;
	if (length >= 2 && dns_read16(message))
		return false;
	enum query_parse parsed = dns_query_parse(message, length, &query);
	return parsed == QUERY_IGNORE || parsed == QUERY_FORMERR ||
	       !dns_edns_has_option(message, &query.edns, OPTION_KEEPALIVE);
}
