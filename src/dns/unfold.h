/* What an answer leads to, read out of its wire again: whoever keeps many answers keeps no second copy of the names and addresses that stand in the
 * message, and reads them when somebody wants to see them. Nothing is allocated. */
#ifndef PF_DNS_UNFOLD_H
#define PF_DNS_UNFOLD_H

#include "base/hash.h"
#include "dns/answer.h"
#include "dns/wire.h"

/* Addresses in the order of an answer, without doubles. `count` is 0 before the first; nothing else needs to be set. */
struct answer_addresses {
	unsigned count;
	struct addr list[ANSWER_ADDRESS_MAX];
	uint16_t slots[2 * ANSWER_ADDRESS_MAX]; /* index + 1 by hash, once there are many */
	struct hash_key key;
};

/* Adds those of an A, AAAA, SVCB or HTTPS record; none of other types. PF_EINVAL: SvcParams that RFC 9460, 2.2 calls
 * malformed. PF_EFULL: more than ANSWER_ADDRESS_MAX. */
PF_MUST_CHECK int answer_addresses_add(struct answer_addresses *addresses, const uint8_t *packet,
                                       const struct wire_record *record);

/* Room for one answer's; large, so one for each thread. */
struct answer_room {
	struct dns_name hops[ANSWER_HOP_MAX];
	struct answer_addresses addresses;
};

/* Fills in `hops` and `addresses` of an answer that has only their counts: they are in the room until it is used again. The answer is one that
 * this folder has built, with its `wire` and its `ttl_offsets`. */
void answer_unfold(struct answer *answer, struct answer_room *room);

/* One of its hops, from 0, of as many as hop_count says. */
void answer_hop(const struct answer *answer, size_t index, struct dns_name *target);

#endif
