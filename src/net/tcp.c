/* DNS over TCP, see tcp.h. A connection's memory lives until both its handles are closed and its last
 * query has come back. */
#include "net/tcp.h"

#include <stdlib.h>
#include <string.h>

#include "base/counter.h"
#include "dns/reply.h"
#include "net/http2.h"
#include "net/idle.h"
#include "net/label.h"

struct tcp_connection {
	struct stream stream;
	uv_timer_t idle;
	struct tcp_server *server;
	enum protocol protocol;
	struct tcp_connection *previous, *next;
	struct addr_port client, local;
	char label[DEVICE_LABEL_MAX];    /* what the client calls itself; "": nothing */
	bool certified;                  /* a certificate says so, and nothing else counts */
	struct tcp_client *client_place; /* among the server's; NULL: it was not let in */
	struct http2 *http2;             /* owned; NULL: messages stand in frames of their own */
	bool over;                       /* nothing more is taken from it */
	size_t pending;                  /* queries that have not been replied to */
	unsigned handles_open;
};

/* ---- closing ----------------------------------------------------------------------------- */

static void free_when_done(struct tcp_connection *connection)
{
	if (!connection->stream.closing || connection->handles_open || connection->pending)
		return;
	http2_free(&connection->http2);
	free(connection);
}

static void handle_closed(struct tcp_connection *connection)
{
	connection->handles_open--;
	free_when_done(connection);
}

static void on_stream_closed(uv_handle_t *handle)
{
	const struct stream *stream = handle->data;
	handle_closed(stream->data);
}

static void on_idle_closed(uv_handle_t *handle)
{
	handle_closed(handle->data);
}

static void close_connection(struct tcp_connection *connection)
{
	if (connection->stream.closing)
		return;
	struct tcp_server *server = connection->server;
	if (connection->previous)
		connection->previous->next = connection->next;
	else
		server->connections = connection->next;
	if (connection->next)
		connection->next->previous = connection->previous;
	server->connection_count--;
	server->handshake_count -= !connection->stream.secure;
	tcp_client_leave(&server->clients, connection->client_place);
	stream_close(&connection->stream, on_stream_closed);
	uv_close((uv_handle_t *)&connection->idle, on_idle_closed);
}

static void on_idle(uv_timer_t *timer)
{
	close_connection(timer->data);
}

/* A handshake has its time once, however often something of it comes. */
static void restart_idle(struct tcp_connection *connection)
{
	if (!connection->stream.secure)
		return;
	const struct tcp_server *server = connection->server;
	uv_timer_start(&connection->idle, on_idle,
	               idle_ms(server->connection_count, server->connections_max), 0);
}

/* A client that has sent its last query still gets all its replies. */
static void close_when_served(struct tcp_connection *connection)
{
	const struct stream *stream = &connection->stream;
	if (!stream->closing && (stream->ended || connection->over) && !connection->pending &&
	    !stream_queued(stream))
		close_connection(connection);
}

/* ---- queries and replies ----------------------------------------------------------------- */

static bool is_full(const struct tcp_connection *connection)
{
	return connection->pending >= TCP_PENDING_MAX ||
	       stream_queued(&connection->stream) >= TCP_QUEUE_BYTES_MAX;
}

/* Reads only while there is room for queries and for replies: the rest waits in the kernel, and
 * with it the client. */
static void set_reading(struct tcp_connection *connection)
{
	stream_read(&connection->stream,
	            !is_full(connection) && !connection->over && !connection->server->stopping);
}

/* Something has left, or was answered: there may be room again. */
static void go_on(struct tcp_connection *connection)
{
	if (connection->stream.closing || connection->stream.working)
		return;
	set_reading(connection);
	stream_resume(&connection->stream);
	close_when_served(connection);
}

static void reply(struct query *query, const uint8_t *bytes, size_t length)
{
	struct tcp_connection *connection = query->transport;
	uint8_t prefix[2];
	connection->pending--;
	if (connection->stream.closing) {
		free_when_done(connection);
		return;
	}
	dns_write16(prefix, (uint16_t)length);
	if (length)
		stream_write(&connection->stream, prefix, sizeof prefix, bytes, length);
	go_on(connection);
}

