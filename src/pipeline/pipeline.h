/* The driver: it knows when to execute what, and the stages know how. One pipeline for each worker,
 * all of them over one `struct shared`. A query goes
 *
 *   parse → device → names → local → cache ┬→ (flight → upstream → geo →) answers → reply → journal
 *
 * one way only, and ends in exactly one reply (or a counted drop) and exactly one record. When it had to
 * wait for an upstream, it goes through device and names once more with the snapshot of that moment, so that no
 * pointer into a snapshot is ever kept across a wait and a changed rule acts at once. */
#ifndef PF_PIPELINE_PIPELINE_H
#define PF_PIPELINE_PIPELINE_H

#include "cache/cache.h"
#include "device/sightings.h"
#include "dns/strip.h"
#include "journal/journal.h"
#include "journal/privacy.h"
#include "pipeline/limiter.h"
#include "pipeline/query.h"
#include "pipeline/snapshot.h"
#include "policy/pause.h"
#include "upstream/upstream.h"

#define QUERIES_MAX 16384 /* queries waiting in one worker; more are dropped and counted */

struct flight_table;
struct memo;
struct at_hand;

/* What all workers read. Pointers marked RCU are published by the control thread. */
struct shared {
	struct snapshot *snapshot;   /* RCU; never NULL while workers run */
	struct sightings *sightings; /* NULL: nobody wants to hear who is not known */
	struct pauses *pauses;       /* RCU; may be NULL */
	struct cache *cache;
	struct flight_table *flights;
	struct cookie_keys *cookies; /* RCU; NULL: no cookies are given */
	struct limiter *limiter;     /* NULL: everybody may ask as much as they like */
	struct journal *journal;     /* NULL: `journal: off` */
	struct privacy_key privacy_key;
	struct hash_key key;
	/* What is really listened on, whatever a reload says (RFC 9462); borrowed, the same until the end. */
	const struct config_listen *listen;
	size_t listen_count;
	/* The primary of this list of the configuration says that its zone has changed (RFC 1996). Any thread; does not block. */
	void (*notified)(void *data, size_t list);
	void *notified_data;
};

/* Written by its worker only, read by any thread (base/counter.h). The sums hold at every quiet moment:
 * received = malformed + refused + limited + overloaded + notified + answered + in flight,
 * answered = allow + flag + sinkhole = policy + cache + stale + upstream = journalled + dropped by the journal. */
struct pipeline_counters {
	uint64_t received, malformed, refused, limited, overloaded, notified, answered, drop_replies;
	uint64_t actions[3]; /* by enum action */
	uint64_t sources[4]; /* by enum record_source */
	uint64_t cache_hits, cache_misses, in_flight;
	uint64_t prefetches;      /* questions that nobody waited for, to renew what the cache has */
	uint64_t journal_dropped; /* of `answered`: the ring was full */
	uint64_t rule_epoch;      /* of the snapshot that `rules` and `lists` count for */
	uint64_t rules[CONFIG_RULES_MAX + 1]; /* matches by rule, from 1 */
	uint64_t lists[LIST_MAX];             /* queries that a name of the list has decided */
};

struct pipeline {
	struct shared *shared;
	struct forwarder *forwarder;
	size_t index; /* of the worker: its ring */
	struct now (*clock)(void *data);
	void *clock_data;
	/* Hands a query that another worker's flight has landed back to its home: makes pipeline_resume(query) run in the
	 * thread of query->pipeline. Any thread calls it. */
	void (*post)(struct query *query);

	struct pipeline_counters counters;
	uint32_t epoch; /* of the snapshot that the next two were made for */
	struct policy_scratch *scratch;
	struct paused paused; /* for this snapshot */
	struct regex_scratch *list_scratch;
	size_t renewals;             /* of `prefetches`, those under way */
	struct limiter_loans *loans; /* owned; NULL: nothing is limited */
	struct memo *memo;           /* owned */
	struct at_hand *hand;        /* owned (facts.h) */
	/* Monotonic: when the first reply of the batch at hand was ready; 0: none is yet; -1: there is no batch. */
	int64_t batch_us;
	struct query *pool;
	size_t query_count;
	struct list_set hop_lists[ANSWER_HOP_MAX]; /* of the answer at hand */
	struct list_found found; /* of the sinkholed query at hand: its reply may be in it */
	uint8_t out[DNS_MESSAGE_MAX];
	struct stripped stripped;
	uint8_t designated[REPLY_RECORDS_MAX]; /* for the query at hand (designated.h) */
};

struct flight_table *flight_table_new(void);
void flight_table_free(struct flight_table **table);

/* PF_OK or PF_ENOMEM; pipeline_deinit is due in each case. */
PF_MUST_CHECK int pipeline_init(struct pipeline *pipeline, struct shared *shared,
                                struct forwarder *forwarder, size_t index,
                                struct now (*clock)(void *), void *clock_data,
                                void (*post)(struct query *));
void pipeline_deinit(struct pipeline *pipeline);

/* A query for the transport to fill in (client, udp, reply, transport, peer …); NULL: counted as overloaded, the
 * packet is to be forgotten. */
struct query *pipeline_query_new(struct pipeline *pipeline);

/* A batch of packets has come from these addresses: what will be read of their devices is fetched from memory at once. Under
 * rcu_read_lock. */
void pipeline_expect(const struct pipeline *pipeline, const struct sockaddr_storage *clients,
                     size_t count);

/* Runs a packet. Takes the query over; it may be gone when this returns. Malformed packets get their error
 * or silence here. The thread of the pipeline, under rcu_read_lock: a transport takes the lock once for all packets that
 * came at once. */
void pipeline_receive(struct pipeline *pipeline, struct query *query, const uint8_t *packet,
                      size_t length, struct now now);

/* The same in two steps, for several packets that have come at once, so that memory is waited for once for all of them: false,
 * and the query is gone; or true, and it must be run, in the same section of RCU. */
#define PIPELINE_RUN_MAX 8 /* what they all have must stay in the first-level cache */
PF_MUST_CHECK bool pipeline_admit(struct pipeline *pipeline, struct query *query,
                                  const uint8_t *packet, size_t length, struct now now);
void pipeline_run(struct pipeline *pipeline, struct query *const queries[], size_t count);

/* Goes on with a query that has waited (see `post`), or starts one of `explain`. */
void pipeline_resume(struct query *query);
void pipeline_explain(struct pipeline *pipeline, struct query *query);

#endif
