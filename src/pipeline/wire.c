/* The messages of wire.h. */
#include "pipeline/wire.h"

#include <stdlib.h>
#include <string.h>

#include "pipeline/facts.h"

void wire_keep_packet(struct query *query)
{
	if (query->packet_kept)
		return;
	bool wanted = query->packet && !query->explained && wire_wanted(query->pipeline) &&
	              query->packet_length <= RECORD_QUERY_MAX;
	if (wanted && (query->packet_kept = malloc(query->packet_length)))
		memcpy(query->packet_kept, query->packet, query->packet_length);
	query->packet = query->packet_kept;
}

void wire_take_trips(struct flight *flight, struct forward_trip *trips)
{
	flight->trips = trips;
}

void wire_give_trips(struct query *waiters, struct forward_trip *trips)
{
	while (waiters && waiters->explained)
		waiters = waiters->next;
	if (!waiters) {
		forward_trips_free(&trips);
		return;
	}
	struct forward_trip **end = &waiters->trips;
	while (*end)
		end = &(*end)->next;
	*end = trips;
}

void wire_release(struct query *query)
{
	free(query->packet_kept);
	query->packet_kept = NULL;
	forward_trips_free(&query->trips);
}

/* ---- filling ----------------------------------------------------------------------------- */

static struct record_message message(const uint8_t *bytes, size_t length)
{
	return (struct record_message){(uint16_t)length, bytes};
}

static void fill_forwards(struct wire *wire, const struct query *query)
{
	int64_t to_wall_us = query->arrived.wall_us - query->arrived.mono_us;
	size_t count = 0;
	for (const struct forward_trip *trip = query->trips; trip && count < RECORD_FORWARD_MAX;
	     trip = trip->next)
		wire->forwards[count++] = (struct record_forward){
			.sent_wall_us = trip->sent_us + to_wall_us,
			.received_wall_us = trip->received_us ? trip->received_us + to_wall_us : 0,
			.peer = trip->peer,
			.port = trip->port,
			.protocol = trip->protocol,
			.query = message(trip->query, trip->query_length),
			.response = message(trip->response, trip->response_length),
		};
	wire->record.forward_count = count;
	wire->record.forwards = wire->forwards;
}

static void match_address(struct record_wire *wire, enum record_match match,
                          const struct addr *address)
{
	wire->match = (uint8_t)match;
	wire->matched = address->bytes;
	wire->matched_length = address->family == 4 ? 4 : address->family == 6 ? 16 : 0;
}

/* What the rule found, as far as other programs have a word for it. */
static void fill_match(struct record_wire *wire, const struct query *query,
                       const struct finish *finish)
{
	const struct verdict *verdict = &finish->verdict;
	if (!verdict->rule)
		return;
	const struct answer *answer = facts_answer(query->pipeline, finish);
	switch ((enum match_kind)verdict->match) {
	case MATCH_ALWAYS: match_address(wire, RECORD_MATCH_CLIENT, &query->client.addr); break;
	case MATCH_NAME:
	case MATCH_LIST: wire->match = RECORD_MATCH_NAME; break; /* the one that was asked for */
	case MATCH_CNAME:
	case MATCH_CNAME_LIST:
		if (answer && verdict->index < answer->hop_count) {
			wire->match = RECORD_MATCH_NAME;
			wire->matched = answer->hops[verdict->index].wire;
			wire->matched_length = answer->hops[verdict->index].length;
		}
		break;
	case MATCH_ADDRESS:
		if (answer && verdict->index < answer->address_count)
			match_address(wire, RECORD_MATCH_ADDRESS, &answer->addresses[verdict->index]);
		break;
	case MATCH_ANSWER_LIST: wire->match = RECORD_MATCH_ADDRESS; break;
	case MATCH_ANSWER: break;
	}
}

const struct record_wire *wire_fill(struct wire *wire, const struct query *query,
                                    const struct finish *finish, size_t length)
{
	wire->record = (struct record_wire){
		.client_port = query->client.port,
		.query = message(query->packet, query->packet ? query->packet_length : 0),
		.response = message(query->pipeline->out, length),
	};
	if (query->listener)
		wire->record.server = *query->listener;
	if (query->local.family)
		wire->record.server.addr = query->local;
	fill_match(&wire->record, query, finish);
	fill_forwards(wire, query);
	return &wire->record;
}
