/* The book of book.h: addresses come and go and are settled on rows. */
#include "device/book.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/book_state.h"

#define ROWS_MIN 64

/* ---- history ----------------------------------------------------------------------------- */

void book_note_change(struct book *book, enum device_change_kind kind, const char *from,
                      const struct device *into, int64_t since_wall_us, int64_t wall_us,
                      const char *why)
{
	if (book->change_count == BOOK_CHANGES_MAX) {
		book->changes_lost++;
		return;
	}
	size_t last = (book->change_first + book->change_count) % BOOK_CHANGES_MAX;
	struct device_change *change = &book->changes[last];
	*change =
		(struct device_change){.kind = kind, .since_wall_us = since_wall_us, .wall_us = wall_us};
	snprintf(change->from, sizeof change->from, "%s", from);
	snprintf(change->into, sizeof change->into, "%s", into->id);
	snprintf(change->into_name, sizeof change->into_name, "%s", into->name);
	snprintf(change->why, sizeof change->why, "%s", why);
	book->change_count++;
}

bool book_take_change(struct book *book, struct device_change *change)
{
	if (!book->change_count)
		return false;
	*change = book->changes[book->change_first];
	book->change_first = (book->change_first + 1) % BOOK_CHANGES_MAX;
	book->change_count--;
	return true;
}

/* ---- addresses --------------------------------------------------------------------------- */

/* The row of a MAC at an address, made when there is none. Somebody's word about the MAC counts most, then the
 * configuration's about the address. */
static uint32_t row_of_mac(struct book *book, const struct addr *addr, const struct mac *mac,
                           int64_t wall_us)
{
	struct device device;
	struct addr key = key_of_mac(mac);
	uint32_t row = row_of_key(book, &key);
	if (row != ROW_NONE && row_is_known(book, row))
		return row;
	int configured = registry_resolve(book->registry, addr, mac, &device);
	if (configured >= 0)
		return (uint32_t)configured;
	uint32_t stand = addr && addr->family == 6 ? book_row_of_stand(book, mac) : ROW_NONE;
	if (stand != ROW_NONE)
		return stand;
	return row != ROW_NONE ? row : row_make(book, &device, wall_us);
}

static uint32_t row_of_address(struct book *book, const struct address_entry *entry,
                               int64_t wall_us)
{
	struct device device;
	if (entry->sources & FROM_NEIGHBOUR)
		return row_of_mac(book, &entry->addr, &entry->mac, wall_us);
	const struct lease *lease =
		entry->sources & FROM_LEASE ? book_lease_of(book, &entry->addr) : NULL;
	if (lease && lease->has_mac)
		return row_of_mac(book, &entry->addr, &lease->mac, wall_us);
	uint32_t row = lease ? book_row_of_client(book, lease) : ROW_NONE;
	if (row != ROW_NONE)
		return row;
	int configured = registry_resolve(book->registry, &entry->addr, NULL, &device);
	return configured >= 0 ? (uint32_t)configured : row_make(book, &device, wall_us);
}

/* What was asked from the address before anybody knew whose it is belongs to the device that it turned out to be. */
static void adopt_address(struct book *book, const struct addr *addr, uint32_t row, int64_t wall_us)
{
	char id[DEVICE_ID_MAX] = "ip:";
	addr_format(addr, id + 3);
	uint32_t before = row_of_id(book, id);
	if (before == ROW_NONE || before == row || before < book->configured)
		return;
	book_note_change(book, DEVICE_MERGED, id, &book->rows[row].device,
	                 book->rows[before].first_wall_us, wall_us,
	                 "the MAC address behind the address became known");
	row_inherit(book, before, row);
	row_forget(book, before);
}

static void count_address(struct book *book, uint32_t row, bool neighbour, bool more)
{
	struct row *counted = &book->rows[row];
	counted->address_count += more ? 1 : (size_t)-1;
	if (neighbour)
		counted->neighbour_count += more ? 1 : (size_t)-1;
}

static void uncount(struct book *book, struct address_entry *entry)
{
	if (entry->counted)
		count_address(book, entry->row, entry->counted == COUNTED_NEIGHBOUR, false);
	entry->counted = COUNTED_NOT;
}

void book_settle(struct book *book, const struct addr *addr, int64_t wall_us)
{
	struct address_entry *entry = table_find(book->keys, addr);
	if (!entry)
		return;
	bool had = entry->counted;
	uint32_t before = entry->row;
	uncount(book, entry);
	if (!entry->sources) {
		table_remove(book->keys, entry);
		book->dirty = true;
		return;
	}
	struct address_entry asked = *entry;
	uint32_t row = row_of_address(book, &asked, wall_us);
	entry = table_find(book->keys, addr); /* the table may have moved */
	if (row == ROW_NONE || !entry) {
		if (entry)
			table_remove(book->keys, entry);
		book->dirty = true;
		return;
	}
	entry->row = row;
	entry->counted = entry->sources & FROM_NEIGHBOUR ? COUNTED_NEIGHBOUR : COUNTED_ADDRESS;
	count_address(book, row, entry->counted == COUNTED_NEIGHBOUR, true);
	if (entry->sources & FROM_NEIGHBOUR)
		book_note_stand(book, addr, &asked.mac, row);
	if (entry->sources & ~FROM_SIGHT)
		adopt_address(book, addr, row, wall_us);
	if (!had || before != row)
		book->dirty = true;
}

void book_neighbour(struct book *book, const struct addr *addr, const struct mac *mac,
                    struct now now)
{
	struct address_entry *entry = mac ? table_put(&book->keys, addr) : table_find(book->keys, addr);
	if (!entry) /* without memory its queries are unknown ones: the next event may do better */
		return;
	if (mac) {
		entry->sources |= FROM_NEIGHBOUR;
		entry->mac = *mac;
	} else {
		/* whoever comes back from there may be another */
		entry->sources &= FROM_LEASE;
	}
	book_settle(book, addr, now.wall_us);
	entry = mac ? table_find(book->keys, addr) : NULL;
	if (entry)
		book->rows[entry->row].last_wall_us = now.wall_us;
}

