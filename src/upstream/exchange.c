/* One question on its way: attempts over UDP to the best servers in turn, each on a socket of its own
 * that stays open while the next one is tried, so that a late answer still counts; TCP when needed. It
 * ends with the first good answer, or when the time or the servers are used up. */
#include "upstream/exchange.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/counter.h"
#include "base/hash.h"

#define PACKETS_PER_WAKE_MAX 32 /* junk must not keep the loop from others */
#define WRONG_IDS_MAX 3      /* then somebody is guessing: ask over TCP, where ids do not matter */
#define TIMEOUT_FIRST_MS 400 /* until the next server is asked as well */
#define TIMEOUT_LONGEST_MS 1600
#define TCP_TIMEOUT_MS 2000
#define PROBE_MS 800       /* a server that takes longer is as good as silent */
#define ROUND_PAUSE_MS 200 /* between rounds over servers that refuse */

static void next_attempt(struct exchange *exchange);
static void try_another(struct exchange *exchange);
static void wait_ms(struct exchange *exchange, uint64_t ms);

/* ---- ending ------------------------------------------------------------------------------ */

static void keep_or_free(struct exchange *exchange)
{
	struct upstream *upstream = exchange->upstream;
	if (upstream->closing || upstream->spare_count == EXCHANGES_SPARE_MAX) {
		free(exchange);
		return;
	}
	exchange->next = upstream->spare;
	upstream->spare = exchange;
	upstream->spare_count++;
}

void exchange_free_spare(struct upstream *upstream)
{
	while (upstream->spare) {
		struct exchange *exchange = upstream->spare;
		upstream->spare = exchange->next;
		free(exchange);
	}
}

void exchange_tcp_closed(struct exchange *exchange)
{
	exchange->tcp_closing = false;
	if (exchange->finished)
		keep_or_free(exchange);
}

void attempt_leaves(struct attempt *attempt)
{
	struct server *server = upstream_server(attempt->exchange, &attempt->peer);
	if (server && server->waiting) /* after a reload it may be another one */
		server->waiting--;
}

static bool is_open(const struct attempt *attempt)
{
	return attempt->port || attempt->request;
}

static void close_attempt(struct attempt *attempt)
{
	if (attempt->request) {
		secure_attempt_forget(attempt);
	} else if (attempt->port) {
		port_give_back(&attempt->port);
		attempt_leaves(attempt);
	}
}

/* It has had its time: what is said of it is said once for each packet. */
static void judge_silence(struct exchange *exchange, struct attempt *attempt)
{
	struct server *server = upstream_server(exchange, &attempt->peer);
	if (attempt->judged || !server)
		return;
	attempt->judged = true;
	if (attempt->request)
		pool_doubt(attempt->request);
	guard_silent(&server->guard, &attempt->mark);
	health_failed(&server->health, uv_now(exchange->upstream->loop));
	counter_add(&server->stats.timeouts, 1);
	counter_set(&server->stats.loss, server->health.loss);
}

/* Another one has answered: who was late is told apart from who was not given the time. */
static void judge_late(struct exchange *exchange)
{
	uint64_t now_us = 0; /* mostly there is nobody, and the clock is not looked at */
	for (size_t i = 0; i < exchange->attempt_count; i++) {
		struct attempt *attempt = &exchange->attempts[i];
		const struct server *server =
			is_open(attempt) ? upstream_server(exchange, &attempt->peer) : NULL;
		if (server && !now_us)
			now_us = uv_hrtime() / 1000;
		if (server && now_us - attempt->sent_us >= health_patience_ms(&server->health) * 1000)
			judge_silence(exchange, attempt);
	}
}

static void finish(struct exchange *exchange, enum forward_status status, const struct peer *peer,
                   struct answer *answer)
{
	judge_late(exchange);
	const struct server *server = peer ? upstream_server(exchange, peer) : NULL;
	char text[UPSTREAM_TEXT_MAX];
	text[0] = '\0';
	if (server)
		memcpy(text, server->text, sizeof text);
	else if (peer)
		addr_port_format(&peer->address, text);
	for (size_t i = 0; i < exchange->attempt_count; i++)
		close_attempt(&exchange->attempts[i]);
	tcp_try_close(exchange);
	wheel_stop(&exchange->timer);
	if (exchange->refusal != answer)
		answer_free(&exchange->refusal);
	exchange->finished = true;
	exchange->upstream->exchange_count--;
	struct forward_trip *trips = exchange->trips;
	forward_done done = exchange->done;
	void *data = exchange->data;
	exchange->trips = NULL;
	if (!exchange->tcp_closing)
		keep_or_free(exchange);
	done(data, &(struct forward_result){status, answer, text, trips});
}

