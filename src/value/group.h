/* A group of upstreams, as those who know which one is asked for a name speak of it to those who ask. */
#ifndef PF_VALUE_GROUP_H
#define PF_VALUE_GROUP_H

#include "base/addr.h"

#define UPSTREAM_COUNT_MAX 16 /* servers of one group */
#define UPSTREAM_GROUP_MAX 17 /* the default one and those of CONFIG_FORWARD_MAX forward zones */

/* In the order of preference when nothing else is known. */
struct upstream_group {
	uint64_t id;
	const struct addr_port *upstreams; /* borrowed for the length of a call */
	size_t count;
};

#endif
