/* The reader of frames.h: RFC 9000, 19, as libngtcp2 takes it. */
#include "quic/frames.h"

#include <stdbool.h>
#include <string.h>

#include "base/error.h"

#define FRAME_STREAM 0x08 /* and each that has this bit, and no meaning of its own */
#define STREAM_HAS_LENGTH 0x02
#define STREAM_HAS_OFFSET 0x04
#define FRAME_NONE 0x20
#define TOKEN_BYTES 16
#define WIDTH_BITS 0xc0 /* of a number's first byte: how many bytes it has */

/* What follows each type: `v` a number, `l` a length and so many bytes, `8` eight bytes, `a` the ranges of an ACK, `n` a new id, `r` all
 * the rest. NULL: none that is known. */
static const char *const shapes[] = {
	[0x00] = "",    [0x01] = "",   [0x02] = "vva", [0x03] = "vvavvv", [0x04] = "vvv",
	[0x05] = "vv",  [0x06] = "vl", [0x07] = "l",   [0x10] = "v",      [0x11] = "vv",
	[0x12] = "v",   [0x13] = "v",  [0x14] = "v",   [0x15] = "vv",     [0x16] = "v",
	[0x17] = "v",   [0x18] = "n",  [0x19] = "v",   [0x1a] = "8",      [0x1b] = "8",
	[0x1c] = "vvl", [0x1d] = "vl", [0x1e] = "",    [0x30] = "r",      [0x31] = "l",
};

struct reader {
	uint8_t *at, *end;
	bool failed;
	uint8_t retire_max;
};

static void skip(struct reader *reader, uint64_t length)
{
	if (length > (uint64_t)(reader->end - reader->at))
		reader->failed = true;
	else
		reader->at += length;
}

static uint64_t take_number(struct reader *reader)
{
	uint8_t *first = reader->at;
	if (first == reader->end) {
		reader->failed = true;
		return 0;
	}
	size_t width = (size_t)1 << (*first >> 6);
	skip(reader, width);
	if (reader->failed)
		return 0;
	uint64_t number = *first & (uint8_t)~WIDTH_BITS;
	for (size_t i = 1; i < width; i++)
		number = number << 8 | first[i];
	return number;
}

static void skip_ranges(struct reader *reader)
{
	uint64_t count = take_number(reader);
	take_number(reader);
	for (; count && !reader->failed;
	     count--) { /* each takes two bytes at least: the packet ends it */
		take_number(reader);
		take_number(reader);
	}
}

/* NEW_CONNECTION_ID */
static void tame_new_id(struct reader *reader)
{
	uint8_t *start = reader->at - 1;
	uint64_t number = take_number(reader);
	uint8_t *retired = reader->at;
	uint64_t prior_to = take_number(reader);
	size_t width = (size_t)(reader->at - retired);
	uint8_t *length = reader->at;
	skip(reader, 1);
	if (!reader->failed)
		skip(reader, (uint64_t)*length + TOKEN_BYTES);
	if (reader->failed)
		return;
	if (!number || number >= QUIC_PEER_IDS_MAX) {
		memset(start, 0, (size_t)(reader->at - start));
	} else if (prior_to > reader->retire_max) {
		*retired &= WIDTH_BITS;
		memset(retired + 1, 0, width - 1);
		retired[width - 1] |= reader->retire_max;
	}
}

static const char *shape_of(uint8_t type)
{
	static const char *const streams[] = {"vr", "vl", "vvr", "vvl"};
	if (type < PF_COUNT(shapes) && shapes[type])
		return shapes[type];
	return type & FRAME_STREAM ? streams[(type & (STREAM_HAS_OFFSET | STREAM_HAS_LENGTH)) >> 1]
	                           : NULL;
}

static void take_frame(struct reader *reader)
{
	const char *shape = shape_of(*reader->at);
	reader->failed = !shape;
	for (reader->at++; shape && *shape && !reader->failed; shape++) {
		switch (*shape) {
		case 'v': take_number(reader); break;
		case 'l': skip(reader, take_number(reader)); break;
		case '8': skip(reader, 8); break;
		case 'a': skip_ranges(reader); break;
		case 'n': tame_new_id(reader); break;
		default: reader->at = reader->end; break;
		}
	}
}

void quic_frames_tame(uint8_t *bytes, size_t length, uint8_t retire_max)
{
	struct reader reader = {.at = bytes, .end = bytes + length, .retire_max = retire_max};
	while (reader.at < reader.end) {
		uint8_t *frame = reader.at;
		take_frame(&reader);
		if (reader.failed) {
			*frame = FRAME_NONE;
			return;
		}
	}
}
