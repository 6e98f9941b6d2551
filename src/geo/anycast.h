/* Private to geo/: prefixes that are known to be anycast: announced from many places at once, so that no
 * database can say where an answer stands. */
#ifndef PF_GEO_ANYCAST_H
#define PF_GEO_ANYCAST_H

#include "base/diag.h"
#include "config/config.h"

struct anycast;

struct anycast *anycast_new(void);
void anycast_free(struct anycast **anycast);
/* Adds a file of prefixes; `*count` gets their number. Errors as csv_read_prefixes. */
PF_MUST_CHECK int anycast_read(struct anycast *anycast, const struct config_path *path,
                               const char *file, struct diag *diag, size_t *count);
/* Adds one prefix. PF_ENOMEM, PF_EFULL. */
PF_MUST_CHECK int anycast_add(struct anycast *anycast, const struct prefix *prefix);
/* Adds the list that comes with the program, contrib/anycast-published.txt, and the day on which it was written down. Errors as
 * anycast_add; PF_EINVAL when it is wrong, which a test makes sure of. */
PF_MUST_CHECK int anycast_read_published(struct anycast *anycast, size_t *count);
int64_t anycast_published_us(void);
/* After all files: compiles them. PF_ENOMEM. */
PF_MUST_CHECK int anycast_finish(struct anycast *anycast);
bool anycast_has(const struct anycast *anycast, const struct addr *addr);

#endif
