/* Private to upstream/: the connections to one server that is asked within TLS, as one worker has them: few, used again and for many
 * questions at a time, closed when nobody asks, and made anew when they break. See channel.h. */
#ifndef PF_UPSTREAM_POOL_H
#define PF_UPSTREAM_POOL_H

#include "upstream/bootstrap.h"
#include "upstream/channel.h"
#include "upstream/upstream.h"

#define POOL_CHANNELS_MAX 4 /* connections to one server; of one worker */
#define POOL_BUSY \
	16 /* questions under way in each that is open: then there may be one more connection */
#define POOL_OPEN_MS 3000 /* until a connection must be open, certificates and all */
#define POOL_IDLE_MS \
	10000 /* nobody asked for so long: it is closed (RFC 7858, 3.4; servers wait no longer either) */
#define POOL_SILENT_MS 2000 /* it owes answers and nothing came: it is broken */
#define POOL_BACKOFF_MIN_MS \
	50 /* after a connection that could not be made; twice as long after each more */
#define POOL_BACKOFF_MAX_MS 1000 /* a server that is back is asked again after that */

/* NULL without memory. The target is copied, and its trust used. `bootstrap` finds one that has no address, else it is NULL; it
 * is the pool's from now on, also when there is none. */
struct pool *pool_new(uv_loop_t *loop, struct stream_room *room,
                      const struct upstream_target *target, struct bootstrap *bootstrap);
/* Whom it asks; the address of a server that is known by its name is where it was found last, if it was. */
const struct upstream_target *pool_target(const struct pool *pool);
/* Of the same key: the authorities may be others. What was opened under others is closed once it is idle. */
void pool_trust(struct pool *pool, const struct upstream_secure *secure);
/* No new questions; what is under way goes on; its connections close when they are idle, and its memory goes with the last
 * of them. NULLs it. */
void pool_retire(struct pool **pool);

/* Asks; nothing is called from within. PF_OK: the request is the pool's; PF_EIO: it is not, no connection can be made for
 * now. The message has its id, which is written here. */
PF_MUST_CHECK int pool_ask(struct pool *pool, struct request *request);
/* Nobody waits for it any more; it is its user's again. */
void pool_forget(struct request *request);
/* It has had its time: a connection that has been silent since it was asked gets no new questions. */
void pool_doubt(struct request *request);
/* Would it be waited for in vain to ask the same again? It waits in a connection that is well. */
bool request_is_well(const struct request *request);

/* Adds what it has counted: connections, resumed, failures. Any thread. */
void pool_count(const struct pool *pool, struct upstream_stats *stats);

#endif
