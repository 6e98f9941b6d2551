/* Private to geo/: what a database is called, and who made it. */
#ifndef PF_GEO_LABEL_H
#define PF_GEO_LABEL_H

#include <stdbool.h>
#include <stdint.h>

#include "value/facts.h"

/* "dbip 2026-06" of ".../dbip-country.mmdb": the file's name without what says only which kind of file it is (.mmdb, .csv,
 * .txt, .gz; -country, -city, -asn, -lite, -ipv4, -ipv6, -num, -prefixes, -test, a date as -2026-06 or -20260601; '-' or
 * '_', any number of them, any case), and the month in which it was built. */
void label_make(const char *path, int64_t built_us, char label[GEO_LABEL_MAX]);

/* Do two location databases come from one publisher? They do when their types begin with the same publisher's name
 * (MaxMind's GeoIP2 and GeoLite2, DB-IP's, IPinfo's), or their labels are the same but for the month. */
bool label_same_publisher(const char *type_a, const char *label_a, const char *type_b,
                          const char *label_b);

#endif
