/* What is wrong with an input, for people: a list of findings, each with file,
 * line and column, collected so that all are told at once and not the first
 * only. Used by the configuration, the lists, the policy and the databases. */
#ifndef PF_BASE_DIAG_H
#define PF_BASE_DIAG_H

#include <stddef.h>

#include "base/error.h"

#define DIAG_ENTRY_MAX 1000 /* a hostile file must not fill the memory with its errors */
#define DIAG_TEXT_MAX 1024  /* bytes of one formatted finding, NUL included */

enum diag_level { DIAG_WARNING, DIAG_ERROR };

struct diag_entry {
	enum diag_level level;
	char *file;            /* NULL: not about a file */
	unsigned line, column; /* from 1; 0: not known */
	char *text;            /* a full sentence without the position */
};

struct diag {
	struct diag_entry *entries; /* in the order found; owned */
	size_t count;
	size_t errors, warnings; /* counted even past DIAG_ENTRY_MAX */
};

void diag_init(struct diag *diag);
void diag_deinit(struct diag *diag);

/* Adds a finding; copies all that it is given. Never fails: without memory it
 * still counts, so that `errors` is right. */
void diag_add(struct diag *diag, enum diag_level level, const char *file, unsigned line,
              unsigned column, const char *format, ...) PF_PRINTF(6, 7);

#define diag_error(diag, ...) diag_add(diag, DIAG_ERROR, __VA_ARGS__)
#define diag_warning(diag, ...) diag_add(diag, DIAG_WARNING, __VA_ARGS__)

/* Adds what is in `from`, which is empty afterwards. */
void diag_take(struct diag *diag, struct diag *from);

/* "FILE:LINE:COLUMN: error: TEXT" into `text`, cut at `size`. */
void diag_format(const struct diag_entry *entry, char *text, size_t size);

/* The same without the level, for where it is said already: "FILE:LINE:COLUMN: TEXT". */
void diag_format_bare(const struct diag_entry *entry, char *text, size_t size);

#endif
