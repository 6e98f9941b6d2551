/* pcapng (draft-ietf-opsawg-pcapng) by its own reader, and not by libpcap: that one refuses files whose interfaces differ in kind of link or
 * in snapshot length, which is what a capture on several interfaces is. Blocks of other types are skipped. */
#include <stdlib.h>
#include <string.h>

#include "capture/file.h"

#define BLOCK_SECTION 0x0a0d0d0a
#define BLOCK_INTERFACE 1
#define BLOCK_PACKET_OLD 2
#define BLOCK_PACKET_SIMPLE 3
#define BLOCK_PACKET 6
#define BYTE_ORDER_MAGIC 0x1a2b3c4d
#define OPTION_END 0
#define OPTION_RESOLUTION 9
#define OPTION_OFFSET 14
#define BLOCK_BYTES_MAX (16u << 20) /* as libpcap has it */
#define INTERFACES_MAX 256
#define PROGRESS_PACKETS 4096
#define US_PER_S 1000000

struct interface {
	int link;
	uint32_t snaplen;   /* 0: no limit */
	uint8_t resolution; /* if_tsresol */
	int64_t offset_s;   /* if_tsoffset */
};

struct reader {
	struct capture_reading *reading;
	FILE *stream;
	bool swapped;
	uint64_t bytes, packets;
	int64_t wall_us; /* of the last packet, for those that have no time */
	size_t interface_count;
	struct interface interfaces[INTERFACES_MAX];
	uint8_t *body; /* owned; room for body_room */
	size_t body_length, body_room;
};

static uint16_t get16(const struct reader *reader, const uint8_t *at)
{
	uint16_t value;
	memcpy(&value, at, sizeof value);
	return reader->swapped ? __builtin_bswap16(value) : value;
}

static uint32_t get32(const struct reader *reader, const uint8_t *at)
{
	uint32_t value;
	memcpy(&value, at, sizeof value);
	return reader->swapped ? __builtin_bswap32(value) : value;
}

static bool get_bytes(struct reader *reader, void *to, size_t length)
{
	size_t got = fread(to, 1, length, reader->stream);
	reader->bytes += got;
	return got == length;
}

/* ---- interfaces -------------------------------------------------------------------------- */

static void read_option(struct reader *reader, struct interface *interface, unsigned code,
                        const uint8_t *value, size_t length)
{
	if (code == OPTION_RESOLUTION && length == 1)
		interface->resolution = value[0];
	if (code == OPTION_OFFSET && length == 8) {
		uint64_t words[2] = {get32(reader, value), get32(reader, value + 4)};
		int64_t offset_s;
		uint64_t bits = reader->swapped == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
		                    ? words[0] << 32 | words[1]
		                    : words[1] << 32 | words[0];
		memcpy(&offset_s, &bits, sizeof offset_s);
		interface->offset_s = offset_s;
	}
}

static const char *take_interface(struct reader *reader)
{
	struct interface interface = {.resolution = 6};
	if (reader->body_length < 8)
		return "the description of an interface is cut off";
	if (reader->interface_count == INTERFACES_MAX)
		return "it has more than 256 interfaces";
	interface.link = get16(reader, reader->body);
	interface.snaplen = get32(reader, reader->body + 4);
	for (size_t at = 8; reader->body_length - at >= 4;) {
		unsigned code = get16(reader, reader->body + at);
		size_t length = get16(reader, reader->body + at + 2), padded = (length + 3) & ~(size_t)3;
		at += 4;
		if (code == OPTION_END || padded > reader->body_length - at)
			break;
		read_option(reader, &interface, code, reader->body + at, length);
		at += padded;
	}
	reader->interfaces[reader->interface_count++] = interface;
	return NULL;
}

/* ---- packets ----------------------------------------------------------------------------- */

/* A time of this interface in microseconds; what is beyond all bounds is left to who takes the message. */
static int64_t time_us(const struct interface *interface, uint32_t high, uint32_t low)
{
	unsigned exponent = interface->resolution & 0x7f;
	unsigned __int128 stamp = (uint64_t)high << 32 | low, us = stamp * US_PER_S;
	if (interface->resolution & 0x80)
		us = exponent < 84 ? us >> exponent : 0;
	else
		for (unsigned i = 0; i < exponent && us; i++)
			us /= 10;
	__int128 moved = (__int128)us + (__int128)interface->offset_s * US_PER_S;
	return moved < 0 || moved > INT64_MAX ? -1 : (int64_t)moved;
}

static const char *give(struct reader *reader, size_t number, const struct packets_frame *frame)
{
	reader->packets++;
	reader->wall_us = frame->wall_us;
	if (number >= reader->interface_count)
		return "a packet is of an interface that is not described";
	if (!packets_knows_link(frame->link)) {
		reader->reading->sink.counts->packets++;
		reader->reading->sink.counts->damaged[DAMAGE_LINK]++;
		return NULL;
	}
	return packets_take(reader->reading->packets, frame) == PF_OK ? NULL : "out of memory";
}

