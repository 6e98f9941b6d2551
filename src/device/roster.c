/* The roster of roster.h: look-ups only; the book makes it. */
#include "device/roster.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/pages.h"

#define CROWD_MIN 1000 /* rows and keys of fewer devices fit the second-level cache */

/* ---- rows -------------------------------------------------------------------------------- */

enum form { FORM_NOBODY, FORM_MAC, FORM_IP, FORM_NAME, FORM_CLIENT, FORM_NAMED_MAC, FORM_WHOLE };
#define PREFIX_BYTES_MAX 8
static const struct {
	char text[PREFIX_BYTES_MAX];
	size_t length;
} prefixes[] = {
	[FORM_MAC] = {"mac:", 4},       [FORM_IP] = {"ip:", 3},         [FORM_NAME] = {"name:", 5},
	[FORM_CLIENT] = {"client:", 7}, [FORM_NAMED_MAC] = {"mac:", 4},
};
_Static_assert(PREFIX_BYTES_MAX + ROSTER_NAME_MAX <= DEVICE_ID_MAX, "a name fits behind a prefix");

/* Fills `id`, which has room for DEVICE_ID_MAX; what stands behind its end is not zeroed. */
static void unpack_id(const struct roster_row *row, char *id)
{
	memcpy(id, prefixes[row->form].text, PREFIX_BYTES_MAX);
	id += prefixes[row->form].length;
	if (row->form == FORM_NAMED_MAC)
		mac_format(&row->mac, id);
	else
		memcpy(id, row->name, sizeof row->name);
}

static void unpack(const struct roster *roster, uint32_t number, struct device *device)
{
	const struct roster_row *row = &roster->rows[number];
	if (row->form == FORM_WHOLE) {
		uint32_t whole;
		memcpy(&whole, row->name, sizeof whole);
		*device = roster->whole[whole];
		return;
	}
	unpack_id(row, device->id);
	memcpy(device->name, row->name, sizeof row->name);
	device->tags = row->tags;
	device->known = row->known;
	device->has_mac = row->has_mac;
	device->mac = row->mac;
}

/* Does the row say all that the device is, with an id of this form? */
static bool fits(struct roster_row *row, enum form form, const struct device *device)
{
	char id[DEVICE_ID_MAX];
	row->form = (uint8_t)form;
	unpack_id(row, id);
	return !strcmp(id, device->id);
}

static bool add_whole(struct roster *roster, struct roster_row *row, const struct device *device)
{
	uint32_t number = (uint32_t)roster->whole_count;
	/* a power of two each time there are so many */
	if (!(number & (number - 1))) {
		size_t room = number ? (size_t)number * 2 : 1;
		struct device *grown = realloc(roster->whole, room * sizeof *grown);
		if (!grown)
			return false;
		roster->whole = grown;
	}
	roster->whole[roster->whole_count++] = *device;
	row->form = FORM_WHOLE;
	memcpy(row->name, &number, sizeof number);
	return true;
}

bool roster_add_row(struct roster *roster, const struct device *device)
{
	struct roster_row *row = &roster->rows[roster->count];
	size_t length = strlen(device->name);
	if (device->id[0]) {
		*row = (struct roster_row){.tags = device->tags,
		                           .mac = device->mac,
		                           .known = device->known,
		                           .has_mac = device->has_mac};
		memcpy(row->name, device->name, length < sizeof row->name ? length : 0);
		enum form form = FORM_MAC;
		while (form < FORM_WHOLE && !fits(row, form, device))
			form++;
		if ((length >= sizeof row->name || form == FORM_WHOLE) && !add_whole(roster, row, device))
			return false;
	}
	roster->count++;
	return true;
}

struct roster *roster_new(struct hash_key key, const struct key_counts *keys, size_t row_count,
                          size_t guests)
{
	struct roster *roster = calloc(1, sizeof *roster);
	if (!roster)
		return NULL;
	roster->rows_bytes = pages_all_huge((row_count + 1) * sizeof *roster->rows);
	roster->rows = pages_new(roster->rows_bytes); /* aligned to cache lines, too */
	roster->keys = key_index_new(key, keys);
	roster->guests = calloc(guests + 1, sizeof *roster->guests);
	roster->guests_max = guests;
	if (!roster->rows || !roster->keys || !roster->guests)
		roster_free(&roster);
	return roster;
}

void roster_add_guest(struct roster *roster, const struct mac *mac, uint32_t row)
{
	if (roster->guest_count < roster->guests_max)
		roster->guests[roster->guest_count++] = (struct roster_guest){*mac, row};
}

