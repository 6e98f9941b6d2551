/* A bounded queue and its threads, see jobs.h. */
#include "admin/jobs.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/thread.h"

struct job {
	void (*run)(void *data);
	void *data;
};

struct jobs {
	pthread_mutex_t lock;
	pthread_cond_t came;
	bool ending;
	size_t first, count, max; /* of the ring */
	size_t thread_count;
	pthread_t *threads;
	struct job ring[];
};

static void *work(void *data)
{
	struct jobs *jobs = data;
	pthread_mutex_lock(&jobs->lock);
	for (;;) {
		while (!jobs->count && !jobs->ending)
			pthread_cond_wait(&jobs->came, &jobs->lock);
		if (!jobs->count)
			break;
		struct job job = jobs->ring[jobs->first];
		jobs->first = (jobs->first + 1) % jobs->max;
		jobs->count--;
		pthread_mutex_unlock(&jobs->lock);
		job.run(job.data);
		pthread_mutex_lock(&jobs->lock);
	}
	pthread_mutex_unlock(&jobs->lock);
	return NULL;
}

struct jobs *jobs_start(size_t thread_count, size_t waiting_max)
{
	struct jobs *jobs = calloc(1, sizeof *jobs + waiting_max * sizeof jobs->ring[0]);
	if (!jobs)
		return NULL;
	jobs->max = waiting_max;
	pthread_mutex_init(&jobs->lock, NULL);
	pthread_cond_init(&jobs->came, NULL);
	jobs->threads = calloc(thread_count, sizeof *jobs->threads);
	while (jobs->threads && jobs->thread_count < thread_count &&
	       thread_start(&jobs->threads[jobs->thread_count], work, jobs) == PF_OK)
		jobs->thread_count++;
	if (jobs->thread_count < thread_count)
		jobs_stop(&jobs);
	return jobs;
}

bool jobs_put(struct jobs *jobs, void (*run)(void *data), void *data)
{
	pthread_mutex_lock(&jobs->lock);
	bool room = jobs->count < jobs->max && !jobs->ending;
	if (room) {
		jobs->ring[(jobs->first + jobs->count++) % jobs->max] = (struct job){run, data};
		pthread_cond_signal(&jobs->came);
	}
	pthread_mutex_unlock(&jobs->lock);
	return room;
}

void jobs_stop(struct jobs **jobs)
{
	struct jobs *old = *jobs;
	*jobs = NULL;
	if (!old)
		return;
	pthread_mutex_lock(&old->lock);
	old->ending = true;
	pthread_cond_broadcast(&old->came);
	pthread_mutex_unlock(&old->lock);
	for (size_t i = 0; i < old->thread_count; i++)
		pthread_join(old->threads[i], NULL);
	pthread_cond_destroy(&old->came);
	pthread_mutex_destroy(&old->lock);
	free(old->threads);
	free(old);
}