/* Enhanced packets, and their predecessor, in which the number of the interface is 16 bits wide. */
static const char *take_packet(struct reader *reader, bool old)
{
	const uint8_t *body = reader->body;
	if (reader->body_length < 20)
		return "a packet is cut off";
	size_t number = old ? get16(reader, body) : get32(reader, body);
	size_t length = get32(reader, body + 12);
	if (number >= reader->interface_count)
		return "a packet is of an interface that is not described";
	if (length > reader->body_length - 20)
		return "a packet is longer than its block";
	const struct interface *interface = &reader->interfaces[number];
	const struct packets_frame frame = {interface->link,
	                                    time_us(interface, get32(reader, body + 4),
	                                            get32(reader, body + 8)),
	                                    body + 20, length, get32(reader, body + 16)};
	return give(reader, number, &frame);
}

static const char *take_simple_packet(struct reader *reader)
{
	if (reader->body_length < 4 || !reader->interface_count)
		return "a packet is of an interface that is not described";
	const struct interface *interface = &reader->interfaces[0];
	size_t wire_length = get32(reader, reader->body), length = wire_length;
	if (interface->snaplen && length > interface->snaplen)
		length = interface->snaplen;
	if (length > reader->body_length - 4)
		return "a packet is longer than its block";
	const struct packets_frame frame = {interface->link, reader->wall_us, reader->body + 4, length,
	                                    wire_length};
	return give(reader, 0, &frame);
}

/* ---- blocks ------------------------------------------------------------------------------ */

/* Behind the type of a section, whose length can be read when the byte order is known. */
static const char *open_section(struct reader *reader, uint8_t length[4])
{
	uint8_t magic[4];
	uint32_t value;
	if (!get_bytes(reader, length, 4) || !get_bytes(reader, magic, sizeof magic))
		return "the beginning of a section is cut off";
	memcpy(&value, magic, sizeof value);
	if (value != BYTE_ORDER_MAGIC && __builtin_bswap32(value) != BYTE_ORDER_MAGIC)
		return "a section has no byte order";
	reader->swapped = value != BYTE_ORDER_MAGIC;
	reader->interface_count = 0;
	return NULL;
}

static const char *read_body(struct reader *reader, size_t length)
{
	if (length > reader->body_room) {
		uint8_t *grown = realloc(reader->body, length);
		if (!grown)
			return "out of memory";
		reader->body = grown;
		reader->body_room = length;
	}
	reader->body_length = length;
	return get_bytes(reader, reader->body, length) ? NULL : "a block is cut off";
}

static const char *take_body(struct reader *reader, uint32_t type)
{
	switch (type) {
	case BLOCK_INTERFACE: return take_interface(reader);
	case BLOCK_PACKET: return take_packet(reader, false);
	case BLOCK_PACKET_OLD: return take_packet(reader, true);
	case BLOCK_PACKET_SIMPLE: return take_simple_packet(reader);
	default: return NULL;
	}
}

/* Reads one block. NULL: go on; else what is wrong with it, "" at the end of the file. */
static const char *take_block(struct reader *reader)
{
	uint8_t head[8], tail[4];
	size_t got = fread(head, 1, 4, reader->stream), read = 8;
	reader->bytes += got;
	if (!got)
		return "";
	if (got < 4)
		return "a block is cut off";
	uint32_t type = get32(reader, head);
	if (type == BLOCK_SECTION) { /* the same in both byte orders */
		const char *why = open_section(reader, head + 4);
		if (why)
			return why;
		read = 12;
	} else if (!get_bytes(reader, head + 4, 4)) {
		return "a block is cut off";
	}
	uint32_t length = get32(reader, head + 4);
	if (length % 4 || length < read + sizeof tail || length > BLOCK_BYTES_MAX)
		return "the length of a block can not be";
	const char *why = read_body(reader, length - read - sizeof tail);
	if (!why && !get_bytes(reader, tail, sizeof tail))
		why = "a block is cut off";
	if (!why && get32(reader, tail) != length)
		why = "a block has two lengths";
	return why ? why : take_body(reader, type);
}

int pcapng_read(struct capture_reading *reading, FILE *stream, char error[CAPTURE_ERROR_MAX])
{
	struct reader *reader = calloc(1, sizeof *reader);
	const char *why = NULL;
	snprintf(error, CAPTURE_ERROR_MAX, "%s can not be read: out of memory.", reading->path);
	if (!reader)
		return PF_ENOMEM;
	reader->reading = reading;
	reader->stream = stream;
	while (!why) {
		why = take_block(reader);
		if (reading->progress && (why || reader->packets % PROGRESS_PACKETS == 0))
			reading->progress(reading->progress_data, reader->bytes);
	}
	bool nothing = !reader->packets && !reader->interface_count && *why;
	if (nothing)
		snprintf(error, CAPTURE_ERROR_MAX, "%s is neither pcap nor pcapng nor dnstap (%s).",
		         reading->path, why);
	else
		capture_note_break(reading, "packet", reader->packets, why);
	free(reader->body);
	free(reader);
	return nothing ? PF_EINVAL : PF_OK;
}