/* ---- sightings --------------------------------------------------------------------------- */

uint32_t book_place(struct book *book, const struct addr *addr, int64_t wall_us)
{
	struct address_entry *entry = table_put(&book->keys, addr);
	if (!entry)
		return ROW_NONE;
	entry->sources |= FROM_SIGHT;
	book_settle(book, addr, wall_us);
	return row_of_key(book, addr);
}

static void sight_address(struct book *book, const struct addr *addr, int64_t wall_us)
{
	const struct address_entry *entry = table_look(book->keys, addr);
	if (entry && entry->sources & ~FROM_SIGHT) {
		/* the kernel was quicker than this message: but the query was journalled under the address */
		char id[DEVICE_ID_MAX] = "ip:";
		addr_format(addr, id + 3);
		const struct device *device = &book->rows[entry->row].device;
		size_t last = (book->change_first + book->change_count - 1) % BOOK_CHANGES_MAX;
		if (book->change_count && !strcmp(book->changes[last].from, id) &&
		    !strcmp(book->changes[last].into, device->id))
			return;
		book_note_change(book, DEVICE_MERGED, id, device, wall_us, wall_us,
		                 "the MAC address behind the address became known");
		return;
	}
	(void)book_place(book, addr, wall_us);
}

void book_sighting(struct book *book, const struct asker *asker, int64_t wall_us)
{
	struct device device = {0};
	uint32_t row = ROW_NONE;
	if (asker->has_mac) {
		row = row_of_mac(book, NULL, &asker->mac, wall_us);
	} else if (asker->name[0]) {
		snprintf(device.id, sizeof device.id, "client:%s", asker->name);
		snprintf(device.name, sizeof device.name, "%s", asker->name);
		row = row_make(book, &device, wall_us);
	} else {
		sight_address(book, &asker->addr, wall_us);
		row = row_of_key(book, &asker->addr);
	}
	if (row == ROW_NONE)
		return;
	struct sight sight = sight_load(&book->sights->rows[row]);
	sight_store(&book->sights->rows[row],
	            (struct sight){(uint32_t)(wall_us / 1000000), sight.seconds ? sight.seconds : 1});
}

void book_asked(struct book *book, const char *id, size_t rule, int64_t wall_us)
{
	static const int64_t hour_us = INT64_C(3600) * 1000000;
	uint32_t number = row_of_id(book, id);
	if (number == ROW_NONE || rule >= book->config->tag_rule_count)
		return;
	struct row *row = &book->rows[number];
	if (row->asked >> rule & 1)
		return;
	if (!row->asks)
		row->asks = calloc(CONFIG_TAG_RULES_MAX, sizeof *row->asks);
	if (!row->asks)
		return;
	struct asks *asks = &row->asks[rule];
	if (wall_us - asks->since_wall_us >= hour_us || wall_us < asks->since_wall_us)
		*asks = (struct asks){wall_us, 0};
	if (++asks->count <= book->config->tag_rules[rule].times)
		return;
	row->asked |= UINT64_C(1) << rule;
	row_retag(book, number);
}

int64_t book_expire(struct book *book, int64_t wall_us)
{
	int64_t next = -1;
	book_follow_stands(book, wall_us);
	for (uint32_t i = (uint32_t)book->configured; i < book->row_count; i++) {
		struct row *row = &book->rows[i];
		if (!row->device.id[0] || !row->new_until_wall_us)
			continue;
		int64_t left = row->new_until_wall_us - wall_us;
		if (left <= 0) {
			row->new_until_wall_us = 0;
			row_retag(book, i);
		} else if (next < 0 || left < next) {
			next = left;
		}
	}
	return next;
}

/* ---- life -------------------------------------------------------------------------------- */

struct book *book_new(struct hash_key key, size_t unknown_max)
{
	struct book *book = calloc(1, sizeof *book);
	if (!book)
		return NULL;
	book->key = key;
	book->unknown_max = unknown_max ? unknown_max : BOOK_UNKNOWN_MAX;
	book->row_max = book->unknown_max;
	book->row_room = ROWS_MIN;
	book->free_row = ROW_NONE;
	book->rows = malloc(ROWS_MIN * sizeof *book->rows);
	book->sights = sights_new(book->row_max);
	book->changes = calloc(BOOK_CHANGES_MAX, sizeof *book->changes);
	book->keys = table_new(key, 0);
	book->names = table_new(key, 0);
	book->lease_index = table_new(key, 0);
	if (!book->rows || !book->sights || !book->changes || !book->keys || !book->names ||
	    !book->lease_index)
		book_free(&book);
	return book;
}

void book_empty(struct book *book)
{
	for (size_t i = 0; book->rows && i < book->row_count; i++) {
		free(book->rows[i].asks);
		free(book->rows[i].tags);
	}
	free(book->rows);
	table_free(&book->keys);
	table_free(&book->names);
}

void book_free(struct book **book)
{
	struct book *old = *book;
	if (!old)
		return;
	book_empty(old);
	for (size_t i = 0; i < CONFIG_LEASE_FILES_MAX; i++)
		lease_list_deinit(&old->leases[i]);
	sights_unref(old->sights);
	free(old->changes);
	table_free(&old->lease_index);
	free(old);
	*book = NULL;
}

void book_learn(struct book *book, bool learns)
{
	book->learns = learns;
}

bool book_is_dirty(const struct book *book)
{
	return book->dirty;
}