/* Runs a query; what answers it has `transport`. False: there is no room, and the connection was closed. */
static bool take(struct tcp_connection *connection, const char *label, const uint8_t *packet,
                 size_t length, void (*answer)(struct query *, const uint8_t *, size_t),
                 void *transport)
{
	struct pipeline *pipeline = connection->server->pipeline;
	struct query *query = pipeline_query_new(pipeline);
	if (!query) {
		close_connection(connection);
		return false;
	}
	query->client = connection->client;
	query->protocol = connection->protocol;
	query->label = label[0] ? label : NULL;
	query->reply = answer;
	query->transport = transport;
	query->listener = &connection->local;
	connection->pending++;
	restart_idle(connection);
	rcu_read_lock();
	pipeline_receive(pipeline, query, packet, length, clock_now());
	rcu_read_unlock();
	return true;
}

/* Runs the whole queries among the bytes, one after the other and never one inside the other. */
static size_t on_received(struct stream *stream, const uint8_t *bytes, size_t length)
{
	struct tcp_connection *connection = stream->data;
	size_t at = 0;
	while (length - at >= 2 && !stream->closing && !is_full(connection)) {
		size_t query_length = dns_read16(bytes + at);
		if (query_length > TCP_QUERY_BYTES_MAX) {
			close_connection(connection);
			break;
		}
		if (length - at < 2 + query_length)
			break;
		const uint8_t *packet = bytes + at + 2;
		at += 2 + query_length;
		if (!take(connection, connection->label, packet, query_length, reply, connection))
			break;
	}
	if (!stream->closing)
		set_reading(connection);
	return at;
}

/* ---- within HTTP/2 ----------------------------------------------------------------------- */

static void send_http(struct tcp_connection *connection)
{
	connection->over |= !http2_send(connection->http2);
}

static void answer_http(struct query *query, const uint8_t *bytes, size_t length)
{
	struct http2_request *request = query->transport;
	struct tcp_connection *connection = http2_owner(request);
	connection->pending--;
	http2_answer(request, bytes, length, length ? reply_max_age_s(bytes, length) : 0);
	if (connection->stream.closing) {
		free_when_done(connection);
	} else if (!connection->stream.working) {
		send_http(connection);
		go_on(connection);
	}
}

static void on_asked(void *data, struct http2_request *request, const char *label,
                     const uint8_t *message, size_t length)
{
	struct tcp_connection *connection = data;
	if (!connection->stream.closing)
		(void)take(connection, label[0] && !connection->certified ? label : connection->label,
		           message, length, answer_http, request);
}

static void on_http_bytes(void *data, const uint8_t *bytes, size_t length)
{
	struct tcp_connection *connection = data;
	stream_write(&connection->stream, NULL, 0, bytes, length);
}

static const struct http2_user http_user = {.asked = on_asked, .send = on_http_bytes};

static size_t on_http_received(struct stream *stream, const uint8_t *bytes, size_t length)
{
	struct tcp_connection *connection = stream->data;
	connection->over |= !http2_received(connection->http2, bytes, length);
	if (!stream->closing)
		send_http(connection);
	if (!stream->closing)
		set_reading(connection);
	close_when_served(connection);
	return length;
}

/* ---- what the stream tells --------------------------------------------------------------- */

static void on_secured(struct stream *stream)
{
	struct tcp_connection *connection = stream->data;
	char name[TLS_NAME_MAX];
	tls_name(stream->tls, name);
	connection->certified = tls_client(stream->tls, connection->label);
	if (!connection->certified)
		label_of_name(connection->server->pipeline, name, connection->label);
	connection->server->handshake_count--;
	restart_idle(connection);
	if (connection->protocol != PROTOCOL_HTTPS)
		return;
	connection->http2 = http2_new(&http_user, connection);
	if (connection->http2)
		send_http(connection);
	else
		close_connection(connection);
}

static void on_ended(struct stream *stream)
{
	close_when_served(stream->data);
}

static void on_written(struct stream *stream)
{
	restart_idle(stream->data);
	go_on(stream->data);
}

static void on_failed(struct stream *stream)
{
	close_connection(stream->data);
}

static const struct stream_user frames = {
	.received = on_received,
	.secured = on_secured,
	.ended = on_ended,
	.written = on_written,
	.failed = on_failed,
};
static const struct stream_user http = {
	.received = on_http_received,
	.secured = on_secured,
	.ended = on_ended,
	.written = on_written,
	.failed = on_failed,
};

/* ---- connections ------------------------------------------------------------------------- */

