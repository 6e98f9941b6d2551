/* Private to pipeline/: the one end of every query: one reply, one record, the counters. */
#ifndef PF_PIPELINE_FINISH_H
#define PF_PIPELINE_FINISH_H

#include "dns/reply.h"
#include "pipeline/pipeline.h"

/* What the stages have found. */
struct finish {
	const struct snapshot *snapshot;
	struct verdict verdict;
	struct list_set lists;            /* that hold the name, where a rule asked */
	struct list_sole sole;            /* by which entry, where one alone covers the name */
	struct name_note *note;           /* what is remembered of the name (memo.h), or NULL */
	const struct list_set *hop_lists; /* of each CNAME of the answer, or NULL when no rule asked */
	struct list_set answer_lists;     /* that hold something of the answer */
	struct cache_entry *entry;        /* NULL: no answer */
	size_t home;                      /* of the device: which of the entry's views counts */
	const struct answer
		*answer;               /* the entry's; its hops and addresses are facts_answer's to tell */
	struct facts_digest facts; /* that view; more of it is facts_whole's to tell */
	struct local_hit local;    /* what the question's name is in the house */
	const struct dns_name *asked; /* with an entry: the name that it answers, last of the chain */
	bool inside;             /* its last part is of the house: the owner's, or a forward zone's */
	size_t designated_bytes; /* LOCAL_DISCOVERY: of the records in the pipeline's `designated` */
	size_t private_count;    /* addresses that lead into the house and are taken out */
	unsigned rcode;          /* without an answer and a sinkhole: SERVFAIL or REFUSED */
	const struct rule_reply *reply; /* of a sinkhole, where it is known already, or NULL */
	/* Of a sinkhole that replies with a CNAME: the whole answer, or NULL. Owned by who has started the finish. */
	struct answer *target;
	struct now now;
};

/* What the client of a sinkhole is told: what the rule says, or the entry of the list that made it match. */
const struct rule_reply *finish_reply(const struct query *query, const struct finish *finish);

/* How a reply goes by the way that the query came; nothing to explain. */
struct reply_options finish_options(const struct query *query);

/* Replies, journals, counts and releases the query. Under rcu_read_lock. */
void finish_query(struct query *query, const struct finish *finish);

/* Gives the query back to its pool. */
void finish_release(struct query *query);

#endif
