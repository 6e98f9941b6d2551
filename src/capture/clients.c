/* MACs in open addressing, each with the few addresses that it was seen with. Only those of IPv4 count: of IPv6 a device has as many as
 * it likes (RFC 8981). */
#include "capture/clients.h"

#include <stdlib.h>
#include <string.h>

#include "capture/replay.h"

#define SLOT_COUNT (CLIENTS_MAX * 2)

struct client {
	bool used, router;
	struct mac mac;
	uint8_t count;
	uint8_t addresses[REPLAY_ROUTER_ADDRESSES][4];
};

struct clients {
	struct hash_key key;
	size_t count, routers;
	struct client slots[SLOT_COUNT];
};

struct clients *clients_new(void)
{
	struct clients *clients = calloc(1, sizeof *clients);
	if (clients)
		clients->key = hash_key_random();
	return clients;
}

void clients_free(struct clients **clients)
{
	free(*clients);
	*clients = NULL;
}

bool clients_is_router(struct clients *clients, const struct mac *mac, const struct addr *addr)
{
	size_t slot = hash_bytes(clients->key, mac->bytes, sizeof mac->bytes) % SLOT_COUNT;
	while (clients->slots[slot].used && !mac_equal(&clients->slots[slot].mac, mac))
		slot = (slot + 1) % SLOT_COUNT;
	struct client *client = &clients->slots[slot];
	if (!client->used) {
		if (clients->count == CLIENTS_MAX)
			return false;
		clients->count++;
		client->used = true;
		client->mac = *mac;
	}
	if (client->router || addr->family != 4)
		return client->router;
	for (size_t i = 0; i < client->count; i++)
		if (!memcmp(client->addresses[i], addr->bytes, 4))
			return false;
	if (client->count < REPLAY_ROUTER_ADDRESSES) {
		memcpy(client->addresses[client->count++], addr->bytes, 4);
		return false;
	}
	client->router = true;
	clients->routers++;
	return true;
}

size_t clients_routers(const struct clients *clients)
{
	return clients->routers;
}
