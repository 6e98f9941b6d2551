/* An upstream's answer: checked, reduced to what was asked for, and kept as wire that a hit
 * copies and patches (id, letter case, TTLs). This is the cold path: ldns parses and builds. */
#ifndef PF_DNS_ANSWER_H
#define PF_DNS_ANSWER_H

#include "base/addr.h"
#include "dns/query.h"
#include "value/dnssec.h"

#define ANSWER_RECORD_MAX 4096 /* records kept of one answer: more are refused as PF_EFULL */
#define ANSWER_HOP_MAX 16      /* CNAMEs followed in one answer (unbound: 11, Knot Resolver: 12) */
#define ANSWER_ADDRESS_MAX \
	4096 /* addresses in it; more are refused too: one that nobody judged must not be served */
#define ANSWER_SERVER_MAX \
	8 /* name servers of the authority section that are remembered; zones have two to six */
#define ANSWER_SERVER_ADDRESS_MAX 16
#define ANSWER_TTL_MAX 86400          /* seconds; RFC 2181, 8 allows 2^31-1, but nobody needs it */
#define ANSWER_NEGATIVE_TTL_MAX 10800 /* RFC 2308, 5: one to three hours */

/* Immutable once built. */
struct answer {
	uint16_t rcode; /* without the extended part */
	uint32_t ttl;   /* seconds that it may be kept: the least of its records', or the negative
	                         TTL (RFC 2308, 5: min of the SOA's TTL and MINIMUM); 0: not at all */
	bool ad;        /* the upstream's AD bit */
	uint8_t dnssec; /* enum dnssec, as whoever keeps it says (answer_validated); none at first */
	int16_t
		ede; /* why it is neither NOERROR nor NXDOMAIN, as the upstream says (RFC 8914); or DNS_EDE_NONE */
	uint16_t length; /* bytes of `wire` */
	uint8_t *wire;   /* header, question (lower case at offset 12, uncompressed), answer and
	                         authority sections; no additional, no OPT. id 0 */
	uint16_t ttl_count;
	uint16_t *ttl_offsets; /* where in `wire` the TTLs stand, 4 bytes each */
	uint16_t address_count;
	struct addr
		*addresses; /* A, AAAA, ipv4hint and ipv6hint of HTTPS/SVCB (RFC 9460), after the CNAME
	                           chain, in order, without doubles */
	uint8_t hop_count;
	struct dns_name *hops; /* the targets of the CNAMEs, in the order of the chain; also that of a
	                           CNAME which was itself asked for */
	/* Name servers of the authority section and their addresses of the additional one, which are not
	 * served, only looked at: labels, length and wire form of each name, one behind the other. */
	uint8_t server_address_count;
	uint16_t server_bytes;
	uint8_t *servers;
	struct addr *server_addresses;
};

/* The names of the name servers that the authority section shows, for lists that speak of them. Returns their number. */
size_t answer_servers(const struct answer *answer, struct dns_name servers[ANSWER_SERVER_MAX]);

enum answer_match {
	ANSWER_MATCHES,
	ANSWER_TRUNCATED, /* it matches and has TC set: ask over TCP */
	ANSWER_WRONG_ID,  /* well-formed but another id: somebody may be guessing */
	ANSWER_JUNK,      /* short, QR 0, other opcode, QDCOUNT 0, another question: keep waiting */
};

/* What an answer says of cookies (RFC 7873): its first such option, of any length up to COOKIE_BYTES_MAX, and the whole RCODE. */
struct answer_cookie {
	unsigned rcode;
	const uint8_t *bytes; /* in the packet */
	size_t length;        /* 0: there is none */
};
/* Of a packet for which answer_match said ANSWER_MATCHES. PF_EINVAL: it is not well-formed that far. */
PF_MUST_CHECK int answer_cookie(const uint8_t *packet, size_t length, const struct dns_query *query,
                                struct answer_cookie *cookie);

/* Is what an answer says of client subnet (RFC 7871, 7.3) about the subnet that its question was sent with? So it is when it says nothing, when
 * none was sent (then it is not looked at), and when the one sent was of length 0: to that the server may say what it took instead. Of a packet for which answer_match said
 * ANSWER_MATCHES; one that is not well-formed that far says something else. */
bool answer_subnet_fits(const uint8_t *packet, size_t length, const struct dns_query *query,
                        const struct prefix *sent);

/* Is this packet the answer to what was sent with `id`? Checks header and the whole question (name
 * without regard to case, type, class) in place. The caller has checked address and port. */
enum answer_match answer_match(const uint8_t *packet, size_t length, const struct dns_query *query,
                               uint16_t id);

/* Parses a message that matched and keeps of it: the records of the question's own CNAME chain (and
 * their RRSIGs when DO was set), and of the authority section the SOA of a negative answer, and when DO
 * was set NSEC, NSEC3 and RRSIGs (of positive answers too: they prove a wildcard). Records that nobody
 * asked for are dropped (CVE-2025-40778), unread but for their bounds. An RCODE other than NOERROR and
 * NXDOMAIN keeps no record. TTLs in `wire` are those that may be served: none over `ANSWER_TTL_MAX`, the
 * SOA's that of the negative answer.
 * On PF_OK `*out` is owned by the caller (answer_free), else it is NULL. PF_EINVAL: malformed in what is
 * kept, a loop, TC set, an extended RCODE in OPT, SvcParams that RFC 9460 calls malformed; PF_EFULL: over
 * a maximum above, or over 65535 bytes when written out; PF_ENOMEM. */
PF_MUST_CHECK int answer_from_wire(const uint8_t *packet, size_t length,
                                   const struct dns_query *query, struct answer **out);

/* As answer_from_wire, of the `wire` of an answer that was built once and kept somewhere, with the name servers that are not in it: `servers`
 * and `addresses` as in struct answer, of which nothing is believed before it is looked at. */
struct answer_glue {
	const uint8_t *servers;
	size_t server_bytes;
	const struct addr *addresses;
	size_t address_count;
};
PF_MUST_CHECK int answer_from_kept(const uint8_t *wire, size_t length,
                                   const struct dns_query *query, const struct answer_glue *glue,
                                   struct answer **out);

/* What an answer to `query` says of its signatures, when it comes from a validator that we trust: one that was asked with AD, and gives SERVFAIL
 * with a reason (RFC 8914) for what is bogus. DNSSEC_NONE of any other failure: nothing was found out. */
enum dnssec answer_validated(const struct answer *answer, bool checking_disabled);

/* TTLs of at least `min_s` and at most `max_s`, for an answer that may be kept at all or has records. Before anybody
 * else has the answer. */
void answer_bound_ttl(struct answer *answer, uint32_t min_s, uint32_t max_s);

void answer_free(struct answer **answer);

/* Memory that it takes, for the cache's account. */
size_t answer_bytes(const struct answer *answer);

#endif
