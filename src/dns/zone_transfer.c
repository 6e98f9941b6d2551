/* The reader of zone_transfer.h: our own bounded walk; no name is followed out of its message, nothing behind a length is read. */
#include "dns/zone_transfer.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "dns/expand.h"

#define SOA_NUMBERS 20 /* bytes of its five numbers */
#define MINIMUM_AT 16

enum {
	STATE_FIRST,  /* the new SOA must come */
	STATE_SECOND, /* what comes says which kind of answer it is */
	STATE_WHOLE,
	STATE_TAKEN_AWAY,
	STATE_ADDED,
	STATE_END
};

static enum zone_transfer_step broken(struct zone_transfer *transfer, const char *format, ...)
	PF_PRINTF(2, 3);

static enum zone_transfer_step broken(struct zone_transfer *transfer, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(transfer->error, sizeof transfer->error, format, arguments);
	va_end(arguments);
	return TRANSFER_BROKEN;
}

bool zone_transfer_is_newer(uint32_t serial, uint32_t than)
{
	return serial != than && serial - than < 0x80000000u;
}

/* ---- asking ------------------------------------------------------------------------------ */

static uint8_t *write_name(uint8_t *at, const struct dns_name *name)
{
	memcpy(at, name->wire, name->length);
	return at + name->length;
}

size_t zone_transfer_write_request(uint8_t out[TRANSFER_REQUEST_MAX], const struct dns_name *zone,
                                   uint16_t type, uint16_t id, uint32_t serial)
{
	memset(out, 0, DNS_HEADER_BYTES);
	dns_write16(out, id);
	dns_write16(out + 4, 1);
	uint8_t *at = write_name(out + DNS_HEADER_BYTES, zone);
	dns_write16(at, type);
	dns_write16(at + 2, DNS_CLASS_IN);
	at += 4;
	if (type != DNS_TYPE_IXFR)
		return (size_t)(at - out);
	/* The SOA of our version stands in the authority section (RFC 1995, 3); only its serial counts. */
	dns_write16(out + 8, 1);
	at = write_name(at, zone);
	dns_write16(at, DNS_TYPE_SOA);
	dns_write16(at + 2, DNS_CLASS_IN);
	dns_write32(at + 4, 0);
	dns_write16(at + 8, 2 + SOA_NUMBERS);
	at += WIRE_RECORD_FIXED;
	memset(at, 0, 2 + SOA_NUMBERS);
	dns_write32(at + 2, serial);
	return (size_t)(at + 2 + SOA_NUMBERS - out);
}

/* ---- messages ---------------------------------------------------------------------------- */

/* Header and question. Returns the offset of the answer section; PF_EINVAL with a phrase in `*why`; else `*rcode` is not zero
 * and the rest is of no interest. */
static int read_head(const uint8_t *message, size_t length, const struct dns_name *zone,
                     uint16_t type, uint16_t id, unsigned *rcode, const char **why)
{
	struct dns_name name;
	size_t at = DNS_HEADER_BYTES;
	*rcode = 0;
	*why = "the primary sent something that is no answer to the question";
	if (length < DNS_HEADER_BYTES || dns_read16(message) != id)
		return PF_EINVAL;
	uint16_t flags = dns_read16(message + 2);
	if (!(flags & WIRE_FLAG_QR) || flags >> 11 & 15 || flags & WIRE_FLAG_TC)
		return PF_EINVAL;
	*rcode = flags & WIRE_RCODE_MASK;
	if (*rcode)
		return 0;
	unsigned questions = dns_read16(message + 4);
	if (questions > 1)
		return PF_EINVAL;
	if (!questions)
		return (int)at;
	int taken = dns_name_from_wire(message, length, at, false, &name);
	if (taken < 0 || length - at - (size_t)taken < 4)
		return PF_EINVAL;
	at += (size_t)taken;
	bool same = dns_name_equal(&name, zone) && dns_read16(message + at) == type &&
	            dns_read16(message + at + 2) == DNS_CLASS_IN;
	return same ? (int)(at + 4) : PF_EINVAL;
}

static void read_numbers(const uint8_t *numbers, struct zone_transfer_soa *soa)
{
	soa->serial = dns_read32(numbers);
	soa->refresh_s = dns_read32(numbers + 4);
	soa->retry_s = dns_read32(numbers + 8);
	soa->expire_s = dns_read32(numbers + 12);
}

/* The data must be expanded already: two names and five numbers, so that they stand at its end. */
static bool read_soa(const uint8_t *rdata, size_t length, struct zone_transfer_soa *soa)
{
	if (length < 2 + SOA_NUMBERS)
		return false;
	read_numbers(rdata + length - SOA_NUMBERS, soa);
	return true;
}

