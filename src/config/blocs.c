/* The files of src/config/blocs, taken in by the assembler: comment lines, of which the first is the title and others say
 * `date:` and `source:`, then codes with blanks between them. */
#include "config/blocs.h"

#include <string.h>

#define INCLUDE(name)                                                                     \
	extern const char bloc_##name[];                                                      \
	__asm__(".section .rodata\n.global bloc_" #name "\nbloc_" #name ":\n.incbin \"" #name \
	        ".txt\"\n.byte 0\n.previous\n")

INCLUDE(EU);
INCLUDE(EEA);
INCLUDE(EFTA);
INCLUDE(FVEY);

static const struct {
	const char *name, *text;
} files[] = {{"EU", bloc_EU}, {"EEA", bloc_EEA}, {"EFTA", bloc_EFTA}, {"FVEY", bloc_FVEY}};

size_t blocs_count(void)
{
	return PF_COUNT(files);
}

static void copy(char *to, size_t size, const char *from, size_t length)
{
	length = length < size ? length : size - 1;
	memcpy(to, from, length);
	to[length] = '\0';
}

/* A comment without its "# ". */
static void read_comment(struct bloc *bloc, const char *text, size_t length)
{
	static const char date[] = "date: ", source[] = "source: ";
	if (!strncmp(text, date, sizeof date - 1))
		copy(bloc->date, sizeof bloc->date, text + sizeof date - 1, length - (sizeof date - 1));
	else if (!strncmp(text, source, sizeof source - 1))
		copy(bloc->source, sizeof bloc->source, text + sizeof source - 1,
		     length - (sizeof source - 1));
	else if (!*bloc->title)
		copy(bloc->title, sizeof bloc->title, text, length);
}

static void read_members(struct bloc *bloc, const char *at, const char *end)
{
	for (; end - at >= 2 && bloc->count < BLOC_MEMBERS_MAX; at += 3)
		bloc->members[bloc->count++] = (struct country){{at[0], at[1], '\0'}};
}

void bloc_get(size_t index, struct bloc *bloc)
{
	*bloc = (struct bloc){.name = files[index].name};
	for (const char *line = files[index].text; *line;) {
		size_t length = strcspn(line, "\n");
		if (*line == '#' && length > 2)
			read_comment(bloc, line + 2, length - 2);
		else
			read_members(bloc, line, line + length);
		line += length + (line[length] == '\n');
	}
}
