/* Private to pipeline/: geo facts of an answer, made once when it lands and again when the databases
 * have changed since. */
#ifndef PF_PIPELINE_FACTS_H
#define PF_PIPELINE_FACTS_H

#include "cache/cache.h"
#include "pipeline/snapshot.h"

/* The caller's (cache_entry_new takes it); NULL without memory. */
struct facts_box *facts_judge(const struct snapshot *snapshot, struct hash_key seed,
                              const struct cache_key *key, const struct answer *answer,
                              struct now now);

/* The facts of an entry by the databases of this snapshot: judged anew when they are of another one, and
 * then kept with the entry. Under rcu_read_lock. NULL without memory. */
struct facts_box *facts_of(const struct snapshot *snapshot, struct hash_key seed,
                           struct cache_entry *entry, struct now now);

#endif
