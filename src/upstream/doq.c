/* DNS over QUIC as a channel (RFC 9250): a stream of its own for each question, which both sides end. Nothing is sent before the server has
 * shown who it is: early data (0-RTT) can be played again by whoever saw it. What libngtcp2 calls back leaves notes only (`broken`, `ready`):
 * the pool is told when libngtcp2 has returned, and may then close the channel. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "quic/drive.h"
#include "upstream/channel.h"

#define LANES_MAX \
	(4 *          \
	 CHANNEL_REQUESTS_MAX) /* streams with those that nobody waits for and the server has not ended */
#define UNREAD_BYTES_MAX (1 << 20) /* of answers of one connection that are not whole yet */
#define RECEIVED_MAX 32            /* datagrams before others have their turn */
#define SENT_MAX 64
#define SPENT_NS (1000 * QUIC_NS_PER_MS)    /* so long a server may take to allow more streams */
#define SILENCE_NS (30000 * QUIC_NS_PER_MS) /* of QUIC's own timer; those of the pool come before */
#define WHY_MAX 160
#define CRYPTO_ERROR 0x100 /* an alert of TLS as an error of QUIC (RFC 9000, 20.1) */

/* One question in its stream; it stays until QUIC has closed that. */
struct lane {
	struct doq *doq;
	struct lane *previous, *next, *next_ready;
	struct request *request; /* NULL: nobody waits */
	struct doq_message in;
	size_t held; /* bytes that the server may not send elsewhere yet */
	struct quic_out out;
	bool ended;  /* nothing more is read of it */
	bool whole;  /* its answer has come */
	bool closed; /* QUIC knows it no more */
	bool ready;  /* it stands among those that are */
	uint8_t question[2 + QUERY_UPSTREAM_MAX];
};

struct doq {
	struct channel base;
	ngtcp2_conn *quic;    /* owned; NULL: it is over, or was never made */
	struct tls_quic *tls; /* owned */
	int fd;
	uv_poll_t poll;
	uv_timer_t timer;
	unsigned open_handles;
	struct sockaddr_storage local, remote;
	socklen_t local_length, remote_length;
	struct lane *lanes, *ready;
	size_t lane_count;
	enum doq_error broken;
	int send_error;         /* errno of a datagram that could not leave; 0: none */
	ngtcp2_tstamp spent_ns; /* since when it has no stream left and none is open; 0: it has */
	bool secured, told, heard, reset, silent;
	ngtcp2_connection_close_error farewell;
	char why[WHY_MAX];
};

static struct doq *doq_of(void *data)
{
	return data;
}

/* ---- streams ----------------------------------------------------------------------------- */

static void lane_free(struct lane *lane)
{
	struct doq *doq = lane->doq;
	if (lane->previous)
		lane->previous->next = lane->next;
	else
		doq->lanes = lane->next;
	if (lane->next)
		lane->next->previous = lane->previous;
	doq->lane_count--;
	doq_free(&lane->in);
	free(lane);
}

/* The pool is to be told of it. */
static void note(struct lane *lane)
{
	if (lane->ready)
		return;
	lane->ready = true;
	lane->next_ready = lane->doq->ready;
	lane->doq->ready = lane;
}

/* What the server has sent in it is used up: it may send as much again, in other streams. */
static void release(struct lane *lane)
{
	ngtcp2_conn_extend_max_offset(lane->doq->quic, lane->held);
	lane->held = 0;
}

/* Neither side goes on with it. */
static void give_up(struct lane *lane, enum doq_error error)
{
	lane->ended = true;
	lane->out.done = true;
	doq_free(&lane->in);
	release(lane);
	if (!lane->closed)
		(void)ngtcp2_conn_shutdown_stream(lane->doq->quic, lane->out.stream, error);
}

static int on_bytes(ngtcp2_conn *quic, uint32_t flags, int64_t id, uint64_t offset,
                    const uint8_t *bytes, size_t length, void *data, void *stream_data)
{
	(void)quic, (void)id, (void)offset;
	struct doq *doq = doq_of(data);
	struct lane *lane = stream_data;
	if (!lane)
		return 0;
	doq->heard = true;
	lane->held += length;
	if (lane->ended) {
		release(lane);
		return 0;
	}
	enum doq_state state =
		doq_take(&lane->in, bytes, length, flags & NGTCP2_STREAM_DATA_FLAG_FIN, DNS_MESSAGE_MAX);
	if (state == DOQ_MORE)
		return 0;
	if (state == DOQ_WRONG ||
	    (state == DOQ_WHOLE && !doq_is_answer(lane->in.bytes, lane->in.length))) {
		doq->broken = DOQ_PROTOCOL_ERROR;
		return NGTCP2_ERR_CALLBACK_FAILURE;
	}
	if (state == DOQ_WHOLE) {
		lane->ended = lane->whole = true;
		release(lane);
	} else {
		give_up(lane, DOQ_INTERNAL_ERROR);
	}
	note(lane);
	return 0;
}

