/* Private to admin/: who is here, joined with what the journal knows of them. */
#ifndef PF_ADMIN_DEVICES_H
#define PF_ADMIN_DEVICES_H

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"

/* Adds to {"devices": […]} of admin_ops the figures of `seen`, an array as in report_devices or NULL, and
 * the devices that only the journal knows; with `unknown_only` takes away those that somebody has
 * named. PF_ENOMEM: the document is not whole. */
PF_MUST_CHECK int devices_join(json_t *document, json_t *seen, bool unknown_only);

/* With `most` (0: all) only so many in the order of their ids, those behind the id `after` (NULL: from the first on). "after" of the
 * document is what to give for the next ones, null behind the last. PF_ENOMEM: likewise. */
PF_MUST_CHECK int devices_page(json_t *document, const char *after, size_t most);

#endif
