/* What the databases say of an address, and the standing that follows, as JSON: for `portafilter geo` and /api/v1/geo. */
#ifndef PF_REPORT_ADDRESSES_H
#define PF_REPORT_ADDRESSES_H

#include <jansson.h>

#include "geo/geo.h"

#define ADDRESSES_ASKED_MAX 256 /* of one question */

/* What one address is, with room for it. */
union address_judged {
	struct answer_facts facts;
	char room[sizeof(struct answer_facts) + sizeof(struct address_facts)];
};
const struct address_facts *address_judge(const struct geo *geo, const struct addr *addr,
                                          struct now now, union address_judged *judged);

/* The databases as a document: name, kind, the day of the build, credit. Paths and ages are left out, since they are those of
 * this machine and of today. */
json_t *addresses_sources(const struct geo *geo);

/* {"sources": [{"label", "kind", "built", "entries", "credit"}, …], "home": ["US", …], "addresses": [{"address", "special", "anycast",
 * "locations": {label: code or null}, "location", "registered", "asn", "organisation", "control", "standing", "confidence"}, …]};
 * codes, asn and organisation are null when they are not known. */
json_t *addresses_document(const struct geo *geo, const struct config *config,
                           const struct addr *addresses, size_t count, struct now now);

#endif
