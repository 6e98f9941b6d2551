/* Private to cache/: who gave the answers, each text once. There are as many as there are upstreams, and a few more after reloads; they are never let go of, so a
 * number is good as long as the cache is. */
#ifndef PF_CACHE_SOURCES_H
#define PF_CACHE_SOURCES_H

#include <pthread.h>
#include <stdatomic.h>

#include "cache/cache.h"

#define CACHE_SOURCE_NONE UINT16_MAX

struct sources {
	pthread_mutex_t lock; /* of who adds one */
	atomic_uint count;
	char *texts[CACHE_SOURCES_MAX]; /* owned; those below `count` do not change any more */
};

void sources_init(struct sources *sources);
void sources_deinit(struct sources *sources);

/* The number of a text; CACHE_SOURCE_NONE when there is no room for another one. Any thread. */
uint16_t sources_number(struct sources *sources, const char *text);

/* cache.c's. */
struct sources *cache_sources(struct cache *cache);
const char *cache_source(const struct cache *cache, uint16_t number);

#endif
