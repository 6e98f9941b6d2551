/* The recursor's socket, see server.h. Replies of any length go over UDP: the interface takes 64 KiB, no network is between,
 * and so nobody comes back over TCP. */
#include "recursor/server.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <uv.h>

#include "dns/reply.h"

#define PACKETS_PER_WAKE_MAX 64    /* then libunbound's own sockets have their turn */
#define LOOPBACK_PAYLOAD_MAX 65507 /* of UDP over IPv4 */

struct server {
	uv_poll_t poll;
	int fd;
	struct resolver *resolver;
};

struct asker {
	struct server *server;
	struct dns_query query; /* for the reply that does not fit */
	struct sockaddr_storage peer;
	socklen_t peer_length;
};

/* Whoever does not get it asks again: there is nobody to tell. */
static void send_to(const struct asker *asker, const uint8_t *reply, size_t length)
{
	(void)!sendto(asker->server->fd, reply, length, MSG_DONTWAIT,
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

static void take(struct server *server, const uint8_t *packet, size_t length,
                 const struct sockaddr_storage *peer, socklen_t peer_length)
{
	struct asker *asker = malloc(sizeof *asker);
	if (!asker)
		return;
	asker->server = server;
	asker->peer = *peer;
	asker->peer_length = peer_length;
	enum query_parse parsed = dns_query_parse(packet, length, &asker->query);
	if (parsed == QUERY_OK &&
	    resolver_ask(server->resolver, &asker->query, on_answer, asker) == PF_OK)
		return;
	if (parsed == QUERY_OK)
		refuse(asker, DNS_RCODE_SERVFAIL);
	else if (parsed != QUERY_IGNORE)
		refuse(asker, parsed == QUERY_NOTIMP ? DNS_RCODE_NOTIMP : DNS_RCODE_FORMERR);
	free(asker);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct server *server = poll->data;
	uint8_t packet[DNS_MESSAGE_MAX];
	(void)status;
	(void)events;
	for (int i = 0; i < PACKETS_PER_WAKE_MAX; i++) {
		struct sockaddr_storage peer;
		socklen_t peer_length = sizeof peer;
		ssize_t length = recvfrom(server->fd, packet, sizeof packet, MSG_DONTWAIT,
		                          (struct sockaddr *)&peer, &peer_length);
		if (length < 0)
			return;
		take(server, packet, (size_t)length, &peer, peer_length);
	}
}

struct server *server_new(struct uv_loop_s *loop, int fd, struct resolver *resolver)
{
	struct server *server = calloc(1, sizeof *server);
	if (!server)
		return NULL;
	server->fd = fd;
	server->resolver = resolver;
	server->poll.data = server;
	if (!uv_poll_init(loop, &server->poll, fd) &&
	    !uv_poll_start(&server->poll, UV_READABLE, on_readable))
		return server;
	free(server);
	return NULL;
}
