/* Private to cli/: the devices of a house without its daemon. */
#ifndef PF_CLI_HOUSE_H
#define PF_CLI_HOUSE_H

#include <jansson.h>

#include "config/config.h"

/* {"devices": [{"id": …, "name": …, "tags": [TAG, …]}, …]}: the devices of the configuration, and the tags that people gave to these
 * and to others, as the daemon remembers them (STATE/devices.json, left out when it can not be read). What a tag rule gives is
 * known to the daemon alone. A new reference; NULL without memory. */
json_t *house_devices(const struct config *config);

#endif
