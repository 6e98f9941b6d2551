/* The driver of the stages, see pipeline.h. */
#include "pipeline/pipeline.h"

#include <stdlib.h>
#include <string.h>

#include "base/counter.h"
#include "dns/client.h"
#include "dns/reply.h"
#include "pipeline/decide.h"
#include "pipeline/depart.h"
#include "pipeline/designated.h"
#include "pipeline/facts.h"
#include "pipeline/finish.h"
#include "pipeline/listed.h"
#include "pipeline/memo.h"
#include "pipeline/primary.h"
#include "pipeline/search.h"
#include "pipeline/wire.h"

/* A query is written for each packet, and what stands beside it in the heap may be an entry of the cache that all workers read. */
#define LINE_BYTES 64

static void begin(struct query *query, const struct snapshot *snapshot, struct client_note *note);
static void run(struct query *query);

int pipeline_init(struct pipeline *pipeline, struct shared *shared, struct forwarder *forwarder,
                  size_t index, struct now (*clock)(void *), void *clock_data,
                  void (*post)(struct query *))
{
	memset(pipeline, 0, sizeof *pipeline);
	pipeline->shared = shared;
	pipeline->forwarder = forwarder;
	pipeline->index = index;
	pipeline->clock = clock;
	pipeline->clock_data = clock_data;
	pipeline->post = post;
	pipeline->batch_us = -1;
	pipeline->memo = memo_new();
	pipeline->hand = at_hand_new();
	forwarder->late = depart_is_late;
	if (shared->limiter)
		pipeline->loans = calloc(1, sizeof *pipeline->loans);
	bool whole = pipeline->memo && pipeline->hand && (pipeline->loans || !shared->limiter);
	return whole ? PF_OK : PF_ENOMEM;
}

void pipeline_deinit(struct pipeline *pipeline)
{
	policy_scratch_free(&pipeline->scratch);
	lists_scratch_free(&pipeline->list_scratch);
	free(pipeline->loans);
	memo_free(&pipeline->memo);
	free(pipeline->hand);
	while (pipeline->pool) {
		struct query *query = pipeline->pool;
		pipeline->pool = query->next;
		free(query);
	}
}

