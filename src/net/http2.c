/* nghttp2 with the few requests that there are, see http2.h. */
#include <config.h>

#include "net/http2.h"

#ifdef HAVE_NGHTTP2
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pages.h"
#include "dns/dns.h"
#include "net/doh.h"

#define LENGTH_TEXT_MAX 24
#define AGE_TEXT_MAX 32
#define HEAD_BYTES 9 /* of a frame (RFC 9113, 4.1): length, kind, flags, stream */
#define HEAD_KIND_AT 3
#define HEAD_STREAM_AT 5
#define FRAME_BYTES_MIN \
	(8 << 10) /* nothing else that nghttp2 allocates for a connection is as long */

enum method { METHOD_OTHER, METHOD_GET, METHOD_POST };

struct http2_request {
	struct http2 *http2;
	int32_t stream; /* 0: the client has given it up */
	bool asked;     /* its user has it, and will answer */
	bool ended;     /* the client sends no more of it */
	enum method method;
	bool typed; /* its content is a DNS message */
	bool long_path, long_body;
	unsigned header_count;
	size_t path_length, body_length, body_room;
	char *path;
	uint8_t *body;
	size_t answer_length, answer_sent;
	uint8_t *answer;
	struct http2_request *previous, *next;
};

struct http2 {
	nghttp2_session *session;
	const struct http2_user *user;
	void *data;
	size_t bodies_bytes;
	struct http2_request *requests;
	uint32_t closed
		[HTTP2_STREAMS_MAX]; /* the last streams: twice their number, and 1 more when the client had ended it */
	unsigned closed_count; /* of all time */
	size_t left;           /* bytes until the next head of a frame */
	size_t head_length;
	uint8_t head[HEAD_BYTES];
	void *frame; /* pages of their own; NULL: they are not taken */
	size_t frame_bytes;
};

/* ---- memory ------------------------------------------------------------------------------ */

/* nghttp2 keeps room for the longest frame as long as a connection lives, and writes to the start of it only. In pages of its own the rest
 * of it costs nothing; from malloc it would be what the handshake has used before. */
static void *take_memory(size_t bytes, void *data)
{
	struct http2 *http2 = data;
	if (bytes < FRAME_BYTES_MIN || http2->frame)
		return malloc(bytes);
	http2->frame = pages_new(bytes);
	http2->frame_bytes = bytes;
	return http2->frame;
}

static void *take_zeroed(size_t count, size_t bytes, void *data)
{
	(void)data;
	return calloc(count, bytes);
}

static void give_memory(void *memory, void *data)
{
	struct http2 *http2 = data;
	if (!memory || memory != http2->frame) {
		free(memory);
		return;
	}
	pages_free(http2->frame, http2->frame_bytes);
	http2->frame = NULL;
}

static void *resize_memory(void *memory, size_t bytes, void *data)
{
	struct http2 *http2 = data;
	if (!memory)
		return take_memory(bytes, data);
	if (memory != http2->frame)
		return realloc(memory, bytes);
	void *resized = pages_resize(http2->frame, http2->frame_bytes, bytes);
	if (!resized)
		return NULL;
	http2->frame = resized;
	http2->frame_bytes = bytes;
	return resized;
}

/* ---- requests ---------------------------------------------------------------------------- */

static void drop_body(struct http2_request *request)
{
	request->http2->bodies_bytes -= request->body_room;
	request->body_room = request->body_length = 0;
	free(request->body);
	request->body = NULL;
}

static void request_free(struct http2_request *request)
{
	drop_body(request);
	if (request->previous)
		request->previous->next = request->next;
	else
		request->http2->requests = request->next;
	if (request->next)
		request->next->previous = request->previous;
	free(request->path);
	free(request->answer);
	free(request);
}

void *http2_owner(const struct http2_request *request)
{
	return request->http2->data;
}

static ssize_t read_answer(nghttp2_session *session, int32_t stream, uint8_t *out, size_t room,
                           uint32_t *flags, nghttp2_data_source *source, void *data)
{
	(void)session, (void)stream, (void)data;
	struct http2_request *request = source->ptr;
	size_t left = request->answer_length - request->answer_sent;
	size_t length = left < room ? left : room;
	memcpy(out, request->answer + request->answer_sent, length);
	request->answer_sent += length;
	if (length == left)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)length;
}

static nghttp2_nv header(const char *name, const char *value)
{
	return (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name),
	                    strlen(value), NGHTTP2_NV_FLAG_NONE};
}

