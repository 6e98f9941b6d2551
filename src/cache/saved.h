/* The cache in a file, so that a daemon which begins knows what the last one knew: the answers that are still good, as bytes, with the time
 * since when they are known. Geo facts are not in it: they are judged anew, by the databases of then. Only the build that wrote it reads it. */
#ifndef PF_CACHE_SAVED_H
#define PF_CACHE_SAVED_H

#include "base/own_file.h"
#include "cache/cache.h"

#define SAVED_BYTES_MAX ((size_t)1 << 30) /* what is beyond stays out */

/* Writes it aside and puts it in place; `upstreams` says who gave the answers, `*count` how many there are. PF_OK, PF_ENOMEM, or PF_EIO and `why`, which
 * completes "the file …". The entries are read beside those who use them; any thread that is registered with RCU. */
PF_MUST_CHECK int cache_save(struct cache *cache, const char *path, uint64_t upstreams,
                             struct now now, size_t *count, char why[OWN_FILE_WHY_MAX]);

/* Puts in what the file holds and what is not over by now. PF_OK; PF_ENOENT: there is no file; PF_EINVAL and `why`: it is not used, being
 * another build's, damaged, or of other upstreams; PF_ENOMEM. */
PF_MUST_CHECK int cache_load(struct cache *cache, const char *path, uint64_t upstreams,
                             struct now now, size_t *count, char why[OWN_FILE_WHY_MAX]);

/* The same of a file in memory, and for tests what makes a changed one pass for right. */
PF_MUST_CHECK int cache_read(struct cache *cache, const void *bytes, size_t length,
                             uint64_t upstreams, struct now now, size_t *count,
                             char why[OWN_FILE_WHY_MAX]);
void cache_stamp(void *bytes, size_t length);

#endif
