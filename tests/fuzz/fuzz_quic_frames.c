/* The frames of one packet of a stranger. What is made tame is read here in another way, by RFC 9000, 19: there is no id with a number
 * that may not be, nor one that wants more retired than may be, and every other frame is as it came. Made tame once more, nothing changes.
 *
 * The input: a byte, whose lowest bit is how many ids may be retired; then the frames. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "quic/frames.h"

#define BYTES_MAX 65536
#define PADDING 0x00
#define NEW_CONNECTION_ID 0x18
#define FRAME_NONE 0x20

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct walk {
	const uint8_t *bytes;
	size_t length, at;
	bool broken;
};

static uint64_t number(struct walk *walk)
{
	size_t width = walk->at < walk->length ? 1u << (walk->bytes[walk->at] >> 6) : 1;
	uint64_t value = 0;
	if (walk->broken || width > walk->length - walk->at) {
		walk->broken = true;
		return 0;
	}
	for (size_t i = 0; i < width; i++)
		value = value << 8 | walk->bytes[walk->at + i];
	walk->at += width;
	return value & (UINT64_MAX >> (8 * (8 - width) + 2));
}

static void pass(struct walk *walk, uint64_t length)
{
	if (walk->broken || length > walk->length - walk->at)
		walk->broken = true;
	else
		walk->at += length;
}

static void numbers(struct walk *walk, uint64_t count)
{
	for (; count && !walk->broken; count--)
		number(walk);
}

static void pass_ack(struct walk *walk, bool has_ecn)
{
	numbers(walk, 2);
	uint64_t ranges = number(walk);
	numbers(walk, 1);
	for (; ranges && !walk->broken; ranges--)
		numbers(walk, 2);
	numbers(walk, has_ecn ? 3 : 0);
}

static void pass_stream(struct walk *walk, uint8_t type)
{
	numbers(walk, type & 4 ? 2 : 1);
	pass(walk, type & 2 ? number(walk) : walk->length - walk->at);
}

static void pass_id(struct walk *walk, uint8_t retire_max)
{
	uint64_t sequence = number(walk), prior_to = number(walk);
	uint8_t length = walk->at < walk->length ? walk->bytes[walk->at] : 0;
	pass(walk, 1);
	pass(walk, length);
	pass(walk, 16);
	if (!walk->broken && (!sequence || sequence >= QUIC_PEER_IDS_MAX || prior_to > retire_max))
		abort();
}

/* Behind the frame; the walk is broken when there is none that can be read. */
static void pass_frame(struct walk *walk, uint8_t retire_max)
{
	uint8_t type = walk->bytes[walk->at++];
	switch (type) {
	case 0x00: /* PADDING, PING, HANDSHAKE_DONE */
	case 0x01:
	case 0x1e: break;
	case 0x02: /* ACK */
	case 0x03: pass_ack(walk, type & 1); break;
	case 0x04: numbers(walk, 3); break; /* RESET_STREAM */
	case 0x05:                          /* STOP_SENDING, MAX_STREAM_DATA, STREAM_DATA_BLOCKED */
	case 0x11:
	case 0x15: numbers(walk, 2); break;
	case 0x06: /* CRYPTO */
		numbers(walk, 1);
		pass(walk, number(walk));
		break;
	case 0x07: /* NEW_TOKEN, DATAGRAM */
	case 0x31: pass(walk, number(walk)); break;
	case 0x10: /* MAX_DATA, MAX_STREAMS, DATA_BLOCKED, STREAMS_BLOCKED, RETIRE_CONNECTION_ID */
	case 0x12:
	case 0x13:
	case 0x14:
	case 0x16:
	case 0x17:
	case 0x19: numbers(walk, 1); break;
	case NEW_CONNECTION_ID: pass_id(walk, retire_max); break;
	case 0x1a: /* PATH_CHALLENGE, PATH_RESPONSE */
	case 0x1b: pass(walk, 8); break;
	case 0x1c: /* CONNECTION_CLOSE */
	case 0x1d:
		numbers(walk, type == 0x1c ? 2 : 1);
		pass(walk, number(walk));
		break;
	case 0x30: walk->at = walk->length; break; /* DATAGRAM to the end */
	default:
		if (type & 8) /* STREAM; and what libngtcp2 takes for one */
			pass_stream(walk, type);
		else
			walk->broken = true;
	}
}

static void check(const uint8_t *before, const uint8_t *tame, size_t length, uint8_t retire_max)
{
	struct walk walk = {.bytes = tame, .length = length};
	while (walk.at < length && !walk.broken) {
		size_t start = walk.at, same = start;
		pass_frame(&walk, retire_max);
		if (walk.broken && tame[start] != FRAME_NONE)
			abort();
		if (walk.broken)
			walk.at = length;
		if (tame[start] == PADDING || tame[start] == NEW_CONNECTION_ID) /* may be changed */
			continue;
		same += tame[start] == FRAME_NONE;
		if (memcmp(tame + same, before + same, walk.at - same))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size || size > BYTES_MAX)
		return 0;
	uint8_t retire_max = data[0] & 1;
	size_t length = size - 1;
	/* Exactly as large, so that a sanitizer sees the first byte that is touched behind it. */
	uint8_t *tame = malloc(length ? length : 1), *again = malloc(length ? length : 1);
	if (!tame || !again)
		abort();
	memcpy(tame, data + 1, length);
	quic_frames_tame(tame, length, retire_max);
	check(data + 1, tame, length, retire_max);
	memcpy(again, tame, length);
	quic_frames_tame(again, length, retire_max);
	if (memcmp(again, tame, length))
		abort();
	free(tame);
	free(again);
	return 0;
}
