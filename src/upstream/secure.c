/* Attempts that go to a server within TLS: a request in its pool in place of a socket. */
#include <stdlib.h>

#include "base/counter.h"
#include "upstream/exchange.h"

static void note_trip(struct attempt *attempt, const uint8_t *message, size_t length)
{
	const struct request *request = attempt->request;
	if (!attempt->trip)
		return;
	/* It got its id when it left. */
	memcpy(attempt->trip->query, request->message, request->length);
	attempt->trip->port = request->port;
	attempt->trip->sent_us = (int64_t)request->sent_us;
	attempt->trip->peer = pool_target(request->pool)->address;
	forward_trip_arrived(attempt->trip, message, length);
}

static void on_answered(struct request *request, const uint8_t *message, size_t length)
{
	struct attempt *attempt = request->data;
	struct exchange *exchange = attempt->exchange;
	struct peer peer = attempt->peer;
	struct answer *answer = NULL;
	if (answer_match(message, length, &exchange->query, request->id) != ANSWER_MATCHES ||
	    exchange_read(exchange, &peer, message, length, &answer) != PF_OK) {
		struct server *server = upstream_server(exchange, &peer);
		if (server)
			counter_add(&server->stats.junk, 1);
		secure_attempt_over(attempt);
		exchange_failed(exchange, &peer); /* here it is no stranger's: no better one will come */
		return;
	}
	exchange_measure(exchange, &peer, request->sent_us);
	note_trip(attempt, message, length);
	secure_attempt_over(attempt);
	exchange_received(exchange, &peer, answer);
}

static void on_failed(struct request *request, bool reached)
{
	(void)reached;
	struct attempt *attempt = request->data;
	struct exchange *exchange = attempt->exchange;
	struct peer peer = attempt->peer;
	secure_attempt_over(attempt);
	exchange_failed(exchange, &peer);
}

static const struct request_user user = {on_answered, on_failed};

bool secure_attempt_start(struct attempt *attempt)
{
	struct exchange *exchange = attempt->exchange;
	struct server *server = upstream_server(exchange, &attempt->peer);
	struct request *request = server && server->pool ? malloc(sizeof *request) : NULL;
	if (!request)
		return false;
	*request = (struct request){.user = &user, .data = attempt};
	const struct query_dress dress = {.padded = true, .subnet = &server->stats.target.subnet};
	request->length = dns_query_write(request->message, &exchange->query, 0, &dress);
	if (pool_ask(server->pool, request) != PF_OK) {
		free(request);
		return false;
	}
	attempt->request = request;
	attempt->sent_us = uv_hrtime() / 1000;
	if (exchange->upstream->base.traced)
		attempt->trip = forward_trip_add(&exchange->trips, &attempt->peer.address, request->message,
		                                 request->length);
	if (attempt->trip)
		attempt->trip->protocol = pool_target(server->pool)->protocol;
	server->waiting++;
	return true;
}

void secure_attempt_over(struct attempt *attempt)
{
	free(attempt->request);
	attempt->request = NULL;
	attempt_leaves(attempt);
}

void secure_attempt_forget(struct attempt *attempt)
{
	pool_forget(attempt->request);
	secure_attempt_over(attempt);
}

bool secure_attempt_waits(const struct exchange *exchange, const struct peer *peer)
{
	for (size_t i = 0; i < exchange->attempt_count; i++) {
		const struct attempt *attempt = &exchange->attempts[i];
		if (attempt->request && attempt->peer.key == peer->key && request_is_well(attempt->request))
			return true;
	}
	return false;
}
