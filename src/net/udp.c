/* UDP in batches, see udp.h. */
#define _GNU_SOURCE
#include "net/udp.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/counter.h"

/* Of those that become ready one by one, so many leave together: a call for each would cost more than the packet, and the first
 * must not wait for all that the loop has in hand. */
#define REPLIES_TOGETHER 4

_Static_assert(DNS_UDP_REPLY_MAX <= PACKET_BYTES, "one size of slot for both ways");

/* ---- out --------------------------------------------------------------------------------- */

void udp_flush(struct udp_listener *listener)
{
	unsigned failed = packets_send(listener->out, listener->fd, listener->out_count);
	if (failed)
		counter_add(&listener->send_failed, failed);
	listener->out_count = 0;
}

static void reply(struct query *query, const uint8_t *bytes, size_t length)
{
	struct udp_listener *listener = query->transport;
	if (!length)
		return;
	if (listener->out_count == PACKETS_MAX)
		udp_flush(listener);
	unsigned slot = listener->out_count++;
	struct packets *out = listener->out;
	memcpy(out->bytes[slot], bytes, length);
	out->vectors[slot].iov_len = length;
	memcpy(&out->peers[slot], &query->peer, query->peer_length);
	struct msghdr *header = &out->messages[slot].msg_hdr;
	header->msg_namelen = query->peer_length;
	const struct packet_place from = {query->local, query->interface};
	packet_leaves_from(out, slot, &from);
	if (!listener->taking && listener->out_count >= REPLIES_TOGETHER)
		udp_flush(listener);
}

/* ---- in ---------------------------------------------------------------------------------- */

/* The query of a message, or NULL when it is done already. */
static struct query *take(struct udp_listener *listener, struct mmsghdr *message, struct now now)
{
	struct query *query = pipeline_query_new(listener->pipeline);
	if (!query)
		return NULL;
	struct msghdr *header = &message->msg_hdr;
	query->protocol = PROTOCOL_UDP;
	query->reply = reply;
	query->transport = listener;
	query->listener = &listener->address;
	query->peer_length = header->msg_namelen;
	memcpy(&query->peer, header->msg_name, header->msg_namelen);
	if (addr_from_sockaddr(header->msg_name, &query->client) != PF_OK || !query->client.port)
		query->client = (struct addr_port){0}; /* nobody may ask from there */
	if (listener->wildcard) {
		struct packet_place to = {.interface = 0};
		packet_place_read(header, &to);
		query->local = to.local;
		query->interface = to.interface;
	}
	return pipeline_admit(listener->pipeline, query, header->msg_iov->iov_base, message->msg_len,
	                      now)
	           ? query
	           : NULL;
}

static void take_all(struct udp_listener *listener, struct mmsghdr *messages, int count)
{
	struct now now = clock_now();
	rcu_read_lock();
	pipeline_expect(listener->pipeline, listener->in->peers, (size_t)count);
	for (int i = 0; i < count;) {
		struct query *queries[PIPELINE_RUN_MAX];
		size_t admitted = 0;
		for (int end = i + PIPELINE_RUN_MAX; i < count && i < end; i++) {
			queries[admitted] = take(listener, &messages[i], now);
			admitted += queries[admitted] != NULL;
		}
		pipeline_run(listener->pipeline, queries, admitted);
	}
	rcu_read_unlock();
}

/* Where several came at once, more have come meanwhile, and to look costs less than to be woken. But behind a second batch with questions
 * for upstreams, what those have answered meanwhile comes first. */
static void on_readable(uv_poll_t *poll, int status, int events)
{
	(void)events;
	struct udp_listener *listener = poll->data;
	struct packets *in = listener->in;
	const uint64_t *in_flight = &listener->pipeline->counters.in_flight;
	if (status < 0)
		return;
	for (int round = 0; round < PACKET_ROUNDS_MAX; round++) {
		int count = packets_receive(in, listener->fd, listener->wildcard);
		if (count <= 0)
			break;
		uint64_t waiting = *in_flight;
		listener->taking = true;
		take_all(listener, in->messages, count);
		listener->taking = false;
		udp_flush(listener);
		bool to_upstreams = *in_flight > waiting;
		if (count == 1 || (round && to_upstreams))
			break;
	}
}

/* ---- life -------------------------------------------------------------------------------- */

int udp_listen(struct udp_listener *listener, uv_loop_t *loop, struct socket_pair *pair,
               struct pipeline *pipeline)
{
	*listener = (struct udp_listener){
		.fd = pair->udp,
		.address = pair->address,
		.wildcard = pair->wildcard,
		.pipeline = pipeline,
		.in = packets_new(),
		.out = packets_new(),
	};
	if (!listener->in || !listener->out) {
		free(listener->in);
		free(listener->out);
		return PF_ENOMEM;
	}
	if (uv_poll_init(loop, &listener->poll, listener->fd)) {
		free(listener->in);
		free(listener->out);
		return PF_EIO;
	}
	pair->udp = -1;
	listener->poll.data = listener;
	if (uv_poll_start(&listener->poll, UV_READABLE, on_readable)) {
		udp_close(listener);
		return PF_EIO;
	}
	return PF_OK;
}

void udp_stop(struct udp_listener *listener)
{
	uv_poll_stop(&listener->poll);
}

static void on_closed(uv_handle_t *handle)
{
	struct udp_listener *listener = handle->data;
	free(listener->in);
	free(listener->out);
	listener->in = listener->out = NULL;
}

void udp_close(struct udp_listener *listener)
{
	udp_flush(listener);
	uv_close((uv_handle_t *)&listener->poll, on_closed);
	close(listener->fd);
}
