/* Who lives here, by configuration and memory, see house.h. */
#include "simulate/house.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/registry.h"
#include "report/text.h"

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
	json_array_foreach(devices, i,
	                   device) if (!strcmp(report_member(device, "id"), id)) return device;
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
			json_array_size(tags) ? find_or_make(devices, report_member(row, "id")) : NULL;
		json_array_foreach(tags, t, tag) if (device)
			json_array_append_new(json_object_get(device, "tags"),
		                          json_string(report_member(tag, "name")));
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

/* ---- what the daemon knows ------------------------------------------------------------------- */

/* Tags that the daemon's own rules and people gave are the daemon's to tell; of the configuration's the new one counts. */
static void add_origins(json_t *known, json_t *origins)
{
	const char *tag;
	json_t *origin;
	json_object_foreach(origins, tag, origin)
	{
		const char *by = report_member(origin, "by");
		if (!strcmp(by, "rule") || !strcmp(by, "person"))
			json_array_append_new(json_object_get(known, "tags"), json_string(tag));
	}
}

void house_add(json_t *house, json_t *devices)
{
	json_t *list = json_object_get(house, "devices"), *ids = json_object(), *row;
	size_t i;
	json_array_foreach(list, i, row) json_object_set(ids, report_member(row, "id"), row);
	json_array_foreach(json_object_get(devices, "devices"), i, row)
	{
		json_t *known = json_object_get(ids, report_member(row, "id"));
		if (!known) {
			known = json_pack("{s:s, s:s, s:[s]}", "id", report_member(row, "id"), "name",
			                  report_member(row, "name"), "tags", "all");
			json_array_append_new(list, known);
			if (!json_is_true(json_object_get(row, "known")))
				json_array_append_new(json_object_get(known, "tags"), json_string("unknown"));
		}
		add_origins(known, json_object_get(row, "tag_origins"));
	}
	json_decref(ids);
}

/* ---- by id ----------------------------------------------------------------------------------- */

struct tenant {
	const char *id; /* of the document */
	struct device device;
};

struct house {
	json_t *document;
	struct tenant *tenants;
	size_t count;
};

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct tenant *)a)->id, ((const struct tenant *)b)->id);
}

static tag_set tags_of(const struct config *config, json_t *tags)
{
	tag_set set = 0;
	size_t i;
	json_t *tag;
	json_array_foreach(tags, i, tag)
	{
		const char *name = json_string_value(tag);
		int index = name ? tag_find(&config->tags, name) : -1;
		if (index >= 0)
			set |= tag_bit((size_t)index);
	}
	return set;
}

static void fill_device(struct device *device, const char *id, const char *name, tag_set tags)
{
	*device = (struct device){.tags = tags | tag_bit(TAG_ALL)};
	snprintf(device->id, sizeof device->id, "%s", id);
	snprintf(device->name, sizeof device->name, "%s", name);
	device->has_mac = !strncmp(id, "mac:", 4) && mac_parse(id + 4, &device->mac) == PF_OK;
	device->known = !(tags & tag_bit(TAG_UNKNOWN));
}

struct house *house_new(json_t *document, const struct config *config)
{
	json_t *devices = json_object_get(document, "devices"), *row;
	size_t i;
	struct house *house = calloc(1, sizeof *house);
	if (house)
		house->tenants = calloc(json_array_size(devices) + 1, sizeof *house->tenants);
	if (!house || !house->tenants) {
		free(house);
		return NULL;
	}
	house->document = json_incref(document);
	json_array_foreach(devices, i, row)
	{
		struct tenant *tenant = &house->tenants[house->count++];
		tenant->id = report_member(row, "id");
		fill_device(&tenant->device, tenant->id, report_member(row, "name"),
		            tags_of(config, json_object_get(row, "tags")));
	}
	qsort(house->tenants, house->count, sizeof *house->tenants, by_id);
	return house;
}

void house_free(struct house **house)
{
	if (!*house)
		return;
	json_decref((*house)->document);
	free((*house)->tenants);
	free(*house);
	*house = NULL;
}

void house_find(void *data, const char *id, const char *name, struct device *device)
{
	const struct house *house = data;
	const struct tenant key = {.id = id};
	const struct tenant *found =
		bsearch(&key, house->tenants, house->count, sizeof *house->tenants, by_id);
	if (found)
		*device = found->device;
	else
		fill_device(device, id, name, tag_bit(TAG_UNKNOWN));
}
