/* Takes addresses out of an answer, see strip.h. The answer was checked when it was kept, so that the walk
 * meets whole records only; its order is known too: first the chain of CNAMEs, then the records of
 * the asked type, then their signatures. */
#include "dns/strip.h"

#include "dns/wire.h"

#define SVC_PARAM_HEADER 4 /* key and length */
#define SVC_MANDATORY 0
#define SVC_IPV4HINT 4
#define SVC_IPV6HINT 6

/* Comparisons for one answer. Addresses come in the order of answer->addresses; only doubles have to be
 * searched for, and an answer with more of them than this costs is nobody's: the rest of them goes. */
#define SEARCH_MAX 65536

struct walk {
	const struct answer *answer;
	const struct strip_set *gone;
	struct stripped *out;
	size_t length;      /* of out->wire */
	size_t next;        /* the address that is to come, if it is no double */
	size_t search_left; /* of SEARCH_MAX */
	size_t moved_from;  /* in the answer's wire: what stands behind it has moved */
	unsigned kept, left;
	bool overflow;
};

/* Is the address that stands at `bytes` one of those that go? */
static bool goes(struct walk *walk, const uint8_t *bytes, uint8_t family)
{
	const struct answer *answer = walk->answer;
	struct addr addr = {.family = family};
	memcpy(addr.bytes, bytes, family == 4 ? 4 : 16);
	if (walk->next < answer->address_count && addr_equal(&answer->addresses[walk->next], &addr))
		return strip_set_has(walk->gone, walk->next++);
	for (size_t i = 0; i < answer->address_count && walk->search_left; i++, walk->search_left--)
		if (addr_equal(&answer->addresses[i], &addr))
			return strip_set_has(walk->gone, i);
	return true;
}

/* What is left never takes more room than the answer did, but for an owner that is written out. */
static void put(struct walk *walk, const void *bytes, size_t length)
{
	if (length > sizeof walk->out->wire - walk->length) {
		walk->overflow = true;
		return;
	}
	memcpy(walk->out->wire + walk->length, bytes, length);
	walk->length += length;
}

/* The owner as it stands, but written out when it points to what has moved. */
static void put_owner(struct walk *walk, const struct wire_record *record)
{
	const uint8_t *wire = walk->answer->wire;
	struct dns_name name;
	int taken = dns_name_from_wire(wire, walk->answer->length, record->owner, true, &name);
	if (taken < 0)
		return;
	size_t raw = (size_t)taken;
	/* A pointer takes two bytes for three or more, or for the root's one: only without is it as long. */
	bool points = raw != name.length;
	if (points &&
	    (dns_read16(wire + record->owner + raw - 2) & ~(unsigned)WIRE_POINTER) >= walk->moved_from)
		put(walk, name.wire, name.length);
	else
		put(walk, wire + record->owner, raw);
}

/* Owner, type, class, TTL and room for the length of the data. */
static void put_head(struct walk *walk, const struct wire_record *record)
{
	put_owner(walk, record);
	walk->out->ttl_offsets[walk->kept++] = (uint16_t)(walk->length + 4);
	put(walk, walk->answer->wire + record->rdata - WIRE_RECORD_FIXED, WIRE_RECORD_FIXED);
}

static void put_whole(struct walk *walk, const struct wire_record *record)
{
	put_head(walk, record);
	put(walk, walk->answer->wire + record->rdata, record->rdata_length);
}

/* ---- hints ------------------------------------------------------------------------------- */

static uint8_t hint_family(unsigned key)
{
	return key == SVC_IPV4HINT ? 4 : key == SVC_IPV6HINT ? 6 : 0;
}

/* The addresses of a hint that stay; returns their bytes. With `to` NULL they are only counted. */
static size_t filter_hint(struct walk *walk, const uint8_t *value, size_t length, uint8_t family,
                          uint8_t *to)
{
	size_t bytes = family == 4 ? 4 : 16, kept = 0;
	for (size_t at = 0; at < length; at += bytes) {
		if (goes(walk, value + at, family))
			continue;
		if (to)
			memcpy(to + kept, value + at, bytes);
		kept += bytes;
	}
	return kept;
}

/* `mandatory` without the hints that are gone; returns its bytes. */
static size_t filter_mandatory(const uint8_t *value, size_t length, const bool *hint_gone,
                               uint8_t *to)
{
	size_t kept = 0;
	for (size_t at = 0; at + 2 <= length; at += 2) {
		unsigned key = dns_read16(value + at);
		if (hint_family(key) && hint_gone[key])
			continue;
		memcpy(to + kept, value + at, 2);
		kept += 2;
	}
	return kept;
}

