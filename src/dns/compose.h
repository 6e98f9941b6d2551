/* Answers that are made in the house: of the owner's own records, and of several answers along a chain
 * of CNAMEs. The cold path: what is made is kept (in the snapshot, or in the cache). */
#ifndef PF_DNS_COMPOSE_H
#define PF_DNS_COMPOSE_H

#include "dns/answer.h"

/* The data of one record, written out without compression. */
struct answer_datum {
	const uint8_t *bytes;
	uint16_t length;
};

/* An answer to `name` and `type` in class IN with these records (at least one): addresses for A and AAAA, a name for
 * CNAME and PTR. `*out` is the caller's (answer_free). PF_EINVAL: data that the type can not have; PF_EFULL;
 * PF_ENOMEM. */
PF_MUST_CHECK int answer_make(const struct dns_name *name, uint16_t type, uint32_t ttl_s,
                              const struct answer_datum *data, size_t count, struct answer **out);

/* The first `cname_count` CNAMEs of an answer (it has as many) and nothing behind them: what a server may say that
 * is believed for its own zone only. NOERROR, without AD. As answer_make. */
PF_MUST_CHECK int answer_cut(const struct dns_query *query, const struct answer *answer,
                             size_t cname_count, struct answer **out);

/* One answer on the way along a chain. */
struct answer_part {
	const struct answer
		*answer;    /* the class is IN, the type that of `query`, but for a lone CNAME */
	uint32_t age_s; /* what its TTLs have lost */
};

/* One answer to `query` of several: of each but the last its CNAMEs, of the last all that it has, and `rcode`; with
 * `last_is_chain` only CNAMEs of the last too (the end is negative, and nobody has an SOA for it). Never AD. PF_EFULL also when
 * the chain is longer than ANSWER_HOP_MAX, PF_EINVAL when it comes back to where it was. */
PF_MUST_CHECK int answer_compose(const struct dns_query *query, const struct answer_part *parts,
                                 size_t count, bool last_is_chain, unsigned rcode,
                                 struct answer **out);

#endif
