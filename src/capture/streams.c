/* Streams by their two ends, see streams.h. A stream is behind its last byte in order; what comes out of order waits in a
 * list by sequence. */
#include "capture/streams.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "dns/dns.h"

#define BUCKET_COUNT 8192
#define PREFIX_BYTES 2
#define MESSAGE_ROOM (PREFIX_BYTES + DNS_MESSAGE_MAX)
#define AHEAD_MAX (1 << 20) /* bytes behind a gap; farther is no segment of this stream */

struct waiting {
	struct waiting *next;
	uint32_t sequence;
	uint32_t length;
	uint8_t bytes[];
};

struct stream {
	struct stream *next;          /* in the bucket */
	struct stream *older, *newer; /* by last use */
	struct segment last;          /* without its bytes */
	uint32_t expected;            /* the next byte's sequence */
	bool lost;                    /* where messages begin is not known */
	uint8_t *partial;             /* owned; the beginning of a message */
	size_t partial_length, partial_room;
	struct waiting *waiting; /* owned; by sequence */
	size_t waiting_count;
};

struct streams {
	struct streams_sink sink;
	struct capture_counts *counts; /* the sink's */
	struct hash_key key;
	struct stream *buckets[BUCKET_COUNT];
	struct stream *oldest, *newest;
	size_t count, bytes;
};

struct streams *streams_new(const struct streams_sink *sink)
{
	struct streams *streams = calloc(1, sizeof *streams);
	if (!streams)
		return NULL;
	streams->sink = *sink;
	streams->counts = sink->counts;
	streams->key = hash_key_random();
	return streams;
}

/* ---- the table --------------------------------------------------------------------------- */

static struct stream **bucket_of(struct streams *streams, const struct addr_port *from,
                                 const struct addr_port *to)
{
	/* Padding has no say in it. */
	uint8_t bytes[2 * (sizeof from->addr.bytes + sizeof from->port)];
	memcpy(bytes, from->addr.bytes, 16);
	memcpy(bytes + 16, &from->port, 2);
	memcpy(bytes + 18, to->addr.bytes, 16);
	memcpy(bytes + 34, &to->port, 2);
	return &streams->buckets[hash_bytes(streams->key, bytes, sizeof bytes) % BUCKET_COUNT];
}

static bool same_end(const struct addr_port *a, const struct addr_port *b)
{
	return a->port == b->port && addr_equal(&a->addr, &b->addr);
}

static struct stream *find(struct streams *streams, const struct segment *segment)
{
	struct stream *stream = *bucket_of(streams, &segment->from, &segment->to);
	while (stream && !(same_end(&stream->last.from, &segment->from) &&
	                   same_end(&stream->last.to, &segment->to)))
		stream = stream->next;
	return stream;
}

static void unlink_age(struct streams *streams, struct stream *stream)
{
	*(stream->older ? &stream->older->newer : &streams->oldest) = stream->newer;
	*(stream->newer ? &stream->newer->older : &streams->newest) = stream->older;
}

static void link_age(struct streams *streams, struct stream *stream)
{
	stream->newer = NULL;
	stream->older = streams->newest;
	*(streams->newest ? &streams->newest->newer : &streams->oldest) = stream;
	streams->newest = stream;
}

static void drop_waiting(struct streams *streams, struct stream *stream)
{
	struct waiting *first = stream->waiting;
	stream->waiting = first->next;
	stream->waiting_count--;
	streams->bytes -= first->length;
	free(first);
}

/* Forgets all that the stream holds. */
static void empty(struct streams *streams, struct stream *stream)
{
	while (stream->waiting)
		drop_waiting(streams, stream);
	streams->bytes -= stream->partial_room;
	free(stream->partial);
	stream->partial = NULL;
	stream->partial_length = stream->partial_room = 0;
}

static void forget(struct streams *streams, struct stream *stream)
{
	struct stream **at = bucket_of(streams, &stream->last.from, &stream->last.to);
	while (*at != stream)
		at = &(*at)->next;
	*at = stream->next;
	unlink_age(streams, stream);
	empty(streams, stream);
	streams->count--;
	free(stream);
}

void streams_free(struct streams **streams)
{
	if (!*streams)
		return;
	while ((*streams)->oldest)
		forget(*streams, (*streams)->oldest);
	free(*streams);
	*streams = NULL;
}

