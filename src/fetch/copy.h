/* Private to fetch/: the last good copy of a list on disk, and beside it what is known of it (`<copy>.state`, JSON). */
#ifndef PF_FETCH_COPY_H
#define PF_FETCH_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/replace.h"

#define COPY_ETAG_MAX 256 /* longer ones are not kept: then the list is fetched whole */
#define COPY_DATE_MAX 64

struct copy_state {
	char etag[COPY_ETAG_MAX], last_modified[COPY_DATE_MAX]; /* "": none */
	int64_t fetched_wall_us, checked_wall_us;               /* 0: never */
	uint64_t bytes;                                         /* of the copy */
	uint64_t names;                                         /* entries in it */
	bool has_serial, expired;                               /* of a zone */
	uint32_t serial, refresh_s, retry_s, expire_s;
};

/* All zero when there is no copy, or when it is not the one that the state speaks of. */
void copy_load(const char *path, struct copy_state *state);
/* PF_EIO with errno. */
PF_MUST_CHECK int copy_save(const char *path, const struct copy_state *state);
/* Makes the folder of copies. PF_EIO with errno. */
PF_MUST_CHECK int copy_make_folder(const char *path);

#endif
