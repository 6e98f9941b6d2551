/* The shared parts of fixture.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "unit/dns/fixture.h"

struct dns_query query_for(const char *name, uint16_t type, bool dnssec_ok)
{
	struct dns_query query = {.type = type, .class = DNS_CLASS_IN, .rd = true};
	assert_int_equal(dns_name_from_text(name, &query.name), PF_OK);
	query.edns.present = query.edns.dnssec_ok = dnssec_ok;
	query.question_length = (uint16_t)(query.name.length + 4);
	memcpy(query.question, query.name.wire, query.name.length);
	dns_write16(query.question + query.name.length, type);
	dns_write16(query.question + query.name.length + 2, DNS_CLASS_IN);
	return query;
}

int answer_from_packet(const struct packet *packet, const struct dns_query *query,
                       struct answer **answer)
{
	uint8_t *exact = malloc(packet->length ? packet->length : 1);
	assert_non_null(exact);
	memcpy(exact, packet->bytes, packet->length);
	int result = answer_from_wire(exact, packet->length, query, answer);
	free(exact);
	return result;
}

void answer_describe(const struct answer *answer, char *text, size_t size)
{
	struct dns_name name;
	char owner[NAME_TEXT_MAX], type[DNS_TYPE_TEXT_MAX];
	size_t at = DNS_HEADER_BYTES, used = 0;
	int taken = dns_name_from_wire(answer->wire, answer->length, at, false, &name);
	assert_true(taken > 0);
	at += (size_t)taken + 4;
	unsigned answers = dns_read16(answer->wire + 6), all = answers + dns_read16(answer->wire + 8);
	assert_int_equal(answer->ttl_count, all);
	assert_int_equal(dns_read16(answer->wire + 10), 0);
	text[0] = '\0';
	for (unsigned i = 0; i < all; i++) {
		taken = dns_name_from_wire(answer->wire, answer->length, at, true, &name);
		assert_true(taken > 0);
		at += (size_t)taken;
		dns_name_to_text(&name, owner);
		dns_type_to_text(dns_read16(answer->wire + at), type);
		assert_int_equal(answer->ttl_offsets[i], at + 4);
		used += (size_t)snprintf(text + used, size - used, "%s%s %s %s %u", i ? "; " : "",
		                         i < answers ? "answer" : "authority", owner, type,
		                         dns_read32(answer->wire + at + 4));
		assert_true(used < size);
		at += 10u + dns_read16(answer->wire + at + 8);
	}
	assert_int_equal(at, answer->length);
}
