/* The secrets of cookies.h. */
#include "daemon/cookies.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/rcu.h"
#include "base/replace.h"

#define MAGIC "portafilter cookies 1\n"
#define LOOK_MS 60000
#define KEEP_US (INT64_C(86400) * 1000000)

struct kept {
	char magic[sizeof MAGIC - 1];
	int64_t made_us; /* when the newer secret was made, by the wall's clock */
	struct cookie_keys keys;
} __attribute__((packed));

struct cookies {
	struct shared *shared;
	char path[PATH_MAX];
	uv_timer_t timer;
	struct kept kept;
};

static bool read_kept(struct cookies *cookies)
{
	struct kept read_in;
	char more;
	int fd = open(cookies->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	if (fd < 0)
		return false;
	bool whole = read(fd, &read_in, sizeof read_in) == sizeof read_in && read(fd, &more, 1) == 0 &&
	             !memcmp(read_in.magic, MAGIC, sizeof read_in.magic);
	close(fd);
	if (whole)
		cookies->kept = read_in;
	else
		log_warning("%s holds no secrets of cookies; new ones are made.", cookies->path);
	return whole;
}

static void write_kept(const struct cookies *cookies)
{
	struct replacement file;
	int result = replace_begin(&file, cookies->path, 0600, sizeof cookies->kept);
	if (result == PF_OK)
		result = replace_write(&file, &cookies->kept, sizeof cookies->kept);
	if (result == PF_OK)
		result = replace_commit(&file, REPLACE_SYNCED);
	if (result == PF_OK)
		return;
	int error = errno;
	replace_abort(&file);
	log_warning(
		"The secrets of DNS cookies can not be kept in %s: %s. Clients learn new ones after a restart.",
		cookies->path, strerror(error));
}

static int publish(struct cookies *cookies)
{
	struct cookie_keys *made = malloc(sizeof *made);
	if (!made)
		return PF_ENOMEM;
	*made = cookies->kept.keys;
	struct cookie_keys *old = rcu_xchg_pointer(&cookies->shared->cookies, made);
	if (old)
		synchronize_rcu();
	free(old);
	return PF_OK;
}

static void renew(struct cookies *cookies, int64_t now_us)
{
	struct kept *kept = &cookies->kept;
	memcpy(kept->magic, MAGIC, sizeof kept->magic);
	memcpy(kept->keys.before, kept->keys.now, sizeof kept->keys.before);
	random_bytes(kept->keys.now, sizeof kept->keys.now);
	kept->made_us = now_us;
	write_kept(cookies);
}

static void on_look(uv_timer_t *timer)
{
	struct cookies *cookies = timer->data;
	int64_t now_us = clock_now().wall_us;
	/* A clock that was set back must not keep a secret for ever. */
	if (now_us - cookies->kept.made_us < KEEP_US && now_us >= cookies->kept.made_us)
		return;
	renew(cookies, now_us);
	if (publish(cookies) != PF_OK)
		log_warning("The secret of DNS cookies stays as it was: out of memory.");
}

struct cookies *cookies_new(struct shared *shared, const char *folder, uv_loop_t *loop)
{
	struct cookies *cookies = calloc(1, sizeof *cookies);
	if (!cookies)
		return NULL;
	cookies->shared = shared;
	snprintf(cookies->path, sizeof cookies->path, "%s/cookies.key", folder);
	if (!read_kept(cookies)) {
		random_bytes(cookies->kept.keys.now, sizeof cookies->kept.keys.now);
		renew(cookies, clock_now().wall_us);
	}
	if (publish(cookies) != PF_OK) {
		free(cookies);
		return NULL;
	}
	uv_timer_init(loop, &cookies->timer);
	cookies->timer.data = cookies;
	uv_timer_start(&cookies->timer, on_look, 0, LOOK_MS);
	return cookies;
}

void cookies_free(struct cookies **cookies, struct shared *shared)
{
	if (!*cookies)
		return;
	free(shared->cookies);
	shared->cookies = NULL;
	explicit_bzero(*cookies, sizeof **cookies);
	free(*cookies);
	*cookies = NULL;
}
