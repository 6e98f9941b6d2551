/* What the tests of answers and of replies share: questions and answers without a packet at hand. */
#ifndef TESTS_DNS_FIXTURE_H
#define TESTS_DNS_FIXTURE_H

#include "dns/answer.h"
#include "unit/dns/packet.h"

/* A client's query with RD in class IN; with EDNS when DO is set. Fails the test for a bad name. */
struct dns_query query_for(const char *name, uint16_t type, bool dnssec_ok);

/* answer_from_wire on an exact copy on the heap, so that a sanitizer sees one byte too many. */
int answer_from_packet(const struct packet *packet, const struct dns_query *query,
                       struct answer **answer);

/* "answer www.example CNAME 300; authority …", read from the answer's own wire. Fails the test when a
 * TTL is not where the answer says, or the wire does not end with its last record. */
void answer_describe(const struct answer *answer, char *text, size_t size);

#endif
