/* The headers of IPv4 (RFC 791) and IPv6 (RFC 8200), see ip.h. Checksums are not looked at: hosts that capture their own
 * traffic see what the network card has yet to fill in. */
#include <string.h>

#include "capture/ip.h"
#include "dns/dns.h"

#define EXTENSIONS_MAX 8 /* of IPv6; more is an attack */

enum extension {
	EXTENSION_HOP_BY_HOP = 0,
	EXTENSION_ROUTING = 43,
	EXTENSION_FRAGMENT = 44,
	EXTENSION_AUTHENTICATION = 51,
	EXTENSION_DESTINATION = 60,
};

/* The headers say how long the packet is: what follows is padding of the link, what is missing was cut off. */
static void trim(struct piece *packet, size_t total)
{
	if (packet->length > total) {
		packet->length = total;
		packet->cut = false;
	} else if (packet->length < total) {
		packet->cut = true;
	}
}

static int open_v4(struct piece packet, struct ends *ends, struct ip_payload *payload)
{
	const uint8_t *at = packet.bytes;
	size_t header = packet.length ? (size_t)(at[0] & 15) * 4 : 0;
	if (packet.length < 20 || header < 20 || packet.length < header)
		return PF_EINVAL;
	size_t total = dns_read16(at + 2);
	/* Large packets that the card takes apart are captured with a length of 0 (segmentation offload). */
	if (total)
		trim(&packet, total);
	if (total && total < header)
		return PF_EINVAL;
	ends->from = (struct addr){.family = 4};
	ends->to = (struct addr){.family = 4};
	memcpy(ends->from.bytes, at + 12, 4);
	memcpy(ends->to.bytes, at + 16, 4);
	uint16_t where = dns_read16(at + 6);
	payload->protocol = at[9];
	payload->id = dns_read16(at + 4);
	payload->more = where & 0x2000;
	payload->offset = (size_t)(where & 0x1fff) * 8;
	payload->is_fragment = payload->more || payload->offset;
	payload->piece = (struct piece){at + header, packet.length - header, packet.cut};
	return PF_OK;
}

/* Walks the extension headers; `piece` stands at the first. */
static int open_extensions(uint8_t next, struct piece piece, struct ip_payload *payload)
{
	for (unsigned count = 0;; count++) {
		size_t bytes;
		bool fragment = next == EXTENSION_FRAGMENT;
		if (next == EXTENSION_HOP_BY_HOP || next == EXTENSION_ROUTING ||
		    next == EXTENSION_DESTINATION)
			bytes = piece.length > 1 ? ((size_t)piece.bytes[1] + 1) * 8 : 8;
		else if (next == EXTENSION_AUTHENTICATION)
			bytes = piece.length > 1 ? ((size_t)piece.bytes[1] + 2) * 4 : 8;
		else if (fragment)
			bytes = 8;
		else
			break;
		if (count == EXTENSIONS_MAX || piece.length < bytes)
			return PF_EINVAL;
		next = piece.bytes[0];
		if (fragment) {
			uint16_t where = dns_read16(piece.bytes + 2);
			payload->id = dns_read32(piece.bytes + 4);
			payload->more = where & 1;
			payload->offset = where & 0xfff8;
			payload->is_fragment = payload->more || payload->offset;
		}
		piece.bytes += bytes;
		piece.length -= bytes;
		if (payload->is_fragment) /* what follows stands in the whole datagram */
			break;
	}
	payload->protocol = next;
	payload->piece = piece;
	return PF_OK;
}

static int open_v6(struct piece packet, struct ends *ends, struct ip_payload *payload)
{
	if (packet.length < 40)
		return PF_EINVAL;
	const uint8_t *at = packet.bytes;
	size_t length = dns_read16(at + 4);
	if (length)
		trim(&packet, length + 40);
	ends->from = (struct addr){.family = 6};
	ends->to = (struct addr){.family = 6};
	memcpy(ends->from.bytes, at + 8, 16);
	memcpy(ends->to.bytes, at + 24, 16);
	addr_unmap(&ends->from);
	addr_unmap(&ends->to);
	return open_extensions(at[6], (struct piece){at + 40, packet.length - 40, packet.cut}, payload);
}

int ip_open(struct piece packet, struct ends *ends, struct ip_payload *payload)
{
	*payload = (struct ip_payload){0};
	if (!packet.length)
		return PF_EINVAL;
	switch (packet.bytes[0] >> 4) {
	case 4: return open_v4(packet, ends, payload);
	case 6: return open_v6(packet, ends, payload);
	default: return PF_ENOENT;
	}
}
