/* The writer of writer.h. A record leaves its ring only after the transaction that holds it is committed; a
 * failed one is brought again, so that nothing is lost, written twice, or counted before it is true. */
#include "journal/writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/counter.h"
#include "base/log.h"
#include "journal/journal.h"

#define AHEAD_MAX 16 /* records that are looked at before the first of them is written */

/* A sink other than the first that does not follow loses what keeps the rings over this share: less than the half that
 * rings the bell, or one that stands still would have it rung without end. */
#define LAG_NUMERATOR 3
#define LAG_DENOMINATOR 8

static void resume(const struct writer *writer, struct lane *lane)
{
	struct sink *sink = lane->sink;
	bool known = writer->generation && sink->resume &&
	             sink->resume(sink, writer->generation, writer->cursors, writer->ring_count);
	for (size_t i = 0; i < writer->ring_count; i++) {
		uint64_t tail = ring_tail(&writer->rings[i]), head = ring_head(&writer->rings[i]);
		bool within = known && writer->cursors[i] >= tail && writer->cursors[i] <= head;
		lane->cursors[i] = within ? writer->cursors[i] : tail;
	}
}

int writer_init(struct writer *writer, const struct rings *rings, struct sink **sinks,
                size_t sink_count)
{
	*writer = (struct writer){.rings = rings->rings,
	                          .ring_count = rings->count,
	                          .generation = rings->generation};
	size_t rings_or_one = rings->count ? rings->count : 1;
	writer->ends = calloc(rings_or_one, sizeof *writer->ends);
	writer->cursors = calloc(rings_or_one, sizeof *writer->cursors);
	writer->scratch = malloc(sizeof *writer->scratch);
	writer->lanes = calloc(sink_count ? sink_count : 1, sizeof *writer->lanes);
	bool whole = writer->ends && writer->cursors && writer->scratch && writer->lanes;
	for (size_t i = 0; i < sink_count && whole; i++) {
		struct lane *lane = &writer->lanes[i];
		lane->cursors = calloc(rings_or_one, sizeof *lane->cursors);
		whole = lane->cursors != NULL;
		pthread_mutex_init(&lane->lock, NULL);
		writer->lane_count++;
	}
	if (!whole) {
		writer_deinit(writer);
		return PF_ENOMEM;
	}
	for (size_t i = 0; i < sink_count; i++) {
		writer->lanes[i].sink = sinks[i];
		resume(writer, &writer->lanes[i]);
	}
	return PF_OK;
}

void writer_release_sinks(struct writer *writer)
{
	for (size_t i = 0; i < writer->lane_count; i++)
		writer->lanes[i].sink = NULL;
}

void writer_deinit(struct writer *writer)
{
	for (size_t i = 0; i < writer->lane_count; i++) {
		struct lane *lane = &writer->lanes[i];
		if (lane->sink)
			lane->sink->close(&lane->sink);
		pthread_mutex_destroy(&lane->lock);
		free(lane->cursors);
	}
	free(writer->lanes);
	free(writer->scratch);
	free(writer->cursors);
	free(writer->ends);
	*writer = (struct writer){0};
}

/* ---- one batch --------------------------------------------------------------------------- */

struct batch {
	uint64_t written, bad;
};

/* Who is to be hidden is hidden in messages too, so those who want the messages get nothing of them. */
static bool sees(const struct sink *sink, uint8_t privacy)
{
	if (privacy == PRIVACY_ENDPOINTS_ONLY)
		return sink->takes_endpoints;
	return privacy == PRIVACY_FULL || !sink->wants_wire;
}

/* Records that stand in a ring one after the other. */
struct ahead {
	size_t count, brief_count;
	struct {
		const uint8_t *data;
		size_t length;
		const struct sink_brief *brief; /* NULL: it must be read */
	} entries[AHEAD_MAX];
	struct sink_brief briefs[AHEAD_MAX];
};

/* The next ones, `max` at most. */
static void look_ahead(const struct lane *lane, const struct ring *ring, uint64_t *at, uint64_t end,
                       size_t max, struct ahead *ahead)
{
	ahead->count = ahead->brief_count = 0;
	while (ahead->count < AHEAD_MAX && ahead->count < max &&
	       ring_next(ring, at, end, &ahead->entries[ahead->count].data,
	                 &ahead->entries[ahead->count].length)) {
		struct sink_brief *brief = &ahead->briefs[ahead->brief_count];
		size_t i = ahead->count++;
		bool brief_is_all = lane->sink->write_known &&
		                    flat_look(ahead->entries[i].data, ahead->entries[i].length, brief);
		ahead->entries[i].brief = brief_is_all ? brief : NULL;
		ahead->brief_count += brief_is_all;
	}
	if (ahead->brief_count)
		lane->sink->foresee(lane->sink, ahead->briefs, ahead->brief_count);
}

static int write_whole(struct writer *writer, struct lane *lane, const uint8_t *data, size_t length,
                       char *error)
{
	int result = flat_read(data, length, writer->scratch);
	if (result == PF_OK && sees(lane->sink, writer->scratch->record.privacy))
		result = lane->sink->write(lane->sink, &writer->scratch->record, error, WRITER_ERROR_MAX);
	if (result == PF_OK && lane == writer->lanes)
		flagged_raise(&writer->outlet, &writer->scratch->record);
	return result;
}

