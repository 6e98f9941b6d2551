/* How many queries a client may ask: a bucket of tokens for each client prefix, filled for one minute and refilled evenly, so that
 * a burst passes and a flood does not. Over UDP, where addresses can be made up, every so manyth query that is over the limit
 * gets an empty reply with TC set (the "slip" of Response Rate Limiting, as BIND and NSD call it): a client whose address
 * somebody else uses comes over TCP then, for which it has a bucket of its own.
 *
 * The buckets are shared by all workers; a worker borrows tokens from them a few at a time, so that a client that asks
 * often makes it write there seldom. The table has a fixed size: made-up addresses push out each other, and those that
 * asked least. A bucket that is full says nothing and may always go. */
#ifndef PF_PIPELINE_LIMITER_H
#define PF_PIPELINE_LIMITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/error.h"
#include "base/hash.h"
#include "config/config.h"

#define LIMITER_SETS 16384 /* a power of two */
#define LIMITER_WAYS 4     /* buckets of a set: 65,536 prefixes in 512 KB */
#define LIMITER_LOANS 1024 /* of a worker, a power of two: clients that ask at the same time */
#define LIMITER_LOAN_MAX 16
#define LIMITER_WAITING \
	4096 /* a power of two: clients that are told apart by how many of their queries wait */

struct limiter;

/* What one worker has borrowed. Zeroed at first. */
struct limiter_loans {
	struct limiter_loan {
		uint64_t client; /* keyed hash of the prefix */
		uint32_t epoch;  /* of the configuration that it was borrowed under */
		uint16_t tokens;
		uint16_t refused; /* since the last slip */
	} loans[LIMITER_LOANS];
	uint16_t waiting[LIMITER_WAITING]; /* queries, by the client's hash */
};

enum limiter_answer { LIMITER_PASS, LIMITER_DROP, LIMITER_SLIP };

/* NULL without memory. */
struct limiter *limiter_new(struct hash_key key);
void limiter_free(struct limiter **limiter);

/* Is nothing counted for this client? */
bool limiter_exempts(const struct config_rate_limit *limit, const struct addr *client);

/* May this client ask? `udp`: its address may be made up, as over UDP without a good cookie; LIMITER_SLIP for those only. `epoch` is the snapshot's: another configuration begins with nothing borrowed. Any thread, each with
 * its own loans. Who is exempt is not asked about (limiter_exempts). */
enum limiter_answer limiter_ask(struct limiter *limiter, struct limiter_loans *loans,
                                const struct config_rate_limit *limit, uint32_t epoch,
                                const struct addr *client, bool udp, int64_t mono_us);

/* A query of this client is to wait for an upstream, in the worker of the loans. The place that is to be given back by
 * limiter_waited; 0: nothing is counted for it; -1: too many wait already. */
int limiter_wait(const struct limiter *limiter, struct limiter_loans *loans,
                 const struct config_rate_limit *limit, const struct addr *client);
void limiter_waited(struct limiter_loans *loans, int place);

#endif
