/* Texts by number: those that are there are looked through without a lock, for nearly always it is one of the first. */
#include "cache/sources.h"

#include <stdlib.h>
#include <string.h>

void sources_init(struct sources *sources)
{
	pthread_mutex_init(&sources->lock, NULL);
	atomic_init(&sources->count, 0);
}

void sources_deinit(struct sources *sources)
{
	unsigned count = atomic_load(&sources->count);
	for (unsigned i = 0; i < count; i++)
		free(sources->texts[i]);
	pthread_mutex_destroy(&sources->lock);
}

static uint16_t find(const struct sources *sources, const char *text, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++)
		if (!strcmp(sources->texts[i], text))
			return (uint16_t)i;
	return CACHE_SOURCE_NONE;
}

uint16_t sources_number(struct sources *sources, const char *text)
{
	unsigned seen = atomic_load_explicit(&sources->count, memory_order_acquire);
	uint16_t number = find(sources, text, 0, seen);
	if (number != CACHE_SOURCE_NONE || seen == CACHE_SOURCES_MAX)
		return number;
	pthread_mutex_lock(&sources->lock);
	unsigned count = atomic_load_explicit(&sources->count, memory_order_relaxed);
	number = find(sources, text, seen, count);
	char *copy = number == CACHE_SOURCE_NONE && count < CACHE_SOURCES_MAX ? strdup(text) : NULL;
	if (copy) {
		sources->texts[count] = copy;
		atomic_store_explicit(&sources->count, count + 1, memory_order_release);
		number = (uint16_t)count;
	}
	pthread_mutex_unlock(&sources->lock);
	return number;
}
