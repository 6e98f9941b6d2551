/* A new configuration for the book: everything is built aside from what is known, and takes the old one's place only when
 * it is whole. And the roster, which workers read. */
#include <stdlib.h>
#include <string.h>

#include "device/book_state.h"

#define FETCH_AHEAD 16 /* slots: as long as memory takes, about */
#define ROOM_SPARE 64  /* rows beyond those that are there */

/* ---- the roster -------------------------------------------------------------------------- */

/* Keys to rows, and the MACs that stand at addresses which the configuration names. */
static void index_keys(const struct book *book, struct roster *roster)
{
	const struct address_table *table = book->keys;
	for (size_t i = 0; i <= table->mask; i++) {
		const struct address_entry *entry = &table->slots[i];
		const struct addr *soon = &table->slots[(i + FETCH_AHEAD) & table->mask].addr;
		if (soon->family)
			(void)key_index_fetch(roster->keys, soon);
		if (!entry->addr.family)
			continue;
		key_index_put(roster->keys, &entry->addr, entry->row);
		if (entry->counted == COUNTED_NEIGHBOUR && entry->row < book->configured &&
		    !mac_equal(&entry->mac, &book->rows[entry->row].device.mac))
			roster_add_guest(roster, &entry->mac, entry->row);
	}
}

struct roster *book_roster(struct book *book)
{
	size_t guests = 0;
	for (size_t i = 0; i < book->configured; i++)
		guests += book->rows[i].neighbour_count;
	struct key_counts keys = {0, 0, 0};
	for (size_t i = 0; i <= book->keys->mask; i++)
		if (book->keys->slots[i].addr.family)
			key_counts_add(&keys, &book->keys->slots[i].addr);
	struct roster *roster = roster_new(book->key, &keys, book->row_count, guests);
	if (!roster)
		return NULL;
	roster->sights = sights_ref(book->sights);
	for (size_t i = 0; i < book->row_count; i++) {
		if (roster_add_row(roster, &book->rows[i].device))
			continue;
		roster_free(&roster);
		return NULL;
	}
	index_keys(book, roster);
	roster->number = ++book->roster_number;
	book->dirty = false;
	return roster;
}

/* ---- what is carried over ---------------------------------------------------------------- */

/* The rules of the new configuration that ask for what the old row was heard to ask. */
static uint64_t carry_asked(const struct book *from, const struct book *to, uint64_t asked)
{
	uint64_t carried = 0;
	for (size_t i = 0; asked && i < from->config->tag_rule_count; i++) {
		if (!(asked >> i & 1))
			continue;
		for (size_t k = 0; k < to->config->tag_rule_count; k++)
			if (to->config->tag_rules[k].asks &&
			    !strcasecmp(to->config->tag_rules[k].asks, from->config->tag_rules[i].asks))
				carried |= UINT64_C(1) << k;
	}
	return carried;
}

static bool carry_row(const struct book *from, struct book *to, uint32_t old_number,
                      uint32_t number)
{
	const struct row *old = &from->rows[old_number];
	struct row *row = &to->rows[number];
	struct book_tag *tags = NULL;
	if (old->tag_count) {
		tags = malloc(BOOK_TAGS_MAX * sizeof *tags);
		if (!tags)
			return false;
		memcpy(tags, old->tags, old->tag_count * sizeof *tags);
	}
	row->tags = tags;
	row->tag_count = old->tag_count;
	memcpy(row->host, old->host, sizeof row->host);
	row->host_is_reverse = old->host_is_reverse;
	row->first_wall_us = old->first_wall_us;
	row->last_wall_us = old->last_wall_us;
	row->new_until_wall_us = old->new_until_wall_us;
	row->quiet_from_wall_us = old->quiet_from_wall_us;
	row->silent_told_s = old->silent_told_s;
	row->announced = old->announced;
	row->asked = carry_asked(from, to, old->asked);
	row->client_key = old->client_key;
	row->host_key = old->host_key;
	sight_store(&to->sights->rows[number], sight_load(&from->sights->rows[old_number]));
	return (!row->client_key.family || row_put_key(to, &row->client_key, number)) &&
	       (!row->host_key.family || row_put_key(to, &row->host_key, number));
}

static bool take_configured(const struct book *from, struct book *to, uint32_t *moved)
{
	for (uint32_t i = 0; i < to->configured; i++) {
		struct row *row = &to->rows[i];
		*row = (struct row){.next_free = ROW_NONE};
		registry_get(to->registry, i, &row->device);
		row->config_tags = row->device.tags;
		to->row_count++;
		if (!row_put_own_keys(to, i))
			return false;
		uint32_t old = row_of_id(from, row->device.id);
		if (old == ROW_NONE)
			continue;
		moved[old] = i;
		if (!carry_row(from, to, old, i))
			return false;
	}
	return true;
}

