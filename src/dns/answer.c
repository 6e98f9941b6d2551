/* Is it the answer? And the end of its life. The match is on the packet path for each datagram of an
 * upstream, forged ones included, so it reads in place and stops at the first difference. */
#include "dns/answer.h"

#include <stdlib.h>
#include <string.h>

#include "dns/answer_build.h"
#include "dns/wire.h"

#define OPTION_HEADER 4 /* code and length */

/* Name without regard to case, type and class. A pointer is never equal to a label's length. */
static bool question_is(const uint8_t *packet, size_t length, const struct dns_query *query)
{
	size_t name_length = query->name.length;
	if (length - DNS_HEADER_BYTES < name_length + 4)
		return false;
	const uint8_t *at = packet + DNS_HEADER_BYTES;
	if (!wire_same(at, query->name.wire, name_length))
		return false;
	if (dns_read16(at + name_length) != query->type)
		return false;
	return dns_read16(at + name_length + 2) == query->class;
}

enum answer_match answer_match(const uint8_t *packet, size_t length, const struct dns_query *query,
                               uint16_t id)
{
	if (length < DNS_HEADER_BYTES)
		return ANSWER_JUNK;
	uint16_t flags = dns_read16(packet + 2);
	if (!(flags & WIRE_FLAG_QR))
		return ANSWER_JUNK;
	if (flags >> 11 & 15)
		return ANSWER_JUNK;
	if (dns_read16(packet + 4) != 1)
		return ANSWER_JUNK;
	if (!question_is(packet, length, query))
		return ANSWER_JUNK;
	if (dns_read16(packet) != id)
		return ANSWER_WRONG_ID;
	return flags & WIRE_FLAG_TC ? ANSWER_TRUNCATED : ANSWER_MATCHES;
}

/* The OPT record of a message behind its question. 1: found; 0: there is none; PF_EINVAL. */
static int find_opt(const uint8_t *packet, size_t length, const struct dns_query *query,
                    struct wire_record *record)
{
	unsigned count = dns_read16(packet + 6) + dns_read16(packet + 8) + dns_read16(packet + 10);
	int at = DNS_HEADER_BYTES + query->name.length + 4;
	while (count--) {
		at = wire_record_read(packet, length, (size_t)at, record);
		if (at < 0)
			return PF_EINVAL;
		if (record->type == DNS_TYPE_OPT)
			return 1;
	}
	return 0;
}

/* The first option of this code. 1: found; 0: there is none; PF_EINVAL: the options lie about their lengths. */
static int find_option(const uint8_t *packet, const struct wire_record *opt, uint16_t code,
                       const uint8_t **data, size_t *data_length)
{
	size_t at = opt->rdata, end = (size_t)opt->rdata + opt->rdata_length;
	int found = 0;
	while (end - at >= OPTION_HEADER) {
		size_t length = dns_read16(packet + at + 2);
		bool wanted = dns_read16(packet + at) == code && !found;
		at += OPTION_HEADER;
		if (length > end - at)
			return PF_EINVAL;
		if (wanted) {
			*data = packet + at;
			*data_length = length;
			found = 1;
		}
		at += length;
	}
	return at == end ? found : PF_EINVAL;
}

int answer_cookie(const uint8_t *packet, size_t length, const struct dns_query *query,
                  struct answer_cookie *cookie)
{
	struct wire_record opt;
	*cookie = (struct answer_cookie){.rcode = dns_read16(packet + 2) & WIRE_RCODE_MASK};
	int found = find_opt(packet, length, query, &opt);
	if (found == 1) {
		cookie->rcode |= opt.ttl >> 24 << 4;
		found = find_option(packet, &opt, DNS_OPTION_COOKIE, &cookie->bytes, &cookie->length);
		if (found == 1 && !cookie_has_length(cookie->length))
			return PF_EINVAL;
	}
	return found < 0 ? found : PF_OK;
}

bool answer_subnet_fits(const uint8_t *packet, size_t length, const struct dns_query *query,
                        const struct prefix *sent)
{
	struct wire_record opt;
	const uint8_t *data;
	size_t data_length, bytes = (sent->length + 7u) / 8;
	if (!sent->addr.family || !sent->length)
		return true;
	int found = find_opt(packet, length, query, &opt);
	if (found == 1)
		found = find_option(packet, &opt, DNS_OPTION_SUBNET, &data, &data_length);
	if (found != 1)
		return !found;
	if (data_length != DNS_SUBNET_HEADER + bytes)
		return false;
	if (dns_read16(data) != (sent->addr.family == 4 ? DNS_SUBNET_IPV4 : DNS_SUBNET_IPV6))
		return false;
	return data[2] == sent->length && !memcmp(data + DNS_SUBNET_HEADER, sent->addr.bytes, bytes);
}

enum dnssec answer_validated(const struct answer *answer, bool checking_disabled)
{
	if (answer->ad)
		return DNSSEC_SECURE;
	if (answer->rcode == DNS_RCODE_NOERROR || answer->rcode == DNS_RCODE_NXDOMAIN)
		return checking_disabled ? DNSSEC_INDETERMINATE : DNSSEC_INSECURE;
	return answer->rcode == DNS_RCODE_SERVFAIL && answer->ede >= DNS_EDE_BOGUS &&
	               answer->ede <= DNS_EDE_NSEC_MISSING
	           ? DNSSEC_BOGUS
	           : DNSSEC_NONE;
}

static uint32_t bounded(uint32_t ttl_s, uint32_t min_s, uint32_t max_s)
{
	return ttl_s < min_s ? min_s : ttl_s > max_s ? max_s : ttl_s;
}

void answer_bound_ttl(struct answer *answer, uint32_t min_s, uint32_t max_s)
{
	if (!answer->ttl_count)
		return;
	answer->ttl = bounded(answer->ttl, min_s, max_s);
	for (unsigned i = 0; i < answer->ttl_count; i++) {
		uint8_t *at = answer->wire + answer->ttl_offsets[i];
		dns_write32(at, bounded(dns_read32(at), min_s, max_s));
	}
}

void answer_free(struct answer **answer)
{
	free(*answer); /* one block, see answer_build_finish */
	*answer = NULL;
}

size_t answer_servers(const struct answer *answer, struct dns_name servers[ANSWER_SERVER_MAX])
{
	size_t count = 0;
	for (size_t at = 0; at < answer->server_bytes && count < ANSWER_SERVER_MAX; count++) {
		struct dns_name *name = &servers[count];
		name->labels = answer->servers[at];
		name->length = answer->servers[at + 1];
		memcpy(name->wire, answer->servers + at + 2, name->length);
		at += 2u + name->length;
	}
	return count;
}

size_t answer_bytes(const struct answer *answer)
{
	return sizeof *answer + answer->ttl_count * sizeof *answer->ttl_offsets +
	       answer->hop_count * sizeof *answer->hops +
	       answer->address_count * sizeof *answer->addresses +
	       answer->server_address_count * sizeof *answer->server_addresses + answer->server_bytes +
	       answer->length;
}
