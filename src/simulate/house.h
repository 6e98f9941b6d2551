/* The devices of a house with their tags, for who speaks of the past: those of a configuration, of the daemon's memory, and of the daemon. */
#ifndef PF_SIMULATE_HOUSE_H
#define PF_SIMULATE_HOUSE_H

#include <jansson.h>

#include "config/config.h"

/* {"devices": [{"id": …, "name": …, "tags": [TAG, …]}, …]}: the devices of the configuration, and the tags that people gave to these
 * and to others, as the daemon remembers them (STATE/devices.json, left out when it can not be read). What a tag rule gives is
 * known to the daemon alone. A new reference; NULL without memory. */
json_t *house_devices(const struct config *config);

/* Adds what the daemon knows, as /api/v1/devices has it: others' devices, and the tags that its own rules and people gave. Of the
 * configuration's tags those of `house` count. */
void house_add(json_t *house, json_t *devices);

/* The same, to be asked by id. */
struct house;
/* NULL without memory. `document` is borrowed. */
struct house *house_new(json_t *document, const struct config *config);
void house_free(struct house **house);
/* As simulate_rules.device; `data` is the house. */
void house_find(void *data, const char *id, const char *name, struct device *device);

#endif
