/* A command: run without a shell, the event as JSON on its standard input and its parts in the environment. */
#define _GNU_SOURCE /* pipe2 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "notify/state.h"

#define RUN_MS_MAX 30000 /* then it is killed, with all of its process group */

struct child {
	uv_process_t process;
	uv_timer_t timer;
	struct target *target; /* NULL: aborted */
	bool killed;
	unsigned open; /* handles that are not closed yet */
};

static void on_closed(uv_handle_t *handle)
{
	struct child *child = handle->data;
	if (!--child->open)
		free(child);
}

static void close_both(struct child *child)
{
	uv_close((uv_handle_t *)&child->process, on_closed);
	uv_close((uv_handle_t *)&child->timer, on_closed);
}

static void on_exit_of(uv_process_t *process, int64_t status, int signal)
{
	struct child *child = process->data;
	struct target *target = child->target;
	char error[NOTIFY_ERROR_MAX];
	bool killed = child->killed;
	close_both(child);
	if (!target)
		return;
	target->child = NULL;
	if (killed)
		snprintf(error, sizeof error, "the command had not ended after %d s.", RUN_MS_MAX / 1000);
	else if (signal)
		snprintf(error, sizeof error, "the command was ended by signal %d.", signal);
	else
		snprintf(error, sizeof error, "the command ended with %lld.", (long long)status);
	target_delivered(target, killed || signal || status ? error : NULL, false);
}

static void on_too_long(uv_timer_t *timer)
{
	struct child *child = timer->data;
	child->killed = true;
	if (kill(-child->process.pid, SIGKILL))
		uv_process_kill(&child->process, SIGKILL);
}

/* The read end of a pipe that holds the message: it is smaller than any pipe, so writing it never waits. */
static int pipe_with(const struct event *event)
{
	struct buffer body;
	int ends[2] = {-1, -1};
	buffer_init(&body, BODY_BYTES_MAX);
	bool whole = message_json(event, &body);
	if (whole)
		buffer_append(&body, "\n", 1);
	if (whole && !body.failed && !pipe2(ends, O_CLOEXEC)) {
		whole = write(ends[1], body.data, body.length) == (ssize_t)body.length;
		close(ends[1]);
		if (!whole) {
			close(ends[0]);
			ends[0] = -1;
		}
	}
	buffer_deinit(&body);
	return ends[0];
}

static int spawn(struct target *target, struct child *child, int input)
{
	const struct event *event = &target->queue[0];
	char kind[64], device[DEVICE_NAME_MAX + 32], name[EVENT_NAME_MAX + 32],
		text[EVENT_TEXT_MAX + 32];
	char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	char *environment[] = {path, kind, device, name, text, NULL};
	snprintf(kind, sizeof kind, "PORTAFILTER_EVENT=%s", event_word(event->kind));
	snprintf(device, sizeof device, "PORTAFILTER_DEVICE=%s", event->device_name);
	snprintf(name, sizeof name, "PORTAFILTER_NAME=%s", event->name);
	snprintf(text, sizeof text, "PORTAFILTER_TEXT=%s", event->text);
	/* Its words go to our log, as they come. */
	uv_stdio_container_t streams[] = {{.flags = UV_INHERIT_FD, .data.fd = input},
	                                  {.flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO},
	                                  {.flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO}};
	uv_process_options_t options = {
		.exit_cb = on_exit_of,
		.file = target->config.arguments[0],
		.args = target->config.arguments,
		.env = environment,
		.cwd = "/",
		.flags = UV_PROCESS_DETACHED, /* a process group of its own, which can be killed whole */
		.stdio_count = 3,
		.stdio = streams,
	};
	return uv_spawn(target->notify->loop, &child->process, &options);
}

static void start(struct target *target)
{
	char error[NOTIFY_ERROR_MAX];
	struct child *child = calloc(1, sizeof *child);
	int input = child ? pipe_with(&target->queue[0]) : -1;
	if (input < 0) {
		free(child);
		target_delivered(target, "there is no memory, or no file descriptor.", false);
		return;
	}
	child->open = 2;
	child->target = target;
	child->process.data = child->timer.data = child;
	uv_timer_init(target->notify->loop, &child->timer);
	int result = spawn(target, child, input);
	close(input);
	if (result) {
		close_both(child); /* libuv wants it closed even if it could not be started */
		snprintf(error, sizeof error, "the command can not be started: %s.", uv_strerror(result));
		target_delivered(target, error, false);
		return;
	}
	target->child = child;
	uv_timer_start(&child->timer, on_too_long, RUN_MS_MAX, 0);
}

static void abort_child(struct target *target)
{
	struct child *child = target->child;
	if (!child)
		return;
	child->target = NULL;
	target->child = NULL;
	on_too_long(&child->timer);
}

const struct sender sender_command = {"command", start, abort_child};
