/* Private to daemon/: what the recursor is told, in the form of unbound.conf(5). */
#ifndef PF_DAEMON_RECURSION_TEXT_H
#define PF_DAEMON_RECURSION_TEXT_H

#include "config/config.h"

#define RECURSION_FOLDER "recursor" /* in the state folder: what the recursor may write */
#define RECURSION_KEY "root.key" /* in there: the root's key as it is kept up to date (RFC 5011) */

/* `bridge` is where its questions to `upstreams` go (net/bridge.h). The caller's to free; NULL without memory. */
char *recursion_text(const struct config *config, const struct addr_port *bridge);

#endif
