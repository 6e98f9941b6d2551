/* Private to net/: a UDP socket of one worker: packets come in and leave in batches
 * (recvmmsg, sendmmsg) on a uv_poll, and replies leave from the address that was asked. */
#ifndef PF_NET_UDP_H
#define PF_NET_UDP_H

#include <uv.h>

#include "net/packets.h"
#include "net/sockets.h"
#include "pipeline/pipeline.h"

struct udp_listener {
	uv_poll_t poll;
	int fd;
	struct addr_port address;
	bool wildcard;
	struct pipeline *pipeline;
	struct packets *in, *out;
	unsigned out_count;
	bool taking;          /* a batch: its replies leave together */
	uint64_t send_failed; /* base/counter.h */
};

/* Takes over pair->udp. PF_OK, PF_ENOMEM, PF_EIO. */
PF_MUST_CHECK int udp_listen(struct udp_listener *listener, uv_loop_t *loop,
                             struct socket_pair *pair, struct pipeline *pipeline);
/* No more packets are taken; replies may still leave. */
void udp_stop(struct udp_listener *listener);
/* Sends what has been gathered. */
void udp_flush(struct udp_listener *listener);
/* Closes the handle and the socket; the memory of the batches is freed in its close callback. */
void udp_close(struct udp_listener *listener);

#endif
