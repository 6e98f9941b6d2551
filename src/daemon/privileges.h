/* From root to nobody in particular: after the sockets are bound the daemon becomes the
 * configured user for good. */
#ifndef PF_DAEMON_PRIVILEGES_H
#define PF_DAEMON_PRIVILEGES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

struct privileges {
	bool drop; /* started as root: become uid and gid */
	uid_t uid;
	gid_t gid;
	const char *user; /* borrowed */
};

/* Decides who to become. PF_EINVAL with a sentence in `error`: root without a user, no such user, a user
 * that is root again. `user` is the configuration's, or NULL. */
PF_MUST_CHECK int privileges_choose(const char *user, struct privileges *privileges, char *error,
                                    size_t error_size);

/* Makes the folder that `file` stands in when only the last part is missing, owned by that user (mode 0750);
 * an existing folder is left as it is. PF_EIO with a sentence. */
PF_MUST_CHECK int privileges_make_folder(const struct privileges *privileges, const char *file,
                                         char *error, size_t error_size);

/* For good: groups, gid, uid, capabilities, no new privileges. PF_EIO with a sentence; the daemon must not go on then. */
PF_MUST_CHECK int privileges_drop(const struct privileges *privileges, char *error,
                                  size_t error_size);

#endif
