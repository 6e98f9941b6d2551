/* The messages of a query in a ring: a part of a flat record (flat.h). Numbers first, then the bytes of
 * what was matched and of the messages, each only when it is short enough to be carried along. */
#include <assert.h>
#include <string.h>

#include "base/copy.h"
#include "journal/flat.h"

struct forward_head {
	int64_t sent_wall_us, received_wall_us;
	uint16_t peer_port, port, query_length, response_length;
	struct addr peer;
	uint8_t protocol;
	uint8_t unused[6];
};

static_assert(sizeof(struct flat_wire_head) == 32 && sizeof(struct forward_head) == 48,
              "no padding");
static_assert(sizeof(struct flat_wire_head) <= 128 && sizeof(struct forward_head) <= 64,
              "FLAT_WIRE_MAX has room for the heads");

/* What stands in the ring of a message of this length. */
static size_t carried(uint16_t length, size_t max)
{
	return length <= max ? length : 0;
}

/* ---- writing ----------------------------------------------------------------------------- */

static uint16_t length_of(const struct record_message *message, size_t max)
{
	/* A message without bytes is told by its length, which must then be one that carries none. */
	return message->bytes || message->length > max ? message->length : 0;
}

static size_t forward_count(const struct record_wire *wire)
{
	return wire->forward_count < RECORD_FORWARD_MAX ? wire->forward_count : RECORD_FORWARD_MAX;
}

/* Bytes of what is put into the ring of a message. */
static size_t message_bytes(const struct record_message *message, size_t max)
{
	return message->bytes ? carried(message->length, max) : 0;
}

size_t flat_wire_bytes(const struct record_wire *wire)
{
	size_t bytes = sizeof(struct flat_wire_head) + wire->matched_length +
	               message_bytes(&wire->query, RECORD_QUERY_MAX) +
	               message_bytes(&wire->response, RECORD_RESPONSE_MAX);
	for (size_t i = 0; i < forward_count(wire); i++) {
		const struct record_forward *forward = &wire->forwards[i];
		bytes += sizeof(struct forward_head) + message_bytes(&forward->query, RECORD_QUERY_MAX) +
		         message_bytes(&forward->response, RECORD_RESPONSE_MAX);
	}
	return bytes;
}

static uint8_t *put_message(uint8_t *out, const struct record_message *message, size_t max)
{
	return copy_bytes(out, message->bytes, message_bytes(message, max));
}

uint8_t *flat_wire_write(const struct record_wire *wire, uint8_t *out)
{
	struct flat_wire_head head = {
		.client_port = wire->client_port,
		.server_port = wire->server.port,
		.query_length = length_of(&wire->query, RECORD_QUERY_MAX),
		.response_length = length_of(&wire->response, RECORD_RESPONSE_MAX),
		.server = wire->server.addr,
		.match = wire->match,
		.matched_length = wire->matched_length,
		.forward_count = (uint8_t)forward_count(wire),
	};
	memcpy(out, &head, sizeof head);
	out = copy_bytes(out + sizeof head, wire->matched, head.matched_length);
	out = put_message(out, &wire->query, RECORD_QUERY_MAX);
	out = put_message(out, &wire->response, RECORD_RESPONSE_MAX);
	for (size_t i = 0; i < head.forward_count; i++) {
		const struct record_forward *from = &wire->forwards[i];
		struct forward_head forward = {
			.sent_wall_us = from->sent_wall_us,
			.received_wall_us = from->received_wall_us,
			.peer_port = from->peer.port,
			.port = from->port,
			.query_length = length_of(&from->query, RECORD_QUERY_MAX),
			.response_length = length_of(&from->response, RECORD_RESPONSE_MAX),
			.peer = from->peer.addr,
			.protocol = (uint8_t)from->protocol,
		};
		memcpy(out, &forward, sizeof forward);
		out = put_message(out + sizeof forward, &from->query, RECORD_QUERY_MAX);
		out = put_message(out, &from->response, RECORD_RESPONSE_MAX);
	}
	return out;
}

/* ---- reading ----------------------------------------------------------------------------- */

