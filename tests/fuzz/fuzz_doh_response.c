/* What a server of DNS over HTTPS sends to us who ask it: to the pool and the channel as they are, and to nghttp2 with our limits; only
 * the socket below them is played here, and TLS never begins. Each question ends once at most, an answer is a message that was not broken off, what the server does not
 * take stays small, and the same bytes in pieces answer the same questions in the same way.
 *
 * The input: a byte of what is done (enum), one of how large the pieces are; the rest is what the server sends. After a third of it
 * one more question may be asked, and the next third may come again and again. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "dns/dns.h"
#include "upstream/pool.h"

#define BYTES_MAX 8192
#define OPTION_BYTES 2
#define QUESTION_BYTES 29
#define QUESTIONS_MAX 5
#define QUEUED_BYTES_MAX (65536 + 16384 + 9) /* of doh.c, and a frame that goes beyond it */
#define FLOOD_BYTES (64 * 9) /* shorter ones can not want more answers than may wait in doh.c */

enum { QUESTIONS = 0x03, REPEATS = 0x1c, TAKES_NOTHING = 0x20, FORGETS = 0x40, ASKS_TWICE = 0x80 };
#define REPEATS_SHIFT 2
#define FRAME_HEAD 9
#define HEADERS 1 /* DATA is 0 */
#define END_STREAM 1

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum fate { UNASKED, WAITS, ANSWERED, FAILED, FORGOTTEN };

struct question {
	struct request request;
	enum fate fate;
	size_t length;
	uint8_t answer[DNS_MESSAGE_MAX];
};

/* The socket, the server behind it and who asks. */
struct play {
	uv_loop_t loop;
	struct pool *pool;
	struct stream *stream; /* NULL: not yet, or closed */
	bool opened;           /* the first connection; the server takes no other */
	bool takes_nothing;
	size_t queued;
	struct question questions[QUESTIONS_MAX];
};

/* ---- in place of stream.c and of the log -------------------------------------------------- */

static struct play *play_of(const struct stream *stream)
{
	return stream->handle.loop->data;
}

int stream_init(struct stream *stream, uv_loop_t *loop, struct stream_room *room,
                const struct stream_user *user, void *data)
{
	stream->user = user;
	stream->room = room;
	stream->data = data;
	if (uv_tcp_init(loop, &stream->handle))
		return PF_EIO;
	stream->handle.data = stream;
	return PF_OK;
}

static bool send_nothing(void *data, const uint8_t *bytes, size_t length)
{
	(void)data, (void)bytes, (void)length;
	return true;
}

int stream_connect(struct stream *stream, const struct addr_port *peer,
                   const struct tls_peer *expected, const char *application)
{
	struct play *play = play_of(stream);
	(void)peer;
	stream->tls = tls_connect(expected, application, send_nothing, NULL);
	if (!stream->tls)
		return PF_EIO;
	if (!play->opened)
		play->stream = stream;
	play->opened = true;
	return PF_OK;
}

void stream_write(struct stream *stream, const uint8_t *head, size_t head_length,
                  const uint8_t *bytes, size_t length)
{
	struct play *play = play_of(stream);
	(void)head, (void)bytes;
	play->queued += play->takes_nothing ? head_length + length : 0;
	if (stream != play->stream || play->queued > QUEUED_BYTES_MAX)
		abort();
}

size_t stream_queued(const struct stream *stream)
{
	return play_of(stream)->queued;
}

uint16_t stream_port(const struct stream *stream)
{
	(void)stream;
	return 0;
}

void stream_close(struct stream *stream, uv_close_cb closed)
{
	struct play *play = play_of(stream);
	if (stream == play->stream)
		play->stream = NULL;
	tls_free(&stream->tls);
	uv_close((uv_handle_t *)&stream->handle, closed);
}

void log_write(enum log_level level, const char *format, ...)
{
	(void)level, (void)format;
}

/* ---- who asks ---------------------------------------------------------------------------- */

static void on_answered(struct request *request, const uint8_t *message, size_t length)
{
	struct question *question = request->data;
	if (question->fate != WAITS || length < DNS_HEADER_BYTES || length > DNS_MESSAGE_MAX)
		abort();
	question->fate = ANSWERED;
	question->length = length;
	memcpy(question->answer, message, length);
}

static void on_failed(struct request *request, bool reached)
{
	struct question *question = request->data;
	(void)reached;
	if (question->fate != WAITS)
		abort();
	question->fate = FAILED;
}

static void ask(struct play *play, struct question *question)
{
	static const struct request_user user = {.answered = on_answered, .failed = on_failed};
	question->request = (struct request){
		.user = &user,
		.data = question,
		.length = QUESTION_BYTES,
	};
	question->fate = pool_ask(play->pool, &question->request) == PF_OK ? WAITS : FAILED;
}

