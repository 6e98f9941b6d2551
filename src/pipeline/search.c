/* The search of search.h. It starts from the question's name each time: what the query has waited for is then in
 * its hands (query->landed) or in the cache, so that no pointer into a snapshot is kept across a wait. */
#include "pipeline/search.h"

#include "base/counter.h"
#include "dns/compose.h"
#include "dns/reply.h"
#include "pipeline/depart.h"
#include "pipeline/facts.h"
#include "pipeline/memo.h"

/* The space of what was put together under one snapshot; groups never have the highest bit. */
#define SPACE_COMPOSED (1ull << 63)

/* What was found so far. */
struct chain {
	size_t count;
	struct answer_part parts[SEARCH_PARTS_MAX];
	struct answer answers[SEARCH_PARTS_MAX]; /* of those parts that come from the cache */
	struct dns_name ways[SEARCH_PARTS_MAX];  /* where they lead out */
	const struct dns_name *at;               /* whose answer is looked for */
	struct cache_entry *entry;               /* that of the last part, or NULL: it is the owner's */
	struct answer *made; /* the last part, when it was made for this query; owned */
};

/* `parts` stay as they are: they are on every query's way. */
static void chain_init(struct chain *chain, const struct dns_name *at)
{
	chain->count = 0;
	chain->at = at;
	chain->entry = NULL;
	chain->made = NULL;
}

static struct cache_ask ask_of(const struct query *query, const struct dns_name *name,
                               uint64_t group)
{
	const struct dns_query *dns = &query->dns;
	struct cache_ask ask = {
		.space = group,
		.name = name,
		.name_hash = hash_bytes(query->pipeline->shared->key, name->wire, name->length),
		.type = dns->type,
		.class = dns->class,
		.dnssec_ok = dns->edns.dnssec_ok,
		.cd = dns->cd,
	};
	ask.hash = cache_ask_hash(&ask);
	return ask;
}

void search_prepare(struct query *query)
{
	query->ask = ask_of(query, &query->dns.name, LOCAL_GROUP_DEFAULT);
}

void search_expect(struct query *const queries[], size_t count)
{
	uint64_t hashes[CACHE_EXPECT_MAX];
	for (size_t i = 0; i < count; i++)
		hashes[i] = queries[i]->ask.hash;
	cache_expect(queries[0]->pipeline->shared->cache, hashes, count);
}

/* The answer to one name of a group: what has landed for this query, or what the cache has; else it departs. */
static enum search find_entry(struct query *query, const struct dns_name *name, uint64_t group,
                              struct now now, struct cache_entry **entry)
{
	struct pipeline *pipeline = query->pipeline;
	struct cache_ask other;
	const struct cache_ask *ask = &query->ask;
	if (name != ask->name || group != ask->space) {
		other = ask_of(query, name, group);
		ask = &other;
	}
	for (size_t i = 0; i < query->landed_count; i++) {
		*entry = query->landed[i];
		if (!cache_entry_is(*entry, ask))
			continue;
		if (query->stale)
			query->source = SOURCE_STALE;
		return SEARCH_FOUND;
	}
	if (query->outcome != FLIGHT_ANSWERED && query->outcome != FLIGHT_OUTDATED)
		return SEARCH_FAILED;
	*entry = cache_find(pipeline->shared->cache, ask, now);
	if (*entry) {
		if (!query->waits && query->source != SOURCE_CACHE)
			counter_add(&pipeline->counters.cache_hits, 1);
		if (!query->waits)
			query->source = SOURCE_CACHE;
		return SEARCH_FOUND;
	}
	*entry = cache_find_stale(pipeline->shared->cache, ask, now);
	if (*entry && cache_entry_rests(*entry, now)) {
		query->stale = true;
		query->source = SOURCE_STALE;
		return SEARCH_FOUND;
	}
	if (query->waits == QUERY_WAITS_MAX) {
		query->outcome = FLIGHT_REFUSED;
		return SEARCH_FAILED;
	}
	depart(query, ask, now);
	return SEARCH_WAITS;
}

/* Does an answer of a group lead out of what the group is believed for? Then `*last` is where to. */
static bool leads_out(const struct local *local, uint64_t group, uint16_t type,
                      const struct answer *answer, struct dns_name *last)
{
	if (group == LOCAL_GROUP_DEFAULT || !answer->hop_count || type == DNS_TYPE_CNAME)
		return false;
	answer_hop(answer, answer->hop_count - 1u, last);
	return !local_believes(local, group, last, type);
}

