/* A list's file into the name index. */
#ifndef PF_LISTS_FILE_H
#define PF_LISTS_FILE_H

#include "base/diag.h"
#include "lists/index.h"
#include "lists/lists.h"

/* Reads info->file as the list number `list`; `file` and `pos` are where the configuration names it.
 * PF_OK; PF_EINVAL after an error in `diag`; PF_ENOMEM. */
PF_MUST_CHECK int list_file_read(struct list_index *index, uint16_t list, struct list_info *info,
                                 const char *file, struct config_pos pos, struct diag *diag);

#endif
