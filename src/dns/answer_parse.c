/* What of an upstream's message is an answer to the question: the way along the CNAMEs from the
 * question's name, the records at its end, and the proof when there are none. All else is dropped, so
 * that nothing which nobody asked for is ever served (CVE-2025-40778). */
#include <stdlib.h>
#include <string.h>

#include "dns/answer.h"
#include "dns/answer_build.h"
#include "dns/wire.h"

/* Records of the answer and authority sections that are looked at; each hop looks at all of them. */
#define MESSAGE_RECORD_MAX (2 * ANSWER_RECORD_MAX)

#define RRSIG_BYTES_MIN 19 /* 18 bytes and at least the root as its signer */
#define OPTION_HEADER 4    /* code and length */
#define OPTION_EDE 15      /* RFC 8914 */
#define SOA_BYTES_MIN 22   /* two names of a byte each, five numbers */

#define RECORDS_FEW 32 /* most messages have fewer: then there is room without the heap */

struct message {
	const uint8_t *packet;
	size_t length;
	const struct dns_query *query;
	uint16_t flags;
	int16_t ede;                         /* of the OPT record */
	unsigned answer_count, record_count; /* the answer section's records come first */
	struct wire_record *records;         /* `few`, or owned */
	struct answer_build *build;
	struct wire_record few[RECORDS_FEW];
};

/* Types that are no data: OPT, TSIG, and what only a question may ask for. */
static bool is_meta(uint16_t type)
{
	return type == 0 || type == DNS_TYPE_OPT || (type >= 128 && type <= DNS_TYPE_ANY);
}

/* RFC 2181, 8: a TTL with the top bit set is zero. */
static uint32_t sane_ttl(uint32_t ttl)
{
	if (ttl > INT32_MAX)
		return 0;
	return ttl < ANSWER_TTL_MAX ? ttl : ANSWER_TTL_MAX;
}

/* The name servers of the authority section, as far as there is room: they are looked at, not served. */
static void note_servers(struct message *message)
{
	struct answer_build *build = message->build;
	for (unsigned i = message->answer_count; i < message->record_count; i++) {
		const struct wire_record *record = &message->records[i];
		struct dns_name *server = &build->servers[build->server_count];
		if (record->type != DNS_TYPE_NS || build->server_count == ANSWER_SERVER_MAX ||
		    dns_name_from_wire(message->packet, message->length, record->rdata, true, server) !=
		        record->rdata_length)
			continue;
		build->server_bytes += 2u + server->length;
		build->server_count++;
	}
}

static void note_server_address(struct message *message, const struct wire_record *record)
{
	struct answer_build *build = message->build;
	unsigned bytes = record->type == DNS_TYPE_A ? 4 : record->type == DNS_TYPE_AAAA ? 16 : 0;
	if (!bytes || record->rdata_length != bytes ||
	    build->server_address_count == ANSWER_SERVER_ADDRESS_MAX)
		return;
	for (unsigned i = 0; i < build->server_count; i++) {
		if (!wire_name_is(message->packet, message->length, record->owner, build->servers[i].wire))
			continue;
		struct addr *addr = &build->server_addresses[build->server_address_count++];
		*addr = (struct addr){.family = bytes == 4 ? 4 : 6};
		memcpy(addr->bytes, message->packet + record->rdata, bytes);
		return;
	}
}

/* The first extended error among the options; what does not end where it should says nothing. */
static void note_ede(struct message *message, const struct wire_record *opt)
{
	size_t at = opt->rdata, end = at + opt->rdata_length;
	while (end - at >= OPTION_HEADER) {
		unsigned code = dns_read16(message->packet + at),
				 bytes = dns_read16(message->packet + at + 2);
		at += OPTION_HEADER;
		if (bytes > end - at)
			return;
		if (code == OPTION_EDE && bytes >= 2) {
			unsigned ede = dns_read16(message->packet + at);
			message->ede = ede <= INT16_MAX ? (int16_t)ede : DNS_EDE_OTHER;
			return;
		}
		at += bytes;
	}
}

