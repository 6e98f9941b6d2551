/* Queries and replies in the streams of QUIC, see quic_connection.h: one query a stream, which both sides end. */
#define _GNU_SOURCE /* struct mmsghdr */
#include <stdlib.h>
#include <string.h>

#include "net/quic_connection.h"

static struct quic_connection *connection_of(void *data)
{
	return data;
}

/* ---- life -------------------------------------------------------------------------------- */

/* Closed and answered: the client may open another. */
static void free_stream(struct quic_stream *stream)
{
	struct quic_connection *connection = stream->connection;
	connection->out_bytes -= stream->out.bytes ? stream->out.length : 0;
	if (connection->quic)
		ngtcp2_conn_extend_max_streams_bidi(connection->quic, 1);
	doq_free(&stream->in);
	free(stream->out.bytes);
	free(stream);
}

static void unlink_stream(struct quic_stream *stream)
{
	if (stream->previous)
		stream->previous->next = stream->next;
	else
		stream->connection->streams = stream->next;
	if (stream->next)
		stream->next->previous = stream->previous;
	stream->closed = true;
	if (!stream->asked)
		free_stream(stream);
}

void quic_streams_close(struct quic_connection *connection)
{
	while (connection->streams)
		unlink_stream(connection->streams);
}

static int on_open(ngtcp2_conn *quic, int64_t id, void *data)
{
	struct quic_connection *connection = connection_of(data);
	struct quic_stream *stream = calloc(1, sizeof *stream);
	if (!stream)
		return NGTCP2_ERR_CALLBACK_FAILURE;
	stream->connection = connection;
	stream->out.stream = id;
	stream->next = connection->streams;
	if (stream->next)
		stream->next->previous = stream;
	connection->streams = stream;
	return ngtcp2_conn_set_stream_user_data(quic, id, stream) ? NGTCP2_ERR_CALLBACK_FAILURE : 0;
}

/* What it has sent is used up: it may send as much again, in other streams. */
static void release(struct quic_stream *stream)
{
	ngtcp2_conn_extend_max_offset(stream->connection->quic, stream->held);
	stream->held = 0;
	doq_free(&stream->in);
}

static int on_close(ngtcp2_conn *quic, uint32_t flags, int64_t id, uint64_t code, void *data,
                    void *stream_data)
{
	(void)quic, (void)flags, (void)id, (void)code, (void)data;
	struct quic_stream *stream = stream_data;
	if (!stream)
		return 0;
	release(stream);
	unlink_stream(stream);
	return 0;
}

/* Neither side goes on with this one. */
static void refuse(struct quic_stream *stream, enum doq_error error)
{
	stream->ended = stream->refused = true;
	(void)ngtcp2_conn_shutdown_stream(stream->connection->quic, stream->out.stream, error);
}

/* ---- replies ----------------------------------------------------------------------------- */

static void queue(struct quic_stream *stream, const uint8_t *bytes, size_t length)
{
	struct quic_connection *connection = stream->connection;
	if (connection->out_bytes + 2 + length > QUIC_QUEUE_BYTES_MAX) {
		refuse(stream, DOQ_EXCESSIVE_LOAD);
		return;
	}
	uint8_t *framed = malloc(2 + length);
	if (!framed) {
		refuse(stream, DOQ_INTERNAL_ERROR);
		return;
	}
	dns_write16(framed, (uint16_t)length);
	memcpy(framed + 2, bytes, length);
	stream->out.bytes = framed;
	stream->out.length = 2 + length;
	connection->out_bytes += stream->out.length;
}

static void reply(struct query *query, const uint8_t *bytes, size_t length)
{
	struct quic_stream *stream = query->transport;
	struct quic_connection *connection = stream->connection;
	connection->pending--;
	stream->asked = false;
	if (stream->closed)
		free_stream(stream);
	else if (!length)
		refuse(stream, DOQ_INTERNAL_ERROR);
	else if (!stream->refused)
		queue(stream, bytes, length);
	if (connection->quic)
		quic_connection_mark(connection);
	else
		quic_connection_free_when_done(connection);
}

