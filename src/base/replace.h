/* Files that are written whole or not at all: aside first, through `<path>.new` beside it, which gets the name when it
 * is complete. Whoever reads finds the old content or the new one. */
#ifndef PF_BASE_REPLACE_H
#define PF_BASE_REPLACE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

#define REPLACE_MODE 0640 /* the group may read, others nothing */

/* A new content on its way. */
struct replacement {
	int fd; /* -1: none */
	uint64_t bytes, bytes_max;
	char path[PATH_MAX], aside[PATH_MAX];
};

/* What a power cut may leave: the old content or the new one; or, when it is made anew anyway, anything. */
enum replace_sync { REPLACE_SYNCED, REPLACE_UNSYNCED };

/* `mode` as of open(2). PF_EIO with errno: there is nothing to abort. */
PF_MUST_CHECK int replace_begin(struct replacement *replacement, const char *path, mode_t mode,
                                uint64_t bytes_max);
/* PF_EFULL: over bytes_max, and nothing of these bytes is written. PF_EIO with errno. */
PF_MUST_CHECK int replace_write(struct replacement *replacement, const void *bytes, size_t length);
/* Is what was written the same as what is in place? */
bool replace_is_same(const struct replacement *replacement);
/* Puts it in place. Ends it, also on PF_EIO (with errno), and then what was there before is still there. */
PF_MUST_CHECK int replace_commit(struct replacement *replacement, enum replace_sync sync);
/* Forgets it; may be called on one that has ended. Leaves errno alone. */
void replace_abort(struct replacement *replacement);

/* All at once, mode 0640, synced. PF_EIO with errno, and what was there before is still there. */
PF_MUST_CHECK int replace_file(const char *path, const void *bytes, size_t length);

#endif
