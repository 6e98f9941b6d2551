/* Private to journal/: a bounded ring of bytes between one worker (the producer) and the writer (the
 * consumer). All that the two share lies in one piece of memory, and positions only grow, so that it can
 * be a mapped file that outlives the process (rings.h).
 *
 *   shared: | head | tail | data: … [length|record] [length|record] [to the end] …
 *
 * Each entry is a header of 8 bytes and its record, in one piece: what would not fit before the end starts at
 * the beginning, and a marker says so. */
#ifndef PF_JOURNAL_RING_H
#define PF_JOURNAL_RING_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define RING_LINE_BYTES 64 /* a cache line: head and tail are written by different cores */

struct ring_shared {
	alignas(RING_LINE_BYTES) _Atomic uint64_t head; /* bytes ever published; the producer's */
	alignas(RING_LINE_BYTES) _Atomic uint64_t tail; /* bytes ever released; the consumer's */
	alignas(RING_LINE_BYTES) uint8_t data[];
};

struct ring {
	struct ring_shared *shared;
	uint64_t size; /* of `data`: a power of two */
	bool owned;    /* the memory is this ring's own mapping */
	/* The producer's own line: */
	alignas(RING_LINE_BYTES) uint64_t tail_seen; /* `tail` when it was last looked at */
	uint64_t claimed;                            /* head after the next publish */
	uint64_t put, refused;                       /* counters of counter.h: records */
};

/* `size` is a power of two. PF_ENOMEM. */
PF_MUST_CHECK int ring_init(struct ring *ring, size_t size);
void ring_deinit(struct ring *ring);

/* In memory of the caller's, which outlives the ring: `shared` has room for ring_bytes(size) and is zero,
 * or is what another process left there and ring_mend has seen. */
void ring_attach(struct ring *ring, struct ring_shared *shared, size_t size);
static inline size_t ring_bytes(size_t size)
{
	return sizeof(struct ring_shared) + size;
}

/* Of a ring that another process left: keeps the entries that are whole and forgets what stands behind
 * the first that can be none. Returns false when something was forgotten. */
bool ring_mend(struct ring *ring);

/* The producer: room for `length` bytes in one piece, or NULL when the ring is full. Nothing is seen by the
 * consumer before ring_publish. */
void *ring_claim(struct ring *ring, size_t length);
void ring_publish(struct ring *ring);

/* Bytes in use, as far as the caller can see. Any thread. */
uint64_t ring_used(const struct ring *ring);

/* The consumer. Entries stand between the tail and the head; they stay until they are released. */
uint64_t ring_head(const struct ring *ring);
uint64_t ring_tail(const struct ring *ring);

/* The entry at `*at`, before `end` (a head seen earlier); moves `*at` behind it. False at the end. */
bool ring_next(const struct ring *ring, uint64_t *at, uint64_t end, const uint8_t **data,
               size_t *length);
void ring_release(struct ring *ring, uint64_t until);

#endif
