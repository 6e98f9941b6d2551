/* Private to geo/: who announces an address: ranges of addresses with their AS number and its organisation, from CSV
 * files (start,end,asn,organisation) or ASN databases (mmdb), compiled into a range_map. */
#ifndef PF_GEO_CONTROL_H
#define PF_GEO_CONTROL_H

#include "base/diag.h"
#include "config/config.h"
#include "geo/as_table.h"
#include "geo/geo.h"
#include "geo/location.h"
#include "geo/range.h"
#include "geo/range_map.h"

struct control {
	struct range_list
		ranges; /* each with an index of `table` and 1 more; empty after control_finish */
	struct range_map map;
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

/* After all files: makes the ranges disjoint (where some overlap, the one that starts last wins, of those that
 * start together the shortest, of equal ones the AS that the files name first), gives each AS its country, and compiles the
 * map. PF_ENOMEM.
 *
 * The files name no country for an AS. It is derived: the country in which most of the IPv4 addresses that it
 * announces stand by the location database, taken by the first address of each range; for an AS that announces no IPv4,
 * most of its IPv6 /48s. So it is the country of the network, not that of its owner's owner. Unknown when the database knows
 * none of its ranges, or is NULL. */
PF_MUST_CHECK int control_finish(struct control *control, const struct location *location);

/* Private to control.c: the countries alone. */
PF_MUST_CHECK int control_derive_countries(struct control *control,
                                           const struct location *location);

/* Memory that look-ups need: the map, the systems and their names. */
size_t control_bytes(const struct control *control);

/* The AS that announces an address (unwrapped), or NULL. */
const struct as *control_find(const struct control *control, const struct addr *addr);
const char *control_organisation(const struct control *control, uint32_t asn);

#endif
