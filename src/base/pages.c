/* mmap and its kin behind pages.h. */
#define _GNU_SOURCE /* mremap */
#include "base/pages.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

static void *advise(void *pages, size_t bytes)
{
	if (pages == MAP_FAILED)
		return NULL;
	if (bytes >= PAGES_HUGE_BYTES_MIN)
		(void)madvise(pages, bytes, MADV_HUGEPAGE); /* a kernel without them does without */
	return pages;
}

void *pages_new(size_t bytes)
{
	void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return advise(pages, bytes);
}

void pages_free(void *pages, size_t bytes)
{
	if (pages)
		munmap(pages, bytes);
}

void *pages_resize(void *pages, size_t old_bytes, size_t new_bytes)
{
	return advise(mremap(pages, old_bytes, new_bytes, MREMAP_MAYMOVE), new_bytes);
}

void pages_forget(void *pages, const void *to)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uintptr_t from = ((uintptr_t)pages + page - 1) / page * page, end = (uintptr_t)to / page * page;
	if (from < end)
		(void)madvise((void *)from, end - from, MADV_DONTNEED);
}
