/* The rows of the book: made, found by key, tagged, forgotten. When unknown devices are too many, a share of those that
 * were seen least goes at once, so that a flood of made-up addresses pays for one look over the rows with many of
 * its own. */
#include <stdlib.h>
#include <string.h>

#include "base/glob.h"
#include "device/book_state.h"

#define EVICT_SHARE 16 /* one in so many goes when there is no room */

/* ---- keys -------------------------------------------------------------------------------- */

static struct address_table **table_of(struct book *book, const struct addr *key)
{
	bool internal = key->family == KEY_ID || key->family == KEY_CLIENT || key->family == KEY_HOST ||
	                key->family == KEY_STAND;
	return internal ? &book->names : &book->keys;
}

uint32_t row_of_key(const struct book *book, const struct addr *key)
{
	const struct address_table *table = *table_of((struct book *)book, key);
	const struct address_entry *entry = table_look(table, key);
	return entry ? entry->row : ROW_NONE;
}

uint32_t row_of_id(const struct book *book, const char *id)
{
	struct addr key = key_of_bytes(book->key, KEY_ID, id, strlen(id));
	return row_of_key(book, &key);
}

bool row_put_key(struct book *book, const struct addr *key, uint32_t row)
{
	struct address_entry *entry = table_put(table_of(book, key), key);
	if (!entry)
		return false;
	entry->row = row;
	book->dirty = true;
	return true;
}

/* The keys that every device has: its id, its MAC, or a forwarder's word for it. */
#define ROW_KEYS_MAX 2
static size_t keys_of(const struct book *book, const struct device *device,
                      struct addr keys[ROW_KEYS_MAX])
{
	size_t count = 0;
	keys[count++] = key_of_bytes(book->key, KEY_ID, device->id, strlen(device->id));
	if (device->has_mac)
		keys[count++] = key_of_mac(&device->mac);
	else if (!strncmp(device->id, "client:", 7))
		keys[count++] = key_of_bytes(book->key, KEY_WORD, device->id + 7, strlen(device->id + 7));
	return count;
}

bool row_put_own_keys(struct book *book, uint32_t row)
{
	struct addr keys[ROW_KEYS_MAX];
	size_t count = keys_of(book, &book->rows[row].device, keys);
	for (size_t i = 0; i < count; i++)
		if (row_of_key(book, &keys[i]) == ROW_NONE && !row_put_key(book, &keys[i], row))
			return false;
	return true;
}

static void drop_key(struct book *book, const struct addr *key, uint32_t row)
{
	struct address_table *table = *table_of(book, key);
	struct address_entry *entry = key->family ? table_find(table, key) : NULL;
	if (entry && entry->row == row)
		table_remove(table, entry);
}

void row_move_key(struct book *book, struct addr *held, const struct addr *key, uint32_t row)
{
	if (!row_put_key(book, key, row))
		return;
	if (!addr_equal(held, key))
		drop_key(book, held, row); /* else it would outlive the row */
	*held = *key;
}

/* ---- tags -------------------------------------------------------------------------------- */

static bool fits(const char *pattern, const char *text)
{
	return !pattern || (*text && glob_matches(pattern, text));
}

static bool rule_holds(const struct book *book, const struct row *row, size_t rule)
{
	const struct config_tag_rule *wanted = &book->config->tag_rules[rule];
	char mac[MAC_TEXT_MAX] = "";
	if (wanted->asks && !(row->asked >> rule & 1))
		return false;
	if (!fits(wanted->hostname, row->host))
		return false;
	if (row->device.has_mac)
		mac_format(&row->device.mac, mac);
	return fits(wanted->mac, mac) &&
	       fits(wanted->vendor,
	            row->device.has_mac ? vendor_of(book->vendors, &row->device.mac) : "");
}

void row_retag(struct book *book, uint32_t number)
{
	struct row *row = &book->rows[number];
	tag_set tags = tag_bit(TAG_ALL) | row->config_tags;
	row->rules = 0;
	for (size_t i = 0; i < book->config->tag_rule_count; i++) {
		if (!rule_holds(book, row, i))
			continue;
		row->rules |= UINT64_C(1) << i;
		tags |= tag_bit(book->config->tag_rules[i].tag);
	}
	for (size_t i = 0; i < row->tag_count; i++) {
		int tag = tag_find(&book->config->tags, row->tags[i].name);
		if (tag >= 0)
			tags |= tag_bit((size_t)tag);
	}
	bool known = row_is_known(book, number);
	if (known)
		row->new_until_wall_us = 0;
	else
		tags |= tag_bit(TAG_UNKNOWN) | (row->new_until_wall_us ? tag_bit(TAG_NEW) : 0);
	if (tags == row->device.tags && known == row->device.known)
		return;
	row->device.tags = tags;
	row->device.known = known;
	book->dirty = true;
}

/* ---- too many ---------------------------------------------------------------------------- */

struct candidate {
	uint32_t row, seconds, last_s;
};

