/* Lease files are watched (inotify, on their folders, because they are replaced) and read when their writer has been quiet for
 * a moment. A file that is gone or can not be read keeps what it said last: servers tidy up by writing anew. */
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/devices_state.h"

#define SETTLE_MS 50

static void on_settled(uv_timer_t *timer);

static void read_file(struct lease_watch *watch)
{
	struct devices *devices = watch->devices;
	struct lease_list list;
	struct now now = clock_now();
	char error[256] = "there is no memory for the leases";
	int result = lease_read(watch->path, watch->format, now.wall_us, &list, error);
	if (result == PF_ETIMEOUT) { /* it is being written: once more, when that is over */
		uv_timer_start(&watch->settle, on_settled, SETTLE_MS, 0);
		return;
	}
	if (result == PF_OK) {
		pthread_mutex_lock(&devices->lock);
		result = book_leases(devices->book, watch->number, &list, now);
		pthread_mutex_unlock(&devices->lock);
		lease_list_deinit(&list);
		devices_publish_soon(devices);
	}
	if (result != PF_OK && !watch->failed)
		log_warning("%s; what it said before counts until it can be read.", error);
	watch->failed = result != PF_OK;
}

static void on_settled(uv_timer_t *timer)
{
	read_file(timer->data);
}

static void on_changed(uv_fs_event_t *event, const char *name, int events, int status)
{
	(void)events;
	struct lease_watch *watch = event->data;
	char path[PATH_MAX];
	snprintf(path, sizeof path, "%s", watch->path);
	if (status < 0 || (name && strcmp(name, basename(path))))
		return;
	uv_timer_start(&watch->settle, on_settled, SETTLE_MS, 0);
}

static void begin(struct lease_watch *watch)
{
	char path[PATH_MAX];
	snprintf(path, sizeof path, "%s", watch->path);
	int error = uv_fs_event_start(&watch->event, on_changed, dirname(path), 0);
	watch->watching = !error;
	if (error)
		log_warning("The folder of the lease file %s can not be watched (%s); it is read at each "
		            "reload only.",
		            watch->path, uv_strerror(error));
	read_file(watch);
}

static void end(struct lease_watch *watch)
{
	struct lease_list none = {0};
	if (!watch->path)
		return;
	if (watch->watching)
		uv_fs_event_stop(&watch->event);
	uv_timer_stop(&watch->settle);
	pthread_mutex_lock(&watch->devices->lock);
	if (book_leases(watch->devices->book, watch->number, &none, clock_now()) != PF_OK)
		log_warning("There is no memory to forget the leases of %s.", watch->path);
	pthread_mutex_unlock(&watch->devices->lock);
	free(watch->path);
	watch->path = NULL;
	watch->watching = watch->failed = false;
}

static void open_handles(struct devices *devices, struct lease_watch *watch)
{
	if (watch->open)
		return;
	uv_fs_event_init(devices->loop, &watch->event);
	uv_timer_init(devices->loop, &watch->settle);
	watch->event.data = watch->settle.data = watch;
	watch->devices = devices;
	watch->open = true;
}

void devices_watch_leases(struct devices *devices)
{
	const struct config *config = devices->daemon->shared.snapshot->config;
	if (!devices->loop)
		return; /* not yet; devices_start will */
	for (size_t i = 0; i < CONFIG_LEASE_FILES_MAX; i++) {
		struct lease_watch *watch = &devices->leases[i];
		const struct config_lease_file *file =
			i < config->lease_file_count ? &config->lease_files[i] : NULL;
		watch->number = i;
		if (file && watch->path && !strcmp(file->path, watch->path) &&
		    file->format == watch->format) {
			read_file(watch);
			continue;
		}
		end(watch);
		if (!file)
			continue;
		open_handles(devices, watch);
		watch->path = strdup(file->path);
		watch->format = file->format;
		if (watch->path)
			begin(watch);
	}
	devices_configure_names(devices);
}
