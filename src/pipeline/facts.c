/* Facts of answers, see facts.h. */
#include "pipeline/facts.h"

/* Names an answer with its facts in the journal. Keyed: whoever could choose collisions could hide an
 * address behind another answer's evidence. */
static uint64_t journal_id(const struct snapshot *snapshot, struct hash_key seed,
                           const struct cache_key *key, const struct answer *answer,
                           const struct answer_facts *facts)
{
	if (!answer->address_count && !answer->hop_count)
		return 0;
	uint64_t hash = hash_bytes(seed, key->name.wire, key->name.length);
	hash = hash_bytes((struct hash_key){hash}, &key->type, sizeof key->type);
	for (size_t i = 0; i < answer->hop_count; i++)
		hash = hash_bytes((struct hash_key){hash}, answer->hops[i].wire, answer->hops[i].length);
	hash = hash_bytes((struct hash_key){hash}, facts->addresses,
	                  facts->address_count * sizeof facts->addresses[0]);
	for (size_t i = 0; i < geo_location_count(snapshot->geo); i++) {
		const char *label = geo_location_label(snapshot->geo, i);
		hash = hash_bytes((struct hash_key){hash}, label, __builtin_strlen(label));
	}
	hash ^= seed.seed; /* the chain's last key is known to nobody else */
	return hash ? hash : 1;
}

struct facts_box *facts_judge(const struct snapshot *snapshot, struct hash_key seed,
                              const struct cache_key *key, const struct answer *answer,
                              struct now now)
{
	size_t homes = geo_home_count(snapshot->geo);
	struct facts_box *box = facts_box_new(homes, answer->address_count);
	for (size_t i = 0; box && i < homes; i++) {
		struct facts_view *view = facts_box_view(box, i);
		geo_judge(snapshot->geo, i, answer->addresses, answer->address_count, now, &view->facts);
		view->journal_id = journal_id(snapshot, seed, key, answer, &view->facts);
	}
	return box;
}

struct facts_box *facts_of(const struct snapshot *snapshot, struct hash_key seed,
                           struct cache_entry *entry, struct now now)
{
	struct facts_box *box = rcu_dereference(entry->facts);
	if (facts_box_view(box, 0)->facts.epoch == geo_epoch(snapshot->geo))
		return box;
	struct cache_key key;
	cache_entry_key(entry, &key);
	box = facts_judge(snapshot, seed, &key, entry->answer, now);
	if (box)
		cache_entry_replace_facts(entry, box);
	return box;
}
