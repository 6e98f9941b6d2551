/* Replies written by hand (reply.h): header, question as it was asked, records, OPT. The records are
 * laid down first; when they and a bare OPT are too much they are taken back and TC is set. */
#include "dns/reply.h"

#include <assert.h>
#include <string.h>

#include "dns/wire.h"

#define OPTION_EDE 15
#define COOKIE_OPTION_BYTES (4 + COOKIE_BYTES)
#define OPTION_HEADER 4
#define ANY_TTL 3600 /* it will not change soon */
#define EDE_HEADER 6 /* option code, option length, info code */

/* A reply in the making. */
struct reply {
	uint8_t *out;
	const struct dns_query *query;
	const struct reply_options *options;
	size_t length, max;
	uint16_t flags;
	unsigned rcode;
	uint16_t answer_count, authority_count;
};

/* The authority's mname, rname, serial, refresh, retry, expire and minimum. */
static const uint8_t sinkhole_soa[] = "\010sinkhole\013portafilter\007invalid\000"
									  "\006nobody\007invalid\000"
									  "\000\000\000\001"
									  "\000\000\016\020"
									  "\000\000\003\204"
									  "\000\001\121\200"
									  "\000\000\000\012";
#define SINKHOLE_SOA_BYTES (sizeof sinkhole_soa - 1)

/* Of a zone that is served here, behind its mname, which is the zone's own: RFC 6303, 3, but for the minimum. */
static const uint8_t zone_soa[] = "\006nobody\007invalid\000"
								  "\000\000\000\001"
								  "\000\000\016\020"
								  "\000\000\004\260"
								  "\000\011\072\200"
								  "\000\000\000\074";
#define ZONE_SOA_BYTES (sizeof zone_soa - 1)
static_assert(REPLY_ZONE_TTL == 60, "zone_soa ends with the same number");
static_assert(REPLY_SINKHOLE_TTL == 10, "sinkhole_soa ends with the same number");

size_t reply_size_max(const struct dns_query *query, bool udp)
{
	if (!udp)
		return DNS_MESSAGE_MAX;
	if (!query->edns.present || query->edns.udp_size < DNS_UDP_PLAIN_MAX)
		return DNS_UDP_PLAIN_MAX;
	if (query->edns.udp_size > DNS_UDP_REPLY_MAX)
		return DNS_UDP_REPLY_MAX;
	return query->edns.udp_size;
}

static void begin(struct reply *reply)
{
	const struct dns_query *query = reply->query;
	reply->max = reply_size_max(query, reply->options->udp);
	reply->flags = WIRE_FLAG_QR | WIRE_FLAG_RA | (uint16_t)(query->opcode << 11);
	if (query->rd)
		reply->flags |= WIRE_FLAG_RD;
	if (query->cd)
		reply->flags |= WIRE_FLAG_CD;
	memcpy(reply->out + DNS_HEADER_BYTES, query->question, query->question_length);
	reply->length = DNS_HEADER_BYTES + query->question_length;
}

/* Bytes of the text that are sent: whole characters, and only when they fit into `room`. */
static size_t text_length(const char *text, size_t room)
{
	if (!text)
		return 0;
	size_t length = strnlen(text, REPLY_EDE_TEXT_MAX + 1);
	if (length > REPLY_EDE_TEXT_MAX) {
		length = REPLY_EDE_TEXT_MAX;
		while (length && ((uint8_t)text[length] & 0xc0) == 0x80)
			length--;
	}
	return length <= room ? length : 0;
}

/* Returns the bytes of the option, 0 when there is none or it does not fit. */
static size_t write_ede(const struct reply *reply, uint8_t *at, size_t room)
{
	if (reply->options->ede == DNS_EDE_NONE || room < EDE_HEADER)
		return 0;
	size_t text = text_length(reply->options->ede_text, room - EDE_HEADER);
	dns_write16(at, OPTION_EDE);
	dns_write16(at + 2, (uint16_t)(2 + text));
	dns_write16(at + 4, (uint16_t)reply->options->ede);
	if (text)
		memcpy(at + EDE_HEADER, reply->options->ede_text, text);
	return EDE_HEADER + text;
}

/* Returns the bytes of the option, 0 when there is none; there is room. */
static size_t write_cookie(const struct dns_query *query, uint8_t *at)
{
	if (!query->edns.cookie_replied)
		return 0;
	dns_write16(at, DNS_OPTION_COOKIE);
	dns_write16(at + 2, COOKIE_BYTES);
	memcpy(at + 4, query->cookie, COOKIE_BYTES);
	return COOKIE_OPTION_BYTES;
}

