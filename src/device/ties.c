/* What leases say to the book: whose an address is where the kernel does not know, how a device calls itself, and which
 * made-up MACs are one device. A phone that invents a MAC anew keeps its DHCP client identifier, or at least its host
 * name; a MAC that its vendor gave is never tied to another. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/book_state.h"
#include "device/lease_text.h"

#define DUID_LLT 1 /* RFC 8415, 11.2: type, hardware, time, link-layer address */
#define DUID_LL 3  /* 11.4: type, hardware, link-layer address */

const struct lease *book_lease_of(const struct book *book, const struct addr *addr)
{
	const struct address_entry *entry = table_look(book->lease_index, addr);
	return entry ? &book->leases[entry->sources].leases[entry->row] : NULL;
}

static struct addr client_key(const struct book *book, const struct lease *lease)
{
	if (!lease->client_length)
		return (struct addr){0};
	return key_of_bytes(book->key, KEY_CLIENT, lease->client, lease->client_length);
}

static struct addr host_key(const struct book *book, const struct lease *lease)
{
	char lower[LEASE_HOST_MAX];
	size_t length = 0;
	for (; lease->host[length]; length++)
		lower[length] = (char)(lease->host[length] >= 'A' && lease->host[length] <= 'Z'
		                           ? lease->host[length] | 0x20
		                           : lease->host[length]);
	return length ? key_of_bytes(book->key, KEY_HOST, lower, length) : (struct addr){0};
}

/* The MAC that a DUID was made of, when a device of that MAC is here. */
static uint32_t row_of_duid(const struct book *book, const struct lease *lease)
{
	const uint8_t *duid = lease->client;
	size_t at = duid[1] == DUID_LLT ? 8 : 4;
	struct mac mac;
	if (lease->client_length != at + sizeof mac || duid[0] || duid[2] || duid[3] != 1 ||
	    (duid[1] != DUID_LLT && duid[1] != DUID_LL))
		return ROW_NONE;
	memcpy(&mac, duid + at, sizeof mac);
	struct addr key = key_of_mac(&mac);
	return row_of_key(book, &key);
}

/* The configured device that the configuration ties such a lease to, by its client identifier before its host name. */
static uint32_t row_pinned(const struct book *book, const struct lease *lease)
{
	struct addr client = client_key(book, lease), host = host_key(book, lease);
	uint32_t row = client.family ? row_of_key(book, &client) : ROW_NONE;
	if (row < book->configured && addr_equal(&book->rows[row].pinned_client, &client))
		return row;
	row = host.family ? row_of_key(book, &host) : ROW_NONE;
	bool pinned = row < book->configured && addr_equal(&book->rows[row].pinned_host, &host);
	return pinned ? row : ROW_NONE;
}

uint32_t book_row_of_client(const struct book *book, const struct lease *lease)
{
	struct addr key = client_key(book, lease);
	uint32_t row = key.family ? row_of_key(book, &key) : ROW_NONE;
	if (row == ROW_NONE)
		row = row_pinned(book, lease);
	return row != ROW_NONE || lease->client_length < 4 ? row : row_of_duid(book, lease);
}

bool book_pin(struct book *book)
{
	for (uint32_t i = 0; i < book->configured; i++) {
		const struct config_device *device = &book->config->devices[i];
		struct row *row = &book->rows[i];
		struct lease lease = {0};
		lease_set_client_bytes(&lease, device->client, device->client_length);
		memcpy(lease.host, device->hostname, sizeof lease.host);
		row->pinned_client = client_key(book, &lease);
		row->pinned_host = host_key(book, &lease);
		if (row->pinned_client.family && !row_put_key(book, &row->pinned_client, i))
			return false;
		if (row->pinned_host.family && !row_put_key(book, &row->pinned_host, i))
			return false;
	}
	return true;
}

/* ---- one device, several MACs ------------------------------------------------------------ */

