/* Names that people give to devices while the daemon runs. Those of the configuration are not changed here. */
#include <string.h>
#include <strings.h>

#include "device/book_state.h"

/* A name that could be taken for an address is none: people ask for devices by either. */
static bool is_good(const char *name)
{
	struct addr addr;
	struct mac mac;
	size_t length = strlen(name);
	if (length >= DEVICE_NAME_MAX || name[0] == ' ' || name[length - 1] == ' ' ||
	    addr_parse(name, &addr) == PF_OK || mac_parse(name, &mac) == PF_OK)
		return false;
	for (const char *c = name; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return false;
	return strncmp(name, "mac:", 4) && strncmp(name, "ip:", 3) && strncmp(name, "name:", 5) &&
	       strncmp(name, "client:", 7);
}

static bool is_taken(const struct book *book, size_t number, const char *name)
{
	for (size_t i = 0; i < book->row_count; i++)
		if (i != number && book->rows[i].device.id[0] &&
		    !strcasecmp(book->rows[i].device.name, name))
			return true;
	return false;
}

int book_give_name(struct book *book, size_t number, const char *name, int64_t wall_us)
{
	struct row *row = &book->rows[number];
	bool was_known = row_is_somebody(row);
	if (number < book->configured)
		return PF_ECONFLICT;
	if (*name && !is_good(name))
		return PF_EINVAL;
	if (*name && is_taken(book, number, name))
		return PF_EFULL;
	if (!*name && !row->given)
		return PF_OK;
	row->given = *name != '\0';
	/* An id is a word, a colon and what is shown when nobody has a better name. */
	const char *colon = strchr(row->device.id, ':');
	const char *shown = *name || !colon ? name : colon + 1;
	size_t length = strnlen(shown, DEVICE_NAME_MAX - 1);
	memset(row->device.name, 0, sizeof row->device.name);
	memcpy(row->device.name, shown, length);
	book->dirty = true;
	row_retag(book, (uint32_t)number);
	if (was_known != row_is_somebody(row))
		book_settle_addresses_of(book, number, row->given ? wall_us : row->first_wall_us);
	return PF_OK;
}
