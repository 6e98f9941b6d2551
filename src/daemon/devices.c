/* The keeper of the book, see devices.h: what comes from the kernel and from workers is gathered for some milliseconds,
 * then one roster is made of it. Making one takes longer the more devices there are, so the pause grows with it: at most a
 * tenth of the control thread's time goes there, however many events come. */
#include "daemon/devices.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/devices_state.h"
#include "upstream/upstream.h"

#define GATHER_MS 20
#define RETRY_MS 1000  /* without memory for a roster */
#define PAUSE_SHARE 10 /* times what the last roster took */
#define TICK_MS 1000   /* how often times are looked at: `new-for: 1s` is no use, but right */
#define SAVE_EVERY 30  /* of these: memory that is lost by kill -9 is half a minute's */

/* ---- publishing -------------------------------------------------------------------------- */

void devices_publish(struct devices *devices)
{
	struct snapshot *snapshot = devices->daemon->shared.snapshot;
	if (!book_is_dirty(devices->book)) {
		devices_tell_changes(devices);
		return;
	}
	int64_t begun_us = clock_now().mono_us;
	struct roster *roster = book_roster(devices->book);
	if (!roster)
		return;
	roster_retire(rcu_xchg_pointer(&snapshot->roster, roster));
	devices_tell_changes(devices);
	devices->unsaved = true;
	devices->pause_ms = (uint64_t)(clock_now().mono_us - begun_us) * PAUSE_SHARE / 1000 + GATHER_MS;
}

static void take_sightings(struct devices *devices)
{
	size_t count = sightings_take(devices->sightings, devices->taken);
	for (size_t i = 0; i < count; i++) {
		const struct sighting *sighting = &devices->taken[i];
		if (sighting->rule < 0)
			book_sighting(devices->book, &sighting->asker, sighting->wall_us);
		else
			book_asked(devices->book, sighting->id, (size_t)sighting->rule, sighting->wall_us);
	}
}

static void on_gathered(uv_timer_t *timer)
{
	struct devices *devices = timer->data;
	pthread_mutex_lock(&devices->lock);
	take_sightings(devices);
	devices_publish(devices);
	bool again = book_is_dirty(devices->book);
	pthread_mutex_unlock(&devices->lock);
	if (again)
		uv_timer_start(timer, on_gathered, RETRY_MS, 0);
}

void devices_publish_soon(struct devices *devices)
{
	if (!uv_is_active((uv_handle_t *)&devices->gather))
		uv_timer_start(&devices->gather, on_gathered, devices->pause_ms, 0);
}

/* ---- what comes -------------------------------------------------------------------------- */

static void on_neighbour(void *data, const struct addr *addr, const struct mac *mac)
{
	struct devices *devices = data;
	book_neighbour(devices->book, addr, mac, clock_now());
}

static void on_neighbours(uv_poll_t *poll, int status, int events)
{
	(void)events;
	struct devices *devices = poll->data;
	pthread_mutex_lock(&devices->lock);
	int changed = status < 0 ? 0 : neighbour_watch_read(devices->watch);
	if (neighbour_watch_is_whole(devices->watch))
		book_learn(devices->book, false);
	pthread_mutex_unlock(&devices->lock);
	if (changed > 0)
		devices_publish_soon(devices);
	if (changed >= 0)
		return;
	log_warning("The kernel's neighbour table can not be read any more (%s); devices that come "
	            "from now on are known by address only, until a restart.",
	            strerror(errno));
	uv_poll_stop(poll); /* it would say so for ever */
}

static void on_sighted(uv_async_t *async)
{
	devices_publish_soon(async->data);
}

/* A worker calls. */
static void wake(void *data)
{
	struct devices *devices = data;
	uv_async_send(&devices->sighted);
}

static void save_if_due(struct devices *devices)
{
	char error[500];
	bool told = devices->save_failed;
	if (!devices->unsaved || ++devices->ticks < SAVE_EVERY)
		return;
	devices->ticks = 0;
	if (devices_save(devices, error) != PF_OK && !told)
		log_warning("%s", error);
}

