/* Private to upstream/: the transport of an upstream that is asked within connections, whatever is spoken in them (DoT, DoH, DoQ).
 *
 *   exchange ── asks ──► pool ── chooses, opens ──► channel ── is of a ──► channel_kind
 *     (one question)     (one server: waiting        (one connection and      (what is spoken: dot.c,
 *                         questions, backoff,          the questions in it)     doh.c, …)
 *                         tickets, figures)
 *
 * A kind knows bytes and nothing else. It embeds `struct channel` as the first member of its own struct and brings five functions. It
 * knows nothing of exchanges, time limits, retries or idle connections: those are the pool's and the same for all kinds.
 *
 * The life of a channel, as its kind sees it:
 *   1. open() begins to connect; nothing blocks. Then channel_opened, or channel_failed.
 *   2. ask() for each request, as soon as it is open; as many at a time as channel_opened was told.
 *      Then for each channel_answered, or channel_refused (this one question will not be answered here, others will), or
 *      forget() when nobody waits for it any more. After any of the three the request is gone.
 *   3. channel_draining when the other side will take no new questions (GOAWAY): those that are under way go on.
 *   4. channel_failed when it is broken, or ended by the other side; also when it was ended properly. The requests in it are asked
 *      again elsewhere, or fail: that is the pool's to say.
 *   5. close() is called once, by the pool, at any time, also before it is open and right after channel_failed. It ends politely
 *      what is open. When the loop has closed its handles the kind calls channel_closed, and must not touch the channel afterwards.
 * The functions of the pool that are called by kinds (channel_…) may call the kind's own, close() too, before they return: whoever calls
 * one must look at `closing` before it goes on with the channel. */
#ifndef PF_UPSTREAM_CHANNEL_H
#define PF_UPSTREAM_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/hash.h"
#include "dns/query.h"
#include "stream/stream.h"
#include "tls/session.h"
#include "value/group.h"

#define CHANNEL_REQUESTS_MAX 100 /* of one channel at a time; what HTTP/2 servers allow by custom */

struct pool;
struct channel;
struct request;

struct request_user {
	/* A message came; it is borrowed. */
	void (*answered)(struct request *request, const uint8_t *message, size_t length);
	/* It will not be answered; `reached`: a connection was open. */
	void (*failed)(struct request *request, bool reached);
};

/* One question in a pool. It belongs to the pool from pool_ask until one of its user's functions is called, or
 * pool_forget. */
struct request {
	const struct request_user *user;
	void *data; /* the user's */
	struct pool *pool;
	struct channel *channel; /* NULL: it waits for one */
	struct request *previous, *next;
	uint64_t sent_us; /* when it was handed to its channel, of uv_hrtime; 0: not yet */
	uint16_t port;    /* ours, of that channel; 0: not known */
	uint16_t
		id; /* of the message; a fresh one, which no other request of its channel has, or 0 (RFC 8484, 4.1) */
	bool again; /* it was in a channel that was ended by the other side */
	size_t length;
	uint8_t message[QUERY_UPSTREAM_MAX];
};

enum channel_state { CHANNEL_OPENING, CHANNEL_OPEN, CHANNEL_DRAINING };

struct channel {
	const struct channel_kind *kind;
	struct pool *pool;
	struct channel *next;
	enum channel_state state;
	bool closing;
	uint16_t port; /* ours; set by the kind before channel_opened */
	bool
		doubtful; /* it owes answers and is silent: it gets no new questions before it says something */
	size_t request_count, request_max;
	struct request *requests;
	uint64_t heard_ms;   /* when something came, or it was opened */
	size_t answer_count; /* that it has given */
	uv_timer_t timer;
	struct tls_peer peer;  /* whom to expect, with the ticket of an earlier connection */
	unsigned open_handles; /* the pool's timer and what the kind has */
};

struct channel_kind {
	size_t bytes; /* of the kind's struct */
	bool zero_id; /* messages have the id 0: the kind tells answers apart without it */
	/* The channel is zeroed but for its `struct channel`. After an error it is closed like any. */
	int (*open)(struct channel *channel);
	/* The message is the request's. Nothing need be sent, nor told, before flush(). */
	void (*ask)(struct channel *channel, struct request *request);
	/* Nobody waits any more; the request's memory goes. Nothing may be told. */
	void (*forget)(struct channel *channel, struct request *request);
	/* Sends what ask() has gathered. */
	void (*flush)(struct channel *channel);
	void (*close)(struct channel *channel);
};

extern const struct channel_kind channel_dot, channel_doh, channel_doq;

/* ---- what a kind may know of its server ---- */

const struct upstream_target *channel_target(const struct channel *channel);
uv_loop_t *channel_loop(const struct channel *channel);
/* Where bytes stand that have just come; one for all channels of a worker. */
struct stream_room *channel_room(const struct channel *channel);
/* The one of its requests that has this id; NULL: none. */
struct request *channel_by_id(const struct channel *channel, uint16_t id);

/* ---- what a kind tells ---- */

/* It can be asked, `request_max` at a time. */
void channel_opened(struct channel *channel, size_t request_max, bool resumed);
/* From now on so many at a time. */
void channel_allows(struct channel *channel, size_t request_max);
/* Something came, whatever it was. */
void channel_heard(struct channel *channel);
void channel_answered(struct request *request, const uint8_t *message, size_t length);
void channel_refused(struct request *request);
void channel_draining(struct channel *channel);
/* `why` is the end of a sentence: "its certificate has expired"; NULL: it was ended properly. */
void channel_failed(struct channel *channel, const char *why);
/* Its handles are closed. */
void channel_closed(struct channel *channel);
/* The ticket of its session, for the next connection; replaced by the kind with tls_take_ticket. */
struct tls_ticket *channel_ticket(struct channel *channel);

/* ---- for kinds over a stream whose `data` is their own struct, which begins with the channel: what struct stream_user asks for ---- */

void channel_secured(struct stream *stream);
void channel_ended(struct stream *stream);
void channel_broke(struct stream *stream);

#endif