struct query *pipeline_query_new(struct pipeline *pipeline)
{
	struct query *query = pipeline->pool;
	if (query) {
		pipeline->pool = query->next;
	} else {
		if (pipeline->query_count < QUERIES_MAX)
			query = aligned_alloc(LINE_BYTES,
			                      (sizeof *query + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES);
		if (!query) {
			counter_add(&pipeline->counters.received, 1);
			counter_add(&pipeline->counters.overloaded, 1);
			return NULL;
		}
		pipeline->query_count++;
	}
	memset(query, 0, QUERY_ZEROED_BYTES);
	query->asker.subnet.length = 0;
	query->asker.has_mac = false;
	query->asker.name[0] = '\0';
	query->pipeline = pipeline;
	return query;
}

/* The one reply of a query that never entered the stages. */
static void turn_away(struct query *query, uint64_t *counter, size_t length)
{
	struct pipeline *pipeline = query->pipeline;
	counter_add(counter, 1);
	query->reply(query, pipeline->out, length);
	finish_release(query);
}

static void turn_away_with(struct query *query, uint64_t *counter, unsigned rcode, int ede,
                           const char *ede_text)
{
	struct reply_options options = finish_options(query);
	options.ede = ede;
	options.ede_text = ede_text;
	turn_away(query, counter, reply_error(query->pipeline->out, &query->dns, rcode, &options));
}

/* From the primary of a list: it may not be among those who may ask. True: answered. */
static bool take_notify(struct query *query, const struct snapshot *snapshot, const uint8_t *packet,
                        size_t length)
{
	struct pipeline *pipeline = query->pipeline;
	const struct shared *shared = pipeline->shared;
	const struct reply_options options = finish_options(query);
	uint64_t wall_s = (uint64_t)(query->arrived.wall_us / 1000000);
	struct primary_answer answer;
	int list = primary_of_notify(snapshot->primaries, &query->dns, &query->client.addr);
	if (list < 0 || !shared->notified)
		return false;
	primary_judge(snapshot->primaries, list, packet, length, wall_s, &answer);
	if (answer.malformed) {
		turn_away_with(query, &pipeline->counters.malformed, DNS_RCODE_FORMERR, DNS_EDE_NONE, NULL);
		return true;
	}
	if (answer.rcode == DNS_RCODE_NOERROR)
		shared->notified(shared->notified_data, (size_t)list);
	size_t written = reply_error(pipeline->out, &query->dns, answer.rcode, &options);
	turn_away(query, &pipeline->counters.notified,
	          primary_sign(&answer, pipeline->out, written, wall_s));
	return true;
}

/* A client that has a cookie of ours stands where it says: it is treated as one that came over TCP. */
static void take_cookie(struct query *query, const uint8_t *packet)
{
	struct dns_query *dns = &query->dns;
	const struct cookie_keys *keys = rcu_dereference(query->pipeline->shared->cookies);
	if (!keys)
		return;
	uint32_t now_s = (uint32_t)(query->arrived.wall_us / 1000000);
	query->proven |= cookie_take(packet + dns->edns.cookie_at, dns->edns.cookie_length,
	                             &query->client.addr, keys, now_s, dns->cookie);
	dns->edns.cookie_replied = true;
}

/* Over its limit? Then this is all that it gets: nothing, or over UDP now and then the advice to come over TCP, or with a cookie. */
static bool take_over_limit(struct query *query, const struct snapshot *snapshot)
{
	struct pipeline *pipeline = query->pipeline;
	enum limiter_answer answer =
		limiter_ask(pipeline->shared->limiter, pipeline->loans, &snapshot->config->rate_limit,
	                snapshot->epoch, &query->client.addr, !query->proven, query->arrived.mono_us);
	if (answer == LIMITER_PASS)
		return false;
	uint64_t *counter = &pipeline->counters.limited;
	struct reply_options options = finish_options(query);
	if (query->proven)
		turn_away_with(query, counter, DNS_RCODE_REFUSED, DNS_EDE_PROHIBITED,
		               "this client asks too much (rate-limit)");
	else if (answer == LIMITER_SLIP && query->dns.edns.cookie_replied)
		turn_away_with(query, counter, DNS_RCODE_BADCOOKIE, DNS_EDE_NONE, NULL);
	else if (answer == LIMITER_SLIP)
		turn_away(query, counter, reply_truncated(pipeline->out, &query->dns, &options));
	else
		turn_away(query, counter, 0);
	return true;
}

/* Who asks? The client, unless it has said within TLS which device it is, or a forwarder that is trusted says for whom it
 * asks. True: the client, as far as addresses go. */
static bool name_asker(struct query *query, const struct snapshot *snapshot, const uint8_t *packet)
{
	struct dns_client client;
	const struct config *config = snapshot->config;
	const char *name =
		query->label ? registry_name_of_label(snapshot->registry, query->label) : NULL;
	query->asker.addr = query->client.addr;
	if (name) {
		strcpy(query->asker.name, name);
		return true;
	}
	if (!config->forwarder_count || !query->dns.edns.options_length ||
	    !any_prefix_contains(config->forwarders, config->forwarder_count, &query->client.addr))
		return true;
	dns_client_read(packet, &query->dns.edns, &client);
	query->asker.has_mac = client.has_mac;
	query->asker.mac = client.mac;
	memcpy(query->asker.name, client.text, sizeof client.text);
	if (client.has_subnet && client.subnet.length == addr_bits(&client.subnet.addr))
		query->asker.addr = client.subnet.addr;
	else if (client.has_subnet)
		query->asker.subnet = client.subnet;
	return false;
}

/* Makes what this worker keeps for each snapshot. */
static void adopt(struct pipeline *pipeline, const struct snapshot *snapshot)
{
	const struct pauses *pauses = rcu_dereference(pipeline->shared->pauses);
	uint64_t generation = pauses ? pauses->generation : 0;
	if (pipeline->epoch != snapshot->epoch || pipeline->paused.generation != generation)
		paused_resolve(&pipeline->paused, pauses, snapshot->policy);
	if (pipeline->epoch == snapshot->epoch)
		return;
	policy_scratch_free(&pipeline->scratch);
	pipeline->scratch = policy_scratch_new(snapshot->policy);
	lists_scratch_free(&pipeline->list_scratch);
	pipeline->list_scratch = lists_scratch_new(snapshot->lists);
	cache_keep_stale(pipeline->shared->cache, snapshot->config->cache.stale_us);
	struct upstream_group groups[UPSTREAM_GROUP_MAX];
	size_t group_count = local_upstream_groups(snapshot->local, snapshot->config, groups);
	pipeline->forwarder->random_case = snapshot->config->random_case;
	pipeline->forwarder->spread = snapshot->config->spread;
	pipeline->forwarder->traced = wire_wanted(pipeline);
	pipeline->forwarder->configure(pipeline->forwarder, groups, group_count);
	struct pipeline_counters *counters = &pipeline->counters;
	for (size_t i = 0; i < PF_COUNT(counters->rules); i++)
		counter_set(&counters->rules[i], 0);
	for (size_t i = 0; i < PF_COUNT(counters->lists); i++)
		counter_set(&counters->lists[i], 0);
	counter_set(&counters->rule_epoch, snapshot->epoch);
	pipeline->epoch = snapshot->epoch;
}

bool pipeline_admit(struct pipeline *pipeline, struct query *query, const uint8_t *packet,
                    size_t length, struct now now)
{
	struct pipeline_counters *counters = &pipeline->counters;
	counter_add(&counters->received, 1);
	query->arrived = now;
	query->packet = packet;
	query->packet_length = length;
	const struct snapshot *snapshot = rcu_dereference(pipeline->shared->snapshot);
	struct client_note *client = memo_client(pipeline->memo, snapshot, &query->client.addr);
	bool allowed = client->allowed;
	enum query_parse parsed = dns_query_parse(packet, length, &query->dns);
	query->proven = query->protocol != PROTOCOL_UDP;
	if (query->dns.edns.cookie_length && parsed != QUERY_IGNORE && parsed != QUERY_FORMERR &&
	    allowed)
		take_cookie(query, packet);
	bool notified = parsed == QUERY_NOTIMP && take_notify(query, snapshot, packet, length);
	if (notified)
		return false;
	if (parsed == QUERY_IGNORE || (!allowed && parsed != QUERY_OK))
		turn_away(query, &counters->malformed, 0);
	else if (!allowed)
		turn_away_with(query, &counters->refused, DNS_RCODE_REFUSED, DNS_EDE_PROHIBITED,
		               "this resolver does not answer your address (allow-from)");
	else if (parsed == QUERY_FORMERR)
		turn_away_with(query, &counters->malformed, DNS_RCODE_FORMERR, DNS_EDE_NONE, NULL);
	else if (parsed == QUERY_NOTIMP)
		turn_away_with(query, &counters->malformed, DNS_RCODE_NOTIMP, DNS_EDE_NONE, NULL);
	else if (parsed == QUERY_BADVERS)
		turn_away_with(query, &counters->malformed, DNS_RCODE_BADVERS, DNS_EDE_NONE, NULL);
	else if (query->dns.class != DNS_CLASS_IN)
		turn_away_with(query, &counters->refused, DNS_RCODE_REFUSED, DNS_EDE_NONE, NULL);
	else if (client->exempt || !pipeline->loans || !take_over_limit(query, snapshot)) {
		bool itself = name_asker(query, snapshot, packet);
		begin(query, snapshot, itself ? client : NULL);
		return true;
	}
	return false;
}

void pipeline_run(struct pipeline *pipeline, struct query *const queries[], size_t count)
{
	if (count > 1) {
		search_expect(queries, count);
		memo_expect_lists(pipeline->memo, queries, count);
	}
	pipeline->batch_us = 0;
	for (size_t i = 0; i < count; i++)
		run(queries[i]);
	pipeline->batch_us = -1;
}

void pipeline_receive(struct pipeline *pipeline, struct query *query, const uint8_t *packet,
                      size_t length, struct now now)
{
	if (pipeline_admit(pipeline, query, packet, length, now))
		run(query);
}

/* ---- back from an upstream --------------------------------------------------------------- */

void pipeline_resume(struct query *query)
{
	struct pipeline *pipeline = query->pipeline;
	if (!query->explained)
		counter_set(&pipeline->counters.in_flight, pipeline->counters.in_flight - 1);
	query->source = SOURCE_UPSTREAM;
	rcu_read_lock();
	begin(query, rcu_dereference(pipeline->shared->snapshot), NULL);
	run(query);
	rcu_read_unlock();
}

void pipeline_explain(struct pipeline *pipeline, struct query *query)
{
	query->pipeline = pipeline;
	query->arrived = pipeline->clock(pipeline->clock_data);
	rcu_read_lock();
	begin(query, rcu_dereference(pipeline->shared->snapshot), NULL);
	run(query);
	rcu_read_unlock();
}

/* ---- the stages -------------------------------------------------------------------------- */

static bool is_paused(const struct pipeline *pipeline, const struct query *query)
{
	return paused_until(&pipeline->paused, query->device.tags, query->arrived.wall_us);
}

static void decide_answer(struct pipeline *pipeline, const struct policy_question *question,
                          const struct list_asked *asked, struct finish *finish)
{
	const struct policy *policy = finish->snapshot->policy;
	const struct lists *lists = finish->snapshot->lists;
	const uint32_t number = finish->snapshot->epoch;
	atomic_uint_least64_t *kept = cache_entry_rules(finish->entry, finish->home);
	bool look = lists_look_at_answers(lists) &&
	            policy_needs_lists(policy, pipeline->scratch, question->tags);
	if (!look && !policy_needs_answer(policy, pipeline->scratch, question->tags,
	                                  finish->answer->hop_count, kept, number))
		return;
	const struct answer *answer = facts_answer(pipeline, finish);
	bool judges = policy_needs_facts(policy, pipeline->scratch, question->tags, kept, number);
	struct policy_answer known = {.facts = judges ? facts_whole(pipeline, finish) : NULL,
	                              .hops = answer->hops,
	                              .hop_count = answer->hop_count,
	                              .kept = kept,
	                              .policy_number = number};
	const struct decide_tools tools = {policy, lists, pipeline->scratch, pipeline->list_scratch,
	                                   pipeline->hop_lists};
	struct listed_answer listed;
	if (look)
		listed_answer_init(&listed, answer);
	decide_answers(&tools, question, asked, look ? &listed.view : NULL, &known,
	               &finish->answer_lists, &finish->verdict);
	finish->hop_lists = known.hop_lists;
}

/* An answer from outside that leads into the house: its private addresses are taken out, unless a rule has taken the
 * whole answer already. A rule that allows the name changes nothing here: it trusts a name, and
 * rebinding is done with names that are trusted. */
static void check_rebinding(const struct query *query, struct finish *finish)
{
	static const struct rule_reply strip = {.kind = REPLY_STRIP};
	const struct local *local = finish->snapshot->local;
	bool sinkholed = finish->verdict.action == ACTION_SINKHOLE;
	if (finish->inside || (sinkholed && finish->verdict.reply->kind != REPLY_STRIP))
		return;
	if (!finish->facts.inside)
		return;
	const struct answer *answer = facts_answer(query->pipeline, finish);
	for (size_t i = 0; i < answer->address_count; i++)
		finish->private_count += rebinding_is_private(&answer->addresses[i]);
	if (!finish->private_count)
		return;
	if (local_rebinding_allows(local, &query->dns.name) ||
	    local_rebinding_allows(local, finish->asked))
		finish->private_count = 0;
	else if (!sinkholed)
		finish->verdict =
			(struct verdict){.action = ACTION_SINKHOLE, .stage = STAGE_ANSWERS, .reply = &strip};
}

void pipeline_expect(const struct pipeline *pipeline, const struct sockaddr_storage *clients,
                     size_t count)
{
	if (count < 2)
		return; /* nothing to do meanwhile */
	const struct snapshot *snapshot = rcu_dereference(pipeline->shared->snapshot);
	memo_expect(pipeline->memo, snapshot, clients, count);
}

/* An asker that nobody knows is decided as the unknown one that it is; who it is comes to light behind. */
static void identify(struct query *query, const struct snapshot *snapshot, struct client_note *note)
{
	struct shared *shared = query->pipeline->shared;
	if (query->explained)
		return;
	const struct asker *asker = &query->asker;
	bool plain = !asker->has_mac && !asker->name[0] && !asker->subnet.length;
	if (plain && !note)
		note = memo_client(query->pipeline->memo, snapshot, &asker->addr);
	bool found = plain
	                 ? memo_identify(note, snapshot, asker, query->arrived.wall_us, &query->device)
	                 : roster_identify(rcu_dereference(snapshot->roster), snapshot->registry, asker,
	                                   query->arrived.wall_us, &query->device);
	if (found || query->sighted || !shared->sightings || query->device.known)
		return;
	query->sighted = true;
	sightings_put_unknown(shared->sightings, &query->asker, query->arrived.wall_us);
}

/* Ends the query, unless it must wait first: a CNAME that a sinkhole replies with is followed to its end, so that
 * a client which asks once has all that it needs. */
static void finish_verdict(struct query *query, struct finish *finish)
{
	struct dns_name target;
	enum record_source source = query->source;
	if (finish->verdict.action == ACTION_SINKHOLE) {
		finish->reply = finish_reply(query, finish);
		const struct reply_records records = {.bytes = finish->reply->records,
		                                      .length = finish->reply->record_bytes};
		if (finish->reply->kind == REPLY_RECORDS && query->dns.type != DNS_TYPE_CNAME &&
		    reply_records_target(&records, &query->dns.name, &target)) {
			finish->now = query->pipeline->clock(query->pipeline->clock_data);
			if (search_target(query, &target, finish, &finish->target) == SEARCH_WAITS)
				return;
		}
	}
	query->source = source;
	finish_query(query, finish);
	if (finish->target)
		answer_free(&finish->target);
}

static bool in_last_tenth(const struct cache_entry *entry, struct now now)
{
	return (cache_entry_expires_us(entry) - now.mono_us) * 10 < (int64_t)entry->ttl * 1000000;
}

/* The client has its answer before the upstreams are asked for the next one. */
static void finish_and_renew(struct query *query, struct finish *finish)
{
	struct pipeline *pipeline = query->pipeline;
	struct cache_key key;
	cache_entry_key(finish->entry, &key);
	struct dns_query asked = query->dns;
	bool of_group = local_has_group(finish->snapshot->local, key.space);
	finish_verdict(query, finish);
	if (of_group)
		depart_renewal(pipeline, &key, &asked);
}

/* Who asks for our encrypted endpoints gets those, or nothing when there is none that it could come to. */
static void designate(struct query *query, struct finish *finish)
{
	const struct pipeline *pipeline = query->pipeline;
	const struct snapshot *snapshot = finish->snapshot;
	struct designated designated = {.listen = pipeline->shared->listen,
	                                .listen_count = pipeline->shared->listen_count,
	                                .name = &snapshot->designated,
	                                .asked = query->local};
	if (finish->local.kind != LOCAL_DISCOVERY)
		return;
	if (!designated.asked.family && query->listener)
		designated.asked = query->listener->addr;
	if (snapshot->designates)
		finish->designated_bytes = designated_records(&designated, query->pipeline->designated);
	if (!finish->designated_bytes)
		finish->local.kind = LOCAL_HATCH;
}

/* What all stages need, of the snapshot of this moment; `note` is that of who asks, or NULL. Under rcu_read_lock, and so is all until
 * `run` has returned. */
static void begin(struct query *query, const struct snapshot *snapshot, struct client_note *note)
{
	query->snapshot = snapshot;
	identify(query, snapshot, note);
	search_prepare(query);
	memo_prepare(query->pipeline->memo, query);
}

/* First call: source is not SOURCE_UPSTREAM; after a wait it is. */
static void run(struct query *query)
{
	struct pipeline *pipeline = query->pipeline;
	const struct snapshot *snapshot = query->snapshot;
	adopt(pipeline, snapshot);

	/* Who has not waited is of the batch that has just come, and so is its time. */
	bool of_batch = !query->waits && !query->explained;
	struct finish finish = {.snapshot = snapshot,
	                        .now =
	                            of_batch ? query->arrived : pipeline->clock(pipeline->clock_data)};
	if (dns_type_is_meta(query->dns.type)) {
		finish.rcode = query->dns.type == DNS_TYPE_ANY ? DNS_RCODE_NOERROR : DNS_RCODE_REFUSED;
		finish_query(query, &finish);
		return;
	}
	struct policy_question question = {query->device.tags,     &query->dns.name,
	                                   query->dns.type,        &finish.lists,
	                                   query->arrived.wall_us, is_paused(pipeline, query)};
	struct list_asked asked = listed_asked(query);
	bool ended = memo_decide_names(query, &question, &asked, &finish);
	if (ended && finish.verdict.action == ACTION_SINKHOLE) {
		query->source = SOURCE_POLICY;
		finish_verdict(query, &finish);
		return;
	}
	switch (search_answer(query, ended, &finish)) {
	case SEARCH_WAITS: return;
	case SEARCH_FAILED:
		finish.rcode = DNS_RCODE_SERVFAIL;
		finish_query(query, &finish);
		return;
	case SEARCH_FOUND: break;
	}
	if (!finish.entry) {
		designate(query, &finish);
		if (finish.local.kind == LOCAL_HATCH)
			finish.verdict = (struct verdict){.action = ACTION_SINKHOLE,
			                                  .stage = STAGE_NAMES,
			                                  .reply = finish.local.reply};
		finish_query(query, &finish);
		return;
	}
	finish.home = geo_home_of(snapshot->geo, question.tags);
	if (!facts_take(pipeline, &finish)) {
		finish.entry = NULL;
		finish.rcode = DNS_RCODE_SERVFAIL;
		finish_query(query, &finish);
		return;
	}
	if (!ended)
		decide_answer(pipeline, &question, &asked, &finish);
	check_rebinding(query, &finish);
	if (query->source == SOURCE_CACHE && in_last_tenth(finish.entry, finish.now) &&
	    !query->explained && finish.verdict.action != ACTION_SINKHOLE &&
	    snapshot->config->cache.prefetch && depart_may_renew(pipeline, finish.entry, finish.now))
		finish_and_renew(query, &finish);
	else
		finish_verdict(query, &finish);
}