static void give_up(struct exchange *exchange)
{
	if (exchange->refusal)
		finish(exchange, FORWARD_ANSWERED, &exchange->refusal_peer, exchange->refusal);
	else
		finish(exchange, exchange->timed_out ? FORWARD_TIMED_OUT : FORWARD_NETWORK_ERROR, NULL,
		       NULL);
}

static bool anything_open(const struct exchange *exchange)
{
	if (exchange->tcp)
		return true;
	for (size_t i = 0; i < exchange->attempt_count; i++)
		if (is_open(&exchange->attempts[i]))
			return true;
	return false;
}

/* ---- what comes back --------------------------------------------------------------------- */

const uint16_t upstream_latency_ms[UPSTREAM_LATENCY_COUNT] = {1,   2,   5,   10,   20,   50,
                                                              100, 200, 500, 1000, 2000, 5000};

void exchange_measure(struct exchange *exchange, const struct peer *peer, uint64_t sent_us)
{
	struct server *server = upstream_server(exchange, peer);
	uint64_t took_us = uv_hrtime() / 1000 - sent_us;
	size_t slot = 0;
	if (!server)
		return;
	while (slot < UPSTREAM_LATENCY_COUNT && took_us > upstream_latency_ms[slot] * UINT64_C(1000))
		slot++;
	counter_add(&server->stats.answers, 1);
	counter_add(&server->stats.latency[slot], 1);
	counter_add(&server->stats.latency_sum_us, took_us);
	health_answered(&server->health, took_us, uv_now(exchange->upstream->loop));
	counter_set(&server->stats.rtt_us, server->health.rtt_us);
	counter_set(&server->stats.loss, server->health.loss);
}

/* Servers of this exchange that no packet has gone to yet. */
static bool others_left(const struct exchange *exchange)
{
	return exchange->attempt_count < exchange->order_count &&
	       exchange->attempt_count < UPSTREAM_ATTEMPTS_MAX;
}

void exchange_received(struct exchange *exchange, const struct peer *peer, struct answer *answer)
{
	bool usable = answer->rcode == DNS_RCODE_NOERROR || answer->rcode == DNS_RCODE_NXDOMAIN;
	if (usable) {
		finish(exchange, FORWARD_ANSWERED, peer, answer);
		return;
	}
	/* It will not say; another server may. */
	answer_free(&exchange->refusal);
	exchange->refusal = answer;
	exchange->refusal_peer = *peer;
	if (others_left(exchange))
		next_attempt(exchange);
	else if (!anything_open(exchange))
		give_up(exchange);
}

void exchange_failed(struct exchange *exchange, const struct peer *peer)
{
	struct server *server = upstream_server(exchange, peer);
	if (server)
		health_failed(&server->health, uv_now(exchange->upstream->loop));
	if (!anything_open(exchange))
		try_another(exchange);
}

static void ask_over_tcp(struct exchange *exchange, struct attempt *attempt)
{
	struct peer peer = attempt->peer;
	int error = tcp_try_start(exchange, &peer);
	if (error == PF_ECONFLICT)
		return; /* it is under way, or has failed: the timer decides */
	close_attempt(attempt);
	exchange->hedging = false;
	if (error != PF_OK)
		exchange_failed(exchange, &peer);
	else
		wait_ms(exchange, TCP_TIMEOUT_MS);
}

static enum guard_verdict check_guard(struct exchange *exchange, struct attempt *attempt,
                                      size_t length)
{
	struct server *server = upstream_server(exchange, &attempt->peer);
	if (!server)
		return GUARD_GOOD;
	enum guard_verdict verdict =
		guard_check(&server->guard, &attempt->mark, exchange->upstream->packet, length,
	                &exchange->query, server->text);
	counter_set(&server->stats.loses_case, server->guard.case_off);
	return verdict;
}