/* The server does not go on with its answer. */
static int on_reset(ngtcp2_conn *quic, int64_t id, uint64_t size, uint64_t code, void *data,
                    void *stream_data)
{
	(void)quic, (void)id, (void)size, (void)code;
	struct lane *lane = stream_data;
	if (!lane || lane->ended)
		return 0;
	doq_of(data)->heard = true;
	give_up(lane, DOQ_REQUEST_CANCELLED);
	note(lane);
	return 0;
}

static int on_close(ngtcp2_conn *quic, uint32_t flags, int64_t id, uint64_t code, void *data,
                    void *stream_data)
{
	(void)quic, (void)flags, (void)id, (void)code, (void)data;
	struct lane *lane = stream_data;
	if (!lane)
		return 0;
	release(lane);
	lane->closed = true;
	note(lane);
	return 0;
}

static int on_room(ngtcp2_conn *quic, int64_t id, uint64_t max, void *data, void *stream_data)
{
	(void)quic, (void)id, (void)max, (void)data;
	struct lane *lane = stream_data;
	if (lane)
		lane->out.blocked = false;
	return 0;
}

/* Tells the pool what has become of questions. */
static void deliver(struct doq *doq)
{
	while (!doq->base.closing && doq->ready) {
		struct lane *lane = doq->ready;
		struct request *request = lane->request;
		struct doq_message message = lane->in;
		bool whole = lane->whole;
		doq->ready = lane->next_ready;
		lane->ready = false;
		lane->request = NULL;
		lane->in.bytes = NULL;
		if (lane->closed)
			lane_free(lane);
		if (request && whole)
			channel_answered(request, message.bytes, message.length);
		else if (request)
			channel_refused(request);
		doq_free(&message);
	}
}

/* ---- the end ----------------------------------------------------------------------------- */

/* Why the server says that it is over; NULL: it has ended it properly. */
static const char *explain_end(struct doq *doq)
{
	ngtcp2_connection_close_error error;
	ngtcp2_conn_get_connection_close_error(doq->quic, &error);
	unsigned long long code = error.error_code;
	bool of_dns = error.type == NGTCP2_CONNECTION_CLOSE_ERROR_CODE_TYPE_APPLICATION;
	if (doq->reset || (of_dns && code == DOQ_NO_ERROR) || (!of_dns && code == NGTCP2_NO_ERROR))
		return NULL;
	if (!of_dns && code >= CRYPTO_ERROR && code - CRYPTO_ERROR <= UINT8_MAX)
		snprintf(doq->why, sizeof doq->why, "it does not go on with TLS: %s",
		         tls_quic_alert((uint8_t)(code - CRYPTO_ERROR)));
	else
		snprintf(doq->why, sizeof doq->why,
		         "it has ended the connection with the error %#llx of %s", code,
		         of_dns ? "DNS over QUIC" : "QUIC");
	return doq->why;
}

static const char *explain(struct doq *doq, int reason)
{
	const char *why = tls_quic_why(doq->tls);
	uint8_t alert = ngtcp2_conn_get_tls_alert(doq->quic);
	if (reason == NGTCP2_ERR_DRAINING)
		return explain_end(doq);
	if (reason == NGTCP2_ERR_IDLE_CLOSE)
		return NULL;
	if (*why)
		return why;
	if (doq->broken)
		return "it breaks the rules of DNS over QUIC";
	if (reason == NGTCP2_ERR_RECV_VERSION_NEGOTIATION)
		return "it speaks another version of QUIC";
	if (!alert)
		return ngtcp2_strerror(reason);
	snprintf(doq->why, sizeof doq->why, "TLS: %s", tls_quic_alert(alert));
	return doq->why;
}

/* libngtcp2 has said that it can not go on. */
static void fail(struct doq *doq, int reason)
{
	char why[WHY_MAX];
	const char *text = explain(doq, reason);
	if (text) { /* what it stands in goes with the channel */
		snprintf(why, sizeof why, "%s", text);
		text = why;
	}
	doq->silent = !quic_farewell(doq->quic, reason, doq->broken, &doq->farewell);
	channel_failed(&doq->base, text);
}