/* The entry at the end of the chain as its next part, which is not counted yet. */
static const struct answer *open_entry(struct chain *chain, struct now now)
{
	struct answer *answer = &chain->answers[chain->count];
	cache_entry_answer(chain->entry, answer);
	chain->parts[chain->count] = (struct answer_part){answer, cache_entry_age_s(chain->entry, now)};
	return answer;
}

/* The part for what is answered here at the end of a chain. False: there are no records, only CNAMEs and `rcode`. */
static bool local_part(struct chain *chain, const struct local_hit *hit, uint16_t type,
                       unsigned *rcode)
{
	static const uint8_t loopback[16] = {[15] = 1}, loopback4[4] = {127, 0, 0, 1};
	struct answer_datum datum = {type == DNS_TYPE_A ? loopback4 : loopback,
	                             type == DNS_TYPE_A ? 4 : 16};
	*rcode = DNS_RCODE_NOERROR;
	if (hit->kind == LOCAL_ANSWER) {
		chain->parts[chain->count++] = (struct answer_part){hit->answer, 0};
		return true;
	}
	if (hit->kind == LOCAL_LOOPBACK &&
	    answer_make(chain->at, type, CONFIG_HOST_TTL_DEFAULT_S, &datum, 1, &chain->made) == PF_OK) {
		chain->parts[chain->count++] = (struct answer_part){chain->made, 0};
		return true;
	}
	if (hit->kind == LOCAL_ZONE)
		*rcode = hit->rcode;
	else if (hit->kind == LOCAL_HATCH && hit->reply->kind == REPLY_NXDOMAIN)
		*rcode = DNS_RCODE_NXDOMAIN;
	return false;
}

/* A chain is worth as much as its weakest part; what the house says itself nobody has signed. */
static uint8_t chain_dnssec(const struct chain *chain)
{
	uint8_t least = DNSSEC_SECURE;
	for (size_t i = 0; i < chain->count; i++)
		if (chain->parts[i].answer->dnssec < least)
			least = chain->parts[i].answer->dnssec;
	return least;
}

/* Puts the parts together, or finds that it was done already. */
static enum search compose(struct query *query, struct chain *chain, bool has_end, unsigned rcode,
                           struct finish *finish)
{
	struct shared *shared = query->pipeline->shared;
	struct cache_key key;
	cache_key_from_query(&key, &query->dns);
	key.space = SPACE_COMPOSED | finish->snapshot->epoch;
	finish->entry = cache_lookup(shared->cache, &key, finish->now);
	if (finish->entry)
		return SEARCH_FOUND;
	struct answer *answer;
	query->outcome = FLIGHT_REFUSED; /* if anything goes wrong from here on */
	if (answer_compose(&query->dns, chain->parts, chain->count, !has_end, rcode, &answer) != PF_OK)
		return SEARCH_FAILED;
	answer->dnssec = chain_dnssec(chain);
	struct cache_facts facts;
	facts_judge(finish->snapshot, shared->key, &key, answer, finish->now, query->pipeline->hand,
	            &facts);
	const char *upstream = chain->entry ? cache_entry_upstream(shared->cache, chain->entry) : "";
	finish->entry = cache_entry_new(shared->cache, &key, answer, &facts, upstream, finish->now);
	answer_free(&answer);
	if (!finish->entry)
		return SEARCH_FAILED;
	query->landed[query->landed_count++] =
		finish->entry; /* the reference is let go with the query */
	if (finish->entry->ttl > 0)
		cache_insert(shared->cache, finish->entry, finish->now);
	query->outcome = FLIGHT_ANSWERED;
	return SEARCH_FOUND;
}

/* What the name at hand is in the house. */
static void find_local(struct finish *finish, const struct chain *chain, uint16_t type,
                       bool allowed, struct local_hit *hit)
{
	struct name_note *note = chain->count ? NULL : finish->note;
	local_find(finish->snapshot->local, chain->at, type, allowed && !chain->count, hit);
	if (note)
		note->elsewhere = hit->kind == LOCAL_ELSEWHERE && hit->group == LOCAL_GROUP_DEFAULT;
	if (!chain->count)
		finish->local = *hit;
}

