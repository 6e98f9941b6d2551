/* Private to net/: what the snapshot says to a connection. */
#ifndef PF_NET_LABEL_H
#define PF_NET_LABEL_H

#include "pipeline/pipeline.h"

/* What a client calls itself in the name of the server that it asks for: coffee.dns.example.net is `coffee`, when
 * dns.example.net is a name of the certificate; else `label` stays. `name` is in lower case. */
void label_of_name(const struct pipeline *pipeline, const char *name, char label[DEVICE_LABEL_MAX]);

/* listen.connections, as it is now. */
size_t connections_max(const struct pipeline *pipeline);

#endif
