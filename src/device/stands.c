/* IPv6 addresses of devices that the configuration names by an IPv4 address or network. A thing has one of those at a time, so
 * whose MAC stands there is that device by its IPv6 addresses too: a camera of `ip: 192.168.40.0/24` would else be a stranger as
 * soon as it asks over IPv6. That holds, also when the kernel forgets the IPv4 address, until the MAC is seen at one that the
 * configuration does not name. A MAC that somebody has named or tagged is itself, wherever it stands. */
#include "device/book_state.h"

uint32_t book_row_of_stand(const struct book *book, const struct mac *mac)
{
	struct addr key = key_of_stand(mac);
	return row_of_key(book, &key);
}

void book_note_stand(struct book *book, const struct addr *addr, const struct mac *mac,
                     uint32_t row)
{
	struct addr key = key_of_stand(mac);
	uint32_t before = row_of_key(book, &key);
	uint32_t now = row < book->configured ? row : ROW_NONE;
	if (addr->family != 4 || before == now)
		return;
	if (now == ROW_NONE)
		table_remove(book->names, table_find(book->names, &key));
	else if (!row_put_key(book, &key, now))
		return; /* without memory it is a stranger by IPv6, as it was */
	book->stands_changed = true;
}

static bool belongs_elsewhere(const struct book *book, const struct address_entry *entry)
{
	struct device device;
	if (entry->addr.family != 6 || !(entry->sources & FROM_NEIGHBOUR))
		return false;
	uint32_t stand = book_row_of_stand(book, &entry->mac);
	if (stand != ROW_NONE)
		return entry->row != stand && !row_is_known(book, entry->row);
	return entry->row < book->configured &&
	       registry_resolve(book->registry, &entry->addr, &entry->mac, &device) < 0;
}

void book_follow_stands(struct book *book, int64_t wall_us)
{
	if (!book->stands_changed)
		return;
	book->stands_changed = false;
	for (size_t i = 0; i <= book->keys->mask; i++) {
		struct addr addr = book->keys->slots[i].addr;
		size_t mask = book->keys->mask;
		if (!belongs_elsewhere(book, &book->keys->slots[i]))
			continue;
		book_settle(book, &addr, wall_us);
		/* a row was made for it, and the table has grown for that: all stand elsewhere */
		if (book->keys->mask != mask)
			book->stands_changed = true;
	}
}