/* Begins to speak TLS. False: too many do. */
static bool secure(struct tcp_connection *connection)
{
	struct tcp_server *server = connection->server;
	rcu_read_lock();
	const struct snapshot *snapshot = rcu_dereference(server->pipeline->shared->snapshot);
	const char *application = connection->protocol == PROTOCOL_HTTPS ? "h2" : "dot";
	int error =
		snapshot->tls ? stream_secure(&connection->stream, snapshot->tls, application) : PF_EIO;
	rcu_read_unlock();
	if (error != PF_OK)
		return false;
	server->handshake_count++;
	uv_timer_start(&connection->idle, on_idle, handshake_ms(server->handshake_count), 0);
	return server->handshake_count <= HANDSHAKES_MAX;
}

/* False: over a limit, or gone already. */
static bool admit(struct tcp_connection *connection)
{
	struct tcp_server *server = connection->server;
	struct sockaddr_storage peer;
	int length = sizeof peer;
	if (server->stopping ||
	    uv_tcp_getpeername(&connection->stream.handle, (struct sockaddr *)&peer, &length) ||
	    addr_from_sockaddr((struct sockaddr *)&peer, &connection->client) != PF_OK)
		return false;
	struct sockaddr_storage local;
	length = sizeof local;
	if (uv_tcp_getsockname(&connection->stream.handle, (struct sockaddr *)&local, &length) ||
	    addr_from_sockaddr((struct sockaddr *)&local, &connection->local) != PF_OK)
		return false;
	server->connections_max = connections_max(server->pipeline);
	if (server->connection_count <= server->connections_max)
		connection->client_place = tcp_client_enter(&server->clients, &connection->client.addr);
	if (!connection->client_place) {
		counter_add(&server->refused, 1);
		return false;
	}
	if (protocol_is_encrypted(connection->protocol) && !secure(connection)) {
		counter_add(&server->refused, 1);
		return false;
	}
	uv_tcp_nodelay(&connection->stream.handle, 1);
	restart_idle(connection);
	set_reading(connection);
	return true;
}

static void on_connection(uv_stream_t *listener, int status)
{
	const struct tcp_listener *to = listener->data;
	struct tcp_server *server = to->server;
	struct tcp_connection *connection = status < 0 ? NULL : calloc(1, sizeof *connection);
	if (!connection)
		return;
	connection->server = server;
	connection->protocol = to->protocol;
	const struct stream_user *user = to->protocol == PROTOCOL_HTTPS ? &http : &frames;
	if (stream_init(&connection->stream, server->loop, &server->room, user, connection) != PF_OK) {
		free(connection);
		return;
	}
	uv_timer_init(server->loop, &connection->idle);
	connection->idle.data = connection;
	connection->handles_open = 2;
	connection->next = server->connections;
	if (connection->next)
		connection->next->previous = connection;
	server->connections = connection;
	server->connection_count++;
	if (uv_accept(listener, (uv_stream_t *)&connection->stream.handle) || !admit(connection))
		close_connection(connection);
}

void tcp_server_init(struct tcp_server *server, uv_loop_t *loop, struct pipeline *pipeline)
{
	*server = (struct tcp_server){.loop = loop,
	                              .pipeline = pipeline,
	                              .clients.key = pipeline->shared->key};
}

int tcp_listen(struct tcp_server *server, struct socket_pair *pair)
{
	struct tcp_listener *listener = &server->listeners[server->listener_count];
	if (uv_tcp_init(server->loop, &listener->handle))
		return PF_EIO;
	listener->handle.data = listener;
	listener->server = server;
	listener->protocol = protocol_is_encrypted(pair->protocol) ? pair->protocol : PROTOCOL_TCP;
	server->listener_count++;
	if (uv_tcp_open(&listener->handle, pair->tcp))
		return PF_EIO;
	pair->tcp = -1;
	return uv_listen((uv_stream_t *)&listener->handle, SOMAXCONN, on_connection) ? PF_EIO : PF_OK;
}

void tcp_server_stop(struct tcp_server *server)
{
	server->stopping = true;
	for (size_t i = 0; i < server->listener_count; i++)
		uv_close((uv_handle_t *)&server->listeners[i].handle, NULL);
	for (struct tcp_connection *c = server->connections; c; c = c->next)
		set_reading(c);
}

void tcp_server_close(struct tcp_server *server)
{
	while (server->connections)
		close_connection(server->connections);
}
