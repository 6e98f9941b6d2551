/* A line of hosts(5). */
#include <string.h>

#include "local/hosts.h"

#define WORD_MAX 256

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

/* The next word; false at the end, with `*too_long` when it has no room. */
static bool next_word(const char **at, const char *end, char word[WORD_MAX], bool *too_long)
{
	while (*at < end && is_blank(**at))
		++*at;
	const char *start = *at;
	while (*at < end && !is_blank(**at))
		++*at;
	size_t length = (size_t)(*at - start);
	*too_long = length >= WORD_MAX || memchr(start, '\0', length);
	if (!length || *too_long)
		return false;
	memcpy(word, start, length);
	word[length] = '\0';
	return true;
}

enum hosts_parse hosts_parse_line(const char *text, size_t length, struct hosts_line *line)
{
	const char *at = text, *comment = memchr(text, '#', length);
	const char *end = comment ? comment : text + length;
	char word[WORD_MAX];
	bool too_long;
	line->name_count = 0;
	if (!next_word(&at, end, word, &too_long))
		return too_long ? HOSTS_BAD_ADDR : HOSTS_EMPTY;
	if (strchr(word, '%'))
		return HOSTS_ZONED;
	if (addr_parse(word, &line->addr) != PF_OK)
		return HOSTS_BAD_ADDR;
	addr_unmap(&line->addr);
	while (next_word(&at, end, word, &too_long)) {
		if (line->name_count == PF_COUNT(line->names))
			continue;
		struct dns_name *name = &line->names[line->name_count];
		if (dns_name_from_text(word, name) != PF_OK || !name->labels)
			return HOSTS_BAD_NAME;
		line->name_count++;
	}
	return line->name_count && !too_long ? HOSTS_LINE : HOSTS_BAD_NAME;
}
