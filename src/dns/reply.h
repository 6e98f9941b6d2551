/* What goes back to the client, built by hand into the transport's buffer: copies of cached
 * answers, sinkhole replies and errors. Every reply repeats the client's question byte for
 * byte, has QR and RA set and RD as asked, and carries OPT if and only if the client sent one
 * (our size 1232, DO echoed, and the extended error when there is one). */
#ifndef PF_DNS_REPLY_H
#define PF_DNS_REPLY_H

#include "dns/answer.h"
#include "dns/dns.h"
#include "dns/query.h"

#define REPLY_PAD_BYTES 468    /* RFC 8467, 4.1: padded answers are multiples of this */
#define REPLY_SINKHOLE_TTL 10  /* seconds: a lifted rule is felt soon */
#define REPLY_EDE_TEXT_MAX 400 /* bytes of extra text (RFC 8914); cut at a character when longer */

struct reply_options {
	bool udp;    /* the size is bounded by the client's EDNS size, or 512 */
	bool padded; /* over an encrypted transport: the sizes of answers tell less (RFC 8467) */
	int ede;     /* enum dns_ede, DNS_EDE_NONE for none */
	const char
		*ede_text; /* UTF-8; NULL for none. Left off, then the whole EDE, when it would not fit */
};

/* The most bytes that this client takes: 512, its EDNS size up to DNS_UDP_REPLY_MAX, or 65535. */
size_t reply_size_max(const struct dns_query *query, bool udp);

/* All return the bytes written to `out`, which has room for DNS_MESSAGE_MAX. None fails: what does not
 * fit is truncated (TC set, question and OPT only). */

#define REPLY_STALE_TTL 30         /* seconds (RFC 8767, 4) */
#define REPLY_AGE_STALE UINT32_MAX /* the age of an answer that is served past its time */

/* A copy of an answer `age_s` seconds old: TTLs counted down, never below 0, and of a stale one all REPLY_STALE_TTL; the
 * question in the client's case. */
size_t reply_from_answer(uint8_t *out, const struct dns_query *query, const struct answer *answer,
                         uint32_t age_s, const struct reply_options *options);

/* A positive reply with the given addresses (those of the asked type; A and AAAA only), or with
 * rcode and no record: NOERROR without addresses is NODATA. Negative ones carry an SOA so that they are
 * cached for REPLY_SINKHOLE_TTL. Never claims AD. */
size_t reply_synthesize(uint8_t *out, const struct dns_query *query, unsigned rcode,
                        const struct addr *addresses, size_t address_count,
                        const struct reply_options *options);

#define REPLY_RECORD_HEADER 4 /* type and length of the data, two bytes each, big endian */
#define REPLY_RECORDS_MAX \
	4096 /* bytes of records that one list entry may hold: a page of local data */

/* Records of a list's entry, each a header as above and its data in wire form without compression. */
struct reply_records {
	const uint8_t *bytes;
	size_t length;
	/* Of the target of the CNAME among them, when it was looked up. */
	const struct addr *addresses;
	size_t address_count;
	uint32_t ttl_s; /* 0: REPLY_SINKHOLE_TTL */
};

/* The target of the CNAME among the records, if there is one. "*.walled.example" stands for the asked name
 * before walled.example (RPZ). False too when that is over 255 bytes. */
bool reply_records_target(const struct reply_records *records, const struct dns_name *asked,
                          struct dns_name *target);

/* The records of the asked type with the question's name as their owner. A CNAME is
 * the answer to any type, followed by those of `addresses` that are of the asked type. None: NODATA. */
size_t reply_from_records(uint8_t *out, const struct dns_query *query,
                          const struct reply_records *records, const struct reply_options *options);

/* Empty, with TC set: a client that asked over UDP comes back over TCP. */
size_t reply_truncated(uint8_t *out, const struct dns_query *query,
                       const struct reply_options *options);
/* A negative reply out of a zone that is served here, as RFC 6303, 3 wants it: rcode NXDOMAIN or NOERROR, the zone's
 * SOA in the authority section. `zone` is the question's name or a parent of it. Asked for the SOA of the
 * zone itself, and with NOERROR, it is the answer. */
#define REPLY_ZONE_TTL 60 /* seconds: a record that is added is found within a minute */
size_t reply_from_zone(uint8_t *out, const struct dns_query *query, unsigned rcode,
                       const struct dns_name *zone, const struct reply_options *options);

/* What ANY gets: one HINFO record that says why there is no more (RFC 8482, 4.2). */
size_t reply_any(uint8_t *out, const struct dns_query *query, const struct reply_options *options);

/* How long a reply of ours may be kept: its smallest TTL, and of a negative one that of its SOA; 0 when there is neither. */
uint32_t reply_max_age_s(const uint8_t *packet, size_t length);

/* FORMERR, NOTIMP, BADVERS, SERVFAIL, REFUSED: header, question where one could be read, OPT with
 * the extended RCODE and the extended error. */
size_t reply_error(uint8_t *out, const struct dns_query *query, unsigned rcode,
                   const struct reply_options *options);

#endif
