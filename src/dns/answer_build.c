/* The wire of a kept answer. Data is written out without compression first, so that ldns checks each
 * record by its type and finds no pointer that leads out of it; names are then compressed anew. */
#include "dns/answer_build.h"

#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>

#include "dns/expand.h"

#define COMPRESS_SEED_MAX 16 /* labels of the question that can be pointed to */
#define COMPRESS_LABEL_MAX \
	8 /* parents of a name that are looked for: names of 127 labels, a
                                thousand of them, would take 40 ms (CVE-2024-8508) */
static bool append(struct answer_build *build, const uint8_t *bytes, size_t length)
{
	if (length > sizeof build->wire - build->length)
		return false;
	memcpy(build->wire + build->length, bytes, length);
	build->length += length;
	return true;
}

static void remember_name(struct answer_build *build, size_t offset)
{
	if (offset <= WIRE_POINTER_MAX && build->compress_count < ANSWER_COMPRESS_MAX)
		build->compress[build->compress_count++] = (uint16_t)offset;
}

/* The offset of a name that was written already, or 0. */
static unsigned find_name(const struct answer_build *build, const uint8_t *name)
{
	for (unsigned i = 0; i < build->compress_count; i++)
		if (wire_name_is(build->wire, build->length, build->compress[i], name))
			return build->compress[i];
	return 0;
}

static bool append_pointer(struct answer_build *build, unsigned offset)
{
	uint8_t pointer[2];
	dns_write16(pointer, (uint16_t)(WIRE_POINTER | offset));
	return append(build, pointer, sizeof pointer);
}

/* Appends a name, its longest known parent as a pointer. */
static bool append_name(struct answer_build *build, const struct dns_name *name)
{
	if (name == build->question && name->labels) /* most are */
		return append_pointer(build, DNS_HEADER_BYTES);
	const uint8_t *label = name->wire;
	for (unsigned depth = 0; *label && depth < COMPRESS_LABEL_MAX; depth++) {
		unsigned known = find_name(build, label);
		if (known)
			return append_pointer(build, known);
		size_t offset = build->length;
		if (!append(build, label, *label + 1u))
			return false;
		remember_name(build, offset);
		label += *label + 1u;
	}
	return append(build, label, (size_t)(name->wire + name->length - label));
}

/* Types whose data may be empty: NULL, APL, and what ldns does not know. */
static bool may_be_empty(uint16_t type, const ldns_rr_descriptor *descriptor)
{
	return type == 10 || type == 42 || ldns_rr_descriptor_minimum(descriptor) == 0 ||
	       ldns_rr_descriptor_field_type(descriptor, 0) == LDNS_RDF_TYPE_UNKNOWN;
}

/* Lets ldns read RDLENGTH and data as a message of their own: whatever a pointer in there says, it
 * stays in there. ldns calls too few fields, too many bytes and no data at all well; we do not. */
static int check_data(uint8_t *rdlength, size_t length, uint16_t type, uint16_t class)
{
	ldns_rr *rr = ldns_rr_new();
	if (!rr)
		return PF_ENOMEM;
	ldns_rr_set_type(rr, (ldns_rr_type)type);
	ldns_rr_set_class(rr, (ldns_rr_class) class);
	const ldns_rr_descriptor *descriptor = ldns_rr_descript(type);
	size_t at = 0;
	int result = PF_EINVAL;
	ldns_status status = ldns_wire2rdf(rr, rdlength, length, &at);
	if (status == LDNS_STATUS_MEM_ERR)
		result = PF_ENOMEM;
	else if (status != LDNS_STATUS_OK || at != length)
		result = PF_EINVAL;
	else if (length == 2)
		result = may_be_empty(type, descriptor) ? PF_OK : PF_EINVAL;
	else if (ldns_rr_rd_count(rr) >= ldns_rr_descriptor_minimum(descriptor))
		result = PF_OK;
	ldns_rr_free(rr);
	return result;
}

/* Rewrites the data from `start` on with its names compressed; it only becomes shorter. The head of
 * these types has no strings. */
static int compress_data(struct answer_build *build, size_t start, const struct rdata_shape *shape)
{
	struct dns_name names[2];
	size_t at = start + shape->before, end = build->length;
	for (unsigned i = 0; i < shape->names; i++) {
		int taken = wire_name_as_sent(build->wire, end, at, &names[i]);
		if (taken < 0)
			return PF_EINVAL;
		at += (size_t)taken;
	}
	size_t tail = end - at;
	build->length = start + shape->before;
	for (unsigned i = 0; i < shape->names; i++)
		if (!append_name(build, &names[i]))
			return PF_EFULL;
	memmove(build->wire + build->length, build->wire + at, tail);
	build->length += tail;
	return PF_OK;
}

/* Data of which rdata_expand has seen every byte that ldns would look at; others go to ldns. */
static int check_quickly(uint8_t *rdlength, size_t length, const struct wire_record *record,
                         const struct rdata_shape *shape)
{
	if (record->type == DNS_TYPE_A)
		return length == 2 + 4 ? PF_OK : PF_EINVAL;
	if (record->type == DNS_TYPE_AAAA)
		return length == 2 + 16 ? PF_OK : PF_EINVAL;
	if (shape && !shape->strings && shape->after != SHAPE_REST)
		return PF_OK;
	return check_data(rdlength, length, record->type, record->class);
}

