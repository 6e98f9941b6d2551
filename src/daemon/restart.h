/* Private to daemon/: the daemon replaces itself (SIGUSR2) by the program that stands in its place now, a newer one perhaps, with
 * the same process id and the same listening sockets. */
#ifndef PF_DAEMON_RESTART_H
#define PF_DAEMON_RESTART_H

#include "daemon/state.h"

/* Finds out which program this is, and keeps the sockets of `sets` and those of `web` (or NULL) open beside those who use them. NULL without memory or
 * descriptors: then it can not be replaced. */
struct restart *restart_new(const struct socket_set *sets, size_t worker_count,
                            const struct admin_web *web);
void restart_free(struct restart **restart);

/* May it be replaced now? The configuration must be right and listen where this one listens, else the log says why not. */
bool restart_is_sound(struct daemon *daemon);

/* Becomes the new program; all else has ended. Returns only when that can not be done. */
void restart_become(const struct daemon *daemon);

#endif
