/* Files of replace.h. */
#include "base/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

static bool write_all(int fd, const char *at, size_t length)
{
	while (length) {
		ssize_t wrote = write(fd, at, length);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return false;
		at += wrote;
		length -= (size_t)wrote;
	}
	return true;
}

int replace_file(const char *path, const void *bytes, size_t length)
{
	char aside[PATH_MAX];
	if (snprintf(aside, sizeof aside, "%s.new", path) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return PF_EIO;
	}
	unlink(aside); /* left over from a process that was killed */
	int fd = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		return PF_EIO;
	bool good = write_all(fd, bytes, length) && !fsync(fd);
	int reason = errno;
	close(fd);
	if (good && !rename(aside, path))
		return PF_OK;
	reason = good ? errno : reason;
	unlink(aside);
	errno = reason;
	return PF_EIO;
}
