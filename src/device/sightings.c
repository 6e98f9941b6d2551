/* The queue of sightings.h. A try at the lock and no more: on the packet path nobody waits. */
#include "device/sightings.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sightings {
	pthread_mutex_t lock;
	void (*wake)(void *data);
	void *data;
	uint64_t dropped; /* atomic */
	size_t count;
	struct sighting queue[SIGHTINGS_MAX];
};

struct sightings *sightings_new(void (*wake)(void *data), void *data)
{
	struct sightings *sightings = calloc(1, sizeof *sightings);
	if (!sightings)
		return NULL;
	pthread_mutex_init(&sightings->lock, NULL);
	sightings->wake = wake;
	sightings->data = data;
	return sightings;
}

void sightings_free(struct sightings **sightings)
{
	if (!*sightings)
		return;
	pthread_mutex_destroy(&(*sightings)->lock);
	free(*sightings);
	*sightings = NULL;
}

/* The next free place with the lock held, or NULL. */
static struct sighting *claim(struct sightings *sightings)
{
	if (!pthread_mutex_trylock(&sightings->lock)) {
		if (sightings->count < SIGHTINGS_MAX)
			return &sightings->queue[sightings->count];
		pthread_mutex_unlock(&sightings->lock);
	}
	__atomic_add_fetch(&sightings->dropped, 1, __ATOMIC_RELAXED);
	return NULL;
}

static void publish(struct sightings *sightings)
{
	bool first = !sightings->count++;
	pthread_mutex_unlock(&sightings->lock);
	if (first && sightings->wake)
		sightings->wake(sightings->data);
}

void sightings_put_unknown(struct sightings *sightings, const struct asker *asker, int64_t wall_us)
{
	struct sighting *place = claim(sightings);
	if (!place)
		return;
	place->wall_us = wall_us;
	place->asker = *asker;
	place->rule = -1;
	publish(sightings);
}

void sightings_put_asked(struct sightings *sightings, const char *id, int rule, int64_t wall_us)
{
	struct sighting *place = claim(sightings);
	if (!place)
		return;
	place->wall_us = wall_us;
	place->rule = rule;
	snprintf(place->id, sizeof place->id, "%s", id);
	publish(sightings);
}

size_t sightings_take(struct sightings *sightings, struct sighting *out)
{
	pthread_mutex_lock(&sightings->lock);
	size_t count = sightings->count;
	memcpy(out, sightings->queue, count * sizeof *out);
	sightings->count = 0;
	pthread_mutex_unlock(&sightings->lock);
	return count;
}

uint64_t sightings_dropped(const struct sightings *sightings)
{
	return __atomic_load_n(&sightings->dropped, __ATOMIC_RELAXED);
}
