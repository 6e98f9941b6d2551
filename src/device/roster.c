/* The roster of roster.h: look-ups only; the book makes it. */
#include "device/roster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A row's mark costs a read in all seconds but the first query of each. */
static void mark(const struct roster *roster, uint32_t row, int64_t wall_us)
{
	struct sight *sight = &roster->sights->rows[row];
	uint32_t now_s = (uint32_t)(wall_us / 1000000);
	if (__atomic_load_n(&sight->last_s, __ATOMIC_RELAXED) == now_s)
		return;
	__atomic_store_n(&sight->last_s, now_s, __ATOMIC_RELAXED);
	/* two workers in one moment may count one second for two: nobody's life hangs on it */
	uint32_t seconds = __atomic_load_n(&sight->seconds, __ATOMIC_RELAXED);
	__atomic_store_n(&sight->seconds, seconds + 1, __ATOMIC_RELAXED);
}

static int row_of_key(const struct roster *roster, const struct addr *key)
{
	const struct address_entry *entry = table_look(roster->keys, key);
	return entry ? (int)entry->row : -1;
}

static int row_of_name(const struct roster *roster, const struct registry *registry,
                       const char *name, struct device *device)
{
	int row = registry_by_name(registry, name);
	if (row >= 0)
		return row;
	*device = (struct device){.tags = tag_bit(TAG_ALL) | tag_bit(TAG_UNKNOWN)};
	memcpy(device->id, "client:", 7);
	strcpy(device->id + 7, name);
	strcpy(device->name, name);
	struct addr key = key_of_bytes(roster->keys->key, KEY_WORD, name, strlen(name));
	return row_of_key(roster, &key);
}

/* The asker's row, or -1 with the device that it will be. */
static int row_of(const struct roster *roster, const struct registry *registry,
                  const struct asker *asker, struct device *device)
{
	int row = -1;
	if (asker->has_mac) {
		struct addr key = key_of_mac(&asker->mac);
		row = row_of_key(roster, &key);
		return row >= 0 ? row : registry_resolve(registry, NULL, &asker->mac, device);
	}
	if (asker->name[0])
		return row_of_name(roster, registry, asker->name, device);
	row = asker->subnet.length ? registry_by_network(registry, &asker->subnet) : -1;
	if (row < 0)
		row = row_of_key(roster, &asker->addr);
	return row >= 0 ? row : registry_resolve(registry, &asker->addr, NULL, device);
}

bool roster_identify(const struct roster *roster, const struct registry *registry,
                     const struct asker *asker, int64_t wall_us, struct device *device)
{
	int row = row_of(roster, registry, asker, device);
	if (row < 0)
		return false;
	*device = roster->rows[row];
	mark(roster, (uint32_t)row, wall_us);
	return true;
}

static int by_text(const struct roster *roster, const char *text)
{
	int by_case = PF_ENOENT, by_id = PF_ENOENT;
	for (size_t i = 0; i < roster->count; i++) {
		const struct device *device = &roster->rows[i];
		if (!device->id[0])
			continue;
		if (!strcmp(device->name, text))
			return (int)i;
		if (by_case < 0 && !strcasecmp(device->name, text))
			by_case = (int)i;
		if (by_id < 0 && !strcmp(device->id, text))
			by_id = (int)i;
	}
	return by_case >= 0 ? by_case : by_id;
}

/* A MAC that nobody has named may stand at an address that somebody has. */
static int row_at_address_of(const struct roster *roster, const struct mac *mac)
{
	int found = -1;
	for (size_t i = 0; i <= roster->keys->mask; i++) {
		const struct address_entry *entry = &roster->keys->slots[i];
		bool is_address = entry->addr.family == 4 || entry->addr.family == 6;
		if (is_address && mac_equal(&entry->mac, mac) && (found < 0 || (int)entry->row < found))
			found = (int)entry->row; /* of several the first, whatever the order of the table */
	}
	return found;
}

int roster_find(const struct roster *roster, const struct registry *registry, const char *text,
                struct device *device)
{
	struct asker asker = {0};
	int row = by_text(roster, text);
	if (row < 0 && mac_parse(strncmp(text, "mac:", 4) ? text : text + 4, &asker.mac) == PF_OK)
		asker.has_mac = true;
	else if (row < 0 && addr_parse(strncmp(text, "ip:", 3) ? text : text + 3, &asker.addr) != PF_OK)
		return PF_ENOENT;
	addr_unmap(&asker.addr);
	if (row < 0)
		row = row_of(roster, registry, &asker, device);
	if (row < 0 && asker.has_mac)
		row = row_at_address_of(roster, &asker.mac);
	if (row >= 0)
		*device = roster->rows[row];
	return row >= 0 ? row : (int)roster->count;
}

void roster_free(struct roster **roster)
{
	if (!*roster)
		return;
	table_free(&(*roster)->keys);
	large_free(*roster, (*roster)->bytes);
	*roster = NULL;
}

static void free_later(struct rcu_head *head)
{
	struct roster *roster = (struct roster *)((char *)head - offsetof(struct roster, rcu));
	roster_free(&roster);
}

void roster_retire(struct roster *roster)
{
	if (roster)
		call_rcu(&roster->rcu, free_later);
}
