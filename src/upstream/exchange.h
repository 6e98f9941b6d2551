/* Private to upstream/: one question on its way, and the servers that it may go to. */
#ifndef PF_UPSTREAM_EXCHANGE_H
#define PF_UPSTREAM_EXCHANGE_H

#include <pthread.h>
#include <stdbool.h>
#include <uv.h>

#include "base/hash.h"
#include "upstream/guard.h"
#include "upstream/health.h"
#include "upstream/pool.h"
#include "upstream/port.h"
#include "upstream/upstream.h"
#include "upstream/wheel.h"

/* A question more for one in twenty that are asked because a server is late: so much may gather, in twentieths. */
#define HEDGE_COST 20
#define HEDGE_CREDIT_MAX (5 * HEDGE_COST)

#define EXCHANGES_SPARE_MAX 256 /* kept for the next questions of one worker */

#define TCP_MESSAGE_ROOM (2 + DNS_MESSAGE_MAX)

/* An upstream as this worker knows it. */
struct server {
	struct upstream_stats stats;
	char text[UPSTREAM_TEXT_MAX];
	struct health health;
	struct guard guard; /* of a plain one */
	struct pool *pool;  /* of one that is asked within TLS; owned; NULL without memory */
	size_t waiting;     /* attempts that are open */
};

struct server_group {
	uint64_t id;
	size_t server_count;
	struct server servers[UPSTREAM_COUNT_MAX];
};

struct upstream {
	struct forwarder base;
	uv_loop_t *loop;
	struct port_pool ports;
	struct random_pool random; /* for ids */
	struct wheel timers;       /* of exchanges */
	struct exchange *spare;    /* exchanges that have ended */
	size_t spare_count;
	bool closing;
	pthread_mutex_t servers_lock; /* configure against upstream_stats */
	struct stream_room room;      /* of the connections of pools */
	size_t group_count;
	struct server_group groups[UPSTREAM_GROUP_MAX];
	size_t exchange_count;
	unsigned hedge_credit; /* in twentieths of a question, at most HEDGE_CREDIT_MAX */
	uint8_t packet[DNS_MESSAGE_MAX];
};

struct exchange;

/* A server, as an exchange remembers it. */
struct peer {
	struct addr_port address;
	uint64_t key; /* of its target */
	bool secure;
};

/* One question sent, and where its answer may arrive: a socket of its own, or a request in the server's pool. With neither it is
 * over. */
struct attempt {
	struct exchange *exchange;
	struct port *port;
	struct request *request; /* owned */
	struct peer peer;
	uint16_t id;
	bool judged; /* its silence was counted */
	unsigned wrong_id_count;
	struct guard_mark mark;
	uint64_t sent_us;
	struct forward_trip *trip; /* of the exchange's; NULL: not traced */
};

/* One try over TCP. Its memory lives until the handle's close callback. */
struct tcp_try {
	uv_tcp_t handle;
	uv_connect_t connect;
	uv_write_t write;
	struct exchange *exchange;
	struct peer peer;
	uint16_t id;
	bool open;
	struct forward_trip *trip; /* as an attempt's */
	size_t out_length, in_length;
	uint8_t out[2 + QUERY_UPSTREAM_MAX];
	uint8_t in[TCP_MESSAGE_ROOM];
};

/* Lives until it is finished and its try over TCP is closed; then it is kept for the next question. */
struct exchange {
	struct upstream *upstream;
	struct wheel_timer timer; /* it and what is above outlive a question */
	struct exchange *next;    /* among the spare ones */

	/* From here on zeroed for each question. */
	uint64_t group; /* its id: the group itself may go while the question is under way */
	forward_done done;
	void *data;
	/* Of the loop's clock: the end, when the user is told that it takes long (0: was told, or wants not to be), and
	 * what the timer is for, which may be later than it rings. */
	uint64_t deadline_ms, late_ms, due_ms;
	size_t order_count, attempt_count;
	struct tcp_try *tcp;
	bool tcp_used;
	bool tcp_closing; /* its memory waits for the loop */
	bool probe;       /* asked for the server's sake: nobody waits for the answer */
	bool hedging;     /* the timer is the patience with the first server, not its end */
	bool timed_out;   /* somebody was waited for in vain */
	bool finished;
	struct answer *refusal; /* SERVFAIL, REFUSED …: kept while others are asked; owned */
	struct peer refusal_peer;
	struct forward_trip *trips; /* owned until it is finished */

	/* What is large is not: it is written before it is read. */
	struct dns_query query; /* as far as dns_query_copy_asked sets it */
	struct peer order[UPSTREAM_COUNT_MAX +
	                  1]; /* whom to ask in turn, as they were at the start: the best first */
	struct attempt attempts[UPSTREAM_ATTEMPTS_MAX];
};

/* Both may end the exchange: the caller must not touch it afterwards. */
void exchange_received(struct exchange *exchange, const struct peer *peer, struct answer *answer);
void exchange_failed(struct exchange *exchange, const struct peer *peer);
/* An answer to what was sent at that time of uv_hrtime. */
void exchange_measure(struct exchange *exchange, const struct peer *peer, uint64_t sent_us);
/* Its server has one fewer to answer. */
void attempt_leaves(struct attempt *attempt);
void exchange_tcp_closed(struct exchange *exchange);
/* A socket of one of its attempts has something for it. */
void exchange_readable(void *attempt, bool broken);
void exchange_free_spare(struct upstream *upstream);
/* The time of one has come. */
void exchange_ring(struct wheel_timer *timer);

/* Starts the try over TCP (once in an exchange). PF_ECONFLICT when there was one, PF_ENOMEM, PF_EIO. */
PF_MUST_CHECK int tcp_try_start(struct exchange *exchange, const struct peer *peer);
void tcp_try_close(struct exchange *exchange);

/* Asks a server that is asked within TLS; false: not now. What comes of it is told as of any attempt. */
bool secure_attempt_start(struct attempt *attempt);
/* Its request is its own again, or nobody's from now on. */
void secure_attempt_over(struct attempt *attempt);
void secure_attempt_forget(struct attempt *attempt);
/* Has this server the question already, in a connection that is well? */
bool secure_attempt_waits(const struct exchange *exchange, const struct peer *peer);

/* order.c: fills in the servers of the exchange, the first to be asked first. */
void exchange_order(struct exchange *exchange, const struct server_group *group);
/* May a question that others are asked be shown to this server too, to learn how it does? Not to one that it is to be kept from. */
bool server_may_see(const struct upstream *upstream, const struct server_group *group,
                    const struct server *server, const struct dns_query *query);
struct peer server_peer(const struct server *server);

struct server_group *upstream_group(struct upstream *upstream, uint64_t id); /* NULL: none */
/* The server of the exchange's group of that key, or NULL when the configuration has dropped it meanwhile. */
struct server *upstream_server(struct exchange *exchange, const struct peer *peer);

/* answer_from_wire of what this server said to the exchange's question; PF_EINVAL too when it speaks of another subnet than it was told. */
PF_MUST_CHECK int exchange_read(struct exchange *exchange, const struct peer *peer,
                                const uint8_t *packet, size_t length, struct answer **answer);

/* The two functions of struct forwarder. */
int exchange_ask(struct forwarder *forwarder, uint64_t group, const struct dns_query *query,
                 forward_done done, void *data);
/* As `ask`, for the worker's own sake: nobody is told that it is late. */
int exchange_inquire(struct upstream *upstream, uint64_t group, const struct dns_query *query,
                     forward_done done, void *data);
void upstream_configure(struct forwarder *forwarder, const struct upstream_group *groups,
                        size_t count);

#endif
