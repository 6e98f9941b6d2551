/* Reads the note that `ld --build-id` leaves in the program (elf(5), NT_GNU_BUILD_ID). */
#define _GNU_SOURCE /* dl_iterate_phdr */
#include "base/build.h"

#include <elf.h>
#include <link.h>
#include <stddef.h>
#include <string.h>

static size_t padded(size_t bytes)
{
	return (bytes + 3) / 4 * 4;
}

/* The notes of one segment: a header, the owner's name and the content, each padded to four bytes. */
static void read_notes(const char *at, size_t bytes, uint8_t id[BUILD_ID_BYTES])
{
	const char *end = at + bytes;
	while ((size_t)(end - at) >= sizeof(ElfW(Nhdr))) {
		ElfW(Nhdr) note;
		memcpy(&note, at, sizeof note);
		const char *name = at + sizeof note, *content = name + padded(note.n_namesz);
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof ELF_NOTE_GNU &&
		    !memcmp(name, ELF_NOTE_GNU, sizeof ELF_NOTE_GNU)) {
			size_t length = note.n_descsz < BUILD_ID_BYTES ? note.n_descsz : BUILD_ID_BYTES;
			memcpy(id, content, length);
		}
		at = content + padded(note.n_descsz);
	}
}

/* The first object that is shown is the program itself. */
static int visit(struct dl_phdr_info *info, size_t size, void *data)
{
	(void)size;
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		if (segment->p_type == PT_NOTE)
			read_notes((const char *)(info->dlpi_addr + segment->p_vaddr), segment->p_memsz, data);
	}
	return 1;
}

void build_id(uint8_t id[BUILD_ID_BYTES])
{
	memset(id, 0, BUILD_ID_BYTES);
	dl_iterate_phdr(visit, id);
}
