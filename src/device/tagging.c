/* What people do with the book: they find devices, tag them, and look; and what is remembered over a restart. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "device/book_state.h"

/* ---- finding ----------------------------------------------------------------------------- */

/* A MAC that people write is meant as such, wherever its device stands. */
static int find_mac(struct book *book, const struct mac *mac, int64_t wall_us)
{
	struct device device;
	struct addr key = key_of_mac(mac);
	uint32_t row = row_of_key(book, &key);
	if (row == ROW_NONE) {
		(void)registry_resolve(book->registry, NULL, mac, &device);
		row = row_make(book, &device, wall_us);
	}
	return row == ROW_NONE ? PF_ENOMEM : (int)row;
}

int book_find(struct book *book, const char *text, struct now now)
{
	struct device device;
	struct mac mac;
	if (mac_parse(strncmp(text, "mac:", 4) ? text : text + 4, &mac) == PF_OK)
		return find_mac(book, &mac, now.wall_us);
	bool dirty = book->dirty;
	struct roster *roster = book_roster(book);
	if (!roster)
		return PF_ENOMEM;
	int row = roster_find(roster, book->registry, text, &device);
	bool made = row == (int)roster->count;
	roster_free(&roster);
	book->dirty = dirty;
	if (!made)
		return row;
	struct addr addr;
	bool is_address = addr_parse(strncmp(device.id, "ip:", 3) ? "" : device.id + 3, &addr) == PF_OK;
	uint32_t number =
		is_address ? book_place(book, &addr, now.wall_us) : row_make(book, &device, now.wall_us);
	return number == ROW_NONE ? PF_ENOMEM : (int)number;
}

/* ---- tags -------------------------------------------------------------------------------- */

static bool is_builtin(const char *tag)
{
	struct tag_table table;
	tag_table_init(&table);
	return tag_find(&table, tag) >= 0;
}

void book_settle_addresses_of(struct book *book, size_t number, int64_t wall_us)
{
	const struct device *device = &book->rows[number].device;
	struct mac mac = device->mac;
	if (number < book->configured || !device->has_mac)
		return;
	for (size_t i = 0; i <= book->keys->mask; i++) {
		struct addr addr = book->keys->slots[i].addr;
		if ((addr.family == 4 || addr.family == 6) && mac_equal(&book->keys->slots[i].mac, &mac))
			book_settle(book, &addr, wall_us);
	}
}

int book_tag(struct book *book, size_t number, const char *tag, int64_t wall_us)
{
	struct tag_table names;
	struct row *row = &book->rows[number];
	tag_table_init(&names);
	if (is_builtin(tag) || tag_add(&names, tag) < 0)
		return PF_EINVAL;
	for (size_t i = 0; i < row->tag_count; i++)
		if (!strcmp(row->tags[i].name, tag))
			return PF_OK;
	if (row->tag_count == BOOK_TAGS_MAX)
		return PF_EFULL;
	if (!row->tags)
		row->tags = malloc(BOOK_TAGS_MAX * sizeof *row->tags);
	if (!row->tags)
		return PF_ENOMEM;
	struct book_tag *made = &row->tags[row->tag_count++];
	strcpy(made->name, tag);
	made->set_wall_us = wall_us;
	row_retag(book, (uint32_t)number);
	if (row->tag_count == 1 && !row->given)
		book_settle_addresses_of(book, number, wall_us);
	return PF_OK;
}

int book_untag(struct book *book, size_t number, const char *tag)
{
	struct row *row = &book->rows[number];
	for (size_t i = 0; i < row->tag_count; i++) {
		if (strcmp(row->tags[i].name, tag))
			continue;
		row->tags[i] = row->tags[--row->tag_count];
		row_retag(book, (uint32_t)number);
		if (!row_is_somebody(row))
			book_settle_addresses_of(book, number, row->first_wall_us);
		return PF_OK;
	}
	return book_tag_origin(book, number, tag) ? PF_ECONFLICT : PF_ENOENT;
}

const char *book_tag_origin(const struct book *book, size_t number, const char *name)
{
	const struct row *row = &book->rows[number];
	int tag = tag_find(&book->config->tags, name);
	if (is_builtin(name))
		return row->device.tags & tag_bit((size_t)tag) ? "built-in" : NULL;
	if (tag >= 0 && row->config_tags & tag_bit((size_t)tag))
		return "configuration";
	for (size_t i = 0; i < row->tag_count; i++)
		if (!strcmp(row->tags[i].name, name))
			return "person";
	return tag >= 0 && row->device.tags & tag_bit((size_t)tag) ? "rule" : NULL;
}

/* ---- looking ----------------------------------------------------------------------------- */

size_t book_rows(const struct book *book)
{
	return book->row_count;
}

