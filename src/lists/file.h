/* A list's file, read once from front to back. */
#ifndef PF_LISTS_FILE_H
#define PF_LISTS_FILE_H

#include "base/diag.h"
#include "lists/lists.h"
#include "lists/parse.h"

/* Reads info->file as the list number `list`; `file` and `pos` are where the configuration names it.
 * PF_OK; PF_EINVAL after an error in `diag`; PF_ENOMEM. */
PF_MUST_CHECK int list_file_read(struct list_tables *tables, uint16_t list, struct list_info *info,
                                 const char *file, struct config_pos pos, struct diag *diag);

/* Reads `file` and shows each name to `take`; the counts of its lines go nowhere. `format` as it was detected
 * when the list was loaded. PF_OK; what `take` said; PF_EINVAL when the file can not be read, PF_ENOMEM. */
PF_MUST_CHECK int list_file_show(const char *file, enum list_format format, list_take *take,
                                 void *data);

#endif
