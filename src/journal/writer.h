/* Private to journal/: brings what stands in the rings into the sinks, batch by batch. No thread, no clock
 * and no waiting in here: journal.c has those, so that tests can drive it. */
#ifndef PF_JOURNAL_WRITER_H
#define PF_JOURNAL_WRITER_H

#include <pthread.h>

#include "journal/changes.h"
#include "journal/flagged.h"
#include "journal/flat.h"
#include "journal/rings.h"
#include "journal/sink.h"

#define WRITER_ERROR_MAX 256
#define WRITER_RETRY_MIN_MS 100  /* after a first failure: a short lock should not cost a second */
#define WRITER_RETRY_MAX_MS 1000 /* and not oftener than this while it lasts */

/* A sink and how far it is. The first lane decides what is journalled; the others follow as well as
 * they can. */
struct lane {
	struct sink *sink;
	uint64_t *cursors; /* for each ring: what this sink has committed */
	int64_t retry_us;  /* monotonic: not before; 0: it is well */
	unsigned retry_ms;
	uint64_t journalled, dropped; /* counters of counter.h: records */
	pthread_mutex_t lock;         /* guards error */
	char error[WRITER_ERROR_MAX]; /* "" when the last batch went well */
};

struct writer {
	struct ring *rings;
	size_t ring_count;
	uint64_t generation;        /* of the rings; 0: they do not outlive us, and nothing is marked */
	struct event_outlet outlet; /* of the first sink's records; set by the owner */
	struct changes *changes;    /* borrowed, for the first sink; NULL: none. Set by the owner */
	struct lane *lanes;
	size_t lane_count;
	uint64_t *ends, *cursors;    /* scratch: for each ring */
	struct flat_record *scratch; /* the record being written */
};

/* Rings are borrowed; sinks are taken on PF_OK. Each sink goes on where it says that it stood in these rings, else
 * at their tails. PF_ENOMEM. */
PF_MUST_CHECK int writer_init(struct writer *writer, const struct rings *rings, struct sink **sinks,
                              size_t sink_count);
/* Closes the sinks. */
void writer_deinit(struct writer *writer);
/* Gives the sinks back to whom they came from. */
void writer_release_sinks(struct writer *writer);

/* Is the first sink to be left alone for now, after a failure? */
bool writer_waits(const struct writer *writer, int64_t mono_us);

/* Writes what the rings hold at this moment into every sink that does not wait, and releases what all
 * have. `last`: do not wait. Returns whether there was anything. */
bool writer_drain(struct writer *writer, int64_t mono_us, bool last);

/* Retention, in the sinks that are well. */
void writer_idle(struct writer *writer, int64_t wall_us);

/* Gives up on what is left in the rings: counts it as dropped. Returns how many records that were. */
uint64_t writer_abandon(struct writer *writer);

#endif