/* Walks the additional section for the one thing in it that matters: the upper bits of the RCODE. A
 * code that has some is no answer that could be kept. */
static int check_additional(struct message *message, size_t at)
{
	bool opt_seen = false;
	for (unsigned left = dns_read16(message->packet + 10); left; left--) {
		struct wire_record record;
		int end = wire_record_read(message->packet, message->length, at, &record);
		if (end < 0)
			return PF_EINVAL;
		at = (size_t)end;
		if (record.type != DNS_TYPE_OPT) {
			note_server_address(message, &record);
			continue;
		}
		if (opt_seen || record.ttl >> 24)
			return PF_EINVAL;
		opt_seen = true;
		note_ede(message, &record);
	}
	return PF_OK;
}

/* Finds all records; the question was compared by answer_match, and is again. */
static int read_message(struct message *message)
{
	if (answer_match(message->packet, message->length, message->query,
	                 message->length < 2 ? 0 : dns_read16(message->packet)) != ANSWER_MATCHES)
		return PF_EINVAL;
	message->flags = dns_read16(message->packet + 2);
	message->answer_count = dns_read16(message->packet + 6);
	message->record_count = message->answer_count + dns_read16(message->packet + 8);
	if (message->record_count > (message->length - DNS_HEADER_BYTES) / (WIRE_RECORD_FIXED + 1))
		return PF_EINVAL;
	if (message->record_count > MESSAGE_RECORD_MAX)
		return PF_EFULL;
	message->records = message->few;
	if (message->record_count > RECORDS_FEW)
		message->records = malloc(message->record_count * sizeof *message->records);
	if (!message->records)
		return PF_ENOMEM;
	size_t at = DNS_HEADER_BYTES + message->query->name.length + 4u;
	for (unsigned i = 0; i < message->record_count; i++) {
		int end = wire_record_read(message->packet, message->length, at, &message->records[i]);
		if (end < 0)
			return PF_EINVAL;
		at = (size_t)end;
	}
	note_servers(message);
	return check_additional(message, at);
}

/* Most owners are a pointer to the question, whose name was compared. */
static bool is_question(const struct message *message, const struct wire_record *record,
                        const struct dns_name *owner)
{
	return owner == &message->query->name &&
	       dns_read16(message->packet + record->owner) == (WIRE_POINTER | DNS_HEADER_BYTES);
}

static bool is_at(const struct message *message, const struct wire_record *record,
                  const struct dns_name *owner)
{
	return record->class == message->query->class && !is_meta(record->type) &&
	       (is_question(message, record, owner) ||
	        wire_name_is(message->packet, message->length, record->owner, owner->wire));
}

/* The type that an RRSIG covers, 0 for other records and for those that nobody wants to see. */
static uint16_t covered_type(const struct message *message, const struct wire_record *record)
{
	if (record->type != DNS_TYPE_RRSIG || !message->query->edns.dnssec_ok)
		return 0;
	if (record->rdata_length < RRSIG_BYTES_MIN)
		return 0;
	return dns_read16(message->packet + record->rdata);
}

/* The first record of the answer section with this owner and type, or NULL. */
static const struct wire_record *find(const struct message *message, const struct dns_name *owner,
                                      uint16_t type)
{
	for (unsigned i = 0; i < message->answer_count; i++)
		if (message->records[i].type == type && is_at(message, &message->records[i], owner))
			return &message->records[i];
	return NULL;
}

static int keep(struct message *message, const struct wire_record *record,
                const struct dns_name *owner, uint32_t ttl_max)
{
	uint32_t ttl = sane_ttl(record->ttl);
	bool in_answer = record < message->records + message->answer_count;
	if (in_answer)
		message->build->answer_count++;
	else
		message->build->authority_count++;
	return answer_build_record(message->build, message->packet, message->length, record, owner,
	                           ttl < ttl_max ? ttl : ttl_max);
}

