/* Private to lists/: a file that only we may write, mapped to be read. What is in it decides verdicts: whoever could change it would
 * choose them. */
#ifndef PF_LISTS_OWN_FILE_H
#define PF_LISTS_OWN_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define OWN_FILE_WHY_MAX 200

struct own_file {
	void *bytes; /* NULL: none */
	size_t length;
};

/* Regular, ours, closed to others, and of `least` bytes or more. PF_OK; PF_ENOENT: there is no such file; PF_EINVAL: it can
 * not be used, `why` completes "the file …"; PF_ENOMEM. */
PF_MUST_CHECK int own_file_map(struct own_file *file, const char *path, size_t least,
                               char why[OWN_FILE_WHY_MAX]);
void own_file_unmap(struct own_file *file);

/* Of all bytes, of which the 16 at `sum_at` count as zeros: there the checksum stands. Zeros without memory. */
void own_file_checksum(const void *bytes, size_t length, size_t sum_at, uint64_t seed,
                       uint64_t sum[2]);

/* Fills `why`; returns the error. */
int own_file_fail(char why[OWN_FILE_WHY_MAX], int error, const char *text);

#endif
