/* Private to pipeline/: questions leave for an upstream, and their answers land. */
#ifndef PF_PIPELINE_DEPART_H
#define PF_PIPELINE_DEPART_H

#include "cache/cache.h"
#include "pipeline/query.h"

/* Sends a question of the query upstream (`key`: its name, type and space, which is the group), or lets the query
 * wait with others that asked the same. The query belongs to its flight from here on, and comes back
 * through pipeline_resume. */
void depart(struct query *query, const struct cache_key *key, struct now now);

#endif
