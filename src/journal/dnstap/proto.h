/* Private to journal/: writes the few kinds of fields that a protocol buffer of dnstap has (protobuf's encoding): varints, four fixed
 * bytes, and bytes with their length. Written by hand: with a generated encoder each message would be built twice, from a
 * tree of pointers, and a compiler and a library more would be needed, for what is sixty lines. */
#ifndef PF_JOURNAL_DNSTAP_PROTO_H
#define PF_JOURNAL_DNSTAP_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct proto {
	uint8_t *bytes; /* borrowed */
	size_t length, room;
	bool failed; /* it did not fit: the content is not whole */
};

void proto_varint(struct proto *proto, unsigned field, uint64_t value);
void proto_fixed32(struct proto *proto, unsigned field, uint32_t value);
void proto_bytes(struct proto *proto, unsigned field, const void *bytes, size_t length);
/* `inside` as a message of its own. */
void proto_message(struct proto *proto, unsigned field, const struct proto *inside);

#endif