/* Of a value that is another each time: it need not be remembered at both ends. */
static nghttp2_nv passing_header(const char *name, const char *value)
{
	nghttp2_nv made = header(name, value);
	made.flags = NGHTTP2_NV_FLAG_NO_INDEX;
	return made;
}

/* An error has a sentence for people. */
static void refuse(struct http2_request *request, const char *status, const char *sentence)
{
	const nghttp2_nv headers[] = {
		header(":status", status),
		header("content-type", "text/plain"),
		header("cache-control", "no-store"),
		header("allow", "GET, POST"),
	};
	size_t count = PF_COUNT(headers) - (strcmp(status, "405") != 0);
	request->answer = (uint8_t *)strdup(sentence);
	request->answer_length = request->answer ? strlen(sentence) : 0;
	nghttp2_data_provider source = {.source.ptr = request, .read_callback = read_answer};
	(void)nghttp2_submit_response(request->http2->session, request->stream, headers, count,
	                              &source);
}

void http2_answer(struct http2_request *request, const uint8_t *bytes, size_t length,
                  uint32_t max_age_s)
{
	char length_text[LENGTH_TEXT_MAX], age_text[AGE_TEXT_MAX];
	request->asked = false;
	if (!request->stream) {
		request_free(request);
		return;
	}
	nghttp2_session *session = request->http2->session;
	request->answer = length ? malloc(length) : NULL;
	if (!request->answer) {
		(void)nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, request->stream,
		                                NGHTTP2_CANCEL);
		return; /* it goes with its stream */
	}
	memcpy(request->answer, bytes, length);
	request->answer_length = length;
	snprintf(length_text, sizeof length_text, "%zu", length);
	snprintf(age_text, sizeof age_text, "max-age=%u", (unsigned)max_age_s);
	const nghttp2_nv headers[] = {
		header(":status", "200"),
		header("content-type", DOH_TYPE),
		passing_header("content-length", length_text),
		passing_header("cache-control", age_text),
	};
	nghttp2_data_provider source = {.source.ptr = request, .read_callback = read_answer};
	if (nghttp2_submit_response(session, request->stream, headers, PF_COUNT(headers), &source))
		(void)nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, request->stream,
		                                NGHTTP2_INTERNAL_ERROR);
}

static void ask(struct http2_request *request, const char *label, const uint8_t *message,
                size_t length)
{
	struct http2 *http2 = request->http2;
	if (length < DNS_HEADER_BYTES) {
		refuse(request, "400", "This is no DNS message.\n");
		return;
	}
	request->asked = true;
	http2->user->asked(http2->data, request, label, message, length);
}

static void ask_get(struct http2_request *request, const struct doh_target *target)
{
	uint8_t message[HTTP2_PATH_BYTES_MAX / 4 * 3 + 3];
	size_t length;
	if (!target->has_message)
		refuse(request, "400", "The parameter dns is missing.\n");
	else if (!doh_decode(target->message, target->message_length, message, &length))
		refuse(request, "400", "The parameter dns is not base64url without padding.\n");
	else
		ask(request, target->label, message, length);
}

/* The request is whole. */
static void serve(struct http2_request *request)
{
	struct doh_target target;
	if (request->long_path)
		refuse(request, "414", "The path is too long.\n");
	else if (!request->path || !doh_target_read(request->path, request->path_length, &target))
		refuse(request, "404", "There is nothing here but " DOH_PATH ".\n");
	else if (request->method == METHOD_OTHER)
		refuse(request, "405", "GET and POST are what " DOH_PATH " knows.\n");
	else if (request->method == METHOD_GET)
		ask_get(request, &target);
	else if (!request->typed)
		refuse(request, "415", "The content must be " DOH_TYPE ".\n");
	else if (request->long_body)
		refuse(request, "413", "No DNS message is as long as that.\n");
	else
		ask(request, target.label, request->body, request->body_length);
}

/* ---- streams that are no more ------------------------------------------------------------ */

static void remember_closed(struct http2 *http2, int32_t stream, bool ended)
{
	http2->closed[http2->closed_count++ % PF_COUNT(http2->closed)] = (uint32_t)stream << 1 | ended;
}

/* What more of it is, 0: nothing wrong, it may have been under way when we ended it. What nghttp2 would keep of each stream for this takes 250
 * bytes. A stream that is not remembered was passed over when a later one began, which closes it (RFC 9113, 5.1.1), or turned away. */
