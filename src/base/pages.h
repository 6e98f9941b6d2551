/* Large arrays straight from the kernel: zeroed, aligned to a page, and given back to the kernel when they
 * are freed, so that what a reload needed for a moment does not stay with the process. */
#ifndef PF_BASE_PAGES_H
#define PF_BASE_PAGES_H

#include <stddef.h>

/* From this size on huge pages are asked for: a look-up in a table of megabytes would else miss the TLB
 * as well as the cache. */
#define PAGES_HUGE_BYTES_MIN ((size_t)2 << 20)

/* For an array that is read all over and is not the largest of its process: so many bytes that no part of it is on small pages. It takes up to a
 * megabyte more. */
size_t pages_all_huge(size_t bytes);

/* NULL without memory. `bytes` is over 0. Owned by the caller: pages_free. */
void *pages_new(size_t bytes);
void pages_free(void *pages, size_t bytes);

/* The same content, what is new is zeroed; the array may have moved. NULL without memory: it is as it was. */
void *pages_resize(void *pages, size_t old_bytes, size_t new_bytes);

/* Gives back the memory of the whole pages between `pages` and `to`: nobody will read there again. */
void pages_forget(void *pages, const void *to);

#endif
