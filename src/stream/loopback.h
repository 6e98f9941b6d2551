/* Questions over UDP on the loopback interface, from a process of this machine: those of the daemon to its recursor, and those of the recursor
 * to the daemon. Replies of any length go over UDP: the interface takes 64 KiB, no network is between, and so nobody comes back over TCP. */
#ifndef PF_STREAM_LOOPBACK_H
#define PF_STREAM_LOOPBACK_H

#include "base/error.h"
#include "dns/query.h"

struct loopback;
struct uv_loop_s;

/* The reply is borrowed for the length of the call, which is due exactly once for each question that was taken. */
typedef void (*loopback_done)(void *asker, const uint8_t *reply, size_t length);

/* The query is copied; `done` is called with the asker from the loop, or from within. Anything but PF_OK: it was not taken, and SERVFAIL
 * goes back. */
typedef int (*loopback_ask)(void *data, const struct dns_query *query, loopback_done done,
                            void *asker);

/* Serves the socket, which must be bound, and keeps it. NULL without memory. */
struct loopback *loopback_new(struct uv_loop_s *loop, int fd, loopback_ask ask, void *data);

/* Closes it, but not the socket; nothing is under way any more. Its memory goes with its handle. NULLs it; NULL is allowed. */
void loopback_close(struct loopback **loopback);

#endif