/* Fills up to the next multiple, or as far as there is room; `length` is that of the message before. Returns the bytes of
 * the option. */
static size_t write_padding(const struct reply *reply, uint8_t *at, size_t length)
{
	if (!reply->options->padded || length + OPTION_HEADER > reply->max)
		return 0;
	size_t whole =
		(length + OPTION_HEADER + REPLY_PAD_BYTES - 1) / REPLY_PAD_BYTES * REPLY_PAD_BYTES;
	size_t option = (whole < reply->max ? whole : reply->max) - length;
	dns_write16(at, DNS_OPTION_PADDING);
	dns_write16(at + 2, (uint16_t)(option - OPTION_HEADER));
	memset(at + OPTION_HEADER, 0, option - OPTION_HEADER);
	return option;
}

static void write_opt(struct reply *reply)
{
	const struct dns_query *query = reply->query;
	uint8_t *at = reply->out + reply->length;
	size_t option = write_cookie(query, at + WIRE_OPT_BYTES);
	option += write_ede(reply, at + WIRE_OPT_BYTES + option,
	                    reply->max - reply->length - WIRE_OPT_BYTES - option);
	option +=
		write_padding(reply, at + WIRE_OPT_BYTES + option, reply->length + WIRE_OPT_BYTES + option);
	at[0] = 0;
	dns_write16(at + 1, DNS_TYPE_OPT);
	dns_write16(at + 3, DNS_EDNS_UPSTREAM_SIZE);
	dns_write32(at + 5, (reply->rcode >> 4) << 24 | (query->edns.dnssec_ok ? WIRE_EDNS_DO : 0));
	dns_write16(at + 9, (uint16_t)option);
	reply->length += WIRE_OPT_BYTES + option;
}

/* Truncates when it must, adds OPT, and writes the header last, when all is known. The smallest
 * maximum, 512, always holds header, question and OPT. */
static size_t finish(struct reply *reply)
{
	const struct dns_query *query = reply->query;
	size_t opt = query->edns.present ? WIRE_OPT_BYTES : 0;
	if (query->edns.cookie_replied)
		opt += COOKIE_OPTION_BYTES;
	if (reply->length + opt > reply->max) {
		reply->length = DNS_HEADER_BYTES + query->question_length;
		reply->flags |= WIRE_FLAG_TC;
		reply->answer_count = reply->authority_count = 0;
	}
	if (query->edns.present)
		write_opt(reply);
	uint8_t *out = reply->out;
	dns_write16(out, query->id);
	dns_write16(out + 2, (uint16_t)(reply->flags | (reply->rcode & WIRE_RCODE_MASK)));
	dns_write16(out + 4, query->question_length ? 1 : 0);
	dns_write16(out + 6, reply->answer_count);
	dns_write16(out + 8, reply->authority_count);
	dns_write16(out + 10, query->edns.present ? 1 : 0);
	return reply->length;
}

static void count_down(const struct answer *answer, uint32_t age_s, uint8_t *out)
{
	for (unsigned i = 0; i < answer->ttl_count; i++) {
		size_t at = answer->ttl_offsets[i];
		uint32_t ttl = dns_read32(answer->wire + at);
		uint32_t left_s = ttl > age_s ? ttl - age_s : 0;
		dns_write32(out + at, age_s == REPLY_AGE_STALE ? REPLY_STALE_TTL : left_s);
	}
}

size_t reply_from_answer(uint8_t *out, const struct dns_query *query, const struct answer *answer,
                         uint32_t age_s, const struct reply_options *options)
{
	struct reply reply = {.out = out, .query = query, .options = options};
	begin(&reply);
	reply.rcode = answer->rcode;
	if (answer->ad && (query->ad || query->edns.dnssec_ok))
		reply.flags |= WIRE_FLAG_AD;
	/* The records point into the question, so it must be the same one but for its letter case. */
	assert(answer->length >= reply.length);
	if (answer->length <= reply.max) {
		memcpy(out + reply.length, answer->wire + reply.length, answer->length - reply.length);
		count_down(answer, age_s, out);
	}
	reply.length = answer->length;
	reply.answer_count = dns_read16(answer->wire + 6);
	reply.authority_count = dns_read16(answer->wire + 8);
	return finish(&reply);
}