bool book_view(const struct book *book, size_t number, struct book_view *view)
{
	const struct row *row = &book->rows[number];
	if (number >= book->row_count || !row->device.id[0])
		return false;
	int64_t asked_us = sight_load(&book->sights->rows[number]).last_s * INT64_C(1000000);
	*view = (struct book_view){
		.device = &row->device,
		.host = row->host,
		.host_is_reverse = row->host_is_reverse,
		.vendor = row->device.has_mac ? vendor_of(book->vendors, &row->device.mac) : "",
		.mac_is_local = row->device.has_mac && mac_is_local(&row->device.mac),
		.config = number < book->configured ? (int)number : -1,
		.first_wall_us = row->first_wall_us,
		.last_wall_us = asked_us > row->last_wall_us ? asked_us : row->last_wall_us,
		.new_until_wall_us = row->new_until_wall_us,
		.asked_wall_us = asked_us,
		.quiet_from_wall_us = row->quiet_from_wall_us,
		.silent_told_wall_us = row->silent_told_s * INT64_C(1000000),
		.rules = row->rules,
		.tag_count = row->tag_count,
		.address_count = row->address_count,
		.tags = row->tags,
		.announced = row->announced,
		.given = row->given,
	};
	return true;
}

void book_each_address(const struct book *book,
                       void (*each)(void *data, size_t row, const struct addr *addr), void *data)
{
	for (size_t i = 0; i <= book->keys->mask; i++) {
		const struct address_entry *entry = &book->keys->slots[i];
		if (entry->addr.family == 4 || entry->addr.family == 6)
			each(data, entry->row, &entry->addr);
	}
}

void book_stats(const struct book *book, struct book_stats *stats)
{
	*stats = (struct book_stats){.unknown = book->unknown,
	                             .evicted = book->evicted,
	                             .changes_lost = book->changes_lost};
	for (size_t i = 0; i <= book->keys->mask; i++)
		stats->addresses +=
			book->keys->slots[i].addr.family == 4 || book->keys->slots[i].addr.family == 6;
}

/* ---- memory ------------------------------------------------------------------------------ */

static int device_of_id(const struct book *book, const char *id, struct device *device)
{
	struct addr addr;
	struct mac mac;
	if (!strncmp(id, "mac:", 4) && mac_parse(id + 4, &mac) == PF_OK) {
		(void)registry_resolve(book->registry, NULL, &mac, device);
	} else if (!strncmp(id, "ip:", 3) && addr_parse(id + 3, &addr) == PF_OK) {
		*device = (struct device){0};
		strcpy(device->id, "ip:");
		addr_format(&addr, device->id + 3);
		strcpy(device->name, device->id + 3);
	} else if ((!strncmp(id, "name:", 5) && id[5]) || (!strncmp(id, "client:", 7) && id[7])) {
		const char *name = strchr(id, ':') + 1;
		if (strlen(name) >= sizeof device->name)
			return PF_EINVAL;
		*device = (struct device){0};
		strcpy(device->id, id);
		strcpy(device->name, name);
	} else {
		return PF_EINVAL;
	}
	return PF_OK;
}

int book_remember(struct book *book, const struct book_memory *memory, size_t *out)
{
	struct addr addr;
	struct device device;
	uint32_t number = row_of_id(book, memory->id);
	if (number == ROW_NONE) {
		if (device_of_id(book, memory->id, &device) != PF_OK)
			return PF_EINVAL;
		number = row_make(book, &device, memory->first_wall_us);
		if (!strncmp(device.id, "ip:", 3) && addr_parse(device.id + 3, &addr) == PF_OK)
			(void)book_place(book, &addr, memory->first_wall_us);
	}
	if (number == ROW_NONE)
		return PF_ENOMEM;
	struct row *row = &book->rows[number];
	if (memory->first_wall_us &&
	    (!row->first_wall_us || memory->first_wall_us < row->first_wall_us))
		row->first_wall_us = memory->first_wall_us;
	if (memory->last_wall_us > row->last_wall_us)
		row->last_wall_us = memory->last_wall_us;
	row->new_until_wall_us = memory->new_until_wall_us;
	row->quiet_from_wall_us = memory->quiet_from_wall_us;
	row->silent_told_s = (uint32_t)(memory->silent_told_wall_us / 1000000);
	uint32_t asked_s = (uint32_t)(memory->asked_wall_us / 1000000);
	struct sight sight = sight_load(&book->sights->rows[number]);
	if (asked_s > sight.last_s)
		sight_store(&book->sights->rows[number], (struct sight){asked_s, sight.seconds});
	row->announced = memory->announced;
	if (memory->host[0]) {
		memcpy(row->host, memory->host, sizeof row->host);
		row->host_is_reverse = memory->host_is_reverse;
	}
	row_retag(book, number);
	*out = number;
	return PF_OK;
}

const char *book_heard(const struct book *book, size_t row, size_t rule)
{
	bool heard = rule < book->config->tag_rule_count && book->rows[row].asked >> rule & 1;
	return heard ? book->config->tag_rules[rule].asks : NULL;
}

void book_remember_heard(struct book *book, size_t row, const char *asks)
{
	for (size_t i = 0; i < book->config->tag_rule_count; i++) {
		const char *wanted = book->config->tag_rules[i].asks;
		if (wanted && !strcasecmp(wanted, asks))
			book->rows[row].asked |= UINT64_C(1) << i;
	}
	row_retag(book, (uint32_t)row);
}

int book_announce(struct book *book, size_t from, int64_t until_wall_us)
{
	for (size_t i = from > book->configured ? from : book->configured; i < book->row_count; i++) {
		struct row *row = &book->rows[i];
		/* Without a first time it was never a stranger: an earlier configuration named it. */
		if (!row->device.id[0] || row->announced || row->device.known || !row->first_wall_us ||
		    row->first_wall_us > until_wall_us)
			continue;
		row->announced = true;
		return (int)i;
	}
	return -1;
}
