/* The socket of loopback.h. */
#include "stream/loopback.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <uv.h>

#include "dns/reply.h"

#define PACKETS_PER_WAKE_MAX 64    /* then other sockets have their turn */
#define LOOPBACK_PAYLOAD_MAX 65507 /* of UDP over IPv4 */

struct loopback {
	uv_poll_t poll;
	int fd;
	loopback_ask ask;
	void *data; /* of `ask` */
};

struct asker {
	struct loopback *loopback;
	struct dns_query query; /* for the reply that does not fit */
	struct sockaddr_storage peer;
	socklen_t peer_length;
};

/* Whoever does not get it asks again: there is nobody to tell. */
static void send_to(const struct asker *asker, const uint8_t *reply, size_t length)
{
	(void)!sendto(asker->loopback->fd, reply, length, MSG_DONTWAIT,
	              (const struct sockaddr *)&asker->peer, asker->peer_length);
}

static void refuse(const struct asker *asker, unsigned rcode)
{
	uint8_t out[DNS_MESSAGE_MAX];
	const struct reply_options options = {.udp = true, .ede = DNS_EDE_NONE};
	send_to(asker, out, reply_error(out, &asker->query, rcode, &options));
}

static void on_answer(void *data, const uint8_t *reply, size_t length)
{
	struct asker *asker = data;
	if (length <= LOOPBACK_PAYLOAD_MAX)
		send_to(asker, reply, length);
	else
		refuse(asker, DNS_RCODE_SERVFAIL);
	free(asker);
}

static void take(struct loopback *loopback, const uint8_t *packet, size_t length,
                 const struct sockaddr_storage *peer, socklen_t peer_length)
{
	struct asker *asker = malloc(sizeof *asker);
	if (!asker)
		return;
	asker->loopback = loopback;
	asker->peer = *peer;
	asker->peer_length = peer_length;
	enum query_parse parsed = dns_query_parse(packet, length, &asker->query);
	if (parsed == QUERY_OK &&
	    loopback->ask(loopback->data, &asker->query, on_answer, asker) == PF_OK)
		return;
	if (parsed == QUERY_OK)
		refuse(asker, DNS_RCODE_SERVFAIL);
	else if (parsed != QUERY_IGNORE)
		refuse(asker, parsed == QUERY_NOTIMP ? DNS_RCODE_NOTIMP : DNS_RCODE_FORMERR);
	free(asker);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct loopback *loopback = poll->data;
	uint8_t packet[DNS_MESSAGE_MAX];
	(void)status;
	(void)events;
	for (int i = 0; i < PACKETS_PER_WAKE_MAX; i++) {
		struct sockaddr_storage peer;
		socklen_t peer_length = sizeof peer;
		ssize_t length = recvfrom(loopback->fd, packet, sizeof packet, MSG_DONTWAIT,
		                          (struct sockaddr *)&peer, &peer_length);
		if (length < 0)
			return;
		take(loopback, packet, (size_t)length, &peer, peer_length);
	}
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

struct loopback *loopback_new(struct uv_loop_s *loop, int fd, loopback_ask ask, void *data)
{
	struct loopback *loopback = calloc(1, sizeof *loopback);
	if (!loopback)
		return NULL;
	loopback->fd = fd;
	loopback->ask = ask;
	loopback->data = data;
	loopback->poll.data = loopback;
	if (uv_poll_init(loop, &loopback->poll, fd)) {
		free(loopback);
		return NULL;
	}
	if (uv_poll_start(&loopback->poll, UV_READABLE, on_readable))
		loopback_close(&loopback);
	return loopback;
}

void loopback_close(struct loopback **loopback)
{
	if (*loopback)
		uv_close((uv_handle_t *)&(*loopback)->poll, on_closed);
	*loopback = NULL;
}
