/* A client's message, read in place: the first code that a stranger's bytes meet. One condition, one
 * `if`; what could be read stays in the query even when the rest is wrong, so that it is echoed. */
#include "dns/query.h"

#include <string.h>

#include "dns/wire.h"

#define OPCODE_QUERY 0
#define OPTION_HEADER 4 /* code and length */

/* What the options say is read elsewhere (dns/client.h), and of few clients; but a message whose options lie about their length is no
 * message. */
static bool options_well_formed(const uint8_t *packet, const struct wire_record *opt,
                                struct dns_edns *edns)
{
	size_t at = opt->rdata, end = (size_t)opt->rdata + opt->rdata_length;
	for (unsigned count = 0; at < end; count++) {
		if (count == QUERY_OPTION_MAX)
			return false;
		if (end - at < OPTION_HEADER)
			return false;
		uint16_t code = dns_read16(packet + at), option_length = dns_read16(packet + at + 2);
		at += OPTION_HEADER;
		if (option_length > end - at)
			return false;
		if (code == DNS_OPTION_COOKIE && !edns->cookie_length) { /* others are ignored */
			if (!cookie_has_length(option_length))
				return false;
			edns->cookie_at = (uint16_t)at;
			edns->cookie_length = option_length;
		}
		at += option_length;
	}
	return true;
}

bool dns_edns_has_option(const uint8_t *packet, const struct dns_edns *edns, uint16_t code)
{
	const uint8_t *at = packet + edns->options_at, *end = at + edns->options_length;
	while (end - at >= OPTION_HEADER) {
		if (dns_read16(at) == code)
			return true;
		at += OPTION_HEADER + dns_read16(at + 2);
	}
	return false;
}

static bool read_opt(const uint8_t *packet, const struct wire_record *opt, struct dns_edns *edns)
{
	if (edns->present)
		return false;
	if (packet[opt->owner] != 0)
		return false;
	if (!options_well_formed(packet, opt, edns))
		return false;
	edns->present = true;
	edns->udp_size = opt->class;
	edns->version = (uint8_t)(opt->ttl >> 16);
	edns->dnssec_ok = opt->ttl & WIRE_EDNS_DO;
	edns->options_at = opt->rdata;
	edns->options_length = opt->rdata_length;
	return true;
}

/* Returns the offset behind the question, or PF_EINVAL. */
static int read_question(const uint8_t *packet, size_t length, struct dns_query *query)
{
	if (dns_read16(packet + 4) != 1)
		return PF_EINVAL;
	int taken = dns_name_from_question(packet, length, DNS_HEADER_BYTES, &query->name);
	if (taken < 0)
		return PF_EINVAL;
	size_t at = DNS_HEADER_BYTES + (size_t)taken;
	if (length - at < 4)
		return PF_EINVAL;
	query->type = dns_read16(packet + at);
	query->class = dns_read16(packet + at + 2);
	query->question_length = (uint16_t)(taken + 4);
	memcpy(query->question, packet + DNS_HEADER_BYTES, query->question_length);
	return (int)(at + 4);
}

static enum query_parse read_body(const uint8_t *packet, size_t length, struct dns_query *query)
{
	int at = read_question(packet, length, query);
	if (at < 0)
		return QUERY_FORMERR;
	if (dns_read16(packet + 6) != 0)
		return QUERY_FORMERR;
	if (dns_read16(packet + 8) != 0)
		return QUERY_FORMERR;
	for (unsigned left = dns_read16(packet + 10); left; left--) {
		struct wire_record record;
		at = wire_record_read(packet, length, (size_t)at, &record);
		if (at < 0)
			return QUERY_FORMERR;
		if (record.type == DNS_TYPE_OPT && !read_opt(packet, &record, &query->edns))
			return QUERY_FORMERR;
	}
	if ((size_t)at != length)
		return QUERY_FORMERR;
	return query->edns.version ? QUERY_BADVERS : QUERY_OK;
}

enum query_parse dns_query_parse(const uint8_t *packet, size_t length, struct dns_query *query)
{
	/* Not the whole struct: half a kilobyte of zeros for each packet would be felt. */
	query->name.length = 1;
	query->name.labels = 0;
	query->name.wire[0] = 0;
	query->type = query->class = 0;
	query->question_length = 0;
	query->edns = (struct dns_edns){0};
	if (length < DNS_HEADER_BYTES)
		return QUERY_IGNORE;
	if (length > DNS_MESSAGE_MAX)
		return QUERY_IGNORE;
	uint16_t flags = dns_read16(packet + 2);
	if (flags & WIRE_FLAG_QR)
		return QUERY_IGNORE;
	query->id = dns_read16(packet);
	query->opcode = flags >> 11 & 15;
	query->rd = flags & WIRE_FLAG_RD;
	query->ad = flags & WIRE_FLAG_AD;
	query->cd = flags & WIRE_FLAG_CD;
	enum query_parse body = read_body(packet, length, query);
	return query->opcode == OPCODE_QUERY ? body : QUERY_NOTIMP;
}

