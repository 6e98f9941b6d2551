/* Private to notify/: one command, run without a shell, with a time that it may take. */
#ifndef PF_NOTIFY_RUN_H
#define PF_NOTIFY_RUN_H

#include <stddef.h>
#include <stdint.h>

#define RUN_ENVIRONMENT_MAX 5 /* PATH and the four parts of an event */

struct uv_loop_s;
struct run;

/* What to run, and on whose behalf. */
struct run_order {
	char **arguments;                           /* the path first, NULL behind the last */
	char *environment[RUN_ENVIRONMENT_MAX + 1]; /* NULL behind the last */
	const char *input; /* on its standard input: less than a pipe holds (64 KiB) */
	size_t input_length;
};

/* Starts it. `done` is called once, from the loop, with a sentence when it ended badly, else NULL; or never after run_abort. NULL: it
 * can not be started, and `error` says why; then `done` is not called. */
struct run *run_start(struct uv_loop_s *loop, const struct run_order *order,
                      void (*done)(void *data, const char *error), void *data, char *error,
                      size_t error_size);

/* Kills it, with all of its process group. */
void run_abort(struct run *run);

#endif
