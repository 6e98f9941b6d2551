/* Bytes of one socket, see stream.h. */
#include "stream/stream.h"

#include <stdlib.h>
#include <string.h>

/* What could not be written at once. */
struct late_write {
	uv_write_t request;
	uint8_t bytes[];
};

int stream_init(struct stream *stream, uv_loop_t *loop, struct stream_room *room,
                const struct stream_user *user, void *data)
{
	*stream = (struct stream){.user = user, .room = room, .data = data, .secure = true};
	if (uv_tcp_init(loop, &stream->handle))
		return PF_EIO;
	stream->handle.data = stream;
	return PF_OK;
}

/* TLS goes last: the stream may be closed from within it. */
static void on_closed(uv_handle_t *handle)
{
	struct stream *stream = handle->data;
	tls_free(&stream->tls);
	free(stream->sealed);
	stream->closed(handle);
}

void stream_close(struct stream *stream, uv_close_cb closed)
{
	if (stream->tls && !stream->broken)
		tls_end(stream->tls);
	stream->closing = true;
	stream->closed = closed;
	free(stream->rest);
	stream->rest = NULL;
	stream->rest_length = 0;
	uv_close((uv_handle_t *)&stream->handle, on_closed);
}

static void fail(struct stream *stream)
{
	if (!stream->closing)
		stream->user->failed(stream);
}

/* ---- out --------------------------------------------------------------------------------- */

size_t stream_queued(const struct stream *stream)
{
	return uv_stream_get_write_queue_size((const uv_stream_t *)&stream->handle);
}

static void on_written(uv_write_t *request, int status)
{
	struct stream *stream = request->data;
	free(request);
	if (stream->closing)
		return;
	if (status < 0)
		fail(stream);
	else
		stream->user->written(stream);
}

static bool write_later(struct stream *stream, const uv_buf_t buffers[2], size_t sent)
{
	struct late_write *late = malloc(sizeof *late + buffers[0].len + buffers[1].len - sent);
	size_t length = 0;
	if (!late)
		return false;
	for (int i = 0; i < 2; i++) {
		size_t gone = sent < buffers[i].len ? sent : buffers[i].len;
		memcpy(late->bytes + length, buffers[i].base + gone, buffers[i].len - gone);
		length += buffers[i].len - gone;
		sent -= gone;
	}
	late->request.data = stream;
	uv_buf_t all = uv_buf_init((char *)late->bytes, (unsigned)length);
	if (!uv_write(&late->request, (uv_stream_t *)&stream->handle, &all, 1, on_written))
		return true;
	free(late);
	return false;
}

/* As the bytes are. False: nobody will have them. */
static bool write_bytes(struct stream *stream, const uint8_t *head, size_t head_length,
                        const uint8_t *bytes, size_t length)
{
	const uv_buf_t buffers[2] = {uv_buf_init((char *)head, (unsigned)head_length),
	                             uv_buf_init((char *)bytes, (unsigned)length)};
	int written = 0;
	if (stream->closing || stream->broken)
		return false;
	if (!stream_queued(stream)) {
		written = uv_try_write((uv_stream_t *)&stream->handle, buffers, 2);
		if (written == UV_EAGAIN)
			written = 0;
	}
	if (written >= 0 && (size_t)written < head_length + length &&
	    !write_later(stream, buffers, (size_t)written))
		written = -1;
	stream->broken = written < 0;
	return written >= 0;
}

static bool send_sealed(void *data, const uint8_t *bytes, size_t length)
{
	return write_bytes(data, NULL, 0, bytes, length);
}

void stream_write(struct stream *stream, const uint8_t *head, size_t head_length,
                  const uint8_t *bytes, size_t length)
{
	bool written = stream->tls ? tls_write(stream->tls, head, head_length, bytes, length)
	                           : write_bytes(stream, head, head_length, bytes, length);
	if (!written)
		fail(stream);
}

/* ---- in ---------------------------------------------------------------------------------- */

/* Keeps what the user has left of `length` bytes, which stand in the rest or in the shared room. */
static bool keep_rest(struct stream *stream, const uint8_t *bytes, size_t length, size_t used)
{
	size_t left = length - used;
	if (!left) {
		free(stream->rest);
		stream->rest = NULL;
	} else if (stream->rest) {
		memmove(stream->rest, bytes + used, left);
	} else {
		stream->rest = malloc(STREAM_IN_BYTES);
		if (!stream->rest)
			return false;
		memcpy(stream->rest, bytes + used, left);
	}
	stream->rest_length = left;
	return true;
}

static void give(struct stream *stream, const uint8_t *bytes, size_t length)
{
	stream->working = true;
	size_t used = stream->user->received(stream, bytes, length);
	stream->working = false;
	if (!stream->closing && !keep_rest(stream, bytes, length, used))
		fail(stream);
}

/* ---- in TLS ------------------------------------------------------------------------------ */

int stream_secure(struct stream *stream, struct tls_server *server, const char *application)
{
	stream->tls = tls_accept(server, application, send_sealed, stream);
	stream->secure = !stream->tls;
	return stream->tls ? PF_OK : PF_ENOMEM;
}

