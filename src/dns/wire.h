/* Private to dns/: what the in-place walks of client messages and of upstream answers share. */
#ifndef PF_DNS_WIRE_H
#define PF_DNS_WIRE_H

#include <string.h>

#include "dns/dns.h"
#include "dns/name.h"

#define WIRE_POINTER 0xc000     /* the two top bits of a compression pointer */
#define WIRE_POINTER_MAX 0x3fff /* offsets beyond it can not be pointed to */

#define WIRE_FLAG_QR 0x8000
#define WIRE_FLAG_AA 0x0400
#define WIRE_FLAG_TC 0x0200
#define WIRE_FLAG_RD 0x0100
#define WIRE_FLAG_RA 0x0080
#define WIRE_FLAG_AD 0x0020
#define WIRE_FLAG_CD 0x0010
#define WIRE_RCODE_MASK 0x000f
#define WIRE_EDNS_DO 0x8000 /* in the low half of OPT's TTL field */

#define WIRE_RECORD_FIXED 10  /* type, class, TTL and RDLENGTH behind the owner */
#define DNS_OPTION_PADDING 12 /* RFC 7830 */
#define WIRE_OPT_BYTES 11     /* an OPT record without options */

/* One record where it stands in the packet. */
struct wire_record {
	uint16_t owner; /* offset of the owner name */
	uint16_t type, class;
	uint32_t ttl;
	uint16_t rdata; /* offset */
	uint16_t rdata_length;
};

static inline uint8_t wire_lower(uint8_t byte)
{
	return (uint8_t)(byte - 'A') < 26 ? byte | 0x20 : byte;
}

/* Without regard to the case of letters. Most are sent as they were asked. */
static inline bool wire_same(const uint8_t *bytes, const uint8_t *others, size_t length)
{
	if (!memcmp(bytes, others, length))
		return true;
	for (size_t i = 0; i < length; i++)
		if (wire_lower(bytes[i]) != wire_lower(others[i]))
			return false;
	return true;
}

/* As dns_name_from_wire with pointers, but in the letter case of the packet: for names inside of
 * records, whose case may be signed (RFC 6840, 5.1) and is to be kept (RFC 4343). */
PF_MUST_CHECK int wire_name_as_sent(const uint8_t *packet, size_t length, size_t offset,
                                    struct dns_name *name);

/* Is the name at `offset` (pointers followed backwards) the one whose labels begin at `suffix`,
 * without regard to case? Both are walked side by side and the first difference ends it. */
bool wire_name_is(const uint8_t *packet, size_t length, size_t offset, const uint8_t *suffix);

/* Reads the record at `offset` without following its owner's pointer; returns the offset behind it
 * or PF_EINVAL when it does not end inside of the packet. `length` is at most DNS_MESSAGE_MAX. */
PF_MUST_CHECK int wire_record_read(const uint8_t *packet, size_t length, size_t offset,
                                   struct wire_record *record);

#endif
