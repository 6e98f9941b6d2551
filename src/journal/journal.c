/* The journal of journal.h: rings, the thread that empties them, and its bell. A worker rings the bell only
 * when its ring passes half, so that putting a record costs no system call; a timer does the rest. */
#define _GNU_SOURCE /* pthread_setname_np */
#include "journal/journal.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/thread.h"
#include "journal/writer.h"

#define IDLE_MS 1000      /* sinks may do their other work so often under load */
#define STOP_MS 2000      /* a sink that fails gets so long at the end */
#define STOP_RETRY_MS 100 /* and is tried so often in that time */

struct journal {
	struct rings rings;
	struct writer writer;
	struct changes changes;
	uint64_t recovered;
	bool wants_wire; /* some sink does */
	int bell;        /* eventfd */
	pthread_t thread;
	atomic_bool rung;        /* the bell was rung and not heard yet */
	atomic_bool stopping;    /* the thread ends when the rings are empty */
	pthread_mutex_t lock;    /* with `released`: */
	pthread_cond_t released; /* some ring's tail has moved */
	int64_t idle_us;         /* the writer's: when retention looked last */
};

/* ---- the thread -------------------------------------------------------------------------- */

static void ring_bell(struct journal *journal)
{
	uint64_t one = 1;
	/* It can fail only with EAGAIN, when the bell rings already. */
	ssize_t written = write(journal->bell, &one, sizeof one);
	(void)written;
}

static void wait_for_bell(struct journal *journal, int timeout_ms)
{
	struct pollfd fd = {.fd = journal->bell, .events = POLLIN};
	if (poll(&fd, 1, timeout_ms) <= 0)
		return;
	uint64_t count;
	ssize_t got = read(journal->bell, &count, sizeof count);
	(void)got;
}

static void tell_released(struct journal *journal)
{
	pthread_mutex_lock(&journal->lock);
	pthread_cond_broadcast(&journal->released);
	pthread_mutex_unlock(&journal->lock);
}

static void write_rest(struct journal *journal)
{
	int64_t until_us = clock_now().mono_us + STOP_MS * INT64_C(1000);
	for (;;) {
		int64_t now_us = clock_now().mono_us;
		writer_drain(&journal->writer, now_us, true);
		tell_released(journal);
		if (rings_empty(&journal->rings) && !changes_count(&journal->changes))
			return;
		if (now_us >= until_us)
			break;
		wait_for_bell(journal, STOP_RETRY_MS);
	}
	uint64_t lost = writer_abandon(&journal->writer);
	tell_released(journal);
	if (lost)
		log_error("The journal could not be written at the end: %llu records are lost.",
		          (unsigned long long)lost);
}

static void *run(void *data)
{
	struct journal *journal = data;
	pthread_setname_np(pthread_self(), "journal");
	while (!atomic_load(&journal->stopping)) {
		wait_for_bell(journal, JOURNAL_FLUSH_MS);
		struct now now = clock_now();
		/* While a sink is left alone the bell stays "rung": full rings make no noise. */
		if (writer_waits(&journal->writer, now.mono_us))
			continue;
		atomic_store(&journal->rung, false);
		bool any = writer_drain(&journal->writer, now.mono_us, false);
		tell_released(journal);
		/* In a quiet moment sinks make up for what they put off, so that readers need not wait for it. */
		if (!any || now.mono_us - journal->idle_us >= IDLE_MS * INT64_C(1000)) {
			journal->idle_us = now.mono_us;
			writer_idle(&journal->writer, now.wall_us);
		}
	}
	write_rest(journal);
	return NULL;
}

/* ---- what an earlier process left -------------------------------------------------------- */

