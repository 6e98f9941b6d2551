/* The control socket in the file system: bound, closed to strangers before it listens, and a dead daemon's socket
 * replaced without ever taking a living one's. */
#include "admin/socket.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET_MODE 0660 /* the daemon's user and group, nobody else */

static int fill_address(const char *path, struct sockaddr_un *address, char error[500])
{
	size_t length = strlen(path);
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (!length || length >= sizeof address->sun_path) {
		snprintf(error, 500,
		         "The path of a control socket has 1 to %zu bytes, not %zu: %.200s "
		         "(listen.control).",
		         sizeof address->sun_path - 1, length, path);
		return PF_EINVAL;
	}
	memcpy(address->sun_path, path, length + 1);
	return PF_OK;
}

/* Only a refused connection says that nobody is there: a daemon that is too busy to accept would say EAGAIN. */
static int probe(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return errno;
	int reason = 0;
	if (connect(fd, (const struct sockaddr *)address, sizeof *address))
		reason = errno;
	close(fd);
	return reason;
}

static int clear_stale(const struct sockaddr_un *address, char error[500])
{
	const char *path = address->sun_path;
	struct stat info;
	if (lstat(path, &info))
		return PF_OK; /* nothing there; what else may be wrong, bind tells */
	if (!S_ISSOCK(info.st_mode)) {
		snprintf(error, 500, "%s is there and no socket: move it away, or change listen.control.",
		         path);
		return PF_ECONFLICT;
	}
	int reason = probe(address);
	if (reason == 0 || reason == EAGAIN) {
		snprintf(error, 500, "Another daemon answers on %s: stop it, or change listen.control.",
		         path);
		return PF_ECONFLICT;
	}
	if (reason != ECONNREFUSED && reason != ENOENT) {
		snprintf(error, 500,
		         "Whether a daemon answers on %s can not be told: %s. Remove it when it is stale, "
		         "or change listen.control.",
		         path, strerror(reason));
		return PF_ECONFLICT;
	}
	if (unlink(path) && errno != ENOENT) {
		snprintf(error, 500, "The stale socket %s can not be removed: %s.", path, strerror(errno));
		return PF_EIO;
	}
	return PF_OK;
}

/* The mode is set before anybody can connect: listen comes last. */
static bool bind_and_listen(int fd, const struct sockaddr_un *address, int backlog,
                            struct stat *info)
{
	if (bind(fd, (const struct sockaddr *)address, sizeof *address))
		return false;
	if (chmod(address->sun_path, SOCKET_MODE) || lstat(address->sun_path, info) ||
	    listen(fd, backlog)) {
		int reason = errno;
		unlink(address->sun_path);
		errno = reason;
		return false;
	}
	return true;
}

int socket_open(const char *path, int backlog, int *fd, struct socket_place *place, char error[500])
{
	struct sockaddr_un address;
	struct stat info;
	int result = fill_address(path, &address, error);
	if (result == PF_OK)
		result = clear_stale(&address, error);
	if (result != PF_OK)
		return result;
	char *copy = strdup(path);
	if (!copy) {
		snprintf(error, 500, "There is no memory for the control socket.");
		return PF_ENOMEM;
	}
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd < 0 || !bind_and_listen(*fd, &address, backlog, &info)) {
		snprintf(error, 500,
		         "The control socket %s can not be opened: %s. Its folder must exist and be "
		         "writable (listen.control).",
		         path, strerror(errno));
		if (*fd >= 0)
			close(*fd);
		free(copy);
		return PF_EIO;
	}
	*place = (struct socket_place){copy, info.st_dev, info.st_ino};
	return PF_OK;
}

void socket_remove(struct socket_place *place)
{
	struct stat info;
	if (!place->path)
		return;
	if (!lstat(place->path, &info) && info.st_dev == place->device && info.st_ino == place->inode)
		unlink(place->path);
	free(place->path);
	place->path = NULL;
}
