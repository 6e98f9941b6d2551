/* Private to journal/: writes the few kinds of fields that a protocol buffer of dnstap has (protobuf's encoding): varints, four fixed
 * bytes, and bytes with their length. Written by hand: with a generated encoder each message would be built twice, from a
 * tree of pointers, and a compiler and a library more would be needed, for what is sixty lines. */
#ifndef PF_JOURNAL_DNSTAP_PROTO_H
#define PF_JOURNAL_DNSTAP_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum proto_wire { PROTO_VARINT = 0, PROTO_BYTES = 2, PROTO_FIXED32 = 5 };

struct proto {
	uint8_t *bytes; /* borrowed */
	size_t length, room;
	bool failed; /* it did not fit: the content is not whole */
};

#define PROTO_NUMBER_MAX 10 /* bytes of a number of 64 bits, seven in each */

/* Seven bits a byte, the lowest first; the eighth says that more follow. There is room. Returns the end. */
static inline uint8_t *proto_number(uint8_t *out, uint64_t value)
{
	for (; value > 0x7f; value >>= 7)
		*out++ = (uint8_t)(value | 0x80);
	*out++ = (uint8_t)value;
	return out;
}

/* Is there room for so many bytes, a field's number and one more? */
static inline bool proto_has_room(struct proto *proto, size_t length)
{
	size_t left = proto->room - proto->length;
	proto->failed |= left < 2u * PROTO_NUMBER_MAX || length > left - 2u * PROTO_NUMBER_MAX;
	return !proto->failed;
}

static inline void proto_varint(struct proto *proto, unsigned field, uint64_t value)
{
	if (!proto_has_room(proto, 0))
		return;
	uint8_t *at = proto_number(proto->bytes + proto->length, field << 3 | PROTO_VARINT);
	proto->length = (size_t)(proto_number(at, value) - proto->bytes);
}

static inline void proto_bytes(struct proto *proto, unsigned field, const void *bytes,
                               size_t length)
{
	if (!proto_has_room(proto, length))
		return;
	uint8_t *at = proto_number(proto->bytes + proto->length, field << 3 | PROTO_BYTES);
	at = proto_number(at, length);
	if (length)
		memcpy(at, bytes, length);
	proto->length = (size_t)(at + length - proto->bytes);
}

void proto_fixed32(struct proto *proto, unsigned field, uint32_t value);
/* `inside` as a message of its own. */
void proto_message(struct proto *proto, unsigned field, const struct proto *inside);

#endif