struct quic_out *quic_stream_next(void *data)
{
	struct quic_stream *stream = connection_of(data)->streams;
	while (stream && (stream->refused || !quic_out_waits(&stream->out)))
		stream = stream->next;
	return stream ? &stream->out : NULL;
}

static int on_room(ngtcp2_conn *quic, int64_t id, uint64_t max, void *data, void *stream_data)
{
	(void)quic, (void)id, (void)max, (void)data;
	struct quic_stream *stream = stream_data;
	if (stream)
		stream->out.blocked = false;
	return 0;
}

/* ---- queries ----------------------------------------------------------------------------- */

static void ask(struct quic_stream *stream)
{
	struct quic_connection *connection = stream->connection;
	struct pipeline *pipeline = connection->server->pipeline;
	struct query *query = pipeline_query_new(pipeline);
	struct now now = clock_now();
	connection->active_us = now.mono_us;
	if (!query) {
		refuse(stream, DOQ_EXCESSIVE_LOAD);
		return;
	}
	query->client = connection->client;
	query->protocol = PROTOCOL_QUIC;
	query->label = connection->label[0] ? connection->label : NULL;
	query->reply = reply;
	query->transport = stream;
	query->listener = &connection->listener->address;
	connection->pending++;
	stream->asked = true;
	rcu_read_lock();
	pipeline_receive(pipeline, query, stream->in.bytes, stream->in.length, now);
	rcu_read_unlock();
}

static int on_bytes(ngtcp2_conn *quic, uint32_t flags, int64_t id, uint64_t offset,
                    const uint8_t *bytes, size_t length, void *data, void *stream_data)
{
	(void)quic, (void)id, (void)offset;
	struct quic_connection *connection = connection_of(data);
	struct quic_stream *stream = stream_data;
	if (!stream)
		return 0;
	stream->held += length;
	if (stream->ended) {
		release(stream);
		return 0;
	}
	enum doq_state state = doq_take(&stream->in, bytes, length, flags & NGTCP2_STREAM_DATA_FLAG_FIN,
	                                DOQ_QUERY_BYTES_MAX);
	if (state == DOQ_MORE)
		return 0;
	stream->ended = true;
	if (state == DOQ_WRONG ||
	    (state == DOQ_WHOLE && !doq_is_proper(stream->in.bytes, stream->in.length))) {
		connection->broken = DOQ_PROTOCOL_ERROR;
		return NGTCP2_ERR_CALLBACK_FAILURE;
	}
	if (state == DOQ_WHOLE)
		ask(stream);
	else
		refuse(stream, DOQ_EXCESSIVE_LOAD);
	release(stream);
	return 0;
}

/* The client does not go on with its query; one that is whole goes on. */
static int on_reset(ngtcp2_conn *quic, int64_t id, uint64_t size, uint64_t code, void *data,
                    void *stream_data)
{
	(void)size, (void)code, (void)data;
	struct quic_stream *stream = stream_data;
	if (!stream || stream->ended)
		return 0;
	stream->ended = stream->refused = true;
	(void)ngtcp2_conn_shutdown_stream_write(quic, id, DOQ_REQUEST_CANCELLED);
	return 0;
}

/* The client does not want the reply; libngtcp2 ends our side by itself. */
static int on_stop(ngtcp2_conn *quic, int64_t id, uint64_t code, void *data, void *stream_data)
{
	(void)quic, (void)id, (void)code, (void)data;
	struct quic_stream *stream = stream_data;
	if (stream)
		stream->refused = true;
	return 0;
}

void quic_streams_call(ngtcp2_callbacks *callbacks)
{
	callbacks->stream_open = on_open;
	callbacks->stream_close = on_close;
	callbacks->recv_stream_data = on_bytes;
	callbacks->stream_reset = on_reset;
	callbacks->stream_stop_sending = on_stop;
	callbacks->extend_max_stream_data = on_room;
}
