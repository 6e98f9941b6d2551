/* An answer with some of its addresses taken out: the one mechanism for all who do so (rebinding, rules that
 * strip). The cache keeps the upstream's answer; this is a step on the way out, so that a changed
 * rule acts on the very next query. Nothing is allocated.
 *
 * How a caller uses it: mark addresses by their index in answer->addresses (and so in the facts of the
 * answer, which have the same order), call answer_strip, and reply_from_answer with what came out; when
 * nothing is left, reply_synthesize with NOERROR and no address (NODATA). */
#ifndef PF_DNS_STRIP_H
#define PF_DNS_STRIP_H

#include <string.h>

#include "dns/answer.h"

/* Which addresses of an answer go. */
struct strip_set {
	size_t count; /* of marked ones */
	uint64_t words[ANSWER_ADDRESS_MAX / 64];
};

static inline void strip_set_clear(struct strip_set *set)
{
	memset(set, 0, sizeof *set);
}

static inline bool strip_set_has(const struct strip_set *set, size_t index)
{
	return set->words[index / 64] >> (index % 64) & 1;
}

static inline void strip_set_add(struct strip_set *set, size_t index)
{
	set->count += !strip_set_has(set, index);
	set->words[index / 64] |= (uint64_t)1 << (index % 64);
}

/* Room for the result; large, so one for each worker. */
struct stripped {
	struct answer answer; /* for reply_from_answer; its addresses and hops are not filled in */
	uint16_t ttl_offsets[ANSWER_RECORD_MAX];
	uint8_t wire[DNS_MESSAGE_MAX];
};

/* Takes out the A and AAAA records with marked addresses, and marked addresses out of the ipv4hint and
 * ipv6hint of SVCB and HTTPS records (RFC 9460, 7.3); a hint without an address goes as a whole, and out of
 * `mandatory` (RFC 9460, 8) too. What was signed is no longer what was signed: the signatures of the changed
 * set, AD and the proofs of the authority section go. CNAMEs stay.
 * Returns how many records of the asked type are left; 0: `out` is not to be served, the answer is NODATA. */
unsigned answer_strip(const struct answer *answer, const struct strip_set *gone,
                      struct stripped *out);

#endif
