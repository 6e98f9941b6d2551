/* Tags as lists of devices, see tagged.h. */
#include "report/tagged.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool has_tag(json_t *device, const char *tag)
{
	size_t i;
	json_t *one;
	json_array_foreach(json_object_get(device, "tags"), i, one)
	{
		const char *name = json_string_value(one);
		if (name && !strcmp(name, tag))
			return true;
	}
	return false;
}

int tagged_init(struct tagged *tagged, json_t *document, const char *tag,
                struct store_filter *filter, char error[500])
{
	json_t *devices = json_object_get(document, "devices"), *device;
	size_t i;
	*tagged = (struct tagged){.document = document,
	                          .ids = calloc(json_array_size(devices) + 1, sizeof *tagged->ids)};
	if (!tagged->ids) {
		snprintf(error, 500, "There is no memory for so many devices.");
		return PF_ENOMEM;
	}
	json_array_foreach(devices, i, device)
	{
		const char *id = json_string_value(json_object_get(device, "id"));
		if (id && has_tag(device, tag))
			tagged->ids[tagged->count++] = id;
	}
	filter->devices = tagged->ids;
	filter->device_count = tagged->count;
	if (tagged->count > STORE_DEVICES_MAX) {
		snprintf(error, 500, "More than %d devices have the tag \"%.40s\": ask for a device.",
		         STORE_DEVICES_MAX, tag);
		return PF_EFULL;
	}
	if (tagged->count)
		return PF_OK;
	snprintf(error, 500, "No device has the tag \"%.40s\"; `portafilter devices` shows the tags.",
	         tag);
	return PF_ENOENT;
}

void tagged_deinit(struct tagged *tagged)
{
	free(tagged->ids);
	json_decref(tagged->document);
	*tagged = (struct tagged){0};
}
