/* Files of Frame Streams (farsightsec.github.io/fstrm): frames behind four bytes of their length; a length of 0 announces a control
 * frame. A length that can not be leaves no way to find the next frame, so that reading ends there. */
#include <stdlib.h>
#include <string.h>

#include "base/frame_stream.h"
#include "capture/file.h"
#include "capture/frame.h"
#include "dns/dns.h"

#define FRAME_BYTES_MAX \
	(1u << 20) /* a message, its question and what is said of them take some 130 kB */
#define PROGRESS_FRAMES 4096

struct frames {
	struct capture_reading *reading;
	FILE *stream;
	uint64_t bytes, count;
	uint8_t *frame; /* FRAME_BYTES_MAX */
};

/* Reads all of it; false: the file ends before, or can not be read. */
static bool read_bytes(struct frames *frames, void *to, size_t length)
{
	size_t got = fread(to, 1, length, frames->stream);
	frames->bytes += got;
	return got == length;
}

static int broken(struct frames *frames, const char *why)
{
	capture_note_break(frames->reading, "frame", frames->count, why);
	return PF_ENOENT;
}

/* Is the content that a START announces dnstap? Without a word on it, it may be. */
static bool is_dnstap(const uint8_t *control, size_t length)
{
	for (size_t at = 4; length - at >= 8;) {
		uint32_t type = dns_read32(control + at), bytes = dns_read32(control + at + 4);
		at += 8;
		if (bytes > length - at)
			return false;
		if (type == FRAME_STREAM_FIELD_CONTENT)
			return bytes == sizeof FRAME_STREAM_DNSTAP - 1 &&
			       !memcmp(control + at, FRAME_STREAM_DNSTAP, bytes);
		at += bytes;
	}
	return true;
}

/* PF_OK; PF_ENOENT: the stream ends here; PF_EINVAL: it holds something else. */
static int take_control(struct frames *frames)
{
	uint8_t control[FRAME_STREAM_CONTROL_MAX], prefix[4];
	if (!read_bytes(frames, prefix, sizeof prefix))
		return broken(frames, "a control frame is cut off");
	uint32_t length = dns_read32(prefix);
	if (length < 4 || length > sizeof control)
		return broken(frames, "the length of a control frame can not be");
	if (!read_bytes(frames, control, length))
		return broken(frames, "a control frame is cut off");
	uint32_t type = dns_read32(control);
	if (type == FRAME_START && !is_dnstap(control, length))
		return PF_EINVAL;
	return type == FRAME_STOP ? PF_ENOENT : PF_OK;
}

static void give(struct frames *frames, const struct dnstap_frame *frame)
{
	const struct capture_sink *sink = &frames->reading->sink;
	struct capture_counts *counts = sink->counts;
	if (frame->message.length < DNS_HEADER_BYTES) {
		counts->damaged[DAMAGE_SHORT]++;
		return;
	}
	if ((frame->message.bytes[2] >> 7) != frame->is_answer ||
	    frame->message.length > DNS_MESSAGE_MAX) {
		counts->damaged[DAMAGE_FRAME]++;
		return;
	}
	++*(frame->is_answer ? &counts->answers : &counts->questions);
	sink->take(sink->data, &frame->message, frame->is_answer);
}

static int take_data(struct frames *frames, uint32_t length)
{
	struct dnstap_frame frame;
	struct capture_counts *counts = frames->reading->sink.counts;
	if (length > FRAME_BYTES_MAX)
		return broken(frames, "the length of a frame can not be");
	if (!read_bytes(frames, frames->frame, length))
		return broken(frames, "a frame is cut off");
	frames->count++;
	counts->packets++;
	int result = dnstap_frame_read(frames->frame, length, &frame);
	if (result == PF_OK)
		give(frames, &frame);
	else
		++*(result == PF_ENOENT ? &counts->other : &counts->damaged[DAMAGE_FRAME]);
	return PF_OK;
}

static int read_frames(struct frames *frames)
{
	const struct capture_reading *reading = frames->reading;
	int result = PF_OK;
	while (result == PF_OK) {
		uint8_t prefix[4];
		size_t got = fread(prefix, 1, sizeof prefix, frames->stream);
		frames->bytes += got;
		if (!got)
			return broken(frames, "the frame that ends the stream is missing");
		if (got < sizeof prefix)
			return broken(frames, "a frame is cut off");
		uint32_t length = dns_read32(prefix);
		result = length ? take_data(frames, length) : take_control(frames);
		if (reading->progress && frames->count % PROGRESS_FRAMES == 0)
			reading->progress(reading->progress_data, frames->bytes);
	}
	return result;
}

int dnstap_read(struct capture_reading *reading, FILE *stream, char error[CAPTURE_ERROR_MAX])
{
	uint8_t *frame = malloc(FRAME_BYTES_MAX);
	struct frames frames = {reading, stream, 0, 0, frame};
	snprintf(error, CAPTURE_ERROR_MAX, "%s can not be read: out of memory.", reading->path);
	if (!frame)
		return PF_ENOMEM;
	int result = read_frames(&frames);
	free(frame);
	if (result == PF_EINVAL)
		snprintf(error, CAPTURE_ERROR_MAX,
		         "%s is a Frame Streams file, but what it holds is not %s.", reading->path,
		         FRAME_STREAM_DNSTAP);
	return result == PF_ENOENT ? PF_OK : result;
}
