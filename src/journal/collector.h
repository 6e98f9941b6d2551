/* Private to journal/: a collector in another process or on another machine, and what it has not taken yet. The socket never
 * blocks; what is sent are whole messages, in order, and one that a broken connection has cut goes out once more, whole. */
#ifndef PF_JOURNAL_COLLECTOR_H
#define PF_JOURNAL_COLLECTOR_H

#include <stdbool.h>

#include "base/buffer.h"
#include "config/config.h"

#define COLLECTOR_WAIT_MS \
	20 /* for a collector that takes nothing; the writer has other sinks too */
#define COLLECTOR_SPEND_MS 100        /* for one that takes little, at once */
#define COLLECTOR_PART_MS 25          /* and with a part of a batch */
#define COLLECTOR_CONNECT_MS 5000     /* then a connection that does not come about is tried anew */
#define COLLECTOR_KEPT_MAX (2u << 20) /* bytes for one that stands still; more is dropped */
/* So much is sent at once, also in the midst of a batch: it stands in the core's own cache still. */
#define COLLECTOR_PART_BYTES (64u << 10)
#define COLLECTOR_TEXT_MAX 128 /* "tcp://[2001:db8::1]:6000", or the path */

struct collector {
	struct config_collector place; /* its path is owned */
	bool datagrams;                /* one message each; else a stream */
	char text[COLLECTOR_TEXT_MAX];
	int fd;           /* -1: closed */
	bool connected;   /* else it is on its way */
	bool stalled;     /* it took nothing when it was offered something last */
	int64_t since_us; /* monotonic: when the connection was begun */
	struct buffer
		kept; /* the messages, one behind the other, so that a stream takes them in one piece */
	struct buffer lengths; /* of each of them: uint32_t */
	size_t at, length_at;  /* in both: the first that is not gone */
	size_t sent;           /* bytes of it that are */
	uint64_t broken;       /* connections that were lost or never came about */
};

/* Copies `place`. PF_ENOMEM. */
PF_MUST_CHECK int collector_init(struct collector *collector, const struct config_collector *place,
                                 bool datagrams);
void collector_deinit(struct collector *collector);

/* Connects, or looks whether that has come about. PF_OK: it is connected; else PF_EIO and a sentence. */
PF_MUST_CHECK int collector_connect(struct collector *collector, int64_t now_us, char *error,
                                    size_t error_size);
void collector_close(struct collector *collector);
/* Closes, and says why: `what` ends the sentence "The collector X …". Always PF_EIO. */
int collector_fail(struct collector *collector, char *error, size_t error_size, const char *what);

/* Keeps a message; what has gathered is sent from time to time, so that a batch may be larger than what is kept. PF_EFULL, and
 * nothing is kept, when there is no room. */
PF_MUST_CHECK int collector_keep(struct collector *collector, const void *message, size_t length);

/* The same in place: room for a message of at most `length` bytes, or NULL; and then how long it has become. */
static inline void *collector_room(struct collector *collector, size_t length);
static inline void collector_kept(struct collector *collector, size_t length);

/* collector_room where something must be sent or grow first, or there is none. */
void *collector_make_room(struct collector *collector, size_t length);

/* Sends what is kept. PF_OK: all is gone; else PF_EIO and a sentence: the connection is lost and closed, or it is open and takes no
 * more at present: go on later. */
PF_MUST_CHECK int collector_send(struct collector *collector, char *error, size_t error_size);

/* Tells the log of what is kept and will never be sent. */
void collector_tell_lost(const struct collector *collector);

/* Waits at most `timeout_ms` for the socket to be ready for `events` of poll(2). */
bool collector_wait(const struct collector *collector, short events, int timeout_ms);

static inline void *collector_room(struct collector *collector, size_t length)
{
	struct buffer *kept = &collector->kept, *lengths = &collector->lengths;
	if (kept->length - collector->at < COLLECTOR_PART_BYTES && kept->room - kept->length > length &&
	    kept->max - kept->length >= length && lengths->room - lengths->length > sizeof(uint32_t))
		return kept->data + kept->length;
	return collector_make_room(collector, length);
}

static inline void collector_kept(struct collector *collector, size_t length)
{
	struct buffer *lengths = &collector->lengths;
	uint32_t size = (uint32_t)length;
	memcpy(lengths->data + lengths->length, &size, sizeof size);
	lengths->length += sizeof size;
	collector->kept.length += length;
}

#endif