static struct stream *add(struct streams *streams, const struct segment *segment)
{
	struct stream *stream = calloc(1, sizeof *stream);
	if (!stream)
		return NULL;
	stream->last = *segment;
	struct stream **bucket = bucket_of(streams, &stream->last.from, &stream->last.to);
	stream->next = *bucket;
	*bucket = stream;
	link_age(streams, stream);
	streams->count++;
	return stream;
}

static void make_room(struct streams *streams, const struct stream *but)
{
	while (streams->oldest && streams->oldest != but &&
	       (streams->count > STREAMS_MAX || streams->bytes > STREAMS_BYTES_MAX)) {
		if (streams->oldest->partial_length || streams->oldest->waiting)
			streams->counts->damaged[DAMAGE_STREAM_FULL]++;
		forget(streams, streams->oldest);
	}
}

/* ---- messages ---------------------------------------------------------------------------- */

/* Could a message begin here? Of a stream whose beginning was not seen nothing else can be known. */
static bool may_begin(const uint8_t *bytes, size_t length)
{
	if (length < PREFIX_BYTES + DNS_HEADER_BYTES || dns_read16(bytes) < DNS_HEADER_BYTES)
		return false;
	const uint8_t *header = bytes + PREFIX_BYTES;
	bool reserved = header[3] & 0x40;
	unsigned opcode = header[2] >> 3 & 15;
	return !reserved && opcode <= 6 && dns_read16(header + 4) <= 1;
}

static void give(struct streams *streams, const struct stream *stream, const uint8_t *bytes,
                 size_t length)
{
	streams->sink.take(streams->sink.data, &stream->last, bytes, length);
}

static int keep_partial(struct streams *streams, struct stream *stream, const uint8_t *bytes,
                        size_t length)
{
	size_t wanted = stream->partial_length + length;
	if (wanted > stream->partial_room) {
		size_t room = wanted < 512 ? 512 : wanted < 4096 ? 4096 : MESSAGE_ROOM;
		uint8_t *grown = realloc(stream->partial, room);
		if (!grown)
			return PF_ENOMEM;
		streams->bytes += room - stream->partial_room;
		stream->partial = grown;
		stream->partial_room = room;
	}
	memcpy(stream->partial + stream->partial_length, bytes, length);
	stream->partial_length = wanted;
	return PF_OK;
}

static size_t message_bytes(const uint8_t *at)
{
	return PREFIX_BYTES + (size_t)dns_read16(at);
}

/* Fills the message that has begun; returns how many of the bytes it took, or PF_ENOMEM. */
static int fill_partial(struct streams *streams, struct stream *stream, const uint8_t *bytes,
                        size_t length)
{
	size_t taken = 0;
	while (stream->partial_length && taken < length) {
		size_t whole =
			stream->partial_length < PREFIX_BYTES ? PREFIX_BYTES : message_bytes(stream->partial);
		size_t missing = whole - stream->partial_length;
		size_t piece = missing < length - taken ? missing : length - taken;
		if (keep_partial(streams, stream, bytes + taken, piece) != PF_OK)
			return PF_ENOMEM;
		taken += piece;
		if (stream->partial_length >= PREFIX_BYTES &&
		    stream->partial_length == message_bytes(stream->partial)) {
			stream->partial_length = 0;
			give(streams, stream, stream->partial + PREFIX_BYTES,
			     message_bytes(stream->partial) - PREFIX_BYTES);
		}
	}
	return (int)taken;
}

/* Takes bytes that are in order. */
static int advance(struct streams *streams, struct stream *stream, const uint8_t *bytes,
                   size_t length)
{
	stream->expected += (uint32_t)length;
	if (stream->lost)
		return PF_OK;
	int taken = fill_partial(streams, stream, bytes, length);
	if (taken < 0)
		return taken;
	size_t at = (size_t)taken;
	while (length - at >= PREFIX_BYTES && message_bytes(bytes + at) <= length - at) {
		give(streams, stream, bytes + at + PREFIX_BYTES, message_bytes(bytes + at) - PREFIX_BYTES);
		at += message_bytes(bytes + at);
	}
	return length > at ? keep_partial(streams, stream, bytes + at, length - at) : PF_OK;
}

/* ---- order ------------------------------------------------------------------------------- */

/* Takes what waits and is in order now. */
static int take_waiting(struct streams *streams, struct stream *stream)
{
	int error = PF_OK;
	while (stream->waiting && error == PF_OK) {
		const struct waiting *first = stream->waiting;
		int32_t ahead = (int32_t)(first->sequence - stream->expected);
		if (ahead > 0)
			break;
		uint32_t known = (uint32_t)-ahead;
		if (known < first->length)
			error = advance(streams, stream, first->bytes + known, first->length - known);
		drop_waiting(streams, stream);
	}
	return error;
}

