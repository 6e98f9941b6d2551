/* DNS over TCP, see tcp.h. A connection's memory lives until both its handles are closed and its last
 * query has come back. */
#include "net/tcp.h"

#include <stdlib.h>
#include <string.h>

#include "base/counter.h"

struct tcp_connection {
	uv_tcp_t handle;
	uv_timer_t idle;
	struct tcp_server *server;
	struct tcp_connection *previous, *next;
	struct addr_port client, local;
	size_t pending; /* queries that have not been replied to */
	unsigned handles_open;
	bool closing, ended; /* ended: the client will send no more */
	bool reading,
		working; /* working: in the loop over the buffer; replies must not start it again */
	size_t in_length;
	uint8_t in[TCP_IN_BYTES];
};

/* A reply that could not be written at once. */
struct tcp_reply {
	uv_write_t request;
	uint8_t bytes[];
};

static void work(struct tcp_connection *connection);

/* ---- closing ----------------------------------------------------------------------------- */

static void free_when_done(struct tcp_connection *connection)
{
	if (connection->closing && !connection->handles_open && !connection->pending)
		free(connection);
}

static void on_closed(uv_handle_t *handle)
{
	struct tcp_connection *connection = handle->data;
	connection->handles_open--;
	free_when_done(connection);
}

static void close_connection(struct tcp_connection *connection)
{
	if (connection->closing)
		return;
	connection->closing = true;
	struct tcp_server *server = connection->server;
	if (connection->previous)
		connection->previous->next = connection->next;
	else
		server->connections = connection->next;
	if (connection->next)
		connection->next->previous = connection->previous;
	server->connection_count--;
	uv_close((uv_handle_t *)&connection->handle, on_closed);
	uv_close((uv_handle_t *)&connection->idle, on_closed);
}

static void on_idle(uv_timer_t *timer)
{
	close_connection(timer->data);
}

/* Under pressure whoever is idle goes sooner. */
static void restart_idle(struct tcp_connection *connection)
{
	size_t count = connection->server->connection_count;
	uint64_t idle_ms = count > TCP_CONNECTIONS_MAX / 4 * 3 ? TCP_IDLE_LEAST_MS
	                   : count > TCP_CONNECTIONS_MAX / 2   ? TCP_IDLE_SHORT_MS
	                                                       : TCP_IDLE_MS;
	uv_timer_start(&connection->idle, on_idle, idle_ms, 0);
}

static size_t queued_bytes(const struct tcp_connection *connection)
{
	return uv_stream_get_write_queue_size((const uv_stream_t *)&connection->handle);
}

/* A client that has sent its last query still gets all its replies. */
static void close_when_served(struct tcp_connection *connection)
{
	if (connection->ended && !connection->pending && !queued_bytes(connection))
		close_connection(connection);
}

/* ---- replies ----------------------------------------------------------------------------- */

static void on_written(uv_write_t *request, int status)
{
	struct tcp_connection *connection = request->data;
	free(request);
	if (connection->closing)
		return;
	if (status < 0) {
		close_connection(connection);
		return;
	}
	restart_idle(connection);
	work(connection);
	close_when_served(connection);
}

static void write_later(struct tcp_connection *connection, const uint8_t *bytes, size_t length)
{
	struct tcp_reply *reply = malloc(sizeof *reply + length);
	if (!reply) {
		close_connection(connection);
		return;
	}
	memcpy(reply->bytes, bytes, length);
	reply->request.data = connection;
	uv_buf_t buffer = uv_buf_init((char *)reply->bytes, (unsigned)length);
	if (uv_write(&reply->request, (uv_stream_t *)&connection->handle, &buffer, 1, on_written)) {
		free(reply);
		close_connection(connection);
	}
}

static void write_message(struct tcp_connection *connection, const uint8_t *bytes, size_t length)
{
	uint8_t prefix[2];
	dns_write16(prefix, (uint16_t)length);
	int written = 0;
	if (!queued_bytes(connection)) {
		uv_buf_t buffers[2] = {uv_buf_init((char *)prefix, 2),
		                       uv_buf_init((char *)bytes, (unsigned)length)};
		written = uv_try_write((uv_stream_t *)&connection->handle, buffers, 2);
		if (written == UV_EAGAIN)
			written = 0;
		if (written < 0) {
			close_connection(connection);
			return;
		}
	}
	if (written < 2) {
		write_later(connection, prefix + written, (size_t)(2 - written));
		written = 2;
	}
	size_t sent = (size_t)written - 2;
	if (sent < length && !connection->closing)
		write_later(connection, bytes + sent, length - sent);
}

static void reply(struct query *query, const uint8_t *bytes, size_t length)
{
	struct tcp_connection *connection = query->transport;
	connection->pending--;
	if (connection->closing) {
		free_when_done(connection);
		return;
	}
	if (length)
		write_message(connection, bytes, length);
	if (connection->closing || connection->working)
		return;
	work(connection);
	close_when_served(connection);
}

/* ---- queries ----------------------------------------------------------------------------- */

static bool is_full(const struct tcp_connection *connection)
{
	return connection->pending >= TCP_PENDING_MAX ||
	       queued_bytes(connection) >= TCP_QUEUE_BYTES_MAX;
}

