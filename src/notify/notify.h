/* Tells the owner of events: a webhook, ntfy, a command, syslog. Whoever raises an event hands over a copy and goes on; all else
 * happens on the control thread's loop. Each target has a bounded queue, one delivery under way, and patience: what fails is tried
 * again, later and later, and given up in the end, counted and told in the log. DNS knows nothing of it.
 *
 * The same event (kind, device, name, after) is told once a day at most, however often it is raised. */
#ifndef PF_NOTIFY_NOTIFY_H
#define PF_NOTIFY_NOTIFY_H

#include "base/clock.h"
#include "config/config.h"
#include "value/event.h"

#define NOTIFY_RAISED_MAX \
	256 /* raised and not yet seen by the loop; more are dropped and counted */
#define NOTIFY_QUEUE_MAX \
	64 /* waiting for one target: the newest that find no room are dropped and counted */
#define NOTIFY_ATTEMPTS_MAX 8      /* with the pauses below: some nine minutes */
#define NOTIFY_RETRY_FIRST_MS 2000 /* then twice as long each time */
#define NOTIFY_RETRY_MAX_MS 300000
#define NOTIFY_REMEMBERED_MAX 4096 /* events told in the last day; the oldest are forgotten first */

struct notify;
struct http;
struct uv_loop_s;

/* `http` is borrowed and outlives it. NULL without memory. */
struct notify *notify_new(struct uv_loop_s *loop, struct http *http);

/* Commands are run by this helper, which is borrowed and outlives it; NULL: not at all, as the sandbox is closed. Without this call they
 * are run from here. Once, at the start. PF_EIO. */
struct helper;
PF_MUST_CHECK int notify_use_helper(struct notify *notify, struct helper *helper);

/* The targets from now on. What waits for a target that is in both configurations, word for word, goes on waiting. Reads
 * secrets from their files; one that can not be read is an error in the log, and its target is left out, like one without
 * memory. The loop's thread. */
void notify_configure(struct notify *notify, const struct config *config);

/* Takes events from any thread, until notify_stop. */
struct event_outlet notify_outlet(struct notify *notify);

/* Nobody is told any more; commands under way are ended. The loop then closes the handles; no thread may hold an outlet when
 * notify_free is called. */
void notify_stop(struct notify *notify);
void notify_free(struct notify **notify);

#define NOTIFY_NAME_MAX 160
#define NOTIFY_ERROR_MAX 256
struct notify_status {
	char name[NOTIFY_NAME_MAX]; /* "webhook https://example.net/hook" */
	uint64_t delivered, failed; /* failed: given up */
	uint64_t dropped;           /* no room in its queue */
	size_t waiting;
	char error[NOTIFY_ERROR_MAX]; /* of the last attempt; "" when it was good */
};
/* Calls `each` for every target. `dropped`, when not NULL, gets the events that never reached the loop. Any thread. */
void notify_each(struct notify *notify,
                 void (*each)(void *data, const struct notify_status *status), void *data,
                 uint64_t *dropped);

#endif
