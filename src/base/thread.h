/* Threads that take no signals. */
#ifndef PF_BASE_THREAD_H
#define PF_BASE_THREAD_H

#include <pthread.h>

#include "base/error.h"

/* As pthread_create. Signals belong to the control thread; the new one takes only those that are about itself: a fault of
 * its own, and a call that the sandbox refuses, which would end the process without a word where they are blocked. PF_OK or PF_EIO. */
PF_MUST_CHECK int thread_start(pthread_t *thread, void *(*run)(void *data), void *data);

#endif
