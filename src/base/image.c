/* The program headers of all that is loaded, walked for image.h. */
#define _GNU_SOURCE /* dl_iterate_phdr */
#include "base/image.h"

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* Did the linker write into its code? Then the file does not have what stands in memory. */
static bool is_relocated(const struct dl_phdr_info *object)
{
	for (size_t i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &object->dlpi_phdr[i];
		if (header->p_type != PT_DYNAMIC)
			continue;
		const ElfW(Dyn) *entry = (const void *)(object->dlpi_addr + header->p_vaddr);
		for (; entry->d_tag != DT_NULL; entry++)
			if (entry->d_tag == DT_TEXTREL ||
			    (entry->d_tag == DT_FLAGS && entry->d_un.d_val & DF_TEXTREL))
				return true;
	}
	return false;
}

/* A segment that cannot be written is the file's, byte by byte. Whole pages of it only: what shares one with its neighbour stays. */
static int rest_object(struct dl_phdr_info *object, size_t size, void *data)
{
	const uintptr_t *page = data;
	(void)size;
	/* "" is the program; the kernel's own has a name that is no path */
	if ((object->dlpi_name[0] && object->dlpi_name[0] != '/') || is_relocated(object))
		return 0;
	for (size_t i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &object->dlpi_phdr[i];
		if (header->p_type != PT_LOAD || header->p_flags & PF_W)
			continue;
		uintptr_t from = object->dlpi_addr + header->p_vaddr, end = from + header->p_filesz;
		from = (from + *page - 1) / *page * *page;
		end = end / *page * *page;
		/* refused for what is locked: then it stays */
		if (from < end)
			(void)madvise((void *)from, end - from, MADV_DONTNEED);
	}
	return 0;
}

void image_rest(void)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	dl_iterate_phdr(rest_object, &page);
}
