/* Private to lists/: pieces of a line, and what the readers of all forms share. */
#ifndef PF_LISTS_PART_H
#define PF_LISTS_PART_H

#include "lists/line.h"

#define COVERS_ALL (LIST_COVERS_SELF | LIST_COVERS_BELOW)

struct part {
	const char *at, *end;
};

static inline size_t part_length(struct part part)
{
	return (size_t)(part.end - part.at);
}

static inline bool part_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

struct part part_trim(struct part part);
bool part_starts(struct part part, const char *with);
bool part_is(struct part part, const char *word); /* without regard to case */
const char *part_find(struct part part, const char *what);
/* Up to the next blank; `from` then stands behind it. */
struct part part_take_word(struct part *from);
/* Up to the next `divider`, which is left out; `from` then stands behind it. */
struct part part_take_until(struct part *from, char divider);

void item_skip(struct line_item *item, enum list_skip reason);
/* The name of the part becomes the item's. */
void item_name(struct line_item *item, struct part part);
/* A name with a "*." or "." before it; `plain` is what it covers without. Wildcards elsewhere make it a
 * pattern, which is written into line->regex. */
void item_wild_name(struct line *line, struct line_item *item, struct part part, uint8_t plain);
/* A regular expression. */
void item_regex(struct line *line, struct line_item *item, struct part part);
/* The expression that every name matches. */
void item_every_name(struct line *line, struct line_item *item);

/* The forms that have files of their own. */
void line_read_adblock(struct line *line, struct line_item *item, struct part part);
bool line_is_cosmetic(struct part part);
bool line_is_dnsmasq(struct part part);
/* Like line_next. */
bool line_next_dnsmasq(struct line *line, struct line_item *item);
bool line_is_unbound(struct part part);
void line_read_unbound(struct line *line, struct line_item *item, struct part part);
bool line_is_network(struct part part);
void line_read_network(struct line_item *item, struct part part);
bool line_is_zone(struct part part);

#endif
