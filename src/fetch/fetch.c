/* All sources together: made and dropped with each configuration, woken by other threads, and their changes gathered into one
 * snapshot. */
#include "fetch/fetch.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "fetch/source.h"

#define GATHER_MS 5000 /* the longest that a changed copy waits for others that are under way */

/* ---- what changed ------------------------------------------------------------------------ */

/* Builds the snapshot if copies have changed, then says of all rounds that ended so far that they did. */
static void report(struct fetch *fetch)
{
	int error = PF_OK;
	uv_timer_stop(&fetch->gather);
	if (fetch->dirty) {
		fetch->dirty = false;
		error = fetch->changed(fetch->data);
	}
	pthread_mutex_lock(&fetch->lock);
	for (size_t i = 0; i < fetch->count; i++) {
		struct source *source = fetch->sources[i];
		if (!source->unreported)
			continue;
		source->rounds += source->unreported;
		source->unreported = 0;
		if (error != PF_OK && !*source->status.error)
			snprintf(source->status.error, sizeof source->status.error,
			         "it was fetched, but the snapshot with it was refused; see the daemon's log");
	}
	pthread_cond_broadcast(&fetch->reported);
	pthread_mutex_unlock(&fetch->lock);
}

static void on_gathered(uv_timer_t *timer)
{
	report(timer->data);
}

/* Sources whose time has come while others ran. */
static void begin_due(struct fetch *fetch)
{
	int64_t now_us = clock_now().mono_us;
	for (size_t i = 0; i < fetch->count && fetch->running < FETCH_JOBS_MAX; i++) {
		struct source *source = fetch->sources[i];
		if (source->next_mono_us <= now_us && !source->download && !source->conversation)
			uv_timer_start(&source->timer, source->timer.timer_cb, 0, 0);
	}
}

void fetch_round_ended(struct fetch *fetch, bool changed)
{
	fetch->dirty |= changed;
	if (!fetch->dirty || !fetch->running)
		uv_timer_start(&fetch->gather, on_gathered, 0, 0);
	else if (!uv_is_active((uv_handle_t *)&fetch->gather))
		uv_timer_start(&fetch->gather, on_gathered, GATHER_MS, 0);
	begin_due(fetch);
}

/* ---- other threads ----------------------------------------------------------------------- */

static bool take_wanted(struct fetch *fetch, struct source *source)
{
	pthread_mutex_lock(&fetch->lock);
	bool wanted = source->wanted;
	source->wanted = false;
	pthread_mutex_unlock(&fetch->lock);
	uint64_t bit = 1ull << source->number % 64;
	return wanted | !!(atomic_fetch_and(&fetch->notified[source->number / 64], ~bit) & bit);
}

static void on_wake(uv_async_t *wake)
{
	struct fetch *fetch = wake->data;
	for (size_t i = 0; i < fetch->count; i++)
		if (take_wanted(fetch, fetch->sources[i]))
			source_begin(fetch->sources[i]);
}

void fetch_notify(struct fetch *fetch, size_t list)
{
	if (list >= LIST_MAX)
		return;
	atomic_fetch_or(&fetch->notified[list / 64], 1ull << list % 64);
	uv_async_send(&fetch->wake);
}

void fetch_each(struct fetch *fetch, void (*each)(void *data, const struct fetch_status *status),
                void *data)
{
	pthread_mutex_lock(&fetch->lock);
	for (size_t i = 0; i < fetch->count; i++)
		each(data, &fetch->sources[i]->status);
	pthread_mutex_unlock(&fetch->lock);
}

/* The rounds that somebody waits for. */
struct wait {
	size_t count;
	struct {
		uint64_t id, rounds;
	} targets[LIST_MAX];
};

static struct source *find_id(struct fetch *fetch, uint64_t id)
{
	for (size_t i = 0; i < fetch->count; i++)
		if (fetch->sources[i]->id == id)
			return fetch->sources[i];
	return NULL;
}

static void want(struct fetch *fetch, const char *list, struct wait *wait)
{
	wait->count = 0;
	for (size_t i = 0; i < fetch->count; i++) {
		struct source *source = fetch->sources[i];
		if (list && strcmp(list, source->status.list))
			continue;
		/* One that runs may have begun before what its owner wants to see was there. */
		bool under_way = source->status.phase == FETCH_RUNNING || source->unreported;
		wait->targets[wait->count].id = source->id;
		wait->targets[wait->count++].rounds = source->rounds + (under_way ? 2 : 1);
		source->wanted = true;
	}
}

static bool all_done(struct fetch *fetch, const struct wait *wait)
{
	for (size_t i = 0; i < wait->count; i++) {
		struct source *source = find_id(fetch, wait->targets[i].id);
		if (source && source->rounds < wait->targets[i].rounds)
			return false;
	}
	return true;
}

