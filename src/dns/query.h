/* A client's message, parsed in place with hostile bytes in mind: header, one question,
 * and the OPT record. Nothing is allocated, nothing behind `length` is read. */
#ifndef PF_DNS_QUERY_H
#define PF_DNS_QUERY_H

#include <stdbool.h>

#include "dns/cookie.h"
#include "dns/dns.h"
#include "dns/name.h"

#define QUERY_QUESTION_MAX (NAME_WIRE_MAX + 4)
#define DNS_OPTION_SUBNET 8 /* RFC 7871 */
#define DNS_SUBNET_HEADER 4 /* family, source and scope prefix length */
#define DNS_SUBNET_IPV4 1
#define DNS_SUBNET_IPV6 2
#define QUERY_OPTION_MAX \
	32 /* EDNS options in one message; more is FORMERR (attack: option floods) */

struct dns_edns {
	bool present;
	bool dnssec_ok; /* DO, RFC 3225 */
	uint8_t version;
	uint16_t udp_size;                   /* as sent; below 512 counts as 512 (RFC 6891, 6.2.3) */
	uint16_t options_at, options_length; /* where they stand in the packet, see dns/client.h */
	uint16_t cookie_at, cookie_length;   /* of the first cookie's data; length 0: none */
	bool cookie_replied;                 /* the reply gets dns_query.cookie */
};

struct dns_query {
	uint16_t id;
	uint8_t opcode;
	bool rd, ad, cd;
	struct dns_name name; /* lower case */
	uint16_t type, class;
	uint16_t question_length; /* 0: no question could be read */
	uint8_t question
		[QUERY_QUESTION_MAX]; /* as sent, in the client's letter case, with type and class */
	struct dns_edns edns;
	uint8_t cookie[COOKIE_BYTES]; /* for the reply, see edns.cookie_replied */
};

/* What is asked, and nothing of who asks and how: name, type, class, DO and CD. The rest of `to` stays as it is. */
static inline void dns_query_copy_asked(struct dns_query *to, const struct dns_query *from)
{
	dns_name_copy(&to->name, &from->name);
	to->type = from->type;
	to->class = from->class;
	to->cd = from->cd;
	to->edns.dnssec_ok = from->edns.dnssec_ok;
}

enum query_parse {
	QUERY_OK,
	QUERY_IGNORE, /* silence: shorter than a header, or QR set (a reply must never be answered) */
	QUERY_FORMERR, /* QDCOUNT other than 1, bad name, pointer in the question, records in the answer or
	                  authority section of a QUERY, two OPTs, OPT that lies about its length, a cookie of no length that one has, trailing bytes */
	QUERY_NOTIMP,  /* an opcode other than QUERY */
	QUERY_BADVERS, /* EDNS version over 0 (RFC 6891, 6.1.3) */
};

/* Fills `query` as far as the message could be read: id, opcode and RD are valid for all but
 * QUERY_IGNORE, so that the error can be answered. Records in the additional section other than
 * OPT (TSIG, SIG(0)) are walked and ignored. */
enum query_parse dns_query_parse(const uint8_t *packet, size_t length, struct dns_query *query);

/* Is this option among those of a message that dns_query_parse took? */
bool dns_edns_has_option(const uint8_t *packet, const struct dns_edns *edns, uint16_t code);

/* What makes a question hard to answer for whoever has not seen it. */
#define QUERY_FLIP_BYTES ((NAME_WIRE_MAX + 7) / 8)
struct query_dress {
	const uint8_t *cookie;
	size_t cookie_length; /* 0: none, else as cookie_has_length */
	const uint8_t *
		flips; /* QUERY_FLIP_BYTES: letter n of the name's wire form is upper case where bit n is set; NULL: nowhere */
	bool
		padded; /* to a multiple of QUERY_PAD_BYTES: for those that nobody reads on the way (RFC 8467, 4.1) */
	const struct prefix
		*subnet; /* for whom it says that it asks (RFC 7871); family 0 or NULL: says nothing */
};

/* Writes the message that goes upstream: this id, RD and AD set (so that a shared answer says whether
 * it was validated, RFC 6840, 5.7), CD as the client's, the question in lower case unless dressed otherwise, our own OPT with
 * 1232 bytes, the client's DO, the cookie and the subnet; none of the client's options. Returns its length. `dress` NULL: plain. */
#define QUERY_PAD_BYTES 128
#define QUERY_UPSTREAM_MAX \
	(3 * QUERY_PAD_BYTES) /* header, question, OPT and its options fit into it; see query.c */
size_t dns_query_write(uint8_t out[QUERY_UPSTREAM_MAX], const struct dns_query *query, uint16_t id,
                       const struct query_dress *dress);

/* The wire form of a name in that letter case. */
void dns_query_flip(uint8_t *out, const struct dns_name *name, const uint8_t *flips);

#endif
