/* Private to lists/: reads all lists of a configuration from their files. */
#ifndef PF_LISTS_LOAD_H
#define PF_LISTS_LOAD_H

#include <limits.h>

#include "lists/lists.h"

/* As lists_load, without warnings remembered. `name_count`: about so many different names will come; 0: nobody knows. */
PF_MUST_CHECK int lists_read(const struct config *config, size_t name_count,
                             const struct lists_keep *keep, struct diag *diag, struct lists **out);

/* Reads what the cache file does not hold: lists->beyond, with the tags of this configuration. PF_OK; PF_EINVAL when what
 * comes out is not what it was; PF_ENOMEM. */
PF_MUST_CHECK int lists_read_beyond(struct lists *lists, const struct config *config,
                                    const struct lists_keep *keep, struct diag *diag);

/* Where compiled expressions are kept; false: nowhere. */
bool expressions_path(const struct lists_keep *keep, char path[PATH_MAX]);

/* Is the list's file a copy of what is fetched from elsewhere, which may not be there yet? */
static inline bool list_is_copy(const struct config_list *list)
{
	return list->url || list->rpz || list->of_copy;
}

#endif
