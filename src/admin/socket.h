/* Private to admin/: the control socket in the file system. */
#ifndef PF_ADMIN_SOCKET_H
#define PF_ADMIN_SOCKET_H

#include <sys/stat.h>

#include "base/error.h"

/* The socket that stands at a path, so that nobody else's is removed later. */
struct socket_place {
	char *path; /* owned */
	dev_t device;
	ino_t inode;
};

/* Makes a listening socket of mode 0660 at `path`, in place of one that nobody answers on. PF_EINVAL (no
 * path for a socket), PF_ECONFLICT (somebody answers there, or it is no socket), PF_EIO, PF_ENOMEM, each with
 * a sentence in `error`. The descriptor is the caller's. */
PF_MUST_CHECK int socket_open(const char *path, int backlog, int *fd, struct socket_place *place,
                              char error[500]);

/* Removes the socket when it is still the one that was made, and frees the place. */
void socket_remove(struct socket_place *place);

#endif
