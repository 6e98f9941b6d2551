/* Lines in the syntax of ad blockers, as DNS blockers understand it. */
#include <string.h>

#include "lists/part.h"

/* Where in the line a rule for browsers divides sites from what to hide; NULL when it is none. */
static const char *cosmetic_mark(struct part part)
{
	static const char *const marks[] = {"##", "#@#", "#?#", "#$#", "#%#", "#@?#", "#@$#", "#@%#"};
	if (!memchr(part.at, '#', part_length(part))) /* nearly always */
		return NULL;
	for (size_t i = 0; i < PF_COUNT(marks); i++) {
		const char *mark = part_find(part, marks[i]);
		if (mark)
			return mark;
	}
	return NULL;
}

bool line_is_cosmetic(struct part part)
{
	return cosmetic_mark(part) != NULL;
}

/* The slash that closes an expression: what follows is nothing or modifiers, whose values may hold slashes. */
static const char *closing_slash(struct part part)
{
	const char *found = NULL;
	for (const char *at = part.at + 1; at < part.end; at++) {
		if (*at == '\\')
			at++;
		else if (*at == '/' && (at + 1 == part.end || at[1] == '$'))
			return at;
	}
	return found;
}

/* Takes the modifiers off; false when the line is off for them. */
static bool read_modifiers(struct line *line, struct line_item *item, struct part *part,
                           const char *dollar)
{
	if (!dollar)
		return true;
	struct part modifiers = {dollar + 1, part->end};
	terms_init(&line->terms);
	int reason = terms_read_modifiers(&line->terms, modifiers.at, part_length(modifiers),
	                                  item->covers & LIST_EXCEPTION);
	if (reason >= 0) {
		item_skip(item, (enum list_skip)reason);
		return false;
	}
	part->end = dollar;
	if (!terms_empty(&line->terms))
		item->terms = &line->terms;
	return true;
}

static void read_expression(struct line *line, struct line_item *item, struct part part)
{
	const char *close = closing_slash(part);
	if (!close) {
		item_skip(item, SKIP_COSMETIC); /* a path */
		return;
	}
	struct part inside = {part.at + 1, close};
	if (read_modifiers(line, item, &part, close + 1 < part.end ? close + 1 : NULL))
		item_regex(line, item, inside);
}

/* "|.^": the root, which is asked for when a device wants to know the root's name servers. */
static bool is_root(struct part part)
{
	return part_length(part) == 1 && *part.at == '.';
}

/* "||ads." means any name that begins so, or whose tail does. */
static void read_begin(struct line *line, struct line_item *item, struct part part, bool below)
{
	char text[NAME_TEXT_MAX];
	size_t length = part_length(part);
	if (length + 1 >= sizeof text) {
		item_skip(item, SKIP_BAD_NAME);
		return;
	}
	memcpy(text, part.at, length);
	text[length++] = '*';
	item_wild_name(line, item, (struct part){text, text + length},
	               below ? COVERS_ALL : LIST_COVERS_SELF);
}

static void read_text(struct line *line, struct line_item *item, struct part part)
{
	bool below = part_starts(part, "||"), bar = part_starts(part, "|");
	part.at += below ? 2 : bar;
	if (!bar && !part_starts(part, "*")) {
		item_skip(item, SKIP_SYNTAX); /* a text anywhere in an address, as browsers match it */
		return;
	}
	const char *dollar = memchr(part.at, '$', part_length(part));
	const char *slash = memchr(part.at, '/', part_length(part));
	if (slash && (!dollar || slash < dollar)) {
		item_skip(item, SKIP_COSMETIC);
		return;
	}
	if (!read_modifiers(line, item, &part, dollar))
		return;
	static const char root[] = "^\\.$";
	bool closed = false; /* by ^ or |: nothing may follow */
	while (part.at < part.end && (part.end[-1] == '^' || part.end[-1] == '|')) {
		part.end--;
		closed = true;
	}
	if (part_length(part) == 1 && *part.at == '*' && item->terms)
		item_every_name(line, item); /* "*$denyallow=…": every name */
	else if (bar && !below && closed && is_root(part))
		item_regex(line, item, (struct part){root, root + sizeof root - 1});
	else if (!closed && part_length(part) && part.end[-1] == '.')
		read_begin(line, item, part, below || !bar);
	else
		item_wild_name(line, item, part, below || !bar ? COVERS_ALL : LIST_COVERS_SELF);
}

void line_read_adblock(struct line *line, struct line_item *item, struct part part)
{
	if (part_starts(part, "@@")) {
		part.at += 2;
		item->covers = LIST_EXCEPTION;
	}
	if (part_starts(part, "/") && closing_slash(part))
		read_expression(line, item, part);
	else if (cosmetic_mark(part))
		item_skip(item, SKIP_COSMETIC);
	else
		read_text(line, item, part);
}
