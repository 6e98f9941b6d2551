/* Flights begin and end here, see depart.h. */
#include "pipeline/depart.h"

#include "base/counter.h"
#include "dns/compose.h"
#include "pipeline/facts.h"
#include "pipeline/flight.h"
#include "pipeline/wire.h"

#define RECHECK_US (30 * 1000000LL) /* between two tries to renew what is stale (RFC 8767, 5) */
#define RENEWALS_MAX 64             /* under way at one time in one worker */
#define RENEWALS_SHARE 10           /* one for so many hits at most, and a few to begin with */

/* What was waited for, handed to those who did. The reference of `entry` stays the caller's. */
static void hand_out(struct query *query, const struct pipeline *owner, struct cache_entry *entry,
                     enum flight_outcome outcome, bool stale)
{
	while (query) {
		struct query *next = query->next;
		query->outcome = outcome;
		query->stale |= stale;
		if (outcome == FLIGHT_ANSWERED) {
			cache_entry_ref(entry);
			query->landed[query->landed_count++] = entry;
		}
		if (query->pipeline == owner)
			pipeline_resume(query);
		else
			query->pipeline->post(query);
		query = next;
	}
}

/* Ends a flight for all who waited. */
static void land(struct flight *flight, struct cache_entry *entry, enum flight_outcome outcome,
                 bool stale)
{
	struct pipeline *owner = flight->owner;
	struct forward_trip *trips = flight->trips;
	if (flight->renews)
		owner->renewals--;
	struct query *query = flight_land(flight);
	wire_give_trips(query, trips);
	hand_out(query, owner, entry, outcome, stale);
}

/* What the cache has although its time is over, one reference the caller's, or NULL. For a while it is served at once
 * then: the upstreams have been asked in vain. */
static struct cache_entry *fall_back(struct pipeline *pipeline, const struct cache_ask *ask)
{
	struct now now = pipeline->clock(pipeline->clock_data);
	rcu_read_lock();
	struct cache_entry *entry = cache_find_stale(pipeline->shared->cache, ask, now);
	if (entry) {
		cache_entry_ref(entry);
		cache_entry_recheck(entry, now.mono_us + RECHECK_US);
	}
	rcu_read_unlock();
	return entry;
}

static struct cache_entry *fall_back_of(const struct flight *flight)
{
	const struct cache_ask ask = cache_ask_of(flight->owner->shared->key, &flight->key);
	return fall_back(flight->owner, &ask);
}

/* Ends a flight that has brought nothing. */
static void land_empty(struct flight *flight, enum flight_outcome outcome)
{
	struct cache_entry *entry = fall_back_of(flight);
	land(flight, entry, entry ? FLIGHT_ANSWERED : outcome, entry != NULL);
	cache_entry_unref(entry);
}

void depart_is_late(void *data)
{
	struct flight *flight = data;
	struct cache_entry *entry = fall_back_of(flight);
	if (!entry)
		return;
	hand_out(flight_release(flight), flight->owner, entry, FLIGHT_ANSWERED, true);
	cache_entry_unref(entry);
}

/* How many of the answer's CNAMEs are a group's to say, when one of them leads out of its zones; else 0. */
static size_t cname_that_leads_out(const struct local *local, const struct cache_key *key,
                                   const struct answer *answer)
{
	for (size_t i = 0; i < answer->hop_count && key->type != DNS_TYPE_CNAME; i++)
		if (!local_believes(local, key->space, &answer->hops[i], key->type))
			return i + 1;
	return 0;
}

/* Cuts off what the group can not know. Takes the answer over; NULL without memory. */
static struct answer *believe(const struct local *local, const struct cache_key *key,
                              struct answer *answer)
{
	struct dns_query query = {.name = key->name, .type = key->type, .class = key->class};
	struct answer *cut = NULL;
	size_t cname_count = cname_that_leads_out(local, key, answer);
	if (!cname_count)
		return answer;
	if (answer_cut(&query, answer, cname_count, &cut) != PF_OK)
		cut = NULL;
	answer_free(&answer);
	return cut;
}

/* SERVFAIL and the like say nothing of the name. */
static bool is_refusal(const struct answer *answer)
{
	return answer->rcode != DNS_RCODE_NOERROR && answer->rcode != DNS_RCODE_NXDOMAIN;
}

/* The entry of an answer that came back, one reference the caller's; NULL without memory. Takes the answer over. */
static struct cache_entry *keep(struct pipeline *pipeline, const struct snapshot *snapshot,
                                const struct cache_key *key, struct answer *answer,
                                const char *upstream)
{
	struct now now = pipeline->clock(pipeline->clock_data);
	if (key->space != LOCAL_GROUP_DEFAULT)
		answer = believe(snapshot->local, key, answer);
	if (!answer)
		return NULL;
	if (key->space == LOCAL_GROUP_DEFAULT && snapshot->config->recursion.validates)
		answer->dnssec = (uint8_t)answer_validated(answer, key->cd);
	answer_bound_ttl(answer, snapshot->config->cache.ttl_min_s, snapshot->config->cache.ttl_max_s);
	struct cache *cache = pipeline->shared->cache;
	struct cache_facts facts;
	facts_judge(snapshot, pipeline->shared->key, key, answer, now, pipeline->hand, &facts);
	struct cache_entry *entry = cache_entry_new(cache, key, answer, &facts, upstream, now);
	if (entry && !is_refusal(answer))
		cache_insert(cache, entry, now);
	answer_free(&answer);
	return entry;
}

