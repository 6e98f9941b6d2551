/* The numbers of the protocol that this project uses (IANA DNS parameters). */
#ifndef PF_DNS_DNS_H
#define PF_DNS_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_HEADER_BYTES 12
#define DNS_MESSAGE_MAX 65535
#define DNS_UDP_PLAIN_MAX 512       /* RFC 1035: without EDNS */
#define DNS_EDNS_UPSTREAM_SIZE 1232 /* what we offer upstream: no fragments (DNS flag day 2020) */
#define DNS_UDP_REPLY_MAX 4096      /* the largest client's size that we honour over UDP */

enum dns_rcode {
	DNS_RCODE_NOERROR = 0,
	DNS_RCODE_FORMERR = 1,
	DNS_RCODE_SERVFAIL = 2,
	DNS_RCODE_NXDOMAIN = 3,
	DNS_RCODE_NOTIMP = 4,
	DNS_RCODE_REFUSED = 5,
	DNS_RCODE_NOTAUTH = 9,
	DNS_RCODE_BADVERS = 16,
	DNS_RCODE_BADCOOKIE = 23,
};

enum dns_type {
	DNS_TYPE_A = 1,
	DNS_TYPE_NS = 2,
	DNS_TYPE_CNAME = 5,
	DNS_TYPE_SOA = 6,
	DNS_TYPE_PTR = 12,
	DNS_TYPE_HINFO = 13,
	DNS_TYPE_MX = 15,
	DNS_TYPE_TXT = 16,
	DNS_TYPE_AAAA = 28,
	DNS_TYPE_SRV = 33,
	DNS_TYPE_DNAME = 39,
	DNS_TYPE_OPT = 41,
	DNS_TYPE_DS = 43,
	DNS_TYPE_RRSIG = 46,
	DNS_TYPE_NSEC = 47,
	DNS_TYPE_NSEC3 = 50,
	DNS_TYPE_SVCB = 64,
	DNS_TYPE_HTTPS = 65,
	DNS_TYPE_IXFR = 251,
	DNS_TYPE_AXFR = 252,
	DNS_TYPE_ANY = 255,
};

#define DNS_CLASS_IN 1
#define DNS_OPCODE_NOTIFY 4 /* RFC 1996 */

/* RFC 8914 info codes. */
enum dns_ede {
	DNS_EDE_NONE = -1,
	DNS_EDE_OTHER = 0,
	DNS_EDE_STALE = 3,
	DNS_EDE_BOGUS = 6,
	DNS_EDE_SIGNATURE_EXPIRED = 7,
	DNS_EDE_SIGNATURE_NOT_YET_VALID = 8,
	DNS_EDE_DNSKEY_MISSING = 9,
	DNS_EDE_RRSIGS_MISSING = 10,
	DNS_EDE_NSEC_MISSING = 12,
	DNS_EDE_BLOCKED = 15,
	DNS_EDE_PROHIBITED = 18,
	DNS_EDE_STALE_NXDOMAIN = 19,
	DNS_EDE_NO_REACHABLE_AUTHORITY = 22,
	DNS_EDE_NETWORK_ERROR = 23,
	DNS_EDE_SYNTHESIZED = 29,
};

/* "signature expired": what an info code says, in words; NULL: no more than its number. */
const char *dns_ede_words(int ede);

/* Types that are no data: transfers, ANY (amplification; RFC 8482) and OPT. They are refused. */
static inline bool dns_type_is_meta(uint16_t type)
{
	return type == DNS_TYPE_OPT || (type >= 249 && type <= DNS_TYPE_ANY);
}

#define DNS_TYPE_TEXT_MAX 16

/* "A", "HTTPS", "TYPE1234" (RFC 3597). */
void dns_type_to_text(uint16_t type, char text[DNS_TYPE_TEXT_MAX]);
/* The type's number, any letter case; PF_EINVAL. */
int dns_type_from_text(const char *text);
/* "NOERROR", "NXDOMAIN", "RCODE23". */
void dns_rcode_to_text(unsigned rcode, char text[DNS_TYPE_TEXT_MAX]);

static inline uint16_t dns_read16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t dns_read32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline void dns_write16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static inline void dns_write32(uint8_t *at, uint32_t value)
{
	dns_write16(at, (uint16_t)(value >> 16));
	dns_write16(at + 2, (uint16_t)value);
}

#endif