static ngtcp2_path path_of(struct doq *doq)
{
	return (ngtcp2_path){.local = {(struct sockaddr *)&doq->local, doq->local_length},
	                     .remote = {(struct sockaddr *)&doq->remote, doq->remote_length}};
}

static void say_farewell(struct doq *doq)
{
	uint8_t bytes[QUIC_DATAGRAM_BYTES];
	ngtcp2_pkt_info info;
	ngtcp2_ssize length =
		ngtcp2_conn_write_connection_close(doq->quic, NULL, &info, bytes, sizeof bytes,
	                                       &doq->farewell, quic_stamp(clock_now()));
	if (length > 0)
		(void)!send(doq->fd, bytes, (size_t)length, 0); /* who does not hear it waits in vain */
}

static void on_closed(uv_handle_t *handle)
{
	struct doq *doq = handle->data;
	if (!--doq->open_handles)
		channel_closed(&doq->base);
}

static void doq_close(struct channel *channel)
{
	struct doq *doq = (struct doq *)channel;
	if (doq->quic && !doq->silent)
		say_farewell(doq);
	ngtcp2_conn_del(doq->quic);
	doq->quic = NULL;
	tls_quic_free(&doq->tls);
	doq->ready = NULL;
	while (doq->lanes)
		lane_free(doq->lanes);
	if (doq->open_handles) {
		uv_close((uv_handle_t *)&doq->timer, on_closed);
		uv_close((uv_handle_t *)&doq->poll, on_closed);
	}
	if (doq->fd >= 0)
		close(doq->fd);
	doq->fd = -1;
	if (!doq->open_handles)
		channel_closed(channel);
}

/* ---- out --------------------------------------------------------------------------------- */

static struct quic_out *next_out(void *data)
{
	for (struct lane *lane = doq_of(data)->lanes; lane; lane = lane->next)
		if (quic_out_waits(&lane->out))
			return &lane->out;
	return NULL;
}

static void on_timer(uv_timer_t *timer);

/* Sends what there is to send, and sets the timer. */
static void serve(struct doq *doq)
{
	uint8_t bytes[QUIC_DATAGRAM_BYTES];
	struct now now = clock_now();
	ngtcp2_ssize length = 1;
	for (int i = 0; i < SENT_MAX && length > 0; i++) {
		length = quic_write(doq->quic, NULL, bytes, next_out, doq, quic_stamp(now));
		if (length > 0 && send(doq->fd, bytes, (size_t)length, 0) < 0 && errno != EAGAIN)
			doq->send_error = errno; /* it is as lost as any */
	}
	if (length < 0) {
		fail(doq, (int)length);
		return;
	}
	ngtcp2_conn_update_pkt_tx_time(doq->quic, quic_stamp(now));
	ngtcp2_tstamp limit = doq->spent_ns ? doq->spent_ns + SPENT_NS : UINT64_MAX;
	uv_timer_start(&doq->timer, on_timer, length ? 0 : quic_wait_ms(doq->quic, limit, now), 0);
	if (doq->send_error && doq->base.state == CHANNEL_OPENING)
		channel_failed(&doq->base, strerror(doq->send_error));
	else
		doq->send_error = 0;
}

static void on_timer(uv_timer_t *timer)
{
	struct doq *doq = timer->data;
	ngtcp2_tstamp now = quic_stamp(clock_now());
	int error = ngtcp2_conn_handle_expiry(doq->quic, now);
	if (doq->spent_ns && now >= doq->spent_ns + SPENT_NS) {
		doq->spent_ns = 0;
		channel_draining(&doq->base);
	}
	if (error)
		fail(doq, error);
	else
		serve(doq);
}

static void doq_flush(struct channel *channel)
{
	serve((struct doq *)channel);
}

/* ---- in ---------------------------------------------------------------------------------- */

/* It may be asked as much as it has streams left for, beside the `count` that are under way. */
static void allow(struct doq *doq, size_t count)
{
	uint64_t left = ngtcp2_conn_get_streams_bidi_left(doq->quic);
	bool spent = !left && !count;
	size_t max = left < CHANNEL_REQUESTS_MAX ? count + (size_t)left : CHANNEL_REQUESTS_MAX;
	if (!spent)
		doq->spent_ns = 0;
	else if (!doq->spent_ns)
		doq->spent_ns = quic_stamp(clock_now());
	if (doq->base.request_max != max)
		channel_allows(&doq->base, max);
}

