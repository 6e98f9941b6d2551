/* DNS over HTTPS as a channel (RFC 8484): a POST of HTTP/2 for each question, without cookies, and with no header that tells who we
 * are. */
#include <config.h>

#include "upstream/channel.h"

#ifdef HAVE_NGHTTP2
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOH_PORT 443
#define DOH_TYPE "application/dns-message"
#define QUEUED_BYTES_MAX 65536  /* that the server has not taken: it takes no more questions then */
#define HEADERS_BYTES_MAX 16384 /* of one response */
#define STREAM_WINDOW_BYTES 65535 /* one message */
#define CONNECTION_WINDOW_BYTES (1 << 20)
#define CONTINUATIONS_MAX 8 /* frames that go on with one block of headers (CVE-2024-28182) */
#define ACKS_MAX 64         /* PING and SETTINGS whose answers the server does not take */
#define AUTHORITY_MAX (UPSTREAM_NAME_MAX + 8)

/* What comes back for one request. */
struct response {
	struct response *next;
	struct request *request; /* NULL: nobody waits */
	int32_t stream;
	bool good, typed; /* its status is 200; its content is a DNS message */
	bool whole;       /* nothing more comes */
	size_t sent;      /* of the question */
	size_t length, room;
	uint8_t *body;
};

struct doh {
	struct channel base;
	struct stream stream;
	bool made;
	bool working; /* within nghttp2: what is to be sent waits */
	nghttp2_session *session;
	struct response *responses;
	char authority[AUTHORITY_MAX];
};

/* ---- responses --------------------------------------------------------------------------- */

static struct response *response_of(nghttp2_session *session, int32_t stream)
{
	return nghttp2_session_get_stream_user_data(session, stream);
}

static void response_free(struct doh *doh, struct response *response)
{
	struct response **at = &doh->responses;
	while (*at != response)
		at = &(*at)->next;
	*at = response->next;
	free(response->body);
	free(response);
}

static bool is(const uint8_t *bytes, size_t length, const char *text)
{
	return length == strlen(text) && !memcmp(bytes, text, length);
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_length, const uint8_t *value, size_t length, uint8_t flags,
                     void *data)
{
	(void)flags;
	(void)data;
	struct response *response = response_of(session, frame->hd.stream_id);
	if (!response)
		return 0;
	if (is(name, name_length, ":status"))
		response->good = is(value, length, "200");
	else if (is(name, name_length, "content-type"))
		response->typed = is(value, length, DOH_TYPE);
	return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *bytes,
                   size_t length, void *data)
{
	(void)flags;
	(void)data;
	struct response *response = response_of(session, stream);
	if (!response || !response->request || !response->good)
		return 0;
	size_t wanted = response->length + length;
	if (wanted > DNS_MESSAGE_MAX) {
		response->good = false;
		return 0;
	}
	if (wanted > response->room) {
		size_t room = wanted > 2 * response->room ? wanted : 2 * response->room;
		uint8_t *grown = realloc(response->body, room);
		if (!grown)
			return NGHTTP2_ERR_CALLBACK_FAILURE;
		response->body = grown;
		response->room = room;
	}
	memcpy(response->body + response->length, bytes, length);
	response->length = wanted;
	return 0;
}

