/* `portafilter pause`: suspends sinkholes for a while. Kept in STATE/pauses, so that a restart neither ends a pause nor
 * makes it longer; changed by the admin's threads, read by the workers under RCU. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/replace.h"
#include "daemon/state.h"

static int path_of(const struct daemon *daemon, char path[PATH_MAX])
{
	int length = snprintf(path, PATH_MAX, "%s/pauses", daemon->state_folder);
	return length < PATH_MAX ? PF_OK : PF_EFULL;
}

/* ---- the file ---------------------------------------------------------------------------- */

static int store(const struct daemon *daemon, const struct pauses *pauses)
{
	char path[PATH_MAX], text[PAUSE_FILE_BYTES_MAX];
	size_t length = pauses_write(pauses, text);
	return path_of(daemon, path) == PF_OK ? replace_file(path, text, length) : PF_EIO;
}

/* The file's bytes, at most PAUSE_FILE_BYTES_MAX; -1 with errno. */
static ssize_t read_file(const char *path, char text[PAUSE_FILE_BYTES_MAX])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	if (fd < 0)
		return -1;
	ssize_t length = read(fd, text, PAUSE_FILE_BYTES_MAX);
	int reason = errno;
	close(fd);
	errno = reason;
	return length;
}

void pause_load(struct daemon *daemon)
{
	char path[PATH_MAX], text[PAUSE_FILE_BYTES_MAX];
	struct pauses *pauses = calloc(1, sizeof *pauses);
	if (!pauses || path_of(daemon, path) != PF_OK) {
		free(pauses);
		return;
	}
	ssize_t length = read_file(path, text);
	if (length < 0 && errno != ENOENT)
		log_warning("%s can not be read (%s): nothing is paused.", path, strerror(errno));
	else if (length >= 0 && pauses_read(pauses, text, (size_t)length, clock_now().wall_us) != PF_OK)
		log_warning("%s is damaged, or its times are not of this clock: nothing is paused.", path);
	for (size_t i = 0; i < pauses->count; i++) {
		char until[CLOCK_TEXT_MAX];
		clock_format(pauses->list[i].until_wall_us, until);
		log_info("still paused until %s: devices with the tag %s", until, pauses->list[i].tag);
	}
	pauses->generation = 1;
	daemon->shared.pauses = pauses; /* no worker runs yet */
}

/* ---- changing ---------------------------------------------------------------------------- */

static void free_pauses(struct rcu_head *head)
{
	free((char *)head - offsetof(struct pauses, rcu));
}

static void publish(struct daemon *daemon, struct pauses *made)
{
	struct pauses *old = daemon->shared.pauses;
	made->generation = old ? old->generation + 1 : 1;
	old = rcu_xchg_pointer(&daemon->shared.pauses, made);
	if (old)
		call_rcu(&old->rcu, free_pauses);
}

static json_t *list_json(const struct pauses *pauses, int64_t now_us)
{
	json_t *rows = json_array();
	for (size_t i = 0; pauses && i < pauses->count; i++) {
		const struct pause *pause = &pauses->list[i];
		if (pause->until_wall_us > now_us)
			json_array_append_new(
				rows, json_pack("{s:s, s:o, s:I}", "tag", pause->tag, "until",
			                    api_time(pause->until_wall_us), "left_s",
			                    (json_int_t)((pause->until_wall_us - now_us + 999999) / 1000000)));
	}
	return rows;
}

json_t *api_pauses(struct daemon *daemon, int64_t now_us)
{
	return list_json(rcu_dereference(daemon->shared.pauses), now_us);
}

/* Is there a device that could have the tag? */
static bool tag_is_known(struct daemon *daemon, const char *tag)
{
	rcu_read_lock();
	const struct snapshot *snapshot = rcu_dereference(daemon->shared.snapshot);
	bool known = tag_find(&snapshot->config->tags, tag) >= 0;
	rcu_read_unlock();
	return known;
}

/* Until when; 0 for off. False with a sentence. */
static bool read_until(const char *duration, int64_t now_us, int64_t *until_us, char error[500])
{
	int64_t duration_us;
	*until_us = 0;
	if (!strcmp(duration, "off"))
		return true;
	if (clock_parse_duration(duration, &duration_us) != PF_OK || duration_us <= 0) {
		snprintf(error, 500, "\"%.40s\" is no duration: write 90s, 10m or 2h; or off.", duration);
		return false;
	}
	if (duration_us > PAUSE_DURATION_MAX_US) {
		snprintf(error, 500,
		         "%.40s is too long for a pause, which ends after 7d at the latest; "
		         "for longer, change the rules.",
		         duration);
		return false;
	}
	*until_us = now_us + duration_us;
	return true;
}

/* Under pause_lock. */
static json_t *change(struct daemon *daemon, const char *tag, int64_t until_us, int64_t now_us,
                      int *http, char error[500])
{
	struct pauses *made = calloc(1, sizeof *made);
	const struct pauses *old = daemon->shared.pauses;
	*http = 503;
	snprintf(error, 500, "The daemon is out of memory.");
	if (!made)
		return NULL;
	made->count = old ? old->count : 0;
	if (old)
		memcpy(made->list, old->list, sizeof made->list);
	if (pauses_set(made, tag, until_us, now_us) != PF_OK) {
		snprintf(error, 500, "There are %d pauses already.", PAUSE_COUNT_MAX);
		free(made);
		return NULL;
	}
	*http = 200;
	int stored = store(daemon, made);
	json_t *answer =
		json_pack("{s:o, s:b}", "pauses", list_json(made, now_us), "stored", stored == PF_OK);
	if (stored != PF_OK)
		log_warning("The pause can not be written to %s (%s): it ends with this daemon.",
		            daemon->state_folder, strerror(errno));
	publish(daemon, made);
	return answer;
}

json_t *api_pause(void *data, const char *duration, const char *tag, int *http, char error[500])
{
	struct daemon *daemon = data;
	int64_t now_us = clock_now().wall_us, until_us;
	json_t *answer = NULL;
	if (!read_until(duration, now_us, &until_us, error)) {
		*http = 400;
		return NULL;
	}
	rcu_register_thread();
	if (!tag_is_known(daemon, tag) && until_us) {
		*http = 404;
		snprintf(error, 500,
		         "No device has the tag \"%.40s\"; `portafilter devices` shows the tags.", tag);
	} else {
		pthread_mutex_lock(&daemon->pause_lock);
		answer = change(daemon, tag, until_us, now_us, http, error);
		pthread_mutex_unlock(&daemon->pause_lock);
	}
	rcu_unregister_thread();
	if (answer)
		log_info(until_us ? "paused for %s: devices with the tag %s"
		                  : "the pause is %s: devices with the tag %s",
		         duration, tag);
	return answer;
}
