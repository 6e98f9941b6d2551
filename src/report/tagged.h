/* The devices that have a tag, for a filter: the journal knows devices, and their tags are the house's. */
#ifndef PF_REPORT_TAGGED_H
#define PF_REPORT_TAGGED_H

#include <jansson.h>

#include "journal/store.h"

struct tagged {
	json_t *document; /* holds the ids */
	const char **ids;
	size_t count;
};

/* Takes the document of /api/v1/devices ({"devices": [{"id": …, "tags": [TAG, …]}, …]}), and makes a filter of `tag`: all that it
 * finds is of these devices. PF_OK; PF_ENOENT (no device has the tag), PF_EFULL (more than STORE_DEVICES_MAX) or
 * PF_ENOMEM with a sentence. Call tagged_deinit in any case, after the filter's last use. */
PF_MUST_CHECK int tagged_init(struct tagged *tagged, json_t *document, const char *tag,
                              struct store_filter *filter, char error[500]);
void tagged_deinit(struct tagged *tagged);

#endif
