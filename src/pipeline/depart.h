/* Private to pipeline/: questions leave for an upstream, and their answers land. */
#ifndef PF_PIPELINE_DEPART_H
#define PF_PIPELINE_DEPART_H

#include "pipeline/pipeline.h"

/* Sends a question of the query upstream (`ask`: its name, type and space, which is the group), or lets the query
 * wait with others that asked the same. The query belongs to its flight from here on, and comes back
 * through pipeline_resume. */
void depart(struct query *query, const struct cache_ask *ask, struct now now);

/* A question of `depart` takes long (struct forwarder): those who wait for it get what is stale, when there is something, and
 * the flight goes on to renew it. */
void depart_is_late(void *data);

/* Asked again in the last tenth of its time, an answer is renewed before it ends, so that nobody has to wait for it. May this one
 * be? Within bounds, and not when the upstreams have just failed to. */
bool depart_may_renew(const struct pipeline *pipeline, const struct cache_entry *entry,
                      struct now now);
/* `key` and `asked`: of an entry of a group. One question goes upstream, unless it is on its way already. */
void depart_renewal(struct pipeline *pipeline, const struct cache_key *key,
                    const struct dns_query *asked);

#endif
