/* Records are found by the places of their TTLs, so no name is read on the way. What was built of a message that was checked needs no checks; bounds
 * hold all the same, since they are those of the functions that read packets. */
#include "dns/unfold.h"

#include <assert.h>

#define TYPE_BEFORE \
	4 /* type and class stand before the TTL, the length of the data and the data behind it */
#define DATA_BEHIND 6

static void read_record(const struct answer *answer, size_t index, struct wire_record *record)
{
	const size_t at = answer->ttl_offsets[index];
	const uint8_t *ttl = answer->wire + at;
	*record = (struct wire_record){
		.type = dns_read16(ttl - TYPE_BEFORE),
		.class = dns_read16(ttl - TYPE_BEFORE + 2),
		.ttl = dns_read32(ttl),
		.rdata = (uint16_t)(at + DATA_BEHIND),
		.rdata_length = dns_read16(ttl + 4),
	};
}

/* Of all records those of the answer section come first. */
static size_t answer_section(const struct answer *answer)
{
	size_t count = answer->ttl_count ? dns_read16(answer->wire + 6) : 0;
	assert(count <= answer->ttl_count);
	return count;
}

static void read_target(const struct answer *answer, const struct wire_record *record,
                        struct dns_name *target)
{
	int taken = dns_name_from_wire(answer->wire, answer->length, record->rdata, true, target);
	assert(taken == record->rdata_length);
	(void)taken;
}

void answer_hop(const struct answer *answer, size_t index, struct dns_name *target)
{
	size_t count = answer_section(answer), hop = 0;
	for (size_t i = 0; i < count; i++) {
		struct wire_record record;
		read_record(answer, i, &record);
		if (record.type != DNS_TYPE_CNAME || hop++ < index)
			continue;
		read_target(answer, &record, target);
		return;
	}
	assert(!"a hop that the answer does not have");
}

void answer_unfold(struct answer *answer, struct answer_room *room)
{
	size_t count = answer_section(answer), hops = 0;
	room->addresses.count = 0;
	for (size_t i = 0; i < count && (answer->hop_count || answer->address_count); i++) {
		struct wire_record record;
		read_record(answer, i, &record);
		if (record.type == DNS_TYPE_CNAME && hops < answer->hop_count)
			read_target(answer, &record, &room->hops[hops++]);
		int error = answer_addresses_add(&room->addresses, answer->wire, &record);
		assert(error == PF_OK);
		(void)error;
	}
	assert(hops == answer->hop_count && room->addresses.count == answer->address_count);
	answer->hops = room->hops;
	answer->addresses = room->addresses.list;
}