/* The signatures of one RRset of the answer section; those that were asked for are kept already. */
static int keep_signatures(struct message *message, const struct dns_name *owner, uint16_t type)
{
	if (is_meta(type) || type == DNS_TYPE_RRSIG)
		return PF_OK;
	for (unsigned i = 0; i < message->answer_count; i++) {
		const struct wire_record *record = &message->records[i];
		if (covered_type(message, record) != type || !is_at(message, record, owner))
			continue;
		int result = keep(message, record, owner, ANSWER_TTL_MAX);
		if (result != PF_OK)
			return result;
	}
	return PF_OK;
}

/* A name that is all of a record's data. */
static int read_target(const struct message *message, const struct wire_record *record,
                       struct dns_name *target)
{
	int taken = dns_name_from_wire(message->packet, message->length, record->rdata, true, target);
	return taken == record->rdata_length ? PF_OK : PF_EINVAL;
}

/* RFC 6672, 2.2: is `target` what `owner` becomes when `from` is replaced by `to`? */
static bool is_substitution(const struct dns_name *owner, const struct dns_name *from,
                            const struct dns_name *to, const struct dns_name *target)
{
	if (from->labels >= owner->labels || !dns_name_is_under(owner, from))
		return false;
	size_t prefix = (size_t)owner->length - from->length;
	return target->length == prefix + to->length && !memcmp(target->wire, owner->wire, prefix) &&
	       !memcmp(target->wire + prefix, to->wire, to->length);
}

/* The DNAME that a CNAME was made from, when it is there. */
static int keep_dname(struct message *message, const struct dns_name *owner,
                      const struct dns_name *target)
{
	for (unsigned i = 0; i < message->answer_count; i++) {
		const struct wire_record *record = &message->records[i];
		struct dns_name from, to;
		if (record->type != DNS_TYPE_DNAME || record->class != message->query->class)
			continue;
		if (dns_name_from_wire(message->packet, message->length, record->owner, true, &from) < 0)
			return PF_EINVAL;
		if (read_target(message, record, &to) != PF_OK)
			return PF_EINVAL;
		if (!is_substitution(owner, &from, &to, target))
			continue;
		int result = keep(message, record, &from, ANSWER_TTL_MAX);
		return result == PF_OK ? keep_signatures(message, &from, DNS_TYPE_DNAME) : result;
	}
	return PF_OK;
}

static int add_hop(struct message *message, const struct dns_name *target)
{
	struct answer_build *build = message->build;
	if (dns_name_equal(target, &message->query->name))
		return PF_EINVAL;
	for (unsigned i = 0; i < build->hop_count; i++)
		if (dns_name_equal(target, &build->hops[i]))
			return PF_EINVAL;
	if (build->hop_count == ANSWER_HOP_MAX)
		return PF_EFULL;
	build->hops[build->hop_count++] = *target;
	return PF_OK;
}

/* Goes along the CNAMEs; the last name goes to `*last`, which is the question's or a hop. */
static int follow_chain(struct message *message, const struct dns_name **last)
{
	const struct answer_build *build = message->build;
	const struct dns_name *owner = *last = &message->query->name;
	uint16_t type = message->query->type;
	if (type == DNS_TYPE_ANY || type == DNS_TYPE_CNAME)
		return PF_OK;
	while (!find(message, owner, type)) {
		struct dns_name target;
		const struct wire_record *cname = find(message, owner, DNS_TYPE_CNAME);
		if (!cname)
			return PF_OK;
		int result = read_target(message, cname, &target);
		if (result == PF_OK)
			result = add_hop(message, &target);
		if (result == PF_OK)
			result = keep_dname(message, owner, &target);
		if (result == PF_OK)
			result = keep(message, cname, owner, ANSWER_TTL_MAX);
		if (result == PF_OK)
			result = keep_signatures(message, owner, DNS_TYPE_CNAME);
		if (result != PF_OK)
			return result;
		owner = *last = &build->hops[build->hop_count - 1];
	}
	return PF_OK;
}

