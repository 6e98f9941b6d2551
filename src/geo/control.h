/* Private to geo/: who announces an address: ranges of addresses with their AS number and its
 * organisation, from CSV files (start,end,asn,organisation), as compact sorted tables. */
#ifndef PF_GEO_CONTROL_H
#define PF_GEO_CONTROL_H

#include "base/diag.h"
#include "config/config.h"
#include "geo/geo.h"
#include "geo/location.h"

/* An autonomous system. */
struct as {
	uint32_t number;
	uint32_t organisation; /* offset into the names */
	struct country country;
};

struct control;

struct control *control_new(void);
void control_free(struct control **control);

/* Adds a file. PF_OK with the number of its ranges in `*count`; PF_EINVAL with an error in `diag`: it can not be
 * read, it has no range at all, or more than one line in a hundred is wrong (fewer are a warning). PF_ENOMEM. */
PF_MUST_CHECK int control_read(struct control *control, const struct config_path *path,
                               const char *file, struct diag *diag, size_t *count);

/* After all files: sorts. Where ranges overlap, the one that starts later wins; of two that start together,
 * the shorter one. */
void control_finish(struct control *control);

/* The files name no country for an AS. It is derived: the country in which most of the addresses that it
 * announces stand by this location database, by the first address of each range;  IPv6 counts where an AS announces no IPv4.
 * A network's country is where it is at home, not where its owner's owner sits. */
void control_derive_countries(struct control *control, const struct location *location);

/* The AS that announces an address (unwrapped), or NULL. */
const struct as *control_find(const struct control *control, const struct addr *addr);
const char *control_organisation(const struct control *control, uint32_t asn);

#endif
