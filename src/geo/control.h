/* Private to geo/: who announces an address: ranges of addresses with their AS number and its organisation, from CSV
 * files (start,end,asn,organisation) or ASN databases (mmdb), as compact sorted tables. */
#ifndef PF_GEO_CONTROL_H
#define PF_GEO_CONTROL_H

#include "base/diag.h"
#include "config/config.h"
#include "geo/as_table.h"
#include "geo/geo.h"
#include "geo/location.h"
#include "geo/range.h"

struct range4 {
	uint32_t start, end, as; /* `as` is an index of the table */
};

struct range6 {
	uint8_t start[16], end[16];
	uint32_t as;
};

struct control {
	size_t count4, room4, count6, room6;
	struct range4 *ranges4;
	struct range6 *ranges6;
	struct as_table table;
};

struct control *control_new(void);
void control_free(struct control **control);

/* What one file brought. */
struct control_file {
	size_t count;     /* ranges */
	int64_t built_us; /* of an mmdb; 0: the file does not say */
};

/* Adds a file, a text or an mmdb by its content. PF_OK; PF_EINVAL with an error in `diag`: it can not be read, it has no range at
 * all, it is corrupt, or more than one line in a hundred is wrong (fewer are a warning). PF_ENOMEM with an error too. */
PF_MUST_CHECK int control_read(struct control *control, const struct config_path *path,
                               const char *file, struct diag *diag, struct control_file *read);

/* After all files: sorts, and makes the ranges disjoint. Where some overlap, the one that starts last wins, of those that
 * start together the shortest, of equal ones the AS that the files name first. PF_ENOMEM. */
PF_MUST_CHECK int control_finish(struct control *control);

/* The files name no country for an AS. It is derived: the country in which most of the IPv4 addresses that it
 * announces stand by this location database, taken by the first address of each range; for an AS that announces no IPv4,
 * most of its IPv6 /48s. So it is the country of the network, not that of its owner's owner. Unknown when the database knows
 * none of its ranges. PF_ENOMEM. */
PF_MUST_CHECK int control_derive_countries(struct control *control,
                                           const struct location *location);

/* The AS that announces an address (unwrapped), or NULL. */
const struct as *control_find(const struct control *control, const struct addr *addr);
const char *control_organisation(const struct control *control, uint32_t asn);

#endif
