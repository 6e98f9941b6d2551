/* Private to geo/: one location database (mmdb): where an address stands. It is validated whole when it is opened;
 * afterwards look-ups can not fail, they can only not know. */
#ifndef PF_GEO_LOCATION_H
#define PF_GEO_LOCATION_H

#include "base/diag.h"
#include "config/config.h"
#include "value/facts.h"

struct location;

/* PF_OK; PF_EINVAL with an error in `diag` (at the position of the path in the configuration `file`): missing, unreadable,
 * no mmdb, corrupt anywhere, or without any country. PF_ENOMEM with an error too. */
PF_MUST_CHECK int location_open(const struct config_path *path, const char *file, struct diag *diag,
                                struct location **out);
void location_close(struct location **location);

/* What a database says of an address; both unknown when it has nothing. */
struct place {
	struct country location; /* where it stands */
	struct country
		registered; /* where its network is registered: says who controls it, not where it stands */
};

/* Of an address (unwrapped and not special). The location is the first of these that is there and names a country: MaxMind's
 * country.iso_code, ip-location-db's country_code, IPinfo's country; registered is MaxMind's registered_country.iso_code. */
struct place location_find(const struct location *location, const struct addr *addr);

int64_t location_built_us(const struct location *location);
const char *location_type(const struct location *location); /* its database_type */

size_t location_bytes(const struct location *location);

/* A country as databases write it: upper case, UK is GB. What is no country (EU, AP, ZZ, ??, …: everything that is not two
 * letters, or a code that ISO 3166 leaves to its users, but for Kosovo's XK) is unknown. */
struct country country_from_text(const char *text, size_t length);

#endif
