/* Private to config/: the bytes of a configuration before YAML sees them. */
#ifndef PF_CONFIG_TEXT_H
#define PF_CONFIG_TEXT_H

#include "base/diag.h"

/* Is it UTF-8 without NUL and other control characters, and no larger than CONFIG_FILE_BYTES_MAX? Steps over a
 * byte order mark. PF_EINVAL with an error that says where. */
PF_MUST_CHECK int text_check(const char *file, const char **text, size_t *length,
                             struct diag *diag);

#endif