/* One record that was asked for, with what it leads to. */
static int keep_final(struct message *message, const struct wire_record *record,
                      const struct dns_name *owner)
{
	struct dns_name target;
	int result = keep(message, record, owner, ANSWER_TTL_MAX);
	if (result == PF_OK && record->type == DNS_TYPE_CNAME) {
		result = read_target(message, record, &target);
		if (result == PF_OK && message->build->hop_count < ANSWER_HOP_MAX)
			message->build->hops[message->build->hop_count++] = target;
	}
	if (result == PF_OK)
		result = answer_addresses_add(&message->build->addresses, message->packet, record);
	return result;
}

/* The records of the asked type at the end of the chain; their number goes to `*count`. */
static int keep_finals(struct message *message, const struct dns_name *owner, unsigned *count)
{
	uint16_t type = message->query->type;
	*count = 0;
	for (unsigned i = 0; i < message->answer_count; i++) {
		const struct wire_record *record = &message->records[i];
		if (record->type != type && type != DNS_TYPE_ANY)
			continue;
		if (!is_at(message, record, owner))
			continue;
		int result = keep_final(message, record, owner);
		if (result != PF_OK)
			return result;
		++*count;
	}
	return keep_signatures(message, owner, type);
}

/* The SOA that speaks for `name`: of a zone that it is in. Its owner goes to `*zone`. */
static const struct wire_record *find_soa(const struct message *message,
                                          const struct dns_name *name, struct dns_name *zone)
{
	for (unsigned i = message->answer_count; i < message->record_count; i++) {
		const struct wire_record *record = &message->records[i];
		if (record->type != DNS_TYPE_SOA || record->class != message->query->class)
			continue;
		if (record->rdata_length < SOA_BYTES_MIN)
			continue;
		if (dns_name_from_wire(message->packet, message->length, record->owner, true, zone) < 0)
			continue;
		if (dns_name_is_under(name, zone))
			return record;
	}
	return NULL;
}

/* NSEC, NSEC3 and their signatures: they prove that a name or type is not there, or that a wildcard was
 * the nearest there was. */
static int keep_proofs(struct message *message, uint32_t ttl_max)
{
	if (!message->query->edns.dnssec_ok)
		return PF_OK;
	for (unsigned i = message->answer_count; i < message->record_count; i++) {
		const struct wire_record *record = &message->records[i];
		struct dns_name owner;
		uint16_t type =
			record->type == DNS_TYPE_RRSIG ? covered_type(message, record) : record->type;
		if (type != DNS_TYPE_NSEC && type != DNS_TYPE_NSEC3)
			continue;
		if (record->class != message->query->class)
			continue;
		if (dns_name_from_wire(message->packet, message->length, record->owner, true, &owner) < 0)
			return PF_EINVAL;
		int result = keep(message, record, &owner, ttl_max);
		if (result != PF_OK)
			return result;
	}
	return PF_OK;
}

/* RFC 2308, 5: without an SOA a negative answer may be passed on, but not kept. */
static int keep_negative(struct message *message, const struct dns_name *name)
{
	struct dns_name zone;
	const struct wire_record *soa = find_soa(message, name, &zone);
	if (!soa) {
		int result = keep_proofs(message, ANSWER_NEGATIVE_TTL_MAX);
		message->build->ttl = 0;
		return result;
	}
	uint32_t ttl = sane_ttl(dns_read32(message->packet + soa->rdata + soa->rdata_length - 4));
	if (ttl > ANSWER_NEGATIVE_TTL_MAX)
		ttl = ANSWER_NEGATIVE_TTL_MAX;
	if (ttl > sane_ttl(soa->ttl))
		ttl = sane_ttl(soa->ttl);
	int result = keep(message, soa, &zone, ttl);
	for (unsigned i = message->answer_count; i < message->record_count && result == PF_OK; i++)
		if (covered_type(message, &message->records[i]) == DNS_TYPE_SOA &&
		    is_at(message, &message->records[i], &zone))
			result = keep(message, &message->records[i], &zone, ttl);
	return result == PF_OK ? keep_proofs(message, ttl) : result;
}