static void on_forwarded(void *data, const struct forward_result *result)
{
	struct flight *flight = data;
	struct pipeline *pipeline = flight->owner;
	wire_take_trips(flight, result->trips);
	if (result->status != FORWARD_ANSWERED) {
		land_empty(flight,
		           result->status == FORWARD_TIMED_OUT ? FLIGHT_TIMED_OUT : FLIGHT_NETWORK_ERROR);
		return;
	}
	rcu_read_lock();
	const struct snapshot *snapshot = rcu_dereference(pipeline->shared->snapshot);
	struct answer *answer = result->answer;
	if (!local_has_group(snapshot->local, flight->key.space)) {
		/* A reload has changed what it may speak for: ask again, by the rules of now. */
		rcu_read_unlock();
		answer_free(&answer);
		land(flight, NULL, FLIGHT_OUTDATED, false);
		return;
	}
	struct cache_entry *stale = is_refusal(answer) ? fall_back_of(flight) : NULL;
	if (stale) {
		rcu_read_unlock();
		answer_free(&answer);
		land(flight, stale, FLIGHT_ANSWERED, true);
		cache_entry_unref(stale);
		return;
	}
	struct cache_entry *entry = keep(pipeline, snapshot, &flight->key, answer, result->upstream);
	rcu_read_unlock();
	land(flight, entry, entry ? FLIGHT_ANSWERED : FLIGHT_REFUSED, false);
	cache_entry_unref(entry);
}

static void fly(struct flight *flight, const struct dns_query *asked)
{
	struct forwarder *forwarder = flight->owner->forwarder;
	if (forwarder->ask(forwarder, flight->key.space, asked, on_forwarded, flight) != PF_OK)
		land_empty(flight, FLIGHT_REFUSED);
}

/* May it wait? Once for each query. */
static bool may_wait(struct query *query)
{
	struct pipeline *pipeline = query->pipeline;
	if (!pipeline->loans || query->explained || query->waiting)
		return true;
	const struct snapshot *snapshot = rcu_dereference(pipeline->shared->snapshot);
	query->waiting = limiter_wait(pipeline->shared->limiter, pipeline->loans,
	                              &snapshot->config->rate_limit, &query->client.addr);
	return query->waiting >= 0;
}

/* Joins the flight of `ask`. One that another worker has just released, because it was late, is not waited for: what those who were released have had
 * is there for the query too, as long as the cache has it. Returns a flight that is new; NULL: the query is in other hands. */
static struct flight *join(struct query *query, const struct cache_ask *ask)
{
	struct pipeline *pipeline = query->pipeline;
	struct flight_table *table = pipeline->shared->flights;
	enum flight_joined outcome;
	struct flight *flight = flight_join(table, query, ask, false, &outcome);
	if (outcome == FLIGHT_RELEASED) {
		struct cache_entry *entry = fall_back(pipeline, ask);
		if (entry) {
			query->next = NULL;
			hand_out(query, pipeline, entry, FLIGHT_ANSWERED, true);
			cache_entry_unref(entry);
			return NULL;
		}
		flight = flight_join(table, query, ask, true, &outcome);
	}
	if (outcome == FLIGHT_NO_MEMORY) {
		query->outcome = FLIGHT_REFUSED;
		pipeline_resume(query);
	}
	return flight;
}

void depart(struct query *query, const struct cache_ask *ask, struct now now)
{
	struct pipeline *pipeline = query->pipeline;
	wire_keep_packet(query);
	if (!query->waits++)
		counter_add(&pipeline->counters.cache_misses, 1);
	if (!query->explained)
		counter_add(&pipeline->counters.in_flight, 1);
	if (!may_wait(query)) {
		query->outcome = FLIGHT_CROWDED;
		pipeline_resume(query);
		return;
	}
	struct flight *flight = join(query, ask);
	if (!flight)
		return;
	/* Between the look-up that missed and the join, the flight of another worker may have landed. */
	struct cache_entry *entry = cache_find(pipeline->shared->cache, ask, now);
	if (entry) {
		cache_entry_ref(entry);
		land(flight, entry, FLIGHT_ANSWERED, false);
		cache_entry_unref(entry);
		return;
	}
	if (ask->name == &query->dns.name) {
		fly(flight, &query->dns);
		return;
	}
	struct dns_query asked;
	dns_query_copy_asked(&asked, &query->dns);
	dns_name_copy(&asked.name, ask->name);
	fly(flight, &asked);
}

bool depart_may_renew(const struct pipeline *pipeline, const struct cache_entry *entry,
                      struct now now)
{
	const struct pipeline_counters *counters = &pipeline->counters;
	return !cache_entry_rests(entry, now) && pipeline->renewals < RENEWALS_MAX &&
	       counters->prefetches < RENEWALS_SHARE + counters->cache_hits / RENEWALS_SHARE;
}

void depart_renewal(struct pipeline *pipeline, const struct cache_key *key,
                    const struct dns_query *asked)
{
	const struct cache_ask ask = cache_ask_of(pipeline->shared->key, key);
	struct flight *flight = flight_begin(pipeline->shared->flights, pipeline, &ask);
	if (!flight)
		return;
	flight->renews = true;
	pipeline->renewals++;
	counter_add(&pipeline->counters.prefetches, 1);
	fly(flight, asked);
}
