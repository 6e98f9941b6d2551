/* A command: run without a shell, the event as JSON on its standard input and its parts in the environment. By the helper, where
 * there is one; else by the daemon itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "notify/order.h"
#include "notify/state.h"

/* One that is under way; by whom, its target's notify says. */
struct child {
	struct run *run;
	uint64_t number;
};

static void on_ended(void *data, const char *error)
{
	struct target *target = data;
	free(target->child);
	target->child = NULL;
	target_delivered(target, error, false);
}

static bool begin(struct target *target, struct child *child, const struct run_order *order,
                  char error[NOTIFY_ERROR_MAX])
{
	struct notify *notify = target->notify;
	if (notify->helper) {
		child->number = ++notify->order_number;
		snprintf(error, NOTIFY_ERROR_MAX,
		         "the helper that runs commands does not take it (see the log).");
		return order_send(notify->helper, child->number, order);
	}
	if (notify->no_commands) {
		snprintf(error, NOTIFY_ERROR_MAX,
		         "commands are run after a restart only: the sandbox is closed (`sandbox`).");
		return false;
	}
	child->run = run_start(notify->loop, order, on_ended, target, error, NOTIFY_ERROR_MAX);
	return child->run;
}

static void start(struct target *target)
{
	const struct event *event = &target->queue[0];
	char kind[64], device[DEVICE_NAME_MAX + 32], name[EVENT_NAME_MAX + 32],
		text[EVENT_TEXT_MAX + 32];
	static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	char error[NOTIFY_ERROR_MAX] = "there is no memory.";
	struct buffer body;
	snprintf(kind, sizeof kind, "PORTAFILTER_EVENT=%s", event_word(event->kind));
	snprintf(device, sizeof device, "PORTAFILTER_DEVICE=%s", event->device_name);
	snprintf(name, sizeof name, "PORTAFILTER_NAME=%s", event->name);
	snprintf(text, sizeof text, "PORTAFILTER_TEXT=%s", event->text);
	buffer_init(&body, BODY_BYTES_MAX);
	bool whole = message_json(event, &body);
	if (whole)
		buffer_append(&body, "\n", 1);
	struct run_order order = {target->config.arguments,
	                          {path, kind, device, name, text, NULL},
	                          body.data,
	                          body.length};
	target->child = whole && !body.failed ? calloc(1, sizeof *target->child) : NULL;
	bool begun = target->child && begin(target, target->child, &order, error);
	buffer_deinit(&body);
	if (begun)
		return;
	free(target->child);
	target->child = NULL;
	target_delivered(target, error, false);
}

static void abort_child(struct target *target)
{
	struct child *child = target->child;
	if (!child)
		return;
	target->child = NULL;
	if (child->run)
		run_abort(child->run);
	else
		(void)order_abort(target->notify->helper, child->number);
	free(child);
}

const struct sender sender_command = {"command", start, abort_child};

/* ---- what the helper says ---------------------------------------------------------------- */

static void take_result(struct notify *notify, const struct order_result *result)
{
	for (size_t i = 0; i < notify->count; i++) {
		struct target *target = notify->targets[i];
		if (target->sender != &sender_command || !target->child ||
		    target->child->number != result->number)
			continue;
		on_ended(target, *result->error ? result->error : NULL);
		return;
	}
}

static void fail_all(struct notify *notify)
{
	for (size_t i = 0; i < notify->count; i++)
		if (notify->targets[i]->sender == &sender_command && notify->targets[i]->child)
			on_ended(notify->targets[i], "the helper that runs commands has ended.");
}

static void on_answer(uv_poll_t *poll, int status, int events)
{
	(void)events;
	struct notify *notify = poll->data;
	struct order_result result;
	ssize_t length = recv(notify->helper->fd, &result, sizeof result, MSG_DONTWAIT);
	if (length == sizeof result) {
		result.error[sizeof result.error - 1] = '\0';
		take_result(notify, &result);
	} else if (!length || status < 0) {
		uv_poll_stop(poll);
		log_error("The helper that runs commands has ended; restart the daemon to have one again.");
		fail_all(notify);
	}
}

int command_use_helper(struct notify *notify, struct helper *helper)
{
	notify->answers.data = notify;
	if (uv_poll_init(notify->loop, &notify->answers, helper->fd))
		return PF_EIO;
	notify->helper = helper;
	return uv_poll_start(&notify->answers, UV_READABLE, on_answer) ? PF_EIO : PF_OK;
}