static int keep_all(struct message *message, unsigned rcode)
{
	const struct dns_name *last;
	unsigned final_count;
	if (rcode != DNS_RCODE_NOERROR && rcode != DNS_RCODE_NXDOMAIN) {
		message->build->ttl = 0;
		return PF_OK;
	}
	int result = follow_chain(message, &last);
	if (result == PF_OK)
		result = keep_finals(message, last, &final_count);
	if (result != PF_OK)
		return result;
	if (rcode == DNS_RCODE_NXDOMAIN || !final_count)
		return keep_negative(message, last);
	return keep_proofs(message, ANSWER_TTL_MAX);
}

/* Puts the name servers in that were kept beside the message. */
static int take_glue(struct answer_build *build, const struct answer_glue *glue)
{
	build->server_count = build->server_bytes = 0;
	for (size_t at = 0; at < glue->server_bytes;) {
		struct dns_name *name = &build->servers[build->server_count];
		if (build->server_count == ANSWER_SERVER_MAX || glue->server_bytes - at < 2)
			return PF_EINVAL;
		uint8_t labels = glue->servers[at], bytes = glue->servers[at + 1];
		if (dns_name_from_wire(glue->servers, glue->server_bytes, at + 2, false, name) != bytes ||
		    name->labels != labels)
			return PF_EINVAL;
		at += 2u + bytes;
		build->server_bytes += 2u + bytes;
		build->server_count++;
	}
	build->server_address_count = 0;
	for (size_t i = 0; i < glue->address_count; i++) {
		if (i == ANSWER_SERVER_ADDRESS_MAX ||
		    (glue->addresses[i].family != 4 && glue->addresses[i].family != 6))
			return PF_EINVAL;
		build->server_addresses[build->server_address_count++] = glue->addresses[i];
	}
	return PF_OK;
}

static int build_answer(struct message *message, const struct answer_glue *glue,
                        struct answer **out)
{
	answer_build_init(message->build, message->query);
	message->ede = DNS_EDE_NONE;
	int result = read_message(message);
	unsigned rcode = message->flags & WIRE_RCODE_MASK;
	if (result == PF_OK)
		result = keep_all(message, rcode);
	if (result == PF_OK && glue)
		result = take_glue(message->build, glue);
	if (result == PF_OK)
		result = answer_build_finish(message->build, rcode, message->flags & WIRE_FLAG_AD, out);
	if (result == PF_OK && rcode != DNS_RCODE_NOERROR && rcode != DNS_RCODE_NXDOMAIN)
		(*out)->ede = message->ede;
	return result;
}

int answer_from_kept(const uint8_t *wire, size_t length, const struct dns_query *query,
                     const struct answer_glue *glue, struct answer **out)
{
	/* On the stack: of its 170 KB the few pages are touched that an answer needs, each time the same. */
	struct answer_build build;
	struct message message;
	memset(&message, 0, offsetof(struct message, few));
	message.packet = wire;
	message.length = length;
	message.query = query;
	message.build = &build;
	*out = NULL;
	if (length > DNS_MESSAGE_MAX)
		return PF_EINVAL;
	int result = build_answer(&message, glue, out);
	if (message.records != message.few)
		free(message.records);
	return result;
}

int answer_from_wire(const uint8_t *packet, size_t length, const struct dns_query *query,
                     struct answer **out)
{
	return answer_from_kept(packet, length, query, NULL, out);
}
