/* The one end of every query, see finish.h. */
#include "pipeline/finish.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/counter.h"
#include "base/glob.h"
#include "dns/reply.h"
#include "pipeline/designated.h"
#include "pipeline/facts.h"
#include "pipeline/listed.h"
#include "pipeline/memo.h"
#include "pipeline/sentence.h"
#include "pipeline/wire.h"

#define HELD_MAX_US 1900000 /* behind UPSTREAM_LATE_MS, so that what is stale still goes out */

void finish_release(struct query *query)
{
	struct pipeline *pipeline = query->pipeline;
	while (query->landed_count)
		cache_entry_unref(query->landed[--query->landed_count]);
	if (query->packet_kept || query->trips)
		wire_release(query);
	if (query->waiting)
		limiter_waited(pipeline->loans, query->waiting);
	query->next = pipeline->pool;
	pipeline->pool = query;
}

/* ---- the reply --------------------------------------------------------------------------- */

struct reply_options finish_options(const struct query *query)
{
	return (struct reply_options){.udp = query->protocol == PROTOCOL_UDP,
	                              .padded = protocol_is_encrypted(query->protocol),
	                              .ede = DNS_EDE_NONE};
}

static size_t sinkhole_reply(struct query *query, const struct rule_reply *reply,
                             const struct reply_options *options, unsigned *rcode)
{
	struct addr null = {.family = query->dns.type == DNS_TYPE_A ? 4 : 6};
	const struct addr *addresses = NULL;
	size_t count = 0;
	*rcode = DNS_RCODE_NOERROR;
	struct reply_records records = {.bytes = reply->records, .length = reply->record_bytes};
	switch (reply->kind) {
	case REPLY_LIST:
	case REPLY_NULL:
		addresses = &null;
		count = query->dns.type == DNS_TYPE_A || query->dns.type == DNS_TYPE_AAAA;
		break;
	case REPLY_ADDRESSES:
		addresses = reply->addresses;
		count = reply->address_count;
		break;
	case REPLY_NXDOMAIN: *rcode = DNS_RCODE_NXDOMAIN; break;
	case REPLY_REFUSED: *rcode = DNS_RCODE_REFUSED; break;
	case REPLY_NODATA: break;
	case REPLY_STRIP: /* of a negative answer nothing is left */ break;
	case REPLY_DROP: return 0;
	case REPLY_TRUNCATED: return reply_truncated(query->pipeline->out, &query->dns, options);
	case REPLY_RECORDS:
		return reply_from_records(query->pipeline->out, &query->dns, &records, options);
	}
	return reply_synthesize(query->pipeline->out, &query->dns, *rcode, addresses, count, options);
}

static uint32_t reply_age_s(const struct query *query, const struct finish *finish)
{
	return query->source == SOURCE_STALE ? REPLY_AGE_STALE
	                                     : cache_entry_age_s(finish->entry, finish->now);
}

static size_t failure_reply(struct query *query, const struct finish *finish)
{
	struct reply_options options = finish_options(query);
	if (finish->rcode == DNS_RCODE_SERVFAIL && query->outcome == FLIGHT_TIMED_OUT) {
		options.ede = DNS_EDE_NO_REACHABLE_AUTHORITY;
		options.ede_text = "no upstream answered in time";
	} else if (finish->rcode == DNS_RCODE_SERVFAIL && query->outcome == FLIGHT_NETWORK_ERROR) {
		options.ede = DNS_EDE_NETWORK_ERROR;
		options.ede_text = "no upstream could be reached";
	} else if (finish->rcode == DNS_RCODE_SERVFAIL && query->outcome == FLIGHT_CROWDED) {
		options.ede = DNS_EDE_OTHER;
		options.ede_text = "too many queries of this client wait (rate-limit.waiting)";
	}
	return reply_error(query->pipeline->out, &query->dns, finish->rcode, &options);
}