void dns_query_flip(uint8_t *out, const struct dns_name *name, const uint8_t *flips)
{
	for (size_t i = 0; i < name->length; i++) {
		/* lengths of labels are below 64, so that a letter is one wherever it stands */
		bool letter = (uint8_t)(name->wire[i] - 'a') < 26;
		bool flip = flips[i / 8] >> (i % 8) & 1;
		out[i] = letter && flip ? name->wire[i] ^ 0x20 : name->wire[i];
	}
}

static size_t write_cookie_option(uint8_t *at, const struct query_dress *dress)
{
	dns_write16(at, DNS_OPTION_COOKIE);
	dns_write16(at + 2, (uint16_t)dress->cookie_length);
	memcpy(at + OPTION_HEADER, dress->cookie, dress->cookie_length);
	return OPTION_HEADER + dress->cookie_length;
}

/* RFC 7871, 6: as many bytes of the address as the length needs, scope 0. */
static size_t write_subnet_option(uint8_t *at, const struct prefix *subnet)
{
	size_t bytes = (subnet->length + 7u) / 8;
	dns_write16(at, DNS_OPTION_SUBNET);
	dns_write16(at + 2, (uint16_t)(DNS_SUBNET_HEADER + bytes));
	at += OPTION_HEADER;
	dns_write16(at, subnet->addr.family == 4 ? DNS_SUBNET_IPV4 : DNS_SUBNET_IPV6);
	at[2] = subnet->length;
	at[3] = 0;
	memcpy(at + DNS_SUBNET_HEADER, subnet->addr.bytes, bytes);
	return OPTION_HEADER + DNS_SUBNET_HEADER + bytes;
}

_Static_assert(DNS_HEADER_BYTES + QUERY_QUESTION_MAX + WIRE_OPT_BYTES + 3 * OPTION_HEADER +
                       COOKIE_BYTES_MAX + DNS_SUBNET_HEADER + sizeof((struct addr *)0)->bytes <=
                   QUERY_UPSTREAM_MAX,
               "the longest question with its options");

/* `length` of the message so far. Returns how much was written. */
static size_t write_padding(uint8_t *at, size_t length)
{
	size_t padding =
		(QUERY_PAD_BYTES - (length + OPTION_HEADER) % QUERY_PAD_BYTES) % QUERY_PAD_BYTES;
	dns_write16(at, DNS_OPTION_PADDING);
	dns_write16(at + 2, (uint16_t)padding);
	memset(at + OPTION_HEADER, 0, padding);
	return OPTION_HEADER + padding;
}

size_t dns_query_write(uint8_t out[QUERY_UPSTREAM_MAX], const struct dns_query *query, uint16_t id,
                       const struct query_dress *dress)
{
	memset(out, 0, DNS_HEADER_BYTES);
	dns_write16(out, id);
	/* AD always: an answer that several clients share says whether it was validated (RFC 6840, 5.7);
	 * the reply tells it only to those who asked. */
	dns_write16(out + 2, WIRE_FLAG_RD | WIRE_FLAG_AD | (query->cd ? WIRE_FLAG_CD : 0));
	dns_write16(out + 4, 1);
	dns_write16(out + 10, 1);
	uint8_t *at = out + DNS_HEADER_BYTES;
	if (dress && dress->flips)
		dns_query_flip(at, &query->name, dress->flips);
	else
		memcpy(at, query->name.wire, query->name.length);
	at += query->name.length;
	dns_write16(at, query->type);
	dns_write16(at + 2, query->class);
	at += 4;
	at[0] = 0;
	dns_write16(at + 1, DNS_TYPE_OPT);
	dns_write16(at + 3, DNS_EDNS_UPSTREAM_SIZE);
	dns_write32(at + 5, query->edns.dnssec_ok ? WIRE_EDNS_DO : 0);
	size_t options = 0;
	if (dress && dress->cookie_length)
		options = write_cookie_option(at + WIRE_OPT_BYTES, dress);
	if (dress && dress->subnet && dress->subnet->addr.family)
		options += write_subnet_option(at + WIRE_OPT_BYTES + options, dress->subnet);
	if (dress && dress->padded)
		options += write_padding(at + WIRE_OPT_BYTES + options,
		                         (size_t)(at - out) + WIRE_OPT_BYTES + options);
	dns_write16(at + 9, (uint16_t)options);
	return (size_t)(at + WIRE_OPT_BYTES + options - out);
}
