/* Private to pipeline/: questions on their way upstream. Identical questions share one flight, whichever
 * worker they came to (attack: birthday by identical queries). The table is shared and locked; a
 * flight belongs to the worker that started it. */
#ifndef PF_PIPELINE_FLIGHT_H
#define PF_PIPELINE_FLIGHT_H

#include "pipeline/pipeline.h"

struct flight {
	struct flight *next;
	struct flight_table *table;
	struct pipeline *owner;
	struct query *waiters;      /* linked by query->next, last first */
	bool renews;                /* nobody asked: it is to renew what the cache has */
	bool released;              /* it is late, and those who waited have had something else */
	struct forward_trip *trips; /* what was sent and received (wire.h); owned until it lands */
	uint64_t hash;              /* of the question, by the cache's seed */
	struct cache_key key;
};

/* Adds the query to the flight of this question, which need not be its own (see search.h). Returns the flight when it is new: the caller must send it on
 * its way, or end it with flight_land. NULL: see *outcome. */
enum flight_joined {
	FLIGHT_JOINED,   /* the query waits */
	FLIGHT_RELEASED, /* it does not: the flight has been released, and it is not `patient` */
	FLIGHT_NO_MEMORY,
};
struct flight *flight_join(struct flight_table *table, struct query *query,
                           const struct cache_ask *ask, bool patient, enum flight_joined *outcome);

/* A flight that nobody waits for yet. NULL: there is one for this question already, or no memory. */
struct flight *flight_begin(struct flight_table *table, struct pipeline *owner,
                            const struct cache_ask *ask);

/* Those who wait, in the order in which they came; they are the caller's, and the flight goes on. */
struct query *flight_release(struct flight *flight);

/* Takes the flight out of the table and frees it; the waiters, in the order in which they came, are the caller's. */
struct query *flight_land(struct flight *flight);

#endif
