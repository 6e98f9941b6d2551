/* The compiled databases of expressions as a file, beside the lists' cache: compiling thousands takes seconds. They are found by a
 * keyed digest of their expressions, so that lists which change elsewhere, or at another place of the configuration, find them too.
 *
 *     header    magic, version of the format, build of the program, checksum, key of the digests
 *     pieces    digest, length and the bytes of each, at a multiple of eight
 *
 * The rules of store.h hold for it too; and the library takes bytes only from its own version, for this processor, whole by their
 * checksum. */
#ifndef PF_LISTS_EXPRESSIONS_H
#define PF_LISTS_EXPRESSIONS_H

#include "base/own_file.h"
#include "match/regex.h"

#define EXPRESSIONS_SUFFIX ".expressions" /* behind the name of the lists' cache */
#define EXPRESSIONS_PIECES_MAX 8          /* LIST_PATTERNS_MAX make four */
#define EXPRESSIONS_HEADER_BYTES 128

struct expressions {
	struct own_file file;
	struct hash_key key;
	size_t count;
	struct regex_piece pieces[EXPRESSIONS_PIECES_MAX]; /* borrowed from the file */
};

/* PF_OK; PF_ENOENT; PF_EINVAL: it can not be used, `why` completes "the file …"; PF_ENOMEM. Afterwards close is due in any
 * case. */
PF_MUST_CHECK int expressions_open(struct expressions *expressions, const char *path,
                                   char why[OWN_FILE_WHY_MAX]);
void expressions_close(struct expressions *expressions);

/* Those of a set, made with the key. PF_OK, PF_ENOMEM, or PF_EIO and `why`. */
PF_MUST_CHECK int expressions_write(const char *path, const struct regex_set *set,
                                    struct hash_key key, char why[OWN_FILE_WHY_MAX]);

/* The same over bytes in memory, aligned to eight, that outlive it. */
PF_MUST_CHECK int expressions_read(struct expressions *expressions, const void *bytes,
                                   size_t length, char why[OWN_FILE_WHY_MAX]);
/* For tests: makes checksum, build and version right. At least EXPRESSIONS_HEADER_BYTES. */
void expressions_stamp(void *bytes, size_t length);

#endif
