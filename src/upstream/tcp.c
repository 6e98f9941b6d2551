/* The try over TCP: connect, one question, its answer (RFC 7766). It is used when the answer over UDP
 * was truncated or somebody was guessing ids. */
#include <stdlib.h>
#include <string.h>

#include "base/counter.h"
#include "base/hash.h"
#include "upstream/exchange.h"

static void on_closed(uv_handle_t *handle)
{
	struct tcp_try *try = handle->data;
	struct exchange *exchange = try->exchange;
	free(try);
	exchange_tcp_closed(exchange);
}

void tcp_try_close(struct exchange *exchange)
{
	struct tcp_try *try = exchange->tcp;
	if (!try)
		return;
	exchange->tcp = NULL;
	exchange->tcp_closing = true;
	uv_close((uv_handle_t *)&try->handle, on_closed);
}

static void fail(struct tcp_try *try)
{
	struct exchange *exchange = try->exchange;
	struct peer peer = try->peer;
	tcp_try_close(exchange);
	exchange_failed(exchange, &peer);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	(void)suggested;
	struct tcp_try *try = handle->data;
	*buffer =
		uv_buf_init((char *)try->in + try->in_length, (unsigned)(sizeof try->in - try->in_length));
}

/* Takes whole messages out of the buffer. True when one was the answer: the try is gone then. */
static bool take_messages(struct tcp_try *try)
{
	while (try->in_length >= 2) {
		size_t length = dns_read16(try->in), used = 2 + length;
		if (try->in_length < used)
			return false;
		struct exchange *exchange = try->exchange;
		struct answer *answer = NULL;
		if (answer_match(try->in + 2, length, &exchange->query, try->id) == ANSWER_MATCHES &&
		    exchange_read(exchange, &try->peer, try->in + 2, length, &answer) == PF_OK) {
			struct peer peer = try->peer;
			if (try->trip)
				forward_trip_arrived(try->trip, try->in + 2, length);
			tcp_try_close(exchange);
			exchange_received(exchange, &peer, answer);
			return true;
		}
		struct server *server = upstream_server(exchange, &try->peer);
		if (server)
			counter_add(&server->stats.junk, 1);
		memmove(try->in, try->in + used, try->in_length - used);
		try->in_length -= used;
	}
	return false;
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
	(void)buffer;
	struct tcp_try *try = stream->data;
	if (count > 0) {
		try->in_length += (size_t)count;
		take_messages(try);
	} else if (count < 0) {
		fail(try);
	}
}

static void on_written(uv_write_t *request, int status)
{
	struct tcp_try *try = request->data;
	if (status < 0 && !uv_is_closing((uv_handle_t *)&try->handle))
		fail(try);
}

static void trace(struct tcp_try *try)
{
	struct sockaddr_storage local;
	int length = sizeof local;
	struct addr_port ours;
	try->trip = forward_trip_add(&try->exchange->trips, &try->peer.address, try->out + 2,
	                             try->out_length - 2);
	if (!try->trip)
		return;
	try->trip->protocol = PROTOCOL_TCP;
	if (!uv_tcp_getsockname(&try->handle, (struct sockaddr *)&local, &length) &&
	    addr_from_sockaddr((struct sockaddr *)&local, &ours) == PF_OK)
		try->trip->port = ours.port;
}

static void on_connected(uv_connect_t *request, int status)
{
	struct tcp_try *try = request->data;
	if (uv_is_closing((uv_handle_t *)&try->handle))
		return;
	if (status < 0) {
		fail(try);
		return;
	}
	if (try->exchange->upstream->base.traced)
		trace(try);
	uv_buf_t out = uv_buf_init((char *)try->out, (unsigned)try->out_length);
	try->write.data = try;
	if (uv_write(&try->write, (uv_stream_t *)&try->handle, &out, 1, on_written) ||
	    uv_read_start((uv_stream_t *)&try->handle, on_alloc, on_read))
		fail(try);
}

int tcp_try_start(struct exchange *exchange, const struct peer *peer)
{
	if (exchange->tcp_used)
		return PF_ECONFLICT;
	struct tcp_try *try = calloc(1, sizeof *try);
	if (!try)
		return PF_ENOMEM;
	if (uv_tcp_init(exchange->upstream->loop, &try->handle)) {
		free(try);
		return PF_EIO;
	}
	exchange->tcp_used = true;
	exchange->tcp = try;
	try->handle.data = try->connect.data = try;
	try->exchange = exchange;
	try->peer = *peer;
	random_bytes(&try->id, sizeof try->id);
	const struct server *server = upstream_server(exchange, peer);
	const struct query_dress dress = {.subnet = server ? &server->stats.target.subnet : NULL};
	size_t length = dns_query_write(try->out + 2, &exchange->query, try->id, &dress);
	dns_write16(try->out, (uint16_t)length);
	try->out_length = length + 2;
	struct sockaddr_storage address;
	addr_to_sockaddr(&peer->address, &address);
	if (uv_tcp_connect(&try->connect, &try->handle, (struct sockaddr *)&address, on_connected)) {
		tcp_try_close(exchange);
		return PF_EIO;
	}
	return PF_OK;
}
