/* The devices of the configuration, found by MAC, address or CIDR. MAC wins over address, the longest prefix wins
 * among addresses. What matches nothing is `unknown` and gets a stable id all the same.
 *
 * A device with both a MAC and addresses is found by either; but a client whose MAC belongs to another
 * configured device is that one, wherever it stands. */
#ifndef PF_DEVICE_REGISTRY_H
#define PF_DEVICE_REGISTRY_H

#include "base/diag.h"
#include "config/config.h"
#include "value/device.h"

struct registry; /* immutable; shared by all workers */

/* PF_OK and `*out` owned by the caller, PF_ENOMEM. Keeps no pointer into `config`. */
PF_MUST_CHECK int registry_build(const struct config *config, struct registry **out);
void registry_free(struct registry **registry);

/* Fills `device` for a client with this address (already unmapped; or NULL) and this MAC (or NULL), not both NULL.
 * Returns its index, or -1 when it is not configured. Allocates nothing. */
int registry_resolve(const struct registry *registry, const struct addr *addr,
                     const struct mac *mac, struct device *device);
/* The index of the device that has this MAC, or this name (without regard to case; of several the first); -1. */
int registry_by_mac(const struct registry *registry, const struct mac *mac);
int registry_by_name(const struct registry *registry, const char *name);
/* The configured name of the device that has this tls-id; NULL. */
const char *registry_name_of_label(const struct registry *registry, const char *label);

/* The index of the device with the longest configured network that holds all of this one; -1. */
int registry_by_network(const struct registry *registry, const struct prefix *network);

/* The configured devices in their order. */
size_t registry_count(const struct registry *registry);
void registry_get(const struct registry *registry, size_t index, struct device *device);
/* The configured prefixes of a device; valid as long as the registry. */
const struct prefix *registry_prefixes(const struct registry *registry, size_t index,
                                       size_t *count);

#endif
