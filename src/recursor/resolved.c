/* Replies of the recursor, see resolved.h. */
#include "recursor/resolved.h"

#include <string.h>

#include "dns/reply.h"

#define FLAGS_AT 2
#define FLAG_QR 0x8000
#define FLAG_RD 0x0100
#define FLAG_RA 0x0080
#define FLAG_AD 0x0020
#define FLAG_CD 0x0010
#define RCODE_MASK 0x000f

int resolved_ede(const char *why)
{
	static const struct {
		const char *words;
		int ede;
	} known[] = {
		{"signature expired", DNS_EDE_SIGNATURE_EXPIRED},
		{"signature before inception date", DNS_EDE_SIGNATURE_NOT_YET_VALID},
		{"no DNSKEY", DNS_EDE_DNSKEY_MISSING},
		{"no keys have a DS", DNS_EDE_DNSKEY_MISSING},
		{"DNSKEY RRset did not match DS", DNS_EDE_DNSKEY_MISSING},
		{"no signatures", DNS_EDE_RRSIGS_MISSING},
		{"no RRSIG", DNS_EDE_RRSIGS_MISSING},
		{"no NSEC", DNS_EDE_NSEC_MISSING},
	};
	for (size_t i = 0; why && i < sizeof known / sizeof known[0]; i++)
		if (strstr(why, known[i].words))
			return known[i].ede;
	return DNS_EDE_BOGUS;
}

static size_t failed(uint8_t *out, const struct dns_query *query, unsigned rcode, int ede,
                     const char *text)
{
	const struct reply_options options = {.ede = ede, .ede_text = text};
	return reply_error(out, query, rcode, &options);
}

size_t resolved_reply(uint8_t *out, const struct dns_query *query, const struct resolved *resolved)
{
	if (resolved->rcode || resolved->length < (size_t)DNS_HEADER_BYTES + query->question_length ||
	    resolved->length > DNS_MESSAGE_MAX)
		return failed(out, query, resolved->rcode ? resolved->rcode : DNS_RCODE_SERVFAIL,
		              DNS_EDE_NO_REACHABLE_AUTHORITY, NULL);
	if (resolved->trust == RESOLVED_BOGUS && !query->cd)
		return failed(out, query, DNS_RCODE_SERVFAIL, resolved_ede(resolved->why), resolved->why);
	bool says_ad = resolved->trust == RESOLVED_SECURE && (query->ad || query->edns.dnssec_ok);
	memcpy(out, resolved->packet, resolved->length);
	uint16_t flags = FLAG_QR | FLAG_RA | (dns_read16(out + FLAGS_AT) & RCODE_MASK);
	flags |= (query->rd ? FLAG_RD : 0) | (query->cd ? FLAG_CD : 0) | (says_ad ? FLAG_AD : 0);
	dns_write16(out, query->id);
	dns_write16(out + FLAGS_AT, flags);
	return resolved->length;
}
