/* A file that only we may write, mapped to be read; and how it says that it is whole. What is in it is believed: whoever could change it would
 * choose answers and verdicts. */
#ifndef PF_BASE_OWN_FILE_H
#define PF_BASE_OWN_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/build.h"
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

/* What such a file is. Its header has so many bytes, and begins with a struct own_header. */
struct own_kind {
	char magic[16];
	uint32_t version;
	size_t header_bytes;
};

struct own_header {
	char magic[16];
	uint32_t version, byte_order;
	uint8_t build[BUILD_ID_BYTES]; /* of the program that wrote it */
	uint64_t checksum[2];          /* of the whole file with this zeroed */
};

/* Is it of this kind and of this build, and whole? PF_OK, or PF_EINVAL and `why`. */
PF_MUST_CHECK int own_file_check(const void *bytes, size_t length, const struct own_kind *kind,
                                 char why[OWN_FILE_WHY_MAX]);

struct own_piece {
	const void *bytes;
	size_t length;
};

/* Writes the header, of which struct own_header is filled in, and what follows it; aside, for us alone, and not synced to the disk: it
 * is made anew when it is torn. PF_OK, PF_ENOMEM, or PF_EIO and `why`. */
PF_MUST_CHECK int own_file_write(const char *path, const struct own_kind *kind, void *header,
                                 const struct own_piece *rest, size_t rest_count,
                                 char why[OWN_FILE_WHY_MAX]);

/* For tests: makes own_file_check say yes, as a forger would who can do all that. At least header_bytes. */
void own_file_stamp(void *bytes, size_t length, const struct own_kind *kind);

/* Fills `why`; returns the error. */
int own_file_fail(char why[OWN_FILE_WHY_MAX], int error, const char *text);

#endif
