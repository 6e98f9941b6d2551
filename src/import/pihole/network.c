/* The table of network.h. */
#include "import/pihole/network.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"

#define DEVICES_MAX 65536 /* addresses whose MAC Pi-hole knows */
#define SLOT_COUNT (DEVICES_MAX * 2)

/* An address and the MAC that Pi-hole saw there. */
struct known {
	struct addr addr; /* family 0: empty */
	struct mac mac;
};

struct network {
	struct hash_key key;
	size_t count;
	struct known slots[SLOT_COUNT];
};

static size_t slot_of(const struct network *network, const struct addr *addr)
{
	size_t slot = hash_bytes(network->key, addr, sizeof *addr) % SLOT_COUNT;
	while (network->slots[slot].addr.family && !addr_equal(&network->slots[slot].addr, addr))
		slot = (slot + 1) % SLOT_COUNT;
	return slot;
}

static void take(struct network *network, sqlite3_stmt *row)
{
	struct addr addr = {0};
	struct mac mac;
	/* what has no MAC stands there as "ip-192.168.1.7" */
	if (addr_parse(database_text(row, 0), &addr) != PF_OK ||
	    mac_parse(database_text(row, 1), &mac) != PF_OK || network->count == DEVICES_MAX)
		return;
	struct known *known = &network->slots[slot_of(network, &addr)];
	network->count += !known->addr.family;
	*known = (struct known){addr, mac};
}

int network_read(sqlite3 *db, const char *path, struct network **out, char error[IMPORT_ERROR_MAX])
{
	sqlite3_stmt *row = NULL;
	struct network *network = *out = calloc(1, sizeof *network);
	if (!network) {
		snprintf(error, IMPORT_ERROR_MAX, "out of memory.");
		return PF_ENOMEM;
	}
	network->key = hash_key_random();
	if (!database_has(db, "network_addresses", "ip") || !database_has(db, "network", "hwaddr"))
		return PF_OK;
	int result = database_prepare(
		db, path,
		"SELECT a.ip, n.hwaddr FROM network_addresses a JOIN network n ON n.id = a.network_id",
		&row, error);
	while (result == PF_OK && (result = database_step(row, path, error)) == PF_OK)
		take(network, row);
	sqlite3_finalize(row);
	if (result == PF_ENOENT)
		return PF_OK;
	network_free(out);
	return result;
}

void network_free(struct network **network)
{
	free(*network);
	*network = NULL;
}

const struct mac *network_find(const struct network *network, const struct addr *addr)
{
	if (!network)
		return NULL;
	const struct known *known = &network->slots[slot_of(network, addr)];
	return known->addr.family ? &known->mac : NULL;
}
