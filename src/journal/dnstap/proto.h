/* Private to journal/: writes the few kinds of fields that a protocol buffer of dnstap has (protobuf's encoding): varints, four fixed
 * bytes, and bytes with their length. Written by hand: with a generated encoder each message would be built twice, from a
 * tree of pointers, and a compiler and a library more would be needed, for what is forty lines. Whoever writes has made
 * room before; every function returns what stands behind its field. */
#ifndef PF_JOURNAL_DNSTAP_PROTO_H
#define PF_JOURNAL_DNSTAP_PROTO_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/copy.h"

enum proto_wire { PROTO_VARINT = 0, PROTO_BYTES = 2, PROTO_FIXED32 = 5 };

#define PROTO_FIELD_MAX 15  /* of dnstap no field has a greater number: the tag is one byte */
#define PROTO_NUMBER_MAX 10 /* bytes of a number of 64 bits, seven in each */

/* Seven bits a byte, the lowest first; the eighth says that more follow. */
static inline uint8_t *proto_number(uint8_t *out, uint64_t value)
{
	for (; value > 0x7f; value >>= 7)
		*out++ = (uint8_t)(value | 0x80);
	*out++ = (uint8_t)value;
	return out;
}

static inline uint8_t *proto_tag(uint8_t *out, unsigned field, enum proto_wire wire)
{
	*out = (uint8_t)(field << 3 | (unsigned)wire);
	return out + 1;
}

/* A number below 128. */
static inline uint8_t *proto_small(uint8_t *out, unsigned field, unsigned value)
{
	out = proto_tag(out, field, PROTO_VARINT);
	*out = (uint8_t)value;
	return out + 1;
}

static inline uint8_t *proto_varint(uint8_t *out, unsigned field, uint64_t value)
{
	return proto_number(proto_tag(out, field, PROTO_VARINT), value);
}

static inline uint8_t *proto_fixed32(uint8_t *out, unsigned field, uint32_t value)
{
	out = proto_tag(out, field, PROTO_FIXED32);
	out[0] = (uint8_t)value;
	out[1] = (uint8_t)(value >> 8);
	out[2] = (uint8_t)(value >> 16);
	out[3] = (uint8_t)(value >> 24);
	return out + 4;
}

static inline uint8_t *proto_bytes(uint8_t *out, unsigned field, const void *bytes, size_t length)
{
	return copy_bytes(proto_number(proto_tag(out, field, PROTO_BYTES), length), bytes, length);
}

/* A field of bytes whose length, less than 2^14, is known when they are written: proto_begin leaves room for it, `out` is where they begin, and
 * proto_end gives what stands behind them. */
#define PROTO_LENGTH_BYTES 2
static inline uint8_t *proto_begin(uint8_t *out, unsigned field)
{
	return proto_tag(out, field, PROTO_BYTES) + PROTO_LENGTH_BYTES;
}

static inline uint8_t *proto_end(uint8_t *begin, uint8_t *end)
{
	size_t length = (size_t)(end - begin);
	if (length > 0x7f) {
		begin[-2] = (uint8_t)(length | 0x80);
		begin[-1] = (uint8_t)(length >> 7);
		return end;
	}
	begin[-2] = (uint8_t)length;
	memmove(begin - 1, begin, length);
	return end - 1;
}

#endif