/* Whole, or broken off, which a server may do without an error too. */
static int on_stream_close(nghttp2_session *session, int32_t stream, uint32_t error, void *data)
{
	struct doh *doh = data;
	struct response *response = response_of(session, stream);
	if (!response)
		return 0;
	nghttp2_session_set_stream_user_data(session, stream, NULL);
	struct request *request = response->request;
	response->request = NULL;
	if (!request)
		;
	else if (!error && response->whole && response->good && response->typed &&
	         response->length >= DNS_HEADER_BYTES)
		channel_answered(request, response->body, response->length);
	else
		channel_refused(request);
	response_free(doh, response);
	return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *data)
{
	struct doh *doh = data;
	bool content = frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
	struct response *response = content ? response_of(session, frame->hd.stream_id) : NULL;
	if (response && frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
		response->whole = true;
	else if (frame->hd.type == NGHTTP2_GOAWAY)
		channel_draining(&doh->base);
	else if (frame->hd.type == NGHTTP2_SETTINGS && doh->base.state != CHANNEL_DRAINING)
		channel_allows(&doh->base, nghttp2_session_get_remote_settings(
									   session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS));
	return 0;
}

/* ---- bytes ------------------------------------------------------------------------------- */

static void doh_flush(struct channel *channel)
{
	struct doh *doh = (struct doh *)channel;
	const uint8_t *bytes;
	ssize_t length = 0;
	if (doh->working)
		return;
	while (!channel->closing && stream_queued(&doh->stream) < QUEUED_BYTES_MAX &&
	       (length = nghttp2_session_mem_send(doh->session, &bytes)) > 0)
		stream_write(&doh->stream, NULL, 0, bytes, (size_t)length);
	if (channel->closing)
		return;
	if (length < 0)
		channel_failed(channel, nghttp2_strerror((int)length));
	else if (!nghttp2_session_want_read(doh->session) && !nghttp2_session_want_write(doh->session))
		channel_failed(channel, "its HTTP/2 broke the rules, or it has ended the connection");
}

static size_t on_received(struct stream *stream, const uint8_t *bytes, size_t length)
{
	struct doh *doh = stream->data;
	channel_heard(&doh->base);
	tls_take_ticket(stream->tls, channel_ticket(&doh->base));
	doh->working = true;
	ssize_t taken = nghttp2_session_mem_recv(doh->session, bytes, length);
	doh->working = false;
	if (doh->base.closing)
		return length;
	if (taken < 0 || (size_t)taken != length)
		channel_failed(&doh->base,
		               taken < 0 ? nghttp2_strerror((int)taken) : "its HTTP/2 breaks the rules");
	else
		doh_flush(&doh->base);
	return length;
}

static void on_written(struct stream *stream)
{
	struct doh *doh = stream->data;
	doh_flush(&doh->base);
}

static const struct stream_user user = {
	.received = on_received,
	.secured = channel_secured,
	.ended = channel_ended,
	.written = on_written,
	.failed = channel_broke,
};

/* ---- life -------------------------------------------------------------------------------- */

static int begin_session(struct doh *doh, nghttp2_session_callbacks *callbacks,
                         nghttp2_option *option)
{
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
	nghttp2_option_set_max_continuations(option, CONTINUATIONS_MAX);
	nghttp2_option_set_max_outbound_ack(option, ACKS_MAX);
	if (nghttp2_session_client_new2(&doh->session, callbacks, doh, option))
		return PF_ENOMEM;
	const nghttp2_settings_entry settings[] = {
		{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
		{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW_BYTES},
		{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HEADERS_BYTES_MAX},
	};
	if (nghttp2_submit_settings(doh->session, NGHTTP2_FLAG_NONE, settings, PF_COUNT(settings)) ||
	    nghttp2_session_set_local_window_size(doh->session, NGHTTP2_FLAG_NONE, 0,
	                                          CONNECTION_WINDOW_BYTES))
		return PF_ENOMEM;
	return PF_OK;
}

static int make_session(struct doh *doh)
{
	nghttp2_session_callbacks *callbacks = NULL;
	nghttp2_option *option = NULL;
	int result = PF_ENOMEM;
	if (!nghttp2_session_callbacks_new(&callbacks) && !nghttp2_option_new(&option))
		result = begin_session(doh, callbacks, option);
	nghttp2_session_callbacks_del(callbacks);
	nghttp2_option_del(option);
	return result;
}

/* The name that the server goes by, or its address; the port when it is another than HTTPS has. */
static void write_authority(struct doh *doh)
{
	const struct upstream_target *target = channel_target(&doh->base);
	char address[ADDR_TEXT_MAX];
	const char *host = target->secure->name;
	addr_format(&target->address.addr, address);
	bool bare = !*host && target->address.addr.family == 6;
	int length = snprintf(doh->authority, sizeof doh->authority, bare ? "[%s]" : "%s",
	                      *host ? host : address);
	if (target->address.port != DOH_PORT)
		snprintf(doh->authority + length, sizeof doh->authority - (size_t)length, ":%u",
		         target->address.port);
}

static int doh_open(struct channel *channel)
{
	struct doh *doh = (struct doh *)channel;
	write_authority(doh);
	int result = make_session(doh);
	if (result != PF_OK)
		return result;
	if (stream_init(&doh->stream, channel_loop(channel), channel_room(channel), &user, doh) !=
	    PF_OK)
		return PF_EIO;
	doh->made = true;
	return stream_connect(&doh->stream, &channel_target(channel)->address, &channel->peer, "h2");
}

static ssize_t read_question(nghttp2_session *session, int32_t stream, uint8_t *out, size_t room,
                             uint32_t *flags, nghttp2_data_source *source, void *data)
{
	(void)session;
	(void)stream;
	(void)data;
	struct response *response = source->ptr;
	const struct request *request = response->request;
	if (!request)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	size_t left = request->length - response->sent, length = left < room ? left : room;
	memcpy(out, request->message + response->sent, length);
	response->sent += length;
	if (length == left)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)length;
}

static nghttp2_nv header(const char *name, const char *value)
{
	return (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name),
	                    strlen(value), NGHTTP2_NV_FLAG_NONE};
}

