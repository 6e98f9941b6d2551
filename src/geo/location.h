/* Private to geo/: one location database (mmdb). It is validated whole when it is opened; afterwards look-ups can
 * not fail, they can only not know. */
#ifndef PF_GEO_LOCATION_H
#define PF_GEO_LOCATION_H

#include "base/diag.h"
#include "config/config.h"
#include "value/facts.h"

struct location;

/* NULL with an error in `diag` (at the position of the path in the configuration `file`): missing, unreadable,
 * no mmdb, corrupt anywhere, or without countries. */
struct location *location_open(const struct config_path *path, const char *file, struct diag *diag);
void location_close(struct location **location);

/* The country of an address (unwrapped and not special), unknown when it has none. */
struct country location_find(const struct location *location, const struct addr *addr);

int64_t location_built_us(const struct location *location);
const char *location_type(const struct location *location); /* its database_type */
uint32_t location_node_count(const struct location *location);

/* A country as databases write it: upper case, UK is GB; what is no country (EU, AP, ZZ, ??, …) is unknown. */
struct country country_from_text(const char *text, size_t length);

#endif