/* Devices that the configuration does not name (any more) go on as unknown ones, where anything tells them apart. */
static bool take_others(const struct book *from, struct book *to, uint32_t *moved)
{
	for (uint32_t i = 0; i < from->row_count; i++) {
		const struct row *old = &from->rows[i];
		bool stays = i >= from->configured || old->device.has_mac || old->tag_count;
		if (!old->device.id[0] || moved[i] != ROW_NONE || !stays || to->unknown == to->unknown_max)
			continue;
		uint32_t number = (uint32_t)to->row_count++;
		moved[i] = number;
		to->unknown++;
		to->rows[number] =
			(struct row){.device = old->device, .given = old->given, .next_free = ROW_NONE};
		if (i < from->configured && old->device.has_mac)
			mac_format(&old->device.mac, to->rows[number].device.name);
		if (!row_put_own_keys(to, number) || !carry_row(from, to, i, number))
			return false;
	}
	return true;
}

/* Does the configuration tie the same leases to both? */
static bool same_pins(const struct row *a, const struct row *b)
{
	return addr_equal(&a->pinned_client, &b->pinned_client) &&
	       addr_equal(&a->pinned_host, &b->pinned_host);
}

/* MACs that were tied to a device that has another one. */
static bool take_aliases(const struct book *from, struct book *to, const uint32_t *moved)
{
	for (size_t i = 0; i <= from->keys->mask; i++) {
		const struct address_entry *entry = &from->keys->slots[i];
		if (entry->addr.family != KEY_MAC || moved[entry->row] == ROW_NONE ||
		    row_of_key(to, &entry->addr) != ROW_NONE ||
		    !same_pins(&from->rows[entry->row], &to->rows[moved[entry->row]]))
			continue;
		if (!row_put_key(to, &entry->addr, moved[entry->row]))
			return false;
	}
	return true;
}

static bool is_address(const struct address_entry *entry)
{
	return entry->addr.family == 4 || entry->addr.family == 6;
}

/* Addresses are settled anew: another configuration may know better whose they are. */
static bool take_addresses(const struct book *from, struct book *to, int64_t wall_us)
{
	for (size_t i = 0; i <= from->keys->mask; i++) {
		const struct address_entry *entry = &from->keys->slots[i];
		if (!is_address(entry))
			continue;
		struct address_entry *made = table_put(&to->keys, &entry->addr);
		if (!made)
			return false;
		made->mac = entry->mac;
		made->sources = entry->sources;
		book_settle(to, &entry->addr, wall_us);
		if (to->unknown < to->unknown_max && !table_look(to->keys, &entry->addr))
			return false; /* no memory for its row */
	}
	return true;
}

/* ---- adopting ---------------------------------------------------------------------------- */

/* A book for the new configuration with the size of the old one; leases and history are still the old one's. */
static struct book *prepare(const struct book *book, const struct config *config,
                            const struct registry *registry, const struct vendors *vendors)
{
	struct book *next = malloc(sizeof *next);
	if (!next)
		return NULL;
	*next = *book;
	next->config = config;
	next->registry = registry;
	next->vendors = vendors;
	next->configured = registry_count(registry);
	next->unknown = next->row_count = 0;
	next->free_row = ROW_NONE;
	next->row_max = next->configured + next->unknown_max;
	next->row_room = next->configured + book->row_count + ROOM_SPARE;
	next->rows = malloc(next->row_room * sizeof *next->rows);
	next->keys = table_new(book->key, book->keys->count);
	next->names = table_new(book->key, book->names->count);
	next->sights = sights_new(next->row_max + ROOM_SPARE + book->row_count);
	if (next->rows && next->keys && next->names && next->sights)
		return next;
	book_empty(next);
	sights_unref(next->sights);
	free(next);
	return NULL;
}

int book_adopt(struct book *book, const struct config *config, const struct registry *registry,
               const struct vendors *vendors, struct now now, struct roster **out)
{
	*out = NULL;
	struct book *next = prepare(book, config, registry, vendors);
	uint32_t *moved = malloc((book->row_count + 1) * sizeof *moved);
	bool whole = next && moved;
	if (whole)
		memset(moved, 0xff, book->row_count * sizeof *moved); /* ROW_NONE */
	whole = whole && take_configured(book, next, moved) && take_others(book, next, moved) &&
	        book_pin(next) && take_aliases(book, next, moved) &&
	        take_addresses(book, next, now.wall_us);
	if (whole)
		book_follow_stands(next, now.wall_us);
	for (uint32_t i = 0; whole && i < next->row_count; i++)
		row_retag(next, i);
	if (whole)
		*out = book_roster(next);
	free(moved);
	if (!*out) {
		if (next) {
			book_empty(next);
			sights_unref(next->sights);
			free(next);
		}
		return PF_ENOMEM;
	}
	book_empty(book);
	sights_unref(
		book->sights); /* workers that read the old roster still write there: it has a reference too */
	*book = *next;
	free(next);
	return PF_OK;
}