/* Everything of a record but its data; the owner is the name at an offset below WIRE_POINTER_MAX. */
static uint8_t *put_record(struct reply *reply, size_t owner, uint16_t type, uint32_t ttl_s,
                           uint16_t rdata_length)
{
	uint8_t *at = reply->out + reply->length;
	dns_write16(at, (uint16_t)(WIRE_POINTER | owner));
	dns_write16(at + 2, type);
	dns_write16(at + 4, reply->query->class);
	dns_write32(at + 6, ttl_s);
	dns_write16(at + 10, rdata_length);
	reply->length += 2 + WIRE_RECORD_FIXED + rdata_length;
	return at + 2 + WIRE_RECORD_FIXED;
}

static uint8_t *add_record_of(struct reply *reply, size_t owner, uint16_t type,
                              uint16_t rdata_length)
{
	return put_record(reply, owner, type, REPLY_SINKHOLE_TTL, rdata_length);
}

/* The owner is the question's name. */
static uint8_t *add_record(struct reply *reply, uint16_t type, uint16_t rdata_length)
{
	return add_record_of(reply, DNS_HEADER_BYTES, type, rdata_length);
}

static void add_addresses(struct reply *reply, size_t owner, const struct addr *addresses,
                          size_t count)
{
	uint16_t type = reply->query->type;
	unsigned family = type == DNS_TYPE_A ? 4 : type == DNS_TYPE_AAAA ? 6 : 0;
	uint16_t bytes = family == 4 ? 4 : 16;
	for (size_t i = 0; i < count; i++) {
		if (!family || addresses[i].family != family)
			continue;
		/* One record too many already means TC: the rest need not be written. */
		if (reply->length > reply->max)
			return;
		if (DNS_MESSAGE_MAX - reply->length < 2u + WIRE_RECORD_FIXED + bytes) {
			reply->length = DNS_MESSAGE_MAX + 1;
			return;
		}
		memcpy(add_record_of(reply, owner, type, bytes), addresses[i].bytes, bytes);
		reply->answer_count++;
	}
}

static void add_soa(struct reply *reply)
{
	memcpy(add_record(reply, DNS_TYPE_SOA, SINKHOLE_SOA_BYTES), sinkhole_soa, SINKHOLE_SOA_BYTES);
	reply->authority_count = 1;
}

size_t reply_synthesize(uint8_t *out, const struct dns_query *query, unsigned rcode,
                        const struct addr *addresses, size_t address_count,
                        const struct reply_options *options)
{
	struct reply reply = {.out = out, .query = query, .options = options, .rcode = rcode};
	begin(&reply);
	if (!query->question_length)
		return finish(&reply);
	if (rcode == DNS_RCODE_NOERROR)
		add_addresses(&reply, DNS_HEADER_BYTES, addresses, address_count);
	if (rcode == DNS_RCODE_NXDOMAIN || (rcode == DNS_RCODE_NOERROR && reply.answer_count == 0))
		add_soa(&reply);
	return finish(&reply);
}

/* The next record at `*at`; NULL at the end. */
static const uint8_t *next_record(const struct reply_records *records, size_t *at, uint16_t *type,
                                  uint16_t *length)
{
	if (records->length - *at < REPLY_RECORD_HEADER)
		return NULL;
	const uint8_t *header = records->bytes + *at;
	*type = dns_read16(header);
	*length = dns_read16(header + 2);
	if (records->length - *at - REPLY_RECORD_HEADER < *length)
		return NULL;
	*at += REPLY_RECORD_HEADER + (size_t)*length;
	return header + REPLY_RECORD_HEADER;
}

bool reply_records_target(const struct reply_records *records, const struct dns_name *asked,
                          struct dns_name *target)
{
	const uint8_t *rdata;
	uint16_t type, length;
	for (size_t at = 0; (rdata = next_record(records, &at, &type, &length));) {
		if (type != DNS_TYPE_CNAME)
			continue;
		if (dns_name_from_wire(rdata, length, 0, false, target) != length)
			return false;
		if (target->labels < 2 || memcmp(target->wire, "\1*", 2) != 0)
			return true;
		size_t before = asked->length - 1u, after = target->length - 2u;
		if (before + after > NAME_WIRE_MAX)
			return false;
		memmove(target->wire + before, target->wire + 2, after);
		memcpy(target->wire, asked->wire, before);
		target->length = (uint8_t)(before + after);
		target->labels = (uint8_t)(target->labels - 1 + asked->labels);
		return true;
	}
	return false;
}

