/* Who lives here, by configuration and memory, see house.h. */
#include "cli/house.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "cli/text.h"
#include "device/registry.h"

static json_t *tags_json(const struct config *config, tag_set tags)
{
	json_t *list = json_array();
	for (size_t i = 0; i < config->tags.count; i++)
		if (tags & tag_bit(i))
			json_array_append_new(list, json_string(config->tags.names[i]));
	return list;
}

/* The device with this id; one that the configuration does not name is made. Borrowed. */
static json_t *find_or_make(json_t *devices, const char *id)
{
	size_t i;
	json_t *device;
	json_array_foreach(devices, i, device) if (!strcmp(cli_string(device, "id"), id)) return device;
	const char *colon = strchr(id, ':');
	device =
		json_pack("{s:s, s:s, s:[s]}", "id", id, "name", colon ? colon + 1 : id, "tags", "all");
	return device && !json_array_append_new(devices, device) ? device : NULL;
}

static void add_remembered(json_t *devices, const struct config *config)
{
	char path[PATH_MAX];
	size_t i, t;
	json_t *row, *tag;
	snprintf(path, sizeof path, "%s/devices.json", config->state);
	json_t *root = json_load_file(path, 0, NULL);
	json_array_foreach(json_object_get(root, "devices"), i, row)
	{
		json_t *tags = json_object_get(row, "tags");
		json_t *device =
			json_array_size(tags) ? find_or_make(devices, cli_string(row, "id")) : NULL;
		json_array_foreach(tags, t, tag) if (device)
			json_array_append_new(json_object_get(device, "tags"),
		                          json_string(cli_string(tag, "name")));
	}
	json_decref(root);
}

json_t *house_devices(const struct config *config)
{
	struct registry *registry;
	json_t *devices = json_array();
	if (registry_build(config, &registry) != PF_OK) {
		json_decref(devices);
		return NULL;
	}
	for (size_t i = 0; i < registry_count(registry); i++) {
		struct device device;
		registry_get(registry, i, &device);
		json_array_append_new(devices,
		                      json_pack("{s:s, s:s, s:o}", "id", device.id, "name", device.name,
		                                "tags", tags_json(config, device.tags)));
	}
	registry_free(&registry);
	add_remembered(devices, config);
	return json_pack("{s:o}", "devices", devices);
}
