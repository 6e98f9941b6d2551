/* Frames to messages, see packets.h. */
#include "capture/packets.h"

#include <stdlib.h>
#include <string.h>

#include "capture/fragments.h"
#include "capture/ip.h"
#include "capture/streams.h"
#include "dns/dns.h"

#define PROTOCOL_TCP 6
#define PROTOCOL_UDP 17

struct packets {
	struct capture_sink sink;
	struct fragments *fragments;
	struct streams *streams;
};

static void take_tcp(void *data, const struct segment *segment, const uint8_t *bytes,
                     size_t length);

bool packets_knows_link(int link)
{
	return link_is_known(link);
}

struct packets *packets_new(const struct capture_sink *sink)
{
	struct packets *packets = calloc(1, sizeof *packets);
	if (!packets)
		return NULL;
	packets->sink = *sink;
	packets->fragments = fragments_new(sink->counts);
	packets->streams = streams_new(&(struct streams_sink){take_tcp, packets, sink->counts});
	if (!packets->fragments || !packets->streams)
		packets_free(&packets);
	return packets;
}

void packets_free(struct packets **packets)
{
	if (!*packets)
		return;
	fragments_free(&(*packets)->fragments);
	streams_free(&(*packets)->streams);
	free(*packets);
	*packets = NULL;
}

/* `from` and `to` as client and server: the QR bit tells who is who. */
static void give(struct packets *packets, const struct segment *origin, bool tcp,
                 const uint8_t *bytes, size_t length)
{
	struct capture_counts *counts = packets->sink.counts;
	if (length < DNS_HEADER_BYTES) {
		counts->damaged[DAMAGE_SHORT]++;
		return;
	}
	bool is_answer = bytes[2] & 0x80;
	++*(is_answer ? &counts->answers : &counts->questions);
	struct capture_message message = {
		.wall_us = origin->wall_us,
		.client = is_answer ? origin->to : origin->from,
		.server = is_answer ? origin->from : origin->to,
		.tcp = tcp,
		.has_mac = origin->has_mac && !is_answer,
		.mac = origin->mac,
		.bytes = bytes,
		.length = length,
	};
	packets->sink.take(packets->sink.data, &message, is_answer);
}

/* ---- TCP ---- */

static void take_tcp(void *data, const struct segment *segment, const uint8_t *bytes, size_t length)
{
	give(data, segment, true, bytes, length);
}

static int open_tcp(struct packets *packets, const struct piece *piece, struct segment *segment)
{
	const uint8_t *at = piece->bytes;
	struct capture_counts *counts = packets->sink.counts;
	size_t header = piece->length >= 20 ? (size_t)(at[12] >> 4) * 4 : 0;
	if (header < 20 || header > piece->length) {
		counts->damaged[piece->cut ? DAMAGE_CUT : DAMAGE_HEADER]++;
		return PF_OK;
	}
	segment->from.port = dns_read16(at);
	segment->to.port = dns_read16(at + 2);
	segment->sequence = dns_read32(at + 4);
	segment->fin = at[13] & 1;
	segment->syn = at[13] & 2;
	segment->rst = at[13] & 4;
	segment->piece = (struct piece){at + header, piece->length - header, piece->cut};
	if (segment->from.port != CAPTURE_DNS_PORT && segment->to.port != CAPTURE_DNS_PORT) {
		counts->other++;
		return PF_OK;
	}
	if (piece->cut)
		counts->damaged[DAMAGE_CUT]++;
	return streams_add(packets->streams, segment);
}

/* ---- UDP ---- */

static void open_udp(struct packets *packets, const struct piece *piece, struct segment *datagram)
{
	const uint8_t *at = piece->bytes;
	struct capture_counts *counts = packets->sink.counts;
	if (piece->length < 8) {
		counts->damaged[piece->cut ? DAMAGE_CUT : DAMAGE_HEADER]++;
		return;
	}
	datagram->from.port = dns_read16(at);
	datagram->to.port = dns_read16(at + 2);
	size_t length = dns_read16(at + 4);
	if (datagram->from.port != CAPTURE_DNS_PORT && datagram->to.port != CAPTURE_DNS_PORT)
		counts->other++;
	else if (length < 8 || length > piece->length)
		counts->damaged[piece->cut ? DAMAGE_CUT : DAMAGE_HEADER]++;
	else
		give(packets, datagram, false, at + 8, length - 8);
}

/* ---- frames ---- */

static int open_payload(struct packets *packets, const struct ip_payload *payload,
                        const struct ends *ends, int64_t wall_us)
{
	struct segment segment = {
		.wall_us = wall_us,
		.from = {ends->from, 0},
		.to = {ends->to, 0},
		.has_mac = ends->has_mac,
		.mac = ends->from_mac,
	};
	if (payload->protocol == PROTOCOL_TCP)
		return open_tcp(packets, &payload->piece, &segment);
	if (payload->protocol == PROTOCOL_UDP)
		open_udp(packets, &payload->piece, &segment);
	else
		packets->sink.counts->other++;
	return PF_OK;
}

int packets_take(struct packets *packets, const struct packets_frame *frame)
{
	struct capture_counts *counts = packets->sink.counts;
	struct piece packet = {frame->bytes, frame->length, frame->length < frame->wire_length};
	struct ends ends = {0};
	struct ip_payload payload;
	counts->packets++;
	int error = link_open(frame->link, &packet, &ends);
	if (error == PF_OK)
		error = ip_open(packet, &ends, &payload);
	if (error == PF_ENOENT) {
		counts->other++;
		return PF_OK;
	}
	if (error != PF_OK) {
		counts->damaged[packet.cut ? DAMAGE_CUT : DAMAGE_HEADER]++;
		return PF_OK;
	}
	if (payload.is_fragment) {
		error = fragments_add(packets->fragments, &ends, frame->wall_us, &payload);
		if (error != PF_OK)
			return error == PF_ENOENT ? PF_OK : error;
	}
	return open_payload(packets, &payload, &ends, frame->wall_us);
}

void packets_end(struct packets *packets)
{
	fragments_end(packets->fragments);
	streams_end(packets->streams);
}
