/* Private to daemon/: the secrets that DNS cookies are made with. They stand in the state directory, so that what clients have learnt
 * stays good behind a restart, and change once a day; the one before stays good until the next change. */
#ifndef PF_DAEMON_COOKIES_H
#define PF_DAEMON_COOKIES_H

#include <uv.h>

#include "pipeline/pipeline.h"

struct cookies;

/* Reads or makes the secrets and publishes them as shared->cookies; NULL without memory. The control thread. `folder` is borrowed. */
struct cookies *cookies_new(struct shared *shared, const char *folder, uv_loop_t *loop);
/* The workers have ended and the loop has closed its handles. */
void cookies_free(struct cookies **cookies, struct shared *shared);

#endif