static int write_opened(struct writer *writer, struct lane *lane, const uint8_t *data,
                        size_t length, char *error)
{
	struct flat_opened opened;
	const struct flat_key *key = &opened.head.key;
	int result = flat_open(data, length, &opened);
	if (result == PF_OK && sees(lane->sink, key->privacy))
		result = lane->sink->write_opened(lane->sink, &opened, error, WRITER_ERROR_MAX);
	if (result == PF_OK && lane == writer->lanes && flagged_is(key->action, key->standing) &&
	    flat_read(data, length, writer->scratch) == PF_OK)
		flagged_raise(&writer->outlet, &writer->scratch->record);
	return result;
}

/* A record that can not be written is counted, and the batch goes on. */
static int count_result(struct batch *batch, int result)
{
	batch->written += result == PF_OK;
	batch->bad += result == PF_EINVAL;
	return result == PF_EINVAL ? PF_OK : result;
}

static int write_entries(struct writer *writer, struct lane *lane, const struct ahead *ahead,
                         struct batch *batch, char *error)
{
	for (size_t i = 0; i < ahead->count; i++) {
		const struct sink_brief *brief = ahead->entries[i].brief;
		int result =
			brief ? lane->sink->write_known(lane->sink, brief, error, WRITER_ERROR_MAX) : PF_ENOENT;
		if (result == PF_ENOENT)
			result =
				write_whole(writer, lane, ahead->entries[i].data, ahead->entries[i].length, error);
		result = count_result(batch, result);
		if (result != PF_OK)
			return result;
	}
	return PF_OK;
}

/* For who takes records that are only opened. */
static int write_ring_opened(struct writer *writer, struct lane *lane, size_t index,
                             struct batch *batch, char *error)
{
	const uint8_t *data;
	size_t length;
	int result = PF_OK;
	while (result == PF_OK && batch->written + batch->bad < JOURNAL_BATCH_MAX &&
	       ring_next(&writer->rings[index], &writer->cursors[index], writer->ends[index], &data,
	                 &length))
		result = count_result(batch, write_opened(writer, lane, data, length, error));
	return result;
}

static int write_ring(struct writer *writer, struct lane *lane, size_t index, struct batch *batch,
                      char *error)
{
	struct ahead ahead;
	do {
		size_t max = JOURNAL_BATCH_MAX - (size_t)(batch->written + batch->bad);
		look_ahead(lane, &writer->rings[index], &writer->cursors[index], writer->ends[index], max,
		           &ahead);
		int result = write_entries(writer, lane, &ahead, batch, error);
		if (result != PF_OK)
			return result;
	} while (ahead.count);
	return PF_OK;
}

/* Writes at most one transaction of what stands before writer->ends. Returns the records that left the
 * rings for this lane, 0 when there were none, or the sink's failure. */
static int64_t write_batch(struct writer *writer, struct lane *lane, char *error)
{
	bool any = false;
	for (size_t i = 0; i < writer->ring_count; i++)
		any = any || lane->cursors[i] != writer->ends[i];
	if (!any)
		return 0;
	int result = lane->sink->begin(lane->sink, error, WRITER_ERROR_MAX);
	if (result != PF_OK)
		return result;
	struct batch batch = {0, 0};
	for (size_t i = 0; i < writer->ring_count; i++) {
		writer->cursors[i] = lane->cursors[i];
		result = lane->sink->write_opened ? write_ring_opened(writer, lane, i, &batch, error)
		                                  : write_ring(writer, lane, i, &batch, error);
		if (result != PF_OK)
			return result;
	}
	if (writer->generation && lane->sink->mark)
		result = lane->sink->mark(lane->sink, writer->generation, writer->cursors,
		                          writer->ring_count, error, WRITER_ERROR_MAX);
	if (result == PF_OK)
		result = lane->sink->commit(lane->sink, error, WRITER_ERROR_MAX);
	if (result != PF_OK)
		return result;
	memcpy(lane->cursors, writer->cursors, writer->ring_count * sizeof *lane->cursors);
	counter_add(&lane->journalled, batch.written);
	counter_add(&lane->dropped, batch.bad);
	return (int64_t)(batch.written + batch.bad);
}

/* ---- health ------------------------------------------------------------------------------ */

static void set_error(struct lane *lane, const char *error)
{
	pthread_mutex_lock(&lane->lock);
	snprintf(lane->error, sizeof lane->error, "%s", error);
	pthread_mutex_unlock(&lane->lock);
}

static void lane_failed(struct lane *lane, int64_t mono_us, const char *error)
{
	if (!lane->retry_us) {
		lane->retry_ms = WRITER_RETRY_MIN_MS;
		log_error("The journal (%s) can not be written and will be tried again: %s",
		          lane->sink->name, error);
	} else if (lane->retry_ms < WRITER_RETRY_MAX_MS) {
		lane->retry_ms =
			lane->retry_ms * 2 < WRITER_RETRY_MAX_MS ? lane->retry_ms * 2 : WRITER_RETRY_MAX_MS;
	}
	lane->retry_us = mono_us + lane->retry_ms * INT64_C(1000);
	set_error(lane, error);
}

