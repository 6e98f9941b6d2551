/* Private to pipeline/: NOTIFY (RFC 1996), from the primaries of our lists only. */
#ifndef PF_PIPELINE_PRIMARY_H
#define PF_PIPELINE_PRIMARY_H

#include "config/config.h"
#include "dns/query.h"

/* The number of the list whose zone and primary this NOTIFY names, or -1: then it is as unknown here as any other opcode. The
 * address of the sender is all that is checked, and all that a forged one gains is that the primary is asked for its SOA, once a
 * second at most. */
int primary_of_notify(const struct config *config, const struct dns_query *message,
                      const struct addr *sender);

#endif
