/* Private to geo/: the two text files that people have: AS ranges (start,end,asn,organisation) and prefixes,
 * one a line. */
#ifndef PF_GEO_CSV_H
#define PF_GEO_CSV_H

#include "base/diag.h"
#include "config/config.h"
#include "geo/range.h"

#define CSV_FILE_BYTES_MAX (1u << 30)
#define CSV_LINE_BYTES_MAX 65536 /* a longer line is a bad one; read in pieces of this size */
#define CSV_BAD_SHARE 100        /* one bad line in so many is the most that a file may have */

/* Hands every range to `taker`, in the file's order. Fields may be quoted, with "" for a quote; both families may stand in
 * one file. Empty lines and those that start with '#' are skipped; AS 0 announces nothing (RFC 7607).
 * PF_EINVAL with an error in `diag` (at the line, or at the path in the configuration `file`); or what `taker` returned. */
PF_MUST_CHECK int csv_read_ranges(const struct config_path *path, const char *file,
                                  struct diag *diag, const struct as_range_taker *taker);

/* The same for prefixes: the first column of each line; '#' starts a comment anywhere. */
PF_MUST_CHECK int csv_read_prefixes(const struct config_path *path, const char *file,
                                    struct diag *diag,
                                    int (*each)(void *data, const struct prefix *prefix),
                                    void *data);

#endif
