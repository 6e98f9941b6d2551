/* Private to pipeline/: the way to an answer. A name may be the owner's, or a zone's that is served here (local/);
 * else it is looked for in the cache, in the space of the group of upstreams that is asked for it, and then at
 * that group.
 *
 * What a group says is believed for its own zones. Its answers are cut at the first CNAME that leads out, and the
 * search goes on from there as for any name, so that a LAN's resolver can not speak for the internet; the
 * owner's own CNAMEs are followed the same way. The answer to the whole is put together once and then
 * kept in the cache, in a space of this snapshot. */
#ifndef PF_PIPELINE_SEARCH_H
#define PF_PIPELINE_SEARCH_H

#include "pipeline/finish.h"

/* Answers along one chain; the owner's own chains are shorter, and ANSWER_HOP_MAX bounds all of them together. */
#define SEARCH_PARTS_MAX 8

enum search {
	SEARCH_FOUND,  /* finish->entry, or finish->local when it is NULL */
	SEARCH_WAITS,  /* the query is on its way upstream and no longer the caller's */
	SEARCH_FAILED, /* SERVFAIL; query->outcome says why */
};

/* Fills in entry, local, asked and inside of `finish`. `allowed`: a rule allows the name. Under rcu_read_lock. */
enum search search_answer(struct query *query, bool allowed, struct finish *finish);

/* The answer behind a CNAME to `target` that a sinkhole replies with: the CNAME, and what the target leads to, looked for like any
 * other name but past the rules, which have spoken. SEARCH_FOUND and `*out` for the caller to free, NULL when there is nothing to be had (the
 * upstreams are silent, it goes round in circles): then the CNAME alone is the reply, and nothing that was sinkholed
 * gets out. SEARCH_WAITS as above. */
enum search search_target(struct query *query, const struct dns_name *target, struct finish *finish,
                          struct answer **out);

/* These are going to be searched for: the part of the cache that most will read is fetched from memory. */
void search_expect(struct query *const queries[], size_t count);

/* Fills query->ask. */
void search_prepare(struct query *query);

#endif
