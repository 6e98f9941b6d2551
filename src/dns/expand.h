/* Private to dns/: the data of records with their names written in full. */
#ifndef PF_DNS_EXPAND_H
#define PF_DNS_EXPAND_H

#include "dns/wire.h"

#define SHAPE_REST (-1) /* any number of bytes behind the names */

/* Where names stand in the data of those types in which they may arrive compressed (RFC 1035; RFC 3597,
 * 4; and what is seen in the wild). */
struct rdata_shape {
	uint8_t before;  /* bytes */
	uint8_t strings; /* of one length byte each, behind them */
	uint8_t names;   /* at least one */
	int8_t after;    /* bytes, or SHAPE_REST */
	bool compress;   /* only those of RFC 1035 may be sent so */
};

/* NULL: data of this type is opaque bytes. */
const struct rdata_shape *rdata_shape_of(uint16_t type);

/* Writes the data of a record without compression, names in the letter case of the packet. Returns its length; PF_EINVAL: it is
 * not of its type's shape; PF_EFULL: over `room`. */
PF_MUST_CHECK int rdata_expand(const uint8_t *packet, size_t length,
                               const struct wire_record *record, uint8_t *out, size_t room);

#endif
