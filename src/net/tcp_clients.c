/* The table of tcp_clients.h. */
#include "net/tcp_clients.h"

#include <stdlib.h>

static struct tcp_client **bucket_of(struct tcp_clients *clients, const struct addr *addr)
{
	uint64_t hash =
		hash_bytes(clients->key, addr->bytes, addr->family == 4 ? 4 : sizeof addr->bytes);
	return &clients->buckets[hash % TCP_CLIENT_BUCKETS];
}

struct tcp_client *tcp_client_enter(struct tcp_clients *clients, const struct addr *addr)
{
	struct tcp_client **bucket = bucket_of(clients, addr), *client = *bucket;
	while (client && !addr_equal(&client->addr, addr))
		client = client->next;
	if (client && client->connections >= TCP_CLIENT_CONNECTIONS_MAX)
		return NULL;
	if (!client) {
		client = calloc(1, sizeof *client);
		if (!client)
			return NULL;
		client->addr = *addr;
		client->next = *bucket;
		*bucket = client;
	}
	client->connections++;
	return client;
}

void tcp_client_leave(struct tcp_clients *clients, struct tcp_client *client)
{
	if (!client || --client->connections)
		return;
	struct tcp_client **at = bucket_of(clients, &client->addr);
	while (*at != client)
		at = &(*at)->next;
	*at = client->next;
	free(client);
}
