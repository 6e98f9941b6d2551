/* Reads PTR records out of an answer, see pointer.h: it was checked when it was kept, so the walk meets whole records only. */
#include "dns/pointer.h"

#include "dns/wire.h"

#define HEADER_BYTES 12
#define ANCOUNT_AT 6

int answer_pointer(const struct answer *answer, struct dns_name *target)
{
	struct dns_name asked;
	int taken = answer->length < HEADER_BYTES
	                ? PF_EINVAL
	                : dns_name_from_wire(answer->wire, answer->length, HEADER_BYTES, false, &asked);
	if (taken < 0)
		return PF_ENOENT;
	int at = HEADER_BYTES + taken + 4; /* type and class */
	unsigned count = dns_read16(answer->wire + ANCOUNT_AT);
	for (unsigned i = 0; i < count; i++) {
		struct wire_record record;
		at = wire_record_read(answer->wire, answer->length, (size_t)at, &record);
		if (at < 0)
			return PF_ENOENT;
		if (record.type == DNS_TYPE_PTR &&
		    dns_name_from_wire(answer->wire, answer->length, record.rdata, true, target) > 0)
			return PF_OK;
	}
	return PF_ENOENT;
}
