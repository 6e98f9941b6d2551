/* The encoder of proto.h. */
#include "journal/dnstap/proto.h"

#include <string.h>

/* Wire types. */
enum { VARINT = 0, BYTES = 2, FIXED32 = 5 };

static void put_byte(struct proto *proto, uint8_t byte)
{
	if (proto->length == proto->room)
		proto->failed = true;
	else
		proto->bytes[proto->length++] = byte;
}

/* Seven bits a byte, the lowest first; the eighth says that more follow. */
static void put_number(struct proto *proto, uint64_t value)
{
	for (; value > 0x7f; value >>= 7)
		put_byte(proto, (uint8_t)(value | 0x80));
	put_byte(proto, (uint8_t)value);
}

void proto_varint(struct proto *proto, unsigned field, uint64_t value)
{
	put_number(proto, field << 3 | VARINT);
	put_number(proto, value);
}

void proto_fixed32(struct proto *proto, unsigned field, uint32_t value)
{
	put_number(proto, field << 3 | FIXED32);
	for (unsigned shift = 0; shift < 32; shift += 8)
		put_byte(proto, (uint8_t)(value >> shift));
}

void proto_bytes(struct proto *proto, unsigned field, const void *bytes, size_t length)
{
	put_number(proto, field << 3 | BYTES);
	put_number(proto, length);
	if (length > proto->room - proto->length)
		proto->failed = true;
	else if (length)
		memcpy(proto->bytes + proto->length, bytes, length);
	if (!proto->failed)
		proto->length += length;
}

void proto_message(struct proto *proto, unsigned field, const struct proto *inside)
{
	proto->failed = proto->failed || inside->failed;
	proto_bytes(proto, field, inside->bytes, inside->length);
}
