/* Private to dns/: an answer in the making. answer_parse.c decides which records are kept, this
 * lays them down as wire, checks their data, and takes the addresses out. */
#ifndef PF_DNS_ANSWER_BUILD_H
#define PF_DNS_ANSWER_BUILD_H

#include "dns/unfold.h"

#define ANSWER_COMPRESS_MAX 32 /* names that later ones may point to; the rest is written out */

struct answer_build {
	size_t length;
	const struct dns_name *question; /* its name, which stands behind the header; borrowed */
	unsigned ttl_count, answer_count, authority_count;
	unsigned hop_count, compress_count;
	uint32_t ttl; /* the least so far */
	unsigned server_count, server_address_count, server_bytes;
	struct dns_name hops[ANSWER_HOP_MAX];
	struct dns_name servers[ANSWER_SERVER_MAX];
	struct addr server_addresses[ANSWER_SERVER_ADDRESS_MAX];
	struct answer_addresses addresses;
	uint16_t ttl_offsets[ANSWER_RECORD_MAX];
	uint16_t compress[ANSWER_COMPRESS_MAX]; /* offsets of names and of their parents in `wire` */
	uint8_t wire[DNS_MESSAGE_MAX];
};

/* Header and question, whose name must live as long; nothing else of `build` needs to be set. */
void answer_build_init(struct answer_build *build, const struct dns_query *query);

/* A copy of a record, with this owner and TTL. PF_EINVAL: its data is malformed; PF_EFULL; PF_ENOMEM. */
PF_MUST_CHECK int answer_build_record(struct answer_build *build, const uint8_t *packet,
                                      size_t length, const struct wire_record *record,
                                      const struct dns_name *owner, uint32_t ttl);

/* The finished answer, one block of memory; PF_ENOMEM. */
PF_MUST_CHECK int answer_build_finish(const struct answer_build *build, unsigned rcode, bool ad,
                                      struct answer **out);

#endif
