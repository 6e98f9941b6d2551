/* Private to admin/: the listeners of listen.web before they serve. */
#ifndef PF_ADMIN_WEB_H
#define PF_ADMIN_WEB_H

#include "access/access.h"
#include "admin/admin.h"

struct admin_web {
	size_t count;
	struct addr_port addresses[CONFIG_WEB_MAX];
	int fds[CONFIG_WEB_MAX]; /* -1: handed over */
	size_t name_count;
	char *names[CONFIG_WEB_NAMES_MAX];
	int64_t session_us;
	char *certificate, *key; /* PEM; NULL: plain HTTP */
};

/* Certificate and key as their files are now; the caller's (free). PF_EIO with a sentence. `*unreadable`: this user may not read
 * them. */
PF_MUST_CHECK int admin_web_read(const struct config_web *config, char **certificate, char **key,
                                 bool *unreadable, char error[500]);

/* PF_EINVAL with a sentence: somebody else could reach it, and there is no password. */
PF_MUST_CHECK int admin_web_check(const struct admin_web *web, struct access *access,
                                  char error[500]);

#endif
