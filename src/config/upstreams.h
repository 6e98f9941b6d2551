/* Private to config/: the servers of a key `upstreams`. */
#ifndef PF_CONFIG_UPSTREAMS_H
#define PF_CONFIG_UPSTREAMS_H

#include "config/reader.h"

/* At most CONFIG_UPSTREAM_MAX, none twice; upstreams_deinit frees what they hold. */
void value_upstreams(struct reader *reader, const struct node *node,
                     struct upstream_target *upstreams, size_t *count);
void upstreams_deinit(struct upstream_target *upstreams, size_t *count);
/* Is none asked within TLS? */
bool upstreams_are_plain(const struct upstream_target *upstreams, size_t count);

#endif