/* Records that would be too much for any message are left off; REPLY_RECORDS_MAX makes that impossible. */
static void add_typed(struct reply *reply, const struct reply_records *records)
{
	const uint8_t *rdata;
	uint16_t type, length;
	for (size_t at = 0; (rdata = next_record(records, &at, &type, &length));) {
		if (type != reply->query->type ||
		    DNS_MESSAGE_MAX - reply->length < 2u + WIRE_RECORD_FIXED + length)
			continue;
		memcpy(put_record(reply, DNS_HEADER_BYTES, type,
		                  records->ttl_s ? records->ttl_s : REPLY_SINKHOLE_TTL, length),
		       rdata, length);
		reply->answer_count++;
	}
}

size_t reply_from_records(uint8_t *out, const struct dns_query *query,
                          const struct reply_records *records, const struct reply_options *options)
{
	struct reply reply = {.out = out, .query = query, .options = options};
	struct dns_name target;
	begin(&reply);
	if (reply_records_target(records, &query->name, &target)) {
		uint8_t *rdata = add_record(&reply, DNS_TYPE_CNAME, target.length);
		memcpy(rdata, target.wire, target.length);
		reply.answer_count++;
		if (query->type != DNS_TYPE_CNAME)
			add_addresses(&reply, (size_t)(rdata - out), records->addresses,
			              records->address_count);
	} else {
		add_typed(&reply, records);
	}
	if (!reply.answer_count)
		add_soa(&reply);
	return finish(&reply);
}

size_t reply_truncated(uint8_t *out, const struct dns_query *query,
                       const struct reply_options *options)
{
	struct reply reply = {.out = out, .query = query, .options = options};
	begin(&reply);
	reply.flags |= WIRE_FLAG_TC;
	return finish(&reply);
}

size_t reply_from_zone(uint8_t *out, const struct dns_query *query, unsigned rcode,
                       const struct dns_name *zone, const struct reply_options *options)
{
	struct reply reply = {.out = out, .query = query, .options = options, .rcode = rcode};
	begin(&reply);
	reply.flags |= WIRE_FLAG_AA;
	size_t skip = (size_t)query->name.length - zone->length;
	uint8_t *at = put_record(&reply, DNS_HEADER_BYTES + skip, DNS_TYPE_SOA, REPLY_ZONE_TTL,
	                         (uint16_t)(2 + ZONE_SOA_BYTES));
	dns_write16(at, (uint16_t)(WIRE_POINTER | (DNS_HEADER_BYTES + skip)));
	memcpy(at + 2, zone_soa, ZONE_SOA_BYTES);
	if (!skip && query->type == DNS_TYPE_SOA && rcode == DNS_RCODE_NOERROR)
		reply.answer_count = 1;
	else
		reply.authority_count = 1;
	return finish(&reply);
}

size_t reply_any(uint8_t *out, const struct dns_query *query, const struct reply_options *options)
{
	static const uint8_t hinfo[] = "\7RFC8482"; /* and no OS: its length is the NUL */
	struct reply reply = {.out = out, .query = query, .options = options};
	begin(&reply);
	memcpy(put_record(&reply, DNS_HEADER_BYTES, DNS_TYPE_HINFO, ANY_TTL, sizeof hinfo), hinfo,
	       sizeof hinfo);
	reply.answer_count = 1;
	return finish(&reply);
}

size_t reply_error(uint8_t *out, const struct dns_query *query, unsigned rcode,
                   const struct reply_options *options)
{
	struct reply reply = {.out = out, .query = query, .options = options, .rcode = rcode};
	begin(&reply);
	/* The upper bits of the RCODE stand in OPT; without one the code can not be said. */
	if (rcode > WIRE_RCODE_MASK && !query->edns.present)
		reply.rcode = DNS_RCODE_SERVFAIL;
	return finish(&reply);
}

uint32_t reply_max_age_s(const uint8_t *packet, size_t length)
{
	uint32_t least = UINT32_MAX;
	unsigned records = dns_read16(packet + 6);
	size_t at = DNS_HEADER_BYTES;
	if (!records)
		records = dns_read16(packet + 8);
	if (dns_read16(packet + 4)) {
		while (at < length && packet[at])
			at += packet[at] + 1u;
		at += 5;
	}
	for (unsigned i = 0; i < records && at < length; i++) {
		struct wire_record record;
		int behind = wire_record_read(packet, length, at, &record);
		if (behind < 0)
			break;
		at = (size_t)behind;
		if (record.ttl < least)
			least = record.ttl;
	}
	return least == UINT32_MAX ? 0 : least;
}
