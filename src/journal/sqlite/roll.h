/* Private to journal/sqlite/: sums of longer times are made of the hours that are over, in steps of so many rows that the rings never wait
 * long for one. How far it is stands in `progress`, in the same transaction. */
#ifndef PF_JOURNAL_SQLITE_ROLL_H
#define PF_JOURNAL_SQLITE_ROLL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct sqlite_sink;

/* Rows of sum_hour in one step. A device without any counts as so many; the last name comes along with all its classes. */
#define ROLL_ROWS_MAX 2000
#define ROLL_DEVICE_ROWS 10

/* As `progress` has it, see tables.c. */
struct roll {
	int64_t until, to;          /* hours; `to` is `until` when nothing is going on */
	int64_t device, hour, name; /* up to here, of those between */
};

PF_MUST_CHECK int roll_open(struct sqlite_sink *sink);

/* Does the row stand in the sums of longer times? Then what is added to it is added there too. */
bool roll_has(const struct roll *roll, int64_t device, int64_t hour, int64_t name);

/* One step of `rows_max` rows towards having all hours before `hour`, in a transaction of its own. Returns what it read; 0: there was nothing
 * left to do; -1: it failed, and nothing has changed. */
int64_t roll_step(struct sqlite_sink *sink, int64_t hour, int64_t rows_max);

#endif
