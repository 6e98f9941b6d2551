/* One line of a list, read into items: what it lists, or why it lists nothing. Only lines of hosts and dnsmasq
 * form can hold more than one item. Nothing is allocated, nothing outside the line is read. Zone files, whose
 * lines hang together, are read by zone.h into the same items.
 *
 * The form of each line decides what it means, whatever the file's format:
 *
 *   a.example             plain: the name and all below it; in a hosts file that name alone
 *   .a.example            the name and all below it
 *   *.a.example           all below it, not the name
 *   a*.b.*                a name with wildcards, which stand for any letters and dots
 *   0.0.0.0 a b # x       hosts (0.0.0.0, 127.0.0.0/8, ::, ::1): each of the names alone
 *   ||a.example^          adblock: the name and all below it; also without ^, and with a closing |
 *   |a.example^           adblock: begins and ends here, so that name alone
 *   ||*.a.example^        adblock: all below it
 *   ||a.*.example^        adblock: wildcards, and all below what they stand for; |a*^ not below; |.^ the root
 *   /regex/               a regular expression
 *   @@…                   adblock: an exception from the same list
 *   …$a,b=c               adblock: modifiers (terms.h)
 *   address=/a/b/1.2.3.4  dnsmasq: each of the names and all below; `#` or no address; server=, local=
 *   local-zone: "a" x     unbound: the name and all below it; local-data: "a A 1.2.3.4"
 *   # x, ! x, [x], ""     comments; in an adblock file ##x, #@#x are rules for browsers
 *
 * In files of two formats every line is of that form: in regex files an expression, in cidr files an address, a
 * network or a range of addresses. */
#ifndef PF_LISTS_LINE_H
#define PF_LISTS_LINE_H

#include "config/config.h"
#include "lists/index.h"
#include "lists/lists.h"
#include "lists/terms.h"

enum line_form {
	LINE_COMMENT, /* and blank lines */
	LINE_HEADER,  /* [Adblock Plus 2.0] */
	LINE_PLAIN,
	LINE_HOSTS,
	LINE_ADBLOCK,
	LINE_DNSMASQ,
	LINE_UNBOUND,
	LINE_REGEX,
	LINE_NETWORK, /* an address, alone on its line; a network; a range */
	LINE_ZONE,    /* a record or directive of a zone file: only detection asks */
};

/* A wildcard's regex is at most so long: each byte of a name may need a backslash. */
#define LINE_REGEX_MAX (LIST_LINE_BYTES_MAX + 1)

struct line {
	const char *at, *end; /* what is left to read */
	enum list_format format;
	enum line_form form;
	bool begun;
	bool elsewhere; /* LINE_HOSTS: the address is none that blocks */
	bool excepts;   /* LINE_DNSMASQ: the names are exceptions */
	struct terms terms;
	char regex[LINE_REGEX_MAX];
};

enum line_item_kind { ITEM_COMMENT, ITEM_NAME, ITEM_PATTERN, ITEM_NETWORK, ITEM_SKIP };

/* What an entry is looked up by. */
enum list_trigger {
	TRIGGER_NAME,       /* the name that is asked for */
	TRIGGER_CLIENT,     /* the address that asks */
	TRIGGER_ADDRESS,    /* an address in the answer */
	TRIGGER_NS_NAME,    /* the name of a name server that the answer shows */
	TRIGGER_NS_ADDRESS, /* its address */
	TRIGGER_COUNT,
};

struct line_item {
	enum line_item_kind kind;
	enum list_skip reason; /* ITEM_SKIP */
	enum list_trigger trigger;
	uint8_t covers; /* enum list_covers; of patterns and networks LIST_EXCEPTION or 0 */
	bool
		gathers; /* what follows with the same owner belongs to the same entry (zone files, unbound) */
	const struct terms *terms; /* NULL: it says nothing else */
	const char *regex;    /* ITEM_PATTERN: text that ends with NUL, valid until the next line */
	struct prefix prefix; /* ITEM_NETWORK */
	struct dns_name name; /* ITEM_NAME */
};

/* `text` without its newline; any bytes. `format` is the file's, LIST_FORMAT_AUTO when not known yet. */
void line_init(struct line *line, const char *text, size_t length, enum list_format format);

/* The next item; false when there is none. Each line has at least one. */
bool line_next(struct line *line, struct line_item *item);

#endif
