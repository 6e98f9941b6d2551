/* Private to net/: one connection of QUIC, its streams, and what they have of their server. libngtcp2 keeps the protocol;
 * it is fed datagrams and the time, and writes datagrams. What it calls back may neither send nor end the connection: it
 * leaves a note (`broken`), and marks the connection, which is served when the batch is done. */
#ifndef PF_NET_QUIC_CONNECTION_H
#define PF_NET_QUIC_CONNECTION_H

#include <uv.h>

#include "net/packets.h"
#include "net/quic_ids.h"
#include "net/tcp_clients.h"
#include "pipeline/pipeline.h"
#include "quic/drive.h"

#define QUIC_CONNECTIONS_MAX \
	1000 /* in one worker, or listen.connections if that is less: one takes 90 KB */
#define QUIC_STREAMS_MAX 100             /* queries of one connection at a time */
#define QUIC_UNREAD_BYTES_MAX (64 << 10) /* of queries of one connection that are not whole yet */
#define QUIC_QUEUE_BYTES_MAX \
	(256 << 10)          /* replies that the client has not taken; more are not sent */
#define QUIC_IDS_MAX 7   /* of the client, that we keep: one that moves needs others each time */
#define QUIC_MOVES_MAX 8 /* to other addresses; each takes one of QUIC_PEER_IDS_MAX */
#define QUIC_RETRY_FROM \
	64 /* handshakes under way, from which on clients must show that they are where they say */
#define QUIC_CLIENT_RETRY_FROM 8 /* the same of connections from one address */
#define QUIC_RETRY_S 10          /* how long a client may take for that */
#define QUIC_SENT_MAX 64         /* datagrams of one connection before others have their turn */

struct quic_server;
struct quic_connection;

/* One socket. */
struct quic_listener {
	uv_poll_t poll;
	struct quic_server *server;
	int fd;
	struct addr_port address;
	bool wildcard;
	unsigned place, places; /* as of struct socket_pair */
	struct packets *in, *out;
	unsigned out_count;
	uint64_t send_failed; /* base/counter.h */
};

struct quic_server {
	uv_loop_t *loop;
	struct pipeline *pipeline;
	struct quic_connection *connections; /* a doubly linked list */
	struct quic_connection *marked;      /* that have something to send */
	size_t connection_count, handshake_count;
	size_t connections_max; /* as it was when the last one came */
	struct tcp_clients clients;
	uint64_t refused; /* connections over a limit; base/counter.h */
	bool stopping, has_secret;
	uint8_t reset_secret[TLS_SECRET_BYTES]; /* of stateless resets; the same after a new start */
	uint8_t retry_secret[TLS_SECRET_BYTES];
	struct random_pool random;
	struct quic_ids ids;
	size_t listener_count;
	struct quic_listener listeners[CONFIG_LISTEN_MAX];
};

/* One query, from when the client opens the stream until it is closed and answered. */
struct quic_stream {
	struct quic_connection *connection;
	struct quic_stream *previous, *next; /* among those that are not closed */
	struct doq_message in;
	size_t held;         /* bytes that the client may not send elsewhere yet */
	struct quic_out out; /* its bytes are owned: the reply, until it has been taken */
	bool ended;          /* nothing more is read, or written, of it */
	bool asked;          /* its query has no reply yet */
	bool closed;         /* QUIC knows it no more */
	bool refused;        /* no reply is wanted, or none is given */
};

struct quic_connection {
	ngtcp2_conn *quic;    /* owned; NULL: it is over */
	struct tls_quic *tls; /* owned */
	struct quic_server *server;
	struct quic_listener *listener;
	struct quic_connection *previous, *next, *next_marked;
	uv_timer_t timer;
	struct quic_id *ids;
	struct addr_port client;    /* as it was shown to be there */
	struct addr_port validated; /* an address that was, last */
	struct tcp_client *client_place;
	char label[DEVICE_LABEL_MAX]; /* what the client calls itself; "": nothing */
	struct quic_stream *streams;
	size_t pending;    /* queries that have not been replied to */
	size_t out_bytes;  /* of replies */
	int64_t active_us; /* when there was a query or a reply last */
	enum doq_error broken;
	unsigned moves;
	ngtcp2_cid rebound; /* the id with which its NAT has moved it; no bytes: none has */
	bool secured, marked, timer_open;
};

/* ---- quic.c: what connections need of their server */

/* Where the next datagram of this socket is written, and then sent. */
uint8_t *quic_slot(struct quic_listener *listener);
void quic_send(struct quic_listener *listener, size_t length, const struct sockaddr *remote,
               socklen_t remote_length, const struct packet_place *from);
/* An id that leads to this worker. */
void quic_make_id(struct quic_listener *listener, ngtcp2_cid *id);
/* False: it can not be told; then there is none. */
bool quic_reset_token(struct quic_server *server, const ngtcp2_cid *id,
                      uint8_t token[NGTCP2_STATELESS_RESET_TOKENLEN]);

/* ---- quic_connection.c */

/* What a client's first datagram has said. */
struct quic_hello {
	ngtcp2_pkt_hd header;
	ngtcp2_cid first; /* the id that it had chosen itself */
	bool validated;   /* after a Retry */
};

/* Takes over `place`. NULL without memory, or while nothing can be shown. */
struct quic_connection *quic_connection_new(struct quic_listener *listener,
                                            const struct quic_hello *hello, const ngtcp2_path *path,
                                            struct tcp_client *place, struct now now);
/* May a datagram with this id that came that way be given to its connection? If not, it is as if nobody knew the id. See there. */
bool quic_connection_takes(const struct quic_id *id, const ngtcp2_path *path, bool is_long);
void quic_connection_receive(struct quic_id *id, const ngtcp2_path *path, const uint8_t *bytes,
                             size_t length, struct now now);
/* It has something to send, or its timer is to be set. */
void quic_connection_mark(struct quic_connection *connection);
void quic_connection_serve(struct quic_connection *connection, struct now now);
/* Tells the client that it is over. */
void quic_connection_end(struct quic_connection *connection, enum doq_error error);
/* When it is over and nobody knows of it any more. */
void quic_connection_free_when_done(struct quic_connection *connection);

/* ---- quic_streams.c */

void quic_streams_call(ngtcp2_callbacks *callbacks);
/* The next reply that waits; NULL: none. */
struct quic_out *quic_stream_next(void *connection);
/* The connection is over. */
void quic_streams_close(struct quic_connection *connection);

#endif
