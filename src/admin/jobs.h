/* Private to admin/: a few threads for work that blocks, so that a connection that waits costs none. */
#ifndef PF_ADMIN_JOBS_H
#define PF_ADMIN_JOBS_H

#include <stdbool.h>
#include <stddef.h>

struct jobs;

/* NULL without memory or threads. */
struct jobs *jobs_start(size_t thread_count, size_t waiting_max);

/* Calls run(data) on one of the threads, later. False: so many wait already, or it is ending; nothing was done. */
bool jobs_put(struct jobs *jobs, void (*run)(void *data), void *data);

/* Takes no more, does all that waits, and ends the threads. */
void jobs_stop(struct jobs **jobs);

#endif