/* Moves `*at` behind `length` bytes; NULL when there are not so many. */
static const uint8_t *take(const uint8_t **at, const uint8_t *end, size_t length)
{
	if (!*at || (size_t)(end - *at) < length)
		return *at = NULL;
	const uint8_t *bytes = *at;
	*at += length;
	return bytes;
}

static struct record_message take_message(const uint8_t **at, const uint8_t *end, uint16_t length,
                                          size_t max)
{
	struct record_message message = {.length = length};
	if (carried(length, max))
		message.bytes = take(at, end, length);
	return message;
}

const uint8_t *flat_forward_read(const uint8_t *at, const uint8_t *end, struct record_forward *out)
{
	struct forward_head head;
	const uint8_t *bytes = take(&at, end, sizeof head);
	if (!bytes)
		return NULL;
	memcpy(&head, bytes, sizeof head);
	if ((head.peer.family != 4 && head.peer.family != 6) || head.protocol >= PROTOCOL_COUNT)
		return NULL;
	*out = (struct record_forward){
		.sent_wall_us = head.sent_wall_us,
		.received_wall_us = head.received_wall_us,
		.peer = {head.peer, head.peer_port},
		.port = head.port,
		.protocol = (enum protocol)head.protocol,
		.query = take_message(&at, end, head.query_length, RECORD_QUERY_MAX),
	};
	out->response = take_message(&at, end, head.response_length, RECORD_RESPONSE_MAX);
	return at;
}

/* A name in wire form, or the bytes of an address. */
static bool matched_sound(const struct flat_wire_head *head, const uint8_t *matched)
{
	struct dns_name name;
	switch (head->match) {
	case RECORD_MATCH_NAME:
		return !head->matched_length ||
		       flat_name_read(matched, head->matched_length, &name) == head->matched_length;
	case RECORD_MATCH_CLIENT:
	case RECORD_MATCH_ADDRESS:
		return head->matched_length == 4 || head->matched_length == 16 || !head->matched_length;
	default: return head->match == RECORD_MATCH_NONE && !head->matched_length;
	}
}

/* What stands behind the questions to upstreams; NULL when one of them is none. */
static const uint8_t *skip_forwards(const struct flat_opened *opened)
{
	const uint8_t *at = opened->forwards;
	struct record_forward ignored;
	for (size_t i = 0; i < opened->wire.forward_count && at; i++)
		at = flat_forward_read(at, opened->end, &ignored);
	return at;
}

int flat_wire_open(struct flat_opened *opened)
{
	struct flat_wire_head *head = &opened->wire;
	const uint8_t *at = opened->rest;
	size_t left = (size_t)(opened->end - at);
	if (left < sizeof *head)
		return PF_EINVAL;
	memcpy(head, at, sizeof *head);
	size_t query = carried(head->query_length, RECORD_QUERY_MAX);
	size_t response = carried(head->response_length, RECORD_RESPONSE_MAX);
	if (left < sizeof *head + head->matched_length + query + response ||
	    head->forward_count > RECORD_FORWARD_MAX ||
	    (head->server.family && head->server.family != 4 && head->server.family != 6))
		return PF_EINVAL;
	opened->matched = at + sizeof *head;
	at = opened->matched + head->matched_length;
	opened->query = (struct record_message){head->query_length, query ? at : NULL};
	opened->response = (struct record_message){head->response_length, response ? at + query : NULL};
	opened->forwards = opened->rest = at + query + response;
	if (head->forward_count)
		opened->rest = skip_forwards(opened);
	return opened->rest ? PF_OK : PF_EINVAL;
}

const uint8_t *flat_wire_read(struct flat_record *out)
{
	const struct flat_opened *opened = &out->opened;
	const struct flat_wire_head *head = &opened->wire;
	const uint8_t *at = opened->forwards;
	if (!matched_sound(head, opened->matched))
		return NULL;
	out->wire = (struct record_wire){
		.client_port = head->client_port,
		.server = {head->server, head->server_port},
		.query = opened->query,
		.response = opened->response,
		.match = head->match,
		.matched_length = head->matched_length,
		.matched = opened->matched,
		.forward_count = head->forward_count,
		.forwards = out->forwards,
	};
	for (size_t i = 0; i < head->forward_count && at; i++)
		at = flat_forward_read(at, opened->end, &out->forwards[i]);
	return at;
}