/* The answer without the addresses that the rule is about; NODATA when none is left. */
static size_t stripped_reply(struct query *query, const struct finish *finish,
                             const struct reply_options *options, unsigned *rcode)
{
	struct pipeline *pipeline = query->pipeline;
	const struct answer *answer = facts_answer(pipeline, finish);
	const struct policy *policy = finish->snapshot->policy;
	unsigned rule = finish->verdict.rule;
	const struct answer_facts *facts = rule ? facts_whole(pipeline, finish) : NULL;
	struct strip_set gone;
	strip_set_clear(&gone);
	for (size_t i = 0; i < answer->address_count; i++)
		if ((rule && policy_takes_address(policy, rule, &facts->addresses[i])) ||
		    (finish->private_count && rebinding_is_private(&answer->addresses[i])))
			strip_set_add(&gone, i);
	*rcode = answer->rcode;
	if (!answer_strip(answer, &gone, &pipeline->stripped))
		return reply_synthesize(pipeline->out, &query->dns, *rcode, NULL, 0, options);
	return reply_from_answer(pipeline->out, &query->dns, &pipeline->stripped.answer,
	                         reply_age_s(query, finish), options);
}

static size_t local_reply(struct query *query, const struct finish *finish,
                          const struct reply_options *options, unsigned *rcode)
{
	const struct local_hit *hit = &finish->local;
	const struct reply_records designated = {.bytes = query->pipeline->designated,
	                                         .length = finish->designated_bytes,
	                                         .ttl_s = DESIGNATED_TTL};
	static const struct addr loopback[] = {{4, {127, 0, 0, 1}}, {6, {[15] = 1}}};
	uint8_t *out = query->pipeline->out;
	*rcode = hit->kind == LOCAL_ZONE ? hit->rcode : DNS_RCODE_NOERROR;
	if (hit->kind == LOCAL_ANSWER)
		return reply_from_answer(out, &query->dns, hit->answer, 0, options);
	if (hit->kind == LOCAL_DISCOVERY)
		return reply_from_records(out, &query->dns, &designated, options);
	if (hit->kind == LOCAL_LOOPBACK)
		return reply_synthesize(out, &query->dns, *rcode, loopback, PF_COUNT(loopback), options);
	return reply_from_zone(out, &query->dns, *rcode, hit->zone, options);
}

const struct rule_reply *finish_reply(const struct query *query, const struct finish *finish)
{
	const struct verdict *verdict = &finish->verdict;
	const struct lists *lists = finish->snapshot->lists;
	struct list_found *found = &query->pipeline->found;
	if (verdict->reply->kind != REPLY_LIST || !lists_have_replies(lists, verdict->list) ||
	    !listed_find(finish->snapshot, query, verdict, facts_answer(query->pipeline, finish),
	                 found) ||
	    !found->reply)
		return verdict->reply;
	return found->reply;
}

/* Builds the reply in the pipeline's buffer; 0 is `drop`. */
static size_t build_reply(struct query *query, const struct finish *finish, const char *reason,
                          unsigned *rcode)
{
	struct reply_options options = finish_options(query);
	if (finish->verdict.action == ACTION_SINKHOLE) {
		options.ede = DNS_EDE_BLOCKED;
		options.ede_text = reason;
		if (finish->verdict.reply->kind == REPLY_STRIP && finish->entry)
			return stripped_reply(query, finish, &options, rcode);
		if (finish->target) {
			*rcode = finish->target->rcode;
			return reply_from_answer(query->pipeline->out, &query->dns, finish->target, 0,
			                         &options);
		}
		const struct rule_reply *reply =
			finish->reply ? finish->reply : finish_reply(query, finish);
		return sinkhole_reply(query, reply, &options, rcode);
	}
	if (finish->local.kind != LOCAL_ELSEWHERE) {
		options.ede = DNS_EDE_SYNTHESIZED;
		options.ede_text = reason;
	}
	if (query->dns.type == DNS_TYPE_ANY && finish->rcode == DNS_RCODE_NOERROR) {
		*rcode = finish->rcode;
		return reply_any(query->pipeline->out, &query->dns, &options);
	}
	if (finish->entry) {
		*rcode = finish->answer->rcode;
		if (query->source == SOURCE_STALE) {
			options.ede = *rcode == DNS_RCODE_NXDOMAIN ? DNS_EDE_STALE_NXDOMAIN : DNS_EDE_STALE;
			options.ede_text = "the upstreams do not answer: this was right a while ago";
		} else if (finish->answer->ede != DNS_EDE_NONE) {
			options.ede = finish->answer->ede;
			options.ede_text = dns_ede_words(options.ede);
		}
		return reply_from_answer(query->pipeline->out, &query->dns, finish->answer,
		                         reply_age_s(query, finish), &options);
	}
	if (finish->local.kind != LOCAL_ELSEWHERE && finish->rcode == DNS_RCODE_NOERROR)
		return local_reply(query, finish, &options, rcode);
	*rcode = finish->rcode;
	return failure_reply(query, finish);
}

