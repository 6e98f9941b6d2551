/* The connections of pool.h. All that is sent leaves from a timer that rings at once: nobody who asks or forgets is called back from
 * within, and the questions of one turn of the loop go out together. */
#include <config.h>

#include "upstream/pool.h"

#include <stdlib.h>
#include <string.h>

#include "base/counter.h"
#include "base/log.h"

struct pool {
	uv_loop_t *loop;
	struct stream_room *room;
	const struct channel_kind *kind;
	struct upstream_target target;
	struct upstream_secure secure;
	struct tls_trust *trust;     /* a use of its own */
	struct bootstrap *bootstrap; /* owned; NULL: its address is known */
	char text[UPSTREAM_TEXT_MAX];
	uv_timer_t timer; /* rings when something is to be sent or opened */
	struct channel *channels;
	size_t channel_count;
	struct request *waiting; /* for a channel; the first has waited longest */
	struct request **waiting_end;
	struct tls_ticket ticket;
	uint64_t retry_ms;     /* no connection is tried before */
	unsigned failed_count; /* in a row */
	bool retired, timer_closed;
	uint64_t connections, resumed, failures;
};

static void on_timer(uv_timer_t *timer);
static void on_found(void *data);
static void close_channel(struct channel *channel);

/* ---- life -------------------------------------------------------------------------------- */

static const struct channel_kind *kind_of(enum protocol protocol)
{
#ifdef HAVE_NGHTTP2
	if (protocol == PROTOCOL_HTTPS)
		return &channel_doh;
#endif
#ifdef HAVE_NGTCP2
	if (protocol == PROTOCOL_QUIC)
		return &channel_doq;
#endif
	return protocol == PROTOCOL_TLS ? &channel_dot : NULL;
}

struct pool *pool_new(uv_loop_t *loop, struct stream_room *room,
                      const struct upstream_target *target, struct bootstrap *bootstrap)
{
	const struct channel_kind *kind = kind_of(target->protocol);
	/* Without a kind: the configuration does not let it come to this. */
	struct pool *pool = kind ? calloc(1, sizeof *pool) : NULL;
	if (!pool) {
		bootstrap_free(&bootstrap);
		return NULL;
	}
	pool->loop = loop;
	pool->room = room;
	pool->kind = kind;
	pool->bootstrap = bootstrap;
	if (bootstrap)
		bootstrap_watch(bootstrap, on_found, pool);
	pool->secure = *target->secure;
	pool->trust = tls_trust_use(target->secure->trust);
	pool->secure.trust = NULL;
	pool->secure.ca_file = NULL;
	pool->target = *target;
	pool->target.secure = &pool->secure;
	pool->waiting_end = &pool->waiting;
	upstream_target_format(target, pool->text);
	uv_timer_init(loop, &pool->timer);
	pool->timer.data = pool;
	return pool;
}

static void free_if_over(struct pool *pool)
{
	if (!pool->timer_closed || pool->channels)
		return;
	tls_ticket_deinit(&pool->ticket);
	tls_trust_unuse(&pool->trust);
	bootstrap_free(&pool->bootstrap);
	free(pool);
}

static void on_pool_closed(uv_handle_t *handle)
{
	struct pool *pool = handle->data;
	pool->timer_closed = true;
	free_if_over(pool);
}

/* Of one that is retired: at once, when nothing is under way, since its loop may be at its end. */
static void end_if_idle(struct pool *pool)
{
	if (!pool->retired || pool->waiting || uv_is_closing((uv_handle_t *)&pool->timer))
		return;
	for (const struct channel *channel = pool->channels; channel; channel = channel->next)
		if (channel->request_count)
			return;
	for (struct channel *channel = pool->channels; channel; channel = channel->next)
		close_channel(channel);
	uv_close((uv_handle_t *)&pool->timer, on_pool_closed);
}

static void ring(struct pool *pool)
{
	if (!uv_is_closing((uv_handle_t *)&pool->timer) && !uv_is_active((uv_handle_t *)&pool->timer))
		uv_timer_start(&pool->timer, on_timer, 0, 0);
}

void pool_retire(struct pool **pool)
{
	struct pool *old = *pool;
	*pool = NULL;
	if (!old)
		return;
	old->retired = true;
	end_if_idle(old);
}

void pool_trust(struct pool *pool, const struct upstream_secure *secure)
{
	bool same = tls_trust_equal(pool->trust, secure->trust);
	tls_trust_unuse(&pool->trust);
	pool->trust = tls_trust_use(secure->trust);
	if (same)
		return;
	tls_ticket_deinit(&pool->ticket);
	for (struct channel *channel = pool->channels; channel; channel = channel->next)
		channel->state = CHANNEL_DRAINING;
	ring(pool);
}

