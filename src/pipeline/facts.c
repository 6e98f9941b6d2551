/* Facts of answers, see facts.h. */
#include "pipeline/facts.h"

#include <stdlib.h>

struct at_hand *at_hand_new(void)
{
	/* Large, and not zeroed: what nobody writes takes no memory. */
	struct at_hand *hand =
		malloc(sizeof *hand + FACTS_ADDRESS_MAX * sizeof hand->facts.addresses[0]);
	if (hand) {
		hand->facts_id = 0;
		hand->unfolded = false;
	}
	return hand;
}

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

/* Private is special (value/special.h), which most addresses are known not to be. */
static bool leads_inside(const struct answer_facts *facts)
{
	for (size_t i = 0; i < facts->address_count; i++)
		if (facts->addresses[i].special && rebinding_is_private(&facts->addresses[i].address))
			return true;
	return false;
}

static_assert(GEO_HOME_MAX <= CACHE_VIEWS_MAX, "the cache has a view for each home");

void facts_judge(const struct snapshot *snapshot, struct hash_key seed, const struct cache_key *key,
                 const struct answer *answer, struct now now, struct at_hand *hand,
                 struct cache_facts *facts)
{
	facts->epoch = geo_epoch(snapshot->geo);
	facts->view_count = geo_home_count(snapshot->geo);
	for (size_t i = facts->view_count; i-- > 0;) { /* that of `home` stays at hand */
		struct answer_facts *judged = &hand->facts;
		geo_judge(snapshot->geo, i, answer->addresses, answer->address_count, now, judged);
		hand->facts_id = journal_id(snapshot, seed, key, answer, judged);
		facts->views[i] = (struct facts_digest){
			.journal_id = hand->facts_id,
			.standing = judged->standing,
			.confidence = judged->confidence,
			.inside = leads_inside(judged),
		};
	}
}

static const struct answer *unfold(struct at_hand *hand)
{
	if (!hand->unfolded)
		answer_unfold(&hand->answer, &hand->room);
	hand->unfolded = true;
	return &hand->answer;
}

static void take(struct at_hand *hand, const struct cache_entry *entry)
{
	cache_entry_answer(entry, &hand->answer);
	hand->unfolded = false;
}

/* Puts the same answer with other facts in the entry's place. NULL without memory. */
static struct cache_entry *judge_anew(const struct pipeline *pipeline, const struct finish *finish)
{
	const struct shared *shared = pipeline->shared;
	struct cache_facts facts;
	struct cache_key key;
	cache_entry_key(finish->entry, &key);
	facts_judge(finish->snapshot, shared->key, &key, unfold(pipeline->hand), finish->now,
	            pipeline->hand, &facts);
	struct cache_entry *judged = cache_entry_judged(shared->cache, finish->entry, &facts);
	bool kept = judged && cache_replace(shared->cache, finish->entry, judged, finish->now);
	return kept ? judged : NULL;
}

bool facts_take(struct pipeline *pipeline, struct finish *finish)
{
	take(pipeline->hand, finish->entry);
	if (finish->entry->epoch != geo_epoch(finish->snapshot->geo)) {
		struct cache_entry *judged = judge_anew(pipeline, finish);
		if (!judged)
			return false;
		finish->entry = judged;
		take(pipeline->hand, judged);
	}
	finish->answer = &pipeline->hand->answer;
	finish->facts = cache_entry_facts(finish->entry, finish->home);
	return true;
}

const struct answer *facts_answer(const struct pipeline *pipeline, const struct finish *finish)
{
	return finish->answer ? unfold(pipeline->hand) : NULL;
}

const struct answer_facts *facts_whole(const struct pipeline *pipeline, const struct finish *finish)
{
	struct at_hand *hand = pipeline->hand;
	uint64_t id = finish->facts.journal_id;
	if (!finish->answer)
		return NULL;
	if (!id || hand->facts_id != id) {
		const struct answer *answer = unfold(hand);
		geo_judge(finish->snapshot->geo, finish->home, answer->addresses, answer->address_count,
		          finish->now, &hand->facts);
		hand->facts_id = id;
	}
	return &hand->facts;
}
