/* What a list was read from: enough to tell later whether the file is still the same. */
#ifndef PF_LISTS_SOURCE_H
#define PF_LISTS_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"

/* Inode, size and both times are the same: nobody has written to the file since, for the time of change can not be
 * set by hand. Two things could deceive: a change within the same tick of the file system's clock, which is why a file
 * that was read when it was this young is not `steady`; and a clock that was set back. The device is not compared: some
 * file systems get another number at each boot. */
#define LIST_SOURCE_YOUNG_US (2 * 1000000) /* FAT's tick, the longest */

struct list_source {
	bool known;  /* it was one file that did not change while it was read */
	bool absent; /* there was none, which was no error: a copy that is yet to come */
	bool steady;
	uint64_t inode, size;
	int64_t modified_ns, changed_ns;
	uint64_t digest[2]; /* of the content, keyed */
};

/* Before the list is read: what its file is. Never fails; what is not `known` is never the same. */
void list_source_take(struct list_source *source, const char *path, struct hash_key key,
                      int64_t now_wall_us);
/* After it was read: was it that file, all the time? If not it is not `known` any more. */
void list_source_settle(struct list_source *source, const char *path);

/* Is the file as it is now what was read? By its looks when they can be trusted, else by its content, which takes
 * 20 ms for each million names. Reads nothing when sizes differ. */
bool list_source_is_same(const struct list_source *source, const char *path, struct hash_key key);

#endif
