/* One connection of QUIC, see quic_connection.h. When it is over it is forgotten at once: what still comes for it is
 * answered with a stateless reset, which costs nothing to keep (RFC 9000, 10.2 lets a server do so). */
#define _GNU_SOURCE /* struct mmsghdr */
#include "net/quic_connection.h"

#include <stdlib.h>
#include <string.h>

#include "net/idle.h"
#include "net/label.h"

/* Of QUIC's own timer; ours, by which idle connections end with a word, comes before it. */
#define SILENCE_NS (UINT64_C(3) * IDLE_MS * QUIC_NS_PER_MS)

/* ---- closing ----------------------------------------------------------------------------- */

void quic_connection_free_when_done(struct quic_connection *connection)
{
	if (!connection->quic && !connection->timer_open && !connection->pending && !connection->marked)
		free(connection);
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct quic_connection *connection = handle->data;
	connection->timer_open = false;
	quic_connection_free_when_done(connection);
}

/* In silence. */
static void drop(struct quic_connection *connection)
{
	struct quic_server *server = connection->server;
	if (connection->previous)
		connection->previous->next = connection->next;
	else
		server->connections = connection->next;
	if (connection->next)
		connection->next->previous = connection->previous;
	server->connection_count--;
	server->handshake_count -= !connection->secured;
	tcp_client_leave(&server->clients, connection->client_place);
	quic_ids_forget(&server->ids, &connection->ids);
	ngtcp2_conn_del(connection->quic);
	connection->quic = NULL;
	tls_quic_free(&connection->tls);
	quic_streams_close(connection);
	uv_close((uv_handle_t *)&connection->timer, on_timer_closed);
}

/* To where the connection is at home now. */
static void send_on(struct quic_connection *connection, const ngtcp2_path *path, size_t length)
{
	struct packet_place from = {.interface = 0};
	struct addr_port local;
	if (connection->listener->wildcard && addr_from_sockaddr(path->local.addr, &local) == PF_OK) {
		from.local = local.addr;
		if (local.addr.family == 6) {
			struct sockaddr_in6 with_scope;
			memcpy(&with_scope, path->local.addr, sizeof with_scope);
			from.interface = with_scope.sin6_scope_id;
		}
	}
	quic_send(connection->listener, length, path->remote.addr, path->remote.addrlen, &from);
}

static void end_with(struct quic_connection *connection, const ngtcp2_connection_close_error *error)
{
	ngtcp2_path_storage path;
	ngtcp2_pkt_info info;
	ngtcp2_path_storage_zero(&path);
	ngtcp2_ssize length =
		ngtcp2_conn_write_connection_close(connection->quic, &path.path, &info,
	                                       quic_slot(connection->listener), QUIC_DATAGRAM_BYTES,
	                                       error, quic_stamp(clock_now()));
	if (length > 0)
		send_on(connection, &path.path, (size_t)length);
	drop(connection);
}

void quic_connection_end(struct quic_connection *connection, enum doq_error code)
{
	ngtcp2_connection_close_error error;
	ngtcp2_connection_close_error_set_application_error(&error, code, NULL, 0);
	end_with(connection, &error);
}

/* libngtcp2 has said that it can not go on. */
static void fail(struct quic_connection *connection, int reason)
{
	ngtcp2_connection_close_error error;
	if (quic_farewell(connection->quic, reason, connection->broken, &error))
		end_with(connection, &error);
	else
		drop(connection);
}

/* ---- what libngtcp2 asks and tells ------------------------------------------------------- */

static ngtcp2_conn *get_quic(ngtcp2_crypto_conn_ref *reference)
{
	return ((struct quic_connection *)reference->user_data)->quic;
}

static void fill_random(uint8_t *bytes, size_t length, const ngtcp2_rand_ctx *context)
{
	struct quic_server *server = context->native_handle;
	random_pool_take(&server->random, bytes, length);
}

static int make_id(ngtcp2_conn *quic, ngtcp2_cid *id, uint8_t *token, size_t length, void *data)
{
	(void)quic, (void)length;
	struct quic_connection *connection = data;
	struct quic_server *server = connection->server;
	quic_make_id(connection->listener, id);
	bool made = quic_reset_token(server, id, token) &&
	            quic_id_add(&server->ids, connection, &connection->ids, id->data, id->datalen);
	return made ? 0 : NGTCP2_ERR_CALLBACK_FAILURE;
}

static int retire_id(ngtcp2_conn *quic, const ngtcp2_cid *id, void *data)
{
	(void)quic;
	struct quic_connection *connection = data;
	quic_id_retire(&connection->server->ids, &connection->ids, id->data, id->datalen);
	return 0;
}

static int on_secured(ngtcp2_conn *quic, void *data)
{
	struct quic_connection *connection = data;
	char name[TLS_NAME_MAX];
	int error = quic_check_application(quic, connection->tls);
	if (error)
		return error;
	tls_quic_name(connection->tls, name);
	if (!tls_quic_client(connection->tls, connection->label))
		label_of_name(connection->server->pipeline, name, connection->label);
	connection->secured = true;
	connection->server->handshake_count--;
	tls_quic_send_ticket(connection->tls);
	return 0;
}