int fetch_update(struct fetch *fetch, const char *list, unsigned timeout_s,
                 void (*each)(void *data, const struct fetch_status *status), void *data)
{
	struct wait wait;
	struct timespec until;
	int waited = 0;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += timeout_s;
	pthread_mutex_lock(&fetch->lock);
	want(fetch, list, &wait);
	uv_async_send(&fetch->wake);
	while (!all_done(fetch, &wait) && !waited && !fetch->stopping)
		waited = pthread_cond_timedwait(&fetch->reported, &fetch->lock, &until);
	int result = !wait.count && list ? PF_ENOENT : PF_OK;
	if (!all_done(fetch, &wait))
		result = fetch->stopping ? PF_ECONFLICT : PF_ETIMEOUT;
	for (size_t i = 0; i < wait.count && result == PF_OK; i++) {
		struct source *source = find_id(fetch, wait.targets[i].id);
		if (source)
			each(data, &source->status);
	}
	pthread_mutex_unlock(&fetch->lock);
	return result;
}

/* ---- configurations ---------------------------------------------------------------------- */

static bool is_subscribed(const struct config_list *list)
{
	return list->url || list->rpz;
}

void fetch_expire(const struct config *config, struct now now)
{
	for (size_t i = 0; i < config->list_count; i++) {
		const struct config_list *list = &config->lists[i];
		struct copy_state state;
		if (!list->rpz)
			continue;
		copy_load(list->file, &state);
		(void)source_expire(list->file, list->name, &state, now);
	}
}

/* The copy's path is made of the name and of where it comes from. */
static struct source *find_same(struct fetch *fetch, const struct config_list *list)
{
	for (size_t i = 0; i < fetch->count; i++)
		if (!strcmp(fetch->sources[i]->list.file, list->file))
			return fetch->sources[i];
	return NULL;
}

int fetch_configure(struct fetch *fetch, const struct config *config, struct now now)
{
	struct source *next[LIST_MAX];
	size_t count = 0;
	for (size_t i = 0; i < fetch->count; i++)
		fetch->sources[i]->kept = false;
	for (size_t i = 0; i < config->list_count; i++) {
		const struct config_list *list = &config->lists[i];
		if (!is_subscribed(list))
			continue;
		struct source *source = find_same(fetch, list);
		if (!source)
			source = source_new(fetch, list, now);
		else if (source_adopt(source, list) != PF_OK)
			source = NULL;
		if (!source)
			goto no_memory;
		source->kept = true;
		source->number = i;
		next[count++] = source;
	}
	for (size_t i = 0; i < fetch->count; i++)
		if (!fetch->sources[i]->kept)
			source_close(fetch->sources[i]);
	pthread_mutex_lock(&fetch->lock);
	memcpy(fetch->sources, next, count * sizeof *next);
	fetch->count = count;
	pthread_cond_broadcast(&fetch->reported);
	pthread_mutex_unlock(&fetch->lock);
	return PF_OK;
no_memory:
	for (size_t i = 0; i < count; i++)
		if (!find_id(fetch, next[i]->id))
			source_close(next[i]);
	return PF_ENOMEM;
}

/* ---- life -------------------------------------------------------------------------------- */

struct fetch *fetch_new(struct uv_loop_s *loop, struct http *http, fetch_changed changed,
                        void *data)
{
	struct fetch *fetch = calloc(1, sizeof *fetch);
	if (!fetch)
		return NULL;
	fetch->loop = loop;
	fetch->changed = changed;
	fetch->data = data;
	fetch->http = http;
	pthread_mutex_init(&fetch->lock, NULL);
	pthread_cond_init(&fetch->reported, NULL);
	uv_timer_init(loop, &fetch->gather);
	uv_async_init(loop, &fetch->wake, on_wake);
	fetch->gather.data = fetch->wake.data = fetch;
	return fetch;
}

void fetch_refuse(struct fetch *fetch)
{
	pthread_mutex_lock(&fetch->lock);
	fetch->stopping = true;
	pthread_cond_broadcast(&fetch->reported);
	pthread_mutex_unlock(&fetch->lock);
}

void fetch_stop(struct fetch *fetch)
{
	for (size_t i = 0; i < fetch->count; i++)
		source_close(fetch->sources[i]);
	fetch->count = 0;
	uv_close((uv_handle_t *)&fetch->gather, NULL);
	uv_close((uv_handle_t *)&fetch->wake, NULL);
}

void fetch_free(struct fetch **out)
{
	struct fetch *fetch = *out;
	if (!fetch)
		return;
	*out = NULL;
	pthread_mutex_destroy(&fetch->lock);
	pthread_cond_destroy(&fetch->reported);
	free(fetch);
}
