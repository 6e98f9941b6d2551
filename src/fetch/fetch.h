/* Where lists come from when they are no files of the owner's: subscriptions (https, http, file URLs) and response
 * policy zones transferred from a primary. The last good copy of each is a file, which the room of lists reads like any other:
 * so that the daemon starts at once and without a network, and a stranger's bytes are read by one reader only.
 *
 * All of it runs on one loop, that of the control thread; DNS never waits for it. A copy is replaced whole (written aside,
 * checked, renamed) or not at all. */
#ifndef PF_FETCH_FETCH_H
#define PF_FETCH_FETCH_H

#include "base/clock.h"
#include "config/config.h"

#define FETCH_ERROR_MAX 400
#define FETCH_JOBS_MAX 4 /* fetches under way; the others wait for their turn */

struct fetch;
struct http;
struct uv_loop_s;

/* Called on the loop when copies have changed: build a snapshot of them. PF_OK, or why it was refused. */
typedef int (*fetch_changed)(void *data);

/* `http` is borrowed and outlives it. NULL without memory. */
struct fetch *fetch_new(struct uv_loop_s *loop, struct http *http, fetch_changed changed,
                        void *data);

/* Before a snapshot of this configuration is built: takes away the copies of zones that have expired (RFC 1035, 3.3.13),
 * and says so in the log. */
void fetch_expire(const struct config *config, struct now now);

/* After it was published: the lists to keep fresh from now on. What is under way for
 * a list that is gone, or comes from elsewhere now, is dropped. Nothing of `config` is kept. PF_ENOMEM: all stays as it
 * was. */
PF_MUST_CHECK int fetch_configure(struct fetch *fetch, const struct config *config, struct now now);

/* Whoever waits in fetch_update is sent away, and nobody new waits. Any thread. */
void fetch_refuse(struct fetch *fetch);
/* From the loop: ends everything, the loop closes the handles; then fetch_free. */
void fetch_stop(struct fetch *fetch);
void fetch_free(struct fetch **fetch);

/* ---- from any thread --------------------------------------------------------------------- */

enum fetch_phase { FETCH_RESTING, FETCH_WAITING, FETCH_RUNNING };

/* What is told of one source; all is copied. */
struct fetch_status {
	char list[128]; /* the name of the list */
	char url[2100]; /* or "rpz:zone@primary" */
	enum fetch_phase phase;
	uint64_t bytes;          /* of the copy, or while running what has come so far */
	int64_t fetched_wall_us; /* when the copy's content came; 0: never */
	int64_t checked_wall_us; /* when the source last said that it is still so; 0: never */
	int64_t next_wall_us;
	uint32_t serial; /* of a zone */
	bool has_serial, expired;
	char error[FETCH_ERROR_MAX]; /* of the last round; "" when it was good */
};

/* Calls `each` for every source, in the order of the configuration. */
void fetch_each(struct fetch *fetch, void (*each)(void *data, const struct fetch_status *status),
                void *data);

/* Asks for a round of this list (NULL: of all) at once, waits until each is done and what changed is in force, and then calls
 * `each`. PF_OK; PF_ENOENT: no list of that name comes from elsewhere; PF_ETIMEOUT; PF_ECONFLICT: the daemon is
 * ending. Not from the loop. */
PF_MUST_CHECK int fetch_update(struct fetch *fetch, const char *list, unsigned timeout_s,
                               void (*each)(void *data, const struct fetch_status *status),
                               void *data);

/* The primary of list number `list` of the configuration in force says that its zone has changed (RFC 1996). Does not block. */
void fetch_notify(struct fetch *fetch, size_t list);

#endif