static int on_path(ngtcp2_conn *quic, uint32_t flags, const ngtcp2_path *path,
                   ngtcp2_path_validation_result result, void *data)
{
	(void)quic, (void)flags;
	struct quic_connection *connection = data;
	if (result == NGTCP2_PATH_VALIDATION_RESULT_SUCCESS)
		(void)!addr_from_sockaddr(path->remote.addr, &connection->validated);
	return 0;
}

static const ngtcp2_callbacks callbacks_of_quic = {
	.recv_client_initial = ngtcp2_crypto_recv_client_initial_cb,
	.handshake_completed = on_secured,
	.rand = fill_random,
	.get_new_connection_id = make_id,
	.remove_connection_id = retire_id,
	.path_validation = on_path,
};

/* ---- life -------------------------------------------------------------------------------- */

static bool make_quic(struct quic_connection *connection, const struct quic_hello *hello,
                      const ngtcp2_path *path, struct now now)
{
	struct quic_server *server = connection->server;
	ngtcp2_callbacks callbacks = callbacks_of_quic;
	ngtcp2_settings settings;
	ngtcp2_transport_params params;
	ngtcp2_cid id;
	quic_call_crypto(&callbacks);
	quic_call_mover(&callbacks);
	quic_streams_call(&callbacks);
	ngtcp2_settings_default(&settings);
	settings.initial_ts = quic_stamp(now);
	settings.rand_ctx.native_handle = server;
	settings.handshake_timeout = handshake_ms(server->handshake_count) * QUIC_NS_PER_MS;
	ngtcp2_transport_params_default(&params);
	params.initial_max_stream_data_bidi_remote = 2 + DOQ_QUERY_BYTES_MAX;
	params.initial_max_data = QUIC_UNREAD_BYTES_MAX;
	params.initial_max_streams_bidi = QUIC_STREAMS_MAX;
	params.max_idle_timeout = SILENCE_NS;
	params.max_udp_payload_size = PACKET_BYTES;
	params.active_connection_id_limit = QUIC_IDS_MAX;
	params.original_dcid = hello->first;
	if (hello->validated) {
		settings.token = hello->header.token;
		params.retry_scid = hello->header.dcid;
		params.retry_scid_present = 1;
	}
	quic_make_id(connection->listener, &id);
	params.stateless_reset_token_present = 1;
	return quic_reset_token(server, &id, params.stateless_reset_token) &&
	       quic_id_add(&server->ids, connection, &connection->ids, id.data, id.datalen) &&
	       quic_id_add(&server->ids, connection, &connection->ids, hello->header.dcid.data,
	                   hello->header.dcid.datalen) &&
	       !ngtcp2_conn_server_new(&connection->quic, &hello->header.scid, &id, path,
	                               hello->header.version, &callbacks, &settings, &params, NULL,
	                               connection);
}

/* With what the snapshot shows at this moment; the connection keeps it. */
static bool make_tls(struct quic_connection *connection)
{
	const ngtcp2_crypto_conn_ref reference = {.get_conn = get_quic, .user_data = connection};
	rcu_read_lock();
	const struct snapshot *snapshot =
		rcu_dereference(connection->server->pipeline->shared->snapshot);
	if (snapshot->tls)
		connection->tls = tls_quic_accept(snapshot->tls, DOQ_APPLICATION, &reference);
	rcu_read_unlock();
	return connection->tls;
}

struct quic_connection *quic_connection_new(struct quic_listener *listener,
                                            const struct quic_hello *hello, const ngtcp2_path *path,
                                            struct tcp_client *place, struct now now)
{
	struct quic_server *server = listener->server;
	struct quic_connection *connection = calloc(1, sizeof *connection);
	if (!connection)
		return NULL;
	connection->server = server;
	connection->listener = listener;
	connection->active_us = now.mono_us;
	if (addr_from_sockaddr(path->remote.addr, &connection->client) != PF_OK ||
	    !make_tls(connection) || !make_quic(connection, hello, path, now)) {
		tls_quic_free(&connection->tls);
		quic_ids_forget(&server->ids, &connection->ids);
		free(connection);
		return NULL;
	}
	ngtcp2_conn_set_tls_native_handle(connection->quic, tls_quic_handle(connection->tls));
	connection->client_place = place;
	uv_timer_init(server->loop, &connection->timer);
	connection->timer.data = connection;
	connection->timer_open = true;
	connection->next = server->connections;
	if (connection->next)
		connection->next->previous = connection;
	server->connections = connection;
	server->connection_count++;
	server->handshake_count++;
	return connection;
}

/* ---- in ---------------------------------------------------------------------------------- */

/* The client is somewhere else, and has shown that it can be reached there: from now on that is who asks. False: too many
 * are there. */
