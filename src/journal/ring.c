/* The ring of ring.h: C11 atomics, one release and one acquire for each side, no locked instruction. */
#include "journal/ring.h"

#include <assert.h>
#include <string.h>
#include <sys/mman.h>

#define ENTRY_HEADER_BYTES 8 /* keeps records aligned; four of them are the length */
#define ENTRY_WRAP UINT32_MAX

int ring_init(struct ring *ring, size_t size)
{
	assert(size >= RING_LINE_BYTES && !(size & (size - 1)));
	*ring = (struct ring){.size = size, .owned = true};
	/* Pages are taken as they are first written: an idle daemon does not hold the whole ring. */
	void *memory =
		mmap(NULL, ring_bytes(size), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return PF_ENOMEM;
	ring->shared = memory;
	return PF_OK;
}

void ring_deinit(struct ring *ring)
{
	if (ring->shared && ring->owned)
		munmap(ring->shared, ring_bytes(ring->size));
	ring->shared = NULL;
}

void ring_attach(struct ring *ring, struct ring_shared *shared, size_t size)
{
	assert(size >= RING_LINE_BYTES && !(size & (size - 1)));
	*ring = (struct ring){.shared = shared, .size = size};
	ring->tail_seen = ring_tail(ring);
	ring->claimed = ring_head(ring);
}

static uint64_t entry_bytes(size_t length)
{
	return (ENTRY_HEADER_BYTES + length + ENTRY_HEADER_BYTES - 1) &
	       ~(uint64_t)(ENTRY_HEADER_BYTES - 1);
}

static void write_header(struct ring *ring, uint64_t at, uint32_t length)
{
	memcpy(ring->shared->data + (at & (ring->size - 1)), &length, sizeof length);
}

/* A ring is longer than what a core keeps by itself: so much of what will be written next, as long as most records are, is asked for
 * while this one is. What stands there may still be of others' use: it is only fetched. */
#define AHEAD_BYTES 512

static inline void fetch_next(const struct ring *ring, uint64_t at)
{
	const uint8_t *next = ring->shared->data + (at & (ring->size - 1));
#pragma GCC unroll 8
	for (unsigned line = 0; line < AHEAD_BYTES; line += RING_LINE_BYTES)
		__builtin_prefetch(next + line, 1); /* it may be behind the end: that does nothing */
}

void *ring_claim(struct ring *ring, size_t length)
{
	uint64_t head = atomic_load_explicit(&ring->shared->head, memory_order_relaxed);
	uint64_t need = entry_bytes(length);
	if (length >= ENTRY_WRAP || need > ring->size)
		return NULL;
	uint64_t to_end = ring->size - (head & (ring->size - 1));
	uint64_t skip = to_end < need ? to_end : 0;
	if (head + skip + need - ring->tail_seen > ring->size) {
		ring->tail_seen = atomic_load_explicit(&ring->shared->tail, memory_order_acquire);
		if (head + skip + need - ring->tail_seen > ring->size)
			return NULL;
	}
	if (skip)
		write_header(ring, head, ENTRY_WRAP);
	write_header(ring, head + skip, (uint32_t)length);
	ring->claimed = head + skip + need;
	fetch_next(ring, ring->claimed);
	return ring->shared->data + ((head + skip) & (ring->size - 1)) + ENTRY_HEADER_BYTES;
}

void ring_publish(struct ring *ring)
{
	atomic_store_explicit(&ring->shared->head, ring->claimed, memory_order_release);
}

uint64_t ring_used(const struct ring *ring)
{
	/* The tail first: it can only fall behind the head that is read later. */
	uint64_t tail = atomic_load_explicit(&ring->shared->tail, memory_order_acquire);
	return atomic_load_explicit(&ring->shared->head, memory_order_acquire) - tail;
}

uint64_t ring_head(const struct ring *ring)
{
	return atomic_load_explicit(&ring->shared->head, memory_order_acquire);
}

uint64_t ring_tail(const struct ring *ring)
{
	return atomic_load_explicit(&ring->shared->tail, memory_order_acquire);
}

/* Can an entry stand at `at`, before `end`? Moves `at` behind it. */
static bool step(const struct ring *ring, uint64_t *at, uint64_t end)
{
	uint64_t to_end = ring->size - (*at & (ring->size - 1));
	uint32_t header;
	memcpy(&header, ring->shared->data + (*at & (ring->size - 1)), sizeof header);
	if (header == ENTRY_WRAP && end - *at > to_end) {
		*at += to_end;
		to_end = ring->size;
		memcpy(&header, ring->shared->data, sizeof header);
	}
	uint64_t need = entry_bytes(header);
	if (header == ENTRY_WRAP || need > to_end || need > end - *at)
		return false;
	*at += need;
	return true;
}

bool ring_mend(struct ring *ring)
{
	uint64_t tail = ring_tail(ring), head = ring_head(ring), at = tail;
	if (head < tail || head - tail > ring->size || tail % ENTRY_HEADER_BYTES ||
	    head % ENTRY_HEADER_BYTES) {
		ring_release(ring, head);
		return false;
	}
	while (at != head && step(ring, &at, head))
		;
	atomic_store_explicit(&ring->shared->head, at, memory_order_relaxed);
	return at == head;
}

bool ring_next(const struct ring *ring, uint64_t *at, uint64_t end, const uint8_t **data,
               size_t *length)
{
	if (*at == end)
		return false;
	uint32_t header;
	memcpy(&header, ring->shared->data + (*at & (ring->size - 1)), sizeof header);
	if (header == ENTRY_WRAP) {
		*at += ring->size - (*at & (ring->size - 1));
		memcpy(&header, ring->shared->data, sizeof header);
	}
	/* Our own producer wrote this: anything else is a bug of ours, not data. */
	assert(header != ENTRY_WRAP && end - *at >= entry_bytes(header));
	*data = ring->shared->data + (*at & (ring->size - 1)) + ENTRY_HEADER_BYTES;
	*length = header;
	*at += entry_bytes(header);
	return true;
}

void ring_release(struct ring *ring, uint64_t until)
{
	atomic_store_explicit(&ring->shared->tail, until, memory_order_release);
}
