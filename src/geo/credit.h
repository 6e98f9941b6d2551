/* Private to geo/: whom the licence of a database wants to be named wherever its answers are shown. */
#ifndef PF_GEO_CREDIT_H
#define PF_GEO_CREDIT_H

#include "geo/geo.h"

/* From the file CREDITS in the database's folder, as contrib/fetch-geoip writes it (names of files with commas between them, two
 * blanks or more, the credit); else by the type that an mmdb gives itself (`type`, NULL: it is none); else "". */
void credit_find(const char *path, const char *type, char credit[GEO_CREDIT_MAX]);

#endif
