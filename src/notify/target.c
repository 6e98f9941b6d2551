/* One target: its queue, one delivery at a time, and the pauses between attempts. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "notify/state.h"

static const struct sender *const senders[] = {
	[CONFIG_NOTIFY_WEBHOOK] = &sender_webhook,
	[CONFIG_NOTIFY_NTFY] = &sender_ntfy,
	[CONFIG_NOTIFY_COMMAND] = &sender_command,
	[CONFIG_NOTIFY_SYSLOG] = &sender_syslog,
};

/* ---- life -------------------------------------------------------------------------------- */

/* The file's bytes without blanks and newlines at their end. */
static bool read_secret(struct target *target)
{
	const char *path = target->config.secret_file;
	if (!path)
		return true;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t got = fd < 0 ? -1 : read(fd, target->secret, sizeof target->secret);
	int error = errno;
	if (fd >= 0)
		close(fd);
	while (got > 0 && strchr(" \t\r\n", target->secret[got - 1]))
		got--;
	if (got > 0) {
		target->secret_length = (size_t)got;
		return true;
	}
	log_error("Nobody is told of events by %s: the secret %s %s.", target->status.name, path,
	          got ? strerror(error) : "is empty");
	return false;
}

static void on_closed(uv_handle_t *handle)
{
	struct target *target = handle->data;
	config_notify_deinit(&target->config);
	explicit_bzero(target->secret, sizeof target->secret);
	free(target);
}

struct target *target_new(struct notify *notify, const struct config_notify *config)
{
	struct target *target = calloc(1, sizeof *target);
	if (!target || config_notify_copy(&target->config, config) != PF_OK) {
		free(target);
		log_error("There is no memory to tell anybody of events.");
		return NULL;
	}
	target->notify = notify;
	target->sender = senders[config->kind];
	snprintf(target->status.name, sizeof target->status.name, "%s %s", target->sender->word,
	         config->where ? config->where : config->arguments[0]);
	uv_timer_init(notify->loop, &target->timer);
	target->timer.data = target;
	if (read_secret(target))
		return target;
	target_close(target);
	return NULL;
}

void target_close(struct target *target)
{
	if (target->busy)
		target->sender->abort(target);
	target->closing = true;
	uv_close((uv_handle_t *)&target->timer, on_closed);
}

/* ---- deliveries -------------------------------------------------------------------------- */

static void start(struct target *target)
{
	target->busy = true;
	target->attempts++;
	target->sender->start(target);
}

static void on_timer(uv_timer_t *timer)
{
	start(timer->data);
}

static void wait_ms(struct target *target, uint64_t delay_ms)
{
	uv_timer_start(&target->timer, on_timer, delay_ms, 0);
}

void target_offer(struct target *target, const struct event *event)
{
	bool room = target->count < NOTIFY_QUEUE_MAX;
	if (room)
		target->queue[target->count++] = *event;
	pthread_mutex_lock(&target->notify->lock);
	target->status.waiting = target->count;
	target->status.dropped += !room;
	pthread_mutex_unlock(&target->notify->lock);
	/* From the loop and not from here: a sender may end at once. */
	if (room && target->count == 1)
		wait_ms(target, 0);
}

static uint64_t pause_ms(unsigned attempts)
{
	uint64_t delay_ms = (uint64_t)NOTIFY_RETRY_FIRST_MS << (attempts - 1);
	return delay_ms < NOTIFY_RETRY_MAX_MS ? delay_ms : NOTIFY_RETRY_MAX_MS;
}

void target_delivered(struct target *target, const char *error, bool final)
{
	bool over = !error || final || target->attempts == NOTIFY_ATTEMPTS_MAX;
	target->busy = false;
	if (error && over)
		log_error("An event could not be told by %s and is given up: %s", target->status.name,
		          error);
	else if (error && target->attempts == 1)
		log_warning("An event could not be told by %s and will be tried again: %s",
		            target->status.name, error);
	uint64_t delay_ms = over ? 0 : pause_ms(target->attempts);
	if (over) {
		target->attempts = 0;
		target->count--;
		memmove(target->queue, target->queue + 1, target->count * sizeof *target->queue);
	}
	pthread_mutex_lock(&target->notify->lock);
	target->status.delivered += !error;
	target->status.failed += error && over;
	target->status.waiting = target->count;
	snprintf(target->status.error, sizeof target->status.error, "%s", error ? error : "");
	pthread_mutex_unlock(&target->notify->lock);
	if (target->count)
		wait_ms(target, delay_ms);
}
