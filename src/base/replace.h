/* A small file that is written whole or not at all: aside first, on disk before it gets its name. */
#ifndef PF_BASE_REPLACE_H
#define PF_BASE_REPLACE_H

#include <stddef.h>

#include "base/error.h"

/* Writes the file anew (mode 0640), through `<path>.new` beside it. PF_EIO with errno, and what was there before is
 * still there. */
PF_MUST_CHECK int replace_file(const char *path, const void *bytes, size_t length);

#endif