/* ---- who asks ---------------------------------------------------------------------------- */

/* A row's mark costs a read in all seconds but the first query of each. */
static void mark(const struct roster *roster, uint32_t row, int64_t wall_us)
{
	struct sight *place = &roster->sights->rows[row], sight = sight_load(place);
	uint32_t now_s = (uint32_t)(wall_us / 1000000);
	if (sight.last_s != now_s)
		sight_store(place, (struct sight){now_s, sight.seconds + 1});
}

static int row_of_key(const struct roster *roster, const struct addr *key)
{
	uint32_t row = key_index_look(roster->keys, key);
	return row == ROW_NONE ? -1 : (int)row;
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
	struct addr key = key_of_bytes(key_index_hash_key(roster->keys), KEY_WORD, name, strlen(name));
	return row_of_key(roster, &key);
}

int roster_row(const struct roster *roster, const struct registry *registry,
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

void roster_take(const struct roster *roster, uint32_t row, int64_t wall_us, struct device *device)
{
	unpack(roster, row, device);
	mark(roster, row, wall_us);
}

bool roster_identify(const struct roster *roster, const struct registry *registry,
                     const struct asker *asker, int64_t wall_us, struct device *device)
{
	int row = roster_row(roster, registry, asker, device);
	if (row < 0)
		return false;
	roster_take(roster, (uint32_t)row, wall_us, device);
	return true;
}

bool roster_is_small(const struct roster *roster)
{
	return roster->count < CROWD_MIN;
}

void roster_fetch(const struct roster *roster, uint32_t row)
{
	__builtin_prefetch(&roster->rows[row]);
	__builtin_prefetch(&roster->sights->rows[row]);
}

void roster_rows(const struct roster *roster, const struct addr *addrs, size_t count,
                 int rows[ROSTER_BATCH_MAX])
{
	size_t homes[ROSTER_BATCH_MAX];
	assert(count <= ROSTER_BATCH_MAX);
	for (size_t i = 0; i < count; i++)
		homes[i] = key_index_fetch(roster->keys, &addrs[i]);
	for (size_t i = 0; i < count; i++) {
		uint32_t row = key_index_look_at(roster->keys, homes[i], &addrs[i]);
		rows[i] = row == ROW_NONE ? -1 : (int)row;
		roster_fetch(roster, row == ROW_NONE ? 0 : row); /* the first is as good as none */
	}
}

static int by_text(const struct roster *roster, const char *text)
{
	int by_case = PF_ENOENT, by_id = PF_ENOENT;
	for (size_t i = 0; i < roster->count; i++) {
		struct device device;
		if (roster->rows[i].form == FORM_NOBODY)
			continue;
		unpack(roster, (uint32_t)i, &device);
		if (!strcmp(device.name, text))
			return (int)i;
		if (by_case < 0 && !strcasecmp(device.name, text))
			by_case = (int)i;
		if (by_id < 0 && !strcmp(device.id, text))
			by_id = (int)i;
	}
	return by_case >= 0 ? by_case : by_id;
}

/* Of several addresses the first device, whatever the order of the table. */
static int row_at_address_of(const struct roster *roster, const struct mac *mac)
{
	int found = -1;
	for (size_t i = 0; i < roster->guest_count; i++) {
		const struct roster_guest *guest = &roster->guests[i];
		if (mac_equal(&guest->mac, mac) && (found < 0 || (int)guest->row < found))
			found = (int)guest->row;
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
		row = roster_row(roster, registry, &asker, device);
	if (row < 0 && asker.has_mac)
		row = row_at_address_of(roster, &asker.mac);
	if (row >= 0)
		unpack(roster, (uint32_t)row, device);
	return row >= 0 ? row : (int)roster->count;
}

struct sights *sights_new(size_t count)
{
	struct sights *sights = calloc(1, sizeof *sights + count * sizeof sights->rows[0]);
	if (sights)
		sights->references = 1;
	return sights;
}

struct sights *sights_ref(struct sights *sights)
{
	__atomic_fetch_add(&sights->references, 1, __ATOMIC_RELAXED);
	return sights;
}

void sights_unref(struct sights *sights)
{
	if (sights && __atomic_fetch_sub(&sights->references, 1, __ATOMIC_ACQ_REL) == 1)
		free(sights);
}

void roster_free(struct roster **roster)
{
	if (!*roster)
		return;
	sights_unref((*roster)->sights);
	key_index_free(&(*roster)->keys);
	pages_free((*roster)->rows, (*roster)->rows_bytes);
	free((*roster)->guests);
	free((*roster)->whole);
	free(*roster);
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
