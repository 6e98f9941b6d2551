/* DNS over TLS as a channel (RFC 7858): messages with their length before them, answered in any order. */
#include <stdlib.h>
#include <string.h>

#include "upstream/channel.h"

#define OUT_BYTES \
	4096 /* some ten questions: what one turn of the loop brings goes out in one record */
#define QUEUED_BYTES_MAX 65536 /* that the server has not taken: it takes no more questions then */

struct dot {
	struct channel base;
	struct stream stream;
	bool made;
	uint8_t *answer; /* owned; of a message that is longer than what a stream keeps */
	size_t answer_length, answer_wanted;
	size_t out_length;
	uint8_t out[OUT_BYTES];
};

static void take(struct dot *dot, const uint8_t *message, size_t length)
{
	if (length < DNS_HEADER_BYTES)
		return;
	struct request *request = channel_by_id(&dot->base, dns_read16(message));
	if (request) /* else nobody waits for it any more */
		channel_answered(request, message, length);
}

/* The rest of a long message. Returns how much of the bytes was of it. */
static size_t take_rest(struct dot *dot, const uint8_t *bytes, size_t length)
{
	size_t missing = dot->answer_wanted - dot->answer_length;
	size_t taken = length < missing ? length : missing;
	memcpy(dot->answer + dot->answer_length, bytes, taken);
	dot->answer_length += taken;
	if (taken < missing)
		return taken;
	uint8_t *whole = dot->answer;
	dot->answer = NULL;
	take(dot, whole, dot->answer_wanted);
	free(whole);
	return taken;
}

static size_t on_received(struct stream *stream, const uint8_t *bytes, size_t length)
{
	struct dot *dot = stream->data;
	size_t at = 0;
	channel_heard(&dot->base);
	tls_take_ticket(stream->tls, channel_ticket(&dot->base));
	while (!dot->base.closing && at < length) {
		if (dot->answer) {
			at += take_rest(dot, bytes + at, length - at);
			continue;
		}
		if (length - at < 2)
			break;
		size_t wanted = dns_read16(bytes + at);
		if (wanted <= length - at - 2) {
			take(dot, bytes + at + 2, wanted);
			at += 2 + wanted;
			continue;
		}
		if (wanted + 2 <= STREAM_IN_BYTES)
			break; /* the stream keeps it until it is whole */
		dot->answer = malloc(wanted);
		if (!dot->answer) {
			channel_failed(&dot->base, "out of memory");
			break;
		}
		dot->answer_wanted = wanted;
		dot->answer_length = 0;
		at += 2;
	}
	return at;
}

static void on_written(struct stream *stream)
{
	(void)stream;
}

static const struct stream_user user = {
	.received = on_received,
	.secured = channel_secured,
	.ended = channel_ended,
	.written = on_written,
	.failed = channel_broke,
};

static int dot_open(struct channel *channel)
{
	struct dot *dot = (struct dot *)channel;
	if (stream_init(&dot->stream, channel_loop(channel), channel_room(channel), &user, dot) !=
	    PF_OK)
		return PF_EIO;
	dot->made = true;
	return stream_connect(&dot->stream, &channel_target(channel)->address, &channel->peer, "dot");
}

static void dot_flush(struct channel *channel)
{
	struct dot *dot = (struct dot *)channel;
	size_t length = dot->out_length;
	dot->out_length = 0;
	if (length)
		stream_write(&dot->stream, NULL, 0, dot->out, length);
}

static void dot_ask(struct channel *channel, struct request *request)
{
	struct dot *dot = (struct dot *)channel;
	if (dot->out_length + 2 + request->length > sizeof dot->out)
		dot_flush(channel);
	if (channel->closing)
		return; /* the flush has failed, and the request with it */
	if (stream_queued(&dot->stream) > QUEUED_BYTES_MAX) {
		channel_refused(request);
		return;
	}
	dns_write16(dot->out + dot->out_length, (uint16_t)request->length);
	memcpy(dot->out + dot->out_length + 2, request->message, request->length);
	dot->out_length += 2 + request->length;
}

/* Its answer will come and nobody will know its id. */
static void dot_forget(struct channel *channel, struct request *request)
{
	(void)channel;
	(void)request;
}

static void on_closed(uv_handle_t *handle)
{
	struct dot *dot = ((struct stream *)handle->data)->data;
	channel_closed(&dot->base);
}

static void dot_close(struct channel *channel)
{
	struct dot *dot = (struct dot *)channel;
	free(dot->answer);
	dot->answer = NULL;
	if (dot->made)
		stream_close(&dot->stream, on_closed);
	else
		channel_closed(channel);
}

const struct channel_kind channel_dot = {
	.bytes = sizeof(struct dot),
	.open = dot_open,
	.ask = dot_ask,
	.forget = dot_forget,
	.flush = dot_flush,
	.close = dot_close,
};
