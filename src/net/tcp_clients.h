/* Private to net/: how many connections each client of a worker has. A step for each that comes or goes, however many there are. */
#ifndef PF_NET_TCP_CLIENTS_H
#define PF_NET_TCP_CLIENTS_H

#include "base/addr.h"
#include "base/hash.h"

#define TCP_CLIENT_CONNECTIONS_MAX 64 /* of one client address in one worker */
#define TCP_CLIENT_BUCKETS 1024

struct tcp_client {
	struct tcp_client *next; /* in its bucket */
	struct addr addr;
	unsigned connections;
};

/* Zeroed at first, but for the key. */
struct tcp_clients {
	struct hash_key key;
	struct tcp_client *buckets[TCP_CLIENT_BUCKETS];
};

/* One more connection of this client; NULL: it has as many as it may, or there is no memory. */
struct tcp_client *tcp_client_enter(struct tcp_clients *clients, const struct addr *addr);
/* It is over. NULL is allowed. */
void tcp_client_leave(struct tcp_clients *clients, struct tcp_client *client);

#endif