static void lane_recovered(struct lane *lane)
{
	if (!lane->retry_us)
		return;
	lane->retry_us = 0;
	set_error(lane, "");
	log_info("The journal (%s) is written again.", lane->sink->name);
}

/* ---- many batches ------------------------------------------------------------------------ */

static void drain_lane(struct writer *writer, struct lane *lane, int64_t mono_us)
{
	char error[WRITER_ERROR_MAX] = "";
	int64_t result;
	do
		result = write_batch(writer, lane, error);
	while (result > 0);
	if (result < 0)
		lane_failed(lane, mono_us, error[0] ? error : pf_strerror((int)result));
	else
		lane_recovered(lane);
}

/* The first `count` changes, in one transaction: what was written under their old ids is committed. */
static void write_changes(struct writer *writer, size_t count, int64_t mono_us)
{
	struct lane *lane = writer->lanes;
	char error[WRITER_ERROR_MAX] = "";
	int result = PF_OK;
	for (size_t i = 0; i < writer->ring_count; i++)
		if (lane->cursors[i] != writer->ends[i])
			return;
	if (lane->retry_us)
		return;
	if (lane->sink->change) {
		result = lane->sink->begin(lane->sink, error, WRITER_ERROR_MAX);
		for (size_t i = 0; i < count && result == PF_OK; i++) {
			struct device_change change;
			changes_get(writer->changes, i, &change);
			result = lane->sink->change(lane->sink, &change, error, WRITER_ERROR_MAX);
		}
		if (result == PF_OK)
			result = lane->sink->commit(lane->sink, error, WRITER_ERROR_MAX);
	}
	if (result == PF_OK)
		changes_drop(writer->changes, count);
	else
		lane_failed(lane, mono_us, error[0] ? error : pf_strerror(result));
}

static uint64_t count_between(const struct ring *ring, uint64_t at, uint64_t end)
{
	const uint8_t *data;
	size_t length;
	uint64_t count = 0;
	while (ring_next(ring, &at, end, &data, &length))
		count++;
	return count;
}

static void release(struct writer *writer)
{
	for (size_t i = 0; i < writer->ring_count; i++) {
		struct ring *ring = &writer->rings[i];
		uint64_t until = writer->lane_count ? writer->lanes[0].cursors[i] : writer->ends[i];
		uint64_t lag_max = ring->size / LAG_DENOMINATOR * LAG_NUMERATOR;
		for (size_t k = 1; k < writer->lane_count; k++) {
			struct lane *lane = &writer->lanes[k];
			if (lane->cursors[i] < until && writer->ends[i] - lane->cursors[i] > lag_max) {
				counter_add(&lane->dropped, count_between(ring, lane->cursors[i], until));
				lane->cursors[i] = until;
			}
		}
		for (size_t k = 1; k < writer->lane_count; k++)
			if (writer->lanes[k].cursors[i] < until)
				until = writer->lanes[k].cursors[i];
		ring_release(ring, until);
	}
}

bool writer_waits(const struct writer *writer, int64_t mono_us)
{
	return writer->lane_count && mono_us < writer->lanes[0].retry_us;
}

bool writer_drain(struct writer *writer, int64_t mono_us, bool last)
{
	bool any = false;
	size_t ripe = writer->changes && writer->lane_count ? changes_count(writer->changes) : 0;
	/* All heads before the first record: whoever saw a record of another ring before it put its own then
	 * has it in the same round or a later one, never in an earlier one. */
	for (size_t i = 0; i < writer->ring_count; i++) {
		writer->ends[i] = ring_head(&writer->rings[i]);
		any = any || writer->ends[i] != ring_tail(&writer->rings[i]);
	}
	for (size_t k = 0; k < writer->lane_count; k++)
		if (last || mono_us >= writer->lanes[k].retry_us)
			drain_lane(writer, &writer->lanes[k], mono_us);
	if (ripe)
		write_changes(writer, ripe, mono_us);
	release(writer);
	return any || ripe;
}

void writer_idle(struct writer *writer, int64_t wall_us)
{
	for (size_t k = 0; k < writer->lane_count; k++)
		if (!writer->lanes[k].retry_us && writer->lanes[k].sink->idle)
			writer->lanes[k].sink->idle(writer->lanes[k].sink, wall_us);
}

uint64_t writer_abandon(struct writer *writer)
{
	uint64_t lost = 0;
	for (size_t i = 0; i < writer->ring_count; i++) {
		struct ring *ring = &writer->rings[i];
		writer->ends[i] = ring_head(ring);
		for (size_t k = 0; k < writer->lane_count; k++) {
			struct lane *lane = &writer->lanes[k];
			uint64_t count = count_between(ring, lane->cursors[i], writer->ends[i]);
			counter_add(&lane->dropped, count);
			lane->cursors[i] = writer->ends[i];
			lost += k == 0 ? count : 0;
		}
		ring_release(ring, writer->ends[i]);
	}
	return lost;
}
