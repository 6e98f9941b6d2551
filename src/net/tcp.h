/* Private to net/: DNS over TCP (RFC 7766) and over TLS (RFC 7858): pipelined queries, answered in the order in which the answers are ready;
 * bounded in connections, in connections of one client, in queries under way and in time. */
#ifndef PF_NET_TCP_H
#define PF_NET_TCP_H

#include <uv.h>

#include "net/sockets.h"
#include "net/tcp_clients.h"
#include "pipeline/pipeline.h"
#include "stream/stream.h"

#define TCP_PENDING_MAX 128 /* queries under way on one connection; then it is not read from */
#define TCP_QUEUE_BYTES_MAX \
	(256 << 10) /* replies that the client has not taken; then it is not read from */
#define TCP_QUERY_BYTES_MAX 4096 /* a longer query ends the connection */

struct tcp_connection;

struct tcp_listener {
	uv_tcp_t handle;
	struct tcp_server *server;
	enum protocol protocol;
};

/* All TCP of one worker. */
struct tcp_server {
	uv_loop_t *loop;
	struct pipeline *pipeline;
	struct tcp_connection *connections; /* a doubly linked list */
	size_t connection_count, handshake_count;
	size_t connections_max; /* listen.connections, as it was when the last one came */
	struct tcp_clients clients;
	uint64_t refused; /* connections over a limit; base/counter.h */
	bool stopping;
	struct stream_room room;
	size_t listener_count;
	struct tcp_listener listeners[CONFIG_LISTEN_MAX];
};

void tcp_server_init(struct tcp_server *server, uv_loop_t *loop, struct pipeline *pipeline);
/* Takes over pair->tcp. PF_OK, PF_EIO. */
PF_MUST_CHECK int tcp_listen(struct tcp_server *server, struct socket_pair *pair);
/* Closes the listeners; connections are no longer read from. */
void tcp_server_stop(struct tcp_server *server);
/* Closes all connections; what is queued for them has had its chance. */
void tcp_server_close(struct tcp_server *server);

#endif
