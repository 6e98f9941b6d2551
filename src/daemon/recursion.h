/* Private to daemon/: the recursor (src/recursor/), a process beside us that is asked like any upstream. It is started before the sandbox
 * closes and has a tighter one of its own; whatever becomes of it, nothing here waits for it. */
#ifndef PF_DAEMON_RECURSION_H
#define PF_DAEMON_RECURSION_H

#include <uv.h>

#include "config/config.h"

struct recursion;

/* Writes what it is told into the state folder, and starts it. The only thread calls it. PF_EIO and PF_ENOMEM with a sentence. */
PF_MUST_CHECK int recursion_start(const struct config *config, struct recursion **out, char *error,
                                  size_t error_size);

/* That of the program before this one, which has replaced itself; NULL: there is none. */
struct recursion *recursion_receive(void);
void recursion_send(struct recursion *recursion);

/* Can this configuration be used with it, which may be NULL? It asks no recursor, or this one where it stands; else `error` is a sentence. */
bool recursion_fits(const struct recursion *recursion, const struct config *config, char *error,
                    size_t error_size);

/* Reads what it says of its ends, which go into the log, until the loop's handles are closed. */
void recursion_watch(struct recursion *recursion, uv_loop_t *loop);

/* Tells it what has changed. PF_EIO, PF_ENOMEM: it goes on as before. */
PF_MUST_CHECK int recursion_configure(struct recursion *recursion, const struct config *config);

/* The socket that it sends its questions to `upstreams` to, which stays the recursion's: net/bridge.h serves it. */
int recursion_bridge(const struct recursion *recursion);

/* How often it ended of itself and was begun anew. Any thread. */
uint64_t recursion_restarts(const struct recursion *recursion);

/* Ends it. The loop has closed its handles. */
void recursion_free(struct recursion **recursion);

#endif