/* All that leads to `from` leads to `into`. */
static void join(struct book *book, uint32_t from, uint32_t into, int64_t wall_us, const char *why)
{
	char id[DEVICE_ID_MAX];
	struct mac mac = book->rows[from].device.mac;
	int64_t since_us = book->rows[from].first_wall_us;
	strcpy(id, book->rows[from].device.id);
	for (size_t i = 0; i <= book->keys->mask; i++) {
		struct address_entry *entry = &book->keys->slots[i];
		if (entry->addr.family && entry->row == from) {
			entry->row = into;
			book->rows[into].address_count += entry->counted != COUNTED_NOT;
			book->rows[into].neighbour_count += entry->counted == COUNTED_NEIGHBOUR;
		}
	}
	row_inherit(book, from, into);
	row_forget(book, from);
	struct addr key = key_of_mac(&mac);
	(void)row_put_key(book, &key, into); /* it was there: no memory is needed */
	book_note_change(book, DEVICE_MERGED, id, &book->rows[into].device, since_us, wall_us, why);
}

static bool may_join(const struct book *book, uint32_t row, const struct mac *mac)
{
	return row >= book->configured && !row_is_somebody(&book->rows[row]) && mac_is_local(mac) &&
	       mac_equal(&book->rows[row].device.mac, mac);
}

static uint32_t tie_by_client(struct book *book, const struct lease *lease, uint32_t row,
                              int64_t wall_us)
{
	struct addr key = client_key(book, lease);
	uint32_t other = key.family ? row_of_key(book, &key) : ROW_NONE;
	if (!key.family || other == row)
		return row;
	if (other != ROW_NONE && may_join(book, row, &lease->mac)) {
		join(book, row, other, wall_us, "its DHCP client identifier is the same");
		return other;
	}
	row_move_key(book, &book->rows[row].client_key, &key, row);
	return row;
}

static uint32_t tie_by_host(struct book *book, const struct lease *lease, uint32_t row,
                            int64_t wall_us)
{
	char why[96];
	struct addr key = host_key(book, lease);
	uint32_t other = key.family ? row_of_key(book, &key) : ROW_NONE;
	if (!key.family || other == row)
		return row;
	/* Names are not unique: only who has left, with no neighbour and no lease, can have come back, and only with
	 * another made-up MAC. */
	bool gone = other != ROW_NONE && book->rows[other].device.has_mac &&
	            mac_is_local(&book->rows[other].device.mac) && !book->rows[other].address_count;
	if (gone && !lease->client_length && may_join(book, row, &lease->mac)) {
		snprintf(why, sizeof why, "its host name is %s again", lease->host);
		join(book, row, other, wall_us, why);
		return other;
	}
	if (other == ROW_NONE)
		row_move_key(book, &book->rows[row].host_key, &key, row);
	return row;
}

/* The MAC gets a row of its own; `row` when there is no memory for it. */
static uint32_t part(struct book *book, const struct lease *lease, uint32_t row, int64_t wall_us,
                     const char *why)
{
	struct device device;
	struct addr mac = key_of_mac(&lease->mac);
	(void)registry_resolve(book->registry, NULL, &lease->mac, &device);
	uint32_t made = row_make(book, &device, wall_us);
	if (made == ROW_NONE)
		return row;
	(void)row_put_key(book, &mac, made);
	book_note_change(book, DEVICE_SPLIT, book->rows[row].device.id, &book->rows[made].device,
	                 wall_us, wall_us, why);
	return made;
}

/* What the owner ties together: the MAC of the lease is the configured device's, whoever made it. Where the lease says
 * something else than it did, the MAC is another thing. */
static uint32_t tie_pinned(struct book *book, const struct lease *lease, uint32_t row,
                           int64_t wall_us)
{
	uint32_t pinned = row_pinned(book, lease);
	const struct device *device = &book->rows[row].device;
	bool own = device->has_mac && mac_equal(&device->mac, &lease->mac);
	if (pinned == row || (pinned == ROW_NONE && (row >= book->configured || own)))
		return row;
	if (pinned == ROW_NONE)
		return part(book, lease, row, wall_us, "its lease names it otherwise");
	if (row < book->configured && own)
		return row; /* the configuration names the MAC as another device's */
	if (row < book->configured)
		row = part(book, lease, row, wall_us, "its lease names another device");
	if (row < book->configured)
		return row;
	join(book, row, pinned, wall_us, "the configuration names its lease");
	return pinned;
}

