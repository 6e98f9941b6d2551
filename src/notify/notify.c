/* The front of notify.h: from any thread to the loop, and from the loop to the targets. */
#include "notify/notify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "notify/state.h"

static void raise_event(void *data, const struct event *event)
{
	struct notify *notify = data;
	pthread_mutex_lock(&notify->lock);
	if (!notify->stopped && notify->raised_count < NOTIFY_RAISED_MAX) {
		notify->raised[notify->raised_count++] = *event;
		uv_async_send(&notify->wake);
	} else {
		notify->dropped++;
	}
	pthread_mutex_unlock(&notify->lock);
}

struct event_outlet notify_outlet(struct notify *notify)
{
	return (struct event_outlet){raise_event, notify};
}

static void tell(struct notify *notify, const struct event *event)
{
	if (remember_told(notify, event))
		return;
	log_info("event %s: %s", event_word(event->kind), event->text);
	for (size_t i = 0; i < notify->count; i++)
		if (notify->targets[i]->config.kinds >> event->kind & 1)
			target_offer(notify->targets[i], event);
}

static void on_wake(uv_async_t *wake)
{
	struct notify *notify = wake->data;
	struct event *events = NULL;
	pthread_mutex_lock(&notify->lock);
	size_t count = notify->raised_count;
	if (count)
		events = malloc(count * sizeof *events);
	if (events)
		memcpy(events, notify->raised, count * sizeof *events);
	else
		notify->dropped += count;
	notify->raised_count = 0;
	pthread_mutex_unlock(&notify->lock);
	for (size_t i = 0; events && i < count; i++)
		tell(notify, &events[i]);
	free(events);
}

struct notify *notify_new(uv_loop_t *loop, struct http *http)
{
	struct notify *notify = calloc(1, sizeof *notify);
	if (!notify)
		return NULL;
	notify->loop = loop;
	notify->http = http;
	notify->key = hash_key_random();
	notify->wake.data = notify;
	if (uv_async_init(loop, &notify->wake, on_wake)) {
		free(notify);
		return NULL;
	}
	pthread_mutex_init(&notify->lock, NULL);
	return notify;
}

int notify_use_helper(struct notify *notify, struct helper *helper)
{
	notify->no_commands = !helper;
	return helper ? command_use_helper(notify, helper) : PF_OK;
}

/* ---- targets ----------------------------------------------------------------------------- */

static bool same_words(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool same_target(const struct config_notify *a, const struct config_notify *b)
{
	if (a->kind != b->kind || a->kinds != b->kinds || !same_words(a->where, b->where) ||
	    !same_words(a->secret_file, b->secret_file) || !same_words(a->ca_file, b->ca_file) ||
	    a->argument_count != b->argument_count)
		return false;
	for (size_t i = 0; i < a->argument_count; i++)
		if (!same_words(a->arguments[i], b->arguments[i]))
			return false;
	return true;
}

/* Takes the target of these words out of the old ones, or makes it. */
static struct target *find_or_make(struct notify *notify, struct target **old, size_t old_count,
                                   const struct config_notify *config)
{
	for (size_t i = 0; i < old_count; i++) {
		struct target *target = old[i];
		if (target && same_target(&target->config, config)) {
			old[i] = NULL;
			return target;
		}
	}
	return target_new(notify, config);
}

void notify_configure(struct notify *notify, const struct config *config)
{
	struct target *old[CONFIG_NOTIFY_MAX], *targets[CONFIG_NOTIFY_MAX];
	size_t old_count = notify->count, count = 0;
	memcpy(old, notify->targets, old_count * sizeof *old);
	for (size_t i = 0; i < config->notify_count; i++) {
		struct target *target = find_or_make(notify, old, old_count, &config->notify[i]);
		if (target)
			targets[count++] = target;
	}
	pthread_mutex_lock(&notify->lock);
	memcpy(notify->targets, targets, count * sizeof *targets);
	notify->count = count;
	pthread_mutex_unlock(&notify->lock);
	for (size_t i = 0; i < old_count; i++)
		if (old[i])
			target_close(old[i]);
}

void notify_each(struct notify *notify,
                 void (*each)(void *data, const struct notify_status *status), void *data,
                 uint64_t *dropped)
{
	pthread_mutex_lock(&notify->lock);
	for (size_t i = 0; i < notify->count; i++)
		each(data, &notify->targets[i]->status);
	if (dropped)
		*dropped = notify->dropped;
	pthread_mutex_unlock(&notify->lock);
}

/* ---- the end ----------------------------------------------------------------------------- */

void notify_stop(struct notify *notify)
{
	struct config none = {0};
	pthread_mutex_lock(&notify->lock);
	notify->stopped = true;
	notify->raised_count = 0;
	pthread_mutex_unlock(&notify->lock);
	notify_configure(notify, &none);
	uv_close((uv_handle_t *)&notify->wake, NULL);
}

void notify_free(struct notify **notify)
{
	if (!*notify)
		return;
	pthread_mutex_destroy(&(*notify)->lock);
	free(*notify);
	*notify = NULL;
}
