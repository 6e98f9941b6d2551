/* Private to import/pihole/: which MAC Pi-hole has seen at which address, out of the network table of pihole-FTL.db. */
#ifndef PF_IMPORT_PIHOLE_NETWORK_H
#define PF_IMPORT_PIHOLE_NETWORK_H

#include "import/pihole/database.h"
#include "value/device.h"

struct network;

/* PF_OK and the caller's `*network`, which is empty when the database has no such tables; else a sentence. */
PF_MUST_CHECK int network_read(sqlite3 *db, const char *path, struct network **network,
                               char error[IMPORT_ERROR_MAX]);
void network_free(struct network **network);

/* NULL: nobody knows. `network` may be NULL. */
const struct mac *network_find(const struct network *network, const struct addr *addr);

#endif