int zone_transfer_read_soa(const uint8_t *message, size_t length, const struct dns_name *zone,
                           uint16_t id, struct zone_transfer_soa *soa, unsigned *rcode,
                           char error[TRANSFER_ERROR_MAX])
{
	const char *why;
	int at = read_head(message, length, zone, DNS_TYPE_SOA, id, rcode, &why);
	snprintf(error, TRANSFER_ERROR_MAX, "%s", why);
	if (at < 0 || *rcode)
		return PF_EINVAL;
	snprintf(error, TRANSFER_ERROR_MAX, "the primary does not know the zone");
	for (unsigned left = dns_read16(message + 6); left; left--) {
		struct wire_record record;
		struct dns_name owner;
		uint8_t rdata[2 * NAME_WIRE_MAX + SOA_NUMBERS];
		size_t start = (size_t)at;
		at = wire_record_read(message, length, start, &record);
		if (at < 0 || dns_name_from_wire(message, length, start, true, &owner) < 0)
			return PF_EINVAL;
		if (record.type != DNS_TYPE_SOA || record.class != DNS_CLASS_IN ||
		    !dns_name_equal(&owner, zone))
			continue;
		int used = rdata_expand(message, length, &record, rdata, sizeof rdata);
		return used > 0 && read_soa(rdata, (size_t)used, soa) ? PF_OK : PF_EINVAL;
	}
	return PF_EINVAL;
}

/* ---- lines ------------------------------------------------------------------------------- */

/* Appends; the buffers of the callers have room for the longest. */
static char *put(char *at, const char *format, ...) PF_PRINTF(2, 3);

static char *put(char *at, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int length = vsprintf(at, format, arguments);
	va_end(arguments);
	return at + length;
}

static char *put_name(char *at, const struct dns_name *name)
{
	at += dns_name_to_text(name, at);
	return put(at, name->labels ? "." : "");
}

/* Any data at all (RFC 3597, 5). */
static char *put_generic(char *at, const uint8_t *rdata, size_t length)
{
	static const char digits[] = "0123456789abcdef";
	at = put(at, length ? "\\# %zu " : "\\# %zu", length);
	for (size_t i = 0; i < length; i++) {
		*at++ = digits[rdata[i] >> 4];
		*at++ = digits[rdata[i] & 15];
	}
	*at = '\0';
	return at;
}

static char *put_soa(char *at, const uint8_t *rdata, size_t length)
{
	struct dns_name name;
	size_t used = 0;
	for (int i = 0; i < 2; i++) {
		int taken = dns_name_from_wire(rdata, length, used, false, &name);
		if (taken < 0)
			return put_generic(at, rdata, length);
		used += (size_t)taken;
		at = put_name(at, &name);
		*at++ = ' ';
	}
	for (size_t i = 0; i < SOA_NUMBERS; i += 4)
		at = put(at, i < MINIMUM_AT ? "%u " : "%u", dns_read32(rdata + used + i));
	return at;
}

static char *put_data(char *at, uint16_t type, const uint8_t *rdata, size_t length)
{
	struct dns_name name;
	char text[INET6_ADDRSTRLEN];
	if (type == DNS_TYPE_A && length == 4)
		return put(at, "%s", inet_ntop(AF_INET, rdata, text, sizeof text));
	if (type == DNS_TYPE_AAAA && length == 16)
		return put(at, "%s", inet_ntop(AF_INET6, rdata, text, sizeof text));
	if (type == DNS_TYPE_CNAME && dns_name_from_wire(rdata, length, 0, false, &name) == (int)length)
		return put_name(at, &name);
	if (type == DNS_TYPE_SOA)
		return put_soa(at, rdata, length);
	return put_generic(at, rdata, length);
}

static size_t write_line(char *line, const struct dns_name *owner, const struct wire_record *record,
                         const uint8_t *rdata, size_t length)
{
	char type[DNS_TYPE_TEXT_MAX];
	dns_type_to_text(record->type, type);
	/* RFC 2181, 8: a TTL with the top bit set is zero. */
	char *at = put_name(line, owner);
	at = put(at, " %u IN %s ", record->ttl > INT32_MAX ? 0 : record->ttl, type);
	return (size_t)(put_data(at, record->type, rdata, length) - line);
}

/* ---- records ----------------------------------------------------------------------------- */

void zone_transfer_begin(struct zone_transfer *transfer)
{
	transfer->state = STATE_FIRST;
	transfer->incremental = false;
	transfer->soa = (struct zone_transfer_soa){0};
	transfer->step_serial = transfer->serial;
	transfer->rcode = 0;
	transfer->record_count = 0;
	transfer->error[0] = transfer->soa_line[0] = '\0';
}

