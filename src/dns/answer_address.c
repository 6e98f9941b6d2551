/* The addresses that an answer leads to: A, AAAA, and the hints of SVCB and HTTPS records (RFC 9460,
 * 7.3), which a client may dial without asking for A or AAAA at all. */
#include <string.h>

#include "dns/unfold.h"

#define SVC_PARAM_HEADER 4 /* key and length */
#define SVC_IPV4HINT 4
#define SVC_IPV6HINT 6

/* From here on doubles are found by hash: comparing each with each would take a hostile answer's
 * thousands milliseconds. */
#define HASHED_FROM 64
#define SLOT_MASK (2 * ANSWER_ADDRESS_MAX - 1)

static uint16_t *slot_of(struct answer_addresses *addresses, const struct addr *addr)
{
	size_t at = hash_bytes(addresses->key, addr, sizeof *addr) & SLOT_MASK;
	while (addresses->slots[at] && !addr_equal(&addresses->list[addresses->slots[at] - 1], addr))
		at = (at + 1) & SLOT_MASK;
	return &addresses->slots[at];
}

static void start_hashing(struct answer_addresses *addresses)
{
	memset(addresses->slots, 0, sizeof addresses->slots);
	addresses->key = hash_key_random();
	for (unsigned i = 0; i < addresses->count; i++)
		*slot_of(addresses, &addresses->list[i]) = (uint16_t)(i + 1);
}

static bool is_known(struct answer_addresses *addresses, const struct addr *addr, uint16_t **slot)
{
	*slot = NULL;
	if (addresses->count >= HASHED_FROM) {
		if (addresses->count == HASHED_FROM)
			start_hashing(addresses);
		*slot = slot_of(addresses, addr);
		return **slot != 0;
	}
	for (unsigned i = 0; i < addresses->count; i++)
		if (addr_equal(&addresses->list[i], addr))
			return true;
	return false;
}

static int add_address(struct answer_addresses *addresses, const uint8_t *bytes, uint8_t family)
{
	struct addr addr = {.family = family};
	uint16_t *slot;
	memcpy(addr.bytes, bytes, family == 4 ? 4 : 16);
	if (is_known(addresses, &addr, &slot))
		return PF_OK;
	if (addresses->count == ANSWER_ADDRESS_MAX)
		return PF_EFULL;
	addresses->list[addresses->count++] = addr;
	if (slot)
		*slot = (uint16_t)addresses->count;
	return PF_OK;
}

static int add_hints(struct answer_addresses *addresses, const uint8_t *value, size_t length,
                     uint8_t family)
{
	size_t bytes = family == 4 ? 4 : 16;
	if (!length || length % bytes)
		return PF_EINVAL;
	int result = PF_OK;
	for (size_t i = 0; i < length && result == PF_OK; i += bytes)
		result = add_address(addresses, value + i, family);
	return result;
}

/* Priority, target name (never compressed), parameters with strictly rising keys. A client that is less
 * strict than this would dial addresses that nobody judged, so the malformed is refused. */
static int add_svcb(struct answer_addresses *addresses, const uint8_t *packet,
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
			result = add_hints(addresses, packet + at, length, 4);
		else if (key == SVC_IPV6HINT)
			result = add_hints(addresses, packet + at, length, 6);
		if (result != PF_OK)
			return result;
		last_key = key;
		at += length;
	}
	return PF_OK;
}

int answer_addresses_add(struct answer_addresses *addresses, const uint8_t *packet,
                         const struct wire_record *record)
{
	switch (record->type) {
	case DNS_TYPE_A:
		if (record->rdata_length != 4)
			return PF_EINVAL;
		return add_address(addresses, packet + record->rdata, 4);
	case DNS_TYPE_AAAA:
		if (record->rdata_length != 16)
			return PF_EINVAL;
		return add_address(addresses, packet + record->rdata, 6);
	case DNS_TYPE_SVCB:
	case DNS_TYPE_HTTPS: return add_svcb(addresses, packet, record);
	default: return PF_OK;
	}
}
