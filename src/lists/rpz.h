/* Response policy zones: one record, read into an item (draft-vixie-dnsop-dns-rpz, sections 3 to 5). The owner
 * says what triggers the entry, the record what becomes of the query. From a zone file (zone.h) or, record by
 * record, from a transfer:
 *
 *   list_parser_init(&parser, …);  info->format = LIST_FORMAT_RPZ;
 *   for each record: list_parser_record(&parser, &record)     (parse.h)
 *   list_parser_finish(&parser)
 *
 * Triggers: a.example, *.a.example (QNAME); 24.0.2.0.192.rpz-client-ip; 24.0.2.0.192.rpz-ip;
 * ns.a.example.rpz-nsdname; 128.1.zz.db8.2001.rpz-nsip. Actions: CNAME . (NXDOMAIN), CNAME *. (NODATA),
 * CNAME rpz-passthru. or the owner itself (an exception), CNAME rpz-drop., CNAME rpz-tcp-only., and any other
 * record: local data. Records of one owner that come one after the other make one entry. */
#ifndef PF_LISTS_RPZ_H
#define PF_LISTS_RPZ_H

#include "lists/line.h"

struct rpz_record {
	const struct dns_name
		*owner; /* relative to the zone, without its name; labels 0: the apex itself */
	uint16_t type;
	const uint8_t *rdata; /* wire form, names without compression (RFC 3597, 4), any letter case */
	size_t rdata_length;
};

/* Fills the item, whose terms go to `terms`. SOA and NS of the apex, and what DNSSEC adds, are ITEM_COMMENT;
 * what is no rule is ITEM_SKIP. item->gathers is set. */
void rpz_read(const struct rpz_record *record, struct terms *terms, struct line_item *item);

#endif