/* A text whose length is known. */
struct said {
	const char *text;
	size_t length;
};

/* ---- the record -------------------------------------------------------------------------- */

static void fill_address(struct record_address *to, const struct geo *geo,
                         const struct address_facts *from)
{
	to->address = from->address;
	to->standing = from->standing;
	to->confidence = from->confidence;
	to->special = from->special;
	to->anycast = from->anycast;
	to->location = from->location;
	to->control = from->control;
	to->asn = from->asn;
	snprintf(to->organisation, sizeof to->organisation, "%s",
	         from->asn ? geo_organisation(geo, from->asn) : "");
	sentence_evidence(to->evidence, geo, from);
}

/* Puts the record into the ring with the answer's content, which the journal does not have yet. */
static int put_with_answer(struct pipeline *pipeline, struct record *record,
                           const struct finish *finish)
{
	const struct answer *answer = facts_answer(pipeline, finish);
	const struct answer_facts *facts = facts_whole(pipeline, finish);
	struct record_address *addresses = calloc(facts->address_count + 1u, sizeof *addresses);
	if (!addresses)
		return PF_ENOMEM;
	for (size_t i = 0; i < facts->address_count; i++)
		fill_address(&addresses[i], finish->snapshot->geo, &facts->addresses[i]);
	struct record_answer content = {
		.standing = facts->standing,
		.confidence = facts->confidence,
		.overseas_count = facts->overseas_count,
		.judged_count = facts->judged_count,
		.hop_count = answer->hop_count,
		.address_count = facts->address_count,
		.hops = answer->hops,
		.addresses = addresses,
	};
	record->answer = &content;
	int error = journal_put(pipeline->shared->journal, pipeline->index, record);
	record->answer = NULL;
	free(addresses);
	return error;
}

/* When the reply is ready. Those of one batch leave the house together, and share what the first of them has read from the clock. */
static int64_t ready_us(struct pipeline *pipeline)
{
	if (pipeline->batch_us > 0)
		return pipeline->batch_us;
	int64_t now_us = pipeline->clock(pipeline->clock_data).mono_us;
	if (!pipeline->batch_us)
		pipeline->batch_us = now_us;
	return now_us;
}

static struct said say_why(struct query *query, const struct finish *finish,
                           char room[SENTENCE_MAX]);

/* The record of whom it may only be known by a pseudonym. Some sentences say who has asked: then it is said once more. The query ends
 * here, and needs the name no more. */
static void hide(struct query *query, const struct finish *finish, struct record *record,
                 struct privacy_mask *mask, char room[SENTENCE_MAX])
{
	privacy_hide(&query->pipeline->shared->privacy_key, record, mask);
	if (!finish->verdict.rule || finish->verdict.match != MATCH_ALWAYS)
		return;
	strcpy(query->device.name, mask->name);
	struct said reason = say_why(query, finish, room);
	record->reason = reason.text;
	record->reason_length = (uint16_t)reason.length;
}

