/* Counters with one writer and any number of readers: no locked instruction on the packet path, no
 * torn value for whoever looks. */
#ifndef PF_BASE_COUNTER_H
#define PF_BASE_COUNTER_H

#include <stdint.h>

/* Only the thread that owns the counter. */
static inline void counter_add(uint64_t *counter, uint64_t amount)
{
	__atomic_store_n(counter, *counter + amount, __ATOMIC_RELAXED);
}

static inline void counter_set(uint64_t *counter, uint64_t value)
{
	__atomic_store_n(counter, value, __ATOMIC_RELAXED);
}

/* Any thread. */
static inline uint64_t counter_read(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

#endif
