/* Private to geo/: AS ranges out of an mmdb: autonomous_system_number and autonomous_system_organization
 * (MaxMind, DB-IP, ip-location-db), or asn and as_name (IPinfo). */
#ifndef PF_GEO_CONTROL_MMDB_H
#define PF_GEO_CONTROL_MMDB_H

#include "base/diag.h"
#include "config/config.h"
#include "geo/range.h"

/* Hands over every range in order. PF_EINVAL or PF_ENOMEM with an error in `diag`, or what `taker` returned. */
PF_MUST_CHECK int control_read_mmdb(const struct config_path *path, const char *file,
                                    struct diag *diag, const struct as_range_taker *taker,
                                    int64_t *built_us);

#endif