/* Tells the pool what libngtcp2 has noted. */
static void tell(struct doq *doq)
{
	struct channel *channel = &doq->base;
	if (doq->secured) {
		tls_quic_take_ticket(doq->tls, channel_ticket(channel));
		if (!doq->told)
			channel_opened(channel, 0, tls_quic_is_resumed(doq->tls));
		doq->told = true;
	}
	if (doq->heard)
		channel_heard(channel);
	doq->heard = false;
	deliver(doq);
	if (!channel->closing && doq->told)
		allow(doq, channel->request_count);
}

/* The next datagram. False: there is none, or the channel is closed. */
static bool receive(struct doq *doq)
{
	uint8_t *bytes = channel_room(&doq->base)->bytes;
	ngtcp2_path path = path_of(doq);
	ngtcp2_pkt_info info = {0};
	ssize_t length = recv(doq->fd, bytes, STREAM_IN_BYTES, 0);
	if (length < 0 && errno != EAGAIN && doq->base.state == CHANNEL_OPENING) {
		channel_failed(&doq->base, strerror(errno));
		return false;
	}
	if (length <
	    0) /* what is not open is told from what is by its silence: anybody may send ICMP */
		return errno != EAGAIN;
	if (!length) /* libngtcp2 would not bear it */
		return true;
	int error = ngtcp2_conn_read_pkt(doq->quic, &path, &info, bytes, (size_t)length,
	                                 quic_stamp(clock_now()));
	tell(doq);
	if (error && !doq->base.closing)
		fail(doq, error);
	return !doq->base.closing;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	(void)events;
	struct doq *doq = poll->data;
	for (int i = 0; i < RECEIVED_MAX && receive(doq); i++)
		;
	if (doq->base.closing)
		return;
	if (status < 0 && uv_poll_start(poll, UV_READABLE, on_poll)) /* libuv stops after an error */
		channel_failed(&doq->base, "its socket has failed");
	else
		serve(doq);
}

/* ---- life -------------------------------------------------------------------------------- */

static ngtcp2_conn *get_quic(ngtcp2_crypto_conn_ref *reference)
{
	return doq_of(reference->user_data)->quic;
}

static void fill_random(uint8_t *bytes, size_t length, const ngtcp2_rand_ctx *context)
{
	(void)context;
	random_bytes(bytes, length);
}

static int make_id(ngtcp2_conn *quic, ngtcp2_cid *id, uint8_t *token, size_t length, void *data)
{
	(void)quic, (void)data;
	id->datalen = length;
	random_bytes(id->data, length);
	random_bytes(token, NGTCP2_STATELESS_RESET_TOKENLEN);
	return 0;
}

static int on_secured(ngtcp2_conn *quic, void *data)
{
	struct doq *doq = doq_of(data);
	int error = quic_check_application(quic, doq->tls);
	doq->secured = !error;
	return error;
}

static int on_stateless_reset(ngtcp2_conn *quic, const ngtcp2_pkt_stateless_reset *reset,
                              void *data)
{
	(void)quic, (void)reset;
	doq_of(data)->reset = true;
	return 0;
}

static const ngtcp2_callbacks callbacks_of_doq = {
	.client_initial = ngtcp2_crypto_client_initial_cb,
	.recv_retry = ngtcp2_crypto_recv_retry_cb,
	.handshake_completed = on_secured,
	.recv_stateless_reset = on_stateless_reset,
	.rand = fill_random,
	.get_new_connection_id = make_id,
	.recv_stream_data = on_bytes,
	.stream_reset = on_reset,
	.stream_close = on_close,
	.extend_max_stream_data = on_room,
};