static uint32_t error_of_closed(const struct http2 *http2, uint32_t stream, uint8_t kind)
{
	for (size_t i = 0; i < PF_COUNT(http2->closed); i++)
		if (http2->closed[i] >> 1 == stream)
			return http2->closed[i] & 1 ? NGHTTP2_STREAM_CLOSED : NGHTTP2_NO_ERROR;
	return kind == NGHTTP2_HEADERS ? NGHTTP2_PROTOCOL_ERROR : NGHTTP2_NO_ERROR;
}

/* The head of a frame has come: is it more of a stream that is closed? nghttp2 would pass over the frame in silence. */
static bool check_head(struct http2 *http2)
{
	uint8_t kind = http2->head[HEAD_KIND_AT];
	int32_t stream = (int32_t)(dns_read32(http2->head + HEAD_STREAM_AT) & INT32_MAX);
	if ((kind != NGHTTP2_HEADERS && kind != NGHTTP2_DATA) || !stream ||
	    stream > nghttp2_session_get_last_proc_stream_id(http2->session) ||
	    nghttp2_session_find_stream(http2->session, stream))
		return true;
	uint32_t error = error_of_closed(http2, (uint32_t)stream, kind);
	return !error || !nghttp2_session_terminate_session(http2->session, error);
}

/* How many of the bytes belong together: the head of a frame, or what comes until the next. */
static size_t walk(struct http2 *http2, const uint8_t *bytes, size_t length, bool *is_head)
{
	size_t step = http2->left ? http2->left : sizeof http2->head - http2->head_length;
	*is_head = !http2->left && step <= length;
	if (step > length)
		step = length;
	if (http2->left) {
		http2->left -= step;
		return step;
	}
	memcpy(http2->head + http2->head_length, bytes, step);
	http2->head_length += step;
	if (*is_head) {
		http2->left = dns_read32(http2->head) >> 8;
		http2->head_length = 0;
	}
	return step;
}

/* ---- what nghttp2 tells ------------------------------------------------------------------ */

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *data)
{
	struct http2 *http2 = data;
	if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	struct http2_request *request = calloc(1, sizeof *request);
	if (!request)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	request->http2 = http2;
	request->stream = frame->hd.stream_id;
	request->next = http2->requests;
	if (request->next)
		request->next->previous = request;
	http2->requests = request;
	nghttp2_session_set_stream_user_data(session, request->stream, request);
	return 0;
}

static bool is(const uint8_t *bytes, size_t length, const char *text)
{
	return length == strlen(text) && !memcmp(bytes, text, length);
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_length, const uint8_t *value, size_t length, uint8_t flags,
                     void *data)
{
	(void)flags, (void)data;
	struct http2_request *request =
		nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
	if (!request)
		return 0;
	if (++request->header_count > HTTP2_HEADERS_MAX)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	if (is(name, name_length, ":method")) {
		request->method = is(value, length, "GET")    ? METHOD_GET
		                  : is(value, length, "POST") ? METHOD_POST
		                                              : METHOD_OTHER;
	} else if (is(name, name_length, ":path") && !request->path) {
		request->long_path = length > HTTP2_PATH_BYTES_MAX;
		request->path = request->long_path ? NULL : malloc(length + 1);
		if (request->path)
			memcpy(request->path, value, length);
		request->path_length = length;
	} else if (is(name, name_length, "content-type")) {
		request->typed = is(value, length, DOH_TYPE);
	}
	return 0;
}

/* Room for so much more of the body; false when it is too much. */
static bool make_room(struct http2 *http2, struct http2_request *request, size_t more)
{
	size_t wanted = request->body_length + more,
		   room = request->body_room ? request->body_room : 512;
	if (wanted > HTTP2_BODY_BYTES_MAX)
		return false;
	while (room < wanted)
		room *= 2;
	if (room == request->body_room)
		return true;
	if (http2->bodies_bytes - request->body_room + room > HTTP2_BODIES_BYTES_MAX)
		return false;
	uint8_t *grown = realloc(request->body, room);
	if (!grown)
		return false;
	http2->bodies_bytes += room - request->body_room;
	request->body = grown;
	request->body_room = room;
	return true;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *bytes,
                   size_t length, void *data)
{
	(void)flags;
	struct http2_request *request = nghttp2_session_get_stream_user_data(session, stream);
	if (!request || request->asked || request->long_body || request->answer)
		return 0;
	if (make_room(data, request, length)) {
		memcpy(request->body + request->body_length, bytes, length);
		request->body_length += length;
	} else {
		drop_body(request);
		request->long_body = true;
	}
	return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *data)
{
	(void)data;
	bool gives_up = frame->hd.type == NGHTTP2_RST_STREAM;
	if (!gives_up && ((frame->hd.type != NGHTTP2_DATA && frame->hd.type != NGHTTP2_HEADERS) ||
	                  !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM)))
		return 0;
	struct http2_request *request =
		nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
	if (!request)
		return 0;
	request->ended = true;
	if (!gives_up && !request->asked && !request->answer)
		serve(request);
	return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t stream, uint32_t error, void *data)
{
	(void)error;
	struct http2_request *request = nghttp2_session_get_stream_user_data(session, stream);
	remember_closed(data, stream, request && request->ended);
	if (!request)
		return 0;
	nghttp2_session_set_stream_user_data(session, stream, NULL);
	request->stream = 0;
	drop_body(request);
	if (!request->asked)
		request_free(request);
	return 0;
}

