/* The data of expand.h. */
#include "dns/expand.h"

#include <string.h>

/* By type. */
static const struct rdata_shape shapes[] = {
	[DNS_TYPE_NS] = {0, 0, 1, 0, true},
	[3] = {0, 0, 1, 0, true}, /* MD */
	[4] = {0, 0, 1, 0, true}, /* MF */
	[DNS_TYPE_CNAME] = {0, 0, 1, 0, true},
	[DNS_TYPE_SOA] = {0, 0, 2, 20, true},
	[7] = {0, 0, 1, 0, true}, /* MB */
	[8] = {0, 0, 1, 0, true}, /* MG */
	[9] = {0, 0, 1, 0, true}, /* MR */
	[DNS_TYPE_PTR] = {0, 0, 1, 0, true},
	[14] = {0, 0, 2, 0, true}, /* MINFO */
	[DNS_TYPE_MX] = {2, 0, 1, 0, true},
	[17] = {0, 0, 2, 0, false},           /* RP */
	[18] = {2, 0, 1, 0, false},           /* AFSDB */
	[21] = {2, 0, 1, 0, false},           /* RT */
	[24] = {18, 0, 1, SHAPE_REST, false}, /* SIG */
	[26] = {2, 0, 2, 0, false},           /* PX */
	[30] = {0, 0, 1, SHAPE_REST, false},  /* NXT */
	[DNS_TYPE_SRV] = {6, 0, 1, 0, false},
	[35] = {4, 3, 1, 0, false}, /* NAPTR */
	[36] = {2, 0, 1, 0, false}, /* KX */
	[DNS_TYPE_DNAME] = {0, 0, 1, 0, false},
	[DNS_TYPE_RRSIG] = {18, 0, 1, SHAPE_REST, false},
	[DNS_TYPE_NSEC] = {0, 0, 1, SHAPE_REST, false},
	[58] = {0, 0, 2, 0, false},  /* TALINK */
	[107] = {2, 0, 1, 0, false}, /* LP */
};

const struct rdata_shape *rdata_shape_of(uint16_t type)
{
	return type < PF_COUNT(shapes) && shapes[type].names ? &shapes[type] : NULL;
}

int rdata_expand(const uint8_t *packet, size_t length, const struct wire_record *record,
                 uint8_t *out, size_t room)
{
	static const struct rdata_shape raw = {.after = SHAPE_REST};
	const struct rdata_shape *shape = rdata_shape_of(record->type);
	size_t at = record->rdata, end = at + record->rdata_length, used = 0;
	if (!shape)
		shape = &raw;
	size_t head = at + shape->before;
	for (unsigned i = 0; i < shape->strings && head < end; i++)
		head += packet[head] + 1u;
	if (head > end)
		return PF_EINVAL;
	if (head - at > room)
		return PF_EFULL;
	memcpy(out, packet + at, head - at);
	used = head - at;
	at = head;
	for (unsigned i = 0; i < shape->names; i++) {
		struct dns_name name;
		int taken = wire_name_as_sent(packet, length, at, &name);
		if (taken < 0 || (size_t)taken > end - at)
			return PF_EINVAL;
		if (name.length > room - used)
			return PF_EFULL;
		memcpy(out + used, name.wire, name.length);
		used += name.length;
		at += (size_t)taken;
	}
	if (shape->after != SHAPE_REST && end - at != (size_t)shape->after)
		return PF_EINVAL;
	if (end - at > room - used)
		return PF_EFULL;
	memcpy(out + used, packet + at, end - at);
	return (int)(used + end - at);
}