/* One packet from the address and port that was asked. True when the attempt is over. */
static bool take_packet(struct attempt *attempt, size_t length)
{
	struct exchange *exchange = attempt->exchange;
	struct upstream *upstream = exchange->upstream;
	struct server *server = upstream_server(exchange, &attempt->peer);
	struct answer *answer = NULL;
	switch (answer_match(upstream->packet, length, &exchange->query, attempt->id)) {
	case ANSWER_MATCHES:
		switch (check_guard(exchange, attempt, length)) {
		case GUARD_GOOD: break;
		case GUARD_JUNK: counter_add(&server->stats.junk, 1); return false;
		case GUARD_DOUBTFUL:
			counter_add(&server->stats.junk, 1);
			ask_over_tcp(exchange, attempt);
			return true;
		}
		if (exchange_read(exchange, &attempt->peer, upstream->packet, length, &answer) != PF_OK)
			break;
		exchange_measure(exchange, &attempt->peer, attempt->sent_us);
		if (attempt->trip)
			forward_trip_arrived(attempt->trip, upstream->packet, length);
		struct peer peer = attempt->peer;
		close_attempt(attempt);
		exchange_received(exchange, &peer, answer);
		return true;
	case ANSWER_TRUNCATED:
		exchange_measure(exchange, &attempt->peer, attempt->sent_us);
		if (attempt->trip)
			forward_trip_arrived(attempt->trip, upstream->packet, length);
		ask_over_tcp(exchange, attempt);
		return true;
	case ANSWER_WRONG_ID:
		if (++attempt->wrong_id_count < WRONG_IDS_MAX)
			break;
		if (server)
			counter_add(&server->stats.junk, 1);
		ask_over_tcp(exchange, attempt);
		return true;
	case ANSWER_JUNK: break;
	}
	if (server)
		counter_add(&server->stats.junk, 1);
	return false;
}

void exchange_readable(void *user, bool broken)
{
	struct attempt *attempt = user;
	struct exchange *exchange = attempt->exchange;
	int error = 0;
	for (int i = 0; i < PACKETS_PER_WAKE_MAX && !error; i++) {
		ssize_t length = recv(attempt->port->fd, exchange->upstream->packet,
		                      sizeof exchange->upstream->packet, 0);
		if (length < 0)
			error = errno;
		else if (take_packet(attempt, (size_t)length))
			return;
	}
	if (!error || error == EINTR || (error == EAGAIN && !broken))
		return;
	/* ECONNREFUSED and the like: nobody is there. */
	struct peer peer = attempt->peer;
	close_attempt(attempt);
	exchange_failed(exchange, &peer);
}

/* ---- going out --------------------------------------------------------------------------- */

static void trace(struct exchange *exchange, struct attempt *attempt, const uint8_t *query,
                  size_t length)
{
	attempt->trip = forward_trip_add(&exchange->trips, &attempt->peer.address, query, length);
	if (attempt->trip) {
		attempt->trip->port = attempt->port->ours.port;
		attempt->trip->protocol = PROTOCOL_UDP;
	}
}

/* Opens the socket and sends the question. False when this server can not be reached at all. */
static bool start_attempt(struct exchange *exchange, struct attempt *attempt)
{
	struct upstream *upstream = exchange->upstream;
	uint8_t out[QUERY_UPSTREAM_MAX];
	if (attempt->peer.secure)
		return secure_attempt_start(attempt);
	attempt->port = port_take(&upstream->ports, &attempt->peer.address, attempt);
	if (!attempt->port)
		return false;
	random_pool_take(&upstream->random, &attempt->id, sizeof attempt->id);
	struct server *server = upstream_server(exchange, &attempt->peer);
	size_t length =
		guard_write(server ? &server->guard : NULL, &attempt->mark, &attempt->port->ours.addr,
	                server ? &server->stats.target.subnet : NULL, upstream->base.random_case,
	                &upstream->random, &exchange->query, attempt->id, out);
	attempt->sent_us = uv_hrtime() / 1000;
	if (send(attempt->port->fd, out, length, 0) != (ssize_t)length) {
		port_give_back(&attempt->port);
		return false;
	}
	if (upstream->base.traced)
		trace(exchange, attempt, out, length);
	if (server)
		server->waiting++;
	return true;
}

static uint64_t timeout_ms(const struct exchange *exchange)
{
	size_t round = (exchange->attempt_count - 1) / exchange->order_count;
	uint64_t timeout = (uint64_t)TIMEOUT_FIRST_MS << (round < 4 ? round : 4);
	return timeout < TIMEOUT_LONGEST_MS ? timeout : TIMEOUT_LONGEST_MS;
}

