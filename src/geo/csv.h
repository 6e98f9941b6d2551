/* Private to geo/: the two text files that people have: AS ranges (start,end,asn,organisation) and prefixes,
 * one a line. */
#ifndef PF_GEO_CSV_H
#define PF_GEO_CSV_H

#include "base/diag.h"
#include "config/config.h"
#include "geo/geo.h"

#define CSV_FILE_BYTES_MAX (1u << 30)
#define CSV_BAD_SHARE 100 /* one bad line in so many is the most that a file may have */

struct csv_range {
	struct addr start, end; /* of one family, start not behind end */
	uint32_t asn;
	char organisation[GEO_ORGANISATION_MAX]; /* UTF-8, no control bytes */
};

/* Calls `each` for every range, in the file's order; what it returns other than 0 ends the reading and is returned.
 * PF_EINVAL with an error in `diag`, PF_ENOMEM. Empty lines and those that start with '#' are skipped. */
PF_MUST_CHECK int csv_read_ranges(const struct config_path *path, const char *file,
                                  struct diag *diag,
                                  int (*each)(void *data, const struct csv_range *range),
                                  void *data);

/* The same for prefixes: the first column of each line; '#' starts a comment anywhere. */
PF_MUST_CHECK int csv_read_prefixes(const struct config_path *path, const char *file,
                                    struct diag *diag,
                                    int (*each)(void *data, const struct prefix *prefix),
                                    void *data);

#endif
