/* A worker: a thread with its own loop, its own sockets and its own pipeline. Nothing on its path
 * blocks. It shares the cache, the flights and the snapshot with the others, and hears from them through
 * its mailbox. */
#ifndef PF_NET_WORKER_H
#define PF_NET_WORKER_H

#include "net/sockets.h"
#include "pipeline/pipeline.h"

struct worker;

/* Makes it with its sockets (taken over from `set`) but does not start it. NULL without memory or handles. */
struct worker *worker_new(struct shared *shared, size_t index, struct socket_set *set);
/* PF_OK, PF_EIO. The thread blocks all signals. */
PF_MUST_CHECK int worker_start(struct worker *worker);
/* From any thread: take no more queries, finish those that are under way (UPSTREAM_DEADLINE_MS at most), end. */
void worker_stop(struct worker *worker);
/* Waits for the end of the thread, if it was started, and frees all. */
void worker_free(struct worker **worker);

/* Has the worker explain a query that the caller has filled in (dns, device, explained); any thread. The
 * memory stays the caller's, `explained` is called in the worker's thread. */
void worker_explain(struct worker *worker, struct query *query);

/* Grows at least every WORKER_BEAT_MS as long as the loop comes round. Any thread. */
#define WORKER_BEAT_MS 250
uint64_t worker_beat(const struct worker *worker);

/* Any thread. */
const struct pipeline_counters *worker_counters(const struct worker *worker);
size_t worker_upstreams(const struct worker *worker, struct upstream_stats *stats);

#endif