/* How long the first server may take before the next is asked as well. */
static uint64_t patience_ms(struct exchange *exchange)
{
	const struct server *server = upstream_server(exchange, &exchange->attempts[0].peer);
	return server ? health_patience_ms(&server->health) : TIMEOUT_FIRST_MS;
}

static void set_timer(struct exchange *exchange)
{
	uint64_t rings_ms = exchange->due_ms;
	if (exchange->late_ms && exchange->late_ms < rings_ms)
		rings_ms = exchange->late_ms;
	wheel_start(&exchange->upstream->timers, &exchange->timer, rings_ms);
}

static void wait_ms(struct exchange *exchange, uint64_t ms)
{
	uint64_t now_ms = uv_now(exchange->upstream->loop);
	exchange->due_ms = now_ms + ms < exchange->deadline_ms ? now_ms + ms : exchange->deadline_ms;
	set_timer(exchange);
}

/* Tells those who wait that it takes long. True: that was all that the timer rang for. */
static bool tell_late(struct exchange *exchange)
{
	uint64_t now_ms = uv_now(exchange->upstream->loop);
	if (exchange->late_ms && now_ms >= exchange->late_ms) {
		exchange->late_ms = 0;
		exchange->upstream->base.late(exchange->data);
	}
	if (now_ms >= exchange->due_ms)
		return false;
	set_timer(exchange);
	return true;
}

/* The first server is late: the next is asked as well, and whoever comes first has answered. Without credit the wait
 * goes on to its end. */
static void hedge(struct exchange *exchange)
{
	struct upstream *upstream = exchange->upstream;
	exchange->hedging = false;
	if (upstream->hedge_credit < HEDGE_COST) {
		wait_ms(exchange, TIMEOUT_FIRST_MS - patience_ms(exchange));
		return;
	}
	upstream->hedge_credit -= HEDGE_COST;
	next_attempt(exchange);
}

void exchange_ring(struct wheel_timer *timer)
{
	struct exchange *exchange =
		(struct exchange *)((char *)timer - offsetof(struct exchange, timer));
	struct attempt *last = &exchange->attempts[exchange->attempt_count - 1];
	if (tell_late(exchange))
		return;
	if (exchange->hedging) {
		hedge(exchange);
		return;
	}
	if (is_open(last) || exchange->tcp) {
		exchange->timed_out = true;
		for (size_t i = 0; i < exchange->attempt_count; i++)
			if (is_open(&exchange->attempts[i]) || &exchange->attempts[i] == last)
				judge_silence(exchange, &exchange->attempts[i]);
	}
	tcp_try_close(exchange);
	if (uv_now(exchange->upstream->loop) >= exchange->deadline_ms)
		give_up(exchange);
	else
		next_attempt(exchange);
}

static void next_attempt(struct exchange *exchange)
{
	if (exchange->attempt_count == UPSTREAM_ATTEMPTS_MAX ||
	    (exchange->probe && exchange->attempt_count)) {
		if (anything_open(exchange))
			wait_ms(exchange, UPSTREAM_DEADLINE_MS); /* until the deadline: late answers count */
		else
			give_up(exchange);
		return;
	}
	struct attempt *attempt = &exchange->attempts[exchange->attempt_count];
	/* Before anything else: what is left here of another question's is a socket that has another user by now. */
	*attempt = (struct attempt){
		.exchange = exchange,
		.peer = exchange->order[exchange->attempt_count % exchange->order_count],
	};
	exchange->attempt_count++;
	struct server *server = upstream_server(exchange, &attempt->peer);
	if (server && server->waiting >= UPSTREAM_WAITING_MAX) {
		try_another(exchange);
		return;
	}
	if (attempt->peer.secure && secure_attempt_waits(exchange, &attempt->peer)) {
		wait_ms(exchange, timeout_ms(exchange)); /* it loses nothing on the way */
		return;
	}
	if (server)
		counter_add(&server->stats.queries, 1);
	if (start_attempt(exchange, attempt)) {
		exchange->hedging = exchange->attempt_count == 1 && others_left(exchange) &&
		                    patience_ms(exchange) < TIMEOUT_FIRST_MS;
		wait_ms(exchange, exchange->hedging ? patience_ms(exchange) : timeout_ms(exchange));
		return;
	}
	if (server)
		health_failed(&server->health, uv_now(exchange->upstream->loop));
	try_another(exchange);
}

