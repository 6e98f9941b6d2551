/* The journal: bounded rings from the workers, one writer thread, sinks. DNS never waits for it: a
 * full ring drops the record and counts it, so that answered = journalled + dropped, always. */
#ifndef PF_JOURNAL_JOURNAL_H
#define PF_JOURNAL_JOURNAL_H

#include <stdbool.h>

#include "base/error.h"
#include "journal/record.h"
#include "journal/sink.h"
#include "value/change.h"
#include "value/event.h"

#define JOURNAL_RING_BYTES (8u << 20) /* for each worker: some 30,000 records */
#define JOURNAL_FLUSH_MS 200          /* a record waits at most so long for its transaction */
#define JOURNAL_BATCH_MAX 16384       /* records in one transaction */

struct journal;

struct journal_options {
	struct sink **sinks;
	size_t sink_count;
	size_t ring_count; /* one for each worker */
	/* The file of the rings, so that a killed daemon loses nothing that it answered: the next one with this path
	 * brings what is left there into the sinks. When it can not be made (told in the log) or is NULL, the rings live
	 * in memory alone. */
	const char *rings_path;
	/* Who hears of flagged queries whose answers stand overseas; called from the writer's thread, more than once for a
	 * record that could not be written at once. */
	struct event_outlet outlet;
};

/* Starts the writer thread, after what an earlier process left in the rings was written (told in the log; what
 * the sinks do not take within two seconds is kept in rings_path.left and tried at the next start). Takes ownership of the
 * sinks on success. No sinks are allowed: rings are emptied into nothing, and nothing is counted as
 * journalled; `journal: off` never gets here. NULL without memory or thread; the sinks are then still the caller's. */
struct journal *journal_start(const struct journal_options *options);

/* Writes what is still in the rings, closes the sinks, ends the thread. No worker may put any more. A sink that fails
 * now is tried for two seconds; what is left then is lost, counted and logged. */
void journal_stop(struct journal **journal);

/* Puts a record into the ring `ring`; only that worker's thread may. PF_OK, or PF_EFULL: dropped and
 * counted. Copies all; never blocks, allocates nothing. */
int journal_put(struct journal *journal, size_t ring, const struct record *record);

/* What came to light of who is who, once no record under the old id can be put any more. It counts for all that was put
 * before. Any thread. PF_OK; PF_EFULL: more than the writer can follow, it is not taken. */
int journal_change(struct journal *journal, const struct device_change *change);

/* Does a sink want the messages of each query? The same from start to stop. */
bool journal_wants_wire(const struct journal *journal);

struct journal_stats {
	uint64_t put;        /* records that entered a ring */
	uint64_t journalled; /* committed by the first sink; others follow as well as they can */
	uint64_t dropped;    /* did not fit into a ring, or the sink gave up on them */
	uint64_t recovered;  /* of an earlier process, written at the start; in none of the others */
	uint64_t ring_bytes, ring_bytes_max; /* fullest ring: now, and its size */
	char last_error[256];                /* "" when the last batch went well */
};
void journal_stats(struct journal *journal, struct journal_stats *stats);

/* Of one of the sinks, in the order in which they were given. In a quiet moment put + what the rings refused =
 * journalled + dropped + what this sink has still to take. */
struct journal_sink_stats {
	const char *name;
	uint64_t journalled, dropped; /* dropped: by the rings too */
	char last_error[256];
};
size_t journal_sink_count(const struct journal *journal);
void journal_sink_stats(struct journal *journal, size_t sink, struct journal_sink_stats *stats);

/* Blocks until all that was put before the call is committed or dropped, or `timeout_ms` passed
 * (PF_ETIMEOUT). For tests and shutdown. Any thread but the writer. */
int journal_flush(struct journal *journal, unsigned timeout_ms);

#endif
