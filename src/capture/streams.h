/* Private to capture/: DNS over TCP (RFC 1035, 4.2.2; RFC 7766): segments in any order become messages, several in a segment or one
 * in several. Each direction of a connection is a stream of its own. */
#ifndef PF_CAPTURE_STREAMS_H
#define PF_CAPTURE_STREAMS_H

#include "capture/ip.h"

#define STREAMS_MAX 4096 /* at once; the one that was quiet longest makes room */
#define STREAMS_BYTES_MAX ((size_t)64 << 20) /* that all of them keep waiting */
#define STREAMS_SEGMENT_MAX 64 /* of one stream behind a gap: a window of 64 kB and more */
#define STREAMS_SEGMENT_BYTES_MAX 65535

struct streams;

struct segment {
	int64_t wall_us;
	struct addr_port from, to;
	bool has_mac; /* of the sender */
	struct mac mac;
	uint32_t sequence;
	bool syn, fin, rst;
	struct piece piece;
};

/* Who takes the messages. Of `segment` the ends, the MAC and the time are to be looked at: it is the one that made the message
 * whole, or the last of its stream. */
struct streams_sink {
	void (*take)(void *data, const struct segment *segment, const uint8_t *bytes, size_t length);
	void *data;
	struct capture_counts *counts;
};

struct streams *streams_new(const struct streams_sink *sink);
void streams_free(struct streams **streams);
/* Adds a segment; the sink gets each message that is whole with it. PF_OK, PF_ENOMEM. */
int streams_add(struct streams *streams, const struct segment *segment);
/* The capture ends: what stands behind gaps is read as far as it can be, and what is left is counted. Streams are gone then. */
void streams_end(struct streams *streams);

#endif