static int connect_socket(struct doq *doq)
{
	struct addr_port ours = {0};
	doq->remote_length = addr_to_sockaddr(&channel_target(&doq->base)->address, &doq->remote);
	doq->local_length = sizeof doq->local;
	bool v6 = doq->remote.ss_family == AF_INET6;
	int probe = v6 ? IPV6_PMTUDISC_PROBE : IP_PMTUDISC_PROBE;
	doq->fd = socket(doq->remote.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	/* Datagrams of QUIC are not to be cut into pieces (RFC 9000, 14). */
	bool failed = doq->fd < 0 ||
	              setsockopt(doq->fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP,
	                         v6 ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER, &probe, sizeof probe) ||
	              connect(doq->fd, (struct sockaddr *)&doq->remote, doq->remote_length) ||
	              getsockname(doq->fd, (struct sockaddr *)&doq->local, &doq->local_length) ||
	              addr_from_sockaddr((struct sockaddr *)&doq->local, &ours) != PF_OK;
	doq->base.port = ours.port;
	return failed ? PF_EIO : PF_OK;
}

static int make_quic(struct doq *doq)
{
	const ngtcp2_crypto_conn_ref reference = {.get_conn = get_quic, .user_data = doq};
	ngtcp2_callbacks callbacks = callbacks_of_doq;
	ngtcp2_settings settings;
	ngtcp2_transport_params params;
	ngtcp2_cid to = {.datalen = NGTCP2_MIN_INITIAL_DCIDLEN}, from = {.datalen = QUIC_ID_BYTES};
	ngtcp2_path path = path_of(doq);
	random_bytes(to.data, to.datalen);
	random_bytes(from.data, from.datalen);
	quic_call_crypto(&callbacks);
	ngtcp2_settings_default(&settings);
	settings.initial_ts = quic_stamp(clock_now());
	settings.no_pmtud = 1;                    /* questions are short */
	ngtcp2_transport_params_default(&params); /* the server may open no streams */
	params.initial_max_stream_data_bidi_local = 2 + DNS_MESSAGE_MAX;
	params.initial_max_data = UNREAD_BYTES_MAX;
	params.max_idle_timeout = SILENCE_NS;
	params.max_udp_payload_size = STREAM_IN_BYTES;
	doq->tls = tls_quic_connect(&doq->base.peer, DOQ_APPLICATION, &reference);
	if (!doq->tls || ngtcp2_conn_client_new(&doq->quic, &to, &from, &path, NGTCP2_PROTO_VER_V1,
	                                        &callbacks, &settings, &params, NULL, doq))
		return PF_ENOMEM;
	ngtcp2_conn_set_tls_native_handle(doq->quic, tls_quic_handle(doq->tls));
	return PF_OK;
}

static int doq_open(struct channel *channel)
{
	struct doq *doq = (struct doq *)channel;
	uv_loop_t *loop = channel_loop(channel);
	ngtcp2_connection_close_error_set_application_error(&doq->farewell, DOQ_NO_ERROR, NULL, 0);
	int result = connect_socket(doq);
	if (result == PF_OK)
		result = make_quic(doq);
	if (result != PF_OK)
		return result;
	if (uv_poll_init(loop, &doq->poll, doq->fd))
		return PF_EIO;
	uv_timer_init(loop, &doq->timer);
	doq->poll.data = doq->timer.data = doq;
	doq->open_handles = 2;
	uv_timer_start(&doq->timer, on_timer, 0, 0); /* the first datagram leaves from there */
	return uv_poll_start(&doq->poll, UV_READABLE, on_poll) ? PF_EIO : PF_OK;
}

/* ---- questions --------------------------------------------------------------------------- */

static void doq_ask(struct channel *channel, struct request *request)
{
	struct doq *doq = (struct doq *)channel;
	struct lane *lane = doq->lane_count < LANES_MAX ? calloc(1, sizeof *lane) : NULL;
	if (!lane || ngtcp2_conn_open_bidi_stream(doq->quic, &lane->out.stream, lane)) {
		free(lane);
		channel_draining(channel);
		channel_refused(request);
		return;
	}
	lane->doq = doq;
	lane->request = request;
	dns_write16(lane->question, (uint16_t)request->length);
	memcpy(lane->question + 2, request->message, request->length);
	lane->out.bytes = lane->question;
	lane->out.length = 2 + request->length;
	lane->next = doq->lanes;
	if (lane->next)
		lane->next->previous = lane;
	doq->lanes = lane;
	doq->lane_count++;
}

static void doq_forget(struct channel *channel, struct request *request)
{
	struct doq *doq = (struct doq *)channel;
	struct lane *lane = doq->lanes;
	while (lane && lane->request != request)
		lane = lane->next;
	if (!lane)
		return;
	lane->request = NULL;
	if (!lane->ended)
		give_up(lane, DOQ_REQUEST_CANCELLED);
	allow(doq, channel->request_count - 1);
}

const struct channel_kind channel_doq = {
	.bytes = sizeof(struct doq),
	.zero_id = true,
	.open = doq_open,
	.ask = doq_ask,
	.forget = doq_forget,
	.flush = doq_flush,
	.close = doq_close,
};
