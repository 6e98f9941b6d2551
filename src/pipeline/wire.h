/* Private to pipeline/: the messages of a query for the journal's sinks that want them, as they were received and as they
 * are sent. Without such a sink nothing is copied and nothing kept. */
#ifndef PF_PIPELINE_WIRE_H
#define PF_PIPELINE_WIRE_H

#include "pipeline/finish.h"
#include "pipeline/flight.h"

/* A record's part, with what it points to. */
struct wire {
	struct record_wire record;
	struct record_forward forwards[RECORD_FORWARD_MAX];
};

static inline bool wire_wanted(const struct pipeline *pipeline)
{
	return pipeline->shared->journal && journal_wants_wire(pipeline->shared->journal);
}

/* Before the query may wait: the packet is copied, or forgotten. */
void wire_keep_packet(struct query *query);

/* What a question to the upstreams sent and received; taken over, and given to the first client's query that waits. */
void wire_take_trips(struct flight *flight, struct forward_trip *trips);
void wire_give_trips(struct query *waiters, struct forward_trip *trips);

/* Fills `wire` for the query, whose reply of `length` bytes (0: none) stands in the pipeline's buffer. Returns
 * the record's part; all in it is borrowed from the query and the answer. */
const struct record_wire *wire_fill(struct wire *wire, const struct query *query,
                                    const struct finish *finish, size_t length);

void wire_release(struct query *query);

#endif
