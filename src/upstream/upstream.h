/* Asking the upstreams: one forwarder for each worker, on its loop. Every question goes out under a
 * random id from a random port on a connected socket that is its own for so long; only a packet from that address and
 * port, with that id and the whole question, that also parses, is the answer: all else is ignored and
 * the wait goes on (RFC 5452). UDP first, TCP when the answer is truncated or ids are being guessed.
 *
 * Upstreams stand in groups: a question goes to the servers of one group and never to another's. What a group is
 * for, its user knows; group 0 is always there, others come and go with the configuration.
 *
 * The pipeline sees `struct forwarder` only, so that scenarios can play the upstream. */
#ifndef PF_UPSTREAM_UPSTREAM_H
#define PF_UPSTREAM_UPSTREAM_H

#include "base/addr.h"
#include "dns/answer.h"
#include "upstream/trip.h"
#include "value/group.h"

#define UPSTREAM_EXCHANGES_MAX 4096 /* questions under way in one worker; more get SERVFAIL */
#define UPSTREAM_WAITING_MAX \
	1024 /* packets of one worker to one server whose answers are waited for */
#define UPSTREAM_ATTEMPTS_MAX 6   /* packets for one question */
#define UPSTREAM_DEADLINE_MS 4500 /* a stub resolver gives up after 5 s (resolv.conf(5)) */
#define UPSTREAM_LATE_MS 1800     /* then those who wait are told (RFC 8767, 5) */

enum forward_status {
	FORWARD_ANSWERED,
	FORWARD_TIMED_OUT,     /* nobody answered in time (EDE 22) */
	FORWARD_NETWORK_ERROR, /* no upstream could be reached at all (EDE 23) */
};

struct forward_result {
	enum forward_status status;
	struct answer *answer;      /* FORWARD_ANSWERED: the callee's to free */
	const char *upstream;       /* who gave it, "192.0.2.1:53"; borrowed; "" without an answer */
	struct forward_trip *trips; /* the callee's to free; NULL when the forwarder is not traced */
};

typedef void (*forward_done)(void *data, const struct forward_result *result);

#define UPSTREAM_STATS_MAX (UPSTREAM_GROUP_MAX * UPSTREAM_COUNT_MAX)

struct forwarder {
	/* Asks the servers of a group (PF_EFULL when there is none of this id); `done` is called exactly once, later, from the loop and never from within ask. The query is
	 * copied. PF_OK, PF_EFULL, PF_ENOMEM (and then `done` is not called). */
	int (*ask)(struct forwarder *forwarder, uint64_t group, const struct dns_query *query,
	           forward_done done, void *data);
	/* The groups to use from now on, at most UPSTREAM_GROUP_MAX. A server that was in the group of the same id
	 * keeps its figures. */
	void (*configure)(struct forwarder *forwarder, const struct upstream_group *groups,
	                  size_t count);
	/* Called at most once for a question of `ask`, with its data and before `done`, when it has been under way for
	 * UPSTREAM_LATE_MS; from the loop. Set by the user; NULL: nobody wants to know. */
	void (*late)(void *data);
	bool random_case; /* questions go out in random letter case; set by the user, its thread only */
	bool
		spread; /* each registered domain has a server that it goes to; set by the user, its thread only */
	bool traced; /* results bring the messages along; set by the user, its thread only */
};

#define UPSTREAM_LOSS_ONE 65536 /* everything is lost */

#define UPSTREAM_LATENCY_COUNT 12
extern const uint16_t upstream_latency_ms[UPSTREAM_LATENCY_COUNT]; /* rising */

/* Counters of one upstream in one worker; written by it alone, read by others without a lock. */
struct upstream_stats {
	uint64_t group;
	struct upstream_target target; /* its `secure` is not set */
	uint64_t queries, answers, timeouts, junk;
	/* Of one that is asked within TLS: connections made, those that spared the handshake, and those that could not be made or
	 * broke with questions on them. */
	uint64_t connections, resumed, failures;
	uint64_t rtt_us; /* smoothed; 0: not known */
	uint64_t loss;   /* smoothed, of UPSTREAM_LOSS_ONE */
	uint64_t
		loses_case; /* 1: it does not keep the letter case of questions, and is asked without (guard.h) */
	/* Of the answers, how many came within each of upstream_latency_ms and not within the one before it; the last: later. */
	uint64_t latency[UPSTREAM_LATENCY_COUNT + 1];
	uint64_t latency_sum_us;
};

struct uv_loop_s;

/* NULL without memory. The loop's thread is the only one that may use it. */
struct forwarder *upstream_new(struct uv_loop_s *loop);
/* Nothing under way? The forwarder's thread only. */
bool upstream_idle(const struct forwarder *forwarder);
/* No question may be asked any more: what it keeps for the next ones is closed. Its thread only; NULL is
 * allowed. */
void upstream_close(struct forwarder *forwarder);
/* It must be idle and closed, and the loop must have closed all handles. */
void upstream_free(struct forwarder **forwarder);
/* Any thread; `stats` has room for UPSTREAM_STATS_MAX. Returns how many. */
size_t upstream_stats(const struct forwarder *forwarder, struct upstream_stats *stats);

#endif