/* What is missing will not come: goes on behind the gap, if a message can begin there. */
static int jump(struct streams *streams, struct stream *stream)
{
	const struct waiting *first = stream->waiting;
	streams->counts->damaged[DAMAGE_STREAM_GAP]++;
	stream->expected = first->sequence;
	stream->partial_length = 0;
	stream->lost = !may_begin(first->bytes, first->length);
	return take_waiting(streams, stream);
}

static int wait_for_gap(struct streams *streams, struct stream *stream, uint32_t sequence,
                        const uint8_t *bytes, size_t length)
{
	struct waiting **at = &stream->waiting;
	while (*at && (int32_t)((*at)->sequence - sequence) < 0)
		at = &(*at)->next;
	if (*at && (*at)->sequence == sequence && (*at)->length >= length)
		return PF_OK; /* sent again */
	struct waiting *one = malloc(sizeof *one + length);
	if (!one)
		return PF_ENOMEM;
	*one = (struct waiting){*at, sequence, (uint32_t)length};
	memcpy(one->bytes, bytes, length);
	*at = one;
	stream->waiting_count++;
	streams->bytes += length;
	return stream->waiting_count > STREAMS_SEGMENT_MAX ? jump(streams, stream) : PF_OK;
}

static int place(struct streams *streams, struct stream *stream, const struct segment *segment)
{
	const uint8_t *bytes = segment->piece.bytes;
	size_t length = segment->piece.length;
	uint32_t sequence = segment->sequence + segment->syn;
	int32_t ahead = (int32_t)(sequence - stream->expected);
	if (ahead < 0) {
		uint32_t known = (uint32_t)-ahead;
		if (known >= length)
			return PF_OK;
		bytes += known;
		length -= known;
		ahead = 0;
	}
	if (ahead > AHEAD_MAX)
		return PF_OK;
	if (ahead)
		return wait_for_gap(streams, stream, sequence, bytes, length);
	int error = advance(streams, stream, bytes, length);
	return error == PF_OK ? take_waiting(streams, stream) : error;
}

/* The stream of a segment, which may begin with it. */
static struct stream *stream_of(struct streams *streams, const struct segment *segment, bool *fails)
{
	struct stream *stream = find(streams, segment);
	*fails = false;
	if (!stream && !segment->syn && !segment->piece.length)
		return NULL;
	bool fresh = !stream;
	if (fresh && !(stream = add(streams, segment))) {
		*fails = true;
		return NULL;
	}
	if (fresh || (segment->syn && segment->sequence + 1 != stream->expected)) {
		if (!fresh && (stream->partial_length || stream->waiting))
			streams->counts->damaged[DAMAGE_STREAM_END]++;
		empty(streams, stream);
		stream->expected = segment->sequence + segment->syn;
		stream->lost = !segment->syn && !may_begin(segment->piece.bytes, segment->piece.length);
		if (stream->lost)
			streams->counts->damaged[DAMAGE_STREAM_BEGIN]++;
	}
	stream->last = *segment;
	unlink_age(streams, stream);
	link_age(streams, stream);
	return stream;
}

/* Nothing more will come. */
static void close_stream(struct streams *streams, struct stream *stream)
{
	while (stream->waiting)
		if (jump(streams, stream) != PF_OK)
			break;
	if (stream->partial_length && !stream->lost)
		streams->counts->damaged[DAMAGE_STREAM_END]++;
	forget(streams, stream);
}

int streams_add(struct streams *streams, const struct segment *segment)
{
	bool fails;
	if (segment->piece.length > STREAMS_SEGMENT_BYTES_MAX)
		return PF_OK;
	struct stream *stream = stream_of(streams, segment, &fails);
	if (!stream)
		return fails ? PF_ENOMEM : PF_OK;
	int error = segment->piece.length ? place(streams, stream, segment) : PF_OK;
	uint32_t end = segment->sequence + segment->syn + (uint32_t)segment->piece.length;
	bool ends = segment->fin && end == stream->expected && !stream->waiting;
	if (segment->rst || ends)
		close_stream(streams, stream);
	make_room(streams, stream);
	return error;
}

void streams_end(struct streams *streams)
{
	while (streams->oldest)
		close_stream(streams, streams->oldest);
}
