/* The answer to a request for a zone, whole (AXFR, RFC 5936) or as differences (IXFR, RFC 1995): message by message, in place,
 * with hostile bytes in mind. It knows no network and no file: records go to a sink, as lines of a zone file (RFC 1035, 5.1; types
 * whose text would need more than that in the form of RFC 3597).
 *
 *   AXFR    SOA(new)  record …  SOA(new)
 *   IXFR    SOA(new)                                     nothing is newer, or
 *           SOA(new)  { SOA(from) record …  SOA(to) record … } …  SOA(new)     taken away, added; or like AXFR */
#ifndef PF_DNS_ZONE_TRANSFER_H
#define PF_DNS_ZONE_TRANSFER_H

#include <stdbool.h>

#include "dns/dns.h"
#include "dns/name.h"

#define TRANSFER_RECORD_MAX \
	(1u << 25) /* records of one transfer: more than any list that fits the index */
#define TRANSFER_LINE_MAX (2 * NAME_TEXT_MAX + 2 * DNS_MESSAGE_MAX + 64)
#define TRANSFER_ERROR_MAX 200

struct zone_transfer_soa {
	uint32_t serial, refresh_s, retry_s, expire_s;
};

/* One record: "OWNER TTL IN TYPE DATA" without a newline. */
struct zone_transfer_record {
	bool added; /* false: to be taken away; matched by owner, type and data */
	const char *line;
	size_t length;
};

enum zone_transfer_step {
	TRANSFER_MORE,    /* the next message, please */
	TRANSFER_DONE,    /* whole: what was given to the sink is the zone, or all differences */
	TRANSFER_CURRENT, /* IXFR: there is nothing newer than what we have */
	TRANSFER_REFUSED, /* the primary says no: `rcode`; after IXFR, AXFR may be tried */
	TRANSFER_BROKEN,  /* malformed, or the sink would not: `error` */
};

struct zone_transfer {
	struct dns_name zone;
	uint16_t type; /* of the request: DNS_TYPE_AXFR or DNS_TYPE_IXFR */
	uint16_t id;
	uint32_t serial; /* IXFR: that we have */
	/* PF_OK, or what ends the transfer. */
	int (*take)(void *data, const struct zone_transfer_record *record);
	void *data;

	/* Afterwards. */
	bool incremental; /* the sink was given differences */
	struct zone_transfer_soa soa;
	unsigned rcode;
	char error[TRANSFER_ERROR_MAX];
	char soa_line[3 * NAME_TEXT_MAX + 128]; /* of the new SOA; there before the sink is called */

	/* Its own. */
	int state;
	uint32_t step_serial; /* IXFR: of the version that the differences have led to so far */
	uint64_t record_count;
	uint8_t rdata[DNS_MESSAGE_MAX];
	char line[TRANSFER_LINE_MAX];
};

#define TRANSFER_REQUEST_MAX \
	(DNS_HEADER_BYTES + 2 * NAME_WIRE_MAX + 4 + 10 + 2 * NAME_WIRE_MAX + 20)

/* Writes the request for `type` (SOA, AXFR, or IXFR with `serial`). Returns its length. */
size_t zone_transfer_write_request(uint8_t out[TRANSFER_REQUEST_MAX], const struct dns_name *zone,
                                   uint16_t type, uint16_t id, uint32_t serial);

/* Sets all but zone, type, id, serial, take and data. */
void zone_transfer_begin(struct zone_transfer *transfer);

/* Takes a message (without its TSIG). After anything but TRANSFER_MORE it is over. */
enum zone_transfer_step zone_transfer_feed(struct zone_transfer *transfer, const uint8_t *message,
                                           size_t length);

/* The SOA in the answer to a question for it. PF_OK; PF_EINVAL with a phrase, or `*rcode` when the server says no. */
PF_MUST_CHECK int zone_transfer_read_soa(const uint8_t *message, size_t length,
                                         const struct dns_name *zone, uint16_t id,
                                         struct zone_transfer_soa *soa, unsigned *rcode,
                                         char error[TRANSFER_ERROR_MAX]);

/* Is `serial` newer than `than` (RFC 1982)? */
bool zone_transfer_is_newer(uint32_t serial, uint32_t than);

#endif
