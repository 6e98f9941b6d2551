/* The names of types and response codes (IANA DNS parameters), in both directions. */
#include "dns/dns.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"

struct number_name {
	uint16_t number;
	char name[14];
};

static const struct number_name types[] = {
	{DNS_TYPE_A, "A"},
	{DNS_TYPE_NS, "NS"},
	{3, "MD"},
	{4, "MF"},
	{DNS_TYPE_CNAME, "CNAME"},
	{DNS_TYPE_SOA, "SOA"},
	{7, "MB"},
	{8, "MG"},
	{9, "MR"},
	{10, "NULL"},
	{11, "WKS"},
	{DNS_TYPE_PTR, "PTR"},
	{13, "HINFO"},
	{14, "MINFO"},
	{DNS_TYPE_MX, "MX"},
	{DNS_TYPE_TXT, "TXT"},
	{17, "RP"},
	{18, "AFSDB"},
	{19, "X25"},
	{20, "ISDN"},
	{21, "RT"},
	{22, "NSAP"},
	{23, "NSAP-PTR"},
	{24, "SIG"},
	{25, "KEY"},
	{26, "PX"},
	{27, "GPOS"},
	{DNS_TYPE_AAAA, "AAAA"},
	{29, "LOC"},
	{30, "NXT"},
	{31, "EID"},
	{32, "NIMLOC"},
	{DNS_TYPE_SRV, "SRV"},
	{34, "ATMA"},
	{35, "NAPTR"},
	{36, "KX"},
	{37, "CERT"},
	{38, "A6"},
	{DNS_TYPE_DNAME, "DNAME"},
	{40, "SINK"},
	{DNS_TYPE_OPT, "OPT"},
	{42, "APL"},
	{43, "DS"},
	{44, "SSHFP"},
	{45, "IPSECKEY"},
	{DNS_TYPE_RRSIG, "RRSIG"},
	{DNS_TYPE_NSEC, "NSEC"},
	{48, "DNSKEY"},
	{49, "DHCID"},
	{DNS_TYPE_NSEC3, "NSEC3"},
	{51, "NSEC3PARAM"},
	{52, "TLSA"},
	{53, "SMIMEA"},
	{55, "HIP"},
	{56, "NINFO"},
	{57, "RKEY"},
	{58, "TALINK"},
	{59, "CDS"},
	{60, "CDNSKEY"},
	{61, "OPENPGPKEY"},
	{62, "CSYNC"},
	{63, "ZONEMD"},
	{DNS_TYPE_SVCB, "SVCB"},
	{DNS_TYPE_HTTPS, "HTTPS"},
	{66, "DSYNC"},
	{99, "SPF"},
	{104, "NID"},
	{105, "L32"},
	{106, "L64"},
	{107, "LP"},
	{108, "EUI48"},
	{109, "EUI64"},
	{128, "NXNAME"},
	{249, "TKEY"},
	{250, "TSIG"},
	{DNS_TYPE_IXFR, "IXFR"},
	{DNS_TYPE_AXFR, "AXFR"},
	{253, "MAILB"},
	{254, "MAILA"},
	{DNS_TYPE_ANY, "ANY"},
	{256, "URI"},
	{257, "CAA"},
	{258, "AVC"},
	{259, "DOA"},
	{260, "AMTRELAY"},
	{261, "RESINFO"},
	{262, "WALLET"},
	{32768, "TA"},
	{32769, "DLV"},
};

static const struct number_name rcodes[] = {
	{DNS_RCODE_NOERROR, "NOERROR"},
	{DNS_RCODE_FORMERR, "FORMERR"},
	{DNS_RCODE_SERVFAIL, "SERVFAIL"},
	{DNS_RCODE_NXDOMAIN, "NXDOMAIN"},
	{DNS_RCODE_NOTIMP, "NOTIMP"},
	{DNS_RCODE_REFUSED, "REFUSED"},
	{6, "YXDOMAIN"},
	{7, "YXRRSET"},
	{8, "NXRRSET"},
	{9, "NOTAUTH"},
	{10, "NOTZONE"},
	{11, "DSOTYPENI"},
	{DNS_RCODE_BADVERS, "BADVERS"},
	{17, "BADKEY"},
	{18, "BADTIME"},
	{19, "BADMODE"},
	{20, "BADNAME"},
	{21, "BADALG"},
	{22, "BADTRUNC"},
	{23, "BADCOOKIE"},
};

static void to_text(const struct number_name *table, size_t count, unsigned number,
                    const char *prefix, char text[DNS_TYPE_TEXT_MAX])
{
	for (size_t i = 0; i < count; i++) {
		if (table[i].number == number) {
			snprintf(text, DNS_TYPE_TEXT_MAX, "%s", table[i].name);
			return;
		}
	}
	snprintf(text, DNS_TYPE_TEXT_MAX, "%s%u", prefix, number);
}

void dns_type_to_text(uint16_t type, char text[DNS_TYPE_TEXT_MAX])
{
	to_text(types, PF_COUNT(types), type, "TYPE", text);
}

void dns_rcode_to_text(unsigned rcode, char text[DNS_TYPE_TEXT_MAX])
{
	to_text(rcodes, PF_COUNT(rcodes), rcode, "RCODE", text);
}

/* Digits only, up to 65535; strtoul would take signs and blanks. */
static int parse_number(const char *text)
{
	int value = 0;
	if (!*text)
		return PF_EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return PF_EINVAL;
		value = value * 10 + (*text - '0');
		if (value > UINT16_MAX)
			return PF_EINVAL;
	}
	return value;
}

int dns_type_from_text(const char *text)
{
	for (size_t i = 0; i < PF_COUNT(types); i++)
		if (!strcasecmp(types[i].name, text))
			return types[i].number;
	if (!strncasecmp(text, "TYPE", 4))
		return parse_number(text + 4);
	return PF_EINVAL;
}

const char *dns_ede_words(int ede)
{
	switch (ede) {
	case DNS_EDE_BOGUS: return "validation has failed (DNSSEC)";
	case DNS_EDE_SIGNATURE_EXPIRED: return "validation has failed: a signature has expired";
	case DNS_EDE_SIGNATURE_NOT_YET_VALID:
		return "validation has failed: a signature is not valid yet";
	case DNS_EDE_DNSKEY_MISSING: return "validation has failed: a key is missing";
	case DNS_EDE_RRSIGS_MISSING: return "validation has failed: signatures are missing";
	case DNS_EDE_NSEC_MISSING: return "validation has failed: a proof is missing";
	case DNS_EDE_NO_REACHABLE_AUTHORITY: return "no name server of the zone answers";
	case DNS_EDE_NETWORK_ERROR: return "the name servers of the zone can not be reached";
	default: return NULL;
	}
}
