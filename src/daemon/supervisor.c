/* Is everybody alive? See supervisor.h. */
#include "daemon/supervisor.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"

#define LOOK_MS 500 /* between two looks at the workers, which beat twice in that time */

struct supervised {
	struct worker *worker;
	uint64_t beat;
	int64_t beat_us; /* monotonic: when it was seen to change */
	bool hung;
};

struct supervisor {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool stopping; /* guarded by lock */
	unsigned hung; /* atomic */
	int64_t watchdog_us, hung_us;
	size_t count;
	struct supervised workers[];
};

void supervisor_say(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = path ? strlen(path) : 0;
	if (!length || length >= sizeof address.sun_path)
		return;
	memcpy(address.sun_path, path, length);
	if (*path == '@') /* in the abstract namespace */
		address.sun_path[0] = '\0';
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	(void)sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address,
	             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
	close(fd);
}

/* WATCHDOG_USEC, when it is meant for this process; 0: nobody waits for us. */
static int64_t watchdog_of_environment(void)
{
	const char *period = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	if (!period || (pid && strtoll(pid, NULL, 10) != (long long)getpid()))
		return 0;
	long long us = strtoll(period, NULL, 10);
	return us > 0 ? us : 0;
}

static void look(struct supervisor *supervisor, int64_t now_us)
{
	unsigned hung = 0;
	for (size_t i = 0; i < supervisor->count; i++) {
		struct supervised *one = &supervisor->workers[i];
		uint64_t beat = worker_beat(one->worker);
		if (beat != one->beat) {
			one->beat = beat;
			one->beat_us = now_us;
		}
		bool hangs = now_us - one->beat_us > supervisor->hung_us;
		if (hangs && !one->hung)
			log_error("worker %zu hangs: its loop has not come round for %lld ms", i,
			          (long long)(now_us - one->beat_us) / 1000);
		else if (!hangs && one->hung)
			log_warning("worker %zu goes on", i);
		one->hung = hangs;
		hung += hangs;
	}
	__atomic_store_n(&supervisor->hung, hung, __ATOMIC_RELAXED);
}

/* Sleeps for LOOK_MS, or until it is to end. */
static bool rest(struct supervisor *supervisor)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += LOOK_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	pthread_mutex_lock(&supervisor->lock);
	while (!supervisor->stopping &&
	       pthread_cond_timedwait(&supervisor->changed, &supervisor->lock, &until) != ETIMEDOUT)
		;
	bool go_on = !supervisor->stopping;
	pthread_mutex_unlock(&supervisor->lock);
	return go_on;
}

static void *run(void *data)
{
	struct supervisor *supervisor = data;
	int64_t told_us = 0;
	while (rest(supervisor)) {
		int64_t now_us = clock_now().mono_us;
		look(supervisor, now_us);
		bool due = supervisor->watchdog_us && now_us - told_us >= supervisor->watchdog_us / 4;
		if (!due || supervisor_hung(supervisor))
			continue;
		supervisor_say("WATCHDOG=1");
		told_us = now_us;
	}
	return NULL;
}

struct supervisor *supervisor_start(struct worker *const *workers, size_t count)
{
	struct supervisor *supervisor =
		calloc(1, sizeof *supervisor + count * sizeof supervisor->workers[0]);
	pthread_condattr_t monotonic;
	if (!supervisor)
		return NULL;
	supervisor->watchdog_us = watchdog_of_environment();
	supervisor->hung_us = SUPERVISOR_HUNG_MS * INT64_C(1000);
	if (supervisor->watchdog_us && supervisor->watchdog_us / 2 < supervisor->hung_us)
		supervisor->hung_us = supervisor->watchdog_us / 2;
	supervisor->count = count;
	for (size_t i = 0; i < count; i++)
		supervisor->workers[i] =
			(struct supervised){.worker = workers[i], .beat_us = clock_now().mono_us};
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&supervisor->lock, NULL);
	pthread_cond_init(&supervisor->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	if (thread_start(&supervisor->thread, run, supervisor) == PF_OK)
		return supervisor;
	pthread_cond_destroy(&supervisor->changed);
	pthread_mutex_destroy(&supervisor->lock);
	free(supervisor);
	return NULL;
}

void supervisor_stop(struct supervisor **supervisor)
{
	struct supervisor *old = *supervisor;
	if (!old)
		return;
	pthread_mutex_lock(&old->lock);
	old->stopping = true;
	pthread_cond_signal(&old->changed);
	pthread_mutex_unlock(&old->lock);
	pthread_join(old->thread, NULL);
	pthread_cond_destroy(&old->changed);
	pthread_mutex_destroy(&old->lock);
	free(old);
	*supervisor = NULL;
}

unsigned supervisor_hung(const struct supervisor *supervisor)
{
	return __atomic_load_n(&supervisor->hung, __ATOMIC_RELAXED);
}
