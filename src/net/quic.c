/* The sockets of QUIC, and the way in: see quic.h. */
#define _GNU_SOURCE /* struct mmsghdr */
#include "net/quic.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/counter.h"
#include "net/idle.h"
#include "net/label.h"
#include "net/quic_connection.h"

#define RESET_PURPOSE "stateless reset of QUIC"
#define HEADER_IS_LONG 0x80   /* RFC 9000, 17.2 */
#define RESET_RANDOM_BYTES 26 /* so that it looks like any small packet (RFC 9000, 10.3) */

/* ---- out --------------------------------------------------------------------------------- */

static void flush(struct quic_listener *listener)
{
	unsigned failed = packets_send_in_order(listener->out, listener->fd, listener->out_count);
	if (failed)
		counter_add(&listener->send_failed, failed);
	listener->out_count = 0;
}

uint8_t *quic_slot(struct quic_listener *listener)
{
	if (listener->out_count == PACKETS_MAX)
		flush(listener);
	return listener->out->bytes[listener->out_count];
}

void quic_send(struct quic_listener *listener, size_t length, const struct sockaddr *remote,
               socklen_t remote_length, const struct packet_place *from)
{
	unsigned slot = listener->out_count++;
	struct packets *out = listener->out;
	out->vectors[slot].iov_len = length;
	memcpy(&out->peers[slot], remote, remote_length);
	out->messages[slot].msg_hdr.msg_namelen = remote_length;
	packet_leaves_from(out, slot, from);
}

void quic_server_flush(struct quic_server *server)
{
	if (!server)
		return;
	struct now now = clock_now();
	while (server->marked) {
		struct quic_connection *connection = server->marked;
		server->marked = connection->next_marked;
		connection->marked = false;
		if (connection->quic)
			quic_connection_serve(connection, now);
		else
			quic_connection_free_when_done(connection);
	}
	for (size_t i = 0; i < server->listener_count; i++)
		flush(&server->listeners[i]);
}

/* ---- ids and secrets --------------------------------------------------------------------- */

void quic_make_id(struct quic_listener *listener, ngtcp2_cid *id)
{
	id->datalen = QUIC_ID_BYTES;
	random_pool_take(&listener->server->random, id->data, QUIC_ID_BYTES);
	/* see route_quic in sockets.c */
	unsigned first = id->data[0] - id->data[0] % listener->places + listener->place;
	id->data[0] = (uint8_t)(first > UINT8_MAX ? first - listener->places : first);
}

/* Once for all: a connection's token must not change when the certificate does. */
static bool has_secret(struct quic_server *server)
{
	if (server->has_secret)
		return true;
	rcu_read_lock();
	const struct snapshot *snapshot = rcu_dereference(server->pipeline->shared->snapshot);
	if (snapshot->tls) {
		tls_quic_secret(snapshot->tls, RESET_PURPOSE, server->reset_secret);
		server->has_secret = true;
	}
	rcu_read_unlock();
	return server->has_secret;
}

bool quic_reset_token(struct quic_server *server, const ngtcp2_cid *id,
                      uint8_t token[NGTCP2_STATELESS_RESET_TOKENLEN])
{
	return has_secret(server) &&
	       !ngtcp2_crypto_generate_stateless_reset_token(token, server->reset_secret,
	                                                     sizeof server->reset_secret, id);
}

/* ---- answers that keep nothing ----------------------------------------------------------- */

/* One datagram that has come. */
struct arrival {
	struct quic_listener *listener;
	const uint8_t *bytes;
	size_t length;
	const struct sockaddr *peer;
	socklen_t peer_length;
	struct packet_place to;
	struct now now;
};

static void answer(const struct arrival *in, ngtcp2_ssize length)
{
	if (length > 0)
		quic_send(in->listener, (size_t)length, in->peer, in->peer_length, &in->to);
}

static void negotiate(const struct arrival *in, const ngtcp2_version_cid *ids)
{
	static const uint32_t versions[] = {NGTCP2_PROTO_VER_V1};
	uint8_t any;
	if (in->length < NGTCP2_MAX_UDP_PAYLOAD_SIZE) /* it may not make us say more than it did */
		return;
	random_pool_take(&in->listener->server->random, &any, sizeof any);
	answer(in, ngtcp2_pkt_write_version_negotiation(quic_slot(in->listener), QUIC_DATAGRAM_BYTES,
	                                                any, ids->scid, ids->scidlen, ids->dcid,
	                                                ids->dcidlen, versions, PF_COUNT(versions)));
}