static void journal_query(struct query *query, const struct finish *finish,
                          const struct said *reason, unsigned rcode, size_t length)
{
	struct pipeline *pipeline = query->pipeline;
	if (!pipeline->shared->journal)
		return;
	struct policy_rule_info rule = {.name = ""};
	if (finish->verdict.rule)
		policy_rule_info(finish->snapshot->policy, finish->verdict.rule, &rule);
	struct record record = {
		.time_wall_us = query->arrived.wall_us,
		.took_us = (uint32_t)(ready_us(pipeline) - query->arrived.mono_us),
		.client = query->client.addr,
		.device_id = query->device.id,
		.device_name = query->device.name,
		.name = &query->dns.name,
		.type = query->dns.type,
		.rcode = (uint8_t)rcode,
		.dropped_reply = length == 0,
		.action = finish->verdict.action,
		.source = (uint8_t)query->source,
		.protocol = (uint8_t)query->protocol,
		.dnssec = finish->answer ? finish->answer->dnssec : DNSSEC_NONE,
		.rule = finish->verdict.rule,
		.rule_name = rule.name,
		.rule_name_length = (uint16_t)rule.name_length,
		.reason = reason->text,
		.reason_length = (uint16_t)reason->length,
		.upstream =
			finish->entry ? cache_entry_upstream(pipeline->shared->cache, finish->entry) : "",
		.standing = finish->facts.standing,
		.confidence = finish->facts.confidence,
		.answer_id = finish->facts.journal_id,
	};
	int error;
	struct privacy_mask mask;
	record.privacy = (uint8_t)config_privacy(finish->snapshot->config, query->device.tags);
	char hidden[SENTENCE_MAX];
	if (record.privacy == PRIVACY_PSEUDONYM)
		hide(query, finish, &record, &mask, hidden);
	/* Of who is to be hidden no message is handed on: it may hold who asks. */
	struct wire wire;
	if (record.privacy == PRIVACY_FULL && wire_wanted(pipeline))
		record.wire = wire_fill(&wire, query, finish, length);
	if (record.answer_id && !cache_entry_is_journalled(finish->entry, finish->home)) {
		error = put_with_answer(pipeline, &record, finish);
		if (error == PF_OK)
			cache_entry_set_journalled(finish->entry, finish->home);
	} else {
		error = journal_put(pipeline->shared->journal, pipeline->index, &record);
	}
	if (error != PF_OK)
		counter_add(&pipeline->counters.journal_dropped, 1);
}

/* ---- the end ----------------------------------------------------------------------------- */

static void count(struct query *query, const struct finish *finish, bool dropped_reply)
{
	struct pipeline_counters *counters = &query->pipeline->counters;
	counter_add(&counters->answered, 1);
	counter_add(&counters->actions[finish->verdict.action], 1);
	counter_add(&counters->sources[query->source], 1);
	if (dropped_reply)
		counter_add(&counters->drop_replies, 1);
	if (finish->verdict.rule)
		counter_add(&counters->rules[finish->verdict.rule], 1);
	if (finish->verdict.rule && match_is_of_list(finish->verdict.match))
		counter_add(&counters->lists[finish->verdict.list], 1);
}

/* Tag rules want to hear who asks what. Behind the reply, and only for devices that do not have the tag yet. */
static void note_asked(const struct query *query, const struct config *config)
{
	struct sightings *sightings = query->pipeline->shared->sightings;
	if (!sightings || !config->tag_rule_count)
		return;
	char name[NAME_TEXT_MAX];
	name[0] = '\0'; /* and not all of it: it is on every query's way */
	for (size_t i = 0; i < config->tag_rule_count; i++) {
		const struct config_tag_rule *rule = &config->tag_rules[i];
		if (!rule->asks || query->device.tags & tag_bit(rule->tag))
			continue;
		if (!name[0])
			dns_name_to_text(&query->dns.name, name);
		if (glob_matches(rule->asks, name))
			sightings_put_asked(sightings, query->device.id, (int)i, query->arrived.wall_us);
	}
}

/* Whoever makes us wait could collect many answers, and let them fall on somebody's address all at once (DNSBomb): what was
 * held for longer than any client should wait is not sent, and stands in the cache for who asks again. TCP and cookies have no
 * made-up addresses. */