static void doh_ask(struct channel *channel, struct request *request)
{
	struct doh *doh = (struct doh *)channel;
	char length_text[16];
	struct response *response = calloc(1, sizeof *response);
	if (!response) {
		channel_refused(request);
		return;
	}
	snprintf(length_text, sizeof length_text, "%zu", request->length);
	const nghttp2_nv headers[] = {
		header(":method", "POST"),
		header(":scheme", "https"),
		header(":authority", doh->authority),
		header(":path", channel_target(channel)->secure->path),
		header("accept", DOH_TYPE),
		header("content-type", DOH_TYPE),
		header("content-length", length_text),
	};
	nghttp2_data_provider source = {.source.ptr = response, .read_callback = read_question};
	response->request = request;
	response->stream =
		nghttp2_submit_request(doh->session, NULL, headers, PF_COUNT(headers), &source, response);
	if (response->stream < 0) { /* its numbers are used up */
		free(response);
		channel_draining(channel);
		channel_refused(request);
		return;
	}
	response->next = doh->responses;
	doh->responses = response;
}

static void doh_forget(struct channel *channel, struct request *request)
{
	struct doh *doh = (struct doh *)channel;
	for (struct response *response = doh->responses; response; response = response->next)
		if (response->request == request) {
			response->request = NULL;
			(void)nghttp2_submit_rst_stream(doh->session, NGHTTP2_FLAG_NONE, response->stream,
			                                NGHTTP2_CANCEL);
			return;
		}
}

static void forget_all(struct doh *doh)
{
	if (doh->session)
		nghttp2_session_del(doh->session);
	while (doh->responses)
		response_free(doh, doh->responses);
}

static void on_closed(uv_handle_t *handle)
{
	struct doh *doh = ((struct stream *)handle->data)->data;
	forget_all(doh);
	channel_closed(&doh->base);
}

/* The session goes last: it may be closed from within it. */
static void doh_close(struct channel *channel)
{
	struct doh *doh = (struct doh *)channel;
	for (struct response *response = doh->responses; response; response = response->next)
		response->request = NULL; /* the pool has them back */
	if (doh->made) {
		stream_close(&doh->stream, on_closed);
		return;
	}
	forget_all(doh);
	channel_closed(channel);
}

const struct channel_kind channel_doh = {
	.bytes = sizeof(struct doh),
	.zero_id = true,
	.open = doh_open,
	.ask = doh_ask,
	.forget = doh_forget,
	.flush = doh_flush,
	.close = doh_close,
};

#endif