static void forget(struct question *question)
{
	if (question->fate != WAITS)
		return;
	pool_forget(&question->request);
	question->fate = FORGOTTEN;
}

/* ---- the play ---------------------------------------------------------------------------- */

static void turn(struct play *play)
{
	uv_run(&play->loop, UV_RUN_NOWAIT);
}

static void receive(struct play *play, const uint8_t *bytes, size_t length, size_t piece)
{
	for (size_t at = 0; play->stream && at < length; at += piece) {
		size_t now = length - at < piece ? length - at : piece;
		if (play->stream->user->received(play->stream, bytes + at, now) != now)
			abort();
	}
}

static size_t repeats(uint8_t options)
{
	return (size_t)1 << ((options & REPEATS) >> REPEATS_SHIFT);
}

static void converse(struct play *play, uint8_t options, const uint8_t *bytes, size_t length,
                     size_t piece)
{
	size_t first = 1 + (options & QUESTIONS), third = length / 3;
	for (size_t i = 0; i < first; i++)
		ask(play, &play->questions[i]);
	turn(play);
	if (!play->stream)
		abort();
	play->stream->user->secured(play->stream);
	turn(play);
	receive(play, bytes, third, piece);
	if (options & FORGETS)
		forget(&play->questions[0]);
	if (options & ASKS_TWICE)
		ask(play, &play->questions[first]);
	turn(play);
	for (size_t i = 0; i < repeats(options); i++)
		receive(play, bytes + third, third, piece);
	receive(play, bytes + 2 * third, length - 2 * third, piece);
	play->queued = 0;
	if (play->stream)
		play->stream->user->written(play->stream);
	turn(play);
}

static void run(struct play *play, uint8_t options, const uint8_t *bytes, size_t length,
                size_t piece)
{
	struct upstream_secure secure = {.path = "/dns-query", .name = "dns.example.net"};
	const struct upstream_target target = {
		.address = {.addr = {.family = 4}, .port = 443},
		.protocol = PROTOCOL_HTTPS,
		.secure = &secure,
	};
	if (uv_loop_init(&play->loop) || tls_trust_nobody(&secure.trust) != PF_OK)
		abort();
	play->loop.data = play;
	play->takes_nothing = options & TAKES_NOTHING;
	play->pool = pool_new(&play->loop, NULL, &target, NULL);
	if (play->pool) /* else it is built without HTTP/2 */
		converse(play, options, bytes, length, piece);
	for (size_t i = 0; i < QUESTIONS_MAX; i++)
		forget(&play->questions[i]);
	pool_retire(&play->pool);
	uv_run(&play->loop, UV_RUN_DEFAULT);
	if (uv_loop_close(&play->loop))
		abort();
	tls_trust_unuse(&secure.trust);
}

/* Frames that end a stream. */
static size_t count_ends(const uint8_t *bytes, size_t length)
{
	size_t count = 0;
	while (length >= FRAME_HEAD) {
		size_t payload = (size_t)bytes[0] << 16 | (size_t)bytes[1] << 8 | bytes[2];
		count += bytes[3] <= HEADERS && bytes[4] & END_STREAM;
		if (payload > length - FRAME_HEAD)
			break;
		bytes += FRAME_HEAD + payload;
		length -= FRAME_HEAD + payload;
	}
	return count;
}

/* What was broken off is no answer. */
static void check_ends(const struct play *play, const uint8_t *bytes, size_t length)
{
	size_t answered = 0;
	for (size_t i = 0; i < QUESTIONS_MAX; i++)
		answered += play->questions[i].fate == ANSWERED;
	if (answered > count_ends(bytes, length))
		abort();
}

static void compare(const struct question *a, const struct question *b)
{
	if ((a->fate == ANSWERED) != (b->fate == ANSWERED) || a->length != b->length ||
	    memcmp(a->answer, b->answer, a->length))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < OPTION_BYTES || size > BYTES_MAX)
		return 0;
	struct play *whole = calloc(1, sizeof *whole), *pieces = calloc(1, sizeof *pieces);
	if (!whole || !pieces)
		abort();
	const uint8_t *bytes = data + OPTION_BYTES;
	size_t length = size - OPTION_BYTES;
	run(whole, data[0], bytes, length, BYTES_MAX);
	if (repeats(data[0]) == 1)
		check_ends(whole, bytes, length);
	if (length * repeats(data[0]) <= FLOOD_BYTES) {
		run(pieces, data[0], bytes, length, 1 + (size_t)data[1] % 32);
		for (size_t i = 0; i < QUESTIONS_MAX; i++)
			compare(&whole->questions[i], &pieces->questions[i]);
	}
	free(whole);
	free(pieces);
	return 0;
}