static void shake_hands(struct stream *stream)
{
	enum tls_state state = tls_handshake(stream->tls);
	if (state == TLS_FAILED) {
		stream->broken = true;
		fail(stream);
	} else if (state == TLS_OPEN) {
		stream->secure = true;
		stream->user->secured(stream);
	}
}

static void on_connected(uv_connect_t *request, int status)
{
	struct stream *stream = request->data;
	free(request);
	if (stream->closing)
		return;
	stream->broken = status < 0;
	if (stream->broken) {
		fail(stream);
		return;
	}
	(void)uv_tcp_nodelay(&stream->handle, 1);
	stream_read(stream, true);
	if (!stream->closing)
		shake_hands(stream); /* says hello */
}

uint16_t stream_port(const struct stream *stream)
{
	struct sockaddr_storage address;
	struct addr_port ours;
	int length = sizeof address;
	if (uv_tcp_getsockname(&stream->handle, (struct sockaddr *)&address, &length) ||
	    addr_from_sockaddr((struct sockaddr *)&address, &ours) != PF_OK)
		return 0;
	return ours.port;
}

int stream_connect(struct stream *stream, const struct addr_port *peer,
                   const struct tls_peer *expected, const char *application)
{
	struct sockaddr_storage address;
	uv_connect_t *request = malloc(sizeof *request);
	if (!request)
		return PF_ENOMEM;
	stream->tls = tls_connect(expected, application, send_sealed, stream);
	if (!stream->tls) {
		free(request);
		return PF_ENOMEM;
	}
	stream->secure = false;
	request->data = stream;
	addr_to_sockaddr(peer, &address);
	if (!uv_tcp_connect(request, &stream->handle, (struct sockaddr *)&address, on_connected))
		return PF_OK;
	free(request);
	return PF_EIO;
}

static void end(struct stream *stream)
{
	stream->ended = true;
	stream_read(stream, false);
	stream->user->ended(stream);
}

/* What TLS was fed and has no room for now is kept: it is read when there is. */
static bool keep_sealed(struct stream *stream, const uint8_t *bytes)
{
	size_t unread = tls_unread(stream->tls);
	if (!unread) {
		free(stream->sealed);
		stream->sealed = NULL;
	} else if (bytes != stream->sealed) {
		stream->sealed = malloc(unread);
		if (!stream->sealed)
			return false;
		memcpy(stream->sealed, bytes, unread);
		tls_feed(stream->tls, stream->sealed, unread);
	}
	return true;
}

/* Opens what TLS has, as long as the user reads. */
static void open_sealed(struct stream *stream)
{
	enum tls_state state = TLS_OPEN;
	if (!stream->secure)
		shake_hands(stream);
	while (stream->secure && stream->reading && !stream->closing && state == TLS_OPEN) {
		uint8_t *start = stream->rest ? stream->rest : stream->room->bytes;
		size_t length = tls_read(stream->tls, start + stream->rest_length,
		                         STREAM_IN_BYTES - stream->rest_length, &state);
		if (length)
			give(stream, start, stream->rest_length + length);
	}
	if (stream->closing)
		return;
	if (state == TLS_ENDED)
		end(stream);
	else if (state == TLS_FAILED)
		fail(stream);
}

static void feed(struct stream *stream, size_t length)
{
	const uint8_t *sealed = stream->room->sealed;
	tls_feed(stream->tls, sealed, length);
	open_sealed(stream);
	if (!stream->closing && !keep_sealed(stream, sealed + length - tls_unread(stream->tls)))
		fail(stream);
}

/* ---- from the socket --------------------------------------------------------------------- */

void stream_resume(struct stream *stream)
{
	if (stream->closing || stream->working)
		return;
	if (stream->rest)
		give(stream, stream->rest, stream->rest_length);
	if (!stream->closing && stream->tls && stream->secure) {
		open_sealed(stream);
		if (!stream->closing)
			(void)keep_sealed(stream, stream->sealed);
	}
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	(void)suggested;
	struct stream *stream = handle->data;
	if (stream->tls) {
		*buffer = uv_buf_init((char *)stream->room->sealed, STREAM_IN_BYTES);
		return;
	}
	uint8_t *start = stream->rest ? stream->rest : stream->room->bytes;
	*buffer = uv_buf_init((char *)start + stream->rest_length,
	                      (unsigned)(STREAM_IN_BYTES - stream->rest_length));
}

static void on_read(uv_stream_t *handle, ssize_t count, const uv_buf_t *buffer)
{
	(void)buffer;
	struct stream *stream = handle->data;
	if (count == UV_EOF) {
		end(stream);
	} else if (count < 0) {
		fail(stream);
	} else if (count && stream->tls) {
		feed(stream, (size_t)count);
	} else if (count) {
		give(stream, stream->rest ? stream->rest : stream->room->bytes,
		     stream->rest_length + (size_t)count);
	}
}

void stream_read(struct stream *stream, bool wanted)
{
	wanted = wanted && !stream->ended;
	if (stream->closing || wanted == stream->reading)
		return;
	stream->reading = wanted;
	if (!wanted)
		uv_read_stop((uv_stream_t *)&stream->handle);
	else if (uv_read_start((uv_stream_t *)&stream->handle, on_alloc, on_read))
		fail(stream);
}
