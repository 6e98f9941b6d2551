/* An entry of a real answer, for the tests of the saved cache. */
#ifndef TESTS_CACHE_KEPT_H
#define TESTS_CACHE_KEPT_H

#include "cache/cache.h"

/* www.kept.test A, for 200 s; one reference is the caller's. NULL without memory. */
struct cache_entry *kept_entry(struct cache *cache, uint64_t space, struct now now);

#endif
