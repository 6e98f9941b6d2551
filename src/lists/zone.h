/* Private to lists/: zone files (RFC 1035, 5.1), a line at a time, for response policy zones. Known are $ORIGIN,
 * $TTL, @, owners left out, parentheses over several lines, comments with `;`, quoted texts. */
#ifndef PF_LISTS_ZONE_H
#define PF_LISTS_ZONE_H

#include "lists/rpz.h"

struct zone_reader {
	bool has_origin; /* else relative names are relative to the zone, whatever it is called */
	bool has_apex;
	bool has_owner;
	bool owner_is_bad;      /* of the record before; one that is left out is it too */
	bool owner_outside;     /* it is not in the zone */
	struct dns_name origin; /* absolute */
	struct dns_name apex;   /* the zone's name: the owner of its SOA, or else the first $ORIGIN */
	struct dns_name owner;  /* relative to the apex */
	unsigned depth;         /* of parentheses: the record goes on in the next line */
	bool too_long;
	size_t length; /* of `joined`: a record that several lines make */
	char joined[LIST_LINE_BYTES_MAX];
	struct terms terms; /* of the item that was read last */
};

void zone_reader_init(struct zone_reader *zone);

/* Reads a line. False: the record goes on in the next line. */
bool zone_read_line(struct zone_reader *zone, const char *text, size_t length,
                    struct line_item *item);

#endif
