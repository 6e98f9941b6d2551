/* Private to pipeline/: geo facts of answers, and the answer at hand.
 *
 * The cache keeps of the facts what nearly every hit needs (struct facts_digest), and of an answer the message. Who wants to see more has it
 * made, from the same addresses and the same databases, in room that each worker has once: it is of the query that is being decided, and so is
 * the room. */
#ifndef PF_PIPELINE_FACTS_H
#define PF_PIPELINE_FACTS_H

#include "dns/unfold.h"
#include "pipeline/finish.h"
#include "pipeline/snapshot.h"

struct at_hand {
	struct answer answer; /* of the entry that was taken last */
	bool unfolded;
	struct dns_name asked; /* the name at the end of a chain (finish.asked) */
	struct answer_room room;
	uint64_t facts_id; /* of which answer the facts are (facts_digest.journal_id); 0: not known */
	struct answer_facts facts; /* flexible, last */
};

/* NULL without memory; free() it. */
struct at_hand *at_hand_new(void);

/* Judges an answer with its addresses and hops for all homes. */
void facts_judge(const struct snapshot *snapshot, struct hash_key seed, const struct cache_key *key,
                 const struct answer *answer, struct now now, struct at_hand *hand,
                 struct cache_facts *facts);

/* Takes the entry of the finish in hand, and what it is for this device. When databases have changed since it was judged, it is judged anew, and what
 * comes out takes its place in the cache and in the finish. False: no memory. Under rcu_read_lock. */
PF_MUST_CHECK bool facts_take(struct pipeline *pipeline, struct finish *finish);

/* Of the finish's entry: the answer with its addresses and hops, and the facts of each address. Good until the next entry is taken. */
const struct answer *facts_answer(const struct pipeline *pipeline, const struct finish *finish);
const struct answer_facts *facts_whole(const struct pipeline *pipeline,
                                       const struct finish *finish);

#endif
