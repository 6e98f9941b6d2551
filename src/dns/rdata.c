/* The reader of rdata.h: A, AAAA and CNAME, of which lists are full, by hand; the rest by ldns. */
#include "dns/rdata.h"

#include <ldns/ldns.h>
#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "dns/dns.h"
#include "dns/name.h"

#define TEXT_BYTES_MAX (RDATA_BYTES_MAX * 4) /* every byte as \DDD */

static int by_ldns(uint16_t type, const char *text, uint8_t *rdata)
{
	char whole[TEXT_BYTES_MAX + 64], type_text[DNS_TYPE_TEXT_MAX];
	ldns_rr *record = NULL;
	int result = PF_EINVAL;
	dns_type_to_text(type, type_text);
	int length = snprintf(whole, sizeof whole, ". 10 IN %s %s", type_text, text);
	if (length < 0 || (size_t)length >= sizeof whole || strpbrk(text, "\n\r"))
		return PF_EINVAL;
	if (ldns_rr_new_frm_str(&record, whole, 10, NULL, NULL) != LDNS_STATUS_OK)
		return PF_EINVAL;
	ldns_rr2canonical(record);
	ldns_buffer *buffer = ldns_buffer_new(RDATA_BYTES_MAX);
	if (buffer && ldns_rr_get_type(record) == type &&
	    ldns_rr_rdata2buffer_wire(buffer, record) == LDNS_STATUS_OK) {
		result = (int)ldns_buffer_position(buffer);
		memcpy(rdata, ldns_buffer_begin(buffer), (size_t)result);
	}
	ldns_buffer_free(buffer);
	ldns_rr_free(record);
	return result;
}

int rdata_from_text(uint16_t type, const char *text, uint8_t rdata[RDATA_BYTES_MAX])
{
	struct addr addr;
	struct dns_name name;
	switch (type) {
	case DNS_TYPE_A:
	case DNS_TYPE_AAAA:
		if (addr_parse(text, &addr) != PF_OK || addr.family != (type == DNS_TYPE_A ? 4 : 6))
			return PF_EINVAL;
		memcpy(rdata, addr.bytes, addr_bits(&addr) / 8);
		return (int)(addr_bits(&addr) / 8);
	case DNS_TYPE_CNAME:
	case DNS_TYPE_PTR:
		if (dns_name_from_text(text, &name) != PF_OK)
			return PF_EINVAL;
		memcpy(rdata, name.wire, name.length);
		return name.length;
	default: return by_ldns(type, text, rdata);
	}
}