/* ---- life -------------------------------------------------------------------------------- */

static int make_session(struct http2 *http2, nghttp2_session_callbacks *callbacks,
                        nghttp2_option *option)
{
	nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
	nghttp2_option_set_stream_reset_rate_limit(option, HTTP2_RESETS_BURST, HTTP2_RESETS_RATE);
	nghttp2_option_set_max_continuations(option, HTTP2_CONTINUATIONS_MAX);
	nghttp2_option_set_no_closed_streams(option, 1);
	nghttp2_option_set_max_outbound_ack(option, HTTP2_ACKS_MAX);
	nghttp2_mem memory = {http2, take_memory, give_memory, take_zeroed, resize_memory};
	if (nghttp2_session_server_new3(&http2->session, callbacks, http2, option, &memory))
		return PF_ENOMEM;
	const nghttp2_settings_entry settings[] = {
		{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, HTTP2_STREAMS_MAX},
		{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, 2 * HTTP2_PATH_BYTES_MAX},
	};
	return nghttp2_submit_settings(http2->session, NGHTTP2_FLAG_NONE, settings, PF_COUNT(settings))
	           ? PF_ENOMEM
	           : PF_OK;
}

struct http2 *http2_new(const struct http2_user *user, void *data)
{
	nghttp2_session_callbacks *callbacks = NULL;
	nghttp2_option *option = NULL;
	struct http2 *http2 = calloc(1, sizeof *http2);
	if (!http2)
		return NULL;
	http2->user = user;
	http2->data = data;
	http2->left = NGHTTP2_CLIENT_MAGIC_LEN;
	if (nghttp2_session_callbacks_new(&callbacks) || nghttp2_option_new(&option) ||
	    make_session(http2, callbacks, option) != PF_OK)
		http2_free(&http2);
	nghttp2_session_callbacks_del(callbacks);
	nghttp2_option_del(option);
	return http2;
}

void http2_free(struct http2 **http2)
{
	struct http2 *old = *http2;
	if (!old)
		return;
	nghttp2_session_del(old->session);
	while (old->requests)
		request_free(old->requests);
	free(old);
	*http2 = NULL;
}

bool http2_received(struct http2 *http2, const uint8_t *bytes, size_t length)
{
	while (length) {
		bool is_head;
		size_t step = walk(http2, bytes, length, &is_head);
		ssize_t taken = nghttp2_session_mem_recv(http2->session, bytes, step);
		if (taken < 0 || (size_t)taken != step || (is_head && !check_head(http2)))
			return false;
		bytes += step;
		length -= step;
	}
	return true;
}

bool http2_send(struct http2 *http2)
{
	const uint8_t *bytes;
	ssize_t length;
	while ((length = nghttp2_session_mem_send(http2->session, &bytes)) > 0)
		http2->user->send(http2->data, bytes, (size_t)length);
	return !length && (nghttp2_session_want_read(http2->session) ||
	                   nghttp2_session_want_write(http2->session));
}

#else /* the configuration can not ask for it then */

struct http2 *http2_new(const struct http2_user *user, void *data)
{
	(void)user, (void)data;
	return NULL;
}

void http2_free(struct http2 **http2)
{
	*http2 = NULL;
}

bool http2_received(struct http2 *http2, const uint8_t *bytes, size_t length)
{
	(void)http2, (void)bytes, (void)length;
	return false;
}

bool http2_send(struct http2 *http2)
{
	(void)http2;
	return false;
}

void *http2_owner(const struct http2_request *request)
{
	(void)request;
	return NULL;
}

void http2_answer(struct http2_request *request, const uint8_t *bytes, size_t length,
                  uint32_t max_age_s)
{
	(void)request, (void)bytes, (void)length, (void)max_age_s;
}

#endif
