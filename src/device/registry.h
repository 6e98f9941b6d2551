/* Who asks: the devices of the configuration, found by MAC, address or CIDR. The MAC comes from
 * the kernel's neighbour table (device/neighbours.h). MAC wins over address, the longest prefix wins
 * among addresses. What matches nothing is `unknown` and gets a stable id all the same.
 *
 * A device with both a MAC and addresses is found by either; but a client whose MAC belongs to another
 * configured device is that one, wherever it stands. */
#ifndef PF_DEVICE_REGISTRY_H
#define PF_DEVICE_REGISTRY_H

#include "base/diag.h"
#include "config/config.h"
#include "device/neighbours.h"
#include "value/device.h"

struct registry; /* immutable; shared by all workers */

/* PF_OK and `*out` owned by the caller, PF_ENOMEM. Keeps no pointer into `config`. */
PF_MUST_CHECK int registry_build(const struct config *config, struct registry **out);
void registry_free(struct registry **registry);

/* Fills `device` for a client at `addr` (already unmapped). `neighbours` may be NULL. Allocates nothing. */
void registry_identify(const struct registry *registry, const struct neighbour_table *neighbours,
                       const struct addr *addr, struct device *device);

/* By name (exact, else without regard to case), id, MAC or address in text, as people write it after `explain`:
 * PF_OK, or PF_ENOENT when the text is none of these. A MAC or an address is taken as its queries would be: one
 * that is not configured gives the unknown device it would be, and a MAC whose present address is configured
 * gives that device (of several the first). */
PF_MUST_CHECK int registry_find(const struct registry *registry,
                                const struct neighbour_table *neighbours, const char *text,
                                struct device *device);

/* The configured devices in their order. */
size_t registry_count(const struct registry *registry);
void registry_get(const struct registry *registry, size_t index, struct device *device);
/* The configured prefixes of a device; valid as long as the registry. */
const struct prefix *registry_prefixes(const struct registry *registry, size_t index,
                                       size_t *count);

#endif