/* Always shorter than what it answers, so that two servers can not keep each other busy. */
static void reset(const struct arrival *in, const ngtcp2_version_cid *ids)
{
	uint8_t token[NGTCP2_STATELESS_RESET_TOKENLEN], any[RESET_RANDOM_BYTES];
	ngtcp2_cid id;
	if (ids->dcidlen > NGTCP2_MAX_CIDLEN ||
	    in->length < sizeof token + NGTCP2_MIN_STATELESS_RESET_RANDLEN + 2)
		return;
	size_t room = in->length - 1 - sizeof token;
	ngtcp2_cid_init(&id, ids->dcid, ids->dcidlen);
	random_pool_take(&in->listener->server->random, any, sizeof any);
	if (quic_reset_token(in->listener->server, &id, token))
		answer(in, ngtcp2_pkt_write_stateless_reset(quic_slot(in->listener), in->length - 1, token,
		                                            any, room < sizeof any ? room : sizeof any));
}

static void refuse(const struct arrival *in, const ngtcp2_pkt_hd *header, uint64_t error)
{
	counter_add(&in->listener->server->refused, 1);
	answer(in, ngtcp2_crypto_write_connection_close(quic_slot(in->listener), QUIC_DATAGRAM_BYTES,
	                                                header->version, &header->scid, &header->dcid,
	                                                error, NULL, 0));
}

static void retry(const struct arrival *in, const ngtcp2_pkt_hd *header)
{
	struct quic_server *server = in->listener->server;
	uint8_t token[NGTCP2_CRYPTO_MAX_RETRY_TOKENLEN];
	ngtcp2_cid id;
	quic_make_id(in->listener, &id);
	ngtcp2_ssize length =
		ngtcp2_crypto_generate_retry_token(token, server->retry_secret, sizeof server->retry_secret,
	                                       header->version, in->peer, in->peer_length, &id,
	                                       &header->dcid, (ngtcp2_tstamp)in->now.mono_us * 1000);
	if (length > 0)
		answer(in, ngtcp2_crypto_write_retry(quic_slot(in->listener), QUIC_DATAGRAM_BYTES,
		                                     header->version, &header->scid, &id, &header->dcid,
		                                     token, (size_t)length));
}

/* ---- in ---------------------------------------------------------------------------------- */

/* False: it holds a token of a Retry that is none of ours, or too old. */
static bool check_token(const struct arrival *in, struct quic_hello *hello)
{
	const struct quic_server *server = in->listener->server;
	const ngtcp2_pkt_hd *header = &hello->header;
	hello->first = header->dcid;
	hello->validated =
		header->token.len && header->token.base[0] == NGTCP2_CRYPTO_TOKEN_MAGIC_RETRY;
	return !hello->validated ||
	       !ngtcp2_crypto_verify_retry_token(&hello->first, header->token.base, header->token.len,
	                                         server->retry_secret, sizeof server->retry_secret,
	                                         header->version, in->peer, in->peer_length,
	                                         &header->dcid, UINT64_C(1000000000) * QUIC_RETRY_S,
	                                         (ngtcp2_tstamp)in->now.mono_us * 1000);
}

/* The client's place when it may come in. NULL: it was told to come again, or not to. */
static struct tcp_client *admit(const struct arrival *in, const struct quic_hello *hello)
{
	struct quic_server *server = in->listener->server;
	struct addr_port client;
	size_t max = connections_max(server->pipeline);
	server->connections_max = max < QUIC_CONNECTIONS_MAX ? max : QUIC_CONNECTIONS_MAX;
	if (addr_from_sockaddr(in->peer, &client) != PF_OK || !client.port)
		return NULL;
	bool crowded = server->handshake_count >= QUIC_RETRY_FROM ||
	               server->connection_count > server->connections_max / 2;
	if (!hello->validated && crowded) {
		retry(in, &hello->header);
		return NULL;
	}
	struct tcp_client *place = NULL;
	if (server->connection_count < server->connections_max &&
	    server->handshake_count < HANDSHAKES_MAX)
		place = tcp_client_enter(&server->clients, &client.addr);
	if (!place) {
		refuse(in, &hello->header, NGTCP2_CONNECTION_REFUSED);
	} else if (!hello->validated && place->connections > QUIC_CLIENT_RETRY_FROM) {
		tcp_client_leave(&server->clients, place);
		place = NULL;
		retry(in, &hello->header);
	}
	return place;
}

static bool accept_new(const struct arrival *in, const ngtcp2_path *path)
{
	struct quic_server *server = in->listener->server;
	struct quic_hello hello;
	if (server->stopping || ngtcp2_accept(&hello.header, in->bytes, in->length))
		return false;
	if (!check_token(in, &hello)) {
		refuse(in, &hello.header, NGTCP2_INVALID_TOKEN);
		return false;
	}
	struct tcp_client *place = admit(in, &hello);
	if (!place)
		return false;
	struct quic_connection *connection =
		quic_connection_new(in->listener, &hello, path, place, in->now);
	if (!connection)
		tcp_client_leave(&server->clients, place);
	return connection;
}