/* After a server that could not be reached: the next one at once, but a pause before each new round. */
static void try_another(struct exchange *exchange)
{
	bool round_over = exchange->attempt_count % exchange->order_count == 0;
	wait_ms(exchange, round_over ? ROUND_PAUSE_MS : 0);
}

static struct exchange *spare_or_new(struct upstream *upstream)
{
	struct exchange *exchange = upstream->spare;
	if (exchange) {
		upstream->spare = exchange->next;
		upstream->spare_count--;
		return exchange;
	}
	exchange = malloc(sizeof *exchange);
	if (!exchange)
		return NULL;
	exchange->upstream = upstream;
	exchange->timer = (struct wheel_timer){0};
	return exchange;
}

static struct exchange *begin(struct upstream *upstream, uint64_t group_id,
                              const struct dns_query *query, forward_done done, void *data)
{
	struct exchange *exchange = spare_or_new(upstream);
	if (!exchange)
		return NULL;
	memset(&exchange->group, 0,
	       offsetof(struct exchange, query) - offsetof(struct exchange, group));
	exchange->group = group_id;
	dns_query_copy_asked(&exchange->query, query);
	exchange->done = done;
	exchange->data = data;
	exchange->deadline_ms = uv_now(upstream->loop) + UPSTREAM_DEADLINE_MS;
	upstream->exchange_count++;
	return exchange;
}

static void forget_probe(void *data, const struct forward_result *result)
{
	(void)data;
	struct answer *answer = result->answer;
	struct forward_trip *trips = result->trips;
	answer_free(&answer);
	forward_trips_free(&trips);
}

/* Asks a server that would not be asked the same question, to learn how it does: one that was silent whether it is back, one that
 * is well how fast it is. At most one for each question. */
static void probe(struct upstream *upstream, struct server_group *group, const struct server *first,
                  const struct dns_query *query)
{
	uint64_t now_ms = uv_now(upstream->loop);
	for (size_t i = 0; i < group->server_count; i++) {
		struct server *server = &group->servers[i];
		if (server == first || !server_may_see(upstream, group, server, query) ||
		    !health_probe_is_due(&server->health, now_ms))
			continue;
		struct exchange *exchange = begin(upstream, group->id, query, forget_probe, NULL);
		if (!exchange)
			return;
		exchange->probe = true;
		exchange->deadline_ms = now_ms + PROBE_MS;
		exchange->order[0] = server_peer(server);
		exchange->order_count = 1;
		next_attempt(exchange);
		return;
	}
}

/* Has any of its servers? One that is silent must not collect all that this worker can have under way. */
static bool has_room(const struct server_group *group)
{
	for (size_t i = 0; i < group->server_count; i++)
		if (group->servers[i].waiting < UPSTREAM_WAITING_MAX)
			return true;
	return false;
}

static int start(struct upstream *upstream, uint64_t group_id, const struct dns_query *query,
                 forward_done done, void *data, bool tells_late)
{
	struct server_group *group = upstream_group(upstream, group_id);
	if (upstream->exchange_count >= UPSTREAM_EXCHANGES_MAX || !group || !group->server_count)
		return PF_EFULL;
	if (!has_room(group))
		return PF_EFULL;
	struct exchange *exchange = begin(upstream, group_id, query, done, data);
	if (!exchange)
		return PF_ENOMEM;
	exchange_order(exchange, group);
	if (upstream->hedge_credit < HEDGE_CREDIT_MAX)
		upstream->hedge_credit++;
	if (tells_late)
		exchange->late_ms = uv_now(upstream->loop) + UPSTREAM_LATE_MS;
	const struct server *first = upstream_server(exchange, &exchange->order[0]);
	next_attempt(exchange);
	probe(upstream, group, first, query);
	return PF_OK;
}

int exchange_ask(struct forwarder *forwarder, uint64_t group, const struct dns_query *query,
                 forward_done done, void *data)
{
	return start((struct upstream *)forwarder, group, query, done, data, forwarder->late);
}

int exchange_inquire(struct upstream *upstream, uint64_t group, const struct dns_query *query,
                     forward_done done, void *data)
{
	return start(upstream, group, query, done, data, false);
}