static int append_data(struct answer_build *build, const uint8_t *packet, size_t length,
                       const struct wire_record *record)
{
	const struct rdata_shape *shape = rdata_shape_of(record->type);
	size_t start = build->length;
	int result =
		rdata_expand(packet, length, record, build->wire + start, sizeof build->wire - start);
	if (result < 0)
		return result;
	build->length += (size_t)result;
	uint8_t *rdlength = build->wire + start - 2;
	dns_write16(rdlength, (uint16_t)(build->length - start));
	result = check_quickly(rdlength, build->length - start + 2, record, shape);
	if (result != PF_OK)
		return result;
	if (shape && shape->compress)
		result = compress_data(build, start, shape);
	dns_write16(rdlength, (uint16_t)(build->length - start));
	return result;
}

void answer_build_init(struct answer_build *build, const struct dns_query *query)
{
	memset(build, 0, offsetof(struct answer_build, hops));
	build->addresses.count = 0;
	memset(build->wire, 0, DNS_HEADER_BYTES);
	build->ttl = ANSWER_TTL_MAX;
	build->length = DNS_HEADER_BYTES;
	build->question = &query->name;
	uint8_t *at = build->wire + DNS_HEADER_BYTES;
	memcpy(at, query->name.wire, query->name.length);
	dns_write16(at + query->name.length, query->type);
	dns_write16(at + query->name.length + 2, query->class);
	for (size_t i = 0; at[i] && build->compress_count < COMPRESS_SEED_MAX; i += at[i] + 1u)
		remember_name(build, DNS_HEADER_BYTES + i);
	build->length += query->name.length + 4u;
}

int answer_build_record(struct answer_build *build, const uint8_t *packet, size_t length,
                        const struct wire_record *record, const struct dns_name *owner,
                        uint32_t ttl)
{
	uint8_t fixed[WIRE_RECORD_FIXED] = {0};
	if (build->ttl_count == ANSWER_RECORD_MAX)
		return PF_EFULL;
	if (!append_name(build, owner))
		return PF_EFULL;
	dns_write16(fixed, record->type);
	dns_write16(fixed + 2, record->class);
	dns_write32(fixed + 4, ttl);
	build->ttl_offsets[build->ttl_count] = (uint16_t)(build->length + 4);
	if (!append(build, fixed, sizeof fixed))
		return PF_EFULL;
	build->ttl_count++;
	if (ttl < build->ttl)
		build->ttl = ttl;
	return append_data(build, packet, length, record);
}

int answer_build_finish(const struct answer_build *build, unsigned rcode, bool ad,
                        struct answer **out)
{
	size_t ttl_bytes = build->ttl_count * sizeof *build->ttl_offsets;
	size_t hop_bytes = build->hop_count * sizeof *build->hops;
	size_t address_bytes = build->addresses.count * sizeof *build->addresses.list;
	size_t glue_bytes = build->server_address_count * sizeof *build->server_addresses;
	struct answer *answer = malloc(sizeof *answer + ttl_bytes + hop_bytes + address_bytes +
	                               glue_bytes + build->server_bytes + build->length);
	if (!answer)
		return PF_ENOMEM;
	/* The TTL offsets first: all that follows is bytes and needs no alignment. */
	uint8_t *at = (uint8_t *)(answer + 1);
	*answer = (struct answer){
		.rcode = (uint16_t)rcode,
		.ttl = build->ttl,
		.ad = ad,
		.ede = DNS_EDE_NONE,
		.length = (uint16_t)build->length,
		.ttl_count = (uint16_t)build->ttl_count,
		.ttl_offsets = memcpy(at, build->ttl_offsets, ttl_bytes),
		.hops = memcpy(at + ttl_bytes, build->hops, hop_bytes),
		.hop_count = (uint8_t)build->hop_count,
		.addresses = memcpy(at + ttl_bytes + hop_bytes, build->addresses.list, address_bytes),
		.address_count = (uint16_t)build->addresses.count,
		.server_address_count = (uint8_t)build->server_address_count,
		.server_bytes = (uint16_t)build->server_bytes,
	};
	at += ttl_bytes + hop_bytes + address_bytes;
	answer->server_addresses = memcpy(at, build->server_addresses, glue_bytes);
	at += glue_bytes;
	answer->servers = at;
	for (unsigned i = 0; i < build->server_count; i++) {
		const struct dns_name *name = &build->servers[i];
		*at++ = name->labels;
		*at++ = name->length;
		memcpy(at, name->wire, name->length);
		at += name->length;
	}
	answer->wire = memcpy(at, build->wire, build->length);
	uint16_t flags = WIRE_FLAG_QR | WIRE_FLAG_RD | WIRE_FLAG_RA | (ad ? WIRE_FLAG_AD : 0);
	dns_write16(answer->wire + 2, (uint16_t)(flags | rcode));
	dns_write16(answer->wire + 4, 1);
	dns_write16(answer->wire + 6, (uint16_t)build->answer_count);
	dns_write16(answer->wire + 8, (uint16_t)build->authority_count);
	*out = answer;
	return PF_OK;
}
