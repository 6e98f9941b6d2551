/* The pieces of part.h. */
#define _GNU_SOURCE /* memmem */
#include "lists/part.h"

#include <string.h>
#include <strings.h>

#include "lists/entry_name.h"
#include "lists/patterns.h"
#include "match/regex.h"

struct part part_trim(struct part part)
{
	while (part.at < part.end && part_blank(*part.at))
		part.at++;
	while (part.at < part.end && part_blank(part.end[-1]))
		part.end--;
	return part;
}

bool part_starts(struct part part, const char *with)
{
	size_t length = strlen(with);
	return part_length(part) >= length && !memcmp(part.at, with, length);
}

bool part_is(struct part part, const char *word)
{
	return part_length(part) == strlen(word) && !strncasecmp(part.at, word, part_length(part));
}

const char *part_find(struct part part, const char *what)
{
	return memmem(part.at, part_length(part), what, strlen(what));
}

struct part part_take_word(struct part *from)
{
	*from = part_trim(*from);
	struct part word = {from->at, from->at};
	while (word.end < from->end && !part_blank(*word.end))
		word.end++;
	from->at = word.end;
	return word;
}

struct part part_take_until(struct part *from, char divider)
{
	const char *stop = memchr(from->at, divider, part_length(*from));
	struct part taken = {from->at, stop ? stop : from->end};
	from->at = stop ? stop + 1 : from->end;
	return taken;
}

void item_skip(struct line_item *item, enum list_skip reason)
{
	item->kind = ITEM_SKIP;
	item->reason = reason;
}

void item_name(struct line_item *item, struct part part)
{
	int reason = entry_name_read(part.at, part_length(part), &item->name);
	item->kind = ITEM_NAME;
	if (reason >= 0)
		item_skip(item, (enum list_skip)reason);
}

/* Is there a letter at all? "*", "*.*" and the like would match every name, or every name with dots. */
static bool says_something(struct part part)
{
	for (; part.at < part.end; part.at++)
		if (*part.at != '*' && *part.at != '.')
			return true;
	return false;
}

void item_wild_name(struct line *line, struct line_item *item, struct part part, uint8_t plain)
{
	uint8_t covers = plain;
	struct part whole = part;
	if (part_starts(part, "*.")) {
		part.at += 2;
		covers = LIST_COVERS_BELOW;
	} else if (part_starts(part, ".")) {
		part.at++;
		covers = COVERS_ALL;
	}
	if (!memchr(part.at, '*', part_length(part))) {
		item->covers |= covers;
		item_name(item, part);
		return;
	}
	if (entry_name_blame(part.at, part_length(part)) != SKIP_WILDCARD || !says_something(part)) {
		item_skip(item, entry_name_blame(part.at, part_length(part)));
		return;
	}
	bool below = plain & LIST_COVERS_BELOW && !part_starts(whole, "*.");
	if (part_starts(whole, "*."))
		part = whole;
	size_t length =
		pattern_from_wildcard(part.at, part_length(part), below, line->regex, sizeof line->regex);
	if (!length) {
		item_skip(item, SKIP_WILDCARD);
		return;
	}
	item->kind = ITEM_PATTERN;
	item->regex = line->regex;
}

void item_regex(struct line *line, struct line_item *item, struct part part)
{
	size_t length = part_length(part);
	if (!length || length >= sizeof line->regex || memchr(part.at, '\0', length)) {
		item_skip(item, SKIP_REGEX);
		return;
	}
	memcpy(line->regex, part.at, length);
	line->regex[length] = '\0';
	if (!regex_readable(line->regex)) {
		item_skip(item, SKIP_REGEX);
		return;
	}
	item->kind = ITEM_PATTERN;
	item->regex = line->regex;
}

void item_every_name(struct line *line, struct line_item *item)
{
	static const char every[] = ".*";
	item_regex(line, item, (struct part){every, every + sizeof every - 1});
}