static void on_tick(uv_timer_t *timer)
{
	struct devices *devices = timer->data;
	pthread_mutex_lock(&devices->lock);
	struct now now = clock_now();
	(void)book_expire(devices->book, now.wall_us);
	devices_tell_events(devices, now);
	bool dirty = book_is_dirty(devices->book);
	save_if_due(devices);
	pthread_mutex_unlock(&devices->lock);
	if (dirty)
		devices_publish_soon(devices);
	devices_ask_names(devices, now.wall_us);
}

static void watch_neighbours(struct devices *devices)
{
	devices->watch = neighbour_watch_new(devices->daemon->shared.key,
	                                     (struct neighbour_listener){on_neighbour, devices});
	if (!devices->watch) {
		log_warning("The kernel's neighbour table can not be watched (%s); devices are known by "
		            "address only.",
		            strerror(errno));
		return;
	}
	uv_poll_init(devices->loop, &devices->watch_poll, neighbour_watch_fd(devices->watch));
	devices->watch_poll.data = devices;
	uv_poll_start(&devices->watch_poll, UV_READABLE, on_neighbours);
}

/* ---- life -------------------------------------------------------------------------------- */

struct devices *devices_new(struct daemon *daemon)
{
	struct devices *devices = calloc(1, sizeof *devices);
	if (!devices)
		return NULL;
	pthread_mutex_init(&devices->lock, NULL);
	devices->daemon = daemon;
	devices->pause_ms = GATHER_MS;
	devices->book = book_new(daemon->shared.key, 0);
	devices->sightings = sightings_new(wake, devices);
	devices->taken = malloc(SIGHTINGS_MAX * sizeof *devices->taken);
	if (!devices->book || !devices->sightings || !devices->taken)
		devices_free(&devices);
	return devices;
}

void devices_free(struct devices **devices)
{
	struct devices *old = *devices;
	if (!old)
		return;
	neighbour_watch_free(&old->watch);
	upstream_free(&old->names);
	book_free(&old->book);
	vendors_free(&old->vendors);
	sightings_free(&old->sightings);
	for (size_t i = 0; i < CONFIG_LEASE_FILES_MAX; i++)
		free(old->leases[i].path);
	pthread_mutex_destroy(&old->lock);
	free(old->taken);
	free(old);
	*devices = NULL;
}

struct sightings *devices_sightings(struct devices *devices)
{
	return devices->sightings;
}

int devices_adopt(struct devices *devices, struct snapshot *built, struct diag *diag,
                  void (*publish)(struct daemon *daemon, struct snapshot *built))
{
	struct vendors *vendors = NULL; /* new ones, when their files have changed */
	if (!vendors_are_current(devices->vendors, built->config->vendors)) {
		int unread = vendors_load(built->config->vendors, diag, &vendors);
		if (unread != PF_OK)
			return unread;
	}
	pthread_mutex_lock(&devices->lock);
	int error = book_adopt(devices->book, built->config, built->registry,
	                       vendors ? vendors : devices->vendors, clock_now(), &built->roster);
	if (error == PF_OK)
		publish(devices->daemon, built);
	if (error == PF_OK && vendors) {
		struct vendors *old = devices->vendors;
		devices->vendors = vendors;
		vendors = old;
	}
	vendors_free(&vendors);
	pthread_mutex_unlock(&devices->lock);
	return error;
}

void devices_start(struct devices *devices, uv_loop_t *loop)
{
	devices->loop = loop;
	uv_async_init(loop, &devices->sighted, on_sighted);
	uv_timer_init(loop, &devices->gather);
	uv_timer_init(loop, &devices->tick);
	devices->sighted.data = devices->gather.data = devices->tick.data = devices;
	devices_load(devices);
	watch_neighbours(devices);
	devices_watch_leases(devices);
	uv_timer_start(&devices->tick, on_tick, TICK_MS, TICK_MS);
	pthread_mutex_lock(&devices->lock);
	devices_publish(devices); /* the first query is to find what is remembered */
	pthread_mutex_unlock(&devices->lock);
}

void devices_stop(struct devices *devices)
{
	char error[500];
	if (!devices || !devices->loop)
		return;
	pthread_mutex_lock(&devices->lock);
	if (devices_save(devices, error) != PF_OK)
		log_warning("%s", error);
	pthread_mutex_unlock(&devices->lock);
}
