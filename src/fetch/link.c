/* The connection of link.h. */
#include "fetch/link.h"

#include <stdlib.h>
#include <string.h>

struct link {
	uv_tcp_t tcp;
	uv_timer_t silence;
	unsigned handles_open;
	bool closing;
	struct link_calls calls;
	void *data;
	uv_connect_t connect;
	uv_write_t write;
	size_t in_length;
	uint8_t out[LINK_OUT_MAX];
	uint8_t in[2 + DNS_MESSAGE_MAX];
};

static void on_closed(uv_handle_t *handle)
{
	struct link *link = handle->data;
	if (!--link->handles_open)
		free(link);
}

void link_close(struct link *link)
{
	if (link->closing)
		return;
	link->closing = true;
	uv_close((uv_handle_t *)&link->tcp, on_closed);
	uv_close((uv_handle_t *)&link->silence, on_closed);
}

static void fail(struct link *link, const char *why)
{
	if (!link->closing)
		link->calls.failed(link->data, why);
}

static void on_silence(uv_timer_t *timer)
{
	fail(timer->data, "the primary says nothing any more");
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	(void)suggested;
	struct link *link = handle->data;
	*buffer = uv_buf_init((char *)link->in + link->in_length,
	                      (unsigned)(sizeof link->in - link->in_length));
}

/* A message of the longest length fills the buffer, so that there is always room for more. */
static void take_messages(struct link *link)
{
	while (!link->closing && link->in_length >= 2) {
		size_t length = dns_read16(link->in);
		if (link->in_length < 2 + length)
			return;
		link->calls.message(link->data, link->in + 2, length);
		link->in_length -= 2 + length;
		memmove(link->in, link->in + 2 + length, link->in_length);
	}
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
	(void)buffer;
	struct link *link = stream->data;
	if (count > 0) {
		link->in_length += (size_t)count;
		uv_timer_again(&link->silence);
		take_messages(link);
	} else if (count < 0) {
		fail(link, count == UV_EOF ? "the primary ended the connection" : uv_strerror((int)count));
	}
}

static void on_written(uv_write_t *request, int status)
{
	struct link *link = request->data;
	if (status < 0)
		fail(link, uv_strerror(status));
}

static void on_connected(uv_connect_t *request, int status)
{
	struct link *link = request->data;
	if (link->closing)
		return;
	if (status == 0)
		status = uv_read_start((uv_stream_t *)&link->tcp, on_alloc, on_read);
	if (status < 0)
		fail(link, uv_strerror(status));
	else
		link->calls.connected(link->data);
}

void link_send(struct link *link, const uint8_t *message, size_t length)
{
	dns_write16(link->out, (uint16_t)length);
	memcpy(link->out + 2, message, length);
	uv_buf_t out = uv_buf_init((char *)link->out, (unsigned)length + 2);
	link->write.data = link;
	int status = uv_write(&link->write, (uv_stream_t *)&link->tcp, &out, 1, on_written);
	if (status < 0)
		fail(link, uv_strerror(status));
}

struct link *link_open(uv_loop_t *loop, const struct addr_port *peer,
                       const struct link_calls *calls, void *data, const char **why)
{
	struct sockaddr_storage address;
	struct link *link = calloc(1, sizeof *link);
	*why = "out of memory";
	if (!link)
		return NULL;
	if (uv_tcp_init(loop, &link->tcp)) {
		free(link);
		return NULL;
	}
	uv_timer_init(loop, &link->silence);
	link->handles_open = 2;
	link->tcp.data = link->silence.data = link->connect.data = link;
	link->calls = *calls;
	link->data = data;
	addr_to_sockaddr(peer, &address);
	int status =
		uv_tcp_connect(&link->connect, &link->tcp, (struct sockaddr *)&address, on_connected);
	if (status < 0) {
		*why = uv_strerror(status);
		link_close(link);
		return NULL;
	}
	uv_timer_start(&link->silence, on_silence, LINK_SILENCE_MS, LINK_SILENCE_MS);
	return link;
}
