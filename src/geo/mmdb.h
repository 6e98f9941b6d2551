/* Private to geo/: opens an mmdb file and proves it whole before anything is asked of it. Afterwards look-ups by
 * MMDB_lookup_sockaddr and MMDB_get_value can not fail; they can only find nothing. */
#ifndef PF_GEO_MMDB_H
#define PF_GEO_MMDB_H

#include <maxminddb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define MMDB_FAULT_MAX 256

/* Is it an mmdb by its content (the metadata's marker near its end)? False too when it can not be read. */
bool mmdb_recognise(const char *path);

/* Opens a copy of the file in memory, so that whoever writes over the file later changes nothing here, and checks
 * it: metadata, then each record of each node of the search tree, then each value that a record points to, once.
 * `useful` is asked of each distinct value, and `*useful_count` gets how often it said yes.
 *
 * PF_OK: `*mmdb` must be closed with MMDB_close. PF_EINVAL, PF_ENOMEM: `fault` says why as the
 * end of a sentence; nothing is left open. */
PF_MUST_CHECK int mmdb_open(const char *path, bool (*useful)(MMDB_entry_s *entry), MMDB_s *mmdb,
                            size_t *useful_count, char fault[MMDB_FAULT_MAX]);

/* build_epoch in microseconds. */
int64_t mmdb_built_us(const MMDB_s *mmdb);

#endif