static bool follow(struct quic_connection *connection)
{
	struct quic_server *server = connection->server;
	struct addr_port now_at;
	const ngtcp2_path *path = ngtcp2_conn_get_path(connection->quic);
	if (!connection->validated.addr.family ||
	    addr_from_sockaddr(path->remote.addr, &now_at) != PF_OK ||
	    now_at.port != connection->validated.port ||
	    !addr_equal(&now_at.addr, &connection->validated.addr))
		return true;
	if (!addr_equal(&now_at.addr, &connection->client.addr)) {
		tcp_client_leave(&server->clients, connection->client_place);
		connection->client_place = tcp_client_enter(&server->clients, &now_at.addr);
	}
	connection->client = now_at;
	connection->validated = (struct addr_port){0};
	return connection->client_place;
}

/* A client may go on from another address as often as it likes, within limits: with another id, as RFC 9000 (9.5) wants it of one that
 * does so knowingly, or with the same, when its NAT does so. But not the one after the other: libngtcp2 then retires an id twice
 * (ngtcp2#2286), which ends the connection, or the process. So such a client hears that nobody knows it, and comes back at once. */
bool quic_connection_takes(const struct quic_id *id, const ngtcp2_path *path, bool is_long)
{
	struct quic_connection *connection = id->connection;
	const ngtcp2_cid *rebound = &connection->rebound;
	if (ngtcp2_path_eq(ngtcp2_conn_get_path(connection->quic), path))
		return true;
	if (is_long || connection->moves == QUIC_MOVES_MAX)
		return false;
	return !rebound->datalen ||
	       (rebound->datalen == id->length && !memcmp(rebound->data, id->bytes, id->length));
}

void quic_connection_receive(struct quic_id *id, const ngtcp2_path *path, const uint8_t *bytes,
                             size_t length, struct now now)
{
	struct quic_connection *connection = id->connection;
	ngtcp2_pkt_info info = {0};
	ngtcp2_cid with, to = *ngtcp2_conn_get_dcid(connection->quic);
	ngtcp2_cid_init(&with, id->bytes, id->length); /* `id` itself may be retired within */
	bool elsewhere = !ngtcp2_path_eq(ngtcp2_conn_get_path(connection->quic), path);
	int error = ngtcp2_conn_read_pkt(connection->quic, path, &info, bytes, length, quic_stamp(now));
	if (!error && elsewhere && ngtcp2_path_eq(ngtcp2_conn_get_path(connection->quic), path)) {
		connection->moves++;
		if (ngtcp2_cid_eq(&to, ngtcp2_conn_get_dcid(connection->quic)))
			connection->rebound = with;
	}
	if (error)
		fail(connection, error);
	else if (!follow(connection))
		quic_connection_end(connection, DOQ_EXCESSIVE_LOAD);
	else
		quic_connection_mark(connection);
}

/* ---- out --------------------------------------------------------------------------------- */

void quic_connection_mark(struct quic_connection *connection)
{
	struct quic_server *server = connection->server;
	if (connection->marked)
		return;
	connection->marked = true;
	connection->next_marked = server->marked;
	server->marked = connection;
}

/* When QUIC wants to be asked again, or when the connection has been idle long enough. */
static void set_timer(struct quic_connection *connection, struct now now);

static void on_timer(uv_timer_t *timer)
{
	struct quic_connection *connection = timer->data;
	const struct quic_server *server = connection->server;
	struct now now = clock_now();
	int error = ngtcp2_conn_handle_expiry(connection->quic, quic_stamp(now));
	uint64_t idle_us = idle_ms(server->connection_count, server->connections_max) * 1000;
	if (error)
		fail(connection, error);
	else if (connection->secured && !connection->pending && !connection->out_bytes &&
	         (uint64_t)(now.mono_us - connection->active_us) >= idle_us)
		quic_connection_end(connection, DOQ_NO_ERROR);
	else
		quic_connection_mark(connection);
}

static void set_timer(struct quic_connection *connection, struct now now)
{
	const struct quic_server *server = connection->server;
	uint64_t idle = idle_ms(server->connection_count, server->connections_max) * QUIC_NS_PER_MS;
	ngtcp2_tstamp idle_at = (ngtcp2_tstamp)connection->active_us * 1000 + idle;
	if (!connection->secured)
		idle_at = UINT64_MAX;
	else if (idle_at < quic_stamp(now)) /* something is under way */
		idle_at = quic_stamp(now) + idle;
	uv_timer_start(&connection->timer, on_timer, quic_wait_ms(connection->quic, idle_at, now), 0);
}

void quic_connection_serve(struct quic_connection *connection, struct now now)
{
	ngtcp2_path_storage path;
	ngtcp2_ssize length = 1;
	ngtcp2_path_storage_zero(&path);
	for (int i = 0; i < QUIC_SENT_MAX && length > 0; i++) {
		length = quic_write(connection->quic, &path.path, quic_slot(connection->listener),
		                    quic_stream_next, connection, quic_stamp(now));
		if (length > 0)
			send_on(connection, &path.path, (size_t)length);
	}
	if (length < 0) {
		fail(connection, (int)length);
		return;
	}
	ngtcp2_conn_update_pkt_tx_time(connection->quic, quic_stamp(now));
	set_timer(connection, now);
}
