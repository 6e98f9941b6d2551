/* What the lists are asked about a query and its answer, and by which entry they hold it. */
#ifndef PF_PIPELINE_LISTED_H
#define PF_PIPELINE_LISTED_H

#include "dns/answer.h"
#include "pipeline/query.h"
#include "pipeline/snapshot.h"

/* The question as the lists want to know it; it points into the query. */
struct list_asked listed_asked(const struct query *query);

/* An answer as the lists want to know it. */
struct listed_answer {
	struct list_answer view;
	struct dns_name servers[ANSWER_SERVER_MAX];
};
void listed_answer_init(struct listed_answer *listed, const struct answer *answer);

/* The entry that made a verdict by a list (MATCH_LIST, MATCH_CNAME_LIST, MATCH_ANSWER_LIST); false when it is none. */
bool listed_find(const struct snapshot *snapshot, const struct query *query,
                 const struct verdict *verdict, const struct answer *answer,
                 struct list_found *found);

#endif
