/* Private to journal/: writes the few kinds of fields that a protocol buffer of dnstap has (protobuf's encoding): varints, four fixed
 * bytes, and bytes with their length. Written by hand: with a generated encoder each message would be built twice, from a
 * tree of pointers, and a compiler and a library more would be needed, for what is forty lines. Whoever writes has made
 * room before; every function returns what stands behind its field. */
#ifndef PF_JOURNAL_DNSTAP_PROTO_H
#define PF_JOURNAL_DNSTAP_PROTO_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

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

static inline uint8_t *proto_varint(uint8_t *out, unsigned field, uint64_t value)
{
	return proto_number(proto_tag(out, field, PROTO_VARINT), value);
}

static inline uint8_t *proto_fixed32(uint8_t *out, unsigned field, uint32_t value)
{
	out = proto_tag(out, field, PROTO_FIXED32);
	for (unsigned shift = 0; shift < 32; shift += 8)
		*out++ = (uint8_t)(value >> shift);
	return out;
}

static inline uint8_t *proto_raw(uint8_t *out, const void *bytes, size_t length)
{
	if (length)
		memcpy(out, bytes, length);
	return out + length;
}

static inline uint8_t *proto_bytes(uint8_t *out, unsigned field, const void *bytes, size_t length)
{
	return proto_raw(proto_number(proto_tag(out, field, PROTO_BYTES), length), bytes, length);
}

/* Bytes of a field of so many, less than 2^14. */
static inline size_t proto_bytes_size(size_t length)
{
	return 1 + (length > 0x7f ? 2u : 1u) + length;
}

#endif
