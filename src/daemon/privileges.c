/* Privileges, see privileges.h. */
#define _GNU_SOURCE
#include "daemon/privileges.h"

#include <errno.h>
#include <grp.h>
#include <libgen.h>
#include <limits.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int privileges_choose(const char *user, struct privileges *privileges, char *error,
                      size_t error_size)
{
	*privileges = (struct privileges){.uid = geteuid(), .gid = getegid(), .user = user};
	if (privileges->uid != 0)
		return PF_OK;
	if (!user) {
		snprintf(error, error_size,
		         "Started as root without a user to become: add `user: portafilter` (or another "
		         "account without rights) to the configuration, or start it as that user.");
		return PF_EINVAL;
	}
	errno = 0;
	const struct passwd *entry = getpwnam(user);
	if (!entry) {
		snprintf(error, error_size,
		         "There is no user \"%s\" on this machine (key `user`): make one with `adduser "
		         "--system --group %s`, or name another.",
		         user, user);
		return PF_EINVAL;
	}
	if (entry->pw_uid == 0) {
		snprintf(error, error_size, "The user \"%s\" (key `user`) is root itself: name another.",
		         user);
		return PF_EINVAL;
	}
	privileges->drop = true;
	privileges->uid = entry->pw_uid;
	privileges->gid = entry->pw_gid;
	return PF_OK;
}

int privileges_make_folder(const struct privileges *privileges, const char *file, char *error,
                           size_t error_size)
{
	char path[PATH_MAX];
	if (strlen(file) >= sizeof path) {
		snprintf(error, error_size, "The path %s is too long.", file);
		return PF_EIO;
	}
	strcpy(path, file);
	const char *folder = dirname(path);
	if (mkdir(folder, 0750)) {
		if (errno == EEXIST)
			return PF_OK;
		snprintf(error, error_size, "Can not make the folder %s: %s.", folder, strerror(errno));
		return PF_EIO;
	}
	if (privileges->drop && chown(folder, privileges->uid, privileges->gid)) {
		snprintf(error, error_size, "Can not give the folder %s to %s: %s.", folder,
		         privileges->user, strerror(errno));
		return PF_EIO;
	}
	return PF_OK;
}

/* What no program after this one could have either. Root's to do; under a service manager that is what its CapabilityBoundingSet is for. */
static void empty_bounding_set(void)
{
	for (unsigned long one = 0; !prctl(PR_CAPBSET_DROP, one, 0, 0, 0); one++)
		;
}

/* The sockets are bound: a service manager may have given us the right to do so, and nothing more is needed of it. */
static int drop_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return (int)syscall(SYS_capset, &header, none);
}

int privileges_drop(const struct privileges *privileges, char *error, size_t error_size)
{
	if (privileges->drop) {
		empty_bounding_set();
		bool dropped = !initgroups(privileges->user, privileges->gid) &&
		               !setresgid(privileges->gid, privileges->gid, privileges->gid) &&
		               !setresuid(privileges->uid, privileges->uid, privileges->uid);
		if (!dropped || !setuid(0)) { /* a way back would be no drop */
			snprintf(error, error_size, "Can not become the user \"%s\": %s.", privileges->user,
			         dropped ? "it can become root again" : strerror(errno));
			return PF_EIO;
		}
	}
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (drop_capabilities()) {
		snprintf(error, error_size, "Can not give up capabilities: %s.", strerror(errno));
		return PF_EIO;
	}
	prctl(PR_SET_DUMPABLE, privileges->drop ? 0 : prctl(PR_GET_DUMPABLE), 0, 0, 0);
	return PF_OK;
}
