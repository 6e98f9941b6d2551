/* Names that the reverse zone of the house has for addresses: whose to ask for, and what an answer means. A lease says more,
 * because the device itself gave that name. */
#include <string.h>

#include "device/book_state.h"
#include "device/lease_text.h"

#define ASK_AGAIN_S 3600     /* each address: names change as seldom as leases do */
#define SLOTS_LOOKED_AT 4096 /* in one call; the walk goes on from there in the next */

static bool wants_name(const struct book *book, const struct address_entry *entry, uint32_t now_s)
{
	const struct row *row = &book->rows[entry->row];
	bool is_address = entry->addr.family == 4 || entry->addr.family == 6;
	return is_address && entry->counted && (!row->host[0] || row->host_is_reverse) &&
	       (!entry->asked_s || now_s - entry->asked_s >= ASK_AGAIN_S);
}

size_t book_unnamed(struct book *book, int64_t wall_us, struct addr *addrs, size_t max)
{
	uint32_t now_s = (uint32_t)(wall_us / 1000000);
	size_t count = 0, slots = book->keys->mask + 1;
	size_t looked_at = slots < SLOTS_LOOKED_AT ? slots : SLOTS_LOOKED_AT;
	for (size_t i = 0; i < looked_at && count < max; i++) {
		struct address_entry *entry = &book->keys->slots[book->name_cursor++ & book->keys->mask];
		if (!wants_name(book, entry, now_s))
			continue;
		entry->asked_s = now_s;
		addrs[count++] = entry->addr;
	}
	return count;
}

bool book_name(struct book *book, const struct addr *addr, const char *name)
{
	const struct address_entry *entry = table_look(book->keys, addr);
	struct lease word = {0};
	lease_set_host(&word, name);
	if (!entry || !entry->counted || !word.host[0])
		return false;
	struct row *row = &book->rows[entry->row];
	if ((row->host[0] && !row->host_is_reverse) || !strcmp(row->host, word.host))
		return false;
	memcpy(row->host, word.host, sizeof row->host);
	row->host_is_reverse = true;
	row_retag(book, entry->row);
	return true;
}