static int by_sight(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	if (x->seconds != y->seconds)
		return x->seconds < y->seconds ? -1 : 1;
	return x->last_s < y->last_s ? -1 : x->last_s > y->last_s;
}

static void free_row(struct book *book, uint32_t number)
{
	struct row *row = &book->rows[number];
	struct addr keys[ROW_KEYS_MAX];
	size_t count = keys_of(book, &row->device, keys);
	for (size_t i = 0; i < count; i++)
		drop_key(book, &keys[i], number);
	drop_key(book, &row->client_key, number);
	drop_key(book, &row->host_key, number);
	free(row->asks);
	free(row->tags);
	*row = (struct row){.next_free = book->free_row};
	sight_store(&book->sights->rows[number], (struct sight){0});
	book->free_row = number;
	book->unknown--;
	book->dirty = true;
}

/* All that leads to rows that are marked (next_free == row itself) goes with them. */
static void free_marked(struct book *book)
{
	for (size_t i = 0; i <= book->keys->mask;) {
		struct address_entry *entry = &book->keys->slots[i];
		if (entry->addr.family && book->rows[entry->row].next_free == entry->row)
			table_remove(book->keys, entry);
		else
			i++;
	}
	for (uint32_t i = (uint32_t)book->configured; i < book->row_count; i++)
		if (book->rows[i].device.id[0] && book->rows[i].next_free == i)
			free_row(book, i);
}

static void evict(struct book *book)
{
	struct candidate *all = malloc(book->row_count * sizeof *all);
	size_t count = 0, wanted = book->unknown / EVICT_SHARE + 1;
	if (!all)
		return;
	for (uint32_t i = (uint32_t)book->configured; i < book->row_count; i++) {
		struct sight sight = sight_load(&book->sights->rows[i]);
		if (book->rows[i].device.id[0] && !row_is_somebody(&book->rows[i]))
			all[count++] = (struct candidate){i, sight.seconds, sight.last_s};
	}
	qsort(all, count, sizeof *all, by_sight);
	if (wanted > count)
		wanted = count;
	for (size_t i = 0; i < wanted; i++)
		book->rows[all[i].row].next_free = all[i].row;
	book->evicted += wanted;
	free_marked(book);
	free(all);
}

/* ---- rows -------------------------------------------------------------------------------- */

/* A row that is nobody's; ROW_NONE. */
static uint32_t take_row(struct book *book)
{
	if (book->unknown >= book->unknown_max)
		evict(book);
	if (book->unknown >= book->unknown_max)
		return ROW_NONE;
	uint32_t number = book->free_row;
	if (number != ROW_NONE) {
		book->free_row = book->rows[number].next_free;
		return number;
	}
	if (book->row_count == book->row_room) {
		size_t room = book->row_room * 2 < book->row_max ? book->row_room * 2 : book->row_max;
		struct row *grown = realloc(book->rows, room * sizeof *grown);
		if (!grown)
			return ROW_NONE;
		book->rows = grown;
		book->row_room = room;
	}
	return (uint32_t)book->row_count++;
}

uint32_t row_make(struct book *book, const struct device *device, int64_t wall_us)
{
	uint32_t number = row_of_id(book, device->id);
	if (number != ROW_NONE)
		return number;
	number = take_row(book);
	if (number == ROW_NONE)
		return ROW_NONE;
	book->rows[number] = (struct row){.device = *device,
	                                  .next_free = ROW_NONE,
	                                  .first_wall_us = wall_us,
	                                  .announced = book->learns};
	book->unknown++;
	if (!row_put_own_keys(book, number)) {
		free_row(book, number);
		return ROW_NONE;
	}
	if (!book->learns)
		book->rows[number].new_until_wall_us = wall_us + book->config->new_for_us;
	book->rows[number].device.tags = 0;
	row_retag(book, number);
	book->dirty = true;
	return number;
}

void row_forget(struct book *book, uint32_t row)
{
	if (row >= book->configured)
		free_row(book, row);
}

void row_inherit(struct book *book, uint32_t from, uint32_t into)
{
	struct row *old = &book->rows[from], *row = &book->rows[into];
	for (size_t i = 0; i < old->tag_count; i++)
		if (book_tag(book, into, old->tags[i].name, old->tags[i].set_wall_us) != PF_OK)
			break;
	if (old->first_wall_us && (!row->first_wall_us || old->first_wall_us < row->first_wall_us))
		row->first_wall_us = old->first_wall_us;
	row->announced = row->announced || old->announced;
	if (old->given && !row->given && into >= book->configured) {
		row->given = true;
		memcpy(row->device.name, old->device.name, sizeof row->device.name);
		row_retag(book, into);
	}
	struct sight sight = sight_load(&book->sights->rows[into]);
	struct sight before = sight_load(&book->sights->rows[from]);
	sight.seconds += before.seconds;
	if (before.last_s > sight.last_s)
		sight.last_s = before.last_s;
	sight_store(&book->sights->rows[into], sight);
	if (!row->host[0]) {
		memcpy(row->host, old->host, sizeof row->host);
		row->host_is_reverse = old->host_is_reverse;
	}
}
