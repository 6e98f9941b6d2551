/* All the time that a journal wants for what it put off. */
#ifndef IDLE_H
#define IDLE_H

#include "journal/sqlite/state.h"
#include "unit/journal/sample.h"

/* `now_us` is wall time. */
static inline void sample_idle(struct sink *base, int64_t now_us)
{
	struct sqlite_sink *sink = (struct sqlite_sink *)base;
	assert_true(sink_write_sums(sink, SIZE_MAX));
	base->idle(base, now_us);
	while (roll_step(sink, now_us / INT64_C(3600000000), ROLL_ROWS_MAX) > 0)
		;
}

#endif