static void take(const struct arrival *in, const ngtcp2_path *path)
{
	struct quic_server *server = in->listener->server;
	ngtcp2_version_cid ids;
	if (!in->length) /* libngtcp2 would not bear it */
		return;
	int error = ngtcp2_pkt_decode_version_cid(&ids, in->bytes, in->length, QUIC_ID_BYTES);
	if (error == NGTCP2_ERR_VERSION_NEGOTIATION)
		negotiate(in, &ids);
	if (error)
		return;
	bool is_long = *in->bytes & HEADER_IS_LONG;
	struct quic_id *id = quic_id_find(&server->ids, ids.dcid, ids.dcidlen);
	if (!id && is_long && accept_new(in, path))
		id = quic_id_find(&server->ids, ids.dcid, ids.dcidlen);
	if (id && id->connection->listener != in->listener)
		return;
	if (id && quic_connection_takes(id, path, is_long))
		quic_connection_receive(id, path, in->bytes, in->length, in->now);
	else if (!is_long)
		reset(in, &ids);
}

static void take_message(struct quic_listener *listener, struct mmsghdr *message, struct now now)
{
	struct msghdr *header = &message->msg_hdr;
	struct sockaddr_storage local;
	struct addr_port place = listener->address;
	struct arrival in = {.listener = listener,
	                     .bytes = header->msg_iov->iov_base,
	                     .length = message->msg_len,
	                     .peer = header->msg_name,
	                     .peer_length = header->msg_namelen,
	                     .now = now};
	if (listener->wildcard)
		packet_place_read(header, &in.to);
	if (in.to.local.family)
		place.addr = in.to.local;
	socklen_t length = addr_to_sockaddr(&place, &local);
	if (place.addr.family == 6)
		((struct sockaddr_in6 *)&local)->sin6_scope_id = in.to.interface;
	const ngtcp2_path path = {.local = {(struct sockaddr *)&local, length},
	                          .remote = {header->msg_name, header->msg_namelen}};
	take(&in, &path);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	(void)events;
	struct quic_listener *listener = poll->data;
	struct packets *in = listener->in;
	if (status < 0)
		return;
	for (int round = 0; round < PACKET_ROUNDS_MAX; round++) {
		int count = packets_receive(in, listener->fd, listener->wildcard);
		if (count <= 0)
			break;
		struct now now = clock_now();
		for (int i = 0; i < count; i++)
			take_message(listener, &in->messages[i], now);
		quic_server_flush(listener->server);
		if (count == 1) /* as for UDP: behind several there are more */
			break;
	}
}

/* ---- life -------------------------------------------------------------------------------- */

static struct quic_server *server_new(uv_loop_t *loop, struct pipeline *pipeline)
{
	struct quic_server *server = calloc(1, sizeof *server);
	if (!server)
		return NULL;
	server->loop = loop;
	server->pipeline = pipeline;
	server->clients.key = server->ids.key = pipeline->shared->key;
	random_bytes(server->retry_secret, sizeof server->retry_secret);
	return server;
}

int quic_listen(struct quic_server **out, uv_loop_t *loop, struct pipeline *pipeline,
                struct socket_pair *pair)
{
	if (!*out)
		*out = server_new(loop, pipeline);
	struct quic_server *server = *out;
	if (!server)
		return PF_ENOMEM;
	struct quic_listener *listener = &server->listeners[server->listener_count];
	*listener = (struct quic_listener){.server = server,
	                                   .fd = pair->udp,
	                                   .address = pair->address,
	                                   .wildcard = pair->wildcard,
	                                   .place = pair->place,
	                                   .places = pair->places,
	                                   .in = packets_new(),
	                                   .out = packets_new()};
	int error = !listener->in || !listener->out                     ? PF_ENOMEM
	            : uv_poll_init(loop, &listener->poll, listener->fd) ? PF_EIO
	                                                                : PF_OK;
	if (error != PF_OK) {
		free(listener->in);
		free(listener->out);
		return error;
	}
	pair->udp = -1;
	listener->poll.data = listener;
	server->listener_count++;
	return uv_poll_start(&listener->poll, UV_READABLE, on_readable) ? PF_EIO : PF_OK;
}

void quic_server_stop(struct quic_server *server)
{
	if (!server)
		return;
	server->stopping = true;
	for (size_t i = 0; i < server->listener_count; i++)
		uv_poll_stop(&server->listeners[i].poll);
}

void quic_server_close(struct quic_server *server)
{
	if (!server)
		return;
	quic_server_flush(server);
	while (server->connections)
		quic_connection_end(server->connections, DOQ_NO_ERROR);
	quic_server_flush(server);
	for (size_t i = 0; i < server->listener_count; i++) {
		uv_close((uv_handle_t *)&server->listeners[i].poll, NULL);
		close(server->listeners[i].fd);
	}
}

void quic_server_free(struct quic_server **server)
{
	struct quic_server *old = *server;
	if (!old)
		return;
	for (size_t i = 0; i < old->listener_count; i++) {
		free(old->listeners[i].in);
		free(old->listeners[i].out);
	}
	free(old);
	*server = NULL;
}
