/* Private to daemon/: what the recursor is told, in the form of unbound.conf(5). */
#ifndef PF_DAEMON_RECURSION_TEXT_H
#define PF_DAEMON_RECURSION_TEXT_H

#include "config/config.h"

/* `bridge` is where its questions to `upstreams` go (net/bridge.h). The caller's to free; NULL without memory. */
char *recursion_text(const struct config *config, const struct addr_port *bridge);

#endif
