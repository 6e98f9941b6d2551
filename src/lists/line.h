/* One line of a list, read into items: the names that it lists, or why it lists none. Only a hosts line
 * can hold more than one item. Nothing is allocated, nothing outside the line is read.
 *
 * The form of each line decides what it means, whatever the file's format:
 *
 *   a.example           plain: the name and all below it; in a hosts file that name alone
 *   .a.example          the name and all below it
 *   *.a.example         all below it, not the name
 *   0.0.0.0 a b # x     hosts (0.0.0.0, 127.0.0.0/8, ::, ::1): each of the names alone
 *   ||a.example^        adblock: the name and all below it; also without ^, and with a closing |
 *   |a.example^         adblock: begins and ends here, so that name alone
 *   ||*.a.example^      adblock: all below it
 *   @@…                 adblock: an exception from the same list; `$important` changes nothing here
 *   # x, ! x, [x], ""   comments; in an adblock file ##x, #@#x are rules for browsers
 */
#ifndef PF_LISTS_LINE_H
#define PF_LISTS_LINE_H

#include "config/config.h"
#include "lists/index.h"
#include "lists/lists.h"

enum line_form {
	LINE_COMMENT, /* and blank lines */
	LINE_HEADER,  /* [Adblock Plus 2.0] */
	LINE_PLAIN,
	LINE_HOSTS,
	LINE_ADBLOCK,
};

struct line {
	const char *at, *end; /* what is left to read */
	enum list_format format;
	enum line_form form;
	bool begun;
	bool elsewhere; /* LINE_HOSTS: the address is none that blocks */
};

enum line_item_kind { ITEM_COMMENT, ITEM_NAME, ITEM_SKIP };

struct line_item {
	enum line_item_kind kind;
	enum list_skip reason; /* ITEM_SKIP */
	uint8_t covers;        /* ITEM_NAME: enum list_covers */
	struct dns_name name;  /* ITEM_NAME */
};

/* `text` without its newline; any bytes. `format` is the file's, LIST_FORMAT_AUTO when not known yet. */
void line_init(struct line *line, const char *text, size_t length, enum list_format format);

/* The next item; false when there is none. Each line has at least one. */
bool line_next(struct line *line, struct line_item *item);

#endif
