/* UDP in batches, see udp.h. */
#define _GNU_SOURCE
#include "net/udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/counter.h"

#define CONTROL_BYTES 64 /* one pktinfo of either family, with its header */

_Static_assert(CMSG_SPACE(sizeof(struct in6_pktinfo)) <= CONTROL_BYTES, "pktinfo fits");
_Static_assert(DNS_UDP_REPLY_MAX <= UDP_QUERY_BYTES, "one size of slot for both ways");

struct udp_batch {
	struct mmsghdr messages[UDP_BATCH];
	struct iovec vectors[UDP_BATCH];
	struct sockaddr_storage peers[UDP_BATCH];
	_Alignas(struct cmsghdr) uint8_t control[UDP_BATCH][CONTROL_BYTES];
	uint8_t bytes[UDP_BATCH][UDP_QUERY_BYTES];
};

static struct udp_batch *batch_new(void)
{
	struct udp_batch *batch = calloc(1, sizeof *batch);
	if (!batch)
		return NULL;
	for (size_t i = 0; i < UDP_BATCH; i++) {
		batch->vectors[i] = (struct iovec){batch->bytes[i], UDP_QUERY_BYTES};
		batch->messages[i].msg_hdr = (struct msghdr){
			.msg_name = &batch->peers[i],
			.msg_iov = &batch->vectors[i],
			.msg_iovlen = 1,
		};
	}
	return batch;
}

/* ---- out --------------------------------------------------------------------------------- */

void udp_flush(struct udp_listener *listener)
{
	unsigned sent = 0;
	while (sent < listener->out_count) {
		int now =
			sendmmsg(listener->fd, listener->out->messages + sent, listener->out_count - sent, 0);
		if (now > 0) {
			sent += (unsigned)now;
			continue;
		}
		if (errno == EINTR)
			continue;
		/* This one can not leave (its network is gone, the buffer is full): the others may. */
		counter_add(&listener->send_failed, 1);
		sent++;
	}
	listener->out_count = 0;
}

/* The control message that makes the reply leave from `query->local`. */
static void set_source(struct udp_listener *listener, struct msghdr *header, uint8_t *control,
                       const struct query *query)
{
	if (!listener->wildcard || !query->local.family) {
		header->msg_control = NULL;
		header->msg_controllen = 0;
		return;
	}
	memset(control, 0, CONTROL_BYTES);
	header->msg_control = control;
	header->msg_controllen = CONTROL_BYTES;
	struct cmsghdr *message = CMSG_FIRSTHDR(header);
	if (listener->v6) {
		struct in6_pktinfo info = {.ipi6_ifindex = query->interface};
		memcpy(&info.ipi6_addr, query->local.bytes, 16);
		message->cmsg_level = IPPROTO_IPV6;
		message->cmsg_type = IPV6_PKTINFO;
		message->cmsg_len = CMSG_LEN(sizeof info);
		memcpy(CMSG_DATA(message), &info, sizeof info);
		header->msg_controllen = CMSG_SPACE(sizeof info);
	} else {
		struct in_pktinfo info = {0};
		memcpy(&info.ipi_spec_dst, query->local.bytes, 4);
		message->cmsg_level = IPPROTO_IP;
		message->cmsg_type = IP_PKTINFO;
		message->cmsg_len = CMSG_LEN(sizeof info);
		memcpy(CMSG_DATA(message), &info, sizeof info);
		header->msg_controllen = CMSG_SPACE(sizeof info);
	}
}

static void reply(struct query *query, const uint8_t *bytes, size_t length)
{
	struct udp_listener *listener = query->transport;
	if (!length)
		return;
	if (listener->out_count == UDP_BATCH)
		udp_flush(listener);
	unsigned slot = listener->out_count++;
	struct udp_batch *out = listener->out;
	memcpy(out->bytes[slot], bytes, length);
	out->vectors[slot].iov_len = length;
	memcpy(&out->peers[slot], &query->peer, query->peer_length);
	struct msghdr *header = &out->messages[slot].msg_hdr;
	header->msg_namelen = query->peer_length;
	set_source(listener, header, out->control[slot], query);
}

/* ---- in ---------------------------------------------------------------------------------- */

static void note_local(struct query *query, struct msghdr *header)
{
	for (struct cmsghdr *m = CMSG_FIRSTHDR(header); m; m = CMSG_NXTHDR(header, m)) {
		if (m->cmsg_level == IPPROTO_IP && m->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;
			memcpy(&info, CMSG_DATA(m), sizeof info);
			query->local.family = 4;
			memcpy(query->local.bytes, &info.ipi_spec_dst, 4);
		} else if (m->cmsg_level == IPPROTO_IPV6 && m->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;
			memcpy(&info, CMSG_DATA(m), sizeof info);
			query->local.family = 6;
			memcpy(query->local.bytes, &info.ipi6_addr, 16);
			/* Only link-local replies need the interface; others may go by another way. */
			if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
				query->interface = info.ipi6_ifindex;
		}
	}
}

static void take(struct udp_listener *listener, struct mmsghdr *message, struct now now)
{
	struct query *query = pipeline_query_new(listener->pipeline);
	if (!query)
		return;
	struct msghdr *header = &message->msg_hdr;
	query->protocol = PROTOCOL_UDP;
	query->reply = reply;
	query->transport = listener;
	query->listener = &listener->address;
	query->peer_length = header->msg_namelen;
	memcpy(&query->peer, header->msg_name, header->msg_namelen);
	if (addr_from_sockaddr(header->msg_name, &query->client) != PF_OK || !query->client.port)
		query->client = (struct addr_port){0}; /* nobody may ask from there */
	if (listener->wildcard)
		note_local(query, header);
	pipeline_receive(listener->pipeline, query, header->msg_iov->iov_base, message->msg_len, now);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	(void)events;
	struct udp_listener *listener = poll->data;
	struct udp_batch *in = listener->in;
	if (status < 0)
		return;
	for (int round = 0; round < UDP_ROUNDS_MAX; round++) {
		for (size_t i = 0; i < UDP_BATCH; i++) {
			struct msghdr *header = &in->messages[i].msg_hdr;
			header->msg_namelen = sizeof in->peers[i];
			header->msg_control = listener->wildcard ? in->control[i] : NULL;
			header->msg_controllen = listener->wildcard ? CONTROL_BYTES : 0;
		}
		int count = recvmmsg(listener->fd, in->messages, UDP_BATCH, MSG_DONTWAIT, NULL);
		if (count <= 0)
			break;
		struct now now = clock_now();
		rcu_read_lock();
		pipeline_expect(listener->pipeline, in->peers, (size_t)count);
		for (int i = 0; i < count; i++)
			take(listener, &in->messages[i], now);
		rcu_read_unlock();
		udp_flush(listener);
		if (count < UDP_BATCH)
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
		.v6 = pair->address.addr.family == 6,
		.pipeline = pipeline,
		.in = batch_new(),
		.out = batch_new(),
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
