/* Watches the files under `geo` and the hosts file: whoever brings a new one (contrib/fetch-geoip, geoipupdate, an editor, cp) need not tell the daemon. When a
 * file has changed and has been quiet for a moment, a snapshot is built aside as at a reload: every file is proved whole, a
 * corrupt one is told in the log and the old ones stay in force. Folders are watched, since files are replaced by renaming. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/hash.h"
#include "base/log.h"
#include "daemon/state.h"

#define FOLDERS_MAX 9 /* most people have one or two; the last one is kept for the hosts file */
#define QUIET_MS 500  /* a file that grows is not yet whole */
#define QUIET_MAX_MS \
	30000 /* but a folder in which something moves all the time is looked at, too */

struct databases {
	struct daemon *daemon;
	size_t folder_count;
	uv_fs_event_t folders[FOLDERS_MAX];
	uv_timer_t quiet;
	uint64_t first_ms; /* of the burst that is going on; 0: none */
	/* What the files were when they were read last. */
	uint64_t seen, seen_hosts;
};

struct looking {
	uint64_t sum;
};

static void look_at(struct looking *looking, const struct config_path *paths, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct stat info;
		uint64_t what[5] = {0};
		if (!stat(paths[i].path, &info)) {
			what[0] = info.st_dev;
			what[1] = info.st_ino;
			what[2] = (uint64_t)info.st_size;
			what[3] = (uint64_t)info.st_mtim.tv_sec;
			what[4] = (uint64_t)info.st_mtim.tv_nsec;
		}
		looking->sum = hash_bytes((struct hash_key){looking->sum}, what, sizeof what);
	}
}

static uint64_t look(const struct config_geo *files)
{
	struct looking looking = {1};
	look_at(&looking, files->location, files->location_count);
	look_at(&looking, files->control, files->control_count);
	look_at(&looking, files->anycast, files->anycast_count);
	return looking.sum;
}

static uint64_t look_hosts(const struct config *config)
{
	struct looking looking = {1};
	const struct config_path path = {{0, 0}, config->hosts_file};
	look_at(&looking, &path, config->hosts_file != NULL);
	return looking.sum;
}

static void on_quiet(uv_timer_t *timer)
{
	struct databases *databases = timer->data;
	struct daemon *daemon = databases->daemon;
	const struct config *config = daemon->shared.snapshot->config;
	uint64_t seen = look(&config->geo), seen_hosts = look_hosts(config);
	bool hosts = seen_hosts != databases->seen_hosts;
	databases->first_ms = 0;
	if (seen == databases->seen && !hosts)
		return;
	databases->seen = seen;
	databases->seen_hosts = seen_hosts;
	int error = rebuild_snapshot(daemon, hosts ? "a new hosts file" : "new databases");
	(void)error; /* told in the log; the old ones stay in force */
}

static void on_event(uv_fs_event_t *folder, const char *name, int events, int status)
{
	(void)name;
	(void)events;
	struct databases *databases = folder->data;
	uint64_t now_ms = uv_now(folder->loop);
	if (status < 0)
		return;
	if (!databases->first_ms)
		databases->first_ms = now_ms;
	uint64_t waited_ms = now_ms - databases->first_ms;
	uv_timer_start(&databases->quiet, on_quiet, waited_ms < QUIET_MAX_MS ? QUIET_MS : 0, 0);
}

struct databases *databases_new(struct daemon *daemon)
{
	struct databases *databases = calloc(1, sizeof *databases);
	if (!databases)
		return NULL;
	databases->daemon = daemon;
	uv_timer_init(&daemon->loop, &databases->quiet);
	databases->quiet.data = databases;
	for (size_t i = 0; i < FOLDERS_MAX; i++) {
		uv_fs_event_init(&daemon->loop, &databases->folders[i]);
		databases->folders[i].data = databases;
	}
	return databases;
}

/* ---- which folders ----------------------------------------------------------------------- */

static bool is_watched(const struct databases *databases, const char *folder)
{
	for (size_t i = 0; i < databases->folder_count; i++) {
		char path[PATH_MAX];
		size_t size = sizeof path;
		uv_fs_event_t *one = (uv_fs_event_t *)&databases->folders[i];
		if (!uv_fs_event_getpath(one, path, &size) && !strcmp(path, folder))
			return true;
	}
	return false;
}

static void watch_folders_of(struct databases *databases, const struct config_path *paths,
                             size_t count, size_t folders_max)
{
	for (size_t i = 0; i < count && databases->folder_count < folders_max; i++) {
		char folder[PATH_MAX];
		const char *slash = strrchr(paths[i].path, '/');
		size_t length = slash && slash > paths[i].path ? (size_t)(slash - paths[i].path) : 1;
		if (length >= sizeof folder)
			continue;
		memcpy(folder, paths[i].path, length);
		folder[length] = '\0';
		if (is_watched(databases, folder))
			continue;
		int error =
			uv_fs_event_start(&databases->folders[databases->folder_count], on_event, folder, 0);
		if (error)
			log_warning("The files in %s can not be watched (%s); new ones are read at a reload.",
			            folder, uv_strerror(error));
		else
			databases->folder_count++;
	}
}

void databases_configure(struct databases *databases, const struct config *config)
{
	const struct config_geo *files = &config->geo;
	for (size_t i = 0; i < databases->folder_count; i++)
		uv_fs_event_stop(&databases->folders[i]);
	databases->folder_count = 0;
	watch_folders_of(databases, files->location, files->location_count, FOLDERS_MAX - 1);
	watch_folders_of(databases, files->control, files->control_count, FOLDERS_MAX - 1);
	watch_folders_of(databases, files->anycast, files->anycast_count, FOLDERS_MAX - 1);
	const struct config_path hosts = {{0, 0}, config->hosts_file};
	watch_folders_of(databases, &hosts, config->hosts_file != NULL, FOLDERS_MAX);
}

void databases_loaded(struct databases *databases, const struct config *config)
{
	databases->seen = look(&config->geo);
	databases->seen_hosts = look_hosts(config);
}

void databases_free(struct databases **databases)
{
	free(*databases);
	*databases = NULL;
}
