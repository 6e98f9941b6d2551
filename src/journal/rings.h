/* Private to journal/: the rings of all workers, in one mapped file. What a process that was killed left
 * in them is read by the next one, which maps the same file. After a crash of the whole machine nothing in
 * the file is believed: the kernel may have written half of it.
 *
 *   file: | struct rings_header (one page) | ring_shared, data | ring_shared, data | … */
#ifndef PF_JOURNAL_RINGS_H
#define PF_JOURNAL_RINGS_H

#include "journal/ring.h"

#define RINGS_COUNT_MAX 1024
#define RINGS_SIZE_MAX (1u << 30) /* bytes of one ring that a file may claim to have */

struct rings {
	size_t count;
	struct ring *rings; /* on cache lines of their own */
	uint64_t
		generation; /* random: names the file's content for those who remember how far they were; 0: no file */
	void *map; /* NULL: no file, each ring has memory of its own */
	size_t map_bytes;
	int fd; /* holds the lock that keeps a second process away; -1: no file */
};

/* Rings of `size` bytes (a power of two) in memory alone. PF_ENOMEM. */
PF_MUST_CHECK int rings_init(struct rings *rings, size_t count, size_t size);

/* The same in the file `path`, mode 0600, whose space is taken at once, so that a full disk is an error
 * here and no SIGBUS later. What stood in the file is gone. PF_EIO (errno says why; EWOULDBLOCK: another
 * process uses it), PF_ENOMEM. */
PF_MUST_CHECK int rings_create(struct rings *rings, const char *path, size_t count, size_t size);

/* What another process left in `path`; only whole entries are kept. PF_ENOENT: there is no such file, or nothing
 * in it that this program on this boot of this machine could read. PF_EIO, PF_ENOMEM. */
PF_MUST_CHECK int rings_open(struct rings *rings, const char *path);

bool rings_empty(const struct rings *rings);

/* The file stays. */
void rings_deinit(struct rings *rings);

#endif
