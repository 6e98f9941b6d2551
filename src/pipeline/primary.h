/* NOTIFY (RFC 1996), from the primaries of our lists only, answered with the signature that it came with. */
#ifndef PF_PIPELINE_PRIMARY_H
#define PF_PIPELINE_PRIMARY_H

#include "config/config.h"
#include "dns/query.h"

/* The keys of the primaries, read when the snapshot is built; a key that can not be read then is not there, and what it has signed
 * is refused. Immutable. */
struct primaries;
/* NULL without memory. `config` is borrowed for as long as they live. */
struct primaries *primaries_new(const struct config *config);
void primaries_free(struct primaries **primaries);

/* The number of the list whose zone and primary this NOTIFY names, or -1: then it is as unknown here as any other opcode. Unsigned
 * ones are believed by the sender's address: all that a forged one gains is that the primary is asked for its SOA, once a
 * second at most. */
int primary_of_notify(const struct primaries *primaries, const struct dns_query *message,
                      const struct addr *sender);

/* How a NOTIFY of that list is to be answered. */
struct primary_answer {
	bool malformed; /* as FORMERR, nothing else is filled in */
	unsigned rcode;
	struct tsig_request request;
};
void primary_judge(const struct primaries *primaries, int list, const uint8_t *packet,
                   size_t length, uint64_t wall_s, struct primary_answer *answer);
/* Signs the reply of `length` bytes in `out`, if the NOTIFY was. Its new length, 0 without memory: then it is better lost, and
 * the primary asks again. Lets go of what primary_judge has taken. */
size_t primary_sign(struct primary_answer *answer, uint8_t *out, size_t length, uint64_t wall_s);

#endif
