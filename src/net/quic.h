/* Private to net/: DNS over QUIC (RFC 9250) of one worker: its sockets, which connection a datagram belongs to, and who is
 * let in. A client's address is believed once it has answered there: under pressure with Retry, before anything is kept
 * of it. */
#ifndef PF_NET_QUIC_H
#define PF_NET_QUIC_H

#include <uv.h>

#include "net/sockets.h"
#include "pipeline/pipeline.h"

struct quic_server;

/* Takes over pair->udp; the first time it makes the server, which is the caller's. PF_OK, PF_ENOMEM, PF_EIO. */
PF_MUST_CHECK int quic_listen(struct quic_server **server, uv_loop_t *loop,
                              struct pipeline *pipeline, struct socket_pair *pair);

/* All of these take NULL. No more datagrams are read; replies still leave. */
void quic_server_stop(struct quic_server *server);
/* Sends what there is to send. */
void quic_server_flush(struct quic_server *server);
/* Tells all clients that their connection is over, and closes the sockets. */
void quic_server_close(struct quic_server *server);
/* Once the loop has ended. */
void quic_server_free(struct quic_server **server);

#endif
