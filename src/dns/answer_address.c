/* The addresses that an answer leads to: A, AAAA, and the hints of SVCB and HTTPS records (RFC 9460,
 * 7.3), which a client may dial without asking for A or AAAA at all. */
#include <string.h>

#include "dns/answer_build.h"

#define SVC_PARAM_HEADER 4 /* key and length */
#define SVC_IPV4HINT 4
#define SVC_IPV6HINT 6

static void add_address(struct answer_build *build, const uint8_t *bytes, uint8_t family)
{
	struct addr addr = {.family = family};
	memcpy(addr.bytes, bytes, family == 4 ? 4 : 16);
	for (unsigned i = 0; i < build->address_count; i++)
		if (addr_equal(&build->addresses[i], &addr))
			return;
	build->address_total++;
	if (build->address_count < ANSWER_ADDRESS_MAX)
		build->addresses[build->address_count++] = addr;
}

static int add_hints(struct answer_build *build, const uint8_t *value, size_t length,
                     uint8_t family)
{
	size_t bytes = family == 4 ? 4 : 16;
	if (!length || length % bytes)
		return PF_EINVAL;
	for (size_t i = 0; i < length; i += bytes)
		add_address(build, value + i, family);
	return PF_OK;
}

/* Priority, target name (never compressed), parameters with strictly rising keys. A client that is less
 * strict than this would dial addresses that nobody judged, so the malformed is refused. */
static int add_svcb(struct answer_build *build, const uint8_t *packet,
                    const struct wire_record *record)
{
	size_t at = record->rdata, end = at + record->rdata_length;
	struct dns_name target;
	if (end - at < 3)
		return PF_EINVAL;
	int taken = dns_name_from_wire(packet, end, at + 2, false, &target);
	if (taken < 0)
		return PF_EINVAL;
	at += 2 + (size_t)taken;
	for (int last_key = -1; at < end;) {
		if (end - at < SVC_PARAM_HEADER)
			return PF_EINVAL;
		int key = dns_read16(packet + at), result = PF_OK;
		size_t length = dns_read16(packet + at + 2);
		at += SVC_PARAM_HEADER;
		if (length > end - at || key <= last_key)
			return PF_EINVAL;
		if (key == SVC_IPV4HINT)
			result = add_hints(build, packet + at, length, 4);
		else if (key == SVC_IPV6HINT)
			result = add_hints(build, packet + at, length, 6);
		if (result != PF_OK)
			return result;
		last_key = key;
		at += length;
	}
	return PF_OK;
}

int answer_build_addresses(struct answer_build *build, const uint8_t *packet,
                           const struct wire_record *record)
{
	switch (record->type) {
	case DNS_TYPE_A:
		if (record->rdata_length != 4)
			return PF_EINVAL;
		add_address(build, packet + record->rdata, 4);
		return PF_OK;
	case DNS_TYPE_AAAA:
		if (record->rdata_length != 16)
			return PF_EINVAL;
		add_address(build, packet + record->rdata, 6);
		return PF_OK;
	case DNS_TYPE_SVCB:
	case DNS_TYPE_HTTPS: return add_svcb(build, packet, record);
	default: return PF_OK;
	}
}