/* Writes what stands in the file. Returns whether nothing is left there. */
static bool recover_from(struct journal *journal, const char *path,
                         const struct journal_options *options)
{
	struct rings rings;
	struct writer writer;
	int result = rings_open(&rings, path);
	if (result == PF_ENOENT)
		return true;
	if (result == PF_OK)
		result = writer_init(&writer, &rings, options->sinks, options->sink_count);
	if (result != PF_OK) {
		log_error("What may be left in %s can not be read: %s.", path,
		          result == PF_EIO ? strerror(errno) : pf_strerror(result));
		rings_deinit(&rings);
		return false;
	}
	int64_t now_us, until_us = clock_now().mono_us + STOP_MS * INT64_C(1000);
	do {
		now_us = clock_now().mono_us;
		writer_drain(&writer, now_us, true);
		if (!rings_empty(&rings))
			poll(NULL, 0, STOP_RETRY_MS);
	} while (!rings_empty(&rings) && now_us < until_us);
	bool whole = rings_empty(&rings);
	uint64_t count = writer.lane_count ? counter_read(&writer.lanes[0].journalled) : 0;
	journal->recovered += count;
	if (count)
		log_info("%llu records that a process which was killed left in %s are in the journal now.",
		         (unsigned long long)count, path);
	writer_release_sinks(&writer);
	writer_deinit(&writer);
	rings_deinit(&rings);
	return whole;
}

static void recover(struct journal *journal, const struct journal_options *options)
{
	char left[PATH_MAX];
	const char *path = options->rings_path;
	if (snprintf(left, sizeof left, "%s.left", path) >= (int)sizeof left)
		return;
	if (recover_from(journal, left, options))
		unlink(left);
	if (recover_from(journal, path, options))
		return;
	if (rename(path, left))
		log_error("What is left in %s is lost: %s.", path, strerror(errno));
	else
		log_error("What is left in %s is kept in %s until the next start.", path, left);
}

/* ---- start and stop ---------------------------------------------------------------------- */

static void destroy(struct journal *journal)
{
	rings_deinit(&journal->rings);
	changes_deinit(&journal->changes);
	if (journal->bell >= 0)
		close(journal->bell);
	pthread_cond_destroy(&journal->released);
	pthread_mutex_destroy(&journal->lock);
	free(journal);
}

static int make_rings(struct journal *journal, const struct journal_options *options)
{
	int result = PF_EIO;
	if (options->rings_path) {
		recover(journal, options);
		result = rings_create(&journal->rings, options->rings_path, options->ring_count,
		                      JOURNAL_RING_BYTES);
		if (result != PF_OK)
			log_warning(
				"The journal's rings can not be kept in %s (%s): if the daemon is killed, what "
				"it answered in the last %d ms will be missing in the journal.",
				options->rings_path, result == PF_EIO ? strerror(errno) : pf_strerror(result),
				JOURNAL_FLUSH_MS);
	}
	return result == PF_OK ? PF_OK
	                       : rings_init(&journal->rings, options->ring_count, JOURNAL_RING_BYTES);
}

static struct journal *create(const struct journal_options *options)
{
	struct journal *journal = calloc(1, sizeof *journal);
	if (!journal)
		return NULL;
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&journal->released, &attributes);
	pthread_condattr_destroy(&attributes);
	pthread_mutex_init(&journal->lock, NULL);
	changes_init(&journal->changes);
	journal->idle_us = clock_now().mono_us;
	journal->rings.fd = -1;
	journal->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (journal->bell < 0 || make_rings(journal, options) != PF_OK) {
		destroy(journal);
		return NULL;
	}
	return journal;
}

struct journal *journal_start(const struct journal_options *options)
{
	struct journal *journal = create(options);
	if (!journal)
		return NULL;
	if (writer_init(&journal->writer, &journal->rings, options->sinks, options->sink_count) !=
	    PF_OK) {
		destroy(journal);
		return NULL;
	}
	for (size_t i = 0; i < options->sink_count; i++)
		journal->wants_wire = journal->wants_wire || options->sinks[i]->wants_wire;
	journal->writer.outlet = options->outlet;
	journal->writer.changes = &journal->changes;
	if (thread_start(&journal->thread, run, journal)) {
		writer_release_sinks(&journal->writer);
		writer_deinit(&journal->writer);
		destroy(journal);
		return NULL;
	}
	return journal;
}

