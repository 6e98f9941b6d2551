/* Listening sockets that go from one program to the next, so that no query is lost between them: what arrives meanwhile waits in the
 * kernel. They come from the daemon that has replaced itself (PORTAFILTER_SOCKETS, descriptors divided by commas) or from a
 * service manager that listens for us (LISTEN_FDS, sd_listen_fds(3)). */
#ifndef PF_NET_HANDOVER_H
#define PF_NET_HANDOVER_H

#include "net/sockets.h"

#define HANDOVER_MAX (2 * CONFIG_LISTEN_MAX * CONFIG_WORKERS_MAX + CONFIG_WEB_MAX)

/* Descriptors; -1: taken. */
struct handover {
	size_t count;
	int fds[HANDOVER_MAX];
};

/* What the environment brings, which says so no longer afterwards. What is no socket is left alone. */
void handover_receive(struct handover *handover);

/* One that is bound to `address`, of SOCK_DGRAM or SOCK_STREAM; -1: there is none. It is the caller's. */
int handover_take(struct handover *handover, const struct addr_port *address, int type);

/* Closes those that nobody took. */
void handover_close(struct handover *handover);

/* Duplicates of all sockets of the workers, which keep them open when the workers are gone. PF_EIO: there are no more
 * descriptors; then there are none. */
PF_MUST_CHECK int handover_keep(const struct socket_set *sets, size_t worker_count,
                                struct handover *handover);

/* One more. PF_EIO, PF_EFULL: it is not kept. */
PF_MUST_CHECK int handover_keep_one(struct handover *handover, int fd);

/* Hands them to the program that this one becomes next. PF_ENOMEM. */
PF_MUST_CHECK int handover_send(const struct handover *handover);

#endif
