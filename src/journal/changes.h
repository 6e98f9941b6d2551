/* Private to journal/: what came to light of who is who (value/change.h), on its way to the writer. A change is ripe when all
 * that stood in the rings as it came is written: nothing under the old id can come behind it. */
#ifndef PF_JOURNAL_CHANGES_H
#define PF_JOURNAL_CHANGES_H

#include <pthread.h>
#include <stddef.h>

#include "base/error.h"
#include "value/change.h"

#define CHANGES_MAX 1024 /* the writer takes them five times a second */

struct changes {
	pthread_mutex_t lock;
	size_t first, count;
	struct device_change queue[CHANGES_MAX];
};

void changes_init(struct changes *changes);
void changes_deinit(struct changes *changes);
/* Any thread. PF_OK, PF_EFULL. */
PF_MUST_CHECK int changes_put(struct changes *changes, const struct device_change *change);

/* The writer's: how many there are; a copy of the n-th; the first n are done with. */
size_t changes_count(struct changes *changes);
void changes_get(struct changes *changes, size_t index, struct device_change *change);
void changes_drop(struct changes *changes, size_t count);

#endif