/* Goes along the chain. SEARCH_FOUND with `*end`: what the last name is. */
static enum search follow(struct query *query, bool allowed, struct finish *finish,
                          struct chain *chain, struct local_hit *end)
{
	const struct local *local = finish->snapshot->local;
	uint16_t type = query->dns.type;
	for (;;) {
		const struct dns_name *next = NULL;
		if (chain->count && dns_name_equal(chain->at, &query->dns.name)) {
			query->outcome = FLIGHT_REFUSED; /* it has come back */
			return SEARCH_FAILED;
		}
		find_local(finish, chain, type, allowed, end);
		chain->entry = NULL;
		if (end->kind == LOCAL_ELSEWHERE) {
			enum search found =
				find_entry(query, chain->at, end->group, finish->now, &chain->entry);
			if (found != SEARCH_FOUND)
				return found;
			struct dns_name *last = &chain->ways[chain->count];
			if (leads_out(local, end->group, type, open_entry(chain, finish->now), last))
				next = last;
		} else if (end->kind == LOCAL_ALIAS) {
			next = end->target;
		}
		if (!next)
			return SEARCH_FOUND;
		if (chain->count == SEARCH_PARTS_MAX - 1) {
			query->outcome = FLIGHT_REFUSED; /* a chain that goes round, or nearly */
			return SEARCH_FAILED;
		}
		if (!chain->entry)
			chain->parts[chain->count] = (struct answer_part){end->answer, 0};
		chain->count++;
		chain->at = next;
	}
}

/* The last part, when there are others before it. Returns whether it has an end of its own, and the code of the whole. */
static bool take_end(struct chain *chain, const struct local_hit *end, const struct query *query,
                     unsigned *rcode)
{
	if (!chain->entry)
		return local_part(chain, end, query->dns.type, rcode);
	*rcode = chain->parts[chain->count++].answer->rcode; /* `follow` has opened it */
	return true;
}

enum search search_answer(struct query *query, bool allowed, struct finish *finish)
{
	struct chain chain;
	struct local_hit end;
	unsigned rcode;
	/* Nearly always: what the default group says of a name is the whole answer (leads_out). */
	if (finish->note && finish->note->elsewhere) {
		finish->asked = &query->dns.name;
		finish->inside = false;
		struct cache_entry *entry;
		enum search answer =
			find_entry(query, finish->asked, LOCAL_GROUP_DEFAULT, finish->now, &entry);
		if (answer == SEARCH_FOUND)
			finish->entry = entry;
		return answer;
	}
	chain_init(&chain, &query->dns.name);
	enum search found = follow(query, allowed, finish, &chain, &end);
	if (found != SEARCH_FOUND)
		return found;
	finish->asked = &query->dns.name;
	if (chain.count) {
		dns_name_copy(&query->pipeline->hand->asked, chain.at);
		finish->asked = &query->pipeline->hand->asked;
	}
	finish->inside = end.kind != LOCAL_ELSEWHERE || end.group != LOCAL_GROUP_DEFAULT;
	if (!chain.count) {
		finish->entry = chain.entry;
		return SEARCH_FOUND;
	}
	bool has_end = take_end(&chain, &end, query, &rcode);
	found = compose(query, &chain, has_end, rcode, finish);
	answer_free(&chain.made);
	return found;
}

/* Does an answer behind the first part lead over the name that was asked, and so to what was sinkholed? */
static bool leads_back(const struct query *query, const struct chain *chain)
{
	for (size_t i = 1; i < chain->count; i++) {
		const struct answer *answer = chain->parts[i].answer;
		for (size_t hop = 0; hop < answer->hop_count; hop++) {
			struct dns_name target;
			answer_hop(answer, hop, &target);
			if (dns_name_equal(&target, &query->dns.name))
				return true;
		}
	}
	return false;
}

enum search search_target(struct query *query, const struct dns_name *target, struct finish *finish,
                          struct answer **out)
{
	struct answer *alias = NULL;
	struct answer_datum datum = {target->wire, target->length};
	struct chain chain;
	struct local_hit end;
	unsigned rcode;
	chain_init(&chain, target);
	*out = NULL;
	if (answer_make(&query->dns.name, DNS_TYPE_CNAME, REPLY_SINKHOLE_TTL, &datum, 1, &alias) !=
	    PF_OK)
		return SEARCH_FOUND;
	chain.parts[chain.count++] = (struct answer_part){alias, 0};
	enum search found = follow(query, true, finish, &chain, &end);
	if (found == SEARCH_FOUND) {
		bool has_end = take_end(&chain, &end, query, &rcode);
		if (leads_back(query, &chain) ||
		    answer_compose(&query->dns, chain.parts, chain.count, !has_end, rcode, out) != PF_OK)
			*out = NULL;
	}
	answer_free(&alias);
	answer_free(&chain.made);
	return found == SEARCH_WAITS ? SEARCH_WAITS : SEARCH_FOUND;
}