/* An SOA of the zone; where it stands says what it means. */
static enum zone_transfer_step take_soa(struct zone_transfer *transfer,
                                        const struct zone_transfer_soa *soa)
{
	uint32_t newest = transfer->soa.serial;
	switch (transfer->state) {
	case STATE_FIRST:
		transfer->soa = *soa;
		if (transfer->type == DNS_TYPE_IXFR &&
		    !zone_transfer_is_newer(soa->serial, transfer->serial))
			return TRANSFER_CURRENT;
		transfer->state = transfer->type == DNS_TYPE_IXFR ? STATE_SECOND : STATE_WHOLE;
		return TRANSFER_MORE;
	case STATE_SECOND:
		if (soa->serial == newest)
			return TRANSFER_DONE; /* a whole zone of nothing */
		if (soa->serial != transfer->serial)
			return broken(transfer, "the differences begin at serial %u, but ours is %u",
			              soa->serial, transfer->serial);
		transfer->incremental = true;
		transfer->state = STATE_TAKEN_AWAY;
		return TRANSFER_MORE;
	case STATE_WHOLE:
		if (soa->serial == newest)
			return TRANSFER_DONE;
		return broken(transfer, "the zone changed from serial %u to %u on its way", newest,
		              soa->serial);
	case STATE_TAKEN_AWAY:
		if (!zone_transfer_is_newer(soa->serial, transfer->step_serial))
			return broken(transfer, "the differences lead backwards, to serial %u", soa->serial);
		transfer->step_serial = soa->serial;
		transfer->state = STATE_ADDED;
		return TRANSFER_MORE;
	case STATE_ADDED:
		if (soa->serial != transfer->step_serial)
			return broken(transfer, "the differences have a gap, from serial %u to %u",
			              transfer->step_serial, soa->serial);
		if (soa->serial == newest)
			return TRANSFER_DONE;
		transfer->state = STATE_TAKEN_AWAY;
		return TRANSFER_MORE;
	default: return broken(transfer, "records came behind the end");
	}
}

static enum zone_transfer_step take_other(struct zone_transfer *transfer, size_t length)
{
	if (transfer->state == STATE_FIRST)
		return broken(transfer, "the answer does not begin with an SOA");
	if (transfer->state == STATE_SECOND)
		transfer->state = STATE_WHOLE;
	struct zone_transfer_record record = {transfer->state != STATE_TAKEN_AWAY, transfer->line,
	                                      length};
	if (transfer->take(transfer->data, &record) != PF_OK)
		return broken(transfer, "the records can not be kept");
	return TRANSFER_MORE;
}

/* Types that are no data: OPT, TSIG, and what only a question may ask for. */
static bool is_meta(uint16_t type)
{
	return type == 0 || type == DNS_TYPE_OPT || (type >= 128 && type <= DNS_TYPE_ANY);
}

static enum zone_transfer_step take_record(struct zone_transfer *transfer, const uint8_t *message,
                                           size_t length, const struct wire_record *record)
{
	struct dns_name owner;
	struct zone_transfer_soa soa;
	if (++transfer->record_count > TRANSFER_RECORD_MAX)
		return broken(transfer, "the zone has more than %u records", TRANSFER_RECORD_MAX);
	if (dns_name_from_wire(message, length, record->owner, true, &owner) < 0 ||
	    record->class != DNS_CLASS_IN || is_meta(record->type))
		return broken(transfer, "a record is malformed");
	if (!dns_name_is_under(&owner, &transfer->zone))
		return broken(transfer, "a record is not of the zone");
	int used = rdata_expand(message, length, record, transfer->rdata, sizeof transfer->rdata);
	if (used < 0)
		return broken(transfer, "the data of a record is malformed");
	if (record->type == DNS_TYPE_SOA && dns_name_equal(&owner, &transfer->zone)) {
		if (!read_soa(transfer->rdata, (size_t)used, &soa))
			return broken(transfer, "an SOA is malformed");
		if (transfer->state == STATE_FIRST)
			write_line(transfer->soa_line, &owner, record, transfer->rdata, (size_t)used);
		return take_soa(transfer, &soa);
	}
	return take_other(transfer,
	                  write_line(transfer->line, &owner, record, transfer->rdata, (size_t)used));
}

enum zone_transfer_step zone_transfer_feed(struct zone_transfer *transfer, const uint8_t *message,
                                           size_t length)
{
	const char *why;
	int at = read_head(message, length, &transfer->zone, transfer->type, transfer->id,
	                   &transfer->rcode, &why);
	if (at < 0)
		return broken(transfer, "%s", why);
	if (transfer->rcode)
		return TRANSFER_REFUSED;
	unsigned count = dns_read16(message + 6);
	if (!count)
		return broken(transfer, "a message of the answer is empty");
	enum zone_transfer_step step = TRANSFER_MORE;
	for (; count; count--) {
		struct wire_record record;
		if (step != TRANSFER_MORE)
			return broken(transfer, "records came behind the end");
		at = wire_record_read(message, length, (size_t)at, &record);
		if (at < 0)
			return broken(transfer, "a record is malformed");
		step = take_record(transfer, message, length, &record);
		if (step == TRANSFER_BROKEN)
			return step;
	}
	if (step != TRANSFER_MORE)
		transfer->state = STATE_END;
	return step;
}