const struct upstream_target *pool_target(const struct pool *pool)
{
	return &pool->target;
}

void pool_count(const struct pool *pool, struct upstream_stats *stats)
{
	stats->connections += counter_read(&pool->connections);
	stats->resumed += counter_read(&pool->resumed);
	stats->failures += counter_read(&pool->failures);
}

static bool any_open(const struct pool *pool)
{
	for (const struct channel *channel = pool->channels; channel; channel = channel->next)
		if (!channel->closing)
			return true;
	return false;
}

/* ---- requests ---------------------------------------------------------------------------- */

static void leave_channel(struct request *request)
{
	struct channel *channel = request->channel;
	if (request->previous)
		request->previous->next = request->next;
	else
		channel->requests = request->next;
	if (request->next)
		request->next->previous = request->previous;
	request->channel = NULL;
	request->previous = request->next = NULL;
	if (!--channel->request_count)
		ring(channel->pool); /* there may be nothing left for it to do */
}

static void enter_channel(struct request *request, struct channel *channel)
{
	request->channel = channel;
	request->previous = NULL;
	request->next = channel->requests;
	if (request->next)
		request->next->previous = request;
	channel->requests = request;
	channel->request_count++;
}

static void queue(struct pool *pool, struct request *request)
{
	request->channel = NULL;
	request->next = NULL;
	*pool->waiting_end = request;
	pool->waiting_end = &request->next;
	ring(pool);
}

static struct request *unqueue(struct pool *pool, struct request **at)
{
	struct request *request = *at;
	*at = request->next;
	if (!*at)
		pool->waiting_end = at;
	request->next = NULL;
	return request;
}

struct request *channel_by_id(const struct channel *channel, uint16_t id)
{
	for (struct request *request = channel->requests; request; request = request->next)
		if (request->id == id)
			return request;
	return NULL;
}

static void hand_over(struct channel *channel, struct request *request)
{
	request->id = 0;
	while (!channel->kind->zero_id &&
	       (random_bytes(&request->id, sizeof request->id), channel_by_id(channel, request->id)))
		;
	dns_write16(request->message, request->id);
	request->sent_us = uv_hrtime() / 1000;
	request->port = channel->port;
	enter_channel(request, channel);
	channel->kind->ask(channel, request);
}

static void fail_waiting(struct pool *pool, bool reached)
{
	size_t count = 0;
	for (const struct request *request = pool->waiting; request; request = request->next)
		count++;
	/* Not those that come meanwhile. */
	for (; count && pool->waiting; count--) {
		struct request *request = unqueue(pool, &pool->waiting);
		request->user->failed(request, reached);
	}
}

int pool_ask(struct pool *pool, struct request *request)
{
	if (pool->retired || (!any_open(pool) && uv_now(pool->loop) < pool->retry_ms))
		return PF_EIO;
	request->pool = pool;
	request->sent_us = 0;
	request->again = false;
	queue(pool, request);
	return PF_OK;
}

void pool_forget(struct request *request)
{
	struct pool *pool = request->pool;
	struct channel *channel = request->channel;
	if (channel) {
		channel->kind->forget(channel, request);
		leave_channel(request);
		ring(pool);
		return;
	}
	for (struct request **at = &pool->waiting; *at; at = &(*at)->next)
		if (*at == request) {
			unqueue(pool, at);
			return;
		}
}

void pool_doubt(struct request *request)
{
	struct channel *channel = request->channel;
	if (channel && channel->heard_ms * 1000 <= request->sent_us)
		channel->doubtful = true;
}

bool request_is_well(const struct request *request)
{
	return !request->channel || !request->channel->doubtful;
}

/* ---- channels ---------------------------------------------------------------------------- */

static void on_half_closed(struct channel *channel)
{
	struct pool *pool = channel->pool;
	if (--channel->open_handles)
		return;
	for (struct channel **at = &pool->channels; *at; at = &(*at)->next)
		if (*at == channel) {
			*at = channel->next;
			break;
		}
	pool->channel_count--;
	free(channel);
	free_if_over(pool);
}

static void on_timer_closed(uv_handle_t *handle)
{
	on_half_closed(handle->data);
}

void channel_closed(struct channel *channel)
{
	on_half_closed(channel);
}

static void close_channel(struct channel *channel)
{
	if (channel->closing)
		return;
	channel->closing = true;
	uv_close((uv_handle_t *)&channel->timer, on_timer_closed);
	channel->kind->close(channel);
}