static void take(struct tcp_connection *connection, const uint8_t *packet, size_t length)
{
	struct pipeline *pipeline = connection->server->pipeline;
	struct query *query = pipeline_query_new(pipeline);
	if (!query) {
		close_connection(connection);
		return;
	}
	query->client = connection->client;
	query->reply = reply;
	query->transport = connection;
	query->listener = &connection->local;
	connection->pending++;
	restart_idle(connection);
	rcu_read_lock();
	pipeline_receive(pipeline, query, packet, length, clock_now());
	rcu_read_unlock();
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	(void)suggested;
	struct tcp_connection *connection = handle->data;
	*buffer = uv_buf_init((char *)connection->in + connection->in_length,
	                      (unsigned)(TCP_IN_BYTES - connection->in_length));
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
	(void)buffer;
	struct tcp_connection *connection = stream->data;
	if (count == UV_EOF) {
		connection->ended = true;
		connection->reading = false;
		uv_read_stop(stream);
		close_when_served(connection);
	} else if (count < 0) {
		close_connection(connection);
	} else {
		connection->in_length += (size_t)count;
		work(connection);
		close_when_served(connection);
	}
}

/* Reads only while there is room for queries and for replies: the rest waits in the kernel, and
 * with it the client. */
static void set_reading(struct tcp_connection *connection)
{
	bool wanted = !is_full(connection) && !connection->ended && !connection->server->stopping;
	if (wanted == connection->reading)
		return;
	connection->reading = wanted;
	if (!wanted)
		uv_read_stop((uv_stream_t *)&connection->handle);
	else if (uv_read_start((uv_stream_t *)&connection->handle, on_alloc, on_read))
		close_connection(connection);
}

/* Runs the whole queries in the buffer, one after the other and never one inside the other. */
static void work(struct tcp_connection *connection)
{
	size_t at = 0;
	if (connection->closing)
		return;
	connection->working = true;
	while (connection->in_length - at >= 2 && !connection->closing && !is_full(connection)) {
		size_t length = dns_read16(connection->in + at);
		if (length > TCP_QUERY_BYTES_MAX) {
			close_connection(connection);
			break;
		}
		if (connection->in_length - at < 2 + length)
			break;
		const uint8_t *packet = connection->in + at + 2;
		at += 2 + length;
		take(connection, packet, length);
	}
	connection->working = false;
	if (connection->closing)
		return;
	memmove(connection->in, connection->in + at, connection->in_length - at);
	connection->in_length -= at;
	set_reading(connection);
}

/* ---- connections ------------------------------------------------------------------------- */

static bool client_has_room(const struct tcp_server *server, const struct addr *client)
{
	size_t count = 0;
	for (const struct tcp_connection *c = server->connections; c; c = c->next)
		count += addr_equal(&c->client.addr, client);
	return count <= TCP_CLIENT_CONNECTIONS_MAX; /* the new one is in the list already */
}

/* False: over a limit, or gone already. */
static bool admit(struct tcp_connection *connection)
{
	struct tcp_server *server = connection->server;
	struct sockaddr_storage peer;
	int length = sizeof peer;
	if (server->stopping ||
	    uv_tcp_getpeername(&connection->handle, (struct sockaddr *)&peer, &length) ||
	    addr_from_sockaddr((struct sockaddr *)&peer, &connection->client) != PF_OK)
		return false;
	struct sockaddr_storage local;
	length = sizeof local;
	if (uv_tcp_getsockname(&connection->handle, (struct sockaddr *)&local, &length) ||
	    addr_from_sockaddr((struct sockaddr *)&local, &connection->local) != PF_OK)
		return false;
	if (server->connection_count > TCP_CONNECTIONS_MAX ||
	    !client_has_room(server, &connection->client.addr)) {
		counter_add(&server->refused, 1);
		return false;
	}
	uv_tcp_nodelay(&connection->handle, 1);
	restart_idle(connection);
	set_reading(connection);
	return true;
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct tcp_server *server = listener->data;
	struct tcp_connection *connection = status < 0 ? NULL : calloc(1, sizeof *connection);
	if (!connection)
		return;
	connection->server = server;
	uv_tcp_init(server->loop, &connection->handle);
	uv_timer_init(server->loop, &connection->idle);
	connection->handle.data = connection->idle.data = connection;
	connection->handles_open = 2;
	connection->next = server->connections;
	if (connection->next)
		connection->next->previous = connection;
	server->connections = connection;
	server->connection_count++;
	if (uv_accept(listener, (uv_stream_t *)&connection->handle) || !admit(connection))
		close_connection(connection);
}

void tcp_server_init(struct tcp_server *server, uv_loop_t *loop, struct pipeline *pipeline)
{
	*server = (struct tcp_server){.loop = loop, .pipeline = pipeline};
}

int tcp_listen(struct tcp_server *server, struct socket_pair *pair)
{
	uv_tcp_t *listener = &server->listeners[server->listener_count];
	if (uv_tcp_init(server->loop, listener))
		return PF_EIO;
	listener->data = server;
	server->listener_count++;
	if (uv_tcp_open(listener, pair->tcp))
		return PF_EIO;
	pair->tcp = -1;
	return uv_listen((uv_stream_t *)listener, SOMAXCONN, on_connection) ? PF_EIO : PF_OK;
}

void tcp_server_stop(struct tcp_server *server)
{
	server->stopping = true;
	for (size_t i = 0; i < server->listener_count; i++)
		uv_close((uv_handle_t *)&server->listeners[i], NULL);
	for (struct tcp_connection *c = server->connections; c; c = c->next)
		set_reading(c);
}

void tcp_server_close(struct tcp_server *server)
{
	while (server->connections)
		close_connection(server->connections);
}
