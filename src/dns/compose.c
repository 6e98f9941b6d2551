/* Records of others, laid down anew under the question of the whole; see compose.h. */
#include "dns/compose.h"

#include <stdlib.h>
#include <string.h>

#include "dns/answer_build.h"
#include "dns/wire.h"

static int add_hop(struct answer_build *build, const struct dns_name *target)
{
	for (unsigned i = 0; i < build->hop_count; i++)
		if (dns_name_equal(target, &build->hops[i]))
			return PF_EINVAL;
	if (build->hop_count == ANSWER_HOP_MAX)
		return PF_EFULL;
	build->hops[build->hop_count++] = *target;
	return PF_OK;
}

int answer_make(const struct dns_name *name, uint16_t type, uint32_t ttl_s,
                const struct answer_datum *data, size_t count, struct answer **out)
{
	struct dns_query query = {.name = *name, .type = type, .class = DNS_CLASS_IN};
	struct answer_build *build = malloc(sizeof *build);
	int result = build ? PF_OK : PF_ENOMEM;
	*out = NULL;
	if (build)
		answer_build_init(build, &query);
	for (size_t i = 0; i < count && result == PF_OK; i++) {
		struct wire_record record = {.type = type,
		                             .class = DNS_CLASS_IN,
		                             .rdata_length = data[i].length};
		result = answer_build_record(build, data[i].bytes, data[i].length, &record, name, ttl_s);
		if (result == PF_OK)
			result = answer_addresses_add(&build->addresses, data[i].bytes, &record);
		build->answer_count++;
	}
	if (result == PF_OK && type == DNS_TYPE_CNAME &&
	    dns_name_from_wire(data[0].bytes, data[0].length, 0, false, &build->hops[0]) > 0)
		build->hop_count = 1;
	if (result == PF_OK)
		result = answer_build_finish(build, DNS_RCODE_NOERROR, false, out);
	free(build);
	return result;
}

/* One record of an answer that was kept, so whole and checked. */
static int copy_record(struct answer_build *build, const struct answer *from,
                       const struct wire_record *record, uint32_t age_s)
{
	struct dns_name owner, target;
	if (dns_name_from_wire(from->wire, from->length, record->owner, true, &owner) < 0)
		return PF_EINVAL;
	uint32_t ttl = record->ttl > age_s ? record->ttl - age_s : 0;
	int result = answer_build_record(build, from->wire, from->length, record, &owner, ttl);
	if (result != PF_OK || record->type != DNS_TYPE_CNAME)
		return result;
	if (dns_name_from_wire(from->wire, from->length, record->rdata, true, &target) < 0)
		return PF_EINVAL;
	return add_hop(build, &target);
}

/* Copies of an answer its first `cname_max` CNAMEs, and with `all` everything. */
static int copy_answer(struct answer_build *build, const struct answer_part *part, bool all,
                       size_t cname_max)
{
	const struct answer *from = part->answer;
	size_t at = DNS_HEADER_BYTES, cnames = 0;
	while (from->wire[at])
		at += from->wire[at] + 1u;
	at += 5;
	unsigned answers = dns_read16(from->wire + 6), total = answers + dns_read16(from->wire + 8);
	for (unsigned i = 0; i < (all ? total : answers); i++) {
		struct wire_record record;
		int end = wire_record_read(from->wire, from->length, at, &record);
		if (end < 0)
			return PF_EINVAL;
		at = (size_t)end;
		if (!all && (record.type != DNS_TYPE_CNAME || cnames++ >= cname_max))
			continue;
		if (i < answers)
			build->answer_count++;
		else
			build->authority_count++;
		int result = copy_record(build, from, &record, part->age_s);
		if (result == PF_OK && all && i < answers)
			result = answer_addresses_add(&build->addresses, from->wire, &record);
		if (result != PF_OK)
			return result;
	}
	return PF_OK;
}

int answer_cut(const struct dns_query *query, const struct answer *answer, size_t cname_count,
               struct answer **out)
{
	struct answer_part part = {answer, 0};
	struct answer_build *build = malloc(sizeof *build);
	*out = NULL;
	if (!build)
		return PF_ENOMEM;
	answer_build_init(build, query);
	int result = copy_answer(build, &part, false, cname_count);
	if (result == PF_OK)
		result = answer_build_finish(build, DNS_RCODE_NOERROR, false, out);
	free(build);
	return result;
}

int answer_compose(const struct dns_query *query, const struct answer_part *parts, size_t count,
                   bool last_is_chain, unsigned rcode, struct answer **out)
{
	struct answer_build *build = malloc(sizeof *build);
	int result = build ? PF_OK : PF_ENOMEM;
	*out = NULL;
	if (build)
		answer_build_init(build, query);
	for (size_t i = 0; i < count && result == PF_OK; i++) {
		bool all = i + 1 == count && !last_is_chain;
		result = copy_answer(build, &parts[i], all, ANSWER_HOP_MAX);
		if (result == PF_OK && all && parts[i].answer->ttl < build->ttl + parts[i].age_s) {
			uint32_t ttl = parts[i].answer->ttl, age_s = parts[i].age_s;
			build->ttl = ttl > age_s ? ttl - age_s : 0;
		}
	}
	for (unsigned i = 0; result == PF_OK && i < build->hop_count; i++)
		if (dns_name_equal(&build->hops[i], &query->name))
			result = PF_EINVAL;
	if (result == PF_OK)
		result = answer_build_finish(build, rcode, false, out);
	free(build);
	return result;
}