/* Those that were in it: the other side may have ended it before it saw them, so they are asked again, once. */
static void return_requests(struct channel *channel, bool ended)
{
	struct pool *pool = channel->pool;
	while (channel->requests) {
		struct request *request = channel->requests;
		leave_channel(request);
		if (ended && channel->answer_count && !request->again && !pool->retired) {
			request->again = true;
			queue(pool, request);
		} else {
			request->user->failed(request, true);
		}
	}
}

static void back_off(struct pool *pool, const char *why)
{
	unsigned shift = pool->failed_count < 5 ? pool->failed_count : 5;
	uint64_t pause_ms = (uint64_t)POOL_BACKOFF_MIN_MS << shift;
	pool->retry_ms =
		uv_now(pool->loop) + (pause_ms < POOL_BACKOFF_MAX_MS ? pause_ms : POOL_BACKOFF_MAX_MS);
	if (!pool->failed_count++) /* once, not for each try */
		log_warning("no connection to the upstream %s: %s", pool->text, why);
}

void channel_failed(struct channel *channel, const char *why)
{
	struct pool *pool = channel->pool;
	bool opened = channel->state != CHANNEL_OPENING;
	if (channel->closing)
		return;
	if (why || !opened || channel->requests)
		counter_add(&pool->failures, 1);
	close_channel(channel);
	if (!opened && pool->bootstrap)
		bootstrap_passes(pool->bootstrap, &channel->peer.address);
	if (!opened || (channel->requests && !channel->answer_count))
		back_off(pool, why ? why : "it was closed at once");
	return_requests(channel, true);
	if (!any_open(pool) && uv_now(pool->loop) < pool->retry_ms)
		fail_waiting(pool, opened);
	ring(pool);
}

/* When the channel has to be looked at again, at the latest. */
static uint64_t due_in_ms(const struct channel *channel)
{
	if (channel->state == CHANNEL_OPENING)
		return POOL_OPEN_MS;
	return channel->request_count || channel->doubtful ? POOL_SILENT_MS : POOL_IDLE_MS;
}

static void on_channel_timer(uv_timer_t *timer)
{
	struct channel *channel = timer->data;
	uint64_t now_ms = uv_now(timer->loop), due_ms = channel->heard_ms + due_in_ms(channel);
	if (channel->closing)
		return;
	if (channel->state == CHANNEL_OPENING && now_ms >= due_ms)
		channel_failed(channel, "it does not answer");
	else if (channel->doubtful && now_ms >= due_ms)
		channel_failed(channel, "it has fallen silent");
	else if (!channel->request_count && now_ms >= due_ms)
		close_channel(channel);
	else
		uv_timer_start(timer, on_channel_timer, POOL_SILENT_MS / 4, 0);
}

static void open_channel(struct pool *pool)
{
	struct channel *channel = calloc(1, pool->kind->bytes);
	if (!channel) {
		fail_waiting(pool, false);
		return;
	}
	channel->kind = pool->kind;
	channel->pool = pool;
	channel->heard_ms = uv_now(pool->loop);
	channel->open_handles = 2;
	channel->peer = (struct tls_peer){
		.trust = pool->trust,
		.name = pool->secure.name,
		.address = pool->target.address.addr,
		.pin_count = pool->secure.pin_count,
		.pins = (const uint8_t(*)[TLS_PIN_BYTES])pool->secure.pins,
		.anybody = pool->secure.opportunistic,
		.ticket = &pool->ticket,
	};
	uv_timer_init(pool->loop, &channel->timer);
	channel->timer.data = channel;
	uv_timer_start(&channel->timer, on_channel_timer, POOL_SILENT_MS / 4, 0);
	channel->next = pool->channels;
	pool->channels = channel;
	pool->channel_count++;
	int error = pool->kind->open(channel);
	tls_ticket_deinit(&pool->ticket); /* who watches must not know us again by it (RFC 8446, C.4) */
	if (error != PF_OK)
		channel_failed(channel, "it can not be reached");
}

/* ---- what leaves ------------------------------------------------------------------------- */

/* The open one with the fewest questions; NULL: none has room. */
static struct channel *choose(struct pool *pool, bool *opening)
{
	struct channel *best = NULL;
	*opening = false;
	for (struct channel *channel = pool->channels; channel; channel = channel->next) {
		if (channel->closing)
			continue;
		*opening |= channel->state == CHANNEL_OPENING;
		if (channel->state == CHANNEL_OPEN && !channel->doubtful &&
		    channel->request_count < channel->request_max &&
		    (!best || channel->request_count < best->request_count))
			best = channel;
	}
	return best;
}

