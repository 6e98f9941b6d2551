/* What was loaded, as a file that can be mapped at the next start: then no list is read.
 *
 *     header    magic, version of the format, build of the program, checksum, shape of the index
 *     block     the index (sealed.h), at a page's border
 *     lists     what `portafilter lists` tells of each, and what file it was read from
 *
 * Conditions, replies, expressions and networks are not in it: lists that have such entries are read again for them, which
 * are few, and only the adding of names to the index is spared. They come out with the same numbers, as the files are
 * the same.
 *
 * It is written aside, readable for its owner only (the key of the hashes is in it), and put in place by rename. It is
 * not brought to the disk with fsync: a file that a power cut left half written fails its checksum and is made anew.
 * It is used only when it is ours and nobody else may write it, was written by the same build of the program, is
 * whole by its checksum, and sound in every number; and when its lists are those of the configuration, from files that
 * are still the same. */
#ifndef PF_LISTS_STORE_H
#define PF_LISTS_STORE_H

#include "base/own_file.h"
#include "lists/lists.h"
#include "lists/sealed.h"

#define STORE_WHY_MAX OWN_FILE_WHY_MAX

struct lists;

/* PF_OK; PF_ENOENT: there is no such file; PF_EINVAL: it can not be used, `why` completes "the file …"; PF_ENOMEM. On
 * success `*out` is owned by the caller, with one reference, and holds the map; nothing may be looked up in it before
 * lists_read_beyond (load.h). */
PF_MUST_CHECK int store_open(const char *path, struct lists **out, char why[STORE_WHY_MAX]);

/* PF_OK, PF_ENOMEM, or PF_EIO and `why`. */
PF_MUST_CHECK int store_write(const char *path, const struct lists *lists, char why[STORE_WHY_MAX]);

#define STORE_HEADER_BYTES 4096

/* The same over bytes in memory, aligned to 64, that outlive `*out`. */
PF_MUST_CHECK int store_read(const void *bytes, size_t length, struct lists **out,
                             char why[STORE_WHY_MAX]);

/* For tests: makes checksum, build and version right, as a forger would who can do all that. At least
 * STORE_HEADER_BYTES. */
void store_stamp(void *bytes, size_t length);

#endif
