/* The list of findings of diag.h. */
#include "base/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void diag_init(struct diag *diag)
{
	*diag = (struct diag){0};
}

void diag_deinit(struct diag *diag)
{
	for (size_t i = 0; i < diag->count; i++) {
		free(diag->entries[i].file);
		free(diag->entries[i].text);
	}
	free(diag->entries);
	diag_init(diag);
}

void diag_add(struct diag *diag, enum diag_level level, const char *file, unsigned line,
              unsigned column, const char *format, ...)
{
	if (level == DIAG_ERROR)
		diag->errors++;
	else
		diag->warnings++;
	if (diag->count == DIAG_ENTRY_MAX)
		return;
	struct diag_entry *grown = diag->entries;
	if ((diag->count & (diag->count - 1)) == 0) {
		size_t room = diag->count ? diag->count * 2 : 1;
		grown = realloc(diag->entries, room * sizeof *grown);
		if (!grown)
			return;
		diag->entries = grown;
	}
	char text[DIAG_TEXT_MAX];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	struct diag_entry *entry = &grown[diag->count];
	*entry = (struct diag_entry){level, file ? strdup(file) : NULL, line, column, strdup(text)};
	if (!entry->text || (file && !entry->file)) {
		free(entry->file);
		free(entry->text);
		return;
	}
	diag->count++;
}

void diag_take(struct diag *diag, struct diag *from)
{
	for (size_t i = 0; i < from->count; i++) {
		const struct diag_entry *entry = &from->entries[i];
		diag_add(diag, entry->level, entry->file, entry->line, entry->column, "%s", entry->text);
		(*(entry->level == DIAG_ERROR ? &from->errors : &from->warnings))--;
	}
	diag->errors += from->errors; /* those past DIAG_ENTRY_MAX */
	diag->warnings += from->warnings;
	diag_deinit(from);
}

static void format(const struct diag_entry *entry, const char *level, char *text, size_t size)
{
	if (!entry->file)
		snprintf(text, size, "%s%s", level, entry->text);
	else if (!entry->line)
		snprintf(text, size, "%s: %s%s", entry->file, level, entry->text);
	else
		snprintf(text, size, "%s:%u:%u: %s%s", entry->file, entry->line, entry->column, level,
		         entry->text);
}

void diag_format(const struct diag_entry *entry, char *text, size_t size)
{
	format(entry, entry->level == DIAG_ERROR ? "error: " : "warning: ", text, size);
}

void diag_format_bare(const struct diag_entry *entry, char *text, size_t size)
{
	format(entry, "", text, size);
}