/* Is it known where to connect to? Looked for when somebody asks, and not before it may be tried. */
static bool is_located(struct pool *pool)
{
	struct bootstrap *bootstrap = pool->bootstrap;
	if (!bootstrap)
		return true;
	bool known = bootstrap_address(bootstrap, &pool->target.address.addr);
	if (!pool->waiting || (!known && uv_now(pool->loop) < pool->retry_ms))
		return known;
	bootstrap_wanted(bootstrap);
	if (!known && !bootstrap_looks(bootstrap)) {
		back_off(pool, "nobody can be asked where it is");
		fail_waiting(pool, false);
	}
	return known;
}

/* Of the addresses, or that there are none. */
static void on_found(void *data)
{
	struct pool *pool = data;
	struct addr address;
	if (pool->retired && uv_is_closing((uv_handle_t *)&pool->timer))
		return;
	if (!bootstrap_address(pool->bootstrap, &address)) {
		back_off(pool, "it is not known where it is");
		if (!any_open(pool))
			fail_waiting(pool, false);
	}
	for (struct channel *channel = pool->channels; channel; channel = channel->next)
		if (!bootstrap_has(pool->bootstrap, &channel->peer.address))
			channel->state = CHANNEL_DRAINING; /* it has moved */
	ring(pool);
}

static void dispatch(struct pool *pool)
{
	bool opening, located = is_located(pool);
	struct channel *channel = choose(pool, &opening);
	while (channel && pool->waiting) {
		hand_over(channel, unqueue(pool, &pool->waiting));
		channel = choose(pool, &opening);
	}
	bool wanted = pool->waiting || (channel && channel->request_count >= POOL_BUSY);
	if (!wanted || opening || uv_now(pool->loop) < pool->retry_ms)
		return;
	if (located && pool->channel_count < POOL_CHANNELS_MAX)
		open_channel(pool);
}

static void on_timer(uv_timer_t *timer)
{
	struct pool *pool = timer->data;
	dispatch(pool);
	for (struct channel *channel = pool->channels; channel; channel = channel->next)
		if (!channel->closing && channel->state != CHANNEL_OPENING)
			channel->kind->flush(channel);
	for (struct channel *channel = pool->channels; channel; channel = channel->next)
		if (!channel->request_count && channel->state == CHANNEL_DRAINING)
			close_channel(channel);
	end_if_idle(pool);
}

/* ---- what kinds ask and tell ------------------------------------------------------------- */

const struct upstream_target *channel_target(const struct channel *channel)
{
	return &channel->pool->target;
}

uv_loop_t *channel_loop(const struct channel *channel)
{
	return channel->pool->loop;
}

struct stream_room *channel_room(const struct channel *channel)
{
	return channel->pool->room;
}

struct tls_ticket *channel_ticket(struct channel *channel)
{
	return &channel->pool->ticket;
}

void channel_allows(struct channel *channel, size_t request_max)
{
	channel->request_max = request_max < CHANNEL_REQUESTS_MAX ? request_max : CHANNEL_REQUESTS_MAX;
	ring(channel->pool);
}

void channel_opened(struct channel *channel, size_t request_max, bool resumed)
{
	struct pool *pool = channel->pool;
	if (channel->state == CHANNEL_OPENING)
		channel->state = CHANNEL_OPEN;
	channel_allows(channel, request_max);
	channel->heard_ms = uv_now(pool->loop);
	counter_add(&pool->connections, 1);
	counter_add(&pool->resumed, resumed);
	ring(pool);
}

void channel_secured(struct stream *stream)
{
	struct channel *channel = stream->data;
	channel->port = stream_port(stream);
	channel_opened(channel, CHANNEL_REQUESTS_MAX, tls_is_resumed(stream->tls));
}

void channel_ended(struct stream *stream)
{
	channel_failed(stream->data, NULL);
}

void channel_broke(struct stream *stream)
{
	const char *why = tls_why(stream->tls);
	channel_failed(stream->data, *why ? why : "it can not be reached, or does not stay");
}

void channel_heard(struct channel *channel)
{
	channel->heard_ms = uv_now(channel->pool->loop);
	channel->doubtful = false;
}

void channel_answered(struct request *request, const uint8_t *message, size_t length)
{
	struct channel *channel = request->channel;
	struct pool *pool = channel->pool;
	channel->answer_count++;
	if (pool->failed_count)
		log_info("the upstream %s answers again", pool->text);
	pool->failed_count = 0;
	pool->retry_ms = 0;
	leave_channel(request);
	if (pool->waiting)
		ring(pool);
	request->user->answered(request, message, length);
}

void channel_refused(struct request *request)
{
	leave_channel(request);
	request->user->failed(request, true);
}

void channel_draining(struct channel *channel)
{
	channel->state = CHANNEL_DRAINING;
	ring(channel->pool);
}
