/* The headers of links, see ip.h. Numbers are those of pcap-linktype(7). */
#include <string.h>

#include "capture/ip.h"
#include "dns/dns.h"

#define LINK_NULL 0
#define LINK_ETHERNET 1
#define LINK_RAW 12
#define LINK_RAW_OF_OTHERS 14 /* of OpenBSD */
#define LINK_RAW_IN_FILES 101
#define LINK_LOOP 108
#define LINK_COOKED 113
#define LINK_IPV4 228
#define LINK_IPV6 229
#define LINK_COOKED_2 276

#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_IPV6 0x86dd
#define ETHERTYPE_VLAN 0x8100
#define ETHERTYPE_QINQ 0x88a8
#define ETHERTYPE_QINQ_OLD 0x9100
#define ETHERTYPE_PPPOE 0x8864
#define PPP_IPV4 0x0021
#define PPP_IPV6 0x0057
#define ARPHRD_ETHERNET 1
#define VLAN_TAGS_MAX 4 /* QinQ has two */

bool link_is_known(int link)
{
	switch (link) {
	case LINK_NULL:
	case LINK_ETHERNET:
	case LINK_RAW:
	case LINK_RAW_OF_OTHERS:
	case LINK_RAW_IN_FILES:
	case LINK_LOOP:
	case LINK_COOKED:
	case LINK_IPV4:
	case LINK_IPV6:
	case LINK_COOKED_2: return true;
	default: return false;
	}
}

static bool skip(struct piece *piece, size_t bytes)
{
	if (piece->length < bytes)
		return false;
	piece->bytes += bytes;
	piece->length -= bytes;
	return true;
}

/* Behind the type of an Ethernet frame: tags, PPPoE, then IP. */
static int open_type(uint16_t type, struct piece *packet)
{
	for (unsigned tags = 0;
	     type == ETHERTYPE_VLAN || type == ETHERTYPE_QINQ || type == ETHERTYPE_QINQ_OLD; tags++) {
		if (tags == VLAN_TAGS_MAX || packet->length < 4)
			return PF_EINVAL;
		type = dns_read16(packet->bytes + 2);
		skip(packet, 4);
	}
	if (type == ETHERTYPE_PPPOE) {
		if (packet->length < 8)
			return PF_EINVAL;
		uint16_t protocol = dns_read16(packet->bytes + 6);
		skip(packet, 8);
		return protocol == PPP_IPV4 || protocol == PPP_IPV6 ? PF_OK : PF_ENOENT;
	}
	return type == ETHERTYPE_IPV4 || type == ETHERTYPE_IPV6 ? PF_OK : PF_ENOENT;
}

static int open_ethernet(struct piece *packet, struct ends *ends)
{
	if (packet->length < 14)
		return PF_EINVAL;
	ends->has_mac = true;
	memcpy(ends->from_mac.bytes, packet->bytes + 6, 6);
	uint16_t type = dns_read16(packet->bytes + 12);
	skip(packet, 14);
	return open_type(type, packet);
}

/* Cooked captures know the sender's MAC alone; `mac_at` is where it stands. */
static int open_cooked(struct piece *packet, size_t bytes, size_t type_at, size_t hardware_at,
                       size_t mac_length, size_t mac_at, struct ends *ends)
{
	if (packet->length < bytes)
		return PF_EINVAL;
	uint16_t type = dns_read16(packet->bytes + type_at);
	static const struct mac none;
	memcpy(ends->from_mac.bytes, packet->bytes + mac_at, 6);
	ends->has_mac = dns_read16(packet->bytes + hardware_at) == ARPHRD_ETHERNET && mac_length == 6 &&
	                !mac_equal(&ends->from_mac, &none);
	skip(packet, bytes);
	return open_type(type, packet);
}

int link_open(int link, struct piece *packet, struct ends *ends)
{
	const uint8_t *at = packet->bytes;
	switch (link) {
	case LINK_ETHERNET: return open_ethernet(packet, ends);
	case LINK_COOKED:
		if (packet->length < 16)
			return PF_EINVAL;
		return open_cooked(packet, 16, 14, 2, dns_read16(at + 4), 6, ends);
	case LINK_COOKED_2:
		if (packet->length < 20)
			return PF_EINVAL;
		return open_cooked(packet, 20, 0, 8, at[11], 12, ends);
	case LINK_NULL: /* the family in the byte order of a host that is not known: IP tells its version itself */
	case LINK_LOOP: return skip(packet, 4) ? PF_OK : PF_EINVAL;
	default: return PF_OK;
	}
}