/* Which hints lose all that they have? `mandatory` stands before them. */
static void find_empty_hints(struct walk *walk, const uint8_t *params, size_t length,
                             bool hint_gone[SVC_IPV6HINT + 1])
{
	size_t next = walk->next;
	for (size_t at = 0; at < length;) {
		unsigned key = dns_read16(params + at);
		size_t value_length = dns_read16(params + at + 2);
		at += SVC_PARAM_HEADER;
		if (hint_family(key))
			hint_gone[key] = !filter_hint(walk, params + at, value_length, hint_family(key), NULL);
		at += value_length;
	}
	walk->next = next; /* they come once more */
}

static void put_params(struct walk *walk, const uint8_t *params, size_t length)
{
	bool hint_gone[SVC_IPV6HINT + 1] = {false};
	find_empty_hints(walk, params, length, hint_gone);
	for (size_t at = 0; at < length;) {
		unsigned key = dns_read16(params + at);
		size_t value_length = dns_read16(params + at + 2), kept = value_length;
		const uint8_t *value = params + at + SVC_PARAM_HEADER;
		uint8_t *to = walk->out->wire + walk->length;
		if (SVC_PARAM_HEADER + value_length > sizeof walk->out->wire - walk->length) {
			walk->overflow = true;
			return;
		}
		if (hint_family(key))
			kept = filter_hint(walk, value, value_length, hint_family(key), to + SVC_PARAM_HEADER);
		else if (key == SVC_MANDATORY)
			kept = filter_mandatory(value, value_length, hint_gone, to + SVC_PARAM_HEADER);
		else
			memcpy(to + SVC_PARAM_HEADER, value, value_length);
		at += SVC_PARAM_HEADER + value_length;
		if (!kept && (hint_family(key) || key == SVC_MANDATORY))
			continue;
		dns_write16(to, (uint16_t)key);
		dns_write16(to + 2, (uint16_t)kept);
		walk->length += SVC_PARAM_HEADER + kept;
	}
}

static void put_svcb(struct walk *walk, const struct wire_record *record)
{
	const uint8_t *wire = walk->answer->wire;
	struct dns_name target;
	int taken = dns_name_from_wire(wire, walk->answer->length, record->rdata + 2u, false, &target);
	if (taken < 0)
		return;
	size_t head = 2 + (size_t)taken;
	put_head(walk, record);
	size_t start = walk->length;
	put(walk, wire + record->rdata, head);
	put_params(walk, wire + record->rdata + head, record->rdata_length - head);
	dns_write16(walk->out->wire + start - 2, (uint16_t)(walk->length - start));
}

/* ---- the whole --------------------------------------------------------------------------- */

static void take_record(struct walk *walk, const struct wire_record *record, uint16_t asked)
{
	const uint8_t *data = walk->answer->wire + record->rdata;
	bool is_asked = record->type == asked;
	switch (record->type) {
	case DNS_TYPE_A:
	case DNS_TYPE_AAAA:
		if (goes(walk, data, record->type == DNS_TYPE_A ? 4 : 6))
			return;
		put_whole(walk, record);
		break;
	case DNS_TYPE_SVCB:
	case DNS_TYPE_HTTPS: put_svcb(walk, record); break;
	case DNS_TYPE_RRSIG:
		if (dns_read16(data) == asked)
			return;
		put_whole(walk, record);
		break;
	default: put_whole(walk, record); break;
	}
	walk->left += is_asked;
}

unsigned answer_strip(const struct answer *answer, const struct strip_set *gone,
                      struct stripped *out)
{
	struct walk walk = {.answer = answer,
	                    .gone = gone,
	                    .out = out,
	                    .search_left = SEARCH_MAX,
	                    .moved_from = answer->length};
	struct dns_name name;
	int taken = dns_name_from_wire(answer->wire, answer->length, DNS_HEADER_BYTES, false, &name);
	if (taken < 0)
		return 0;
	size_t at = DNS_HEADER_BYTES + (size_t)taken + 4;
	uint16_t asked = dns_read16(answer->wire + at - 4);
	put(&walk, answer->wire, at);
	for (unsigned i = dns_read16(answer->wire + 6); i; i--) {
		struct wire_record record;
		int end = wire_record_read(answer->wire, answer->length, at, &record);
		if (end < 0 || walk.overflow)
			return 0;
		take_record(&walk, &record, asked);
		at = (size_t)end;
		if (walk.length != at && walk.moved_from == answer->length)
			walk.moved_from = record.owner;
	}
	out->answer = (struct answer){
		.rcode = answer->rcode,
		.ttl = answer->ttl,
		.length = (uint16_t)walk.length,
		.wire = out->wire,
		.ttl_count = (uint16_t)walk.kept,
		.ttl_offsets = out->ttl_offsets,
	};
	dns_write16(out->wire + 2, (uint16_t)(dns_read16(out->wire + 2) & ~(unsigned)WIRE_FLAG_AD));
	dns_write16(out->wire + 6, (uint16_t)walk.kept);
	dns_write16(out->wire + 8, 0);
	return walk.overflow ? 0 : walk.left;
}
