/* Files of replace.h. */
#include "base/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COMPARE_BYTES 65536

int replace_begin(struct replacement *replacement, const char *path, mode_t mode,
                  uint64_t bytes_max)
{
	replacement->fd = -1;
	replacement->bytes = 0;
	replacement->bytes_max = bytes_max;
	if (snprintf(replacement->path, PATH_MAX, "%s", path) >= PATH_MAX ||
	    snprintf(replacement->aside, PATH_MAX, "%s.new", path) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return PF_EIO;
	}
	unlink(replacement->aside); /* left over from a process that was killed */
	replacement->fd =
		open(replacement->aside, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	return replacement->fd < 0 ? PF_EIO : PF_OK;
}

int replace_write(struct replacement *replacement, const void *bytes, size_t length)
{
	const char *at = bytes;
	if (length > replacement->bytes_max - replacement->bytes)
		return PF_EFULL;
	while (length) {
		ssize_t wrote = write(replacement->fd, at, length);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return PF_EIO;
		at += wrote;
		length -= (size_t)wrote;
		replacement->bytes += (uint64_t)wrote;
	}
	return PF_OK;
}

static bool same_content(int a, int b)
{
	char *bytes = malloc(2 * COMPARE_BYTES);
	bool same = bytes;
	ssize_t got = 1;
	for (off_t at = 0; same && got > 0; at += got) {
		got = pread(a, bytes, COMPARE_BYTES, at);
		same = got >= 0 && pread(b, bytes + COMPARE_BYTES, COMPARE_BYTES, at) == got &&
		       !memcmp(bytes, bytes + COMPARE_BYTES, (size_t)got);
	}
	free(bytes);
	return same;
}

bool replace_is_same(const struct replacement *replacement)
{
	struct stat old;
	int fd = open(replacement->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return false;
	bool same = !fstat(fd, &old) && S_ISREG(old.st_mode) &&
	            (uint64_t)old.st_size == replacement->bytes && same_content(replacement->fd, fd);
	close(fd);
	return same;
}

int replace_commit(struct replacement *replacement, enum replace_sync sync)
{
	bool good = (sync == REPLACE_UNSYNCED || !fsync(replacement->fd)) &&
	            !rename(replacement->aside, replacement->path);
	replace_abort(replacement);
	return good ? PF_OK : PF_EIO;
}

void replace_abort(struct replacement *replacement)
{
	int reason = errno;
	if (replacement->fd < 0)
		return;
	close(replacement->fd);
	replacement->fd = -1;
	unlink(replacement->aside); /* after a rename there is nothing by that name */
	errno = reason;
}

int replace_file(const char *path, const void *bytes, size_t length)
{
	struct replacement replacement;
	int error = replace_begin(&replacement, path, REPLACE_MODE, length);
	if (error == PF_OK)
		error = replace_write(&replacement, bytes, length);
	if (error == PF_OK)
		return replace_commit(&replacement, REPLACE_SYNCED);
	replace_abort(&replacement);
	return error;
}
