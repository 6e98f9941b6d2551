/* A command: run without a shell, with its words on our log. */
#define _GNU_SOURCE /* pipe2 */
#include "notify/run.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#define RUN_MS_MAX 30000 /* then it is killed, with all of its process group */
#define TEXT_MAX 128

struct run {
	uv_process_t process;
	uv_timer_t timer;
	void (*done)(void *data, const char *error); /* NULL: aborted */
	void *data;
	bool killed;
	unsigned open; /* handles that are not closed yet */
};

static void on_closed(uv_handle_t *handle)
{
	struct run *run = handle->data;
	if (!--run->open)
		free(run);
}

static void close_both(struct run *run)
{
	uv_close((uv_handle_t *)&run->process, on_closed);
	uv_close((uv_handle_t *)&run->timer, on_closed);
}

static void on_exit_of(uv_process_t *process, int64_t status, int signal)
{
	struct run *run = process->data;
	char error[TEXT_MAX];
	bool killed = run->killed;
	close_both(run);
	if (!run->done)
		return;
	if (killed)
		snprintf(error, sizeof error, "the command had not ended after %d s.", RUN_MS_MAX / 1000);
	else if (signal)
		snprintf(error, sizeof error, "the command was ended by signal %d.", signal);
	else
		snprintf(error, sizeof error, "the command ended with %lld.", (long long)status);
	run->done(run->data, killed || signal || status ? error : NULL);
}

static void on_too_long(uv_timer_t *timer)
{
	struct run *run = timer->data;
	run->killed = true;
	if (kill(-run->process.pid, SIGKILL))
		uv_process_kill(&run->process, SIGKILL);
}

/* The read end of a pipe that holds the input: it is smaller than any pipe, so writing it never waits. */
static int pipe_with(const char *input, size_t length)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC))
		return -1;
	bool whole = write(ends[1], input, length) == (ssize_t)length;
	close(ends[1]);
	if (whole)
		return ends[0];
	close(ends[0]);
	return -1;
}

static int spawn(uv_loop_t *loop, struct run *run, const struct run_order *order, int input)
{
	/* Its words go to our log, as they come. */
	uv_stdio_container_t streams[] = {{.flags = UV_INHERIT_FD, .data.fd = input},
	                                  {.flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO},
	                                  {.flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO}};
	uv_process_options_t options = {
		.exit_cb = on_exit_of,
		.file = order->arguments[0],
		.args = order->arguments,
		.env = (char **)order->environment,
		.cwd = "/",
		.flags = UV_PROCESS_DETACHED, /* a process group of its own, which can be killed whole */
		.stdio_count = 3,
		.stdio = streams,
	};
	return uv_spawn(loop, &run->process, &options);
}

struct run *run_start(uv_loop_t *loop, const struct run_order *order,
                      void (*done)(void *data, const char *error), void *data, char *error,
                      size_t error_size)
{
	struct run *run = calloc(1, sizeof *run);
	int input = run ? pipe_with(order->input, order->input_length) : -1;
	if (input < 0) {
		free(run);
		snprintf(error, error_size, "there is no memory, or no file descriptor.");
		return NULL;
	}
	run->open = 2;
	run->done = done;
	run->data = data;
	run->process.data = run->timer.data = run;
	uv_timer_init(loop, &run->timer);
	int result = spawn(loop, run, order, input);
	close(input);
	if (result) {
		close_both(run); /* libuv wants it closed even if it could not be started */
		snprintf(error, error_size, "the command can not be started: %s.", uv_strerror(result));
		return NULL;
	}
	uv_timer_start(&run->timer, on_too_long, RUN_MS_MAX, 0);
	return run;
}

void run_abort(struct run *run)
{
	run->done = NULL;
	on_too_long(&run->timer);
}
