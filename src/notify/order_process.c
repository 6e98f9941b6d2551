/* The helper's own process: a loop on one socket. */
#define _GNU_SOURCE /* close_range */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "base/log.h"
#include "notify/order.h"

struct running {
	struct helping *helping;
	struct run *run;
	uint64_t number;
};

struct helping {
	int fd;
	const char *config_path;
	uv_loop_t loop;
	uv_poll_t poll;
	size_t allowed_count;
	struct config_notify allowed[CONFIG_NOTIFY_MAX]; /* copies of their own */
	struct running running[CONFIG_NOTIFY_MAX];       /* run NULL: free */
	char bytes[ORDER_BYTES_MAX];
};

/* What may be run from now on. Without memory less than is wanted. */
static void allow(struct helping *helping, const struct config *config)
{
	while (helping->allowed_count)
		config_notify_deinit(&helping->allowed[--helping->allowed_count]);
	for (size_t i = 0; i < config->notify_count; i++)
		if (config->notify[i].kind == CONFIG_NOTIFY_COMMAND &&
		    config_notify_copy(&helping->allowed[helping->allowed_count], &config->notify[i]) ==
		        PF_OK)
			helping->allowed_count++;
}

/* What is wrong with it the daemon tells; until it is right the commands stay as they were. */
static void read_configuration(struct helping *helping)
{
	struct diag diag;
	struct config *config = NULL;
	diag_init(&diag);
	if (config_load(helping->config_path, &diag, &config) == PF_OK)
		allow(helping, config);
	config_free(&config);
	diag_deinit(&diag);
}

static bool is_allowed(const struct helping *helping, char *const *arguments)
{
	for (size_t i = 0; i < helping->allowed_count; i++) {
		char *const *a = helping->allowed[i].arguments, *const *b = arguments;
		while (*a && *b && !strcmp(*a, *b))
			a++, b++;
		if (!*a && !*b)
			return true;
	}
	return false;
}

static void tell(const struct helping *helping, uint64_t number, const char *error)
{
	struct order_result result = {.number = number};
	snprintf(result.error, sizeof result.error, "%s", error ? error : "");
	(void)!send(helping->fd, &result, sizeof result, MSG_NOSIGNAL);
}

static void on_done(void *data, const char *error)
{
	struct running *running = data;
	running->run = NULL;
	tell(running->helping, running->number, error);
}

static void run(struct helping *helping, uint64_t number, size_t length)
{
	struct order_read order;
	char error[ORDER_ERROR_MAX] = "more commands are under way than there are targets.";
	struct running *free_one = NULL;
	for (size_t i = 0; i < PF_COUNT(helping->running) && !free_one; i++)
		if (!helping->running[i].run)
			free_one = &helping->running[i];
	if (order_read(helping->bytes, length, &order) != PF_OK ||
	    !is_allowed(helping, order.run.arguments)) {
		tell(helping, number, "the configuration does not name this command.");
		return;
	}
	if (free_one) {
		*free_one = (struct running){.helping = helping, .number = number};
		free_one->run =
			run_start(&helping->loop, &order.run, on_done, free_one, error, sizeof error);
	}
	if (!free_one || !free_one->run)
		tell(helping, number, error);
}

static void abort_runs(struct helping *helping, const uint64_t *number)
{
	for (size_t i = 0; i < PF_COUNT(helping->running); i++) {
		struct running *running = &helping->running[i];
		if (!running->run || (number && running->number != *number))
			continue;
		run_abort(running->run);
		running->run = NULL;
	}
}

/* The daemon becomes another program, and so does its helper. */
static void renew(struct helping *helping, size_t length)
{
	const char *program = helping->bytes + sizeof(struct order_head);
	char fd[16];
	if (length <= sizeof(struct order_head) || helping->bytes[length - 1])
		return;
	abort_runs(helping, NULL);
	snprintf(fd, sizeof fd, "%d", helping->fd);
	setenv("PORTAFILTER_HELPS", fd, 1);
	execl(program, program, "-c", helping->config_path, (char *)NULL);
	log_error("The helper that runs commands stays as it was: %s: %s", program, strerror(errno));
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	(void)events;
	struct helping *helping = poll->data;
	struct order_head head;
	ssize_t length = recv(helping->fd, helping->bytes, sizeof helping->bytes, MSG_DONTWAIT);
	if (length < 0 && (errno == EAGAIN || errno == EINTR) && !status)
		return;
	if (length <= 0) { /* the daemon has ended */
		abort_runs(helping, NULL);
		uv_poll_stop(poll);
		return;
	}
	if ((size_t)length < sizeof head)
		return;
	memcpy(&head, helping->bytes, sizeof head);
	switch (head.verb) {
	case ORDER_RUN: run(helping, head.number, (size_t)length); break;
	case ORDER_ABORT: abort_runs(helping, &head.number); break;
	case ORDER_RELOAD: read_configuration(helping); break;
	case ORDER_RENEW: renew(helping, (size_t)length); break;
	}
}

_Noreturn void order_process(int fd, const char *config_path, const struct config *config)
{
	struct helping *helping = calloc(1, sizeof *helping);
	/* The daemon's listening sockets must not stay open here when it has ended. */
	close_range(3, (unsigned)fd - 1, 0);
	close_range((unsigned)fd + 1, ~0u, 0);
	prctl(PR_SET_NAME, "commands");
	if (!helping || uv_loop_init(&helping->loop))
		_exit(1);
	helping->fd = fd;
	helping->config_path = config_path;
	helping->poll.data = helping;
	if (config)
		allow(helping, config);
	else
		read_configuration(helping);
	if (uv_poll_init(&helping->loop, &helping->poll, fd) ||
	    uv_poll_start(&helping->poll, UV_READABLE, on_readable))
		_exit(1);
	uv_run(&helping->loop, UV_RUN_DEFAULT); /* until nothing is read and nothing runs */
	_exit(0);
}