void journal_stop(struct journal **journal)
{
	if (!*journal)
		return;
	atomic_store(&(*journal)->stopping, true);
	ring_bell(*journal);
	pthread_join((*journal)->thread, NULL);
	writer_deinit(&(*journal)->writer);
	destroy(*journal);
	*journal = NULL;
}

/* ---- the workers' side ------------------------------------------------------------------- */

int journal_put(struct journal *journal, size_t ring_index, const struct record *record)
{
	struct ring *ring = &journal->rings.rings[ring_index];
	struct flat_texts texts;
	void *room = ring_claim(ring, flat_measure(record, &texts));
	int result = PF_EFULL;
	if (room) {
		flat_put(record, &texts, room);
		counter_add(&ring->put, 1); /* before it can be seen, so that no sum is ever over `put` */
		ring_publish(ring);
		result = PF_OK;
	} else {
		counter_add(&ring->refused, 1);
	}
	if (ring->claimed - ring->tail_seen > ring->size / 2 &&
	    !atomic_load_explicit(&journal->rung, memory_order_relaxed) &&
	    ring_used(ring) > ring->size / 2 && !atomic_exchange(&journal->rung, true))
		ring_bell(journal);
	return result;
}

int journal_change(struct journal *journal, const struct device_change *change)
{
	return changes_put(&journal->changes, change);
}

bool journal_wants_wire(const struct journal *journal)
{
	return journal->wants_wire;
}

/* ---- everybody else's -------------------------------------------------------------------- */

void journal_stats(struct journal *journal, struct journal_stats *stats)
{
	*stats = (struct journal_stats){.ring_bytes_max = JOURNAL_RING_BYTES,
	                                .recovered = journal->recovered};
	/* What comes last in a record's life is read first, for the same reason. */
	if (journal->writer.lane_count) {
		struct lane *lane = &journal->writer.lanes[0];
		stats->journalled = counter_read(&lane->journalled);
		stats->dropped = counter_read(&lane->dropped);
		pthread_mutex_lock(&lane->lock);
		memcpy(stats->last_error, lane->error, sizeof stats->last_error);
		pthread_mutex_unlock(&lane->lock);
	}
	for (size_t i = 0; i < journal->rings.count; i++) {
		const struct ring *ring = &journal->rings.rings[i];
		uint64_t used = ring_used(ring);
		stats->put += counter_read(&ring->put);
		stats->dropped += counter_read(&ring->refused);
		if (used > stats->ring_bytes)
			stats->ring_bytes = used;
	}
}

size_t journal_sink_count(const struct journal *journal)
{
	return journal->writer.lane_count;
}

void journal_sink_stats(struct journal *journal, size_t sink, struct journal_sink_stats *stats)
{
	struct lane *lane = &journal->writer.lanes[sink];
	*stats = (struct journal_sink_stats){.name = lane->sink->name,
	                                     .journalled = counter_read(&lane->journalled),
	                                     .dropped = counter_read(&lane->dropped)};
	for (size_t i = 0; i < journal->rings.count; i++)
		stats->dropped += counter_read(&journal->rings.rings[i].refused);
	pthread_mutex_lock(&lane->lock);
	memcpy(stats->last_error, lane->error, sizeof stats->last_error);
	pthread_mutex_unlock(&lane->lock);
}

int journal_flush(struct journal *journal, unsigned timeout_ms)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += timeout_ms / 1000;
	until.tv_nsec += timeout_ms % 1000 * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	int error = 0;
	ring_bell(journal);
	pthread_mutex_lock(&journal->lock);
	for (size_t i = 0; i < journal->rings.count && !error; i++) {
		uint64_t target = ring_head(&journal->rings.rings[i]);
		while (ring_tail(&journal->rings.rings[i]) < target && !error)
			error = pthread_cond_timedwait(&journal->released, &journal->lock, &until);
		if (ring_tail(&journal->rings.rings[i]) >= target)
			error = 0;
	}
	pthread_mutex_unlock(&journal->lock);
	return error ? PF_ETIMEOUT : PF_OK;
}