static bool held_too_long(const struct query *query, const struct finish *finish)
{
	return query->waits && !query->proven && !query->explained &&
	       finish->now.mono_us - query->arrived.mono_us > HELD_MAX_US &&
	       !limiter_exempts(&finish->snapshot->config->rate_limit, &query->client.addr);
}

/* A verdict on the name alone follows from what the note of the name follows from, and so does what is said of it: most that is
 * sinkholed is asked for again and again. */
static struct said say_verdict(struct query *query, const struct finish *finish,
                               char room[SENTENCE_MAX])
{
	const struct verdict *verdict = &finish->verdict;
	struct memo *memo = query->pipeline->memo;
	bool noted = finish->note && verdict->stage == STAGE_NAMES && !query->explained &&
	             (verdict->match == MATCH_NAME || verdict->match == MATCH_LIST);
	struct said said = {room, 0};
	const char *kept = noted ? memo_sentence(memo, finish->note, &said.length) : NULL;
	if (kept)
		return (struct said){kept, said.length};
	said.length =
		sentence_write(room, finish->snapshot, query, verdict, &finish->sole,
	                   facts_answer(query->pipeline, finish), facts_whole(query->pipeline, finish));
	if (noted)
		memo_keep_sentence(memo, finish->note, room, said.length);
	return said;
}

/* Does anybody read the sentence? It goes into the record, into the EDE of who has sent an OPT, and to who asks for an explanation. */
static bool is_read(const struct query *query)
{
	return query->pipeline->shared->journal || query->dns.edns.present || query->explained;
}

/* The sentence: in `room`, or kept elsewhere for the length of this query. Empty when nobody reads it. */
static struct said say_why(struct query *query, const struct finish *finish,
                           char room[SENTENCE_MAX])
{
	bool of_the_house = finish->local.kind != LOCAL_ELSEWHERE || finish->private_count;
	struct said reason = {room, 0};
	room[0] = '\0'; /* and not all of it: it is on every query's way */
	if (!is_read(query))
		return reason;
	if (finish->verdict.rule || (query->explained && !of_the_house))
		reason = say_verdict(query, finish, room);
	if (of_the_house) {
		if (reason.text != room)
			strcpy(room, reason.text); /* what is kept is shorter than any sentence may be */
		sentence_add_house(room, query, finish);
		return (struct said){room, strlen(room)};
	}
	if (finish->rcode == DNS_RCODE_REFUSED)
		reason.text = "refused: transfers are not answered";
	else if (query->dns.type == DNS_TYPE_ANY)
		reason.text = "ANY is answered with as little as can be (RFC 8482)";
	else
		return reason;
	reason.length = strlen(reason.text);
	return reason;
}

void finish_query(struct query *query, const struct finish *finish)
{
	struct pipeline *pipeline = query->pipeline;
	char room[SENTENCE_MAX];
	unsigned rcode = finish->rcode;
	struct said reason = say_why(query, finish, room);
	size_t length = build_reply(query, finish, reason.text, &rcode);
	if (held_too_long(query, finish))
		length = 0;
	if (query->explained) {
		struct cache_entry *landed[PF_COUNT(query->landed)];
		size_t landed_count = query->landed_count;
		memcpy(landed, query->landed, sizeof landed);
		query->landed_count = 0;
		query->explained(query, &(struct explanation){
									.snapshot = finish->snapshot,
									.scratch = pipeline->scratch,
									.verdict = &finish->verdict,
									.lists = &finish->lists,
									.hop_lists = finish->hop_lists,
									.answer_lists = &finish->answer_lists,
									.entry = finish->entry,
									.answer = facts_answer(pipeline, finish),
									.facts = facts_whole(pipeline, finish),
									.reason = reason.text,
									.rcode = rcode,
								});
		while (landed_count)
			cache_entry_unref(landed[--landed_count]);
		return;
	}
	bool dropped_reply = length == 0;
	/* The record first: whoever has an answer finds it in the journal, even if we are killed now. */
	journal_query(query, finish, &reason, rcode, length);
	query->reply(query, pipeline->out, length);
	count(query, finish, dropped_reply);
	note_asked(query, finish->snapshot->config);
	finish_release(query);
}