/* A MAC that was tied to a device and now has a client identifier of its own was tied wrongly. */
static uint32_t split(struct book *book, const struct lease *lease, uint32_t row, int64_t wall_us)
{
	struct addr key = client_key(book, lease);
	const struct row *tied = &book->rows[row];
	if (mac_equal(&tied->device.mac, &lease->mac) || !tied->device.has_mac || !key.family ||
	    !tied->client_key.family || addr_equal(&tied->client_key, &key))
		return row;
	return part(book, lease, row, wall_us, "its DHCP client identifier is another one");
}

static void apply(struct book *book, const struct lease *lease, int64_t wall_us)
{
	if (!lease
	         ->has_mac) /* those that have one, which come first, may have told whose identifier it is */
		book_settle(book, &lease->addr, wall_us);
	uint32_t row = row_of_key(book, &lease->addr);
	if (lease->has_mac) {
		struct addr mac = key_of_mac(&lease->mac);
		uint32_t of_mac = row_of_key(book, &mac);
		/* where the kernel knows another MAC at the address, the lease speaks of somebody else */
		if (of_mac == ROW_NONE)
			return;
		bool same = of_mac == row;
		row = tie_pinned(book, lease, of_mac, wall_us);
		if (row_pinned(book, lease) == ROW_NONE) {
			row = split(book, lease, row, wall_us);
			row = tie_by_client(book, lease, row, wall_us);
			row = tie_by_host(book, lease, row, wall_us);
		}
		if (same)
			book_settle(book, &lease->addr, wall_us);
	}
	if (row == ROW_NONE || !lease->host[0])
		return;
	book->rows[row].host_is_reverse = false;
	if (!strcmp(book->rows[row].host, lease->host))
		return;
	memcpy(book->rows[row].host, lease->host, sizeof lease->host);
	row_retag(book, row);
}

/* ---- files ------------------------------------------------------------------------------- */

_Static_assert(CONFIG_LEASE_FILES_MAX <= 16, "four bits of an entry say which file");

int book_leases(struct book *book, size_t file, struct lease_list *list, struct now now)
{
	/* Room first, so that the old ones go only when the new ones can come. */
	struct address_table *index = table_new(book->key, book->lease_index->count + list->count);
	if (!index)
		return PF_ENOMEM;
	struct lease_list old = book->leases[file];
	for (size_t f = 0; f < CONFIG_LEASE_FILES_MAX; f++) {
		const struct lease_list *from = f == file ? list : &book->leases[f];
		for (size_t i = 0; i < from->count; i++) {
			struct address_entry *entry = table_put(&index, &from->leases[i].addr);
			if (!entry)
				continue;
			entry->sources = f;
			entry->row = (uint32_t)i;
		}
	}
	table_free(&book->lease_index);
	book->lease_index = index;
	book->leases[file] = *list;
	*list = (struct lease_list){0};
	for (size_t i = 0; i < old.count; i++) {
		struct address_entry *entry = table_find(book->keys, &old.leases[i].addr);
		if (!entry)
			continue;
		if (!book_lease_of(book, &old.leases[i].addr))
			entry->sources &= ~FROM_LEASE & 0xf;
		book_settle(book, &old.leases[i].addr, now.wall_us);
	}
	lease_list_deinit(&old);
	for (size_t i = 0; i < book->leases[file].count; i++) {
		const struct lease *lease = &book->leases[file].leases[i];
		struct address_entry *entry = table_put(&book->keys, &lease->addr);
		if (!entry)
			continue;
		entry->sources |= FROM_LEASE;
		book_settle(book, &lease->addr, now.wall_us);
	}
	/* All addresses first: who has one has not left. */
	for (size_t i = 0; i < book->leases[file].count; i++)
		apply(book, &book->leases[file].leases[i], now.wall_us);
	return PF_OK;
}
