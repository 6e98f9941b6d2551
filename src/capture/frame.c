/* Protocol buffers as far as dnstap needs them, see frame.h. */
#include "capture/frame.h"

#include <string.h>

#include "dns/dns.h"

/* Wire types. */
enum { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };
/* dnstap.proto: of Dnstap, then of Message. */
enum { FIELD_MESSAGE = 14, FIELD_KIND = 15 };
enum {
	FIELD_TYPE = 1,
	FIELD_PROTOCOL = 3,
	FIELD_QUERY_ADDRESS = 4,
	FIELD_RESPONSE_ADDRESS = 5,
	FIELD_QUERY_PORT = 6,
	FIELD_RESPONSE_PORT = 7,
	FIELD_QUERY_S = 8,
	FIELD_QUERY_NS = 9,
	FIELD_QUERY_MESSAGE = 10,
	FIELD_RESPONSE_S = 12,
	FIELD_RESPONSE_NS = 13,
	FIELD_RESPONSE_MESSAGE = 14,
	FIELD_COUNT,
};
/* Message.Type: a question is odd, its answer the number behind it. */
enum {
	TYPE_AUTH = 1,
	TYPE_RESOLVER = 3,
	TYPE_CLIENT = 5,
	TYPE_FORWARDER = 7,
	TYPE_STUB = 9,
	TYPE_TOOL = 11,
	TYPE_UPDATE = 13
};
#define KIND_MESSAGE 1
#define PROTOCOL_UDP 1

struct field {
	uint32_t number;
	uint64_t value;       /* of a number */
	const uint8_t *bytes; /* NULL: it is a number */
	size_t length;
};

struct cursor {
	const uint8_t *at, *end;
};

static bool read_varint(struct cursor *cursor, uint64_t *value)
{
	*value = 0;
	for (unsigned shift = 0; shift < 64 && cursor->at < cursor->end; shift += 7) {
		uint8_t byte = *cursor->at++;
		*value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return true;
	}
	return false;
}

/* Little-endian. */
static bool read_fixed(struct cursor *cursor, unsigned bytes, uint64_t *value)
{
	*value = 0;
	if ((size_t)(cursor->end - cursor->at) < bytes)
		return false;
	for (unsigned i = 0; i < bytes; i++)
		*value |= (uint64_t)*cursor->at++ << 8 * i;
	return true;
}

static bool read_field(struct cursor *cursor, struct field *field)
{
	uint64_t tag;
	*field = (struct field){0};
	if (!read_varint(cursor, &tag) || tag >> 3 == 0 || tag >> 3 > UINT32_MAX)
		return false;
	field->number = (uint32_t)(tag >> 3);
	switch (tag & 7) {
	case WIRE_VARINT: return read_varint(cursor, &field->value);
	case WIRE_FIXED64: return read_fixed(cursor, 8, &field->value);
	case WIRE_FIXED32: return read_fixed(cursor, 4, &field->value);
	case WIRE_BYTES: break;
	default: return false;
	}
	if (!read_varint(cursor, &field->value) || field->value > (uint64_t)(cursor->end - cursor->at))
		return false;
	field->bytes = cursor->at;
	field->length = (size_t)field->value;
	cursor->at += field->length;
	return true;
}

static bool read_address(const struct field *field, const struct field *port, struct addr_port *out)
{
	if (!field->bytes || (field->length != 4 && field->length != 16) || port->bytes ||
	    port->value > UINT16_MAX)
		return false;
	out->addr = (struct addr){.family = field->length == 4 ? 4 : 6};
	memcpy(out->addr.bytes, field->bytes, field->length);
	addr_unmap(&out->addr);
	out->port = (uint16_t)port->value;
	return true;
}

static bool read_time(const struct field *seconds, const struct field *nanoseconds,
                      int64_t *wall_us)
{
	if (seconds->bytes || nanoseconds->bytes || seconds->value > INT64_MAX / 2000000 ||
	    nanoseconds->value >= 1000000000)
		return false;
	*wall_us = (int64_t)seconds->value * 1000000 + (int64_t)nanoseconds->value / 1000;
	return true;
}

/* Between somebody who asks and who answers it, and not what a resolver asks on their behalf. */
static bool is_of_client(uint64_t type)
{
	return type == TYPE_AUTH || type == TYPE_AUTH + 1 || type == TYPE_CLIENT ||
	       type == TYPE_CLIENT + 1 || type == TYPE_STUB || type == TYPE_STUB + 1 ||
	       type == TYPE_TOOL || type == TYPE_TOOL + 1;
}

static int read_message(const struct field fields[FIELD_COUNT], struct dnstap_frame *frame)
{
	struct capture_message *message = &frame->message;
	uint64_t type = fields[FIELD_TYPE].value;
	if (fields[FIELD_TYPE].bytes || !type)
		return PF_EINVAL;
	if (!is_of_client(type))
		return PF_ENOENT;
	frame->is_answer = type % 2 == 0;
	const struct field *bytes =
		&fields[frame->is_answer ? FIELD_RESPONSE_MESSAGE : FIELD_QUERY_MESSAGE];
	const struct field *question = &fields[FIELD_QUERY_MESSAGE];
	bool own_time = frame->is_answer && fields[FIELD_RESPONSE_S].value;
	if (!bytes->bytes)
		return PF_ENOENT;
	if (!read_address(&fields[FIELD_QUERY_ADDRESS], &fields[FIELD_QUERY_PORT], &message->client) ||
	    !read_time(&fields[own_time ? FIELD_RESPONSE_S : FIELD_QUERY_S],
	               &fields[own_time ? FIELD_RESPONSE_NS : FIELD_QUERY_NS], &message->wall_us))
		return PF_EINVAL;
	/* Not every writer knows who was asked. */
	if (!read_address(&fields[FIELD_RESPONSE_ADDRESS], &fields[FIELD_RESPONSE_PORT],
	                  &message->server))
		message->server = (struct addr_port){.port = 0};
	message->tcp = fields[FIELD_PROTOCOL].value != PROTOCOL_UDP;
	message->bytes = bytes->bytes;
	message->length = bytes->length;
	if (frame->is_answer) {
		message->question = question->bytes;
		message->question_length = question->length;
	}
	return PF_OK;
}

int dnstap_frame_read(const uint8_t *bytes, size_t length, struct dnstap_frame *frame)
{
	struct cursor cursor = {bytes, bytes + length};
	struct field outer, message = {0}, fields[FIELD_COUNT] = {{0}};
	uint64_t kind = 0;
	*frame = (struct dnstap_frame){0};
	while (cursor.at < cursor.end) {
		if (!read_field(&cursor, &outer))
			return PF_EINVAL;
		if (outer.number == FIELD_MESSAGE)
			message = outer;
		else if (outer.number == FIELD_KIND)
			kind = outer.value;
	}
	if (kind != KIND_MESSAGE || !message.bytes)
		return PF_EINVAL;
	cursor = (struct cursor){message.bytes, message.bytes + message.length};
	while (cursor.at < cursor.end) {
		struct field inner;
		if (!read_field(&cursor, &inner))
			return PF_EINVAL;
		if (inner.number < FIELD_COUNT)
			fields[inner.number] = inner;
	}
	return read_message(fields, frame);
}
