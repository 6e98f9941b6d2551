/* Lines of cidr files: an address, a network, a range of addresses that is one network. */
#include <string.h>

#include "lists/part.h"

#define TEXT_BYTES_MAX (2 * PREFIX_TEXT_MAX)

/* The first word: behind it stands what the publisher calls it, or a comment with `;`. */
static bool copy_first(struct part part, char text[TEXT_BYTES_MAX])
{
	struct part rest = part, word = part_take_word(&rest);
	const char *comment = memchr(word.at, ';', part_length(word));
	if (comment)
		word.end = comment;
	rest = part_trim(rest);
	if (!comment && part_length(rest) && *rest.at != ';')
		return false;
	if (!part_length(word) || part_length(word) >= TEXT_BYTES_MAX ||
	    memchr(word.at, '\0', part_length(word)))
		return false;
	memcpy(text, word.at, part_length(word));
	text[part_length(word)] = '\0';
	return true;
}

/* "192.0.2.0-192.0.2.255": the network that holds just these. */
static bool read_range(char *text, struct prefix *prefix)
{
	struct addr first, last;
	char *dash = strchr(text, '-');
	if (!dash)
		return false;
	*dash = '\0';
	if (addr_parse(text, &first) != PF_OK || addr_parse(dash + 1, &last) != PF_OK ||
	    first.family != last.family)
		return false;
	unsigned bits = addr_bits(&first), length = 0;
	while (length < bits &&
	       !((first.bytes[length / 8] ^ last.bytes[length / 8]) >> (7 - length % 8) & 1))
		length++;
	for (unsigned i = length; i < bits; i++) {
		unsigned shift = 7 - i % 8;
		if (first.bytes[i / 8] >> shift & 1 || !(last.bytes[i / 8] >> shift & 1))
			return false;
	}
	prefix->addr = first;
	prefix->length = (uint8_t)length;
	return true;
}

static bool read_network(struct part part, struct prefix *prefix)
{
	char text[TEXT_BYTES_MAX];
	if (!copy_first(part, text))
		return false;
	return prefix_parse(text, prefix) == PF_OK || read_range(text, prefix);
}

bool line_is_network(struct part part)
{
	struct prefix prefix;
	static const char begins[] = "0123456789:abcdefABCDEF";
	return part_length(part) && memchr(begins, *part.at, sizeof begins - 1) &&
	       read_network(part, &prefix);
}

void line_read_network(struct line_item *item, struct part part)
{
	item->kind = ITEM_NETWORK;
	item->trigger = TRIGGER_ADDRESS;
	if (!read_network(part, &item->prefix))
		item_skip(item, SKIP_NO_NETWORK);
}
