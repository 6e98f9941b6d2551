/* The encoder of proto.h. */
#include "journal/dnstap/proto.h"

void proto_fixed32(struct proto *proto, unsigned field, uint32_t value)
{
	if (!proto_has_room(proto, sizeof value))
		return;
	uint8_t *at = proto_number(proto->bytes + proto->length, field << 3 | PROTO_FIXED32);
	for (unsigned shift = 0; shift < 32; shift += 8)
		*at++ = (uint8_t)(value >> shift);
	proto->length = (size_t)(at - proto->bytes);
}

void proto_message(struct proto *proto, unsigned field, const struct proto *inside)
{
	proto->failed = proto->failed || inside->failed;
	proto_bytes(proto, field, inside->bytes, inside->length);
}
