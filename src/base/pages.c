/* mmap and its kin behind pages.h. */
#define _GNU_SOURCE /* mremap */
#include "base/pages.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#define HUGE_PAGE_BYTES ((size_t)2 << 20)

static void *map(size_t bytes)
{
	void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return pages == MAP_FAILED ? NULL : pages;
}

/* From a multiple of a huge page's size on: what stands before the first such border would be on small ones. */
static void *map_aligned(size_t bytes)
{
	char *pages = bytes < SIZE_MAX - HUGE_PAGE_BYTES ? map(bytes + HUGE_PAGE_BYTES) : NULL;
	if (!pages)
		return NULL;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t before = -(uintptr_t)pages & (HUGE_PAGE_BYTES - 1);
	size_t end = before + (bytes + page - 1) / page * page;
	if (before)
		munmap(pages, before);
	if (end < bytes + HUGE_PAGE_BYTES)
		munmap(pages + end, bytes + HUGE_PAGE_BYTES - end);
	return pages + before;
}

static void *advise(void *pages, size_t bytes)
{
	if (pages && bytes >= PAGES_HUGE_BYTES_MIN)
		(void)madvise(pages, bytes, MADV_HUGEPAGE); /* a kernel without them does without */
	return pages;
}

static void *map_fitting(size_t bytes)
{
	return bytes < PAGES_HUGE_BYTES_MIN ? map(bytes) : map_aligned(bytes);
}

size_t pages_all_huge(size_t bytes)
{
	size_t rest = bytes % HUGE_PAGE_BYTES;
	return rest < HUGE_PAGE_BYTES / 2 ? bytes : bytes - rest + HUGE_PAGE_BYTES;
}

void *pages_new(size_t bytes)
{
	return advise(map_fitting(bytes), bytes);
}

void pages_free(void *pages, size_t bytes)
{
	if (pages)
		munmap(pages, bytes);
}

/* To a border of huge pages, even where it could grow in place: whole tables of pages change hands then, not their content. */
static void *move_aligned(void *pages, size_t old_bytes, size_t new_bytes)
{
	void *place = map_aligned(new_bytes);
	if (!place)
		return NULL;
	void *moved = mremap(pages, old_bytes, new_bytes, MREMAP_MAYMOVE | MREMAP_FIXED, place);
	if (moved != MAP_FAILED)
		return moved;
	munmap(place, new_bytes);
	return NULL;
}

void *pages_resize(void *pages, size_t old_bytes, size_t new_bytes)
{
	if (new_bytes >= PAGES_HUGE_BYTES_MIN && new_bytes > old_bytes)
		return advise(move_aligned(pages, old_bytes, new_bytes), new_bytes);
	void *resized = mremap(pages, old_bytes, new_bytes, MREMAP_MAYMOVE);
	return resized == MAP_FAILED ? NULL : advise(resized, new_bytes);
}

void pages_forget(void *pages, const void *to)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uintptr_t from = ((uintptr_t)pages + page - 1) / page * page, end = (uintptr_t)to / page * page;
	if (from < end)
		(void)madvise((void *)from, end - from, MADV_DONTNEED);
}
