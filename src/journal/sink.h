/* Where records end: one small interface, so that SQLite is one of several. A sink lives in the
 * writer thread; every call comes from there, between `open`'s return and `close`. */
#ifndef PF_JOURNAL_SINK_H
#define PF_JOURNAL_SINK_H

#include <stdbool.h>
#include <stddef.h>

#include "journal/record.h"
#include "value/change.h"

struct flat_opened; /* flat.h */

/* What differs between records that are otherwise the same, and what does not (flat.h). Borrowed. */
struct sink_brief {
	int64_t time_wall_us;
	uint32_t took_us;
	const uint8_t *key; /* not checked */
	size_t key_length;
	const char *device_name; /* within the key */
	uint64_t digest[2];      /* the sink's: of the key */
};

struct sink {
	const char *name; /* "sqlite" */
	bool
		wants_wire; /* records shall bring the messages along (record.h); costs every query their copy */
	/* Takes records of PRIVACY_ENDPOINTS_ONLY, and writes no single query of them; others do not see them. */
	bool takes_endpoints;
	/* A batch: begin, some records, commit. PF_OK; any failure means that the sink has rolled back the
	 * whole batch and says why in `error`, a full sentence: the writer keeps the records in their rings
	 * and brings them again later. Only `write` has one more: PF_EINVAL says that this record can never
	 * be written; the sink has taken nothing of it, the batch goes on, the record is counted as dropped. */
	int (*begin)(struct sink *sink, char *error, size_t error_size);
	int (*write)(struct sink *sink, const struct record *record, char *error, size_t error_size);
	/* Both may be NULL. Most records are like an earlier one but for their time: a sink that knows the key takes it without
	 * reading it again. `foresee` says which will come next, so that what is known of them can be fetched from memory
	 * for all at once, and fills in their digests; `write_known` is like `write`, but PF_ENOENT asks for that instead. */
	void (*foresee)(struct sink *sink, struct sink_brief *briefs, size_t count);
	int (*write_known)(struct sink *sink, const struct sink_brief *brief, char *error,
	                   size_t error_size);
	/* May be NULL. For who looks into neither name nor answer: in the place of `write`, with a record that was only opened
	 * (flat.h). */
	int (*write_opened)(struct sink *sink, const struct flat_opened *opened, char *error,
	                    size_t error_size);
	int (*commit)(struct sink *sink, char *error, size_t error_size);
	/* Called between batches, once a second under load and in every quiet moment: for what was put off,
	 * and for retention in small steps; `now_wall_us`. May do nothing. */
	void (*idle)(struct sink *sink, int64_t now_wall_us);
	void (*close)(struct sink **sink);
	/* So that a crash makes no record lost or double; both NULL: a sink that can not tell gets what a killed
	 * process left in the rings, and perhaps had committed, once more. `mark` comes in a batch, before its commit: with
	 * that commit the sink has all that stands before `positions` in the rings of `generation`; fails like
	 * `begin`. `resume` brings the last one back; false: none of that generation is known. */
	int (*mark)(struct sink *sink, uint64_t generation, const uint64_t *positions, size_t count,
	            char *error, size_t error_size);
	bool (*resume)(struct sink *sink, uint64_t generation, uint64_t *positions, size_t count);
	/* May be NULL. Comes in a batch of its own, when all that was written under the old id is committed; fails like
	 * `begin`. */
	int (*change)(struct sink *sink, const struct device_change *change, char *error,
	              size_t error_size);
};

#endif
