/* The walks of wire.h: names compared and records found in place, each step bounded by the packet. */
#include "dns/wire.h"

/* Follows the pointers at `*at` until a label stands there. Only backwards, below the run of labels
 * that they end, so that it is over after at most `length` steps. */
static bool follow(const uint8_t *packet, size_t length, size_t *at, size_t *segment)
{
	while (*at < length && packet[*at] >= WIRE_POINTER >> 8) {
		if (*at + 1 >= length)
			return false;
		size_t target = dns_read16(packet + *at) & ~(unsigned)WIRE_POINTER;
		if (target >= *segment)
			return false;
		*at = *segment = target;
	}
	return *at < length;
}

bool wire_name_is(const uint8_t *packet, size_t length, size_t offset, const uint8_t *suffix)
{
	size_t at = offset, segment = offset;
	for (;;) {
		if (!follow(packet, length, &at, &segment))
			return false;
		size_t label = packet[at];
		if (label != *suffix)
			return false;
		if (!label)
			return true;
		if (label >= length - at)
			return false;
		if (!wire_same(packet + at + 1, suffix + 1, label))
			return false;
		at += label + 1;
		suffix += label + 1;
	}
}

/* Returns the offset behind the name, its pointer not followed, or PF_EINVAL. */
static int skip_name(const uint8_t *packet, size_t length, size_t offset)
{
	for (size_t at = offset; at < length; at += packet[at] + 1u) {
		if (at - offset >= NAME_WIRE_MAX)
			return PF_EINVAL;
		if (!packet[at])
			return (int)(at + 1);
		if (packet[at] <= NAME_LABEL_MAX)
			continue;
		if (at + 1 >= length)
			return PF_EINVAL;
		unsigned pointer = dns_read16(packet + at);
		if ((pointer & WIRE_POINTER) != WIRE_POINTER)
			return PF_EINVAL;
		if ((pointer & WIRE_POINTER_MAX) >= offset)
			return PF_EINVAL;
		return (int)(at + 2);
	}
	return PF_EINVAL;
}

int wire_record_read(const uint8_t *packet, size_t length, size_t offset,
                     struct wire_record *record)
{
	int end = skip_name(packet, length, offset);
	if (end < 0)
		return PF_EINVAL;
	size_t at = (size_t)end;
	if (length - at < WIRE_RECORD_FIXED)
		return PF_EINVAL;
	record->owner = (uint16_t)offset;
	record->type = dns_read16(packet + at);
	record->class = dns_read16(packet + at + 2);
	record->ttl = dns_read32(packet + at + 4);
	record->rdata_length = dns_read16(packet + at + 8);
	at += WIRE_RECORD_FIXED;
	if (record->rdata_length > length - at)
		return PF_EINVAL;
	record->rdata = (uint16_t)at;
	return (int)(at + record->rdata_length);
}
